"""Chapter 4, exercises: replace every `raise NotImplementedError`."""

import numpy as np


def by_hand():
    """Exercise 1, by hand. f(x) = x^4 at x = 1, h = 0.1.

    Return (forward difference, central difference, h^2/6 f'''(1)).
    """
    # solution
    # (1.4641 - 1) / 0.1; (1.4641 - 0.6561) / 0.2 = 4 + 4 h^2; f''' = 24 x, so 0.01 / 6 * 24.
    return 4.641, 4.04, 0.04


def fourth_order(f, x, h):
    """Exercise 2. The slope of f at x from f(x - 2h), f(x - h), f(x + h), f(x + 2h), error O(h^4).

    Combine the central differences of steps h and 2h so that their h^2 terms cancel.
    """
    # solution
    # D(h) = f' + c h^2 + O(h^4) and D(2h) = f' + 4 c h^2 + O(h^4): (4 D(h) - D(2h)) / 3.
    near = (f(x + h) - f(x - h)) / (2 * h)
    far = (f(x + 2 * h) - f(x - 2 * h)) / (4 * h)
    return (4 * near - far) / 3


def best_step_in_float32():
    """Exercise 4, an experiment. (h, error): the best step h of 2^-1, ..., 2^-20 for f = exp.

    Take the root mean square error of the central difference over x = 0.5, 0.51, ..., 1.49, every
    value and operation in float32, against exp(x) in float64. Compare with the chapter's formula:
    f = f''' here.
    """
    # solution
    # The formula says h = (3 * 6e-8)^(1/3) = 0.0056; powers of two add no rounding.
    x = np.arange(0.5, 1.495, 0.01, dtype=np.float32)
    found = []
    for power in range(1, 21):
        h = np.float32(2.0**-power)
        up, down = x + h, x - h
        slope = (np.exp(up) - np.exp(down)) / (up - down)
        error = slope.astype(np.float64) - np.exp(x.astype(np.float64))
        found.append((np.sqrt(np.mean(error**2)), float(h)))
    error, h = min(found)
    return h, error
