"""Chapter 1, solutions."""

import numpy as np


def by_hand():
    """p = (0.6, 0.3, 0.1). 1/3; 0.36 + 0.09 + 0.01; 0.6; 0.8 -+ 1.96 sqrt(0.16 / 100)."""
    return 0.333, 0.46, 0.6, 0.8 - 1.96 * 0.04, 0.8 + 1.96 * 0.04


def scores(labels, predictions, K):
    right = labels == predictions
    recall = np.array([right[labels == c].mean() for c in range(K)])
    return right.mean(), recall, recall.mean()


def score_of_memory(s, rng, K=7, n=400):
    """A copy is always found, anything else is a guess: s + (1 - s) / K."""
    train, test = rng.standard_normal((2, n, 64))
    train_labels, test_labels = rng.integers(K, size=(2, n))
    copied = round(s * n)
    test[:copied], test_labels[:copied] = train[:copied], train_labels[:copied]
    squares = (test**2).sum(1)[:, None] - 2 * test @ train.T + (train**2).sum(1)
    return (train_labels[squares.argmin(axis=1)] == test_labels).mean()
