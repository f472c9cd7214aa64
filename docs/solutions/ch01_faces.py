"""Chapter 1, exercises: replace every `raise NotImplementedError`."""

import numpy as np


def by_hand():
    """Exercise 1, by hand. The test images of a three-class problem are 60, 30 and 10.

    Return five numbers, rounded to three decimals: the accuracy of chance, of guessing in
    proportion to these shares, and of always answering the largest class; then the lower and upper
    end of the 95 % interval of a classifier that got 80 of the 100 right.
    """
    # solution
    # A guess of class k, made with probability p_k, is right with p_k: together sum of p_k^2. A hit
    # is 1 or 0, of variance p (1 - p), and the mean of n independent ones has 1/n of that.
    # p = (0.6, 0.3, 0.1). 1/3; 0.36 + 0.09 + 0.01; 0.6; 0.8 -+ 1.96 sqrt(0.16 / 100).
    return 0.333, 0.46, 0.6, 0.8 - 1.96 * 0.04, 0.8 + 1.96 * 0.04


def scores(labels, predictions, K):
    """Exercise 2. (accuracy, recall, balanced accuracy) as (float, (K,) array, float).

    labels, predictions: (N,) integers 0..K-1; every class occurs among the labels.
    """
    # solution
    right = labels == predictions
    recall = np.array([right[labels == c].mean() for c in range(K)])
    return right.mean(), recall, recall.mean()
