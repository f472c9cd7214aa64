"""Chapter 21, the tests. The answers: ch21_speed.py of a workspace."""

import numpy as np
from answers import best_tile, col2im, im2col
from checker import derivation, same, slope, true
from numpy.lib.stride_tricks import sliding_window_view


def test_best_tile():
    for registers, best in {16: 12 / 7, 20: 15 / 8, 24: 2.0, 32: 5 / 2}.items():
        R, V = best_tile(registers)
        said = f"{R} x {V} for {registers} registers"
        true(R * V + V + 1 <= registers or V * R + R + 1 > registers or R * V / (R + V) < best,
             f"{said}: rows and vectors are exchanged")
        true(R * V + V + 1 <= registers, f"{said}: the sums alone fill the registers: one row of w "
                                         "and a number of x need some, too")
        true(R * V / (R + V) > best - 1e-9, f"{said} makes {R * V / (R + V):.3g} multiply-adds for "
             f"each load; there is one with {best:.3g} (not the largest tile, that is)")


def _rows(x, stride):
    windows = sliding_window_view(x, (3, 3), axis=(1, 2))[:, ::stride, ::stride]
    return windows.transpose(0, 1, 2, 4, 5, 3).reshape(-1, 9 * x.shape[3])


def test_im2col():
    x = np.random.default_rng(0).standard_normal((2, 8, 7, 3))
    for stride in 1, 2, 3:
        same(f"rows for stride {stride}", derivation(im2col)(x, stride), _rows(x, stride))


def test_col2im():
    rng = np.random.default_rng(1)
    x = rng.standard_normal((2, 6, 7, 3))
    for stride in 1, 2, 3:
        drows = rng.standard_normal(_rows(x, stride).shape)
        same(f"dx for stride {stride}", derivation(col2im, [im2col])(drows, x.shape, stride),
             slope(lambda: _rows(x, stride), x, drows, h=0.5), 1e-7)
