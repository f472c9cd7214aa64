"""Chapter 8: the first weights."""

import numpy as np


def glorot_uniform(shape, rng):
    """Weights uniform in -a .. a with a = sqrt(6 / (fan-in + fan-out)), by one rng.uniform.

    shape: (C, K) of a dense layer or (R, R, C, K) of a convolution. A number of the output is the
    sum of fan-in products; a number of the input goes into fan-out of them (away from the border).
    """
    # solution
    window = np.prod(shape[:-2], dtype=int)     # of no axes: 1
    a = np.sqrt(6 / (window * (shape[-2] + shape[-1])))
    return rng.uniform(-a, a, shape)


def he_normal(shape, rng):
    """Normally distributed weights of variance 2 / fan-in; shape as above."""
    # solution
    return rng.normal(0, np.sqrt(2 / np.prod(shape[:-1])), shape)
