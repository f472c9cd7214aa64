"""Convolution 3x3, stride 1, no padding: which method serves which shape.

`direct` is the definition; `winograd` spends fewer multiplications where there are channels enough
to share its transforms. Both compute the sums of `reference.py`, which takes their place where
numba cannot compile them: with NUMBA_DISABLE_JIT=1 it is plain Python, to be followed step by step.
Chapters 6 and 22 of the course.
"""

import numpy as np

from tinyfer.core import checks
from tinyfer.core.kernels import direct, reference, simd, winograd
from tinyfer.core.kernels.batchnorm import batchnorm_apply_gradient

FEW_CHANNELS = 4


def _tile(H, W):
    """Winograd's m for an output of H x W: tiles that fit it without a rest, where there are any.

    The larger the tile, the fewer the multiplications, and the dearer the transforms. What fits
    without a rest wins, and of those the largest (measured with scripts/lab/benchmark.py).
    """
    for m in (6, 5, 4):
        if H % m == 0 and W % m == 0:
            return m
    return 4


def conv2d_forward(x, w, b, relu=False, transformed=None):
    """out[n,i,j,k] = b[k] + sum over u,v,c of x[n,i+u,j+v,c] w[u,v,c,k]; with relu, max(0, .).

    x (N, H, W, C), w (3, 3, C, K), b (K,), one dtype -> out (N, H-2, W-2, K). A NaN stays NaN;
    behind Winograd, NaN or infinity may spread to the other outputs of their tiles. transformed:
    a dict in which the transformed filters of this w are kept for the next call.
    """
    x, w, b = checks.convolution(x, w, b)
    if not simd.AVAILABLE:
        out = reference.conv2d_forward(x, w, b)
        return np.maximum(out, x.dtype.type(0)) if relu else out
    N, H, W, C = x.shape
    if C < FEW_CHANNELS:
        return direct.forward(x, w, b, relu)
    return winograd.forward(x, w, b, relu, _tile(H - 2, W - 2), transformed)


def conv2d_backward(dout, x, w, out=None, norm=None, wants_dx=True):
    """dx, dw, db of conv2d_forward; out: its result where it included ReLU, None without.

    dx[n,i,j,c] = sum over u,v,k of dout[n,i-u,j-v,k] w[u,v,c,k]; dw[u,v,c,k] = sum over n,i,j of
    x[n,i+u,j+v,c] dout[n,i,j,k]; db[k] = sum over n,i,j of dout[n,i,j,k]. With ReLU, dout counts
    as 0 where out <= 0.

    norm (4, K), of `batchnorm_gradient`, where batch norm follows the ReLU: dout is then the
    gradient behind batch norm, and the one before it is made where dout is read. With
    wants_dx=False dx may be None, where leaving it out saves time.
    """
    dout, x, w, out, norm = checks.convolution_gradient(dout, x, w, out, norm)
    if not simd.AVAILABLE:
        if norm is not None:
            dout = batchnorm_apply_gradient(dout, out, norm)
        dout = dout if out is None else np.where(out <= 0, x.dtype.type(0), dout)
        return reference.conv2d_backward(dout, x, w)
    N, H, W, C = x.shape
    if C < FEW_CHANNELS:
        return direct.backward(dout, x, w, out, norm, wants_dx)
    return winograd.backward(dout, x, w, out, _tile(H - 2, W - 2), norm)
