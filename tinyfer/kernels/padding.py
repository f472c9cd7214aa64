"""Arrays rounded up to whole tiles and whole vectors, so that no kernel meets a remainder."""

import numpy as np
from numba import njit, prange

from tinyfer.kernels.memory import empty

SMALL = 1 << 16     # numbers; below this NumPy's copy is as fast


def up(n, step):
    """The least multiple of step that is n or more."""
    return -(-n // step) * step


def pad(a, shape):
    """`a` with zeros behind it on every axis up to `shape`; `a` itself where nothing is missing."""
    if a.shape == shape:
        return np.ascontiguousarray(a)
    if a.ndim == 4 and a.size > SMALL:
        padded = empty(shape, a.dtype)
        _copy(np.ascontiguousarray(a), padded)
        return padded
    padded = np.zeros(shape, a.dtype)
    padded[tuple(slice(n) for n in a.shape)] = a
    return padded


def crop(a, shape):
    """The first part of `a`, of the given shape; `a` itself where that is all of it."""
    if a.shape == shape:
        return a
    if a.ndim == 4 and a.size > SMALL:
        cropped = empty(shape, a.dtype)
        _copy(a, cropped)
        return cropped
    return np.ascontiguousarray(a[tuple(slice(n) for n in shape)])


@njit(parallel=True, cache=True)
def _copy(a, b):
    """b = a where both have a place, 0 elsewhere in b. Each iteration owns b[i]."""
    I, J, K, L = a.shape
    for i in prange(b.shape[0]):
        for j in range(b.shape[1]):
            for k in range(b.shape[2]):
                copied = min(L, b.shape[3]) if i < I and j < J and k < K else 0
                for n in range(copied):
                    b[i, j, k, n] = a[i, j, k, n]
                for n in range(copied, b.shape[3]):
                    b[i, j, k, n] = 0


@njit(parallel=True, cache=True)
def _swap(w, swapped):
    _, _, C, K = w.shape
    for c0 in prange((C + 15) // 16):
        for u in range(3):
            for v in range(3):
                for k in range(K):
                    for c in range(c0 * 16, min(c0 * 16 + 16, C)):
                        swapped[u, v, k, c] = w[u, v, c, k]


def swap_channels(w):
    """w (3, 3, C, K) -> (3, 3, K, C), contiguous."""
    swapped = empty((3, 3, w.shape[3], w.shape[2]), w.dtype)
    _swap(w, swapped)
    return swapped
