"""Chapter 12, the tests. The answers: ch12_generalising.py of a workspace."""

import checker
import numpy as np
from answers import shift, shift_backward, without_weights
from checker import derivation, same, true
from mynet.dropout import Dropout


def test_dropout():
    x = np.random.default_rng(0).exponential(size=(200, 50)) + 0.1
    for rate in 0.25, 0.5:
        layer = Dropout(rate, np.random.default_rng(1))
        true(np.array_equal(layer.forward(x), x), "in evaluation out must be x")
        same("dx in evaluation", layer.backward(x), x)
        out = layer.forward(x, True)
        kept = out != 0
        true(len({row.tobytes() for row in kept}) > 100, "one mask serves several images: draw a "
                                                          "number for each number of x")
        same(f"the fraction that is kept at rate {rate}", kept.mean(), 1 - rate, 0.05)
        same("the numbers kept", out[kept], x[kept] / (1 - rate))
        true(not np.array_equal(layer.forward(x, True) != 0, kept),
             "two forwards have the same mask: draw it anew in each")


def test_dropout_backward():
    rng = np.random.default_rng(2)
    layer = Dropout(0.3, rng)
    x, dout = rng.standard_normal((2, 4, 5))
    out = layer.forward(x, True)
    mask = np.where(out != 0, 1 / 0.7, 0)
    same("dx", derivation(layer.backward, [layer.forward])(dout), mask * dout)
    layer.fixed_mask = mask
    true(np.array_equal(layer.forward(x, True), mask * x), "fixed_mask is not used")
    checker.check_backward(layer, x, dout, training=True)


def _read(image, s_y, s_x):
    """By np.interp, which repeats the border: rows, then columns."""
    for s in s_y, s_x:
        places = np.arange(len(image)) - s
        image = np.array([np.interp(places, np.arange(len(image)), column) for column in image.T])
    return image


def test_shift():
    rng = np.random.default_rng(0)
    image = rng.random((6, 5))
    for s_y, s_x in (0, 0), (-1, 2), (0.25, 0), (1.3, -0.6), (-2.7, 0.5), (100, -100):
        same(f"out for the shift {s_y}, {s_x}", shift(image, s_y, s_x), _read(image, s_y, s_x))
        dout = rng.standard_normal(image.shape)
        same("d(image)", derivation(shift_backward, [shift])(dout, s_y, s_x),
             checker.slope(lambda: _read(image, s_y, s_x), image, dout, h=0.5), 1e-7)


def test_without_weights():
    P = np.array([[0.7, 0.2, 0.1], [0.1, 0.1, 0.8]])
    weights = np.array([0.5, 1.0, 4.0])
    q = P * weights / (P * weights).sum(axis=1, keepdims=True)
    same("probabilities", without_weights(q, weights), P)
