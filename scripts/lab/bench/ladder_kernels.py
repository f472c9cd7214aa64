"""The convolutions that came before today's, kept to be timed: each as short as it can be.

All compute tinyfer/core/kernels/reference.py: x (N, H, W, C), w (3, 3, C, K), b (K,), no padding.
`forward(x, w, b, relu)` returns out, `backward(dout, x, w, out)` dx, dw, db; out is given where the
forward included ReLU. docs/speed.md tells what each of them taught.
"""

import numpy as np
from numba import prange
from numpy.lib.stride_tricks import sliding_window_view

from tinyfer.core.kernels import reference
from tinyfer.core.kernels.compiling import kernel
from tinyfer.core.kernels.tiles import matrices


def _with_relu(out, relu):
    return np.maximum(out, 0, out=out) if relu else out


def _through_relu(dout, out):
    return dout if out is None else np.where(out <= 0, dout.dtype.type(0), dout)


# --- the definition, compiled; or as ordinary Python -------------------------------------------

def definition(forward, backward):
    return (lambda x, w, b, relu=False: _with_relu(forward(x, w, b), relu),
            lambda dout, x, w, out=None: backward(_through_relu(dout, out), x, w))


plain_forward, plain_backward = definition(reference.conv2d_forward, reference.conv2d_backward)
python_forward, python_backward = definition(reference.conv2d_forward.py_func,
                                             reference.conv2d_backward.py_func)


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
    windows = sliding_window_view(x, (3, 3), (1, 2)).transpose(0, 1, 2, 4, 5, 3)
    return windows.reshape(-1, 9 * x.shape[3])


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
# All in NumPy: transforms by einsum, the 36 products by matmul on stacks. Every stage writes all it
# makes to memory before the next one reads it.

M = 4
AT, G, BT = (np.array(matrix, np.float32) for matrix in matrices(M))


def _whole_tiles(a, margin):
    """`a` with zeros behind it, up to whole tiles of M x M behind `margin` pixels."""
    missing = [-(size - margin) % M for size in a.shape[1:3]]
    return np.pad(a, ((0, 0), (0, missing[0]), (0, missing[1]), (0, 0)))


def _transformed(L, tiles, axes, channels):
    """L X L^T of every tile X: (36, tiles, channels)."""
    found = np.einsum(f"pi,qj,{axes}->pqnabc", L, L, tiles, optimize=True)
    return found.reshape(36, -1, channels)


def _image_stack(x):
    """V: of tiles of 6 x 6 pixels, M apart."""
    tiles = sliding_window_view(_whole_tiles(x, 2), (6, 6), (1, 2))[:, ::M, ::M]
    return _transformed(BT, tiles, "nabcij", x.shape[3])


def _filter_stack(w):
    """U (36, C, K): G g G^T for every pair of channels."""
    return np.einsum("pu,qv,uvck->pqck", G, G, w, optimize=True).reshape(36, *w.shape[2:])


def stacks_forward(x, w, b, relu=False):
    N, H, W, K = len(x), x.shape[1] - 2, x.shape[2] - 2, w.shape[3]
    products = np.matmul(_image_stack(x), _filter_stack(w))
    products = products.reshape(6, 6, N, -(-H // M), -(-W // M), K)
    out = np.einsum("ip,jq,pqnabk->naibjk", AT, AT, products, optimize=True)
    out = out.reshape(N, -(-H // M) * M, -1, K)[:, :H, :W] + b
    return _with_relu(out, relu)


def stacks_backward(dout, x, w, out=None):
    N, H, W, C = x.shape
    dout = _through_relu(dout, out)
    whole = _whole_tiles(dout, 0)
    rows, columns = whole.shape[1] // M, whole.shape[2] // M
    tiles = whole.reshape(N, rows, M, columns, M, -1)
    dM = _transformed(AT.T, tiles, "naibjc", w.shape[3])
    dU = np.matmul(_image_stack(x).transpose(0, 2, 1), dM).reshape(6, 6, *w.shape[2:])
    dw = np.einsum("pu,qv,pqck->uvck", G, G, dU, optimize=True)
    dV = np.matmul(dM, _filter_stack(w).transpose(0, 2, 1)).reshape(6, 6, N, rows, columns, C)
    shares = np.einsum("pi,qj,pqnabc->ijnabc", BT, BT, dV, optimize=True)
    dx = np.zeros((N, rows * M + 2, columns * M + 2, C), x.dtype)
    for i in range(6):
        for j in range(6):
            dx[:, i:i + rows * M:M, j:j + columns * M:M] += shares[i, j]
    return np.ascontiguousarray(dx[:, :H, :W]), dw, dout.sum(axis=(0, 1, 2))
