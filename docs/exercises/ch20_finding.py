"""Chapter 20, the tests. The answers: ch20_finding.py of a workspace."""

import checker
import numpy as np
from answers import as_convolution, by_hand, clean, curve, rate_for, suppress
from checker import same, true


def test_by_hand():
    """1 The first row of a window can be 0, 4, 8 ... as long as all 26 pixels fit.
    2 Common: 8 by 5; the union is the sum of both squares less that.
    3 Each hit adds its precision over four faces: 1, 1 and 3/4.
    """
    checker.by_hand("finding", by_hand())


def test_as_convolution():
    """1 In which order does Flatten read a map of 3 x 3 x C?
    2 Rows, then columns, then channels: row u, column v, channel c is number (3 u + v) C + c.
    3 A single reshape does it.
    """
    rng = np.random.default_rng(0)
    x, w = rng.standard_normal((4, 3, 3, 5)), rng.standard_normal((45, 2))
    right = np.array([[[w[15 * u + 5 * v + c] for c in range(5)] for v in range(3)]
                      for u in range(3)])
    found = as_convolution(w)
    same("filters", found, right, {
        "rows and columns of the window are exchanged": right.swapaxes(0, 1),
        "the channels come first in the flattened row": w.reshape(5, 3, 3, 2).transpose(1, 2, 0, 3),
        "the filters are turned": right[::-1, ::-1]})
    same("what they make of a window", np.einsum("nuvc,uvck->nk", x, found), x.reshape(4, -1) @ w)


def _kept(boxes, scores, most, surest=True, by_smaller=False, plus=0, least=0):
    """As the exercise says, box by box."""
    kept = []
    for n in sorted(range(len(boxes)), key=lambda n: -scores[n] if surest else scores[n]):
        for m in kept:
            sides = [max(least, min(boxes[n][k + 2], boxes[m][k + 2]) + plus
                         - max(boxes[n][k], boxes[m][k])) for k in (0, 1)]
            areas = [(b[2] - b[0] + plus) * (b[3] - b[1] + plus) for b in (boxes[n], boxes[m])]
            both = sides[0] * sides[1]
            if both / (min(areas) if by_smaller else sum(areas) - both) > most:
                break
        else:
            kept.append(n)
    return kept


def test_suppress():
    """1 Go through the boxes from the surest down.
    2 Keep a list; a box joins it if it overlaps none of it too much.
    3 Common width: min of the rights minus max of the lefts, at least 0; so too the height.
    """
    rng = np.random.default_rng(3)
    corners = rng.integers(0, 30, (60, 2))
    many = np.hstack([corners, corners + rng.integers(5, 20, (60, 2))])
    few = np.array([(0, 0, 10, 10), (20, 0, 30, 10), (1, 0, 11, 10), (10, 0, 20, 10)])
    for boxes, scores in (few, np.array([0.5, 0.6, 0.9, 0.1])), (many, rng.random(60)):
        for most in 0.5, 0.9, 0.0, 0.3:
            given = boxes, scores, most
            same(f"boxes that stay at {most}", suppress(*given), _kept(*given), {
                "the surest box stays, not the least sure": _kept(*given, surest=False),
                "the common area is divided by the smaller box, not by the union":
                    _kept(*given, by_smaller=True),
                "right and bottom are not included: the sides have no + 1": _kept(*given, plus=1),
                "boxes that lie apart have no overlap: two negative sides make a positive area":
                    _kept(*given, least=-np.inf),
                "the boxes are not sorted by their scores": sorted(_kept(*given))})
    same("of no boxes", len(suppress(few[:0], np.empty(0), 0.5)), 0)


def test_curve():
    """1 The pictures do not matter for the order.
    2 np.concatenate both lists, then one argsort of the negative scores.
    3 cumsum of the hits in that order, and of their opposite.
    """
    scores = [np.array([0.2, 0.9, 0.5]), np.array([]), np.array([0.8, 0.1])]
    hit = [np.array([True, True, False]), np.array([], bool), np.array([False, False])]
    found = np.array(curve(scores, hit))
    same("hits, false", found, [[1, 1, 1, 2, 2], [0, 1, 2, 2, 3]], {
        "the pictures come one after the other: sort all boxes together":
            [[1, 1, 2, 2, 2], [0, 1, 1, 2, 3]],
        "the boxes are not sorted": [[1, 2, 2, 2, 2], [0, 0, 1, 2, 3]],
        "the least sure box comes first": [[0, 1, 1, 1, 2], [1, 1, 2, 3, 3]],
        "hits and false boxes are exchanged": [[0, 1, 2, 2, 3], [1, 1, 1, 2, 2]]})


def test_clean():
    """1 rng.binomial(n, q, pictures) draws the false boxes of every picture.
    2 A picture is clean if it has none.
    3 The mean of == 0.
    """
    rng = np.random.default_rng(1)
    cases = (1000, 0.001), (1000, 0.0), (10, 1.0), (200, 0.002)
    same("shares", [clean(n, q, rng) for n, q in cases], [(1 - q) ** n for n, q in cases], {
        "this is the share of pictures with a false box": [1 - (1 - q) ** n for n, q in cases],
        "this is the share of windows that are right": [1 - q for _, q in cases],
        "this is the mean number of false boxes": lambda: [n * q for n, q in cases]}, 0.03)


def test_rate_for():
    """1 A picture is clean if every window is: (1 - q) to the power n.
    2 Set that equal to the share.
    3 q = 1 - share ** (1 / n).
    """
    for n, share in (200_000, 0.9), (1000, 0.5):
        q = rate_for(n, share)
        true(q < 0.5, "this is the rate of right windows")
        same(f"clean pictures of {n} windows at the q for {share}", (1 - q) ** n, share, {
            "the share is that of clean pictures": 1 - share,
            "windows are many: the n-th root of the share, not the share over n":
                (1 - (1 - share) / n) ** n}, 1e-6)
