"""Chapter 4, the tests. The answers: ch04_gradients.py of a workspace."""

import numpy as np
from answers import fourth_order
from checker import same, true
from mynet.gradient_check import largest_relative_error


def test_fourth_order():
    def central(h):
        return ((1 + h) ** 5 - (1 - h) ** 5) / (2 * h)

    near, far = central(0.1), central(0.2)
    same("slope of x^5 at 1", fourth_order(lambda x: x**5, 1.0, 0.1), (4 * near - far) / 3)
    errors = [abs(fourth_order(np.exp, 1.0, h) - np.e) for h in (0.2, 0.1)]
    true(15 < errors[0] / errors[1] < 17, "half the step must make the error 16 times smaller")


def test_gradient_check():
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
    same("error of a backward off by 0.1 %", off, 0.001 / 1.001, 1e-4)
    zero, _ = largest_relative_error(forward, lambda x, dout: 0 * x, x, dout)
    same("error of a backward that returns zeros", zero, 1.0)
    small, _ = largest_relative_error(forward, lambda x, dout: right(x, dout) + 1e-7, x,
                                      1e-6 * dout)
    same("error of tiny gradients", small, 1e-7 / 1e-2, 1e-3)
    same("index of the worst coordinate",
         largest_relative_error(forward, one_off, x, dout)[1], [3, 1])
