"""Chapter 7, exercises: replace every `raise NotImplementedError` until this passes:

    pytest docs/exercises/ch07_initialisation.py
"""

import numpy as np


def by_hand():
    """Exercise 1, by hand, for the 3x3 convolution from 128 to 256 channels.

    Return (fan-in, fan-out, Glorot's limit a, He's standard deviation, the factor of the mean
    square through convolution and ReLU under Glorot, and the same under He).
    """
    raise NotImplementedError


def confident_loss():
    """Exercise 2, by hand. Two classes; the logits are (0, 3) for every face; half of the faces are
    of each class. Return the mean cross-entropy.
    """
    raise NotImplementedError


def he_normal(shape, rng):
    """Exercise 3. Normally distributed weights by He's rule, with the variance 2 / fan-in.

    shape: (C, K) of a dense layer or (U, V, C, K) of a convolution with U x V windows.
    """
    raise NotImplementedError


def expected_first_loss(K, s, rng, n=20_000):
    """Exercise 4. The mean cross-entropy of n faces, their K logits normal with standard deviation
    s and independent of the label. Take 0 as the label of all: why is that allowed?
    """
    raise NotImplementedError


def different_columns(start, rng, steps=20, lr=0.1):
    """Exercise 5, an experiment. How many units of a hidden layer differ after training?

    A network x (N, 6) -> w1 (6, 4), ReLU -> w2 (4, 1), squared error, no biases, `steps` steps of
    plain gradient descent with learning rate lr. start(shape) gives the first w1 and w2. With
    rng draw x of 50 x 6 standard normal numbers; the target is x[:, 0] abs(x[:, 1]), as (50, 1).
    Loss: sum((out - target)^2) / (2 N). Return the number of different columns of w1 at the end,
    rounded to 9 decimals.
    """
    raise NotImplementedError


def test_by_hand():
    fan_in, fan_out, limit, std, glorot, he = by_hand()
    assert (fan_in, fan_out) == (1152, 2304)
    assert np.allclose((limit, std), 0.041667, atol=5e-6)
    assert np.allclose((glorot, he), (1 / 3, 1))


def test_confident_loss():
    assert np.isclose(confident_loss(), 1.5486, atol=1e-3)


def test_he_normal():
    rng = np.random.default_rng(0)
    for shape, fan_in in (((400, 50), 400), ((3, 3, 40, 50), 360), ((5, 5, 8, 90), 200)):
        w = he_normal(shape, rng)
        assert w.shape == shape
        assert abs(w.mean()) < 5 / np.sqrt(fan_in * w.size)
        assert np.isclose(w.var(), 2 / fan_in, rtol=0.06)
    x = rng.exponential(size=(500, 400))
    h = np.maximum(x @ he_normal((400, 300), rng), 0)
    assert np.isclose(np.mean(h ** 2), np.mean(x ** 2), rtol=0.15)


def test_expected_first_loss():
    rng = np.random.default_rng(0)
    for K in (2, 5, 7):
        assert np.isclose(expected_first_loss(K, 1e-6, rng), np.log(K), atol=1e-4)
        s = 0.2
        assert np.isclose(expected_first_loss(K, s, rng),
                          np.log(K) + s * s / 2 * (1 - 1 / K), atol=0.006)
        assert expected_first_loss(K, 2.0, rng) > np.log(K) + 0.5


def test_different_columns():
    assert different_columns(np.zeros, np.random.default_rng(1)) == 1
    assert different_columns(lambda shape: np.full(shape, 0.3), np.random.default_rng(1)) == 1
    weights = np.random.default_rng(2)
    assert different_columns(lambda shape: weights.normal(0, 0.5, shape),
                             np.random.default_rng(1)) == 4
