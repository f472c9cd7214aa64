"""Pictures turned, scaled, sheared and moved: one affine map of the plane for each picture.

    out[n, i, j] = gain[n] in[n, y, x] + offset[n]

             (y, x) = centre of in + A[n] ((i, j) - centre of out) + shift[n]

The map says where each pixel of the output comes from. `in` is read by bilinear interpolation, and
positions outside it take the nearest border pixel. Chapters 12 and 16.
"""

import math

import numpy as np
from numba import njit, prange

from tinyfer.core.kernels.compiling import kernel
from tinyfer.core.kernels.memory import empty

LARGEST = 1e6       # of a number in a map: its products with places in a picture stay finite


@njit(inline="always")
def _between(position, size):
    """Its whole part and its fraction, the position brought into 0..size - 1 first."""
    position = min(max(position, 0.0), size - 1.0)
    first = min(int(math.floor(position)), max(size - 2, 0))
    return first, position - first


@kernel(parallel=True)
def _affine(pictures, maps, shifts, gains, offsets, holes, out):
    H, W = pictures.shape[1:]
    h, w = out.shape[1:3]
    real = out.dtype.type
    below, beside = min(1, H - 1), min(1, W - 1)
    for n in prange(len(pictures)):    # owns picture n
        a, b, c, d = maps[n, 0, 0], maps[n, 0, 1], maps[n, 1, 0], maps[n, 1, 1]
        top, left = (H - 1) / 2 + shifts[n, 0], (W - 1) / 2 + shifts[n, 1]
        gain, offset = gains[n], offsets[n]
        for i in range(h):
            for j in range(w):
                p, q = i - (h - 1) / 2, j - (w - 1) / 2
                y, fy = _between(top + a * p + b * q, H)
                x, fx = _between(left + c * p + d * q, W)
                upper = (1 - fx) * pictures[n, y, x] + fx * pictures[n, y, x + beside]
                lower = (1 - fx) * pictures[n, y + below, x] \
                    + fx * pictures[n, y + below, x + beside]
                value = gain * ((1 - fy) * upper + fy * lower) + offset
                out[n, i, j, 0] = real(min(max(value, 0.0), 1.0))
        for i in range(holes[n, 0], holes[n, 1]):
            for j in range(holes[n, 2], holes[n, 3]):
                out[n, i, j, 0] = real(0.5)


def affine(pictures, maps, shifts, gains, offsets, holes, size, dtype):
    """The equation above for N pictures -> (N, *size, 1) of dtype, cut off at 0 and 1.

    pictures (N, H, W) uint8 or float; maps A (N, 2, 2) and shifts (N, 2) in pixels, (y, x);
    gains and offsets (N,), of which gains also scale uint8 to [0, 1]. holes (N, 4): rows and
    columns from, to (excluded) of a rectangle of the output that becomes grey, 0.5; zeros for none.
    Everything is worked out in float64, each picture by one thread. ValueError for other shapes,
    and for numbers with which a place in a picture would not be finite.
    """
    pictures, N, (h, w) = np.ascontiguousarray(pictures), len(pictures), size
    reals = [np.ascontiguousarray(a, np.float64) for a in (maps, shifts, gains, offsets)]
    holes = np.ascontiguousarray(holes, np.int64)
    shapes = [a.shape for a in (*reals, holes)]
    if pictures.ndim != 3 or 0 in (*pictures.shape[1:], *size) or shapes != [
            (N, 2, 2), (N, 2), (N,), (N,), (N, 4)]:
        raise ValueError(f"{pictures.shape} pictures to {size} pixels do not go with maps, shifts, "
                         f"gains, offsets and holes of the shapes {shapes}")
    if not all((np.abs(a) < LARGEST).all() for a in reals) or (holes < 0).any() or (
            holes > (h, h, w, w)).any():
        raise ValueError(f"maps, shifts, gains and offsets are below {LARGEST:g}, and holes lie "
                         f"within {h}x{w}")
    out = empty((N, h, w, 1), np.dtype(dtype))
    _affine(pictures, *reals, holes, out)
    return out
