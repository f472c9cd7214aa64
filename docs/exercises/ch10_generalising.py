"""Chapter 10, exercises: replace every `raise NotImplementedError` until this passes:

    pytest docs/exercises/ch10_generalising.py
"""

import numpy as np

from tinyfer.datasets.inputs import augment


def by_hand():
    """Exercise 1, by hand. Three tuples:

    the weights of three classes with 12, 6 and 2 images; the probabilities that training with these
    weights prefers for a face whose true ones are (0.6, 0.3, 0.1); the row (0, 8, 16, 8) shifted
    right by 1.5 with linear interpolation, places outside taking the nearest border pixel.
    """
    raise NotImplementedError


def shift(image, s_y, s_x):
    """Exercise 2. out[i, j] = image(i - s_y, j - s_x), bilinear, the border repeated outside.

    image: (H, W) float64. s_y and s_x: any floats, also larger than the image.
    """
    raise NotImplementedError


def without_weights(q, weights):
    """Exercise 3. Probabilities q (N, K) of a network trained with class weights (K,), as they
    would be had it been trained without: (N, K), each row adding up to 1.
    """
    raise NotImplementedError


def sums_behind_dropout(divide, rng, rate=0.5, n=2000):
    """Exercise 4, an experiment. The mean of sum(out) in training, over its value in evaluation.

    x: 100 values drawn once with rng.exponential. In training each is dropped with probability
    `rate`, anew in each of n repetitions, and the others are divided by 1 - rate if `divide`. In
    evaluation out = x.
    """
    raise NotImplementedError


def preferred(P, weights, steps=3000, lr=0.1):
    """Exercise 5, an experiment. The probabilities q = softmax(z) that minimise the weighted
    cross-entropy -sum_c weights[c] P[c] log q[c], found by gradient descent on z from z = 0.

    P: the true probabilities (K,). Derive dz first: it is not q - P.
    """
    raise NotImplementedError


def test_by_hand():
    weights, answer, row = by_hand()
    assert np.allclose(weights, (5 / 9, 10 / 9, 10 / 3))
    assert np.allclose(answer, (1 / 3, 1 / 3, 1 / 3))
    assert np.allclose(row, (0, 0, 4, 12))


class _Fixed:
    """A generator that makes `augment` shift by (s_y, s_x) pixels of a 48x48 image."""

    def __init__(self, s_y, s_x):
        self.values = np.array([[0.5 + s_y / 9.6], [0.5 + s_x / 9.6], [0.9]])

    def random(self, shape):
        return self.values


def test_shift():
    ramp = np.add.outer(10.0 * np.arange(5), np.arange(6))
    assert np.allclose(shift(ramp, 0, 0), ramp)
    assert np.allclose(shift(ramp, -1, 2)[:4, 2:], ramp[1:, :4])
    assert np.allclose(shift(ramp, 0.25, 0)[1:], ramp[1:] - 2.5)
    assert np.allclose(shift(ramp, 100, -100), ramp[0, -1])
    rng = np.random.default_rng(0)
    face = rng.integers(0, 256, (48, 48)).astype(np.uint8)
    for s_y, s_x in rng.uniform(-4.8, 4.8, (5, 2)):
        theirs = augment(face[None], _Fixed(s_y, s_x), np.float64)[0, :, :, 0]
        np.testing.assert_allclose(shift(face / 255, s_y, s_x), theirs, atol=1e-12)


def test_without_weights():
    P = np.array([[0.7, 0.2, 0.1], [0.1, 0.1, 0.8]])
    weights = np.array([0.5, 1.0, 4.0])
    q = P * weights / (P * weights).sum(axis=1, keepdims=True)
    np.testing.assert_allclose(without_weights(q, weights), P)


def test_sums_behind_dropout():
    assert np.isclose(sums_behind_dropout(True, np.random.default_rng(0)), 1, atol=0.02)
    assert np.isclose(sums_behind_dropout(False, np.random.default_rng(0)), 0.5, atol=0.02)
    assert np.isclose(sums_behind_dropout(False, np.random.default_rng(0), rate=0.2), 0.8,
                      atol=0.02)


def test_preferred():
    P, weights = np.array([0.6, 0.3, 0.1]), np.array([0.5, 2.0, 1.0])
    np.testing.assert_allclose(preferred(P, np.ones(3)), P, atol=1e-4)
    np.testing.assert_allclose(preferred(P, weights), [0.3, 0.6, 0.1], atol=1e-4)
