"""Arrays rounded up to whole tiles and whole vectors, so that no kernel meets a remainder."""

import numpy as np
from numba import prange

from tinyfer.kernels.compiling import kernel
from tinyfer.kernels.memory import empty


def round_up(n, step):
    """The least multiple of step that is n or more."""
    return -(-n // step) * step


@kernel(parallel=True, error_model="numpy")
def _copy(a, fitted):
    N, H, W, C = a.shape
    for n in prange(fitted.shape[0]):
        for i in range(fitted.shape[1]):
            for j in range(fitted.shape[2]):
                there = min(C, fitted.shape[3]) if n < N and i < H and j < W else 0
                for c in range(there):
                    fitted[n, i, j, c] = a[n, i, j, c]
                for c in range(there, fitted.shape[3]):
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
