"""The equations of chapter 6, as plain NumPy, are what the package computes."""

import numpy as np
import pytest

from tinyfer.inference import fold_batchnorm
from tinyfer.kernels.batchnorm import batchnorm_statistics
from tinyfer.layers import BatchNorm, Conv2D

SHAPES = [(3, 4, 5, 6), (2, 1, 3, 1), (7, 4), (1, 2, 2, 3)]


def close(found, expected):
    np.testing.assert_allclose(found, expected, rtol=1e-10, atol=1e-10)


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


@pytest.mark.parametrize("shape", SHAPES)
def test_training_through_the_variance_and_the_mean(shape):
    layer, x, dout = example(shape)
    past_mean, past_var = layer.mean.copy(), layer.var.copy()
    out = layer.forward(x, training=True)
    dx = layer.backward(dout)

    x, dout, M = rows(x), rows(dout), len(rows(x))
    mean = x.sum(axis=0) / M
    var = ((x - mean) ** 2).sum(axis=0) / M
    inv_std = 1 / np.sqrt(var + 1e-3)
    xhat = (x - mean) * inv_std
    close(rows(out), layer.gamma.value * xhat + layer.beta.value)
    close(layer.mean, 0.99 * past_mean + 0.01 * mean)
    close(layer.var, 0.99 * past_var + 0.01 * var)

    dxhat = layer.gamma.value * dout
    dvar = -0.5 * inv_std ** 3 * (dxhat * (x - mean)).sum(axis=0)
    dmean = -inv_std * dxhat.sum(axis=0)
    close(rows(dx), inv_std * dxhat + dvar * 2 * (x - mean) / M + dmean / M)
    close(rows(dx), layer.gamma.value * inv_std
          * (dout - dout.mean(axis=0) - xhat * (dout * xhat).mean(axis=0)))
    close(layer.gamma.grad, (dout * xhat).sum(axis=0))
    close(layer.beta.grad, dout.sum(axis=0))


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


@pytest.mark.parametrize("M, epsilon", [(1, 1e-3), (2, 0)])
def test_one_or_two_values_pass_no_gradient(M, epsilon):
    layer, x, dout = example((M, 4), epsilon)
    layer.forward(x, training=True)
    close(layer.backward(dout), 0)


def test_merging_parts_gives_mean_and_variance_of_the_whole():
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


def test_folding_into_the_next_convolution():
    layer, x, _ = example((2, 5, 5, 3))
    conv = Conv2D(3, 4, np.random.default_rng(2), dtype=np.float64)
    conv.b.value[...] = [1, -1, 0.5, 0]
    s = layer.gamma.value / np.sqrt(layer.var + 1e-3)
    t = layer.beta.value - s * layer.mean
    folded, = fold_batchnorm([layer, conv])
    close(folded.w.value, s[:, None] * conv.w.value)
    close(folded.b.value, conv.b.value + np.einsum("c,uvck->k", t, conv.w.value))
    close(folded.forward(x), conv.forward(layer.forward(x)))
