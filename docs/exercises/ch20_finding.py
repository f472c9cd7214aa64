"""Chapter 20, the tests. The answers: ch20_finding.py of a workspace."""

import numpy as np
from answers import as_convolution, curve, suppress
from checker import same


def test_as_convolution():
    rng = np.random.default_rng(0)
    x, w = rng.standard_normal((4, 3, 3, 5)), rng.standard_normal((45, 2))
    right = np.array([[[w[15 * u + 5 * v + c] for c in range(5)] for v in range(3)]
                      for u in range(3)])
    found = as_convolution(w)
    same("filters", found, right)
    same("what they make of a window", np.einsum("nuvc,uvck->nk", x, found), x.reshape(4, -1) @ w)


def test_suppress():
    boxes = np.array([(0, 0, 10, 10), (20, 0, 30, 10), (1, 0, 11, 10), (10, 0, 20, 10),
                      (3, 2, 8, 9), (-5, -5, -1, -1), (30, 0, 40, 10)])
    scores = np.array([0.5, 0.6, 0.9, 0.1, 0.3, 0.2, 0.05])
    for most, right in {0.9: [2, 1, 0, 4, 5, 3, 6], 0.5: [2, 1, 4, 5, 3, 6],
                        0.3: [2, 1, 5, 3, 6], 0.0: [2, 1, 5, 6]}.items():
        same(f"boxes that stay at {most}", suppress(boxes, scores, most), right)
    same("of no boxes", len(suppress(boxes[:0], np.empty(0), 0.5)), 0)


def test_curve():
    scores = [np.array([0.2, 0.9, 0.5]), np.array([]), np.array([0.8, 0.1])]
    hit = [np.array([True, True, False]), np.array([], bool), np.array([False, False])]
    found = np.array(curve(scores, hit))
    same("hits, false", found, [[1, 1, 1, 2, 2], [0, 1, 2, 2, 3]])
