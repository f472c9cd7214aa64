"""Chapter 0, exercises: replace every `raise NotImplementedError` until this passes:

    pytest docs/exercises/ch00_faces.py
"""

import numpy as np


def by_hand():
    """Exercise 1, by hand. The test images of a three-class problem are 60, 30 and 10.

    Return five numbers, rounded to three decimals: the accuracy of chance, of guessing in
    proportion to these shares, and of always answering the largest class; then the lower and upper
    end of the 95 % interval of a classifier that got 80 of the 100 right.
    """
    raise NotImplementedError


def scores(labels, predictions, K):
    """Exercise 2. (accuracy, recall, balanced accuracy) as (float, (K,) array, float).

    labels, predictions: (N,) integers 0..K-1; every class occurs among the labels.
    """
    raise NotImplementedError


def true_accuracy(measured, eta, K):
    """Exercise 3. The accuracy on true labels behind a measured one.

    A share eta of the labels is wrong, each of the K - 1 other classes alike.
    """
    raise NotImplementedError


def score_of_memory(s, rng, K=7, n=400):
    """Exercise 4, an experiment. The accuracy of pure memory where there is nothing to learn.

    With rng draw n training and n test images of 8x8 standard normal noise, and labels 0..K-1 for
    both. Overwrite the first round(s n) test images and their labels by those of training images.
    Classify each test image by the label of the nearest training image (smallest sum of squared
    differences) and return the accuracy.
    """
    raise NotImplementedError


def test_by_hand():
    assert np.allclose(by_hand(), (0.333, 0.46, 0.6, 0.722, 0.878), atol=0.0006)


def test_scores():
    labels = np.array([0, 0, 0, 0, 1, 1, 2, 2])
    accuracy, recall, balanced = scores(labels, np.array([0, 0, 0, 1, 1, 1, 0, 1]), 3)
    assert np.isclose(accuracy, 5 / 8)
    assert np.allclose(recall, [3 / 4, 1, 0])
    assert np.isclose(balanced, 7 / 12)
    accuracy, recall, balanced = scores(labels, np.zeros(8, int), 3)        # the majority class
    assert np.isclose(accuracy, 0.5) and np.isclose(balanced, 1 / 3)


def test_true_accuracy():
    assert np.isclose(true_accuracy(0.9, 0.1, 7), 1)
    assert np.isclose(true_accuracy(0.8 * 0.9 + 0.2 * 0.1 / 6, 0.1, 7), 0.8)
    assert np.isclose(true_accuracy(0.62, 0.0, 7), 0.62)


def test_memory_looks_like_learning():
    rng = np.random.default_rng(0)
    for s in 0, 0.08, 0.5, 1:
        assert abs(score_of_memory(s, rng) - (s + (1 - s) / 7)) < 0.06
