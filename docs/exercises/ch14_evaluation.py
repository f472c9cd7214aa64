"""Chapter 14, exercises: replace every `raise NotImplementedError` until this passes:

    pytest docs/exercises/ch14_evaluation.py
"""

import checker
import numpy as np
from checker import same, true


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


def mcnemar_p(b, c):
    """Exercise 3. The p of McNemar's test from two whole numbers of any size: b images that only
    the first network gets right, c that only the second does. A float of at most 1.
    """
    raise NotImplementedError


def coverage(n, p, rng, runs=4000):
    """Exercise 4, an experiment. How often each interval contains the truth: (usual, Wilson).

    In each of `runs` trials k of n images are right, drawn with probability p. The usual interval
    is k/n -+ 1.96 sqrt(k/n (1 - k/n) / n); for the other take `tinyfer.scores.metrics.wilson_interval`.
    """
    raise NotImplementedError


def test_by_hand():
    checker.by_hand("evaluation", by_hand())


def _pairs(positive, scores, tie=0.5):
    """The area as the share of pairs in the right order, pair by pair."""
    above = np.sign(scores[positive][:, None] - scores[~positive])
    return ((above > 0) + tie * (above == 0)).mean()


def test_auc_by_ranks():
    rng = np.random.default_rng(0)
    for n in 5, 30, 200:
        positive = np.arange(n) % 3 == 0
        for scores in rng.integers(0, 4, n) / 4, rng.random(n), np.zeros(n):
            n_pos, right = positive.sum(), _pairs(positive, scores)
            plain = np.argsort(np.argsort(scores, kind="stable")) + 1
            same("area", auc_by_ranks(positive, scores), right, {
                "equal scores get ranks by their place in the list: they share the mean of them":
                    (plain[positive].sum() - n_pos * (n_pos + 1) / 2) / (n_pos * (n - n_pos)),
                "the ranks are counted from the highest": 1 - right,
                "ties count as in the right order: they count half": _pairs(positive, scores, 1),
                "ties count as in the wrong order: they count half": _pairs(positive, scores, 0),
                "the positives' own order is not taken off":
                    right + (n_pos + 1) / 2 / (n - n_pos),
                "this is the number of pairs, not their share": right * n_pos * (n - n_pos)})


def test_mcnemar_p():
    from math import comb

    for b, c in (1, 9), (8, 2), (5, 5), (0, 0), (0, 6), (40, 25):
        n, few = b + c, min(b, c)
        tail = sum(comb(n, i) for i in range(few + 1)) / 2**n
        same(f"p of {b} and {c}", mcnemar_p(b, c), min(1, 2 * tail), {
            "one side only: twice the tail": tail,
            "p cannot be more than 1": 2 * tail,
            "the tail begins beyond the count: include it":
                min(1, 2 * (tail - comb(n, few) / 2**n)),
            "the tail begins at the larger count":
                min(1, 2 * sum(comb(n, i) for i in range(max(b, c) + 1)) / 2**n)})
    try:
        large = mcnemar_p(700, 800)
    except OverflowError:
        true(False, "floats end below 2^1024: let Python divide whole numbers")
    same("p of 700 and 800", large, 0.010559255, {
        "floats end below 2^1024: let Python divide whole numbers": 0.0}, 1e-5)


def test_coverage():
    for n, p in (20, 0.95), (3000, 0.66):
        k = np.random.default_rng(0).binomial(n, p, 4000)
        found = coverage(n, p, np.random.default_rng(0))
        share = k / n
        half = 1.96 * np.sqrt(share * (1 - share) / n)
        usual = np.mean(np.abs(share - p) <= half)
        same("coverage of the usual interval", found[0], usual, {
            "the interval ends at one standard error: 1.96 of them":
                np.mean(np.abs(share - p) <= half / 1.96),
            "this is how often it misses": 1 - usual,
            "the error is that of the truth, not of the share that was seen":
                np.mean(np.abs(share - p) <= 1.96 * np.sqrt(p * (1 - p) / n))}, 0.02)
        true(0.92 < found[1] < 0.99, f"Wilson's interval contains the truth about as often as it "
                                     f"says, not in {found[1]:.2f} of the trials")
