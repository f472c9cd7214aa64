"""Chapter 14, the tests. The answers: ch14_evaluation.py of a workspace."""

import numpy as np
from answers import auc_by_ranks, mcnemar_p
from checker import same, true


def test_auc_by_ranks():
    rng = np.random.default_rng(0)
    for n in 5, 30, 200:
        positive = np.arange(n) % 3 == 0
        for scores in rng.integers(0, 4, n) / 4, rng.random(n), np.zeros(n):
            above = np.sign(scores[positive][:, None] - scores[~positive])
            same("area", auc_by_ranks(positive, scores), ((above > 0) + 0.5 * (above == 0)).mean())


def test_mcnemar_p():
    from math import comb

    for b, c in (1, 9), (8, 2), (5, 5), (0, 0), (0, 6), (40, 25):
        n, few = b + c, min(b, c)
        tail = sum(comb(n, i) for i in range(few + 1)) / 2**n
        same(f"p of {b} and {c}", mcnemar_p(b, c), min(1, 2 * tail))
    try:
        large = mcnemar_p(700, 800)
    except OverflowError:
        true(False, "floats end below 2^1024: let Python divide whole numbers")
    same("p of 700 and 800", large, 0.010559255, 1e-5)
