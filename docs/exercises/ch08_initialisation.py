"""Chapter 8, the tests. The answers: ch08_initialisation.py of a workspace."""

import checker
import numpy as np
from answers import by_hand, expected_first_loss, hidden_weights
from checker import derivation, same, true
from mynet.initialisation import glorot_uniform, he_normal


def test_by_hand():
    """1 A number of the output is the sum of 9 C products.
    2 Glorot: sqrt(6 / (in + out)); He: sqrt(2 / in); ReLU halves the mean square.
    3 The loss: ln(1 + e^3) for one half of the faces, ln(1 + e^3) - 3 for the other.
    """
    checker.by_hand("initialisation", by_hand())

SHAPES = ((3, 3, 40, 50), 360, 450), ((400, 50), 400, 50), ((5, 5, 8, 90), 200, 2250)


def test_glorot_uniform():
    """1 The window counts in both fans.
    2 np.prod(shape[:-2]) is the window, and 1 for a dense layer.
    3 rng.uniform(-a, a, shape), once.
    """
    for shape, fan_in, fan_out in SHAPES:
        w = derivation(glorot_uniform)(shape, np.random.default_rng(0))
        drawn = np.random.default_rng(0).uniform(-1, 1, shape)
        same("w", w, drawn * np.sqrt(6 / (fan_in + fan_out)), {
            "the window counts: a number of the output is the sum of R R C products":
                drawn * np.sqrt(6 / sum(shape[-2:])),
            "the 6 is for the limit of a uniform law; this is the deviation":
                drawn * np.sqrt(2 / (fan_in + fan_out)),
            "this takes fan-in alone": drawn * np.sqrt(6 / (2 * fan_in)),
            "it lies in 0 .. 2a, not in -a .. a":
                (drawn + 1) * np.sqrt(6 / (fan_in + fan_out))})


def test_he_normal():
    """1 fan-in is everything but the last axis.
    2 rng.normal takes the standard deviation.
    3 rng.normal(0, sqrt(2 / prod(shape[:-1])), shape).
    """
    rng = np.random.default_rng(0)
    for shape, fan_in, fan_out in SHAPES:
        w = he_normal(shape, rng)
        true(np.shape(w) == shape, f"the weights have the shape {np.shape(w)}, not {shape}")
        true(abs(w.mean()) < 5 * w.std() / np.sqrt(w.size), "the mean is not 0")
        same(f"the variance for {shape}", w.var(), 2 / fan_in, {
            "the window counts: fan-in is R R C": 2 / shape[-2] if len(shape) == 4 else -1,
            "this is fan-out": 2 / fan_out, "the 2 makes up for ReLU; it is missing": 1 / fan_in,
            "2 / fan-in is the variance, not the deviation": (2 / fan_in) ** 2}, 0.06)
        true((np.abs(w) > 2.5 * w.std()).any(), "these are not normal: no number is far out")


def test_expected_first_loss():
    """1 Draw z (n, K) at once.
    2 -log p_0 = log(sum of exp z) - z_0.
    3 The mean over the faces; all classes have one distribution, so 0 may be the label.
    """
    rng = np.random.default_rng(0)
    for K in 2, 5, 7:
        same(f"the loss of {K} classes for s = 2", expected_first_loss(K, 2.0, rng),
             _quadrature(K, 2.0), {
                 "this is ln K whatever s is": np.log(K),
                 "s is the standard deviation, not the variance": _quadrature(K, np.sqrt(2)),
                 "the deviation is squared": _quadrature(K, 4.0)}, 0.03)
        same(f"the loss of {K} classes for s = 1e-6", expected_first_loss(K, 1e-6, rng), np.log(K),
             {"the sign is turned": -np.log(K)}, 1e-4)
        right = np.log(K) + 0.02 * (1 - 1 / K)
        same(f"the loss of {K} classes for s = 0.2", expected_first_loss(K, 0.2, rng), right,
             tolerance=0.004)


def _quadrature(K, s, n=200_000):
    z = s * np.random.default_rng(1).standard_normal((n, K))
    return np.mean(np.log(np.exp(z).sum(axis=1)))


def test_hidden_units_that_start_alike_stay_alike():
    """1 Forward: h = relu(x w1), out = h w2. dout = (out - target) / N.
    2 dw2 = h^T dout; dw1 = x^T (dout w2^T where h > 0).
    3 Compute both before you move either.
    """
    rng = np.random.default_rng(1)
    x = rng.standard_normal((50, 6))
    target = x[:, :1] * np.abs(x[:, 1:2])

    def starts():
        weights = np.random.default_rng(2)
        return np.zeros, lambda s: np.full(s, 0.3), lambda s: weights.normal(0, 0.5, s)

    def plain(start, mask=True, share=50):
        w1, w2 = start((6, 4)), start((4, 1))
        for _ in range(20):
            h = np.maximum(x @ w1, 0)
            error = (h @ w2 - target) / share
            slope = checker.slope(lambda: np.maximum(x @ moved, 0) @ w2 if mask else x @ moved @ w2,
                                  moved := w1.copy(), error)
            w1, w2 = w1 - 0.1 * slope, w2 - 0.1 * h.T @ error
        return w1

    for kind in range(3):
        same("w1", hidden_weights(starts()[kind], x, target), plain(starts()[kind]), {
            "the mask of ReLU is missing in backward": lambda: plain(starts()[kind], mask=False),
            "the loss is divided by 2 N: the gradient by N":
                lambda: plain(starts()[kind], share=100)}, 1e-6)
