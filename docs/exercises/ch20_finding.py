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


def _kept(boxes, scores, most):
    """By the sets of pixels that the boxes hold."""
    row, column = np.mgrid[:60, :60]
    inside = [(x0 <= column) & (column < x1) & (y0 <= row) & (row < y1)
              for x0, y0, x1, y1 in boxes]
    kept = []
    for n in np.argsort(-scores):
        pixels = {tuple(p) for p in np.argwhere(inside[n])}
        if all(len(pixels & other) <= most * len(pixels | other) for _, other in kept):
            kept.append((n, pixels))
    return [n for n, _ in kept]


def test_suppress():
    rng = np.random.default_rng(3)
    corners = rng.integers(0, 30, (60, 2))
    many = np.hstack([corners, corners + rng.integers(5, 20, (60, 2))])
    few = np.array([(0, 0, 10, 10), (20, 0, 30, 10), (1, 0, 11, 10), (10, 0, 20, 10)])
    for boxes, scores in (few, np.array([0.5, 0.6, 0.9, 0.1])), (many, rng.random(60)):
        for most in 0.5, 0.9, 0.0, 0.3:
            same(f"boxes that stay at {most}", suppress(boxes, scores, most),
                 _kept(boxes, scores, most))
    same("of no boxes", len(suppress(few[:0], np.empty(0), 0.5)), 0)


def test_curve():
    scores = [np.array([0.2, 0.9, 0.5]), np.array([]), np.array([0.8, 0.1])]
    hit = [np.array([True, True, False]), np.array([], bool), np.array([False, False])]
    found = np.array(curve(scores, hit))
    same("hits, false", found, [[1, 1, 1, 2, 2], [0, 1, 2, 2, 3]])
