"""No call may crash, corrupt or mislead: thousands of wrong ones, and right ones of odd layouts.

Wrong calls are made in processes of their own, for what they are to show is that none dies. Each is
a right call with one argument spoiled; it must end in one sentence, and change nothing: the right
call after it gives the bits that it gave before.
"""

import threading

import numpy as np
import pytest
from child import python
from test_guards import calls

from tinyfer.core.kernels import reference
from tinyfer.core.kernels.elementwise import dropout
from tinyfer.core.kernels.pooling import maxpool_backward
from tinyfer.core.kernels.threads import set_threads
from tinyfer.core.layers import (
    BatchNorm,
    Conv2D,
    Dense,
    Dropout,
    Flatten,
    MaxPool2D,
    Parameter,
    ReLU,
)
from tinyfer.core.model import Sequential
from tinyfer.core.optim import Adam

NO_ARRAY = [None, 3, 2.5, "x", [1.0, 2.0], (), {}, object(), np.float32(1), [[1], [2, 3]]]
NO_FLOAT = [np.float16, np.int64, np.uint8, np.complex64, bool, object, ">f4", ">f8", "U3", "M8[s]"]
# The definitions of what test_guards.py calls; each checks what it is given like its fast kernel.
REFERENCE = {"convolution": reference.conv2d_forward, "pool": reference.maxpool_forward,
             "convolution backward": reference.conv2d_backward, "matmul": reference.matmul}


def spoiled(a, rng, axis=None, fixed=True, either=False):
    """What must be refused in place of the array a: no array, or one of another dtype or shape.

    axis: one whose length others tell. fixed: whether another number of axes is wrong. either:
    whether float32 and float64 are both right.
    """
    way, shape = rng.integers(3 + (axis is not None)), list(a.shape)
    if way == 0:
        return NO_ARRAY[rng.integers(len(NO_ARRAY))]
    if way == 1:
        dtypes = NO_FLOAT + 4 * [np.float64 if a.dtype == np.float32 else np.float32] * (not either)
        dtypes = [dtype for dtype in dtypes if a.dtype != dtype]
        return np.ones(shape, dtypes[rng.integers(len(dtypes))])
    if way == 2:
        if fixed and rng.integers(2):
            return np.ones([[1, *shape], shape[1:]][rng.integers(2)], a.dtype)
        shape[rng.integers(a.ndim)] = 0
    else:
        n = shape[axis]
        shape[axis] = rng.choice([m for m in (1, n - 1, n + 1, n + 5, 40) if m not in (0, n)])
    return np.ones(shape, a.dtype)


def normal(rng, shape, dtype):
    return rng.standard_normal(shape).astype(dtype)


def random_layer(rng, dtype):
    """A layer, and the shape of a right x."""
    N, H, W = (int(n) for n in rng.integers([1, 5, 5], [4, 12, 12]))
    C, K = (int(n) for n in rng.integers(1, 9, 2))
    relu = bool(rng.integers(2))
    layer = [Conv2D(C, K, rng, relu, dtype), BatchNorm(C, dtype=dtype),
             Dense(C, K, rng, relu, dtype), MaxPool2D(), ReLU(), Flatten(),
             Dropout(0.3, rng)][rng.integers(7)]
    layer.fixed_key = 5
    return layer, (N, C) if type(layer) is Dense else (N, H, W, C)


def layer_call(rng, dtype):
    """A wrong call of a layer: (what, wrong call, right call that must not have been disturbed)."""
    layer, shape = random_layer(rng, dtype)
    training, trained = bool(rng.integers(2)), bool(layer.parameters())
    x = normal(rng, shape, dtype)
    if rng.integers(2):
        wrong = spoiled(x, rng, -1 if trained else None,
                        type(layer) in (Conv2D, Dense, MaxPool2D), not trained)
        return f"{layer} forward", lambda: layer.forward(wrong, training), lambda: None
    if rng.integers(6) == 0:
        return f"{layer} backward alone", lambda: layer.backward(x), lambda: None
    dout = normal(rng, layer.forward(x, training).shape, dtype)
    expected = layer.backward(dout).tobytes()
    if rng.integers(6) == 0:
        return f"{layer} backward twice", lambda: layer.backward(dout), lambda: None
    layer.forward(x, training)
    wrong = spoiled(dout, rng, rng.integers(dout.ndim))

    def right():
        assert layer.backward(dout).tobytes() == expected

    return f"{layer} backward", lambda: layer.backward(wrong), right


def kernel_calls():
    """The right calls of kernels that test_guards.py makes."""
    return [(what[0], call, arrays) for what, call, arrays in calls(np.random.default_rng(1))
            if what[0] not in ("affine", "boxes")]


def kernel_call(rng, dtype):
    """A wrong call of a kernel, one array spoiled."""
    what, call, arrays = KERNELS[rng.integers(len(KERNELS))]
    if what in REFERENCE and rng.integers(4) == 0:
        what, call, arrays = f"reference {what}", REFERENCE[what], arrays[:3]
    arrays, place = list(arrays), rng.integers(len(arrays))
    alone = len(arrays) == 1
    axis = None if alone else 0 if "matmul" in what and place == 1 else -1
    arrays[place] = spoiled(arrays[place], rng, axis,
                            what not in ("statistics", "batch norm", "ReLU", "dropout"),
                            alone or what == "pool backward" and place == 0)
    if place == 3 and arrays[3] is None:
        arrays[3] = "None is right for a convolution without ReLU"
    return f"{what}, argument {place}", lambda: call(*arrays), lambda: None


def value_call(rng, dtype):
    """A wrong key, shape or gradient; test_wrong_arguments.py has the numbers, labels and states."""
    model = Sequential([Conv2D(1, 2, rng, dtype=dtype), BatchNorm(2, dtype=dtype), Flatten(),
                        Dense(48, 3, rng, dtype=dtype)], (6, 8, 1))
    x, m = normal(rng, (2, 6, 8, 1), dtype), int(rng.integers(5))
    optimizer = Adam(model.parameters())
    p = optimizer.parameters[rng.integers(len(optimizer.parameters))]
    dout = np.ones_like(model.forward(x))
    model.predict(x[..., 0].clip(0, 1))

    def step(grad):
        p.grad = grad
        optimizer.step()

    what, call = [
        ("key", lambda: dropout(x, [-1, 2**64, "a", None, [3]][m], 0.5)),
        ("input_shape", lambda: maxpool_backward(x, x.astype(np.uint8),
                                                 [(2, 3, 4, 1), (2, 12, 16), None, 7, "abcd"][m])),
        ("winner", lambda: reference.maxpool_backward(x, np.full(x.shape, 4, np.uint8),
                                                      (2, 12, 16, 1))),
        ("gradient", lambda: step(spoiled(p.grad, rng, rng.integers(p.grad.ndim)))),
        ("model forward", lambda: model.forward(spoiled(x, rng, -1), bool(rng.integers(2)))),
        ("model backward", lambda: model.backward(spoiled(dout, rng, rng.integers(2)))),
    ][rng.integers(6)]
    return f"{what} {m}", call, lambda: None


def make_wrong_calls(seed, number):
    """In a child: print each call before it is made; fail where one does not end as it must."""
    global KERNELS
    rng, KERNELS = np.random.default_rng(seed), kernel_calls()
    for n in range(number):
        dtype = [np.float32, np.float64][rng.integers(2)]
        kind = [layer_call, layer_call, kernel_call, kernel_call, value_call][rng.integers(5)]
        what, wrong, right = kind(rng, dtype)
        print(n, what, flush=True)
        set_threads(1 if n % 8 else None)
        try:
            wrong()
        except (ValueError, TypeError) as error:
            text = str(error)
            assert type(error) in (ValueError, TypeError), (n, what, type(error))
            assert 10 < len(text) < 200 and "\n" not in text, (n, what, text)
        else:
            raise AssertionError(f"call {n} of seed {seed} was accepted: {what}")
        right()


@pytest.mark.parametrize("seed", [1, 2])
def test_a_wrong_call_ends_in_one_sentence(seed):
    calls = python("from test_wrong_calls import make_wrong_calls\n"
                   f"make_wrong_calls({seed}, 1600)", minutes=10)      # kernels may be compiled
    assert len(calls.splitlines()) == 1600


class Sub(np.ndarray):
    pass


def laid_out(a, rng):
    """The same numbers in another memory layout."""
    way = rng.integers(7)
    if way == 0:
        return np.asfortranarray(a)
    if way == 1:
        wide = np.zeros([2 * n for n in a.shape], a.dtype)
        wide[tuple(slice(None, None, 2) for _ in a.shape)] = a
        return wide[tuple(slice(None, None, 2) for _ in a.shape)]
    if way == 2:
        turned = tuple(slice(None, None, -1) for _ in a.shape)
        return a[turned].copy()[turned]
    if way == 3:
        a = a.copy()
        a.setflags(write=False)
        return a
    if way == 4:
        unaligned = np.zeros(a.nbytes + 1, np.uint8)[1:].view(a.dtype).reshape(a.shape)
        unaligned[...] = a
        return unaligned
    if way == 5:
        return a.view(Sub)
    axis = rng.integers(a.ndim)
    return np.moveaxis(np.ascontiguousarray(np.moveaxis(a, axis, 0)), 0, axis)


def by_numpy(layer, x, dout, training):
    """out, dx and the gradients of the parameters, in float64, from the definitions."""
    x, dout = x.astype(np.float64), dout.astype(np.float64)
    if isinstance(layer, Conv2D):
        w, b = layer.w.value.astype(np.float64), layer.b.value.astype(np.float64)
        out = reference.conv2d_forward(x, w, b)
        if layer.relu:
            out = np.maximum(out, 0)
            dout = dout * (out > 0)
        return out, *reference.conv2d_backward(dout, x, w)
    if isinstance(layer, Dense):
        w = layer.w.value.astype(np.float64)
        out = x @ w + layer.b.value
        if layer.relu:
            out = np.maximum(out, 0)
            dout = dout * (out > 0)
        return out, dout @ w.T, x.T @ dout, dout.sum(axis=0)
    if isinstance(layer, BatchNorm):
        axes = tuple(range(x.ndim - 1))
        mean, var = (x.mean(axes), x.var(axes)) if training else (0, 1)
        xhat = (x - mean) / np.sqrt(var + layer.epsilon)
        dx = dout
        if training:
            dx = dout - dout.mean(axes) - xhat * (dout * xhat).mean(axes)
        return xhat, dx / np.sqrt(var + layer.epsilon), (dout * xhat).sum(axes), dout.sum(axes)
    if isinstance(layer, MaxPool2D):
        out, winner = reference.maxpool_forward(x)
        return out, reference.maxpool_backward(dout, winner, x.shape)
    if isinstance(layer, ReLU):
        return np.maximum(x, 0), dout * (x > 0)
    if isinstance(layer, Flatten):
        return x.reshape(len(x), -1), dout.reshape(x.shape)
    mask = dropout(np.ones(x.shape), 5, layer.rate) if training else 1
    return x * mask, dout * mask


def make_right_calls(seed, number):
    """In a child: layers on arrays of any layout against plain NumPy and the reference."""
    rng = np.random.default_rng(seed)
    for n in range(number):
        set_threads(1 if n % 8 else None)
        dtype = [np.float32, np.float64][rng.integers(2)]
        layer, shape = random_layer(rng, dtype)
        training = bool(rng.integers(2))
        x = normal(rng, shape, dtype)
        if layer.relu and layer.parameters():   # not so near 0 that rounding decides what passes
            layer.b.value[...] = np.where(rng.random(layer.b.value.size) < 0.5, 9, -9)
            x = np.clip(x, -1, 1)
        out = layer.forward(laid_out(x, rng), training)
        dout = normal(rng, out.shape, dtype)
        found = [out, layer.backward(laid_out(dout, rng)), *(p.grad for p in layer.parameters())]
        for got, exact in zip(found, by_numpy(layer, x, dout, training), strict=True):
            assert type(got) is np.ndarray and got.dtype == dtype
            error = np.linalg.norm(got - exact) / (np.linalg.norm(exact) + 1)
            assert error <= {np.float32: 1e-5, np.float64: 1e-12}[dtype], (n, str(layer), error)
    print(number)


def test_a_right_call_of_any_layout_equals_plain_numpy():
    code = "from test_wrong_calls import make_right_calls; make_right_calls(3, 1000)"
    assert python(code, minutes=10) == "1000\n"


def test_a_backward_in_another_thread_is_refused():
    """Two threads that train one model: the one whose forward is no longer the last is told."""
    layer, x = Dense(3, 2, np.random.default_rng(0)), np.ones((4, 3), np.float32)
    dout = layer.forward(x)
    other = threading.Thread(target=layer.forward, args=(x + 1,))
    other.start()
    other.join()
    with pytest.raises(ValueError, match="another thread has called forward since"):
        layer.backward(dout)
    layer.forward(x)
    assert layer.backward(dout).shape == x.shape


def test_a_parameter_of_another_shape_is_noticed():
    layer = Conv2D(3, 4, np.random.default_rng(0))
    layer.w = Parameter("w", np.zeros((3, 3, 5, 4), np.float32))
    with pytest.raises(ValueError, match="convolution got x of shape"):
        layer.forward(np.ones((1, 5, 5, 3), np.float32))
