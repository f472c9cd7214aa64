"""Convolution, 3x3, stride 1, no padding, as one matrix product an image (im2col)."""

import numpy as np

from tinyfer.kernels.memory import empty


def _windows(x):
    """The 3x3 windows of one image x (H, W, C) as rows: (H-2)*(W-2), 9*C."""
    H, W, C = x.shape
    view = np.lib.stride_tricks.sliding_window_view(x, (3, 3), axis=(0, 1))
    return view.transpose(0, 1, 3, 4, 2).reshape((H - 2) * (W - 2), 9 * C)


def conv2d_forward(x, w, b, relu=False):
    """out[n,i,j,k] = b[k] + sum over u,v,c of x[n,i+u,j+v,c] w[u,v,c,k]; with relu, max(0, .)."""
    N, H, W, C = x.shape
    K = w.shape[3]
    out = empty((N, H - 2, W - 2, K), x.dtype)
    flat = w.reshape(9 * C, K)
    for n in range(N):
        np.matmul(_windows(x[n]), flat, out=out[n].reshape(-1, K))
    out += b
    if relu:
        out[out < 0] = 0
    return out


def conv2d_backward(dout, x, w, out=None):
    """dx, dw, db of conv2d_forward; out: the result of the fused ReLU, None without one."""
    if out is not None:
        dout = np.where(out <= 0, x.dtype.type(0), dout)
    N, H, W, C = x.shape
    K = w.shape[3]
    dw = np.zeros((9 * C, K), x.dtype)
    for n in range(N):
        dw += _windows(x[n]).T @ dout[n].reshape(-1, K)
    padded = np.pad(dout, ((0, 0), (2, 2), (2, 2), (0, 0)))
    turned = np.ascontiguousarray(w[::-1, ::-1].transpose(0, 1, 3, 2))
    dx = conv2d_forward(padded, turned, np.zeros(C, x.dtype))
    return dx, dw.reshape(w.shape), dout.sum(axis=(0, 1, 2))
