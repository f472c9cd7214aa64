"""Chapter 13, exercises: replace every `raise NotImplementedError` until this passes:

    pytest docs/exercises/ch13_further.py
"""

import numpy as np

from tinyfer.losses import softmax_cross_entropy


def by_hand():
    """Exercise 1, by hand. Four numbers:

    for a convolution from 128 to 256 channels with an output of 7x7: the weights (no biases) of
    the separable one, its multiply-adds forward, and how many times fewer weights that is than the
    usual 3x3 convolution has; then the share of right alarms where 5 % of the people are sad, 66 %
    of them are found and 12 % of the others flagged.
    """
    raise NotImplementedError


def turn_rows(w, shape):
    """Exercise 2. The weights (C H W, K) of a dense layer that was trained behind a flattening over
    (C, H, W), for a network that flattens over (H, W, C). shape: (H, W, C).
    """
    raise NotImplementedError


def soft_cross_entropy(logits, q):
    """Exercise 3. (loss, dlogits) for label distributions: mean over n of -sum_k q[n,k] log p[n,k].

    logits, q: (N, K); the rows of q add up to 1. Logits may be large.
    """
    raise NotImplementedError


def accuracy_of_average(M, shared, rng, n=4000, K=5):
    """Exercise 4, an experiment. The accuracy of the averaged probabilities of M networks.

    Model the logits of network m for face i as 1.5 [k = label] + e. The error e has variance 1 for
    each class; a share `shared` of the variance is the same for all M networks (a hard face), the
    rest is each network's own. Draw labels and errors with rng.
    """
    raise NotImplementedError


def test_by_hand():
    weights, work, fewer, right = by_hand()
    assert weights == 33_920
    assert work == 49 * 33_920
    assert np.isclose(fewer, 8.694, atol=0.01)
    assert np.isclose(right, 0.2245, atol=0.001)


def test_turn_rows():
    rng = np.random.default_rng(0)
    for H, W, C in ((2, 3, 4), (1, 5, 2)):
        x, w = rng.standard_normal((6, H, W, C)), rng.standard_normal((C * H * W, 7))
        there = x.transpose(0, 3, 1, 2).reshape(6, -1) @ w
        np.testing.assert_allclose(x.reshape(6, -1) @ turn_rows(w, (H, W, C)), there)


def test_soft_cross_entropy():
    rng = np.random.default_rng(1)
    logits, labels = rng.standard_normal((4, 3)), np.array([0, 2, 1, 1])
    loss, dlogits = soft_cross_entropy(logits, np.eye(3)[labels])
    hard, dhard = softmax_cross_entropy(logits, labels)
    assert np.isclose(loss, hard)
    np.testing.assert_allclose(dlogits, dhard)
    q = rng.dirichlet(np.ones(3), 4)
    loss, dlogits = soft_cross_entropy(logits, q)
    step = 1e-6
    for i in range(4):
        for k in range(3):
            moved = np.zeros((4, 3))
            moved[i, k] = step
            up, down = (soft_cross_entropy(logits + s, q)[0] for s in (moved, -moved))
            assert np.isclose(dlogits[i, k], (up - down) / (2 * step), atol=1e-8)
    assert np.isclose(soft_cross_entropy(np.array([[1000.0, 0.0]]), np.array([[0.5, 0.5]]))[0], 500)


def test_accuracy_of_average():
    alone = accuracy_of_average(1, 0.5, np.random.default_rng(2))
    eight = accuracy_of_average(8, 0.5, np.random.default_rng(2))
    equal = accuracy_of_average(8, 1.0, np.random.default_rng(2))
    apart = accuracy_of_average(8, 0.0, np.random.default_rng(2))
    assert abs(equal - alone) < 0.03            # eight copies of one network are one network
    assert alone + 0.05 < eight < apart - 0.05
