"""Chapter 7, exercises: replace every `raise NotImplementedError`, here and in mynet/pooling.py:

    pytest docs/exercises/ch07_pooling.py
"""

import checker
import numpy as np
from checker import derivation, overwritten, same, slope
from mynet.pooling import MaxPool  # exercise 2: write mynet/pooling.py
from numpy.lib.stride_tricks import sliding_window_view


def by_hand():
    """Exercise 1, by hand. Max pooling 2x2, the first of equal values wins:
    x = [[3, 3, 1, 2], [0, 1, 2, 0]] and dout = [[5, 7]].

    Return (out, dx) as lists of lists.
    """
    raise NotImplementedError


def average_pool(x, size, step):
    """Exercise 3. The mean of each size x size window of x (N, H, W, C), one every `step` rows and
    columns; windows may overlap, and rows that no whole window reaches are dropped.
    """
    raise NotImplementedError


def average_pool_backward(dout, shape, size, step):
    """Exercise 3. dx for an input of `shape`."""
    raise NotImplementedError


def sharing_backward(dout, x):
    """Exercise 4. dx of 2x2 max pooling, step 2, that divides dout evenly among the tied winners;
    even sizes.
    """
    raise NotImplementedError


def share_of_ties(q, rng):
    """Exercise 5, an experiment. The share of 100,000 squares without a single winner.

    Each of the four values is 0 with probability q, otherwise uniform in (0, 1). Then find the
    formula: when exactly is there a tie?
    """
    raise NotImplementedError


def windows(x, size, step):
    """(N, H', W', C, size, size)"""
    return sliding_window_view(x, (size, size), axis=(1, 2))[:, ::step, ::step]


def test_by_hand():
    checker.by_hand("pooling", by_hand())


def _distinct(rng, shape):
    return rng.permutation(np.prod(shape)).reshape(shape) * 0.01


def test_max_pool():
    rng = np.random.default_rng(2)
    for size, step in (2, 2), (3, 2), (3, 1):
        layer, x = MaxPool(size, step), _distinct(rng, (2, 7, 6, 3))
        same(f"out for size {size}, step {step}", layer.forward(x),
             windows(x, size, step).max(axis=(4, 5)), {
                 "this is the mean of each window": lambda: windows(x, size, step).mean((4, 5)),
                 "the step is not used": lambda: windows(x, size, size).max((4, 5))})
        dout = rng.standard_normal(layer.forward(x).shape)
        places = list(np.ndindex(size, size))
        won = windows(x, size, step).reshape(*dout.shape, -1).argmax(axis=-1)
        checker.check_backward(layer, x, dout, known={"dx": {
            "windows overlap, and the last one replaces the others: add up (+=)":
                lambda: overwritten([lambda n=n: windows(x, size, step)[(..., *places[n])] * (
                    won == n) for n in range(size**2)],
                    [lambda p=p: windows(x, size, step)[(..., *p)] for p in places], x, dout),
            "every member of a window gets dout, not only the winner":
                lambda: slope(lambda: windows(x, size, step).sum((4, 5)), x, dout),
            "this is the gradient of the mean":
                lambda: slope(lambda: windows(x, size, step).mean((4, 5)), x, dout)}})


def test_the_first_of_equal_values_wins():
    layer = MaxPool()
    layer.forward(np.array([[4, 4, 0, 1.0], [4, 2, 3, 3]]).reshape(1, 2, 4, 1))
    dx = layer.backward(np.array([5, 7.0]).reshape(1, 1, 2, 1))[0, :, :, 0]
    same("dx at ties", dx, [[5, 0, 0, 0], [0, 0, 7, 0]], {
        "all that tie get the whole of dout": [[5, 5, 0, 0], [5, 0, 7, 7]],
        "dout is divided among those that tie: here the first takes it":
            [[5 / 3, 5 / 3, 0, 0], [5 / 3, 0, 3.5, 3.5]],
        "the last of equal values wins: here the first does": [[0, 0, 0, 0], [5, 0, 0, 7]]})


def test_average_pool():
    rng = np.random.default_rng(0)
    x = rng.standard_normal((2, 7, 6, 3))
    for size, step in (2, 2), (3, 2), (2, 3):
        def forward(size=size, step=step):
            return windows(x, size, step).mean(axis=(4, 5))

        same(f"out for size {size}, step {step}", average_pool(x, size, step), forward(), {
            "this is the sum: divide by the members of a window": size**2 * forward(),
            "it is divided by size, not by size squared": size * forward(),
            "this is the maximum": windows(x, size, step).max(axis=(4, 5))})
        dout = rng.standard_normal(forward().shape)
        places = list(np.ndindex(size, size))
        parts = [lambda p=p: windows(x, size, step)[(..., *p)] / size**2 for p in places]
        backward = derivation(average_pool_backward, [average_pool])
        same("dx", backward(dout, x.shape, size, step), slope(forward, x, dout), {
            "windows overlap, and the last one replaces the others: add up (+=)":
                lambda: overwritten(parts, parts, x, dout),
            "each member gets the whole of dout: its derivative is one over their number":
                lambda: size**2 * slope(forward, x, dout)}, 1e-7)


def test_sharing():
    x = np.array([[4, 4, 1, 0], [4, 0, 0, 1], [2, 1, 6, 6], [1, 0, 6, 6.0]]).reshape(1, 4, 4, 1)
    dout = np.array([[3, 1], [5, 8.0]]).reshape(1, 2, 2, 1)
    right = np.array([[1, 1, 0.5, 0], [1, 0, 0, 0.5], [5, 0, 2, 2], [0, 0, 2, 2]])
    large = np.kron([[3, 1], [5, 8]], np.ones((2, 2)))
    same("dx", derivation(sharing_backward)(dout, x)[0, :, :, 0], right, {
        "all that tie get the whole of dout: no subgradient": large * (right > 0),
        "every member gets a fourth": large / 4,
        "the first of those that tie takes it all":
            [[3, 0, 1, 0], [0, 0, 0, 0], [5, 0, 8, 0], [0, 0, 0, 0]]})


def test_share_of_ties():
    rng, chances = np.random.default_rng(1), np.array([0, 0.3, 0.5, 0.8, 1])
    same("share for q = 0, 0.3, 0.5, 0.8, 1", [share_of_ties(q, rng) for q in chances],
         chances**4, {
             "equal losers are no tie: look at the largest value": _equal(chances),
             "there is a tie where all four are 0, not where one is": 1 - (1 - chances) ** 4,
             "this is the share with a single winner": 1 - chances**4}, 0.01)


def _equal(q):
    """The chance of two zeros or more."""
    return 1 - (1 - q) ** 4 - 4 * q * (1 - q) ** 3
