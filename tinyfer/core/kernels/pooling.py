"""Max pooling over 2x2 squares, stride 2; an odd last row or column is dropped.

    out[n,i,j,c] = max(x[n,2i,2j,c], x[n,2i,2j+1,c], x[n,2i+1,2j,c], x[n,2i+1,2j+1,c])

The backward needs to know only which of the four won: one byte, 0..3 in the order above. Of equal
values the first wins. A NaN wins over everything, so that a diverging run is seen.
Each iteration of the parallel loops owns one image.
"""

import numpy as np
from numba import prange

from tinyfer.core import checks
from tinyfer.core.kernels.compiling import kernel
from tinyfer.core.kernels.memory import empty


@kernel(parallel=True)
def _forward(x, mean, scale, beta, out, winner):
    N, H, W, C = out.shape
    for n in prange(N):    # owns image n of out and winner
        for i in range(H):
            for j in range(W):
                for c in range(C):
                    best = (x[n, 2 * i, 2 * j, c] - mean[c]) * scale[c] + beta[c]
                    index = np.uint8(0)
                    z = (x[n, 2 * i, 2 * j + 1, c] - mean[c]) * scale[c] + beta[c]
                    if z > best or z != z:
                        best = z
                        index = np.uint8(1)
                    z = (x[n, 2 * i + 1, 2 * j, c] - mean[c]) * scale[c] + beta[c]
                    if z > best or z != z:
                        best = z
                        index = np.uint8(2)
                    z = (x[n, 2 * i + 1, 2 * j + 1, c] - mean[c]) * scale[c] + beta[c]
                    if z > best or z != z:
                        best = z
                        index = np.uint8(3)
                    out[n, i, j, c] = best
                    winner[n, i, j, c] = index


@kernel(parallel=True)
def _backward(dout, winner, dx):
    """dx of the squares; a dropped row or column of dx is left to the caller."""
    N, H, W, C = dout.shape
    zero = dout.dtype.type(0)
    for n in prange(N):    # owns image n of dx
        for i in range(H):
            for u in range(2):
                for j in range(W):
                    for v in range(2):
                        here = np.uint8(2 * u + v)
                        for c in range(C):
                            won = winner[n, i, j, c] == here
                            dx[n, 2 * i + u, 2 * j + v, c] = dout[n, i, j, c] if won else zero


def maxpool_forward(x, affine=None):
    """x (N, H, W, C) -> out (N, H//2, W//2, C) and winner, uint8 of the same shape.

    affine (3, C), rows mean, scale, beta: of (x - mean) scale + beta in place of x, which batch
    norm before the pooling then need not write to memory.
    """
    x, = checks.pooling(x)
    N, H, W, C = x.shape
    if affine is None:
        affine = np.repeat(np.array([[0], [1], [0]], x.dtype), C, axis=1)
    affine = checks.array("max pooling", "affine", affine, (3, C), x.dtype)
    shape = (N, H // 2, W // 2, C)
    out, winner = empty(shape, x.dtype), empty(shape, np.uint8)
    _forward(x, *affine, out, winner)
    return out, winner


def maxpool_backward(dout, winner, input_shape):
    """dx (N, H, W, C) = input_shape: each dout goes to the winner of its square, 0 elsewhere."""
    dout, winner, input_shape = checks.pooling_gradient(dout, winner, input_shape)
    dx = empty(input_shape, dout.dtype)
    _backward(dout, winner, dx)
    H, W = dout.shape[1:3]
    dx[:, 2 * H:] = 0
    dx[:, :, 2 * W:] = 0
    return dx
