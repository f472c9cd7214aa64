"""Chapter 16, the tests. The answers: ch16_difference.py of a workspace."""

import numpy as np
from answers import (
    decay_for,
    noise_left,
    smoothed_loss,
    taught_loss,
    warm_cosine,
    what_is_left,
)
from checker import derivation, same, slope, true


def test_warm_cosine():
    def rates(rise, fall):
        return [rise(t) if t < 10 else fall(t) for t in range(100)]

    def fall(t):
        return (1 + np.cos(np.pi * (t - 10) / 90)) / 2

    same("the rates of 100 steps, 10 of them to warm up",
         [warm_cosine(t, 100, 10) for t in range(100)], rates(lambda t: (t + 1) / 10, fall))


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


def test_what_is_left():
    found = [what_is_left(decoupled, size, np.random.default_rng(0))
             for decoupled in (True, False) for size in (1.0, 1e-3)]
    beside = (1 - 1e-4) ** 2000
    true(abs(found[0] - beside) < 0.03, f"beside the step, gradients of 1 leave {found[0]:.3f}; "
         f"expected about (1 - lr decay)^steps = {beside:.3f}")
    true(abs(found[1] - beside) < 0.03, f"beside the step, gradients of 0.001 leave "
         f"{found[1]:.3f}; expected as much as those of 1, {beside:.3f}: decay goes through v")
    true(found[2] > 0.8, f"in the gradient, gradients of 1 leave {found[2]:.3f}; expected most of "
         "it: v is their size, and the decay is divided by its root")
    true(abs(found[3]) < 0.1, f"in the gradient, gradients of 0.001 leave {found[3]:.3f}; expected "
         "next to nothing: divided by the root of a small v, the decay is a whole step")


def test_taught_loss():
    rng = np.random.default_rng(0)
    z, v = rng.standard_normal((3, 5)), 3 * rng.standard_normal((3, 5))
    p, q = (np.exp(a / 4) / np.exp(a / 4).sum(axis=1, keepdims=True) for a in (z, v))
    loss, dz = derivation(taught_loss)(z, v, 4.0)
    same("loss at T = 4", loss, -16 * (q * np.log(p)).sum() / 3)
    same("dz at T = 4", dz, slope(lambda: taught_loss(z, v, 4.0)[0], z, 1.0), 1e-7)
