"""Chapter 12, exercises: replace every `raise NotImplementedError` until this passes:

    pytest docs/exercises/ch12_evaluation.py
"""

import numpy as np

from tinyfer.losses import softmax
from tinyfer.metrics import auc, roc_curve, wilson_interval


def by_hand():
    """Exercise 1, by hand. Five numbers:

    precision, recall and F1 of the second class of the matrix ((5, 2, 1), (1, 6, 1), (0, 4, 4)),
    rows true; the area under the ROC curve for positives with scores 0.6, 0.5, 0.2 and negatives
    with 0.5, 0.3; the upper end of Wilson's 95 % interval for 0 of 10 (z = 1.96).
    """
    raise NotImplementedError


def auc_by_ranks(positive, scores):
    """Exercise 2. The area under the ROC curve from one sort, without any curve.

    Give the n scores ranks 1 ... n from the lowest, equal scores the mean of their ranks. With
    R the sum of the ranks of the n_pos positives, show that the number of pairs in the right order
    is R - n_pos (n_pos + 1) / 2. positive: (n,) bool, scores: (n,).
    """
    raise NotImplementedError


def saliency_of_linear(x, w, b):
    """Exercise 3. dF/dx, signed, F the probability of the class predicted, for each row of x.

    The linear classifier of chapter 1: p = softmax(x w + b). x (N, D), w (D, K), b (K,) -> (N, D).
    """
    raise NotImplementedError


def mcnemar_p(b, c):
    """Exercise 4. The p of McNemar's test from two whole numbers of any size: b images that only
    the first network gets right, c that only the second does. A float of at most 1.
    """
    raise NotImplementedError


def coverage(n, p, rng, runs=4000):
    """Exercise 5, an experiment. How often each interval contains the truth: (usual, Wilson).

    In each of `runs` trials k of n images are right, drawn with probability p. The usual interval
    is k/n -+ 1.96 sqrt(k/n (1 - k/n) / n); for the other take `wilson_interval`.
    """
    raise NotImplementedError


def test_by_hand():
    assert np.allclose(by_hand(), (0.5, 0.75, 0.6, 3.5 / 6, 0.2775), atol=6e-4)


def test_auc_by_ranks():
    rng = np.random.default_rng(0)
    for n in (5, 30, 200):
        positive = np.arange(n) % 3 == 0
        for scores in (rng.random(n), rng.integers(0, 4, n) / 4, np.zeros(n)):
            assert np.isclose(auc_by_ranks(positive, scores), auc(*roc_curve(positive, scores)[:2]))


def test_saliency_of_linear():
    rng = np.random.default_rng(1)
    x, w, b = (rng.standard_normal(shape) for shape in ((5, 6), (6, 4), (4,)))
    maps = saliency_of_linear(x, w, b)
    t = (x @ w + b).argmax(axis=1)
    for d in range(6):
        step = np.zeros(6)
        step[d] = 1e-6
        up, down = (softmax((x + s) @ w + b)[np.arange(5), t] for s in (step, -step))
        np.testing.assert_allclose(maps[:, d], (up - down) / 2e-6, rtol=1e-6, atol=1e-9)


def test_mcnemar_p():
    assert np.isclose(mcnemar_p(1, 9), 22 / 1024)
    assert np.isclose(mcnemar_p(8, 2), 112 / 1024)
    assert mcnemar_p(5, 5) == 1 and mcnemar_p(0, 0) == 1
    assert np.isclose(mcnemar_p(0, 6), 2 / 64)
    assert np.isclose(mcnemar_p(700, 800), 0.010559, atol=1e-6)    # floats end below 2^1024


def test_coverage():
    usual, wilson = coverage(20, 0.95, np.random.default_rng(0))
    assert np.isclose(usual, 0.64, atol=0.03)
    assert 0.9 < wilson <= 1
    usual, wilson = coverage(3000, 0.66, np.random.default_rng(0))
    assert abs(usual - 0.95) < 0.015 and abs(wilson - 0.95) < 0.015
    low, high = wilson_interval(0, 10)
    assert low == 0 and high > 0.25
