"""Chapter 13, solutions; those of the pieces are in mynet/."""

import numpy as np
from mynet.losses import softmax_cross_entropy
from mynet.training import batches


def by_hand():
    # 448 batches of 64 are 28,672 images; 37 are left. (64 + 44.8 + 40) / 144.
    return 449, 37, (64 * 1.0 + 64 * 0.7 + 16 * 2.5) / 144, np.sqrt(0.65 * 0.35 / 3589)


def start(seed, D, K):
    return {"w": np.zeros((D, K)).tolist(), "b": [0.0] * K, "uw": np.zeros((D, K)).tolist(),
            "ub": [0.0] * K, "rng": np.random.default_rng(seed).bit_generator.state}


def advance(state, x, labels, epochs):
    w, b, uw, ub = (np.array(state[name]) for name in ("w", "b", "uw", "ub"))
    rng = np.random.default_rng()
    rng.bit_generator.state = state["rng"]
    for _ in range(epochs):
        for batch in batches(len(x), 8, rng):
            _, dz = softmax_cross_entropy(x[batch] @ w + b, labels[batch])
            uw, ub = 0.9 * uw + x[batch].T @ dz, 0.9 * ub + dz.sum(axis=0)
            w, b = w - 0.1 * uw, b - 0.1 * ub
    # JSON writes every digit of a float, so nothing is lost on the way.
    return {"w": w.tolist(), "b": b.tolist(), "uw": uw.tolist(), "ub": ub.tolist(),
            "rng": rng.bit_generator.state}


def too_good(epochs, n, p, rng, runs=2000):
    return (rng.binomial(n, p, (runs, epochs)) / n).max(axis=1).mean() - p
