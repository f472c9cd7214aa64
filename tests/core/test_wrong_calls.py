"""No call of a layer, model or optimizer may crash, corrupt or mislead: each array, spoiled.

No kernel looks whether an index lies inside its array, so the calls are made in a process of their
own, for what they are to show is that it does not die. Each must end in one sentence, and change
nothing: the right call after it gives the bits that it gave before.
"""

import threading
from functools import partial

import numpy as np
import pytest
from child import python

from tinyfer.core.kernels.threads import set_threads
from tinyfer.core.layers import BatchNorm, Conv2D, Dense, Dropout, Flatten, MaxPool2D, ReLU
from tinyfer.core.model import Sequential
from tinyfer.core.optim import Adam

NO_ARRAY = [None, 3, 2.5, "x", [1.0, 2.0], (), {}, object(), np.float32(1), [[1], [2, 3]]]
NO_FLOAT = [np.float16, np.int64, np.uint8, np.complex64, bool, object, ">f4", ">f8", "U3", "M8[s]"]
FLOATS = [np.float32, np.float64]


def spoiled(a, axis=None, fixed=True, either=False):
    """Arrays that must be refused in place of a: of other dtypes and shapes.

    axis: one whose length others tell. fixed: whether another number of axes is wrong. either:
    whether float32 and float64 are both right.
    """
    for dtype in NO_FLOAT if either else NO_FLOAT + FLOATS:
        if a.dtype != dtype:
            yield np.ones(a.shape, dtype)
    lengths = [(i, 0) for i in range(a.ndim)]
    if axis is not None:
        n = a.shape[axis]
        lengths += [(axis % a.ndim, m) for m in (1, n - 1, n + 1, n + 5, 40) if m != n]
    if fixed:
        yield from (np.ones(shape, a.dtype) for shape in ((1, *a.shape), a.shape[1:]))
    for i, n in lengths:
        yield np.ones([n if j == i else m for j, m in enumerate(a.shape)], a.dtype)


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
    """(what, wrong call, a look whether the right one was disturbed) of every layer and array."""
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
            for wrong in [*NO_ARRAY, *spoiled(x, -1 if trained else None, fixed, not trained)]:
                yield f"{what} forward", partial(layer.forward, wrong, True), look
            for axis in range(dout.ndim):
                for wrong in [*NO_ARRAY, *spoiled(dout, axis)]:
                    layer.forward(x, True)
                    yield f"{what} backward", partial(layer.backward, wrong), look_back
            for p in layer.parameters()[:1]:        # w, or gamma
                right, optimizer = p.value, Adam([p])
                for wrong in spoiled(p.value, 0):
                    p.value = wrong
                    yield f"{what} with {p.name}", partial(layer.forward, x, True), None
                    p.value, p.grad = right, wrong
                    yield f"{what} moved by {p.name}", optimizer.step, None
                    p.grad = np.zeros_like(right)


def make_wrong_calls():
    """In a child: print each call before it is made; fail where one does not end as it must."""
    for n, (what, wrong, look) in enumerate(layer_calls(np.random.default_rng(1))):
        print(what, flush=True)
        set_threads(1 if n % 8 else None)
        try:
            wrong()
        except (ValueError, TypeError) as error:
            text = str(error)
            assert type(error) in (ValueError, TypeError), (what, type(error))
            assert 10 < len(text) < 200 and "\n" not in text, (what, text)
        else:
            raise AssertionError(f"{what} was accepted: {wrong.args!r:.100}")
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
