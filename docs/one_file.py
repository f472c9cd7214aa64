"""The whole course in one file: a network that reads drawn faces, in NumPy and nothing else.

    tinyfer explore --drawn 2000 --save faces.npz
    python docs/one_file.py faces.npz

After 10 epochs, 257 s of one core, it has 93.9 % of the 392 held-out faces right.

Read it from top to bottom. A layer is one function: it returns its output and a function
`backward(dout)`, which turns the gradient of the loss with respect to that output into a tuple of
gradients, with respect to the layer's input first and then to each of its parameters. Arrays are
channels-last: images (N, H, W, C), features (N, C). The loss of a batch is a number L, and dx
stands for dL/dx. one_file_torch.py, beside this file, is the same in PyTorch.
"""

import math
import sys

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view


# Layers
def conv(x, w, b):
    """3x3 convolution, x (N, H, W, C), w (3, 3, C, K), b (K,) -> (N, H-2, W-2, K). Chapter 6.

        out[n,i,j,k] = b[k] + sum over u,v,c of x[n,i+u,j+v,c] w[u,v,c,k]

    Every 3x3 window becomes a row of a matrix, and the sum a matrix product: im2col, chapter 21.
    The gradients are the dense layer's, and each row of dx is added back where its window lay.
    """
    N, H, W, C = x.shape
    windows = sliding_window_view(x, (3, 3), axis=(1, 2))           # (N, H-2, W-2, C, 3, 3)
    rows = windows.transpose(0, 1, 2, 4, 5, 3).reshape(-1, 9 * C)
    out, dense_backward = dense(rows, w.reshape(9 * C, -1), b)

    def backward(dout):
        drows, dw, db = dense_backward(dout.reshape(len(rows), -1))
        drows = drows.reshape(N, H - 2, W - 2, 3, 3, C)
        dx = np.zeros_like(x)
        for u, v in np.ndindex(3, 3):
            dx[:, u:u + H - 2, v:v + W - 2] += drows[:, :, :, u, v]
        return dx, dw.reshape(w.shape), db

    return out.reshape(N, H - 2, W - 2, -1), backward


def relu(x):
    """out = max(0, x);  dx = dout [x > 0]. Chapter 3."""
    return np.maximum(x, 0), lambda dout: (dout * (x > 0),)


def batch_norm(x, gamma, beta, mean, var, training):
    """Every channel to mean 0 and variance 1, then to what gamma and beta say. Chapter 9.

        xhat = (x - mean) / sqrt(var + 0.001)           out = gamma xhat + beta

    In training, mean and var are the batch's, and the running ones move towards them by a
    hundredth, in place; in evaluation they are the running ones. In training, with M values a
    channel and the sums over them, because mean and var depend on x too:

        dgamma = sum dout xhat          dbeta = sum dout
        dx = gamma / sqrt(var + 0.001) (dout - dbeta / M - xhat dgamma / M)
    """
    axes, M = tuple(range(x.ndim - 1)), x.size // x.shape[-1]
    if training:
        running, (mean, var) = (mean, var), (x.mean(axes), x.var(axes))
        for old, new in zip(running, (mean, var)):
            old += 0.01 * (new - old)
    inv_std = 1 / np.sqrt(var + 0.001)
    xhat = (x - mean) * inv_std

    def backward(dout):
        dgamma, dbeta = (dout * xhat).sum(axes), dout.sum(axes)
        return gamma * inv_std * (dout - dbeta / M - xhat * (dgamma / M)), dgamma, dbeta

    return gamma * xhat + beta, backward


def max_pool(x):
    """The largest of each 2x2 square; an odd last row or column is dropped. Chapter 7.

        out[n,i,j,c] = max over u,v of x[n,2i+u,2j+v,c]

    dx is dout where the largest stood (of equals, the first), and 0 elsewhere.
    """
    N, H, W, C = x.shape
    h, w = H // 2, W // 2
    squares = x[:, :2 * h, :2 * w].reshape(N, h, 2, w, 2, C)
    squares = squares.transpose(0, 1, 3, 5, 2, 4).reshape(N, h, w, C, 4)
    winner = squares.argmax(axis=-1)[..., None]

    def backward(dout):
        dsquares = np.zeros_like(squares)
        np.put_along_axis(dsquares, winner, dout[..., None], axis=-1)
        dx = np.zeros_like(x)
        dx[:, :2 * h, :2 * w] = (dsquares.reshape(N, h, w, C, 2, 2).transpose(0, 1, 4, 2, 5, 3)
                                 .reshape(N, 2 * h, 2 * w, C))
        return (dx,)

    return np.take_along_axis(squares, winner, axis=-1)[..., 0], backward


def dropout(x, rate, rng):
    """In training: out = mask x, dx = mask dout, mask 0 or, else, 1 / (1 - rate). Chapter 12."""
    mask = (rng.random(x.shape) >= rate).astype(x.dtype) / (1 - rate)
    return mask * x, lambda dout: (mask * dout,)


def flatten(x):
    """(N, H, W, C) -> (N, H W C): the same numbers, and so the same gradients."""
    return x.reshape(len(x), -1), lambda dout: (dout.reshape(x.shape),)


def dense(x, w, b):
    """x (N, C), w (C, K), b (K,) -> (N, K). Chapter 3.

        out = x w + b       dx = dout w^T       dw = x^T dout       db = sum over n of dout[n]
    """
    return x @ w + b, lambda dout: (dout @ w.T, x.T @ dout, dout.sum(axis=0))


def softmax_cross_entropy(z, y):
    """The loss, a number, of logits z (N, K) where y (N,) are the right classes. Chapter 2.

        p[n,k] = exp(z[n,k]) / sum over j of exp(z[n,j])        loss = mean over n of -log p[n,y[n]]
        dz[n,k] = (p[n,k] - [k = y[n]]) / N
    """
    rows = np.arange(len(z))
    shifted = z - z.max(axis=1, keepdims=True)      # p does not change, and exp cannot overflow
    log_p = shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))

    def backward(dloss):
        dz = np.exp(log_p)
        dz[rows, y] -= 1
        return (dloss * dz / len(z),)

    return -log_p[rows, y].mean(), backward


# The network
def initial(rng, widths=(32, 64, 128, 128, 256, 256), hidden=256, classes=7, dtype=np.float32):
    """(parameters, running means and variances) of a fresh network, two dicts of arrays by name.

    Weights are uniform in +-sqrt(6 / (inputs + outputs)), after Glorot and Bengio 2010, so that the
    signal neither grows nor fades from layer to layer; biases are 0. Chapter 8.
    """
    parameters, running = {}, {}
    shapes = {f"conv{i}": (3, 3, C, K) for i, (C, K) in enumerate(zip((1, *widths), widths), 1)}
    shapes |= {"dense1": (2 * 2 * widths[-1], hidden), "dense2": (hidden, classes)}
    for name, shape in shapes.items():
        limit = math.sqrt(6 / (math.prod(shape[:-2]) * (shape[-2] + shape[-1])))
        parameters[f"{name}.w"] = rng.uniform(-limit, limit, shape).astype(dtype)
        parameters[f"{name}.b"] = np.zeros(shape[-1], dtype)
    for i, C in enumerate((*widths, hidden), 1):
        parameters |= {f"bn{i}.gamma": np.ones(C, dtype), f"bn{i}.beta": np.zeros(C, dtype)}
        running |= {f"bn{i}.mean": np.zeros(C, dtype), f"bn{i}.var": np.ones(C, dtype)}
    return parameters, running


def network(parameters, running, x, rng=None):
    """x (N, 48, 48, 1) -> logits (N, 7), and backward(dlogits) -> {name: gradient}, "x" too.

    Training with an rng, which draws what is dropped; evaluation without. The chain rule (chapter
    3) is the list `done`: walked from its end, each layer hands its dx to the layer before it.
    """
    done = []

    def apply(layer, x, names=(), *more):
        out, layer_backward = layer(x, *(parameters[name] for name in names), *more)
        done.append((layer_backward, names))
        return out

    def norm(x, i):
        return apply(batch_norm, x, (f"bn{i}.gamma", f"bn{i}.beta"),
                     running[f"bn{i}.mean"], running[f"bn{i}.var"], rng is not None)

    def drop(x, rate):
        return x if rng is None else apply(dropout, x, (), rate, rng)

    for i in range(1, 7):
        x = norm(apply(relu, apply(conv, x, (f"conv{i}.w", f"conv{i}.b"))), i)
        if i % 2 == 0:
            x = drop(apply(max_pool, x), 0.25)      # 48 -> 22 -> 9 -> 2 pixels a side
    x = apply(dense, apply(flatten, x), ("dense1.w", "dense1.b"))
    x = drop(norm(apply(relu, x), 7), 0.5)
    logits = apply(dense, x, ("dense2.w", "dense2.b"))

    def backward(dout):
        gradients = {}
        for layer_backward, names in reversed(done):
            dout, *of_parameters = layer_backward(dout)
            gradients |= zip(names, of_parameters)
        return gradients | {"x": dout}

    return logits, backward


# Is the gradient right?
LIMIT = 1e-5        # of a relative error


def gradient_errors(rng):
    """{what: the largest relative error of its gradients}, in float64. Chapter 4.

    An array x is moved along a random direction d, and the output weighed with a random dout
    (against ones, batch norm's gradient is 0, and a wrong one would pass). These are the same
    slope, and the second knows nothing of backward:

        sum(dx d)   and   sum(dout (layer(x + h d) - layer(x - h d))) / 2h

    The best of three h counts: of a network's many ReLUs one may have its kink within h, where
    there is no slope. No h makes a wrong gradient right.
    """
    draw, y = rng.standard_normal, rng.integers(0, 4, 5)
    parameters, running = initial(rng, (2, 3, 2, 3, 2, 3), 4, dtype=np.float64)

    def whole(*arrays):         # its rng is new each time, so that the same is dropped
        named = dict(zip(("x", *parameters), arrays))
        logits, backward = network(named, running, named["x"], np.random.default_rng(0))
        return logits, lambda dout: map(backward(dout).get, named)

    cases = {
        "conv": (conv, draw((2, 5, 6, 3)), draw((3, 3, 3, 4)), draw(4)),
        "relu": (relu, draw((4, 5))),
        "batch norm": (lambda *given: batch_norm(*given, np.zeros(3), np.ones(3), True),
                       draw((2, 3, 4, 3)), draw(3), draw(3)),
        "max pool": (max_pool, draw((2, 5, 7, 3))),
        "dropout": (lambda x: dropout(x, 0.5, np.random.default_rng(0)), draw((4, 5))),
        "flatten": (flatten, draw((2, 3, 4, 2))),
        "dense": (dense, draw((5, 4)), draw((4, 3)), draw(3)),
        "softmax, cross-entropy": (lambda z: softmax_cross_entropy(z, y), draw((5, 4))),
        "network": (whole, draw((4, 48, 48, 1)), *parameters.values()),
    }
    errors = {}
    for name, (layer, *arrays) in cases.items():
        out, backward = layer(*arrays)
        dout = draw(np.shape(out))
        for i, dx in enumerate(backward(dout)):
            d = draw(dx.shape) / math.sqrt(dx.size)
            slope, tried = np.sum(dx * d), []
            for h in (1e-5, 1e-6, 1e-7):
                up, down = (layer(*arrays[:i], arrays[i] + step * d, *arrays[i + 1:])[0]
                            for step in (h, -h))
                measured = np.sum(dout * (up - down)) / (2 * h)
                tried.append(abs(slope - measured) / max(abs(slope), abs(measured), 0.01))
            errors[name] = max(min(tried), errors.get(name, 0))
    return errors


# Training
def augment(x, rng):
    """Each image shifted by up to a tenth of its size, and mirrored by a coin. Chapter 12.

        out[i,j] = x[i - s_y, j - s_x], s uniform, read between pixels; outside, the nearest one
    """
    u, out = rng.random((3, len(x))), x.copy()
    for n in range(len(x)):
        for axis, size in enumerate(x.shape[1:3]):
            place = np.clip(np.arange(size) - 0.1 * size * (2 * u[axis, n] - 1), 0, size - 1)
            low = place.astype(int)
            f = np.expand_dims(place - low, (1, 2) if axis == 0 else (0, 2)).astype(x.dtype)
            high = np.minimum(low + 1, size - 1)
            out[n] = (1 - f) * out[n].take(low, axis) + f * out[n].take(high, axis)
        if u[2, n] < 0.5:
            out[n] = out[n, :, ::-1]
    return out


def adam(parameters, gradients, state, lr):
    """One step, in place; state: a dict, empty before the first. g: the gradient. Chapter 10.

        m <- 0.9 m + 0.1 g      v <- 0.999 v + 0.001 g^2
        value <- value - lr sqrt(1 - 0.999^t) / (1 - 0.9^t) m / (sqrt(v) + 1e-7)
    """
    t = state["t"] = state.get("t", 0) + 1
    rate = lr * math.sqrt(1 - 0.999**t) / (1 - 0.9**t)
    for name, value in parameters.items():
        g = gradients[name]
        m, v = state.setdefault(name, (np.zeros_like(g), np.zeros_like(g)))
        m += 0.1 * (g - m)
        v += 0.001 * (g * g - v)
        value -= rate * m / (np.sqrt(v) + 1e-7)


def evaluate(parameters, running, x, y):
    """(loss, accuracy), 50 images at a time. What an accuracy is worth: chapter 14."""
    logits = np.concatenate([network(parameters, running, x[start:start + 50])[0]
                             for start in range(0, len(x), 50)])
    return softmax_cross_entropy(logits, y)[0], np.mean(logits.argmax(axis=1) == y)


def train(parameters, running, x, y, held_out, rng, epochs=10, batch_size=16, lr=1e-3):
    """Every image once an epoch, in an order of chance; a step a batch. Chapters 5 and 13.

    held_out: (x, y) that are never trained on. Prints a line an epoch; returns the last accuracy.
    """
    state = {}
    for epoch in range(1, epochs + 1):
        losses = []
        for batch in np.array_split(rng.permutation(len(x)), math.ceil(len(x) / batch_size)):
            logits, backward = network(parameters, running, augment(x[batch], rng), rng)
            loss, loss_backward = softmax_cross_entropy(logits, y[batch])
            adam(parameters, backward(*loss_backward(1)), state, lr)
            losses.append(loss)
        loss, accuracy = evaluate(parameters, running, *held_out)
        print(f"epoch {epoch:2}: loss {np.mean(losses):.3f}; held out: loss {loss:.3f}, "
              f"accuracy {accuracy:.1%}", flush=True)
    return accuracy


def load(path):
    """((x, y) to train on, (x, y) held out): x (N, 48, 48, 1) float32 in [0, 1], y (N,)."""
    with np.load(path) as file:
        x, y = file["faces"][..., None] / np.float32(255), file["labels"]
        training = file["usage"] == "Training"
    return (x[training], y[training]), (x[~training], y[~training])


def main(path):
    rng = np.random.default_rng(0)
    errors = gradient_errors(rng)
    for name, error in errors.items():
        print(f"gradient of {name:22} off by {error:.0e}")
    if not max(errors.values()) < LIMIT:
        sys.exit("error: a gradient is wrong, and nothing is trained with it")
    (x, y), held_out = load(path)
    parameters, running = initial(rng, classes=int(y.max()) + 1)
    print(f"{sum(p.size for p in parameters.values()):,} values, {len(x):,} faces; a network that "
          f"knows nothing has a loss of {math.log(y.max() + 1):.3f}")
    train(parameters, running, x, y, held_out, rng)


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("usage: python docs/one_file.py faces.npz")
    main(sys.argv[1])
