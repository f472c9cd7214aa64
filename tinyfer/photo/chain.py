"""Convolutions with ReLU and max pooling in a row, a piece of a picture at a time, for prediction.

A piece goes through all the layers before the next: what one layer hands to another stays in the
cache, and there is one parallel loop for all of them. The rows of a convolution are products as in
direct.py. Where there are too few channels to fill a product the picture is laid out the other way
round, a row for each of the 9 C numbers that a filter sees, so that a vector holds pixels:

    y[k, j]  =  sum over p of  w[k, p] taps[p, j]                       (K, W') = (K, 9 C) (9 C, W')

Adding the bias and ReLU keep an order, so they come after the pooling and have less to do; the
result is the same bit for bit.
"""

from collections import namedtuple

import numpy as np
from numba import get_num_threads, get_thread_id, njit, prange

from tinyfer.core.kernels import reference, simd
from tinyfer.core.kernels.compiling import helper, kernel
from tinyfer.core.kernels.memory import empty
from tinyfer.core.kernels.padding import pad, round_up
from tinyfer.core.kernels.simd import View

BAND = 1 << 16          # pixels of a picture that go through all layers at a time
LANES = 16              # pixels a row of a grey picture is rounded up to: a vector's at most

# Layers [(w (3, 3, C, K), b (K,), whether ReLU follows, side of the squares pooled: 1 or 2), ...],
# and the same as the kernel reads it: a table, and all numbers in a row.
Chain = namedtuple("Chain", "layers steps weights")


@helper
def _row(data, first, down, C, K, columns, weights, w, y, taps):
    """A row of the convolution: y (columns, K), or y (K, columns) for a grey picture."""
    grey = C == 1
    if grey:
        for p in range(9):
            start = first + p // 3 * down + p % 3
            tap, pixels = taps[p * columns:], data[start:]
            for j in range(columns):
                tap[j] = pixels[j]
    rows, width, depth = (K, columns, 9) if grey else (columns, K, 3 * C)
    # One call for both: each is compiled as a product of its own, the longest part of a kernel.
    for u in range(1 if grey else 3):
        left = View(weights, w, 9, 1) if grey else View(data, first + u * down, C, 1)
        right = View(taps, 0, columns, 1) if grey else View(weights, w + 3 * u * C * K, K, 1)
        simd.product(View(y, 0, width, 1), left, right, rows, width, depth, u > 0)


@njit(inline="always")
def _greater(a, b):
    """The greater of two numbers, NaN if either is."""
    return b if b > a or b != b else a


@helper
def _finish(left, right, bias, least, out):
    """The greater of neighbours (W, K), bias and ReLU."""
    for j in range(out.shape[0]):
        for k in range(out.shape[1]):
            z = _greater(left[j, k], right[j, k]) + bias[k]
            out[j, k] = least if z < least else z


@kernel(parallel=True, error_model="numpy")
def _chain(x, pieces, steps, weights, out, scratch, room, row):
    """Each iteration owns a piece, and what becomes of it in out."""
    for n in prange(len(pieces)):
        mine = scratch[get_thread_id()]
        y, lower, taps = mine[2 * room:], mine[2 * room + row:], mine[2 * room + 2 * row:]
        data, first, H, W = x, pieces[n, 0], pieces[n, 1], pieces[n, 2]
        down = W
        for s in range(len(steps)):
            C, filters, K, w = steps[s, 0], steps[s, 1], steps[s, 2], steps[s, 3]
            least, pool = x.dtype.type(0 if steps[s, 4] else np.nan), steps[s, 5]
            target, to = mine, s % 2 * room
            if s == len(steps) - 1:
                target, to = out, pieces[n, 3]
            columns = W - 2
            if C == 1:
                columns = (W + LANES - 3) // LANES * LANES
            across = (W - 2) // pool
            bias = weights[w + 9 * C * K:w + 9 * C * K + filters]
            for i in range((H - 2) // pool):
                for half in range(pool):
                    _row(data, first + (pool * i + half) * down, down, C, K, columns, weights, w,
                         lower if half else y, taps)
                if pool == 2:
                    for j in range(columns * K):
                        y[j] = _greater(y[j], lower[j])
                here = target[to:to + across * filters].reshape(across, filters)
                flat = y[:columns * K]
                z = flat.reshape(K, columns).T[::1] if C == 1 else flat.reshape(columns, K)[::1]
                _finish(z[::pool], z[pool - 1::pool], bias, least, here)
                to += across * filters
            H, W = (H - 2) // pool, (W - 2) // pool
            data, first, down = target, to - H * W * filters, W * filters


def packed(layers):
    """The Chain of these layers; a first one of C = 1 reads grey pictures."""
    steps, numbers, start = [], [], 0
    for w, b, relu, pool in layers:
        C, filters = w.shape[2:]
        if C == 1:
            K = round_up(filters, simd.MOST_ROWS)
            w = pad(w.reshape(9, filters).T, (K, 9))
        else:
            K = round_up(filters, simd.VECTOR_BYTES // w.itemsize)
            w = pad(w, (3, 3, C, K))
        steps.append((C, filters, K, start, relu, pool))
        numbers += [w.reshape(-1), b]
        start += w.size + b.size
    return Chain(layers, np.array(steps), np.concatenate(numbers))


def shape_after(steps, H, W):
    """Rows and columns, numbers or arrays, of what comes out of a chain for H rows, W columns."""
    for pool in steps[:, 5]:
        H, W = (H - 2) // pool, (W - 2) // pool
    return H, W


def plain(x, shapes, layers):
    """`forward`, one picture and one layer after the other."""
    out, start = [], 0
    for H, W in shapes:
        y = x[start:start + H * W].reshape(1, H, W, 1)
        start += H * W
        for w, b, relu, pool in layers:
            y = reference.conv2d_forward(y, w, b)
            y = np.maximum(y, y.dtype.type(0)) if relu else y
            y = reference.maxpool_forward(y)[0] if pool == 2 else y
        out.append(y.reshape(-1))
    return np.concatenate(out)


def forward(x, shapes, chain):
    """A chain over grey pictures of these `shapes` (n, 2), one after another in flat x: their
    outputs, each (H', W', K) as `shape_after` says, one after another in an array. Large pictures
    are taken in bands, which overlap by what the layers see beyond a row."""
    layers, steps, weights = chain
    shapes = np.asarray(shapes)
    if not simd.AVAILABLE:
        return plain(x, shapes, layers)
    H, W = shapes.T
    rows, columns = shape_after(steps, H, W)
    stride, filters = steps[:, 5].prod(), steps[-1, 1]
    band = np.maximum(1, BAND // (stride * W))          # rows of the output at a time
    bands = -(-rows // band)
    of = np.repeat(np.arange(len(H)), bands)            # the picture of each piece
    top = (np.arange(len(of)) - (bands.cumsum() - bands)[of]) * band[of]
    sees = H - stride * (rows - band)                   # of a piece that is not the last
    pieces = np.column_stack([
        ((H * W).cumsum() - H * W)[of] + top * stride * W[of],
        np.minimum(sees[of], H[of] - top * stride), W[of],
        (((rows * columns).cumsum() - rows * columns)[of] + top * columns[of]) * filters])
    # Each thread takes as many pieces, one behind the other: large ones and small ones for each.
    threads = get_num_threads()
    order = np.argsort(-pieces[:, 1] * pieces[:, 2], kind="stable")
    pieces = pieces[np.concatenate([order[first::threads] for first in range(threads)])]
    height, width, room = pieces[:, 1].max(), pieces[:, 2].max(), 0
    row = (round_up(width, LANES) + simd.MOST_ROWS) * steps[:, 2].max()
    for n in range(1, len(steps)):
        h, w = shape_after(steps[:n], height, width)
        room = max(room, (h * w + simd.MOST_ROWS) * steps[n, 0])
    out = empty((int((rows * columns).sum() * filters),), x.dtype)
    scratch = empty((threads, 2 * room + 2 * row + 9 * round_up(width, LANES)), x.dtype)
    _chain(np.append(x, np.zeros(LANES, x.dtype)), pieces, steps, weights, out, scratch, room, row)
    return out
