"""Chapter 18, exercises: replace every `raise NotImplementedError`."""

import numpy as np


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
    """Exercise 2. The weights (C H W, K) of a dense layer that was trained behind a flattening over
    (C, H, W), for a network that flattens over (H, W, C). shape: (H, W, C).
    """
    # solution
    H, W, C = shape
    return w.reshape(C, H, W, -1).transpose(1, 2, 0, 3).reshape(w.shape)


def accuracy_of_average(M, shared, rng, n=4000, K=5):
    """Exercise 3, an experiment. The accuracy of the averaged probabilities of M networks.

    Model the logits of network m for face i as 1.5 [k = label] + e. The error e has variance 1 for
    each class; a share `shared` of the variance is the same for all M networks (a hard face), the
    rest is each network's own. Draw labels and errors with rng.
    """
    # solution
    labels = rng.integers(0, K, n)
    common = np.sqrt(shared) * rng.standard_normal((n, K))
    own = np.sqrt(1 - shared) * rng.standard_normal((M, n, K))
    e = np.exp(1.5 * np.eye(K)[labels] + common + own)
    p = (e / e.sum(axis=2, keepdims=True)).mean(axis=0)
    return np.mean(p.argmax(axis=1) == labels)
