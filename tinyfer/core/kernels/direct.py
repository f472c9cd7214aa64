"""Convolution 3x3 straight from its definition, a row of the output at a time.

Three neighbouring pixels of a channels-last image are 3 C numbers without a gap, so the windows of
one output row, seen through row u of the filter, are the rows of a matrix that overlap in memory:
window j starts C numbers after window j - 1. Nothing is copied out (no im2col); with the filter's
row u as a (3 C, K) matrix,

    out[i]  =  sum over u of  windows(x[i + u])  w[u]                    (W', 3 C) (3 C, K)
    dw[u]   =  sum over i of  windows(x[i + u])^T dout[i]                (3 C, W') (W', K)
    dx      +=  dout[i] w^T, its 9 C columns put back where they came from    (W', K) (K, 9 C)

Used where there are too few channels for Winograd's transforms to pay: the first layer sees one.
Parallel over images, each of which owns its part of out and dx and its own dw and db; these are
summed in order of the images. Derived in docs/06-convolution.md.
"""

import numpy as np
from numba import get_num_threads, get_thread_id, prange

from tinyfer.core import checks
from tinyfer.core.kernels import simd
from tinyfer.core.kernels.batchnorm import no_norm
from tinyfer.core.kernels.compiling import kernel
from tinyfer.core.kernels.elementwise import least_of
from tinyfer.core.kernels.memory import empty
from tinyfer.core.kernels.padding import cut, pad, round_up
from tinyfer.core.kernels.simd import View
from tinyfer.core.kernels.tiles import sandwich

# dout before ReLU and batch norm, where they follow: of single numbers in place of tiles.
relu_and_norm = sandwich({1: ((1,),)}, "norm")


@kernel(parallel=True, error_model="numpy")
def _forward(x, w, b, least, out, scratch):
    """A row of out at a time: 3 products of all windows of a row of x with a row of filters."""
    N, Ho, Wo, K = out.shape
    H, W, C = Ho + 2, Wo + 2, w.shape[2]
    weights = w.reshape(-1)
    for n in prange(N):    # owns image n of out
        row = scratch[get_thread_id()]
        y = row[:Wo * K].reshape(Wo, K)
        for i in range(Ho):
            for u in range(3):
                windows = View(x, (n * H + i + u) * W * C, C, 1)    # from row i + u of image n on
                simd.product(View(row, 0, K, 1), windows, View(weights, u * 3 * C * K, K, 1),
                             Wo, K, 3 * C, u > 0)
            z = out[n, i]
            for j in range(Wo):
                for k in range(K):
                    value = y[j, k] + b[k]
                    z[j, k] = least if value < least else value


@kernel(parallel=True, error_model="numpy")
def _backward(N, H, W, C, K, dout, behind, x, w_turned, dx, dw, db, scratch):
    """dx by adding each dout's share to its window; dw and db (N, ...) for each image apart."""
    Ho, Wo, wanted = H - 2, W - 2, dx.size > 0
    P, rows = w_turned.shape[1], dw.shape[1] // (3 * K)
    turned = w_turned.reshape(-1)
    for n in prange(N):    # owns image n of dx, and its own dw and db
        mine = scratch[get_thread_id()]
        dout_row, shares = mine[:(Wo + simd.MOST_ROWS) * K], mine[(Wo + simd.MOST_ROWS) * K:]
        dy = dout_row[:Wo * K].reshape(Wo, K)
        dw_n, db_n = dw[n], db[n]
        dx[n * H * W * C:(n + 1) * H * W * C] = 0       # of no length where nobody wants it
        for i in range(Ho):
            for j in range(Wo):
                start = ((n * Ho + i) * Wo + j) * K
                relu_and_norm(1, K, View(dout, start, 0, 0), View(dout_row, j * K, 0, 0), behind)
            for j in range(Wo):
                for k in range(K):
                    db_n[k] += dy[j, k]
            for u in range(3):
                windows = View(x, (n * H + i + u) * W * C, 1, C)
                simd.product(View(dw_n, u * rows * K, K, 1), windows, View(dout_row, 0, K, 1),
                             3 * C, K, Wo, i > 0)
            if not wanted:
                continue
            simd.product(View(shares, 0, P, 1), View(dout_row, 0, K, 1), View(turned, 0, P, 1),
                         Wo, P, K, False)
            for u in range(3):
                corner = (n * H + i + u) * W * C
                for j in range(Wo):
                    for vc in range(3 * C):
                        dx[corner + j * C + vc] += shares[j * P + u * 3 * C + vc]


def _flat(x):
    """x as one row of numbers, with some behind: the last windows are read twelve at a time."""
    flat = np.zeros(x.size + simd.MOST_ROWS * x.shape[3], x.dtype)
    flat[:x.size] = x.reshape(-1)
    return flat


def forward(x, w, b, relu):
    """out = x * w + b, ReLU if asked for: x (N, H, W, C), w (3, 3, C, K) -> (N, H-2, W-2, K)."""
    x, w, b = checks.convolution(x, w, b)
    N, H, W, C = x.shape
    K = round_up(w.shape[3], simd.VECTOR_BYTES // x.itemsize)
    out = empty((N, H - 2, W - 2, K), x.dtype)
    scratch = empty((get_num_threads(), (W - 2 + simd.MOST_ROWS) * K), x.dtype)
    _forward(_flat(x), pad(w, (3, 3, C, K)), pad(b, (K,)), least_of(relu, x.dtype), out, scratch)
    return cut(out, (N, H - 2, W - 2, w.shape[3]))


def backward(dout, x, w, out=None, norm=None, wants_dx=True):
    """dx, dw, db of `forward`; out, norm, wants_dx: see conv.py."""
    dout, x, w, out, norm = checks.convolution_gradient(dout, x, w, out, norm)
    N, H, W, C = x.shape
    lanes = simd.VECTOR_BYTES // x.itemsize
    K, P = round_up(w.shape[3], lanes), round_up(9 * C, lanes)
    shape = (N, H - 2, W - 2, K)
    dout = pad(dout, shape).reshape(-1)
    least = least_of(out is not None, x.dtype)
    out = dout if out is None else pad(out, shape).reshape(-1)
    norm = no_norm(K, x.dtype) if norm is None else pad(norm, (4, K))
    behind = out, norm.reshape(-1), least
    w_turned = pad(w.transpose(3, 0, 1, 2).reshape(w.shape[3], 9 * C), (K, P))
    dx = empty(x.shape if wants_dx else (0,), x.dtype)
    rows = round_up(3 * C, simd.MOST_ROWS)
    dw = empty((N, 3 * rows * K), x.dtype)
    db = np.zeros((N, K), x.dtype)
    scratch = empty((get_num_threads(), (W - 2 + simd.MOST_ROWS) * (K + P)), x.dtype)
    _backward(N, H, W, C, K, dout, behind, _flat(x), w_turned, dx.reshape(-1), dw, db, scratch)
    dw = dw.reshape(N, 3, rows, K)[:, :, :3 * C, :w.shape[3]].sum(axis=0)
    return dx if wants_dx else None, dw.reshape(w.shape), db.sum(axis=0)[:w.shape[3]]
