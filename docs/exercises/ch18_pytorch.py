"""Chapter 18, exercises: replace every `raise NotImplementedError` until this passes:

    pytest docs/exercises/ch18_pytorch.py
"""

import checker
import numpy as np
from checker import same


def by_hand():
    """Exercise 1, by hand. Three numbers:

    for a convolution from 128 to 256 channels with an output of 7x7: the weights (no biases) of
    the separable one, its multiply-adds forward, and how many times fewer weights that is than the
    usual 3x3 convolution has.
    """
    raise NotImplementedError


def turn_rows(w, shape):
    """Exercise 2. The weights (C H W, K) of a dense layer that was trained behind a flattening over
    (C, H, W), for a network that flattens over (H, W, C). shape: (H, W, C).
    """
    raise NotImplementedError


def accuracy_of_average(M, shared, rng, n=4000, K=5):
    """Exercise 3, an experiment. The accuracy of the averaged probabilities of M networks.

    Model the logits of network m for face i as 1.5 [k = label] + e. The error e has variance 1 for
    each class; a share `shared` of the variance is the same for all M networks (a hard face), the
    rest is each network's own. Draw labels and errors with rng.
    """
    raise NotImplementedError


def test_by_hand():
    checker.by_hand("pytorch", by_hand())


def test_turn_rows():
    rng = np.random.default_rng(0)
    for H, W, C in (2, 3, 4), (1, 5, 2):
        w = rng.standard_normal((C * H * W, 7))
        place = np.arange(C * H * W).reshape(C, H, W)
        same("w", turn_rows(w, (H, W, C)), w[place.transpose(1, 2, 0).ravel()], {
            "this goes the other way, from (H, W, C) to (C, H, W)":
                w[np.arange(C * H * W).reshape(H, W, C).transpose(2, 0, 1).ravel()],
            "nothing is turned": w,
            "rows and columns of the image are exchanged, too":
                w[place.transpose(2, 1, 0).ravel()]})


def _simulated(M, shared, root=True, share=None):
    rng = np.random.default_rng(7)
    labels = rng.integers(0, 5, 20_000)
    parts = np.array([shared, 1 - shared])
    common, own = np.sqrt(parts) if root else parts
    shape = M, 20_000, 5
    z = (1.5 * np.eye(5)[labels] + own * rng.standard_normal(shape)
         + common * rng.standard_normal(shape if share is False else shape[1:]))
    e = np.exp(z)
    return np.mean((e / e.sum(axis=2, keepdims=True)).mean(axis=0).argmax(axis=1) == labels)


def test_accuracy_of_average():
    rng = np.random.default_rng(2)
    cases = (1, 0.5), (8, 0.5), (8, 1.0), (8, 0.0)
    found = [accuracy_of_average(M, shared, rng, n=8000) for M, shared in cases]
    same("accuracies for M, shared = 1, 0.5; 8, 0.5; 8, 1; 8, 0", found,
         [_simulated(*case) for case in cases], {
             "shared is a share of the variance: its root multiplies the errors":
                 lambda: [_simulated(*case, root=False) for case in cases],
             "the common part is drawn for each network: then nothing is common":
                 lambda: [_simulated(*case, share=False) for case in cases],
             "this is one network's accuracy: average the probabilities": _simulated(1, 0.5)
             * np.ones(4)}, 0.02)
