"""Chapter 7, exercises: replace every `raise NotImplementedError`."""

import numpy as np


def by_hand():
    """Exercise 1, by hand. Max pooling 2x2, the first of equal values wins:
    x = [[3, 3, 1, 2], [0, 1, 2, 0]] and dout = [[5, 7]].

    Return (out, dx) as lists of lists.
    """
    # solution
    # In the second square the two 2s tie: position (0, 1) comes before (1, 0).
    return [[3, 2]], [[5, 0, 0, 7], [0, 0, 0, 0]]


# helper
def _members(shape, size, step):
    """Slices of x: in each, one member of every window."""
    H, W = ((side - size) // step + 1 for side in shape[1:3])
    return [np.s_[:, u:u + step * (H - 1) + 1:step, v:v + step * (W - 1) + 1:step]
            for u in range(size) for v in range(size)]


def average_pool(x, size, step):
    """Exercise 3. The mean of each size x size window of x (N, H, W, C), one every `step` rows and
    columns; windows may overlap, and rows that no whole window reaches are dropped.
    """
    # solution
    return sum(x[member] for member in _members(x.shape, size, step)) / size**2


def average_pool_backward(dout, shape, size, step):
    """Exercise 3. dx for an input of `shape`."""
    # solution
    # out = sum of the members / size^2: each has the derivative 1 / size^2, in every window that it
    # belongs to. Its gradient is the sum of dout / size^2 over these windows.
    dx = np.zeros(shape)
    for member in _members(shape, size, step):
        dx[member] += dout / size**2
    return dx


def sharing_backward(dout, x):
    """Exercise 4. dx of 2x2 max pooling, step 2, that divides dout evenly among the tied winners;
    even sizes.
    """
    # solution
    # The maximum is convex. Where t members tie, 1 for one of them and 0 for the rest is a
    # subgradient, one for each winner, and so is their mean: 1 / t for every winner.
    N, H, W, C = x.shape
    squares = x.reshape(N, H // 2, 2, W // 2, 2, C)
    won = squares == squares.max(axis=(2, 4), keepdims=True)
    shares = won / won.sum(axis=(2, 4), keepdims=True)
    return (shares * dout[:, :, None, :, None]).reshape(x.shape)
