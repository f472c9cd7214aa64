"""Chapter 6, exercises: replace every `raise NotImplementedError` until this passes:

    pytest docs/exercises/ch06_batch_norm.py
"""

import numpy as np

from tinyfer.gradcheck import numerical_gradient, relative_error


def by_hand():
    """Exercise 1, by hand. One channel, x = (0, 0, 4, 4), gamma = 3, beta = 1, epsilon = 0,
    dout = (1, 0, 0, 3), running mean 0, running variance 1, momentum 0.9.

    Return (out, dx, dgamma, dbeta, running mean, running variance) after one training step; out
    and dx as lists.
    """
    raise NotImplementedError


def merge(a, b):
    """Exercise 2. (count, mean, M2) of two parts together, each part given as such a triple.

    M2 is the sum of squared deviations from the part's own mean. From any other number m the sum is
    M2 + count (mean - m)^2; why? Take for m the mean of both parts.
    """
    raise NotImplementedError


def layer_norm(x, gamma, beta, epsilon):
    """Exercise 3. Layer normalisation: every row of x (N, C) gets mean 0 and variance 1 over its C
    values (variance + epsilon under the root); then times gamma (C,), plus beta (C,).
    """
    raise NotImplementedError


def layer_norm_dx(dout, x, gamma, epsilon):
    """Exercise 3, too. Its dx (N, C). What changes is where gamma stands: it differs within a row.
    """
    raise NotImplementedError


def longer_weights(factor, rng):
    """Exercise 4, an experiment. Does batch norm care how long the weights before it are?

    x: 64 rows of 5 normal values, w: (5, 3) normal values, dout: (64, 3) normal values, all of rng.
    Push x through a Dense layer with w (no bias, no ReLU) and a BatchNorm with epsilon 1e-12 in
    training mode, in float64; then again with factor * w. Return the largest change of the output,
    and the length (square root of the sum of squares) of the second dw over that of the first.
    """
    raise NotImplementedError


def test_by_hand():
    out, dx, dgamma, dbeta, mean, var = by_hand()
    np.testing.assert_allclose(out, [-2, -2, 4, 4])
    np.testing.assert_allclose(dx, [0.75, -0.75, -2.25, 2.25])
    np.testing.assert_allclose([dgamma, dbeta, mean, var], [2, 4, 0.2, 1.3])


def test_merge():
    rng = np.random.default_rng(0)
    for first, second in (1, 1), (1, 9), (30, 5):
        parts = rng.normal(50, 1, first), rng.normal(-20, 3, second)
        both = np.concatenate(parts)
        found = merge(*((len(v), v.mean(), ((v - v.mean()) ** 2).sum()) for v in parts))
        np.testing.assert_allclose(found, (len(both), both.mean(), both.var() * len(both)))


def test_merge_keeps_the_digits_of_a_small_variance():
    count, mean, m2 = 2, 1e9 + 1, 2.0
    np.testing.assert_allclose(merge((2, 1e9 + 1, 2.0), (2, 1e9 + 3, 2.0)),
                               (2 * count, mean + 1, 2 * m2 + 4), rtol=1e-15)


def _row_data():
    rng = np.random.default_rng(1)
    return rng.normal(3, 2, (4, 6)), rng.normal(1, 1, 6), rng.standard_normal((4, 6))


def test_layer_norm():
    x, gamma, _ = _row_data()
    out = layer_norm(x, np.ones(6), np.zeros(6), 0.0)
    np.testing.assert_allclose(out.mean(axis=1), 0, atol=1e-12)
    np.testing.assert_allclose(out.std(axis=1), 1)
    np.testing.assert_allclose(layer_norm(x, gamma, gamma - 1, 0.0), out * gamma + gamma - 1)


def test_layer_norm_dx():
    x, gamma, dout = _row_data()
    found = layer_norm_dx(dout, x, gamma, 0.1)
    measured = numerical_gradient(lambda: layer_norm(x, gamma, gamma, 0.1), x, dout)
    assert relative_error(found, measured) < 1e-6


def test_longer_weights():
    for factor in (0.1, 10.0):
        change, ratio = longer_weights(factor, np.random.default_rng(2))
        assert change < 1e-6
        np.testing.assert_allclose(ratio, 1 / factor, rtol=1e-6)
