"""Chapter 22, the tests. The answers: ch22_winograd.py of a workspace."""

import checker
import numpy as np
from answers import convolve, cook_toom, gradient_by_hand, input_gradient
from checker import derivation, same, slope, true
from numpy.lib.stride_tricks import sliding_window_view


def test_gradient_by_hand():
    checker.by_hand("winograd_gradient", gradient_by_hand())


def _sums(x, g):
    """The definition, by windows."""
    return np.einsum("ijuv,uv->ij", sliding_window_view(x, (3, 3)), g)


def test_convolve():
    rng = np.random.default_rng(0)
    for H, W in (6, 6), (10, 6), (6, 14), (18, 10):
        x, g = rng.standard_normal((H, W)), rng.standard_normal((3, 3))
        same("out", derivation(convolve)(x, g), _sums(x, g))


def test_input_gradient():
    rng = np.random.default_rng(0)
    for H, W in (6, 6), (10, 6), (18, 10):
        dout, g, x = (rng.standard_normal(s) for s in ((H - 2, W - 2), (3, 3), (H, W)))
        found = derivation(input_gradient, [convolve])(dout, g)
        same("dx", found, slope(lambda: _sums(x, g), x, dout, h=0.5), 1e-7)


def test_cook_toom():
    rng = np.random.default_rng(1)
    for r, points in (3, [0, 1, -1]), (2, [0, 1]), (5, [0, 1, -1, 2, -2]), (3, [0.5, -1, 3, 2]):
        AT, G, BT = derivation(cook_toom)(points, r)
        n = len(points) + 1
        tau = n - r + 1
        for name, matrix, shape in ("A^T", AT, (tau, n)), ("G", G, (n, r)), ("B^T", BT, (n, n)):
            true(np.shape(matrix) == shape, f"{name} for {n} points and {r} taps has the shape "
                                            f"{np.shape(matrix)}; expected {shape}")
        true(AT[:, -1].any(), "the last output misses the point at infinity: A^T has a 1 there")
        true(G[-1].any(), "the last tap misses the point at infinity: G has a 1 there")
        x, g = rng.standard_normal(n), rng.standard_normal(r)
        same(f"y for {r} taps, points {points}", AT @ ((G @ g) * (BT @ x)),
             np.convolve(x, g[::-1], "valid"))
