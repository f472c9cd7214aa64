"""Chapter 5, exercises: replace every `raise NotImplementedError` until this passes:

    pytest docs/exercises/ch05_pooling.py
"""

import numpy as np

from tinyfer.gradcheck import numerical_gradient, relative_error


def by_hand():
    """Exercise 1, by hand. Max pooling, the first of equal values wins:
    x = [[3, 3, 1, 2], [0, 1, 2, 0]] and dout = [[5, 7]].

    Return (out, dx) as lists of lists.
    """
    raise NotImplementedError


def average_pool(x):
    """Exercise 2. The mean of each 2x2 square; x (N, H, W, C), an odd last row or column dropped."""
    raise NotImplementedError


def average_pool_backward(dout, shape):
    """Exercise 2. dx for an input of `shape`."""
    raise NotImplementedError


def sharing_backward(dout, x):
    """Exercise 3. dx of max pooling that divides dout evenly among the tied winners; even sizes."""
    raise NotImplementedError


def difference_at_a_tie():
    """Exercise 3, too. The central difference of max(a, b) by a at a = b, whatever the step."""
    raise NotImplementedError


def share_of_ties(q, rng):
    """Exercise 4, an experiment. The share of 100,000 squares without a single winner.

    Each of the four values is 0 with probability q, otherwise uniform in (0, 1). Then find the
    formula: when exactly is there a tie?
    """
    raise NotImplementedError


def test_by_hand():
    out, dx = by_hand()
    assert out == [[3, 2]]
    assert dx == [[5, 0, 0, 7], [0, 0, 0, 0]]


def test_average_pool():
    rng = np.random.default_rng(0)
    x, dout = rng.standard_normal((2, 5, 6, 3)), rng.standard_normal((2, 2, 3, 3))
    out = average_pool(x)
    assert out.shape == (2, 2, 3, 3) and np.isclose(out[1, 0, 2, 1], x[1, :2, 4:, 1].mean())
    dx = average_pool_backward(dout, x.shape)
    assert (dx[:, 4] == 0).all()
    assert relative_error(dx, numerical_gradient(lambda: average_pool(x), x, dout)) < 1e-7


def test_sharing():
    x = np.array([[4, 4, 1, 0], [4, 0, 0, 1], [2, 1, 6, 6], [1, 0, 6, 6.0]]).reshape(1, 4, 4, 1)
    dout = np.array([[3, 1], [5, 8.0]]).reshape(1, 2, 2, 1)
    assert np.allclose(sharing_backward(dout, x)[0, :, :, 0],
                       [[1, 1, 0.5, 0], [1, 0, 0, 0.5], [5, 0, 2, 2], [0, 0, 2, 2]])


def test_difference_at_a_tie():
    assert difference_at_a_tie() == 0.5


def test_share_of_ties():
    rng = np.random.default_rng(1)
    for q in 0, 0.5, 0.8, 1:
        assert abs(share_of_ties(q, rng) - q**4) < 0.01
