"""Chapter 14, exercises: replace every `raise NotImplementedError`."""

from math import comb  # solution

import numpy as np


def by_hand():
    """Exercise 1, by hand. Five numbers:

    precision, recall and F1 of the second class of the matrix ((5, 2, 1), (1, 6, 1), (0, 4, 4)),
    rows true; the area under the ROC curve for positives with scores 0.6, 0.5, 0.2 and negatives
    with 0.5, 0.3; the upper end of Wilson's 95 % interval for 0 of 10 (z = 1.96).
    """
    # solution
    # Column 2: 6 of 12. Row 2: 6 of 8. F1: 12 / 20.
    # 0.6 beats both; 0.5 ties with 0.5 and beats 0.3; 0.2 beats none: 2 + 1.5 of 6 pairs.
    # For 0 of n the two roots are 0 and z^2 / n / (1 + z^2 / n).
    return 0.5, 0.75, 0.6, 3.5 / 6, 0.38416 / 1.38416


def auc_by_ranks(positive, scores):
    """Exercise 2. The area under the ROC curve from one sort, without any curve.

    Give the n scores ranks 1 ... n from the lowest, equal scores the mean of their ranks. With
    R the sum of the ranks of the n_pos positives, show that the number of pairs in the right order
    is R - n_pos (n_pos + 1) / 2. positive: (n,) bool, scores: (n,).
    """
    # solution
    # A positive's rank counts itself and all that lie below it: the negatives there, each a pair in
    # the right order, and positives. Of these the lowest positive counts 1 (itself), the next 2,
    # ..., together 1 + 2 + ... + n_pos = n_pos (n_pos + 1) / 2, to be taken off R. Of equal
    # scores the mean rank counts a negative half, as the area does.
    _, group, count = np.unique(scores, return_inverse=True, return_counts=True)
    last = np.cumsum(count)
    ranks = ((last - count + 1 + last) / 2)[group]
    n_pos = positive.sum()
    pairs = ranks[positive].sum() - n_pos * (n_pos + 1) / 2
    return pairs / (n_pos * (len(scores) - n_pos))


def mcnemar_p(b, c):
    """Exercise 3. The p of McNemar's test from two whole numbers of any size: b images that only
    the first network gets right, c that only the second does. A float of at most 1.
    """
    # solution
    # If neither network is better, each of the n = b + c images is a fair coin: min(b, c) or fewer
    # for one of the two has the probability sum of C(n, i) / 2^n. Either of them may be the one,
    # hence twice; for b = c both sides hold the middle, which is why it is cut at 1.
    # Whole numbers may be of any size, and Python divides them without making floats of them first.
    ways = sum(comb(b + c, i) for i in range(min(b, c) + 1))
    return min(1.0, 2 * ways / 2 ** (b + c))
