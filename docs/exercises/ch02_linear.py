"""Chapter 2, the tests. The answers: ch02_linear.py of a workspace."""

import numpy as np
from answers import learnt_probability, softmax_backward
from checker import derivation, same, slope, true
from mynet.losses import softmax, softmax_cross_entropy

import tinyfer


def test_softmax():
    z = np.random.default_rng(0).standard_normal((5, 4))
    same("p", softmax(z), tinyfer.softmax(z))
    true(np.isfinite(softmax(1000 * z)).all(),
         "logits of 1000 overflow: subtract the row's largest")
    same("p of z + 1000", softmax(z + 1000), softmax(z), 1e-7)


def test_softmax_cross_entropy():
    rng = np.random.default_rng(3)
    z, labels = rng.standard_normal((5, 4)), np.array([0, 3, 1, 1, 2])
    weights = np.array([0.4, 2.5, 1.0, 0.7])
    log_p = np.log(softmax(z))[np.arange(5), labels]
    write = derivation(softmax_cross_entropy)
    for s in None, weights:
        each = np.ones(5) if s is None else s[labels]
        loss, dz = write(z, labels, s)
        same("loss", loss, -(each * log_p).sum() / 5)
        same("dz", dz, slope(lambda: softmax_cross_entropy(z, labels, s)[0], z, 1.0), 1e-7)
    loss, dz = write(1000 * z, labels, None)
    true(np.isfinite(loss) and np.isfinite(dz).all(), "logits of 1000 give no finite loss")


def test_softmax_backward():
    rng = np.random.default_rng(0)
    z, dp = rng.standard_normal((2, 5, 4))

    def p():
        return np.exp(z) / np.exp(z).sum(axis=1, keepdims=True)

    same("dz", derivation(softmax_backward)(dp, p()), slope(p, z, dp), 1e-7)


def test_what_class_weights_do():
    counts = np.array([700, 200, 100])
    for weights in np.ones(3), 1000 / (3 * counts), np.array([0.5, 3.0, 1.0]):
        both = counts * weights
        same("p", learnt_probability(counts, weights), both / both.sum(), 1e-3)
