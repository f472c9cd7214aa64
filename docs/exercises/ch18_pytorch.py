"""Chapter 18, the tests. The answers: ch18_pytorch.py of a workspace."""

import checker
import numpy as np
from answers import accuracy_of_average, by_hand, turn_rows
from checker import same


def test_by_hand():
    """1 The separable one: a 3x3 filter for each channel in, then 1x1 from 128 to 256.
    2 9 times 128 plus 128 times 256; each weight is used at 49 places.
    3 9 * 128 * 256 / (9 * 128 + 128 * 256) times fewer.
    """
    checker.by_hand("pytorch", by_hand())


def test_turn_rows():
    """1 Give the rows their three axes back.
    2 w.reshape(C, H, W, K).
    3 transpose(1, 2, 0, 3), and reshape to what it was.
    """
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
    """1 Three draws: labels, the common error (n, K), the own errors (M, n, K).
    2 Standard deviations sqrt(shared) and sqrt(1 - shared).
    3 softmax of each, mean over the networks, argmax.
    """
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
