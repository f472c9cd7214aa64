"""Arrays rounded up to whole tiles and whole vectors, so that no kernel meets a remainder."""

import numpy as np


def up(n, step):
    """The least multiple of step that is n or more."""
    return -(-n // step) * step


def pad(a, shape):
    """`a` with zeros behind it on every axis up to `shape`; `a` itself where nothing is missing."""
    if a.shape == shape:
        return np.ascontiguousarray(a)
    padded = np.zeros(shape, a.dtype)
    padded[tuple(slice(n) for n in a.shape)] = a
    return padded


def crop(a, shape):
    """The first part of `a`, of the given shape; `a` itself where that is all of it."""
    return a if a.shape == shape else np.ascontiguousarray(a[tuple(slice(n) for n in shape)])
