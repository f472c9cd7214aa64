"""Chapter 8, the tests. The answers: ch08_initialisation.py of a workspace."""

import numpy as np
from answers import expected_first_loss
from checker import derivation, same, true
from mynet.initialisation import glorot_uniform, he_normal

SHAPES = ((3, 3, 40, 50), 360, 450), ((400, 50), 400, 50), ((5, 5, 8, 90), 200, 2250)


def test_glorot_uniform():
    for shape, fan_in, fan_out in SHAPES:
        w = derivation(glorot_uniform)(shape, np.random.default_rng(0))
        drawn = np.random.default_rng(0).uniform(-1, 1, shape)
        same("w", w, drawn * np.sqrt(6 / (fan_in + fan_out)))


def test_he_normal():
    rng = np.random.default_rng(0)
    for shape, fan_in, fan_out in SHAPES:
        w = he_normal(shape, rng)
        true(np.shape(w) == shape, f"the weights have the shape {np.shape(w)}, not {shape}")
        true(abs(w.mean()) < 5 * w.std() / np.sqrt(w.size), "the mean is not 0")
        same(f"the variance for {shape}", w.var(), 2 / fan_in, 0.06)
        true((np.abs(w) > 2.5 * w.std()).any(), "these are not normal: no number is far out")


def test_expected_first_loss():
    rng = np.random.default_rng(0)
    for K in 2, 5, 7:
        same(f"the loss of {K} classes for s = 2", expected_first_loss(K, 2.0, rng),
             _quadrature(K, 2.0), 0.03)
        same(f"the loss of {K} classes for s = 1e-6", expected_first_loss(K, 1e-6, rng), np.log(K),
             1e-4)
        right = np.log(K) + 0.02 * (1 - 1 / K)
        same(f"the loss of {K} classes for s = 0.2", expected_first_loss(K, 0.2, rng), right, 0.004)


def _quadrature(K, s, n=200_000):
    z = s * np.random.default_rng(1).standard_normal((n, K))
    return np.mean(np.log(np.exp(z).sum(axis=1)))
