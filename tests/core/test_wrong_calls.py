"""No call of a layer or kernel may crash, corrupt or mislead: each of its arrays, spoiled.

The calls are made in a process of their own, for what they are to show is that it does not die.
Each must end in one sentence, and change nothing: the right call after it gives the bits that it
gave before.
"""

import threading
from functools import partial

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
FLOATS = [np.float32, np.float64]
# The definitions of what test_guards.py calls; each checks what it is given like its fast kernel.
REFERENCE = {"convolution": reference.conv2d_forward, "pool": reference.maxpool_forward,
             "convolution backward": reference.conv2d_backward, "matmul": reference.matmul}


def spoiled(a, axis=None, fixed=True, either=False):
    """All that must be refused in place of the array a: no array, and other dtypes and shapes.

    axis: one whose length others tell. fixed: whether another number of axes is wrong. either:
    whether float32 and float64 are both right.
    """
    yield from NO_ARRAY
    for dtype in NO_FLOAT if either else NO_FLOAT + FLOATS:
        if a.dtype != dtype:
            yield np.ones(a.shape, dtype)
    lengths = [(i, 0) for i in range(a.ndim)]
    if axis is not None:
        n = a.shape[axis]
        lengths += [(axis, m) for m in (1, n - 1, n + 1, n + 5, 40) if m != n]
    shapes = [(1, *a.shape), a.shape[1:]] if fixed else []
    for i, n in lengths:
        shape = list(a.shape)
        shape[i] = n
        shapes.append(shape)
    yield from (np.ones(shape, a.dtype) for shape in shapes)


def layers(rng, dtype):
    """[(layer, shape of x, whether another number of axes is wrong)], a whole model the last."""
    model = Sequential([Conv2D(1, 2, rng, dtype=dtype), BatchNorm(2, dtype=dtype), Flatten(),
                        Dense(48, 3, rng, dtype=dtype)], (6, 8, 1))
    drop, x = Dropout(0.3, rng), (3, 7, 6, 4)
    drop.fixed_key = 5
    return [*((Conv2D(4, 5, rng, relu, dtype), x, True) for relu in (False, True)),
            *((Dense(4, 5, rng, relu, dtype), (3, 4), True) for relu in (False, True)),
            (MaxPool2D(), x, True), (BatchNorm(4, dtype=dtype), x, False), (ReLU(), x, False),
            (Flatten(), x, False), (drop, x, False), (model, (2, *model.input_shape), True)]


def layer_calls(rng):
    """(what, wrong call, a look whether the right one was disturbed) of every layer."""
    for dtype in FLOATS:
        for layer, shape, fixed in layers(rng, dtype):
            what, x = str(layer).split("\n")[0], rng.standard_normal(shape).astype(dtype)
            out, trained = layer.forward(x, True), bool(layer.parameters())
            dout = rng.standard_normal(out.shape).astype(dtype)
            dx = layer.backward(dout)

            def look():
                assert layer.forward(x, True).tobytes() == out.tobytes()
                look_back()

            def look_back():
                assert layer.backward(dout).tobytes() == dx.tobytes()

            yield f"{what} backward alone", partial(layer.backward, dout), look
            for wrong in spoiled(x, -1 if trained else None, fixed, not trained):
                yield f"{what} forward", partial(layer.forward, wrong, True), look
            for axis in range(dout.ndim):
                for wrong in spoiled(dout, axis):
                    layer.forward(x, True)
                    yield f"{what} backward", partial(layer.backward, wrong), look_back


def kernel_calls(rng):
    """The same of every kernel and its definition: the first of each kind in test_guards.py."""
    seen = set()
    for what, call, arrays in calls(rng):
        kind = what[0], arrays[0].dtype, len(arrays)
        if kind in seen or what[0] in ("affine", "boxes") or min(what[-3:]) < 2:
            continue
        seen.add(kind)
        for function in filter(None, (call, REFERENCE.get(what[0]))):
            used = arrays if function is call else arrays[:3]
            for place in range(len(used)):
                yield from kernel_call(what[0], function, used, place)


def kernel_call(what, call, arrays, place):
    alone = len(arrays) == 1
    axis = None if alone else 0 if "matmul" in what and place == 1 else -1
    for wrong in spoiled(arrays[place], axis,
                         what not in ("statistics", "batch norm", "ReLU", "dropout"),
                         alone or what == "pool backward" and place == 0):
        if place < 3 or wrong is not None:      # None is right for a convolution without ReLU
            yield (f"{what}, argument {place}",
                   partial(call, *arrays[:place], wrong, *arrays[place + 1:]), None)


def value_calls(rng):
    """Wrong keys, shapes, winners and gradients."""
    x = rng.standard_normal((2, 6, 8, 1))
    for key in -1, 2**64, "a", None, [3]:
        yield f"key {key}", partial(dropout, x, key, 0.5), None
    for shape in (2, 3, 4, 1), (2, 12, 16), None, 7, "abcd":
        yield f"{shape}", partial(maxpool_backward, x, x.astype(np.uint8), shape), None
    yield "winner", partial(reference.maxpool_backward, x, np.full(x.shape, 4, np.uint8),
                            (2, 12, 16, 1)), None
    optimizer = Adam(Dense(4, 5, rng).parameters())
    for p in optimizer.parameters:
        right = p.grad
        for wrong in spoiled(p.grad, 0):
            p.grad = wrong
            yield f"gradient of {p.name}", optimizer.step, None
        p.grad = right


def make_wrong_calls():
    """In a child: print each call before it is made; fail where one does not end as it must."""
    rng = np.random.default_rng(1)
    for generator in layer_calls, kernel_calls, value_calls:
        for n, (what, wrong, look) in enumerate(generator(rng)):
            print(what, flush=True)
            set_threads(1 if n % 8 else None)
            try:
                wrong()
            except (ValueError, TypeError) as error:
                text = str(error)
                assert type(error) in (ValueError, TypeError), (what, type(error))
                assert 10 < len(text) < 200 and "\n" not in text, (what, text)
            else:
                raise AssertionError(f"{what} was accepted: {wrong}")
            if look:
                look()


def test_a_wrong_call_ends_in_one_sentence():
    made = python("from test_wrong_calls import make_wrong_calls; make_wrong_calls()", minutes=10)
    assert len(made.splitlines()) > 3000


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
