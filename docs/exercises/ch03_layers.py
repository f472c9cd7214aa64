"""Chapter 3, the tests. The answers: ch03_layers.py of a workspace."""

from types import SimpleNamespace

import checker
import numpy as np
from answers import Value, residual_backward, silu, silu_backward, train_on_chessboard
from checker import derivation, same, slope, true
from mynet.dense import Dense
from mynet.network import Flatten, Network
from mynet.relu import ReLU


def _dense():
    rng = np.random.default_rng(0)
    w, b = rng.standard_normal((4, 3)), rng.standard_normal(3)
    return Dense(w, b), rng.standard_normal((5, 4)), rng.standard_normal((5, 3))


def test_dense_forward():
    layer, x, _ = _dense()
    w, b = layer.params["w"], layer.params["b"]
    same("out", layer.forward(x), np.einsum("nc,ck->nk", x, w) + b)


def test_dense_backward():
    layer, x, dout = _dense()
    checker.check_backward(layer, x, dout)


def test_relu():
    rng = np.random.default_rng(1)
    x = rng.standard_normal((3, 4, 2))
    x += np.copysign(0.1, x)
    layer = ReLU()
    same("out", layer.forward(x), np.where(x > 0, x, 0))
    dout = rng.standard_normal(x.shape)
    checker.check_backward(layer, x, dout)
    layer.forward(np.zeros((2, 2)))
    true(not layer.backward(np.ones((2, 2))).any(), "at 0 the package takes the slope 0")


def test_network():
    rng = np.random.default_rng(2)
    first = Dense(rng.standard_normal((12, 5)), rng.standard_normal(5))
    second = Dense(rng.standard_normal((5, 3)), rng.standard_normal(3))
    x, dout = rng.standard_normal((2, 2, 3, 2)), rng.standard_normal((2, 3))
    rows = np.array([image.ravel() for image in x])
    hidden = rows @ first.params["w"] + first.params["b"]
    out = np.where(hidden > 0, hidden, 0) @ second.params["w"] + second.params["b"]
    network = Network([Flatten(), first, ReLU(), second])
    same("rows of Flatten", Flatten().forward(x), rows)
    same("out", network.forward(x), out)
    dx = network.backward(dout)
    same("dx", dx, slope(lambda: network.forward(x), x, dout), 1e-7)
    same("dw of the first layer", first.grads["w"],
         slope(lambda: network.forward(x), first.params["w"], dout), 1e-7)

    asked = []
    layer = SimpleNamespace(forward=lambda x, training=False: asked.append(training))
    Network([layer]).forward(x, training=True)
    true(asked == [True], "`training` is not passed on to the layers")


def test_silu():
    rng = np.random.default_rng(0)
    x, dout = rng.standard_normal((2, 3, 4))
    same("out", derivation(silu)(x), x / (1 + np.exp(-x)))
    same("dx", derivation(silu_backward, [silu])(dout, x), slope(lambda: silu(x), x, dout), 1e-7)


def test_residual():
    rng = np.random.default_rng(1)
    x, dout = rng.standard_normal((2, 5, 3))
    w, b = rng.standard_normal((3, 3)), rng.standard_normal(3)
    kept = x.copy(), dout.copy()
    found = derivation(residual_backward)(dout, x, w, b)
    true(np.array_equal(x, kept[0]) and np.array_equal(dout, kept[1]), "x or dout is changed")
    checker.check_gradients(found, lambda: x + np.maximum(0, x @ w + b), dout, x=x, w=w, b=b)


def test_value():
    a, b = Value(2), Value(-3)
    c = a * b + a * a
    same("a b + a a at (2, -3)", c.data, -2)
    c.backward()
    same("its gradient by a and b", [a.grad, b.grad], [1, 2])
    a, b = Value(2), Value(1)
    (a.relu() + (b * Value(-1)).relu()).backward()
    same("slopes of relu(a) + relu(-b)", [a.grad, b.grad], [1, 0])
    a = Value(3)
    b = a * a                                   # 9, used by c and again by d
    c = b + a
    d = c * b
    (d + c).backward()                          # (a^2 + a) a^2 + a^2 + a
    same("a gradient that goes several ways", a.grad, 4 * 27 + 3 * 9 + 2 * 3 + 1)
    chain = a
    for _ in range(3000):
        chain = chain + a
    try:
        chain.backward()
    except RecursionError:
        true(False, "3,000 additions are too many for a recursion: walk with a list instead")


def test_chessboard():
    rng = np.random.default_rng(2)
    corners = rng.integers(2, size=(800, 2))
    x = 2 * corners - 1 + 0.3 * rng.standard_normal((800, 2))
    labels = corners.sum(axis=1) % 2
    network = train_on_chessboard(x[:400], labels[:400], rng)
    share = np.mean(network.forward(x[400:]).argmax(axis=1) == labels[400:])
    units = next((layer.params["w"] for layer in network.layers if layer.params), np.eye(2))
    true(units.shape[1] > 2, "there is no hidden layer: no linear classifier can do this")
    true(np.ptp(units, axis=1).any(), "all hidden units are alike: draw the first weights")
    true(share > 0.95, f"of new points {share:.2f} are right; with a step of about 0.5 and some "
                       "hundred steps more than 0.95 are")
