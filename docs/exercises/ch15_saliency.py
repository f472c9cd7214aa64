"""Chapter 15, the tests. The answers: ch15_saliency.py of a workspace."""

import numpy as np
from answers import saliency_of_linear
from checker import derivation, same, slope


def test_saliency_of_linear():
    rng = np.random.default_rng(1)
    x, w, b = (rng.standard_normal(shape) for shape in ((5, 6), (6, 4), (4,)))
    rows, t = np.arange(5), (x @ w + b).argmax(axis=1)

    def p():
        e = np.exp(x @ w + b)
        return (e / e.sum(axis=1, keepdims=True))[rows, t]

    same("map", derivation(saliency_of_linear)(x, w, b), slope(p, x, 1.0), 1e-6)
