"""Chapter 4, solutions; those of the pieces are in mynet/."""

import numpy as np


def by_hand():
    """(1.4641 - 1) / 0.1; (1.4641 - 0.6561) / 0.2 = 4 + 4 h^2; f''' = 24 x, so 0.01 / 6 * 24."""
    return 4.641, 4.04, 0.04


def fourth_order(f, x, h):
    """D(h) = f' + c h^2 + O(h^4) and D(2h) = f' + 4 c h^2 + O(h^4): (4 D(h) - D(2h)) / 3."""
    near = (f(x + h) - f(x - h)) / (2 * h)
    far = (f(x + 2 * h) - f(x - 2 * h)) / (4 * h)
    return (4 * near - far) / 3


def best_step_in_float32():
    """The formula says h = (3 * 6e-8)^(1/3) = 0.0056; powers of two add no rounding."""
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
