"""Chapter 12, solutions; those of the pieces are in mynet/."""

import numpy as np
from mynet.dropout import Dropout


def by_hand():
    weights = 20 / 36, 20 / 18, 20 / 6
    # w q is (1/3, 1/3, 1/3): true probabilities like the shares of the classes say nothing at all.
    # Reads at -1.5, -0.5, 0.5, 1.5: outside, outside, between 0 and 8, between 8 and 16.
    return weights, (1 / 3, 1 / 3, 1 / 3), (0, 0, 4, 12)


def _reader(n, s):
    """The matrix that reads n numbers at their places minus s."""
    place = np.clip(np.arange(n) - s, 0, n - 1)
    k = np.minimum(np.floor(place).astype(int), n - 2)
    matrix = np.zeros((n, n))
    matrix[np.arange(n), k] = 1 - (place - k)
    matrix[np.arange(n), k + 1] = place - k
    return matrix


def shift(image, s_y, s_x):
    """Rows and columns, one after the other: Y image X^T."""
    H, W = image.shape
    return _reader(H, s_y) @ image @ _reader(W, s_x).T


def shift_backward(dout, s_y, s_x):
    """Y image X^T is linear in the image; its transpose is Y^T dout X."""
    H, W = dout.shape
    return _reader(H, s_y).T @ dout @ _reader(W, s_x)


def without_weights(q, weights):
    P = q / weights
    return P / P.sum(axis=1, keepdims=True)


def variances(x, rate, rng, n=4000):
    """E[out^2] = E[x^2] / (1 - rate) and E[out] = E[x]: the ratio is 1 only for a rate of 0."""
    layer = Dropout(rate, rng)
    out = np.array([layer.forward(x, True) for _ in range(n)])
    return out.var(), layer.forward(x).var()
