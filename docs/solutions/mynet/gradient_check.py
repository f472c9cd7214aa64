"""Chapter 4: a gradient check of your own. The later chapters run it on your layers."""

import numpy as np


def largest_relative_error(forward, backward, x, dout, floor=1e-2):
    """(error, index): the largest relative error of backward(x, dout), and where in x it is.

    forward(x) -> out, backward(x, dout) -> dx; x and dout are float64. Central differences with
    h = 1e-5, for every coordinate, and the error |a - n| / max(|a|, |n|, floor). Leave x as it was.
    error: a float; index: a tuple of integers.
    """
    # solution
    # f = sum(dout out) has the gradient dout by out, so that backward must return df/dx. By Taylor
    #   f(x +- h) = f(x) +- h f' + h^2/2 f'' +- h^3/6 f''' + ...,
    # and in (f(x + h) - f(x - h)) / 2h the even terms cancel: f' + h^2/6 f''' + ... Rounding
    # adds some 1e-16 f / h. The sum of both is smallest near h = (1e-16)^(1/3) = 5e-6, and
    # hardly larger at 1e-5. x + h is rounded, too: what was really moved is upper - lower.
    a, h = backward(x, dout), 1e-5
    n = np.empty_like(x)
    for i in np.ndindex(x.shape):
        value = x[i]
        x[i] = upper = value + h
        up = np.array(forward(x))
        x[i] = lower = value - h
        down = np.array(forward(x))
        x[i] = value
        n[i] = np.sum(dout * (up - down)) / (upper - lower)
    errors = np.abs(a - n) / np.maximum(np.maximum(np.abs(a), np.abs(n)), floor)
    index = tuple(int(i) for i in np.unravel_index(errors.argmax(), errors.shape))
    return float(errors[index]), index
