"""Chapter 9, exercises: replace every `raise NotImplementedError`."""

import numpy as np


def by_hand():
    """Exercise 1, by hand. One channel, x = (0, 0, 4, 4), gamma = 3, beta = 1, epsilon = 0,
    dout = (1, 0, 0, 3), running mean 0, running variance 1, momentum 0.9.

    Return (out, dx, dgamma, dbeta, running mean, running variance) after one training step; out
    and dx as lists.
    """
    # solution
    # mean 2, variance 4, xhat = (-1, -1, 1, 1); mean(dout) = 1, mean(dout xhat) = 2 / 4.
    # dx = 3/2 ((1, 0, 0, 3) - 1 - xhat / 2) = 3/2 (1/2, -1/2, -3/2, 3/2).
    return [-2, -2, 4, 4], [0.75, -0.75, -2.25, 2.25], 2, 4, 0.9 * 0 + 0.1 * 2, 0.9 * 1 + 0.1 * 4


def merge(a, b):
    """Exercise 2. (count, mean, M2) of two parts together, each part given as such a triple.

    M2 is the sum of squared deviations from the part's own mean. From any other number m the sum is
    M2 + count (mean - m)^2; why? Take for m the mean of both parts.
    """
    # solution
    # x - m = (x - mean) + (mean - m): squared and summed, the middle term 2 (mean - m) sum of
    # (x - mean) is 0, and M2 + count (mean - m)^2 is left. With n = n_a + n_b the mean of both is
    # mean_a + delta n_b / n, so that m lies delta n_b / n from mean_a and delta n_a / n from
    # mean_b. The sums grow by delta^2 (n_a n_b^2 + n_b n_a^2) / n^2 = delta^2 n_a n_b / n.
    (count_a, mean_a, m2_a), (count_b, mean_b, m2_b) = a, b
    count, delta = count_a + count_b, mean_b - mean_a
    return (count, mean_a + delta * count_b / count,
            m2_a + m2_b + delta**2 * count_a * count_b / count)


# helper
def _normalised(x, groups, epsilon):
    """xhat and 1 / sigma, as (N, H, W, groups, channels of a group)."""
    N, H, W, C = x.shape
    x = x.reshape(N, H, W, groups, C // groups)
    inv_std = 1 / np.sqrt(x.var(axis=(1, 2, 4), keepdims=True) + epsilon)
    return (x - x.mean(axis=(1, 2, 4), keepdims=True)) * inv_std, inv_std


def group_norm(x, gamma, beta, groups, epsilon):
    """Exercise 4. Group normalisation: no image looks at another.

    x (N, H, W, C). The channels fall into `groups` groups of C / groups neighbours. In each image
    every group gets mean 0 and variance 1 over its rows, columns and channels (variance + epsilon
    under the root); then each channel is multiplied by its gamma (C,), plus its beta (C,).
    """
    # solution
    return gamma * _normalised(x, groups, epsilon)[0].reshape(x.shape) + beta


def group_norm_backward(dout, x, gamma, groups, epsilon):
    """Exercise 4, too. (dx, dgamma, dbeta). What changes is where gamma stands: it differs within
    the numbers that share a mean.
    """
    # solution
    xhat, inv_std = _normalised(x, groups, epsilon)
    # As in batch norm, d xhat_i / d x_j = ([i = j] - 1/M - xhat_i xhat_j / M) / sigma, for the M
    # numbers of a group. With g_i = gamma_i dout_i, the gradient by xhat_i, the sum over i is
    #   dx_j = (g_j - mean of g - xhat_j mean of (g xhat)) / sigma.
    # gamma must stay inside the means: it is not the same for all values of a group.
    dxhat = (dout * gamma).reshape(xhat.shape)
    axes = 1, 2, 4
    dx = inv_std * (dxhat - dxhat.mean(axes, keepdims=True)
                    - xhat * (dxhat * xhat).mean(axes, keepdims=True))
    dgamma = (dout * xhat.reshape(x.shape)).sum(axis=(0, 1, 2))
    return dx.reshape(x.shape), dgamma, dout.sum(axis=(0, 1, 2))
