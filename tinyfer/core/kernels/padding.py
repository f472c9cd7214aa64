"""Arrays rounded up to whole tiles and whole vectors, so that no kernel meets a remainder."""

import numpy as np
from numba import prange

from tinyfer.core.kernels.compiling import kernel
from tinyfer.core.kernels.memory import empty


def round_up(n, step):
    """The least multiple of step that is n or more."""
    return -(-n // step) * step


@kernel(parallel=True, error_model="numpy")
def _copy(a, fitted):
    """Each iteration owns one row of channels."""
    N, H, W, C = a.shape
    rows, columns, channels = fitted.shape[1:]
    for place in prange(fitted.shape[0] * rows * columns):
        n, i, j = place // (rows * columns), place // columns % rows, place % columns
        there = min(C, channels) if n < N and i < H and j < W else 0
        for c in range(there):
            fitted[n, i, j, c] = a[n, i, j, c]
        for c in range(there, channels):
            fitted[n, i, j, c] = 0


def pad(a, shape):
    """`a`, of up to four axes, filled up with zeros at the end of each to have `shape`.

    Contiguous; `a` itself where it is so already. ValueError where `a` is the longer.
    """
    return _fit(a, shape, min)


def cut(a, shape):
    """`a` without what lies beyond `shape`; otherwise as `pad`. ValueError where `a` is shorter."""
    return _fit(a, shape, max)


def _fit(a, shape, smaller):
    a = np.ascontiguousarray(a)
    if a.shape == shape:
        return a
    if len(a.shape) != len(shape) or any(smaller(n, m) != n for n, m in zip(a.shape, shape)):
        raise ValueError(f"an array of shape {a.shape} cannot be "
                         f"{'padded' if smaller is min else 'cut'} to {shape}")
    fitted = empty(shape, a.dtype)
    ones = (1,) * (4 - a.ndim)
    _copy(a.reshape(ones + a.shape), fitted.reshape(ones + shape))
    return fitted


@kernel(parallel=True, error_model="numpy")
def _swap(w, C, K, swapped):
    """Each iteration owns 16 channels, which lie in one line of a cache, for 64 filters."""
    strips, blocks = (C + 15) // 16, (K + 63) // 64
    for piece in prange(9 * strips * blocks):
        start = piece // (strips * blocks) * C * K
        c0, k0 = piece // blocks % strips * 16, piece % blocks * 64
        for k in range(k0, min(k0 + 64, K)):
            for c in range(c0, min(c0 + 16, C)):
                swapped[start + k * C + c] = w[start + c * K + k]


def swap_channels(w):
    """w (3, 3, C, K) -> (3, 3, K, C), contiguous."""
    swapped = empty((3, 3, w.shape[3], w.shape[2]), w.dtype)
    _swap(w.reshape(-1), w.shape[2], w.shape[3], swapped.reshape(-1))
    return swapped
