"""No call may crash, corrupt or mislead: thousands of wrong ones, and right ones of odd layouts.

Wrong calls are made in processes of their own, for what they are to show is that none dies. Each is
a right call with one argument spoiled; it must end in one sentence, and change nothing: the right
call after it gives the bits that it gave before.
"""

import threading

import numpy as np
import pytest
from child import python

import tinyfer
from tinyfer.core.kernels import direct, reference, winograd
from tinyfer.core.kernels.batchnorm import batchnorm_apply, batchnorm_backward, batchnorm_statistics
from tinyfer.core.kernels.conv import conv2d_backward, conv2d_forward
from tinyfer.core.kernels.elementwise import adam_step, dropout, relu_backward, relu_forward
from tinyfer.core.kernels.gemm import matmul
from tinyfer.core.kernels.pooling import maxpool_backward, maxpool_forward
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
from tinyfer.core.losses import softmax, softmax_cross_entropy
from tinyfer.core.model import Sequential
from tinyfer.core.optim import Adam

FREE = "any length but 0"
NO_ARRAY = [None, 3, 2.5, "x", [1.0, 2.0], (), {}, object(), np.float32(1), [[1], [2, 3]]]
NO_FLOAT = [np.float16, np.int64, np.uint8, np.complex64, bool, object, ">f4", ">f8", "U3", "M8[s]"]


def spoiled(a, axes, rng, either_dtype=False):
    """What must be refused in place of the array a: no array, or one of another dtype or shape.

    axes: for each axis FREE, or anything else where another length is wrong; None where any number
    of axes will do. either_dtype: float32 and float64 are both right.
    """
    way = rng.integers(4)
    if way == 0:
        return NO_ARRAY[rng.integers(len(NO_ARRAY))]
    if way == 1:
        other = [np.float64 if a.dtype == np.float32 else np.float32] * (not either_dtype)
        dtypes = NO_FLOAT + 4 * other
        return np.ones(a.shape, dtypes[rng.integers(len(dtypes))])
    shape = list(a.shape)
    axis = rng.integers(len(shape))
    if way == 2 and axes is not None:
        more = [*shape[:axis], 1 + rng.integers(3), *shape[axis:]]
        shape = shape[1:] if rng.integers(2) else more
        return np.ones(shape, a.dtype)
    if axes is None or axes[axis] is FREE:
        shape[axis] = 0
    else:
        shape[axis] = rng.choice([n for n in (0, 1, shape[axis] - 1, shape[axis] + 1,
                                              shape[axis] + 5, 40) if n != shape[axis]])
    return np.ones(shape, a.dtype)


def normal(rng, shape, dtype):
    return rng.standard_normal(shape).astype(dtype)


def random_layer(rng, dtype):
    """A layer, the shape of a right x, and its axes as `spoiled` wants them."""
    N, H, W = (int(n) for n in rng.integers([1, 5, 5], [4, 12, 12]))
    C, K = (int(n) for n in rng.integers(1, 9, 2))
    relu = bool(rng.integers(2))
    images = (N, H, W, C)
    return [
        (Conv2D(C, K, rng, relu, dtype), images, (FREE, FREE, FREE, C)),
        (BatchNorm(C, dtype=dtype), images, (FREE, FREE, FREE, C)),
        (Dense(C, K, rng, relu, dtype), (N, C), (FREE, C)),
        (MaxPool2D(), images, (FREE,) * 4),
        (ReLU(), images, None), (Flatten(), images, None), (Dropout(0.3, rng), images, None),
    ][rng.integers(7)]


def layer_call(rng, dtype):
    """A wrong call of a layer: (what, wrong call, right call that must not have been disturbed)."""
    layer, shape, axes = random_layer(rng, dtype)
    training = bool(rng.integers(2))
    x = normal(rng, shape, dtype)
    if isinstance(layer, Dropout):
        layer.fixed_key = 5
    if rng.integers(2):
        wrong = spoiled(x, axes, rng, either_dtype=not layer.parameters())
        if isinstance(layer, BatchNorm):        # any axes will do before the channels
            more = (*shape[:-1], shape[-1] + 1 + rng.integers(9))
            wrong = spoiled(x, None, rng) if rng.integers(2) else normal(rng, more, dtype)
        return f"{layer} forward", lambda: layer.forward(wrong, training), lambda: None
    if rng.integers(6) == 0:
        return f"{layer} backward alone", lambda: layer.backward(x), lambda: None
    dout = normal(rng, layer.forward(x, training).shape, dtype)
    expected = layer.backward(dout).tobytes()
    if rng.integers(6) == 0:
        return f"{layer} backward twice", lambda: layer.backward(dout), lambda: None
    layer.forward(x, training)
    wrong = spoiled(dout, dout.shape, rng)

    def right():
        assert layer.backward(dout).tobytes() == expected

    return f"{layer} backward", lambda: layer.backward(wrong), right


def function_call(rng, dtype):
    """A wrong call of a kernel, the loss or Adam, one argument spoiled."""
    N, H, W = (int(n) for n in rng.integers([1, 5, 5], [4, 12, 12]))
    C, K = (int(n) for n in rng.integers(1, 9, 2))
    x, w, b = (normal(rng, s, dtype) for s in ((N, H, W, C), (3, 3, C, K), (K,)))
    dout = normal(rng, (N, H - 2, W - 2, K), dtype)
    half = normal(rng, (N, H // 2, W // 2, C), dtype)
    vectors = [normal(rng, (C,), dtype) for _ in range(4)]
    features, logits = normal(rng, (N, C), dtype), normal(rng, (N, K + 1), dtype)
    winner = np.zeros(half.shape, np.uint8)
    labels = rng.integers(0, K + 1, N)
    pixels, m = (FREE, FREE, FREE, C), int(rng.integers(4, 7))
    name, call, arguments, axes = [
        ("conv forward", conv2d_forward, (x, w, b), (pixels, w.shape, b.shape)),
        ("conv backward", conv2d_backward, (dout, x, w, dout), None),
        ("direct forward", lambda *a: direct.forward(*a, True), (x, w, b),
         (pixels, w.shape, b.shape)),
        ("direct backward", direct.backward, (dout, x, w, dout), None),
        ("winograd forward", lambda *a: winograd.forward(*a, False, m), (x, w, b),
         (pixels, w.shape, b.shape)),
        ("winograd backward", lambda *a: winograd.backward(*a, None, m), (dout, x, w), None),
        ("reference forward", reference.conv2d_forward, (x, w, b), (pixels, w.shape, b.shape)),
        ("reference backward", reference.conv2d_backward, (dout, x, w), None),
        ("pool forward", maxpool_forward, (x,), ((FREE,) * 4,)),
        ("pool backward", lambda d, v: maxpool_backward(d, v, x.shape), (half, winner), None),
        ("reference pool", reference.maxpool_forward, (x,), ((FREE,) * 4,)),
        ("reference pool backward", lambda d, v: reference.maxpool_backward(d, v, x.shape),
         (half, winner), None),
        ("statistics", batchnorm_statistics, (x,), (None,)),
        ("batch norm", batchnorm_apply, (x, *vectors), ("C only", *((C,),) * 4)),
        ("batch norm backward", lambda *a: batchnorm_backward(*a, True), (x + 1, x, *vectors[:3]),
         None),
        ("matmul", matmul, (features, normal(rng, (C, K), dtype)), ((FREE, C), (C, FREE))),
        ("matmul turned", matmul, (features.T.copy().T, normal(rng, (C, K), dtype)),
         ((FREE, C), (C, FREE))),
        ("ReLU", relu_forward, (x,), (None,)), ("ReLU backward", relu_backward, (x, x + 1), None),
        ("dropout", lambda a: dropout(a, 3, 0.5), (x,), (None,)),
        ("Adam", lambda *a: adam_step(*a, 0.9, 0.999, 0.1, 1e-7),
         (features, features + 1, features + 2, features**2), None),
        ("softmax", softmax, (logits,), ((FREE, FREE),)),
        ("loss", lambda z: softmax_cross_entropy(z, labels), (logits,), ((N, FREE),)),
    ][rng.integers(23)]
    arguments = list(arguments)
    place = rng.integers(len(arguments))
    a = arguments[place]
    of_one = a.shape if axes is None else axes[place]
    if of_one == "C only":      # any axes before it
        arguments[place] = normal(rng, (N, H, C + 1 + rng.integers(9)), dtype)
    elif a is winner:
        arguments[place] = [None, [0], a.astype(dtype), a[:, :-1], a + 4][rng.integers(5)]
    else:
        either = len(arguments) == 1 or arguments[1] is winner
        arguments[place] = spoiled(a, of_one, rng, either_dtype=either)
    if len(arguments) == 4 and arguments[3] is None:
        arguments[3] = "None is right for a convolution without ReLU"
    return f"{name}, argument {place}", lambda: call(*arguments), lambda: None


def value_call(rng, dtype):
    """A wrong key, shape or gradient; test_wrong_arguments.py has the numbers, labels and states."""
    model = Sequential([Conv2D(1, 2, rng, dtype=dtype), BatchNorm(2, dtype=dtype), Flatten(),
                        Dense(48, 3, rng, dtype=dtype)], (6, 8, 1))
    x, m = normal(rng, (2, 6, 8, 1), dtype), int(rng.integers(5))
    optimizer = Adam(model.parameters())
    p = optimizer.parameters[rng.integers(len(optimizer.parameters))]
    what, call = [
        ("key", lambda: dropout(x, [-1, 2**64, "a", None, [3]][m], 0.5)),
        ("input_shape", lambda: maxpool_backward(x, x.astype(np.uint8),
                                                 [(2, 3, 4, 1), (2, 12, 16), None, 7, "abcd"][m])),
        ("winner", lambda: reference.maxpool_backward(x, np.full(x.shape, 4, np.uint8),
                                                      (2, 12, 16, 1))),
        ("gradient", lambda: spoil_gradient(p, rng, optimizer)),
        ("model forward", lambda: model.forward(
            spoiled(x, (FREE, 6, 8, 1), rng), bool(rng.integers(2)))),
        ("model backward", lambda: backward_of(model, x, rng)),
    ][rng.integers(6)]
    return f"{what} {m}", call, lambda: None


def spoil_gradient(p, rng, optimizer):
    p.grad = spoiled(p.grad, p.grad.shape, rng)
    optimizer.step()


def backward_of(model, x, rng):
    dout = np.ones_like(model.forward(x))
    model.predict(x[..., 0].clip(0, 1))
    model.backward(spoiled(dout, dout.shape, rng))


def make_wrong_calls(seed, number):
    """In a child: print each call before it is made; fail where one does not end as it must."""
    rng = np.random.default_rng(seed)
    model = tinyfer.six_layer_cnn(classes=2)
    for n in range(number):
        if n == number // 2:        # predictions before the second half
            model.predict(rng.integers(0, 256, (3, 48, 48), dtype=np.uint8))
        dtype = [np.float32, np.float64][rng.integers(2)]
        kind = [layer_call, layer_call, function_call, function_call, value_call][rng.integers(5)]
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
        layer, shape, _ = random_layer(rng, dtype)
        training = bool(rng.integers(2))
        if isinstance(layer, Dropout):
            layer.fixed_key = 5
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
