"""The equations of chapters 2 to 9, as the pages write them in NumPy, are what the layers compute.

The functions under test are read from the pages themselves: every `def` of their python blocks.
"""

import ast
import re
from functools import lru_cache
from pathlib import Path

import numpy as np
import pytest

import tinyfer
from tinyfer.core import gradcheck
from tinyfer.core.kernels.batchnorm import batchnorm_statistics
from tinyfer.core.layers import BatchNorm, Conv2D, Dense, MaxPool2D, ReLU
from tinyfer.data import class_weights

DOCS = Path(__file__).resolve().parents[2] / "docs"


@lru_cache(maxsize=None)
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


def drawn(layer, rng):
    """The layer with every parameter random, biases too."""
    for parameter in layer.parameters():
        parameter.value[...] = rng.standard_normal(parameter.value.shape)
    return layer


@pytest.mark.parametrize("seed", range(3))
def test_softmax_cross_entropy_with_class_weights(seed):
    rng = np.random.default_rng(seed)
    x, w, b = rng.standard_normal((9, 5)), rng.standard_normal((5, 4)), rng.standard_normal(4)
    labels = np.r_[np.arange(4), rng.integers(4, size=5)]
    weights = class_weights(labels, 4)
    close(weights[labels].mean(), 1)
    loss, dw, db = chapter(2)["linear_loss"](w, b, x, labels, weights)
    layer = Dense(5, 4, rng, dtype=np.float64)
    layer.w.value[...], layer.b.value[...] = w, b
    z = layer.forward(x)
    theirs, dz = tinyfer.softmax_cross_entropy(z, labels, weights)
    layer.backward(dz)
    close(loss, theirs)
    close(dw, layer.w.grad)
    close(db, layer.b.grad)
    close(dz.sum(axis=1), 0)
    p = tinyfer.softmax(z)
    close(dz, weights[labels][:, None] / 9 * (p - np.eye(4)[labels]))


def test_weights_tilt_the_best_answer():
    # The loss over images that all look alike is least at q = s P / sum s P.
    P, s = np.array([0.6, 0.3, 0.1]), np.array([0.5, 1.0, 4.0])
    q = s * P / (s * P).sum()
    slope = sum(P[c] * tinyfer.softmax_cross_entropy(np.log(q)[None], np.array([c]), s)[1]
                for c in range(3))
    close(slope, 0)


def test_numerical_gradient():
    rng = np.random.default_rng(0)
    x, dout = rng.standard_normal((3, 4)), rng.standard_normal((3, 4))
    mine = chapter(4)["numerical_gradient"](lambda: np.sin(x), x, dout)
    close(mine, dout * np.cos(x))
    np.testing.assert_allclose(
        mine, gradcheck.numerical_gradient(lambda: np.sin(x), x, dout), atol=1e-9)


@pytest.mark.parametrize("relu", [False, True])
def test_dense_and_relu(relu):
    rng, maths = np.random.default_rng(1), chapter(3)
    layer = drawn(Dense(5, 4, rng, relu=relu, dtype=np.float64), rng)
    x, dout = rng.standard_normal((6, 5)), rng.standard_normal((6, 4))
    out = maths["dense_forward"](x, layer.w.value, layer.b.value)
    dz = dout
    if relu:
        out = maths["relu_forward"](out)
        dz = maths["relu_backward"](dout, out)
    close(layer.forward(x), out)
    dx, dw, db = maths["dense_backward"](dz, x, layer.w.value)
    close(layer.backward(dout), dx)
    close(layer.w.grad, dw)
    close(layer.b.grad, db)


def test_relu_alone_with_zeros():
    rng, maths = np.random.default_rng(2), chapter(3)
    x, dout = rng.integers(-2, 3, (2, 4, 3, 5)).astype(float), rng.standard_normal((2, 4, 3, 5))
    layer = ReLU()
    close(layer.forward(x), maths["relu_forward"](x))
    close(layer.backward(dout), maths["relu_backward"](dout, maths["relu_forward"](x)))


@pytest.mark.parametrize("relu", [False, True])
@pytest.mark.parametrize("shape, K", [((2, 7, 6, 3), 4), ((1, 3, 3, 5), 2), ((3, 8, 5, 1), 3),
                                      ((2, 10, 14, 6), 5)])
def test_convolution(shape, K, relu):
    rng, maths = np.random.default_rng(3), chapter(6)
    layer = drawn(Conv2D(shape[3], K, rng, relu=relu, dtype=np.float64), rng)
    x, w = rng.standard_normal(shape), layer.w.value
    out = maths["conv_forward"](x, w, layer.b.value)
    out = np.maximum(0, out) if relu else out
    close(layer.forward(x), out)
    dout = rng.standard_normal(out.shape)
    dx, dw, db = maths["conv_backward"](dout * (out > 0) if relu else dout, x, w)
    close(layer.backward(dout), dx)
    close(layer.w.grad, dw)
    close(layer.b.grad, db)


def test_the_adjoint_and_the_turned_filter():
    rng = np.random.default_rng(4)
    layer = drawn(Conv2D(3, 4, rng, dtype=np.float64), rng)
    layer.b.value[...] = 0
    x, dout = rng.standard_normal((2, 7, 6, 3)), rng.standard_normal((2, 5, 4, 4))
    out = layer.forward(x)
    dx = layer.backward(dout)
    close((out * dout).sum(), (x * dx).sum())
    close((out * dout).sum(), (layer.w.value * layer.w.grad).sum())
    padded = np.pad(dout, ((0, 0), (2, 2), (2, 2), (0, 0)))
    turned = layer.w.value[::-1, ::-1].swapaxes(2, 3)
    close(dx, chapter(6)["conv_forward"](padded, turned, np.zeros(3)))


@pytest.mark.parametrize("row, seen", [(0, (0, 36)), (1, (8, 44))])
def test_what_one_output_sees(row, seen):
    model = tinyfer.six_layer_cnn(classes=3, seed=0, dtype=np.float64)
    pools = [i for i, layer in enumerate(model.layers) if isinstance(layer, MaxPool2D)]
    layers = model.layers[:pools[-1] + 1]
    x = np.random.default_rng(9).random((1, 48, 48, 1))
    for layer in layers:
        x = layer.forward(x)
    assert x.shape == (1, 2, 2, 256)
    dx = np.zeros_like(x)
    dx[:, row, row] = 1
    for layer in reversed(layers):
        dx = layer.backward(dx)
    rows = np.flatnonzero(np.abs(dx).max(axis=(0, 2, 3)) > 1e-10 * np.abs(dx).max())
    columns = np.flatnonzero(np.abs(dx).max(axis=(0, 1, 3)) > 1e-10 * np.abs(dx).max())
    for reached in rows, columns:
        assert (reached[0], reached[-1] + 1) == seen


@pytest.mark.parametrize("shape", [(2, 6, 4, 3), (2, 7, 5, 3), (1, 2, 3, 2)])
def test_max_pooling_with_ties(shape):
    rng, maths = np.random.default_rng(5), chapter(7)
    x = rng.integers(0, 3, shape).astype(float)
    layer = MaxPool2D()
    out, winner = maths["pool_forward"](x)
    close(layer.forward(x), out)
    dout = rng.standard_normal(out.shape)
    close(layer.backward(dout), maths["pool_backward"](dout, winner, shape))


def test_which_tied_zero_wins_changes_no_weight():
    rng = np.random.default_rng(6)
    conv = drawn(Conv2D(2, 3, rng, relu=True, dtype=np.float64), rng)
    norm, pool, maths = BatchNorm(3, dtype=np.float64), MaxPool2D(), chapter(7)
    x = rng.standard_normal((4, 8, 8, 2))
    y = norm.forward(conv.forward(x, True), True)
    dout = rng.standard_normal(pool.forward(y).shape)
    out, first = maths["pool_forward"](y)
    _, last = maths["pool_forward"](y[:, ::-1, ::-1])      # turned round, the last one wins
    last = 3 - last[:, ::-1, ::-1]
    assert (first != last).sum() > 10
    gradients = []
    for winner in first, last:
        norm.forward(conv.forward(x, True), True)
        dx = conv.backward(norm.backward(maths["pool_backward"](dout, winner, y.shape)))
        gradients.append([dx] + [p.grad.copy() for p in conv.parameters() + norm.parameters()])
    for a, b in zip(*gradients):
        close(a, b)


@pytest.mark.parametrize("shape", [(2, 5, 4, 3), (7, 4)])
def test_batch_norm_in_training(shape):
    rng, maths = np.random.default_rng(8), chapter(9)
    layer = drawn(BatchNorm(shape[-1], dtype=np.float64), rng)
    gamma, beta = layer.gamma.value, layer.beta.value
    x, dout = rng.normal(3, 2, shape), rng.standard_normal(shape)
    out, xhat, var = maths["batchnorm_forward"](x, gamma, beta, layer.epsilon)
    close(layer.forward(x, training=True), out)
    dx, dgamma, dbeta = maths["batchnorm_backward"](dout, xhat, var, gamma, layer.epsilon)
    close(layer.backward(dout), dx)
    close(layer.gamma.grad, dgamma)
    close(layer.beta.grad, dbeta)


def example(shape, epsilon=1e-3, seed=0):
    """A layer with a past, its input and a random dout."""
    rng, C = np.random.default_rng(seed), shape[-1]
    layer = BatchNorm(C, epsilon=epsilon, dtype=np.float64)
    layer.gamma.value[...] = rng.uniform(-2, 2, C)
    layer.beta.value[...] = rng.standard_normal(C)
    layer.mean[...] = rng.standard_normal(C)
    layer.var[...] = rng.uniform(0.5, 3, C)
    return layer, rng.normal(5, 2, shape), rng.standard_normal(shape)


def rows(x):
    return x.reshape(-1, x.shape[-1])


@pytest.mark.parametrize("shape", [(3, 4, 5, 6), (2, 1, 3, 1), (7, 4), (1, 2, 2, 3)])
def test_dx_through_the_variance_and_the_mean(shape):
    layer, x, dout = example(shape)
    layer.forward(x, training=True)
    dx = layer.backward(dout)
    x, dout, M = rows(x), rows(dout), len(rows(x))
    mean, inv_std = x.mean(axis=0), 1 / np.sqrt(x.var(axis=0) + 1e-3)
    dxhat = layer.gamma.value * dout
    dvar = -0.5 * inv_std ** 3 * (dxhat * (x - mean)).sum(axis=0)
    dmean = -inv_std * dxhat.sum(axis=0)
    close(rows(dx), inv_std * dxhat + dvar * 2 * (x - mean) / M + dmean / M)


def test_dx_is_a_projection():
    layer, x, dout = example((4, 3, 3, 2), epsilon=0)
    xhat = (x - x.mean(axis=(0, 1, 2))) / x.std(axis=(0, 1, 2))

    def dx_of(dout):
        layer.forward(x, training=True)
        return layer.backward(dout)

    dx = dx_of(dout)
    close(rows(dx).sum(axis=0), 0)
    close(rows(dx * xhat).sum(axis=0), 0)
    close(dx_of(dout + 3 - 2 * xhat), dx)
    close(dx_of(np.ones_like(x)), 0)
    close(dx_of(xhat), 0)
    close(dx_of(dx), dx * layer.gamma.value / x.std(axis=(0, 1, 2)))


def test_epsilon_lets_a_share_of_xhat_through():
    layer, x, _ = example((6, 3), epsilon=0.5)
    var = x.var(axis=0)
    xhat = (x - x.mean(axis=0)) / np.sqrt(var + 0.5)
    layer.forward(x, training=True)
    close(layer.backward(xhat), layer.gamma.value * xhat * 0.5 / (var + 0.5) ** 1.5)


def test_two_values_pass_no_gradient():
    """They are -1 and 1 whatever they were. (A single one, its own mean, is refused.)"""
    layer, x, dout = example((2, 4), 0)
    layer.forward(x, training=True)
    close(layer.backward(dout), 0)


def test_merged_parts_are_those_of_the_whole():
    x = np.random.default_rng(1).normal(100, 1, (5, 2, 3, 2))
    count, mean, m2 = 0, 0.0, 0.0
    for image in map(rows, x):
        n, delta = len(image), image.mean(axis=0) - mean
        m2 = m2 + ((image - image.mean(axis=0)) ** 2).sum(axis=0) \
            + delta ** 2 * count * n / (count + n)
        mean = mean + delta * n / (count + n)
        count += n
    close(batchnorm_statistics(x), (mean, m2 / count))
    close((mean, m2 / count), (x.mean(axis=(0, 1, 2)), x.var(axis=(0, 1, 2))))
