"""Chapter 4, the tests. The answers: ch04_gradients.py of a workspace."""

import checker
import numpy as np
from answers import best_step_in_float32, by_hand, fourth_order
from checker import same, true
from mynet.gradient_check import largest_relative_error


def test_by_hand():
    """1 1.1^4 = 1.4641 and 0.9^4 = 0.6561.
    2 (f(1.1) - f(1)) / 0.1, and (f(1.1) - f(0.9)) / 0.2.
    3 f''' = 24 x; h squared is 0.01.
    """
    checker.by_hand("gradients", by_hand())


def test_fourth_order():
    """1 Write down what D(h) and D(2h) are, up to h^2.
    2 D(h) = f' + c h^2 and D(2h) = f' + 4 c h^2.
    3 Four times the first minus the second leaves 3 f'.
    """
    def central(h):
        return ((1 + h) ** 5 - (1 - h) ** 5) / (2 * h)

    near, far = central(0.1), central(0.2)
    same("slope of x^5 at 1", fourth_order(lambda x: x**5, 1.0, 0.1), (4 * near - far) / 3, {
        "this is the central difference of step h": near,
        "this is the central difference of step 2h": far,
        "the mean of both: h^2 and (2h)^2 = 4 h^2 do not cancel in it": (near + far) / 2,
        "the roles of h and 2h are exchanged": (4 * far - near) / 3})
    errors = [abs(fourth_order(np.exp, 1.0, h) - np.e) for h in (0.2, 0.1)]
    true(15 < errors[0] / errors[1] < 17, "half the step must make the error 16 times smaller")


def test_gradient_check():
    """1 Move one number at a time, and put it back.
    2 n[i] = sum(dout * (up - down)) / (upper - lower).
    3 |a - n| over the largest of |a|, |n| and the floor; np.unravel_index finds the place.
    """
    rng = np.random.default_rng(0)
    w = rng.standard_normal((4, 3))
    x, dout = rng.standard_normal((5, 4)), rng.standard_normal((5, 3))
    before = x.copy()

    def forward(x):
        return np.tanh(x @ w)

    def right(x, dout):
        return (dout * (1 - forward(x) ** 2)) @ w.T

    def one_off(x, dout):
        dx = right(x, dout)
        dx[3, 1] += 0.5
        return dx

    error, _ = largest_relative_error(forward, right, x, dout)
    true(np.array_equal(x, before), "x is not put back")
    true(error < 1e-3, "a right gradient is refused: is dout used, for every output?")
    true(error < 1e-7, "a right gradient has a large error: is the difference central?")
    mixed, _ = largest_relative_error(
        forward, lambda x, dout: right(x, dout[:, ::-1]), x, dout)
    true(mixed > 0.1, "exchanged outputs are not noticed: is dout used?")
    off, _ = largest_relative_error(forward, lambda x, dout: 1.001 * right(x, dout), x, dout)
    same("error of a backward off by 0.1 %", off, 0.001 / 1.001, {
        "this is the absolute error: divide by the gradient's size":
            0.001 * np.abs(right(x, dout)).max()}, 1e-4)
    zero, _ = largest_relative_error(forward, lambda x, dout: 0 * x, x, dout)
    same("error of a backward that returns zeros", zero, 1.0)
    small, _ = largest_relative_error(forward, lambda x, dout: right(x, dout) + 1e-7, x,
                                      1e-6 * dout)
    same("error of tiny gradients", small, 1e-7 / 1e-2, {
        "the floor is missing: numbers as small as the noise have no relative error":
            (lambda tiny: np.max(1e-7 / np.maximum(np.abs(tiny), np.abs(tiny + 1e-7))))(
                right(x, 1e-6 * dout))}, 1e-3)
    same("index of the worst coordinate",
         largest_relative_error(forward, one_off, x, dout)[1], [3, 1])


def test_best_step_in_float32():
    """1 np.exp of a float32 array is float32; Python's floats are not.
    2 h = np.float32(2.0**-k), and the difference of the two values that were used.
    3 Take the root of the mean square against np.exp of x as float64.
    """
    h, error = best_step_in_float32()
    true(h > 2.0**-13, "this is float64's best step: x, h, x + h and exp must all be float32")
    true(h > 2.0**-10, "so short a step is best for a forward difference, not for a central one")
    true(h <= 2.0**-5, f"h = {h:.3g} is too long: the curve's bend is the larger error there")
    true(1e-6 < error < 1e-4, f"an error of {error:.1e} does not belong to this step: compare with "
                              "exp(x) in float64")
