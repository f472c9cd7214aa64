"""Chapter 8, exercises: replace every `raise NotImplementedError`."""

import numpy as np


def by_hand():
    """Exercise 1, by hand, for the 3x3 convolution from 128 to 256 channels.

    Return (fan-in, fan-out, Glorot's limit a, He's standard deviation, the factor of the mean
    square through convolution and ReLU under Glorot, and the same under He), then the mean
    cross-entropy of a network with two classes whose logits are (0, 3) for every face, half of the
    faces being of each class. To three decimals.
    """
    # solution
    fan_in, fan_out = 9 * 128, 9 * 256
    # Convolution: the mean square times fan-in Var[w]; ReLU: half of it. With Glorot's variance,
    # 2 / (fan-in + fan-out), that is fan-in / (fan-in + fan-out); with He's, 2 / fan-in, it is 1.
    # Twice as many channels out as in: 6 / (C + 2C) = 2 / C, so limit and deviation coincide.
    # The loss is ln(1 + e^3) - 0 for one half of the faces, ln(1 + e^3) - 3 for the other.
    return (fan_in, fan_out, np.sqrt(6 / (fan_in + fan_out)), np.sqrt(2 / fan_in),
            fan_in / (fan_in + fan_out), 1.0, np.log(1 + np.exp(3)) - 1.5)


def expected_first_loss(K, s, rng, n=20_000):
    """Exercise 3. The mean cross-entropy of n faces, their K logits normal with standard deviation
    s and independent of the label. Take 0 as the label of all: why is that allowed?
    """
    # solution
    # -log p_y = log sum_k exp(z_k) - z_y, and its mean is taken over the random logits.
    # The logits of all classes have one distribution, so it does not matter which is the label.
    z = s * rng.standard_normal((n, K))
    return np.mean(np.log(np.exp(z).sum(axis=1)) - z[:, 0])
