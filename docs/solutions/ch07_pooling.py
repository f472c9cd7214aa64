"""Chapter 7, solutions; those of the pieces are in mynet/."""

import numpy as np


def by_hand():
    """In the second square the two 2s tie: position (0, 1) comes before (1, 0)."""
    return [[3, 2]], [[5, 0, 0, 7], [0, 0, 0, 0]]


def _members(shape, size, step):
    """Slices of x: in each, one member of every window."""
    H, W = ((side - size) // step + 1 for side in shape[1:3])
    return [np.s_[:, u:u + step * (H - 1) + 1:step, v:v + step * (W - 1) + 1:step]
            for u in range(size) for v in range(size)]


def average_pool(x, size, step):
    return sum(x[member] for member in _members(x.shape, size, step)) / size**2


def average_pool_backward(dout, shape, size, step):
    """Each member has the derivative 1 / size^2, in every window that it belongs to."""
    dx = np.zeros(shape)
    for member in _members(shape, size, step):
        dx[member] += dout / size**2
    return dx


def sharing_backward(dout, x):
    N, H, W, C = x.shape
    squares = x.reshape(N, H // 2, 2, W // 2, 2, C)
    won = squares == squares.max(axis=(2, 4), keepdims=True)
    shares = won / won.sum(axis=(2, 4), keepdims=True)
    return (shares * dout[:, :, None, :, None]).reshape(x.shape)


def share_of_ties(q, rng):
    """Two uniform numbers are never equal, and any of them beats the zeros: all four must be 0."""
    squares = rng.random((100_000, 4)) * (rng.random((100_000, 4)) >= q)
    return ((squares == squares.max(axis=1, keepdims=True)).sum(axis=1) > 1).mean()
