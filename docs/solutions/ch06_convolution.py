"""Chapter 6, solutions; those of the pieces are in mynet/."""

import numpy as np
from mynet.convolution import Conv


def by_hand():
    """out = 1 + 1 - 3, 1 + 2 - 4. dx: (1, 0, -1, 0) + 2 (0, 1, 0, -1). dw_u = x_u + 2 x_{u+1}."""
    return [-1, -1], [1, 2, -1, -2], [5, 8, 11], 3


def output_size(H, R, P=0, S=1, D=1):
    """The window reaches over D (R - 1) + 1 rows."""
    return (H + 2 * P - D * (R - 1) - 1) // S + 1


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


def _windows(x, w, step):
    """u, v and the slice of the large image where the copies' weights (u, v) come to lie."""
    H, W = x.shape[1:3]
    for u, v in np.ndindex(w.shape[:2]):
        yield u, v, np.s_[:, u:u + step * (H - 1) + 1:step, v:v + step * (W - 1) + 1:step]


def transposed_conv(x, w, step):
    N, H, W, _ = x.shape
    R = len(w)
    out = np.zeros((N, step * (H - 1) + R, step * (W - 1) + R, w.shape[3]))
    for u, v, window in _windows(x, w, step):
        out[window] += x @ w[u, v]
    return out


def transposed_conv_backward(dout, x, w, step):
    """dx is an ordinary convolution of dout with that step, the filter not turned."""
    dx, dw = np.zeros_like(x), np.zeros_like(w)
    for u, v, window in _windows(x, w, step):
        dx += dout[window] @ w[u, v].T
        dw[u, v] = np.tensordot(x, dout[window], axes=((0, 1, 2), (0, 1, 2)))
    return dx, dw


def influence(w1, w2):
    """The pixel in the middle is reached by nine ways, a corner by one; variances add up."""
    layers = [Conv(w[:, :, None, None], np.zeros(1)) for w in (w1, w2)]
    x = np.zeros((1, 5, 5, 1))
    for layer in layers:
        x = layer.forward(x)
    dout = np.ones_like(x)
    for layer in reversed(layers):
        dout = layer.backward(dout)
    return dout[0, :, :, 0]
