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
from numba import njit, prange

from tinyfer.kernels import simd
from tinyfer.kernels.memory import empty
from tinyfer.kernels.padding import crop, pad, up


@njit(parallel=True, cache=True)
def _forward(x, w, b, relu, out):
    N, H, W, C = x.shape
    Ho, Wo, K = out.shape[1:]
    w = w.reshape(-1)
    for n in prange(N):
        image = np.zeros(H * W * C + simd.MOST_ROWS * C, x.dtype)
        image[:H * W * C] = x[n].reshape(-1)
        row = np.empty((Wo + simd.MOST_ROWS) * K, x.dtype)
        for i in range(Ho):
            for u in range(3):
                simd.product(row, 0, K, image, (i + u) * W * C, C, 1, Wo,
                             w, u * 3 * C * K, K, K, 3 * C, u > 0)
            for j in range(Wo):
                for k in range(K):
                    y = row[j * K + k] + b[k]
                    out[n, i, j, k] = 0 if relu and y < 0 else y


@njit(parallel=True, cache=True)
def _backward(dout, x, w_turned, out, relu, dx, dw, db):
    N, H, W, C = x.shape
    Ho, Wo, K = dout.shape[1:]
    P = w_turned.shape[1]
    w_turned = w_turned.reshape(-1)
    rows = dw.shape[2]
    for n in prange(N):
        image = np.zeros(H * W * C + simd.MOST_ROWS * C, x.dtype)
        image[:H * W * C] = x[n].reshape(-1)
        d = np.zeros((Wo + simd.MOST_ROWS) * K, x.dtype)
        shares = np.empty((Wo + simd.MOST_ROWS) * P, x.dtype)
        dw_n = dw[n].reshape(-1)
        dx[n] = 0
        for i in range(Ho):
            for j in range(Wo):
                for k in range(K):
                    d[j * K + k] = 0 if relu and out[n, i, j, k] <= 0 else dout[n, i, j, k]
                    db[n, k] += d[j * K + k]
            for u in range(3):
                simd.product(dw_n, u * rows * K, K, image, (i + u) * W * C, 1, C, 3 * C,
                             d, 0, K, K, Wo, i > 0)
            simd.product(shares, 0, P, d, 0, K, 1, Wo, w_turned, 0, P, P, K, False)
            for u in range(3):
                for j in range(Wo):
                    for v in range(3):
                        for c in range(C):
                            dx[n, i + u, j + v, c] += shares[j * P + (u * 3 + v) * C + c]


def forward(x, w, b, relu):
    """out = x * w + b, ReLU if asked for: x (N, H, W, C), w (3, 3, C, K) -> (N, H-2, W-2, K)."""
    N, H, W, C = x.shape
    K = up(w.shape[3], simd.VECTOR_BYTES // x.itemsize)
    out = empty((N, H - 2, W - 2, K), x.dtype)
    _forward(np.ascontiguousarray(x), pad(w, (3, 3, C, K)), pad(b, (K,)), relu, out)
    return crop(out, (N, H - 2, W - 2, w.shape[3]))


def backward(dout, x, w, out=None):
    """dx, dw, db of `forward`; out: its result where it included ReLU, else None."""
    N, H, W, C = x.shape
    lanes = simd.VECTOR_BYTES // x.itemsize
    K = up(w.shape[3], lanes)
    shape = (N, H - 2, W - 2, K)
    relu = out is not None
    dout = pad(dout, shape)
    out = pad(out, shape) if relu else dout
    w_turned = pad(w.transpose(3, 0, 1, 2).reshape(w.shape[3], 9 * C), (K, up(9 * C, lanes)))
    dx = empty(x.shape, x.dtype)
    dw = empty((N, 3, up(3 * C, simd.MOST_ROWS), K), x.dtype)
    db = np.zeros((N, K), x.dtype)
    _backward(dout, np.ascontiguousarray(x), w_turned, out, relu, dx, dw, db)
    dw = dw.sum(axis=0)[:, :3 * C, :w.shape[3]].reshape(w.shape)
    return dx, dw, db.sum(axis=0)[:w.shape[3]]
