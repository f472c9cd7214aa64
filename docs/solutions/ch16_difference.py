"""Chapter 16, solutions."""

import numpy as np


def by_hand():
    # 0.8 + 0.2 / 4; log(0.85 / 0.05); (1 - 0.001)^1000, nearly 1 / e.
    return 0.85, np.log(17), 0.999**1000


def warm_cosine(t, steps, warmup):
    if t < warmup:
        return (t + 1) / warmup
    return (1 + np.cos(np.pi * (t - warmup) / (steps - warmup))) / 2


def smoothed_loss(z, y, smoothing):
    N, K = z.shape
    t = np.full((N, K), smoothing / K)
    t[np.arange(N), y] += 1 - smoothing
    shifted = z - z.max(axis=1, keepdims=True)
    log_p = shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))
    return -(t * log_p).sum() / N, (np.exp(log_p) - t) / N


def noise_left(decay, rho):
    return (1 - decay) / (1 + decay) * (1 + decay * rho) / (1 - decay * rho)


def decay_for(share, rho):
    low, high = 0.0, 1.0            # noise_left falls from 1 to 0 between these
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (middle, high) if noise_left(middle, rho) > share else (low, middle)
    return (low + high) / 2


def what_is_left(decoupled, size, rng, lr=1e-3, decay=0.1, steps=2000):
    w, m, v = np.ones(200), np.zeros(200), np.zeros(200)
    for t in range(1, steps + 1):
        g = size * rng.standard_normal(200)
        if not decoupled:
            g = g + decay * w
        m = 0.9 * m + 0.1 * g
        v = 0.999 * v + 0.001 * g * g
        step = m / (1 - 0.9 ** t) / np.sqrt(v / (1 - 0.999 ** t))
        w = w * (1 - lr * decay * decoupled) - lr * step
    return w.mean()
