"""Chapter 1, exercises: replace every `raise NotImplementedError` until this passes:

    pytest docs/exercises/ch01_faces.py
"""

import checker
import numpy as np
from checker import same, true


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


def score_of_memory(s, rng, K=7, n=400):
    """Exercise 3, an experiment. The accuracy of pure memory where there is nothing to learn.

    With rng draw n training and n test images of 8x8 standard normal noise, and labels 0..K-1 for
    both. Overwrite the first round(s n) test images and their labels by those of training images.
    Classify each test image by the label of the nearest training image (smallest sum of squared
    differences) and return the accuracy. Before you run it: what will it be, as a formula in s?
    """
    raise NotImplementedError


def test_by_hand():
    checker.by_hand("faces", by_hand())


def test_scores():
    labels = np.array([0, 0, 0, 0, 0, 1, 1, 1, 2, 2])
    predictions = np.array([0, 0, 0, 1, 1, 1, 1, 0, 2, 1])
    accuracy, recall, balanced = scores(labels, predictions, 3)
    same("accuracy", accuracy, 0.6, {"this is the number of right answers, not their share": 6})
    same("recall", recall, [3 / 5, 2 / 3, 1 / 2], {
        "this is the precision: divide by the images of a class, not by those called so":
            [3 / 4, 2 / 5, 1],
        "these are counts: divide by the number of images of the class": [3, 2, 1]})
    same("balanced accuracy", balanced, (3 / 5 + 2 / 3 + 1 / 2) / 3, {
        "this is the plain accuracy": 0.6,
        "each class must count the same: this weighs the recalls":
            (3 / 5 * 5 + 2 / 3 * 3 + 1 / 2 * 2) / 10})


def test_memory_looks_like_learning():
    rng = np.random.default_rng(0)
    measured = [score_of_memory(s, rng) for s in (0, 0.08, 0.5, 1)]
    true(measured[0] < 0.3, "with s = 0 nothing is copied, and yet the score is high")
    true(measured[3] > 0.3, "copies are found, but with wrong labels: copy image and label")
    same("score for s = 0, 0.08, 0.5, 1", measured, [s + (1 - s) / 7 for s in (0, 0.08, 0.5, 1)], {
        "the farthest training image is taken, not the nearest": np.full(4, 1 / 7)}, 0.06)
