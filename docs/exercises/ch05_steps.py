"""Chapter 5, the tests. The answers: ch05_steps.py of a workspace."""

import numpy as np
from answers import largest_rate, momentum
from checker import same, true


def test_momentum():
    rng = np.random.default_rng(0)
    start, valley = rng.standard_normal(3), np.array([1.0, 3, 10])
    for lr, beta in (0.1, 0.0), (0.1, 0.9), (0.03, 0.5):
        w, found, given = start, start.copy(), []
        for t in range(6):      # by the sum that m is
            given.append(valley * w)
            w = w - lr * (1 - beta) * sum(beta ** (t - i) * g for i, g in enumerate(given))
        same(f"w for the rate {lr} and beta {beta}",
             momentum(found, lambda w: valley * w, lr, beta, 6), w)
        true(np.array_equal(found, start), "the w that was given is changed")


def test_largest_rate():
    for beta in 0.0, 0.5, 0.9:
        limit = 2 / 7 * (1 + beta) / (1 - beta)
        rates = [factor * limit for factor in (0.01, 0.3, 0.9, 1.1, 1.5, 1000)]
        same(f"the largest rate for beta {beta}", largest_rate(7.0, beta, rates), 0.9 * limit)
