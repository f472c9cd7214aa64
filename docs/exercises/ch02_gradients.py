"""Chapter 2, exercises: replace every `raise NotImplementedError` until this passes:

    pytest docs/exercises/ch02_gradients.py
"""

import numpy as np


def by_hand():
    """Exercise 1, by hand. f(x) = x^4 at x = 1, h = 0.1.

    Return (forward difference, central difference, h^2/6 f'''(1)).
    """
    raise NotImplementedError


def fourth_order(f, x, h):
    """Exercise 2. The slope of f at x from f(x - 2h), f(x - h), f(x + h), f(x + 2h), error O(h^4).

    Combine the central differences of steps h and 2h so that their h^2 terms cancel.
    """
    raise NotImplementedError


def largest_relative_error(forward, backward, x, dout):
    """Exercise 3. The largest relative error of backward(x, dout) over all coordinates of x.

    forward(x) -> out, backward(x, dout) -> dx; x and dout float64. Central differences with
    h = 1e-5, relative error as in the chapter with the floor 1e-8; leave x as you found it.
    """
    raise NotImplementedError


def best_step_in_float32():
    """Exercise 4, an experiment. (h, error): the best of the steps h = 2^-1, ..., 2^-20 for f = exp.

    Take the root mean square error of the central difference over x = 0.5, 0.51, ..., 1.49, every
    value and operation in float32, against exp(x) in float64. Compare with the chapter's formula:
    f = f''' here.
    """
    raise NotImplementedError


def test_by_hand():
    assert np.allclose(by_hand(), (4.641, 4.04, 0.04), atol=1e-6)


def test_fourth_order():
    assert np.isclose(fourth_order(lambda x: x**4, 1.0, 0.1), 4, atol=1e-12)
    errors = [abs(fourth_order(np.exp, 1.0, h) - np.e) for h in (0.2, 0.1)]
    assert 15 < errors[0] / errors[1] < 17       # half the step, a sixteenth of the error


def test_the_check_tells_right_from_wrong():
    rng = np.random.default_rng(0)
    w = rng.standard_normal((4, 3))
    x, dout = rng.standard_normal((5, 4)), rng.standard_normal((5, 3))
    before = x.copy()

    def forward(x):
        return np.tanh(x @ w)

    def right(x, dout):
        return (dout * (1 - forward(x) ** 2)) @ w.T

    def mixed_up(x, dout):
        return (dout[:, ::-1] * (1 - forward(x) ** 2)) @ w.T

    def off(x, dout):
        return 1.001 * right(x, dout)

    def zero(x, dout):
        return 0 * x

    assert largest_relative_error(forward, right, x, dout) < 1e-7
    assert largest_relative_error(forward, mixed_up, x, np.ones((5, 3))) < 1e-7      # blind!
    assert largest_relative_error(forward, mixed_up, x, dout) > 0.1
    assert 0.0009 < largest_relative_error(forward, off, x, dout) < 0.0011
    assert np.isclose(largest_relative_error(forward, zero, x, dout), 1)
    assert np.array_equal(x, before)


def test_best_step_in_float32():
    h, error = best_step_in_float32()
    assert 2.0**-10 <= h <= 2.0**-5
    assert 1e-6 < error < 1e-4
