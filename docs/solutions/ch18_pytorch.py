"""Chapter 18, exercises: replace every `raise NotImplementedError`."""

import numpy as np  # noqa: F401  (for other ways)


def by_hand():
    """Exercise 1, by hand. Three numbers:

    for a convolution from 128 to 256 channels with an output of 7x7: the weights (no biases) of
    the separable one, its multiply-adds forward, and how many times fewer weights that is than the
    usual 3x3 convolution has.
    """
    # solution
    # Separable: 3x3 in each channel, then 1x1 over all; each weight works once an output pixel.
    weights = 9 * 128 + 128 * 256
    return weights, 49 * weights, 9 * 128 * 256 / weights


def turn_rows(w, shape):
    """Exercise 2. The weights (C H W, K) of a dense layer that was trained after a flattening over
    (C, H, W), for a network that flattens over (H, W, C). shape: (H, W, C).
    """
    # solution
    # There pixel (h, w) of channel c was number (c H + h) W + w, here it is (h W + w) C + c. The
    # weights must stay with their pixel: split the rows by c, h, w, put the axes in the order
    # h, w, c, and count again.
    H, W, C = shape
    return w.reshape(C, H, W, -1).transpose(1, 2, 0, 3).reshape(w.shape)
