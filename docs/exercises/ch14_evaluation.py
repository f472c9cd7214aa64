"""Chapter 14, the tests. The answers: ch14_evaluation.py of a workspace."""

import checker
import numpy as np
from answers import auc_by_ranks, by_hand, coverage, mcnemar_p
from checker import same, true


def test_by_hand():
    """1 Precision goes down a column, recall along a row.
    2 The area is the share of pairs of a positive and a negative in the right order; a tie
      counts half.
    3 For k = 0: z^2/n over 1 + z^2/n.
    """
    checker.by_hand("evaluation", by_hand())


def _pairs(positive, scores, tie=0.5):
    """The area as the share of pairs in the right order, pair by pair."""
    above = np.sign(scores[positive][:, None] - scores[~positive])
    return ((above > 0) + tie * (above == 0)).mean()


def test_auc_by_ranks():
    """1 np.unique with return_inverse and return_counts groups equal scores.
    2 Their ranks end at the cumulated count; the mean is half of first plus last.
    3 (R - n_pos (n_pos + 1) / 2) / (n_pos n_neg).
    """
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
    """1 If both are equally good, each of the b + c is a coin.
    2 Twice the probability of at most min(b, c) heads, at most 1.
    3 math.comb, and one division of whole numbers at the end.
    """
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
    """1 rng.binomial(n, p, runs), then count.
    2 The usual interval contains p if |k/n - p| is at most 1.96 standard errors.
    3 low <= p <= high for wilson_interval(k, n).
    """
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
