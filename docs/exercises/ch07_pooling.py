"""Chapter 7, the tests. The answers: ch07_pooling.py of a workspace."""

import checker
import numpy as np
from answers import (
    average_pool,
    average_pool_backward,
    by_hand,
    share_of_ties,
    sharing_backward,
)
from checker import derivation, overwritten, same, slope
from mynet.pooling import MaxPool
from numpy.lib.stride_tricks import sliding_window_view


def windows(x, size, step):
    """(N, H', W', C, size, size)"""
    return sliding_window_view(x, (size, size), axis=(1, 2))[:, ::step, ::step]


def test_by_hand():
    """1 Where does the largest number of each square stand?
    2 Of equal numbers the first in reading order: the first row comes before the second.
    3 5 goes to (0, 0); 7 to (0, 3); the rest is zero.
    """
    checker.by_hand("pooling", by_hand())


def _distinct(rng, shape):
    return rng.permutation(np.prod(shape)).reshape(shape) * 0.01


def test_max_pool():
    """1 Stack the members of all windows: for each (u, v) a slice of x in steps.
    2 argmax along the stack tells which member won.
    3 dx at the slice of member m += dout * (winner == m).
    """
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
            "a pixel that wins twice gets one dout: dx[places] += dout counts each place once; add "
            "up slice by slice, or by np.add.at": lambda: _once(x, size, step, dout),
            "every member of a window gets dout, not only the winner":
                lambda: slope(lambda: windows(x, size, step).sum((4, 5)), x, dout),
            "this is the gradient of the mean":
                lambda: slope(lambda: windows(x, size, step).mean((4, 5)), x, dout)}})


def _once(x, size, step, dout):
    """dx where of several windows that a pixel wins the last one counts."""
    numbers = windows(np.arange(x.size).reshape(x.shape), size, step).reshape(*dout.shape, -1)
    won = windows(x, size, step).reshape(numbers.shape).argmax(axis=-1)[..., None]
    dx = np.zeros(x.size)
    dx[np.take_along_axis(numbers, won, axis=-1)[..., 0]] += dout
    return dx.reshape(x.shape)


def test_the_first_of_equal_values_wins():
    """1 np.argmax returns the first of equal values.
    2 So the stack must be in reading order: u outside, v inside.
    3 And only one member of a window may get dout.
    """
    layer = MaxPool()
    layer.forward(np.array([[4, 4, 0, 1.0], [4, 2, 3, 3]]).reshape(1, 2, 4, 1))
    dx = layer.backward(np.array([5, 7.0]).reshape(1, 1, 2, 1))[0, :, :, 0]
    same("dx at ties", dx, [[5, 0, 0, 0], [0, 0, 7, 0]], {
        "all that tie get the whole of dout": [[5, 5, 0, 0], [5, 0, 7, 7]],
        "dout is divided among those that tie: here the first takes it":
            [[5 / 3, 5 / 3, 0, 0], [5 / 3, 0, 3.5, 3.5]],
        "the last of equal values wins: here the first does": [[0, 0, 0, 0], [5, 0, 0, 7]]})


def test_average_pool():
    """1 Which outputs does a pixel belong to, and with which derivative?
    2 1 / size^2, in every window that contains it.
    3 Loop over (u, v): dx at the slice += dout / size**2.
    """
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
    """1 First find all that tie: squares == their maximum.
    2 Reshape to (N, H/2, 2, W/2, 2, C), so that a square is two axes.
    3 Divide by the number that tie, times dout, and reshape back.
    """
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
    """1 Two numbers drawn uniformly are never equal.
    2 So a tie must be among the zeros, and zero must be the largest.
    3 All four are 0.
    """
    rng, chances = np.random.default_rng(1), np.array([0, 0.3, 0.5, 0.8, 1])
    same("share for q = 0, 0.3, 0.5, 0.8, 1", [share_of_ties(q, rng) for q in chances],
         chances**4, {
             "equal losers are no tie: look at the largest value": _equal(chances),
             "there is a tie where all four are 0, not where one is": 1 - (1 - chances) ** 4,
             "this is the share with a single winner": 1 - chances**4}, 0.01)


def _equal(q):
    """The chance of two zeros or more."""
    return 1 - (1 - q) ** 4 - 4 * q * (1 - q) ** 3
