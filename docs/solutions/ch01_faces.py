"""Chapter 1, exercises: replace every `raise NotImplementedError`."""

import numpy as np


def by_hand():
    """Exercise 1, by hand. The test images of a three-class problem are 60, 30 and 10.

    Return five numbers, rounded to three decimals: the accuracy of chance, of guessing in
    proportion to these shares, and of always answering the largest class; then the lower and upper
    end of the 95 % interval of a classifier that got 80 of the 100 right.
    """
    # solution
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


def score_of_memory(s, rng, K=7, n=400):
    """Exercise 3, an experiment. The accuracy of pure memory where there is nothing to learn.

    With rng draw n training and n test images of 8x8 standard normal noise, and labels 0..K-1 for
    both. Overwrite the first round(s n) test images and their labels by those of training images.
    Classify each test image by the label of the nearest training image (smallest sum of squared
    differences) and return the accuracy. Before you run it: what will it be, as a formula in s?
    """
    # solution
    # A copy is always found, anything else is a guess: s + (1 - s) / K.
    train, test = rng.standard_normal((2, n, 64))
    train_labels, test_labels = rng.integers(K, size=(2, n))
    copied = round(s * n)
    test[:copied], test_labels[:copied] = train[:copied], train_labels[:copied]
    squares = (test**2).sum(1)[:, None] - 2 * test @ train.T + (train**2).sum(1)
    return (train_labels[squares.argmin(axis=1)] == test_labels).mean()
