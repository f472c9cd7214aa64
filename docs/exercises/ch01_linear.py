"""Chapter 1, exercises: replace every `raise NotImplementedError` until this passes:

    pytest docs/exercises/ch01_linear.py
"""

import numpy as np


def by_hand():
    """Exercise 1, by hand. One image, logits (0, ln 3), label 0, weight 1.

    Return (p0, p1, loss, dz0, dz1), the loss to three decimals.
    """
    raise NotImplementedError


def softmax_backward(dp, p):
    """Exercise 2. dz (N, K) from dp = dL/dp (N, K) and the probabilities p (N, K).

    Start from dz_j = sum over k of dp_k (d p_k / d z_j); no loops are needed.
    """
    raise NotImplementedError


def smoothed_cross_entropy(z, labels, epsilon):
    """Exercise 3. (loss, dz) with label smoothing; logits z (N, K), labels (N,).

    loss = mean over n of -sum over k of t[n,k] ln p[n,k], with t 1 - epsilon for the label and
    epsilon / (K - 1) for each other class.
    """
    raise NotImplementedError


def learnt_probability(share, weighted):
    """Exercise 4, an experiment. What a classifier that sees nothing learns.

    1000 images of two classes; the share `share` of them is of class 1. All images look alike,
    so that the only parameter is b (2,), the logits of every image. Start at b = 0 and take 1000
    steps b - db, without class weights or with s_c = N / (2 n_c). Return p of class 1.
    Before you run it: what will it be in either case?
    """
    raise NotImplementedError


def test_by_hand():
    assert np.allclose(by_hand(), (0.25, 0.75, 1.386, -0.75, 0.75), atol=0.0006)


def test_softmax_backward():
    rng = np.random.default_rng(0)
    z, dp = rng.standard_normal((2, 5, 4))

    def p(z):
        return np.exp(z) / np.exp(z).sum(axis=1, keepdims=True)

    dz = softmax_backward(dp, p(z))
    assert np.allclose(dz.sum(axis=1), 0)
    for n, k in np.ndindex(5, 4):
        h = np.zeros_like(z)
        h[n, k] = 1e-5
        assert np.isclose(dz[n, k], np.sum(dp * (p(z + h) - p(z - h))) / 2e-5, atol=1e-8)


def test_smoothed_cross_entropy():
    rng = np.random.default_rng(1)
    z, labels = rng.standard_normal((5, 4)), np.array([0, 3, 1, 1, 2])
    loss, dz = smoothed_cross_entropy(z, labels, 0.1)
    for n, k in np.ndindex(5, 4):
        h = np.zeros_like(z)
        h[n, k] = 1e-5
        slope = (smoothed_cross_entropy(z + h, labels, 0.1)[0]
                 - smoothed_cross_entropy(z - h, labels, 0.1)[0]) / 2e-5
        assert np.isclose(dz[n, k], slope, atol=1e-8)
    flat = smoothed_cross_entropy(np.zeros((2, 4)), np.array([1, 2]), 0.3)[0]
    assert np.isclose(flat, np.log(4))
    huge = smoothed_cross_entropy(1000 * z, labels, 0.1)
    assert np.isfinite(huge[0]) and np.isfinite(huge[1]).all()


def test_what_class_weights_do():
    for share in 0.1, 0.25, 0.6:
        assert np.isclose(learnt_probability(share, weighted=False), share, atol=1e-3)
        assert np.isclose(learnt_probability(share, weighted=True), 0.5, atol=1e-3)
