"""Chapter 6, exercises: replace every `raise NotImplementedError`."""

import numpy as np


def by_hand():
    """Exercise 1, by hand. In one dimension, out[i] = b + sum over u of x[i+u] w[u], with
    x = (1, 2, 3, 4), w = (1, 0, -1), b = 1 and dout = (1, 2).

    Return (out, dx, dw, db) as lists and a number.
    """
    # solution
    # out = 1 + 1 - 3, 1 + 2 - 4. dx: (1, 0, -1, 0) + 2 (0, 1, 0, -1). dw_u = x_u + 2 x_{u+1}.
    return [-1, -1], [1, 2, -1, -2], [5, 8, 11], 3


def output_size(H, R, P=0, S=1, D=1):
    """Exercise 2. Rows of the output: H rows, window of R, P rows of padding at either end, step S,
    and dilation D: the rows of the window lie D apart.
    """
    # solution
    # The window reaches over D (R - 1) + 1 rows. Number i begins in row S i, and must end within
    # the H + 2P rows: S i + D (R - 1) + 1 <= H + 2P. i = 0 counts, hence + 1.
    return (H + 2 * P - D * (R - 1) - 1) // S + 1


def seen_by_one_output(layers):
    """Exercise 2, too. Rows of the input that one output row depends on (its receptive field).

    layers: list of (R, S), window and step of each layer, from the input on; pooling counts too.
    Work from the output backward.
    """
    # solution
    # r rows of the output start S apart and the last needs R: (r - 1) S + R rows of the input.
    rows = 1
    for R, S in reversed(layers):
        rows = (rows - 1) * S + R
    return rows


# helper
def _windows(x, w, step):
    """u, v and the slice of the large image where the copies' weights (u, v) come to lie."""
    H, W = x.shape[1:3]
    for u, v in np.ndindex(w.shape[:2]):
        yield u, v, np.s_[:, u:u + step * (H - 1) + 1:step, v:v + step * (W - 1) + 1:step]


def transposed_conv(x, w, step):
    """Exercise 4. Convolution transposed: every pixel of x pastes copies of the filters, times
    itself, onto the output, each copy `step` from the next.

        out[n, S i + u, S j + v, k] = sum of x[n,i,j,c] w[u,v,c,k] over all that fall there

    x (N, H, W, C), w (R, R, C, K) -> out (N, S (H - 1) + R, S (W - 1) + R, K). It makes images
    larger, as networks that draw do.
    """
    # solution
    N, H, W, _ = x.shape
    R = len(w)
    out = np.zeros((N, step * (H - 1) + R, step * (W - 1) + R, w.shape[3]))
    for u, v, window in _windows(x, w, step):
        out[window] += x @ w[u, v]
    return out


def transposed_conv_backward(dout, x, w, step):
    """Exercise 4. dx and dw. What is dx, seen from dout?"""
    # solution
    # x[n,i,j,c] stands in out[n, S i + u, S j + v, k] with the factor w[u,v,c,k], so
    #   dx[n,i,j,c] = sum over u,v,k of dout[n, S i + u, S j + v, k] w[u,v,c,k],
    # an ordinary convolution of dout with step S, the filter not rotated; and, the factors
    # exchanged, dw[u,v,c,k] = sum over n,i,j of x[n,i,j,c] dout[n, S i + u, S j + v, k].
    dx, dw = np.zeros_like(x), np.zeros_like(w)
    for u, v, window in _windows(x, w, step):
        dx += dout[window] @ w[u, v].T
        dw[u, v] = np.tensordot(x, dout[window], axes=((0, 1, 2), (0, 1, 2)))
    return dx, dw
