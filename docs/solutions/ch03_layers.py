"""Chapter 3, solutions."""

import numpy as np


def by_hand():
    out = [[1 - 2, 0 + 4 + 1], [3, 0 + 1]]
    dx = [[1, -1], [-1, 1 + 4]]                 # dout w^T
    dw = [[1 - 3, 0 + 6], [2, 0]]               # x^T dout
    return out, dx, dw, [0, 2]


def _sigmoid(x):
    return 1 / (1 + np.exp(-x))


def silu(x):
    return x * _sigmoid(x)


def silu_backward(dout, x):
    """sigma' = sigma (1 - sigma), so the slope is sigma + x sigma (1 - sigma)."""
    s = _sigmoid(x)
    return dout * (s + x * s * (1 - s))


def residual_backward(dout, x, w, b):
    """x is used twice: its gradient is the sum of both ways. A new array for the masked dout."""
    dz = dout * (x @ w + b > 0)
    return dout + dz @ w.T, x.T @ dz, dz.sum(axis=0)


def solve_the_chessboard(x, labels, rng):
    """Without the hidden layer about half: the classes have the same mean."""
    N = len(x)
    w1, b1 = rng.standard_normal((2, 16)), np.zeros(16)
    w2, b2 = rng.standard_normal((16, 2)) / 4, np.zeros(2)
    for _ in range(300):
        a = np.maximum(0, x @ w1 + b1)
        z = a @ w2 + b2
        dz = np.exp(z - z.max(axis=1, keepdims=True))
        dz /= dz.sum(axis=1, keepdims=True)
        dz[np.arange(N), labels] -= 1
        dz /= N
        da = (dz @ w2.T) * (a > 0)
        for value, gradient in ((w1, x.T @ da), (b1, da.sum(0)), (w2, a.T @ dz), (b2, dz.sum(0))):
            value -= 0.5 * gradient
    return np.mean((np.maximum(0, x @ w1 + b1) @ w2 + b2).argmax(axis=1) == labels)
