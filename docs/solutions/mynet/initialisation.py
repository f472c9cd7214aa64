"""Chapter 8: the first weights."""

import numpy as np


def glorot_uniform(shape, rng):
    """Weights uniform in -a .. a with a = sqrt(6 / (fan-in + fan-out)), by one rng.uniform.

    shape: (C, K) of a dense layer or (R, R, C, K) of a convolution. A number of the output is the
    sum of fan-in products; a number of the input goes into fan-out of them (away from the border).
    """
    # solution
    # Weights of mean 0, independent of all else: of a sum of products the squares add up,
    #   E[out^2] = fan-in Var[w] E[x^2]        E[dx^2] = fan-out Var[w] E[dout^2]
    # Neither grows nor fades for Var[w] = 1 / fan-in and 1 / fan-out; 2 / (fan-in + fan-out) lies
    # between. A uniform number has the variance (1 / 2a) integral of t^2 from -a to a = a^2 / 3,
    # so a^2 = 6 / (fan-in + fan-out). Both fans are the window times their channels.
    window = np.prod(shape[:-2], dtype=int)     # of no axes: 1
    a = np.sqrt(6 / (window * (shape[-2] + shape[-1])))
    return rng.uniform(-a, a, shape)


def he_normal(shape, rng):
    """Normally distributed weights of variance 2 / fan-in; shape as above."""
    # solution
    # out is as often above 0 as below, and just as far; ReLU drops the half below, and with it half
    # of the mean square: the next layer's E[x^2] is E[out^2] / 2 = fan-in Var[w] / 2 times this
    # layer's. That factor is 1 for Var[w] = 2 / fan-in.
    return rng.normal(0, np.sqrt(2 / np.prod(shape[:-1])), shape)
