"""Chapter 10, exercises: replace every `raise NotImplementedError`."""

import numpy as np


def by_hand():
    """Exercise 1, by hand: beta1 1/2, beta2 3/4, alpha 1, epsilon 0, gradients 1 and then -1.

    Return the two numbers that Adam subtracts, (first, second).
    """
    # solution
    # t = 1: m 1/2, v 1/4; both corrected: 1 and 1.
    # t = 2: m 1/4 - 1/2 = -1/4, over 1 - 1/4: -1/3. v 3/16 + 1/4 = 7/16, over 1 - 9/16: 1.
    return 1.0, -1 / 3


def keras_eps(torch_eps, t, beta2=0.999):
    """Exercise 3. The epsilon with which step t in Keras' form equals PyTorch's with torch_eps:

    there the step is lr m/(1 - beta1^t) / (sqrt(v/(1 - beta2^t)) + torch_eps).
    """
    # solution
    # With c = 1 - beta2^t PyTorch's denominator is
    #   sqrt(v / c) + e = (sqrt(v) + e sqrt(c)) / sqrt(c).
    # Keras' form has this sqrt(c) in its rate, so that e sqrt(c) is its epsilon, beside sqrt(v).
    return torch_eps * np.sqrt(1 - beta2**t)
