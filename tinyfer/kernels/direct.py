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
summed in order of the images. Derived in docs/04-convolution.md.
"""

import numpy as np
from numba import get_num_threads, get_thread_id, prange

from tinyfer import checks
from tinyfer.kernels import simd
from tinyfer.kernels.compiling import kernel
from tinyfer.kernels.memory import empty
from tinyfer.kernels.padding import cut, pad, round_up


@kernel(parallel=True, error_model="numpy")
def _forward(N, H, W, C, K, x, w, b, relu, out, scratch):
    Wo = W - 2
    for n in prange(N):
        row = scratch[get_thread_id()]
        for i in range(H - 2):
            for u in range(3):
                simd.product(row, 0, K, x, ((n * H + i + u) * W) * C, C, 1, Wo,
                             w, u * 3 * C * K, K, K, 3 * C, u > 0)
            start = (n * (H - 2) + i) * Wo * K
            for j in range(0, Wo * K, K):
                for k in range(K):
                    y = row[j + k] + b[k]
                    out[start + j + k] = 0 if relu and y < 0 else y


@kernel(parallel=True, error_model="numpy")
def _backward(N, H, W, C, K, dout, x, w_turned, P, out, relu, dx, dw, db, scratch):
    Wo, rows = W - 2, dw.shape[1] // (3 * K)
    for n in prange(N):
        mine = scratch[get_thread_id()]
        d, shares = mine[:(Wo + simd.MOST_ROWS) * K], mine[(Wo + simd.MOST_ROWS) * K:]
        dw_n, db_n = dw[n], db[n]
        for i in range(n * H * W * C, (n + 1) * H * W * C):
            dx[i] = 0
        for i in range(H - 2):
            start = (n * (H - 2) + i) * Wo * K
            for j in range(0, Wo * K, K):
                for k in range(K):
                    dy = dout[start + j + k]
                    dy = 0 if relu and out[start + j + k] <= 0 else dy
                    d[j + k] = dy
                    db_n[k] += dy
            simd.product(shares, 0, P, d, 0, K, 1, Wo, w_turned, 0, P, P, K, False)
            for u in range(3):
                corner = (n * H + i + u) * W * C
                simd.product(dw_n, u * rows * K, K, x, corner, 1, C, 3 * C, d, 0, K, K, Wo, i > 0)
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
    _forward(N, H, W, C, K, _flat(x), pad(w, (3, 3, C, K)).reshape(-1), pad(b, (K,)),
             bool(relu), out.reshape(-1), scratch)
    return cut(out, (N, H - 2, W - 2, w.shape[3]))


def backward(dout, x, w, out=None):
    """dx, dw, db of `forward`; out: its result where it included ReLU, else None."""
    dout, x, w, out = checks.convolution_gradient(dout, x, w, out)
    N, H, W, C = x.shape
    lanes = simd.VECTOR_BYTES // x.itemsize
    K, P = round_up(w.shape[3], lanes), round_up(9 * C, lanes)
    shape = (N, H - 2, W - 2, K)
    relu = out is not None
    dout = pad(dout, shape)
    out = pad(out, shape) if relu else dout
    w_turned = pad(w.transpose(3, 0, 1, 2).reshape(w.shape[3], 9 * C), (K, P))
    dx = empty(x.shape, x.dtype)
    rows = round_up(3 * C, simd.MOST_ROWS)
    dw = empty((N, 3 * rows * K), x.dtype)
    db = np.zeros((N, K), x.dtype)
    scratch = empty((get_num_threads(), (W - 2 + simd.MOST_ROWS) * (K + P)), x.dtype)
    _backward(N, H, W, C, K, dout.reshape(-1), _flat(x), w_turned.reshape(-1), P, out.reshape(-1),
              relu, dx.reshape(-1), dw, db, scratch)
    dw = dw.reshape(N, 3, rows, K)[:, :, :3 * C, :w.shape[3]].sum(axis=0)
    return dx, dw.reshape(w.shape), db.sum(axis=0)[:w.shape[3]]
