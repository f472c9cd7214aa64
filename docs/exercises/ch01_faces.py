"""Chapter 1, the tests. The answers: ch01_faces.py of a workspace."""

import numpy as np
from answers import score_of_memory, scores
from checker import same, true


def test_scores():
    labels = np.array([0, 0, 0, 0, 0, 1, 1, 1, 2, 2])
    predictions = np.array([0, 0, 0, 1, 1, 1, 1, 0, 2, 1])
    accuracy, recall, balanced = scores(labels, predictions, 3)
    same("accuracy", accuracy, 0.6)
    same("recall", recall, [3 / 5, 2 / 3, 1 / 2])
    same("balanced accuracy", balanced, (3 / 5 + 2 / 3 + 1 / 2) / 3)


def test_memory_looks_like_learning():
    rng = np.random.default_rng(0)
    measured = [score_of_memory(s, rng) for s in (0, 0.08, 0.5, 1)]
    true(measured[0] < 0.3, "with s = 0 nothing is copied, and yet the score is high")
    true(measured[3] > 0.3, "copies are found, but with wrong labels: copy image and label")
    same("score for s = 0, 0.08, 0.5, 1", measured, [s + (1 - s) / 7 for s in (0, 0.08, 0.5, 1)],
         0.06)
