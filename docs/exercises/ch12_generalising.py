"""Chapter 12, the tests. The answers: ch12_generalising.py of a workspace."""

import checker
import numpy as np
from answers import by_hand, shift, shift_backward, variances, without_weights
from checker import derivation, same, true
from mynet.dropout import Dropout


def test_by_hand():
    """1 s_c = N / (K n_c), with N = 20 and K = 3.
    2 The preferred probabilities are s_c P_c, made to add up to 1.
    3 The row is read at -1.5, -0.5, 0.5 and 1.5; below 0 the border counts.
    """
    checker.by_hand("generalising", by_hand())


def test_dropout():
    """1 rng.random(x.shape) >= rate keeps the share 1 - rate.
    2 What must those that are kept be multiplied by, so that the mean stays?
    3 mask = kept / (1 - rate), and out = mask * x.
    """
    x = np.random.default_rng(0).exponential(size=(200, 50)) + 0.1
    for rate in 0.25, 0.5:
        layer = Dropout(rate, np.random.default_rng(1))
        true(np.array_equal(layer.forward(x), x), "in evaluation out must be x")
        same("dx in evaluation", layer.backward(x), x)
        out = layer.forward(x, True)
        kept = out != 0
        true(len({row.tobytes() for row in kept}) > 100, "one mask serves several images: draw a "
                                                          "number for each number of x")
        same(f"the share that is kept at rate {rate}", kept.mean(), 1 - rate, {
            "rate is the share that is dropped": rate, "nothing is dropped": 1}, 0.05)
        same("the numbers kept", out[kept], x[kept] / (1 - rate), {
            "the division by 1 - rate is missing: the mean falls": x[kept],
            "they are divided by the rate": x[kept] / rate,
            "they are multiplied by 1 - rate: that belongs to the other form, in evaluation":
                x[kept] * (1 - rate)})
        true(not np.array_equal(layer.forward(x, True) != 0, kept),
             "two forwards have the same mask: draw it anew in each")


def test_dropout_backward():
    """1 out = mask x with a mask that is fixed.
    2 The mask of the last forward; none after an evaluation.
    3 dx = mask * dout.
    """
    rng = np.random.default_rng(2)
    layer = Dropout(0.3, rng)
    x, dout = rng.standard_normal((2, 4, 5))
    out = layer.forward(x, True)
    mask = np.where(out != 0, 1 / 0.7, 0)
    same("dx", derivation(layer.backward, [layer.forward])(dout), mask * dout, {
        "dout passes everywhere: the mask is missing": dout,
        "the division by 1 - rate is missing in backward": mask * 0.7 * dout,
        "this is the mask times x": mask * x})
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
    """1 Rows and columns can be shifted one after the other.
    2 place = arange(n) - s, clipped to 0 .. n - 1; k its floor, f the rest.
    3 A shift is a matrix times the image; backward is its transpose. At the border several
      outputs read one pixel.
    """
    rng = np.random.default_rng(0)
    image = rng.random((6, 5))
    for s_y, s_x in (0, 0), (-1, 2), (0.25, 0), (1.3, -0.6), (-2.7, 0.5), (100, -100):
        same(f"out for the shift {s_y}, {s_x}", shift(image, s_y, s_x), _read(image, s_y, s_x), {
            "it moves the other way": lambda: _read(image, -s_y, -s_x),
            "rows and columns are exchanged": lambda: _read(image, s_x, s_y),
            "it takes the nearest pixel: interpolate": lambda: _read(image, round(s_y), round(s_x)),
            "the fraction is used the wrong way round": lambda: _read(
                image, np.floor(s_y) + np.ceil(s_y) - s_y, np.floor(s_x) + np.ceil(s_x) - s_x)})
        dout = rng.standard_normal(image.shape)
        same("d(image)", derivation(shift_backward, [shift])(dout, s_y, s_x),
             checker.slope(lambda: _read(image, s_y, s_x), image, dout, h=0.5), {
                 "this shifts dout as the image: it must go back": lambda: _read(dout, s_y, s_x),
                 "shifting dout back is right inside; at the border, which is read again and "
                 "again, gradients add up": lambda: _read(dout, -s_y, -s_x)}, 1e-7)


def test_without_weights():
    """1 Training with weights prefers q proportional to s P.
    2 So P is proportional to q / s.
    3 Divide each row by its sum.
    """
    P = np.array([[0.7, 0.2, 0.1], [0.1, 0.1, 0.8]])
    weights = np.array([0.5, 1.0, 4.0])
    q = P * weights / (P * weights).sum(axis=1, keepdims=True)
    more = q * weights
    same("probabilities", without_weights(q, weights), P, {
        "the weights are put in once more: take them out": more / more.sum(axis=1, keepdims=True),
        "the rows do not add up to 1: divide by their sums": q / weights,
        "these are q": q})


def test_variances():
    """1 out = mask x. What are the means of out and of its square?
    2 E[mask] = 1 and E[mask^2] = 1 / (1 - rate).
    3 var = E[x^2] / (1 - rate) - mean^2, against E[x^2] - mean^2.
    """
    rng = np.random.default_rng(3)
    for mean, rate in (0.0, 0.5), (2.0, 0.5), (1.0, 0.25):
        x = mean + rng.standard_normal(300)
        square = np.mean(x**2)
        same("variances in training and evaluation", variances(x, rate, rng),
             [square / (1 - rate) - x.mean() ** 2, x.var()], {
                 "these are mean squares: subtract the square of the mean":
                     [square / (1 - rate), square],
                 "they are exchanged": [x.var(), square / (1 - rate) - x.mean() ** 2],
                 "these are standard deviations":
                     np.sqrt([square / (1 - rate) - x.mean() ** 2, x.var()])}, 0.03)
