"""Chapter 10, solutions."""

import numpy as np


def by_hand():
    weights = 20 / 36, 20 / 18, 20 / 6
    # w q is (1/3, 1/3, 1/3): true probabilities like the shares of the classes say nothing at all.
    # Reads at -1.5, -0.5, 0.5, 1.5: outside, outside, between 0 and 8, between 8 and 16.
    return weights, (1 / 3, 1 / 3, 1 / 3), (0, 0, 4, 12)


def shift(image, s_y, s_x):
    return _shift_rows(_shift_rows(image, s_y).T, s_x).T


def _shift_rows(image, s):
    last = len(image) - 1
    place = np.arange(len(image)) - s
    k = np.floor(place).astype(int)
    f = (place - k)[:, None]
    return (1 - f) * image[np.clip(k, 0, last)] + f * image[np.clip(k + 1, 0, last)]


def without_weights(q, weights):
    P = q / weights
    return P / P.sum(axis=1, keepdims=True)


def sums_behind_dropout(divide, rng, rate=0.5, n=2000):
    x = rng.exponential(size=100)
    kept = rng.random((n, 100)) >= rate
    out = kept * x / (1 - rate if divide else 1)
    return out.sum(axis=1).mean() / x.sum()


def preferred(P, weights, steps=3000, lr=0.1):
    z = np.zeros(len(P))
    share = weights * P
    for _ in range(steps):
        q = np.exp(z) / np.exp(z).sum()
        # -sum_c share_c (z_c - log sum exp z), differentiated: q_c times the total, minus share_c.
        z -= lr * (share.sum() * q - share)
    return np.exp(z) / np.exp(z).sum()
