"""The definitions, as plain loops: what the fast kernels must equal.

Each function is its formula and nothing else. They are checked and compiled, so that the tests can
use them on real shapes, but they are ordinary Python as well: `conv2d_forward.py_func(x, w, b)`.
Convolutions are 3x3, stride 1, no padding: x (N, H, W, C), w (3, 3, C, K), b (K,),
out (N, H-2, W-2, K). Chapters 6 and 7.
With NUMBA_DISABLE_JIT=1 nothing is compiled, and conv.py and gemm.py compute with these.
"""

from functools import wraps

import numpy as np

from tinyfer.core import checks
from tinyfer.core.kernels.compiling import kernel


def definition(check):
    """A decorator: compiled loops, and `check` for what they are given."""
    def decorate(loops):
        compiled = kernel()(loops)

        @wraps(loops)
        def checked(*given):
            return compiled(*check(*given))

        checked.py_func = loops
        return checked

    return decorate


@definition(checks.convolution)
def conv2d_forward(x, w, b):
    """out[n,i,j,k] = b[k] + sum over u,v,c of x[n,i+u,j+v,c] w[u,v,c,k]"""
    N, H, W, C = x.shape
    K = b.size
    out = np.empty((N, H - 2, W - 2, K), x.dtype)
    for n in range(N):
        for i in range(H - 2):
            for j in range(W - 2):
                for k in range(K):
                    total = b[k]
                    for u in range(3):
                        for v in range(3):
                            for c in range(C):
                                total += x[n, i + u, j + v, c] * w[u, v, c, k]
                    out[n, i, j, k] = total
    return out


@definition(checks.convolution_gradient)
def conv2d_backward(dout, x, w):
    """Every product x w of the forward, with factor dout: it adds dout w to dx and dout x to dw.

        dx[n,i+u,j+v,c] += dout[n,i,j,k] w[u,v,c,k]
        dw[u,v,c,k]     += dout[n,i,j,k] x[n,i+u,j+v,c]
        db[k]           += dout[n,i,j,k]
    """
    N, H, W, C = x.shape
    K = w.shape[3]
    dx, dw, db = np.zeros_like(x), np.zeros_like(w), np.zeros(K, x.dtype)
    for n in range(N):
        for i in range(H - 2):
            for j in range(W - 2):
                for k in range(K):
                    d = dout[n, i, j, k]
                    db[k] += d
                    for u in range(3):
                        for v in range(3):
                            for c in range(C):
                                dx[n, i + u, j + v, c] += d * w[u, v, c, k]
                                dw[u, v, c, k] += d * x[n, i + u, j + v, c]
    return dx, dw, db


@definition(checks.pooling)
def maxpool_forward(x):
    """out[n,i,j,c] = max over u,v of x[n,2i+u,2j+v,c], and winner = 2u + v of the first maximum."""
    N, H, W, C = x.shape
    out = np.empty((N, H // 2, W // 2, C), x.dtype)
    winner = np.zeros(out.shape, np.uint8)
    for n in range(N):
        for i in range(H // 2):
            for j in range(W // 2):
                for c in range(C):
                    best = x[n, 2 * i, 2 * j, c]
                    for u in range(2):
                        for v in range(2):
                            z = x[n, 2 * i + u, 2 * j + v, c]
                            if z > best or np.isnan(z):
                                best = z
                                winner[n, i, j, c] = 2 * u + v
                    out[n, i, j, c] = best
    return out, winner


@definition(checks.pooling_gradient)
def maxpool_backward(dout, winner, input_shape):
    """dx[n,2i+u,2j+v,c] = dout[n,i,j,c] where winner[n,i,j,c] = 2u + v, else 0."""
    dx = np.zeros(input_shape, dout.dtype)
    N, H, W, C = dout.shape
    for n in range(N):
        for i in range(H):
            for j in range(W):
                for c in range(C):
                    u, v = divmod(winner[n, i, j, c], 2)
                    dx[n, 2 * i + u, 2 * j + v, c] = dout[n, i, j, c]
    return dx


@definition(checks.product)
def matmul(a, b):
    """c[m,n] = sum over k of a[m,k] b[k,n]"""
    M, K = a.shape
    N = b.shape[1]
    c = np.zeros((M, N), a.dtype)
    for m in range(M):
        for n in range(N):
            for k in range(K):
                c[m, n] += a[m, k] * b[k, n]
    return c
