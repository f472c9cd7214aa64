"""Chapter 18, the tests. The answers: ch18_pytorch.py of a workspace."""

import numpy as np
from answers import accuracy_of_average, turn_rows
from checker import same


def test_turn_rows():
    rng = np.random.default_rng(0)
    for H, W, C in (2, 3, 4), (1, 5, 2):
        w = rng.standard_normal((C * H * W, 7))
        place = np.arange(C * H * W).reshape(C, H, W)
        same("w", turn_rows(w, (H, W, C)), w[place.transpose(1, 2, 0).ravel()])


def _simulated(M, shared):
    rng = np.random.default_rng(7)
    labels = rng.integers(0, 5, 20_000)
    z = (1.5 * np.eye(5)[labels] + np.sqrt(1 - shared) * rng.standard_normal((M, 20_000, 5))
         + np.sqrt(shared) * rng.standard_normal((20_000, 5)))
    e = np.exp(z)
    return np.mean((e / e.sum(axis=2, keepdims=True)).mean(axis=0).argmax(axis=1) == labels)


def test_accuracy_of_average():
    rng = np.random.default_rng(2)
    cases = (1, 0.5), (8, 0.5), (8, 1.0), (8, 0.0)
    found = [accuracy_of_average(M, shared, rng, n=8000) for M, shared in cases]
    same("accuracies for M, shared = 1, 0.5; 8, 0.5; 8, 1; 8, 0", found,
         [_simulated(*case) for case in cases], 0.02)
