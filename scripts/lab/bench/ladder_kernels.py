"""The convolutions that came before today's, kept to be timed: each as short as it can be.

All compute tinyfer/core/kernels/reference.py: x (N, H, W, C), w (3, 3, C, K), b (K,), no padding.
`forward(x, w, b, relu)` returns out, `backward(dout, x, w, out)` dx, dw, db; out is given where the
forward included ReLU. docs/speed.md tells what each of them taught.
"""

import numpy as np
from numba import prange

from tinyfer.core.kernels import reference
from tinyfer.core.kernels.compiling import kernel
from tinyfer.core.kernels.tiles import matrices


def _with_relu(out, relu):
    return np.maximum(out, 0, out=out) if relu else out


def _through_relu(dout, out):
    return dout if out is None else np.where(out <= 0, dout.dtype.type(0), dout)


# --- the definition, compiled; or as ordinary Python -------------------------------------------

def plain_forward(x, w, b, relu=False):
    return _with_relu(reference.conv2d_forward(x, w, b), relu)


def plain_backward(dout, x, w, out=None):
    return reference.conv2d_backward(_through_relu(dout, out), x, w)


def python_forward(x, w, b, relu=False):
    return _with_relu(reference.conv2d_forward.py_func(x, w, b), relu)


def python_backward(dout, x, w, out=None):
    return reference.conv2d_backward.py_func(_through_relu(dout, out), x, w)


# --- the same loops, channels innermost --------------------------------------------------------
# The innermost loop runs along memory, so that the compiler can use vectors; images in parallel.

@kernel(parallel=True)
def _channels_forward(x, w, out):
    N, H, W, C = x.shape
    K = out.shape[3]
    for n in prange(N):
        for i in range(H - 2):
            for j in range(W - 2):
                for u in range(3):
                    for v in range(3):
                        for c in range(C):
                            number = x[n, i + u, j + v, c]
                            for k in range(K):
                                out[n, i, j, k] += number * w[u, v, c, k]


@kernel(parallel=True)
def _channels_dx(dout, w_turned, dx):
    N, H, W, C = dx.shape
    K = dout.shape[3]
    for n in prange(N):
        for i in range(H - 2):
            for j in range(W - 2):
                for u in range(3):
                    for v in range(3):
                        for k in range(K):
                            number = dout[n, i, j, k]
                            for c in range(C):
                                dx[n, i + u, j + v, c] += number * w_turned[u, v, k, c]


@kernel(parallel=True)
def _channels_dw(dout, x, dw):
    N, H, W, C = x.shape
    K = dout.shape[3]
    for place in prange(9):
        u, v = divmod(np.intp(place), 3)
        for n in range(N):
            for i in range(H - 2):
                for j in range(W - 2):
                    for c in range(C):
                        number = x[n, i + u, j + v, c]
                        for k in range(K):
                            dw[u, v, c, k] += number * dout[n, i, j, k]


def channels_forward(x, w, b, relu=False):
    N, H, W, C = x.shape
    out = np.empty((N, H - 2, W - 2, b.size), x.dtype)
    out[...] = b
    _channels_forward(x, w, out)
    return _with_relu(out, relu)


def channels_backward(dout, x, w, out=None):
    dout = np.ascontiguousarray(_through_relu(dout, out))
    dx, dw = np.zeros_like(x), np.zeros_like(w)
    _channels_dx(dout, np.ascontiguousarray(w.transpose(0, 1, 3, 2)), dx)
    _channels_dw(dout, x, dw)
    return dx, dw, dout.sum(axis=(0, 1, 2))


# --- im2col: copy every window out, and leave the rest to one large matrix product -------------

def _windows(x):
    """(N H' W', 9 C): the nine pixels each output pixel sees."""
    N, H, W, C = x.shape
    windows = np.empty((N, H - 2, W - 2, 3, 3, C), x.dtype)
    for u in range(3):
        for v in range(3):
            windows[:, :, :, u, v] = x[:, u:u + H - 2, v:v + W - 2]
    return windows.reshape(-1, 9 * C)


def im2col_forward(x, w, b, relu=False):
    N, H, W, C = x.shape
    out = _windows(x) @ w.reshape(9 * C, -1)
    out += b
    return _with_relu(out.reshape(N, H - 2, W - 2, -1), relu)


def im2col_backward(dout, x, w, out=None):
    N, H, W, C = x.shape
    flat = _through_relu(dout, out).reshape(-1, w.shape[3])
    dw = (_windows(x).T @ flat).reshape(w.shape)
    shares = (flat @ w.reshape(9 * C, -1).T).reshape(N, H - 2, W - 2, 3, 3, C)
    dx = np.zeros_like(x)
    for u in range(3):
        for v in range(3):
            dx[:, u:u + H - 2, v:v + W - 2] += shares[:, :, :, u, v]
    return dx, dw, flat.sum(axis=0)


# --- Winograd F(4x4, 3x3), one stage after the other over the whole batch ----------------------
# Transforms in numba, the 36 products by NumPy's matmul on stacks. Every stage writes all it makes
# to memory before the next one reads it.

M = 4
AT, G, BT = (np.array(matrix, np.float64) for matrix in matrices(M))


@kernel()
def _sandwich(L, X, half, Y):
    """Y = L X L^T for tiles of channels: X (n, n, C), half (m, n, C), Y (m, m, C)."""
    m, n = L.shape
    half[:] = 0
    Y[:] = 0
    for i in range(m):
        for j in range(n):
            if L[i, j] != 0:
                for q in range(n):
                    for c in range(X.shape[2]):
                        half[i, q, c] += L[i, j] * X[j, q, c]
    for i in range(m):
        for j in range(n):
            if L[i, j] != 0:
                for p in range(m):
                    for c in range(X.shape[2]):
                        Y[p, i, c] += half[p, j, c] * L[i, j]


@kernel()
def _image_in(L, x, cols, V):
    m, n = L.shape
    half, Y = np.empty((m, n, x.shape[2]), x.dtype), np.empty((m, m, x.shape[2]), x.dtype)
    for tile in range(V.shape[1]):
        i, j = tile // cols * M, tile % cols * M
        _sandwich(L, x[i:i + n, j:j + n], half, Y)
        for p in range(m * m):
            V[p, tile] = Y[p // m, p % m]


@kernel()
def _image_out(L, V, cols, y):
    m, n = L.shape
    X = np.empty((n, n, y.shape[2]), y.dtype)
    half, Y = np.empty((m, n, y.shape[2]), y.dtype), np.empty((m, m, y.shape[2]), y.dtype)
    for tile in range(V.shape[1]):
        for p in range(n * n):
            X[p // n, p % n] = V[p, tile]
        i, j = tile // cols * M, tile % cols * M
        _sandwich(L, X, half, Y)
        y[i:i + m, j:j + m] += Y


@kernel(parallel=True)
def _tiles_in(L, x, cols, V):
    """V[:, t] = L X L^T for every tile X of x, M pixels apart."""
    tiles = V.shape[1] // len(x)
    for n in prange(len(x)):
        _image_in(L, x[n], cols, V[:, n * tiles:(n + 1) * tiles])


@kernel(parallel=True)
def _tiles_out(L, V, cols, y):
    """Adds L X L^T to y at every tile, X[p] = V[p, t]."""
    tiles = V.shape[1] // len(y)
    for n in prange(len(y)):
        _image_out(L, V[:, n * tiles:(n + 1) * tiles], cols, y[n])


def _whole_tiles(a, margin):
    """`a` with zeros behind it, up to whole tiles of M x M behind `margin` pixels."""
    missing = [-(size - margin) % M for size in a.shape[1:3]]
    return np.pad(a, ((0, 0), (0, missing[0]), (0, missing[1]), (0, 0)))


def _columns(size, n):
    return (size - n) // M + 1


def _stack(L, x):
    """(m m, tiles, C): L X L^T of every tile of the images."""
    m, n = L.shape
    cols = _columns(x.shape[2], n)
    V = np.empty((m * m, len(x) * _columns(x.shape[1], n) * cols, x.shape[3]), x.dtype)
    _tiles_in(L.astype(x.dtype), x, cols, V)
    return V


def _filter_stack(w):
    """U (36, C, K): G g G^T for every pair of channels."""
    g = G.astype(w.dtype)
    return np.einsum("pu,qv,uvck->pqck", g, g, w, optimize=True).reshape(36, *w.shape[2:])


def stacks_forward(x, w, b, relu=False):
    N, H, W, C = x.shape
    products = np.matmul(_stack(BT, _whole_tiles(x, 2)), _filter_stack(w))
    out = _whole_tiles(np.zeros((N, H - 2, W - 2, w.shape[3]), x.dtype), 0)
    _tiles_out(AT.astype(x.dtype), products, _columns(out.shape[2], M), out)
    out = np.ascontiguousarray(out[:, :H - 2, :W - 2])
    out += b
    return _with_relu(out, relu)


def stacks_backward(dout, x, w, out=None):
    N, H, W, C = x.shape
    dout = _through_relu(dout, out)
    padded = _whole_tiles(x, 2)
    dM = _stack(np.ascontiguousarray(AT.T), _whole_tiles(dout, 0))
    dU = np.matmul(_stack(BT, padded).transpose(0, 2, 1), dM)
    g = G.astype(x.dtype)
    dw = np.einsum("pu,qv,pqck->uvck", g, g, dU.reshape(6, 6, *w.shape[2:]), optimize=True)
    dx = np.zeros_like(padded)
    dV = np.matmul(dM, _filter_stack(w).transpose(0, 2, 1))
    _tiles_out(np.ascontiguousarray(BT.T, x.dtype), dV, _columns(dx.shape[2], M + 2), dx)
    return np.ascontiguousarray(dx[:, :H, :W]), dw, dout.sum(axis=(0, 1, 2))
