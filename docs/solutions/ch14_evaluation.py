"""Chapter 14, solutions."""

from math import comb

import numpy as np

from tinyfer.scores.metrics import wilson_interval


def by_hand():
    # Column 2: 6 of 12. Row 2: 6 of 8. F1: 12 / 20.
    # 0.6 beats both; 0.5 ties with 0.5 and beats 0.3; 0.2 beats none: 2 + 1.5 of 6 pairs.
    # For 0 of n the two roots are 0 and z^2 / n / (1 + z^2 / n).
    return 0.5, 0.75, 0.6, 3.5 / 6, 0.38416 / 1.38416


def auc_by_ranks(positive, scores):
    # A positive's rank counts all that lie below it and itself; R counts the positives' own order
    # too, 1 + 2 + ... + n_pos of it.
    _, group, count = np.unique(scores, return_inverse=True, return_counts=True)
    last = np.cumsum(count)
    ranks = ((last - count + 1 + last) / 2)[group]
    n_pos = positive.sum()
    pairs = ranks[positive].sum() - n_pos * (n_pos + 1) / 2
    return pairs / (n_pos * (len(scores) - n_pos))


def mcnemar_p(b, c):
    # Whole numbers may be of any size, and Python divides them without making floats of them first.
    ways = sum(comb(b + c, i) for i in range(min(b, c) + 1))
    return min(1.0, 2 * ways / 2 ** (b + c))


def coverage(n, p, rng, runs=4000):
    usual = wilson = 0
    for k in rng.binomial(n, p, runs):
        share = k / n
        usual += abs(share - p) <= 1.96 * np.sqrt(share * (1 - share) / n)
        low, high = wilson_interval(k, n)
        wilson += low <= p <= high
    return usual / runs, wilson / runs
