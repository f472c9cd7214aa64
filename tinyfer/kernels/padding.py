"""Arrays rounded up to whole tiles and whole vectors, so that no kernel meets a remainder."""

import numpy as np
from numba import njit, prange

from tinyfer.kernels.memory import empty


def up(n, step):
    """The least multiple of step that is n or more."""
    return -(-n // step) * step


def pad(a, shape):
    """`a` with zeros behind it on every axis up to `shape`; `a` itself where nothing is missing."""
    if a.shape == shape:
        return np.ascontiguousarray(a)
    padded = empty(shape, a.dtype)
    padded[tuple(slice(n) for n in a.shape)] = a
    for axis, n in enumerate(a.shape):
        padded[(slice(None),) * axis + (slice(n, None),)] = 0
    return padded


def crop(a, shape):
    """The first part of `a`, of the given shape; `a` itself where that is all of it."""
    if a.shape == shape:
        return a
    cropped = empty(shape, a.dtype)
    cropped[...] = a[tuple(slice(n) for n in shape)]
    return cropped


@njit(parallel=True, error_model="numpy", cache=True)
def _swap(w, C, K, swapped):
    for strip in prange(9 * ((C + 15) // 16)):
        start, c0 = strip % 9 * C * K, strip // 9 * 16
        for k in range(K):
            for c in range(c0, min(c0 + 16, C)):
                swapped[start + k * C + c] = w[start + c * K + k]


def swap_channels(w):
    """w (3, 3, C, K) -> (3, 3, K, C), contiguous."""
    swapped = empty((3, 3, w.shape[3], w.shape[2]), w.dtype)
    _swap(w.reshape(-1), w.shape[2], w.shape[3], swapped.reshape(-1))
    return swapped
