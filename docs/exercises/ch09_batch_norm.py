"""Chapter 9, the tests. The answers: ch09_batch_norm.py of a workspace."""

import checker
import numpy as np
from answers import group_norm, group_norm_backward, merge
from checker import derivation, same, true
from mynet.batch_norm import BatchNorm


def test_merge():
    rng = np.random.default_rng(0)
    for first, second in (1, 1), (1, 9), (30, 5):
        parts = rng.normal(50, 1, first), rng.normal(-20, 3, second)
        both = np.concatenate(parts)
        m2 = [((part - part.mean()) ** 2).sum() for part in parts]
        means = [part.mean() for part in parts]
        found = merge(*zip((first, second), means, m2))
        same("count", found[0], len(both))
        same("mean", found[1], both.mean())
        same("M2", found[2], ((both - both.mean()) ** 2).sum())
    far = merge((2, 1e9 + 1, 2.0), (2, 1e9 + 3, 2.0))
    true(abs(far[2] - 8) < 1e-11, f"M2 of numbers near 1e9 is {far[2]:g} and should be 8: squares "
                                  "of large numbers are subtracted: the digits are gone")


def _normed(x, axes, epsilon):
    var = x.var(axes, keepdims=True)
    return (x - x.mean(axes, keepdims=True)) / np.sqrt(var + epsilon)


def _layer(shape, epsilon=0.3):
    """Batch norm with an epsilon that counts, and nothing at its first value."""
    rng = np.random.default_rng(len(shape))
    layer = BatchNorm(3, 0.9, epsilon)
    for array in (layer.params["gamma"], layer.params["beta"], layer.mean, layer.var):
        array[...] = rng.uniform(0.5, 1.5, 3)
    return layer, rng.normal(1, 0.7, shape), rng.standard_normal(shape)

SHAPES = (2, 3, 4, 3), (6, 3)


def test_batch_norm_in_training():
    for shape in SHAPES:
        layer, x, _ = _layer(shape)
        axes, gamma, beta = tuple(range(x.ndim - 1)), layer.params["gamma"], layer.params["beta"]
        before = layer.mean.copy(), layer.var.copy()
        same("out", layer.forward(x, True), gamma * _normed(x, axes, 0.3) + beta)
        for name, found, old, new in (("running mean", layer.mean, before[0], x.mean(axes)),
                                      ("running var", layer.var, before[1], x.var(axes))):
            same(name, found, 0.9 * old + 0.1 * new)


def test_batch_norm_in_evaluation():
    for shape in SHAPES:
        layer, x, dout = _layer(shape)
        gamma, beta = layer.params["gamma"], layer.params["beta"]
        mean, var = layer.mean.copy(), layer.var.copy()
        same("out", layer.forward(x), gamma * (x - mean) / np.sqrt(var + 0.3) + beta)
        true(np.array_equal(layer.mean, mean) and np.array_equal(layer.var, var),
             "evaluation changes the running statistics")
        checker.check_backward(layer, x, dout)


def test_batch_norm_backward():
    for shape in SHAPES:
        layer, x, dout = _layer(shape)
        checker.check_backward(layer, x, dout, training=True)


def _group_norm(x, gamma, beta, groups, epsilon):
    split = x.reshape(*x.shape[:3], groups, -1)
    return gamma * _normed(split, (1, 2, 4), epsilon).reshape(x.shape) + beta


def test_group_norm():
    rng = np.random.default_rng(1)
    x, dout = rng.normal(1, 2, (2, 3, 2, 6)), rng.standard_normal((2, 3, 2, 6))
    gamma, beta = rng.normal(1, 1, 6), rng.standard_normal(6)
    for groups in 2, 3:
        given = gamma, beta, groups, 0.5
        same("out", group_norm(x, *given), _group_norm(x, *given))
        found = derivation(group_norm_backward, [group_norm])(dout, x, gamma, groups, 0.5)
        checker.check_gradients(found, lambda: _group_norm(x, *given), dout, x=x, gamma=gamma,
                                beta=beta)
