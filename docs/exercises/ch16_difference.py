"""Chapter 16, the tests. The answers: ch16_difference.py of a workspace."""

import numpy as np
from answers import decay_for, noise_left, smoothed_loss, taught_loss, warm_cosine
from checker import derivation, same, slope, true


def test_warm_cosine():
    t = np.arange(100)
    same("the rates of 100 steps, 10 of them to warm up", [warm_cosine(n, 100, 10) for n in t],
         np.where(t < 10, (t + 1) / 10, (1 + np.cos(np.pi * (t - 10) / 90)) / 2))


def test_smoothed_loss():
    rng = np.random.default_rng(0)
    z, y = rng.standard_normal((3, 5)), np.array([4, 0, 2])
    log_p = z - np.log(np.exp(z).sum(axis=1, keepdims=True))
    t = 0.9 * np.eye(5)[y] + 0.02
    loss, dz = derivation(smoothed_loss)(z, y, 0.1)
    same("loss", loss, -(t * log_p).sum() / 3)
    same("dz", dz, slope(lambda: smoothed_loss(z, y, 0.1)[0], z, 1.0), 1e-7)


def test_noise_left():
    cases = (0.99, 0.5), (0.5, 0.0), (0.0, 0.7), (0.9, 0.8)
    i = np.arange(3000)

    def added_up(decay, rho):
        """The sum over all pairs i, j of their weights in the mean times rho^|i - j|."""
        w = (1 - decay) * decay**i
        lags = np.array([w[:len(w) - lag] @ w[lag:] for lag in range(400)])
        return lags[0] + 2 * (lags[1:] * rho ** np.arange(1, 400.0)).sum()

    same("the shares for decay, rho = " + ", ".join(map(str, cases)),
         [noise_left(*case) for case in cases], [added_up(*case) for case in cases])


def test_decay_for():
    for share, rho in (0.0149, 0.5), (0.3, 0.0), (0.01, 0.99):
        d = decay_for(share, rho)
        true(0 < d < 1, f"the decay for {share} is {d}: it lies between 0 and 1")
        left = (1 - d) / (1 + d) * (1 + d * rho) / (1 - d * rho)
        same(f"what the decay for {share} leaves", left, share, 1e-6)


def test_taught_loss():
    rng = np.random.default_rng(0)
    z, v = rng.standard_normal((3, 5)), 3 * rng.standard_normal((3, 5))
    p, q = (np.exp(a / 4) / np.exp(a / 4).sum(axis=1, keepdims=True) for a in (z, v))
    loss, dz = derivation(taught_loss)(z, v, 4.0)
    same("loss at T = 4", loss, -16 * (q * np.log(p)).sum() / 3)
    same("dz at T = 4", dz, slope(lambda: taught_loss(z, v, 4.0)[0], z, 1.0), 1e-7)
