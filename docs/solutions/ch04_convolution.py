"""Chapter 4, solutions."""

import numpy as np

from tinyfer.kernels.reference import conv2d_backward


def by_hand():
    """out = 1 + 1 - 3, 1 + 2 - 4. dx: (1, 0, -1, 0) + 2 (0, 1, 0, -1). dw_u = x_u + 2 x_{u+1}."""
    return [-1, -1], [1, 2, -1, -2], [5, 8, 11], 3


def output_size(H, R, P=0, S=1):
    return (H + 2 * P - R) // S + 1


def seen_by_one_output(layers):
    """r rows of the output start S apart and the last needs R: (r - 1) S + R rows of the input."""
    rows = 1
    for R, S in reversed(layers):
        rows = (rows - 1) * S + R
    return rows


def blind_rows(H, layers):
    """All outputs together: start with as many rows as the last layer makes, not with one."""
    rows = H
    for R, S in layers:
        rows = output_size(rows, R, S=S)
    for R, S in reversed(layers):
        rows = (rows - 1) * S + R
    return H - rows


def _windows(x):
    """(u, v, slice of x that the weight u, v meets)"""
    H, W = (x.shape[1] - 3) // 2 * 2 + 1, (x.shape[2] - 3) // 2 * 2 + 1
    return [(u, v, np.s_[:, u:u + H:2, v:v + W:2]) for u in range(3) for v in range(3)]


def conv_step_2(x, w, b):
    return b + sum(x[window] @ w[u, v] for u, v, window in _windows(x))


def conv_step_2_backward(dout, x, w):
    dx, dw = np.zeros_like(x), np.zeros_like(w)
    for u, v, window in _windows(x):
        dx[window] += dout @ w[u, v].T
        dw[u, v] = np.tensordot(x[window], dout, axes=((0, 1, 2), (0, 1, 2)))
    return dx, dw, dout.sum(axis=(0, 1, 2))


def influence(rng):
    """The pixel in the middle is reached by nine ways, a corner by one; variances add up."""
    total = np.zeros((5, 5))
    for _ in range(2000):
        w1, w2 = rng.standard_normal((2, 3, 3, 1, 1))
        dmiddle, _, _ = conv2d_backward(np.ones((1, 1, 1, 1)), np.zeros((1, 3, 3, 1)), w2)
        dx, _, _ = conv2d_backward(dmiddle, np.zeros((1, 5, 5, 1)), w1)
        total += dx.reshape(5, 5) ** 2
    return total / 2000
