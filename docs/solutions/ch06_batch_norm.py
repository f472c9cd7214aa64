"""Chapter 6, solutions."""

import numpy as np

from tinyfer.layers import BatchNorm, Dense


def by_hand():
    # mean 2, variance 4, xhat = (-1, -1, 1, 1); mean(dout) = 1, mean(dout xhat) = 2 / 4.
    # dx = 3/2 ((1, 0, 0, 3) - 1 - xhat / 2) = 3/2 (1/2, -1/2, -3/2, 3/2).
    return [-2, -2, 4, 4], [0.75, -0.75, -2.25, 2.25], 2, 4, 0.9 * 0 + 0.1 * 2, 0.9 * 1 + 0.1 * 4


def merge(a, b):
    (count_a, mean_a, m2_a), (count_b, mean_b, m2_b) = a, b
    count, delta = count_a + count_b, mean_b - mean_a
    return (count, mean_a + delta * count_b / count,
            m2_a + m2_b + delta ** 2 * count_a * count_b / count)


def _normalised(x, epsilon):
    inv_std = 1 / np.sqrt(x.var(axis=1, keepdims=True) + epsilon)
    return (x - x.mean(axis=1, keepdims=True)) * inv_std, inv_std


def layer_norm(x, gamma, beta, epsilon):
    return _normalised(x, epsilon)[0] * gamma + beta


def layer_norm_dx(dout, x, gamma, epsilon):
    xhat, inv_std = _normalised(x, epsilon)
    # gamma must stay inside the means: it is not the same for all values of a row.
    dxhat = dout * gamma
    return inv_std * (dxhat - dxhat.mean(axis=1, keepdims=True)
                      - xhat * (dxhat * xhat).mean(axis=1, keepdims=True))


def longer_weights(factor, rng):
    x, w, dout = (rng.standard_normal(shape) for shape in ((64, 5), (5, 3), (64, 3)))
    outs, lengths = [], []
    for scale in (1, factor):
        dense = Dense(5, 3, rng, dtype=np.float64)
        norm = BatchNorm(3, epsilon=1e-12, dtype=np.float64)
        dense.w.value[...] = scale * w
        outs.append(norm.forward(dense.forward(x), training=True))
        dense.backward(norm.backward(dout))
        lengths.append(np.linalg.norm(dense.w.grad))
    return np.abs(outs[1] - outs[0]).max(), lengths[1] / lengths[0]
