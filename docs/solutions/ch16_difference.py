"""Chapter 16, exercises: replace every `raise NotImplementedError`."""

import numpy as np


def by_hand():
    """Exercise 1, by hand.

    Return (target of the true class, difference of the logits at the minimum) for smoothing 0.2
    and four classes, and the fraction of a weight that 1,000 steps of decay leave at rate 0.01 and
    decay 0.1. To three decimals.
    """
    # solution
    # At the minimum p is the target, 0.85 and three times 0.05, and z_y - z_k = log(p_y / p_k).
    # 0.8 + 0.2 / 4; log(0.85 / 0.05); (1 - 0.001)^1000, nearly 1 / e.
    return 0.85, np.log(17), 0.999**1000


def warm_cosine(t, steps, warmup):
    """Exercise 2. The fraction of the highest rate in step t, from 0 to steps - 1.

    (t + 1) / warmup in the first `warmup` steps; after them half a cosine that would reach 0 in
    step `steps`, and has 1 in step `warmup`.
    """
    # solution
    if t < warmup:
        return (t + 1) / warmup
    return (1 + np.cos(np.pi * (t - warmup) / (steps - warmup))) / 2


def smoothed_loss(z, y, smoothing):
    """Exercise 3. Mean cross-entropy against smoothed labels, and its gradient.

    z (N, K) logits, y (N,) labels. Return (loss, dz).
    """
    # solution
    # d(log p_k)/dz_j = [j = k] - p_j, so -sum_k t_k log p_k has the slope -t_j + p_j sum_k t_k by
    # z_j: as the t_k add up to 1, p_j - t_j. The mean over N images divides it by N.
    N, K = z.shape
    t = np.full((N, K), smoothing / K)
    t[np.arange(N), y] += 1 - smoothing
    shifted = z - z.max(axis=1, keepdims=True)
    log_p = shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))
    return -(t * log_p).sum() / N, (np.exp(log_p) - t) / N


def noise_left(decay, rho):
    """Exercise 4. Var[m] / s^2 for a running mean with `decay` of a walk with covariance s^2 rho^i.
    """
    # solution
    # With d for decay, m = (1 - d) sum over i >= 0 of d^i x_{-i}, so
    #   Var[m] / s^2 = (1 - d)^2 sum over i,j of d^(i+j) rho^|i-j|.
    # The pairs whose smaller index is i: i itself, and i + k for k = 1, 2, ... twice. They give
    #   d^(2i) (1 + 2 sum over k of (d rho)^k) = d^(2i) (1 + d rho) / (1 - d rho),
    # and the d^(2i) add up to 1 / (1 - d^2); (1 - d)^2 / (1 - d^2) = (1 - d) / (1 + d).
    return (1 - decay) / (1 + decay) * (1 + decay * rho) / (1 - decay * rho)


def decay_for(share, rho):
    """Exercise 4. The decay of a running mean that leaves a share of the noise, 0 < share < 1."""
    # solution
    low, high = 0.0, 1.0            # noise_left falls from 1 to 0 between these
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (middle, high) if noise_left(middle, rho) > share else (low, middle)
    return (low + high) / 2


def taught_loss(z, v, T):
    """Exercise 5. T^2 times the mean cross-entropy of softmax(z / T) against softmax(v / T), and
    its gradient by z.

    z (N, K) logits of the student, v (N, K) of the teacher. Return (loss, dz).
    """
    # solution
    # By u = z / T the cross-entropy has the slope p - q (exercise 3: q adds up to 1), and by z
    # (p - q) / T. Times T^2 that is T (p - q), divided by N for the mean.
    def log_softmax(a):
        shifted = a / T - (a / T).max(axis=1, keepdims=True)
        return shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))

    q, log_p = np.exp(log_softmax(v)), log_softmax(z)
    return -T**2 * (q * log_p).sum() / len(z), T * (np.exp(log_p) - q) / len(z)
