"""Chapter 19, the tests. The answers: ch19_machines.py of a workspace."""

import numpy as np
from answers import share_of_loss, variance_of_shares
from checker import derivation, same

import tinyfer


def test_share_of_loss():
    rng = np.random.default_rng(0)
    z, labels = rng.standard_normal((10, 3)), np.array([0, 1, 1, 2, 0, 0, 2, 1, 0, 2])
    weights = np.array([0.5, 1.0, 3.0])
    _, dz = tinyfer.softmax_cross_entropy(z, labels, weights)
    each = -weights[labels] * np.log(tinyfer.softmax(z))[np.arange(10), labels]
    for rows in slice(0, 4), slice(4, 7), slice(7, 10):
        found = derivation(share_of_loss)(z[rows], labels[rows], weights, 10, 3)
        same("the loss of a worker", found[0], 3 * each[rows].sum() / 10)
        same("dz of a worker", found[1], 3 * dz[rows])


def test_variance_of_shares():
    rng, sizes = np.random.default_rng(1), (2, 8, 32)
    same(f"variances for shares of {sizes}", [variance_of_shares(M, rng) for M in sizes],
         [1 - 1 / M for M in sizes], 0.03)
