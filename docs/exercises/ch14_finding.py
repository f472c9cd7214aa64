"""Chapter 14, exercises: replace every `raise NotImplementedError` until this passes:

    pytest docs/exercises/ch14_finding.py
"""

import numpy as np

from tinyfer.kernels.reference import conv2d_forward


def by_hand():
    """Exercise 1, by hand. Three numbers: the windows of `scan` (26 pixels, step 4) in a picture of
    640 x 480; the IoU of two squares of side 10, one moved by (2, 5) against the other; the average
    precision of the boxes hit, hit, false, hit where there are four faces.
    """
    raise NotImplementedError


def as_convolution(w):
    """Exercise 2. Filters (3, 3, C, K) that do what dense weights w (9 C, K) do behind Flatten."""
    raise NotImplementedError


def suppress(boxes, scores, most):
    """Exercise 3. The numbers of the boxes that stay, the surest first: a list of int.

    boxes (N, 4): left, top, right, bottom, right and bottom not included; scores (N,). A box goes
    if its IoU with one that stays is above `most`.
    """
    raise NotImplementedError


def curve(scores, hit):
    """Exercise 4. (hits, false): two arrays (N,), counted over the boxes from the surest down.

    scores: a list with one array for each picture; hit: the same of bool, which boxes are hits.
    """
    raise NotImplementedError


def clean(n, q, rng, pictures=4000):
    """Exercise 5, an experiment. The share of pictures without a false box, drawn with rng, if each
    of their n windows is false with probability q."""
    raise NotImplementedError


def rate_for(n, share):
    """Exercise 5. The q for which that share of pictures stays clean."""
    raise NotImplementedError


def test_by_hand():
    windows, overlap, precision = by_hand()
    assert windows == 154 * 114
    assert np.isclose(overlap, 0.25)
    assert np.isclose(precision, 0.6875)


def test_as_convolution():
    rng = np.random.default_rng(0)
    x, w = rng.standard_normal((4, 3, 3, 5)), rng.standard_normal((45, 2))
    filters = as_convolution(w)
    assert filters.shape == (3, 3, 5, 2)
    out = conv2d_forward(x, filters, np.zeros(2))
    np.testing.assert_allclose(out[:, 0, 0], x.reshape(4, -1) @ w)


def test_suppress():
    boxes = np.array([(0, 0, 10, 10), (20, 0, 30, 10), (1, 0, 11, 10), (10, 0, 20, 10)])
    scores = np.array([0.5, 0.6, 0.9, 0.1])
    assert suppress(boxes, scores, 0.5) == [2, 1, 3]
    assert suppress(boxes, scores, 0.9) == [2, 1, 0, 3]
    assert suppress(boxes, scores, 0.0) == [2, 1]       # of the last, one pixel lies in box 2
    assert suppress(2 * boxes, scores, 0.5) == [2, 1, 3]
    assert suppress(boxes[:0], scores[:0], 0.5) == []


def test_curve():
    hits, false = curve([np.array([0.2, 0.9]), np.array([]), np.array([0.8, 0.1])],
                        [np.array([True, True]), np.array([], bool), np.array([False, False])])
    assert list(hits) == [1, 1, 2, 2] and list(false) == [0, 1, 1, 2]


def test_clean():
    rng = np.random.default_rng(1)
    assert abs(clean(1000, 0.001, rng) - np.exp(-1)) < 0.03
    assert clean(1000, 0.0, rng) == 1 and clean(10, 1.0, rng) == 0


def test_rate_for():
    q = rate_for(200_000, 0.9)
    assert np.isclose((1 - q) ** 200_000, 0.9)
    assert 4e-7 < q < 6e-7
