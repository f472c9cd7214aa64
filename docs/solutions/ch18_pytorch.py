"""Chapter 18, exercises: replace every `raise NotImplementedError`."""

import numpy as np  # noqa: F401  (for other ways)


def by_hand():
    """Exercise 1, by hand. Three numbers:

    for a convolution from 128 to 256 channels with an output of 7x7: the weights (no biases) of
    the separable one, its multiply-adds forward, and how many times fewer weights that is than the
    usual 3x3 convolution has.
    """
    # solution
    weights = 9 * 128 + 128 * 256
    return weights, 49 * weights, 9 * 128 * 256 / weights


def turn_rows(w, shape):
    """Exercise 2. The weights (C H W, K) of a dense layer that was trained after a flattening over
    (C, H, W), for a network that flattens over (H, W, C). shape: (H, W, C).
    """
    # solution
    H, W, C = shape
    return w.reshape(C, H, W, -1).transpose(1, 2, 0, 3).reshape(w.shape)
