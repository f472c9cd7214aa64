"""Equations of the chapters that neither their own blocks nor a gradient check hold against the
package. The functions of chapters 2, 3, 4 and 7 are read from the pages: every `def` of a block."""

import ast
import math
import re
from pathlib import Path

import numpy as np
import pytest

import tinyfer
from tinyfer.core import gradcheck
from tinyfer.core.layers import BatchNorm, Conv2D, Dense, Dropout, MaxPool2D
from tinyfer.core.losses import softmax_cross_entropy

DOCS = Path(__file__).resolve().parents[2] / "docs"


def chapter(number):
    """Name -> function, for every function that the chapter defines."""
    page, = DOCS.glob(f"{number:02}-*.md")
    blocks = re.findall(r"^```python\n(.*?)^```", page.read_text(encoding="utf-8"), re.M | re.S)
    tree = ast.parse("\n".join(blocks))
    tree.body = [node for node in tree.body if isinstance(node, ast.FunctionDef)]
    namespace = {"np": np}
    exec(compile(tree, str(page), "exec"), namespace)
    return namespace


def close(found, expected):
    np.testing.assert_allclose(found, expected, rtol=1e-10, atol=1e-10)


@pytest.fixture
def rng():
    return np.random.default_rng(0)


def test_the_linear_classifier_is_a_dense_layer_and_its_loss(rng):
    layer = Dense(5, 4, rng, dtype=np.float64)
    layer.b.value[...] = rng.standard_normal(4)
    x, labels, weights = rng.standard_normal((9, 5)), np.arange(9) % 4, np.array([2, 1, 0.5, 0.7])
    loss, dz = softmax_cross_entropy(layer.forward(x), labels, weights)
    layer.backward(dz)
    found = chapter(2)["linear_loss"](layer.w.value, layer.b.value, x, labels, weights)
    for mine, theirs in zip(found, (loss, layer.w.grad, layer.b.grad)):
        close(mine, theirs)


def test_dense_and_relu(rng):
    layer, maths = Dense(5, 4, rng, relu=True, dtype=np.float64), chapter(3)
    layer.b.value[...] = rng.standard_normal(4)
    x, dout = rng.standard_normal((6, 5)), rng.standard_normal((6, 4))
    out = maths["relu_forward"](maths["dense_forward"](x, layer.w.value, layer.b.value))
    close(layer.forward(x), out)
    gradients = maths["dense_backward"](maths["relu_backward"](dout, out), x, layer.w.value)
    for mine, theirs in zip(gradients, (layer.backward(dout), layer.w.grad, layer.b.grad)):
        close(mine, theirs)


def test_numerical_gradient(rng):
    x, dout = rng.standard_normal((2, 3, 4))
    given = lambda: np.sin(x), x, dout
    close(chapter(4)["numerical_gradient"](*given), dout * np.cos(x))
    close(gradcheck.numerical_gradient(*given), dout * np.cos(x))


@pytest.mark.parametrize("shape", [(2, 6, 4, 3), (2, 7, 5, 3)])
def test_max_pooling_with_ties(shape, rng):
    x, layer, maths = rng.integers(0, 3, shape).astype(float), MaxPool2D(), chapter(7)
    out, winner = maths["pool_forward"](x)
    close(layer.forward(x), out)
    dout = rng.standard_normal(out.shape)
    close(layer.backward(dout), maths["pool_backward"](dout, winner, shape))


def test_which_tied_zero_wins_changes_no_weight(rng):
    conv, maths = Conv2D(2, 3, rng, relu=True, dtype=np.float64), chapter(7)
    norm, x = BatchNorm(3, dtype=np.float64), rng.standard_normal((8, 10, 10, 2))
    y = norm.forward(conv.forward(x, True), True)
    out, first = maths["pool_forward"](y)
    last = 3 - maths["pool_forward"](y[:, ::-1, ::-1])[1][:, ::-1, ::-1]
    assert (first != last).sum() > 10
    dout, gradients = rng.standard_normal(out.shape), []
    for winner in first, last:
        norm.forward(conv.forward(x, True), True)
        dx = conv.backward(norm.backward(maths["pool_backward"](dout, winner, y.shape)))
        gradients.append([dx] + [p.grad.copy() for p in conv.parameters() + norm.parameters()])
    for a, b in zip(*gradients):
        close(a, b)


@pytest.mark.parametrize("row, seen", [(0, (0, 36)), (1, (8, 44))])
def test_what_one_output_sees(row, seen, rng):
    layers = tinyfer.six_layer_cnn(classes=3, dtype=np.float64).layers
    layers = layers[:max(i for i, layer in enumerate(layers) if isinstance(layer, MaxPool2D)) + 1]
    x = rng.random((1, 48, 48, 1))
    for layer in layers:
        x = layer.forward(x)
    dx = np.zeros_like(x)
    dx[:, row, row] = 1
    for layer in reversed(layers):
        dx = layer.backward(dx)
    reached = np.abs(dx[0, :, :, 0]) > 1e-10 * np.abs(dx).max()
    for axis in 0, 1:
        places = np.flatnonzero(reached.any(axis=axis))
        assert (places[0], places[-1] + 1) == seen


def test_initial_signal_is_multiplied_as_derived(rng):
    """E[out^2] = fan_in sigma^2 / 2 E[x^2], even if inputs depend on each other: some are equal."""
    layer = Conv2D(64, 128, rng, relu=True, dtype=np.float64)
    x = np.repeat(rng.exponential(size=(8, 5, 5, 64)), 2, axis=2)
    glorot = np.mean(layer.forward(x) ** 2) / np.mean(x ** 2)
    layer.w.value[...] = rng.normal(0, math.sqrt(2 / (9 * 64)), layer.w.value.shape)
    he = np.mean(layer.forward(x) ** 2) / np.mean(x ** 2)
    assert (glorot, he) == pytest.approx((1 / 3, 1), rel=0.15)


def test_initial_gradient_is_multiplied_by_fan_out(rng):
    layer = Conv2D(128, 64, rng, dtype=np.float64)
    x, dout = rng.standard_normal((4, 10, 10, 128)), rng.standard_normal((4, 8, 8, 64))
    layer.forward(x, training=True)
    dx = layer.backward(dout)[:, 2:-2, 2:-2]        # pixels that all nine windows contain
    assert np.mean(dx ** 2) / np.mean(dout ** 2) == pytest.approx(2 * 64 / (128 + 64), rel=0.1)


def test_initial_logits_in_training_are_as_large_as_derived(rng):
    """Behind batch norm and dropout of 0.5: s^2 = 1024 / (256 + K), and a first loss of 3.25."""
    squares, losses = [], []
    for _ in range(100):
        x = rng.standard_normal((64, 256))
        for layer in (BatchNorm(256, dtype=np.float64), Dropout(0.5, rng),
                      Dense(256, 7, rng, dtype=np.float64)):
            x = layer.forward(x, training=True)
        squares.append(np.mean(x ** 2))
        losses.append(softmax_cross_entropy(x, rng.integers(0, 7, 64))[0])
    assert np.mean(squares) == pytest.approx(1024 / 263, rel=0.03)
    assert np.mean(losses) == pytest.approx(3.25, rel=0.03)
