"""Chapter 1, the tests. The answers: ch01_faces.py of a workspace."""

import checker
import numpy as np
from answers import by_hand, score_of_memory, scores
from checker import same, true


def test_by_hand():
    """1 Write the three shares down first.
    2 Guessing in proportion is right with probability p for a face of that class, and such
      faces come with probability p.
    3 Sum of p squared; the interval is 0.8 -+ 1.96 times the root of 0.8 times 0.2 over 100.
    """
    checker.by_hand("faces", by_hand())


def test_scores():
    """1 labels == predictions is an array of yes and no; its mean is a share.
    2 The recall of class c is that mean over the images whose label is c.
    3 Balanced accuracy is the plain mean of the recalls.
    """
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
    """1 Draw everything first, then overwrite images and labels.
    2 All squared distances at once: |a|^2 - 2 a b + |b|^2, as a matrix (n, n).
    3 argmin along the training images, and look up their labels.
    """
    rng = np.random.default_rng(0)
    measured = [score_of_memory(s, rng) for s in (0, 0.08, 0.5, 1)]
    true(measured[0] < 0.3, "with s = 0 nothing is copied, and yet the score is high")
    true(measured[3] > 0.3, "copies are found, but with wrong labels: copy image and label")
    same("score for s = 0, 0.08, 0.5, 1", measured, [s + (1 - s) / 7 for s in (0, 0.08, 0.5, 1)], {
        "the farthest training image is taken, not the nearest": np.full(4, 1 / 7)}, 0.06)
