"""Chapter 2, exercises: replace every `raise NotImplementedError`, here and in mynet/losses.py:

    pytest docs/exercises/ch02_linear.py
"""

import checker
import numpy as np
from checker import derivation, same, slope, true
from mynet.losses import softmax, softmax_cross_entropy  # exercise 2: write mynet/losses.py


def by_hand():
    """Exercise 1, by hand. One image, logits (0, ln 3), label 0, weight 1.

    Return (p0, p1, loss, dz0, dz1), to three decimals.
    """
    raise NotImplementedError


def softmax_backward(dp, p):
    """Exercise 3. dz (N, K) from dp = dL/dp (N, K) and the probabilities p (N, K).

    Start from dz_j = sum over k of dp_k (d p_k / d z_j); no loops are needed.
    """
    raise NotImplementedError


def smoothed_cross_entropy(z, labels, epsilon):
    """Exercise 4. (loss, dz) with label smoothing; logits z (N, K), labels (N,).

    loss = mean over n of -sum over k of t[n,k] ln p[n,k], with t 1 - epsilon for the label and
    epsilon / (K - 1) for each other class.
    """
    raise NotImplementedError


def learnt_probability(counts, weights):
    """Exercise 5, an experiment. What a classifier that sees nothing learns: p (K,).

    Of each class c there are counts[c] images, all alike, so that the only parameter is b (K,),
    the logits of every image. Start at b = 0 and take 2000 steps b - 0.5 db on the cross-entropy
    with the class weights (K,), divided by the number of images. Before you run it: what will it
    be for weights of 1, and for s_c = N / (K n_c)? And for any others?
    """
    raise NotImplementedError


def test_by_hand():
    checker.by_hand("linear", by_hand())


def test_softmax():
    z = np.random.default_rng(0).standard_normal((5, 4))
    plain, shifted = np.exp(z), np.exp(z - z.max(axis=1, keepdims=True))
    known = {}
    for e, whose in (plain, ""), (shifted, ", of shifted logits"):
        known |= {f"the sum runs over the images, not over the classes{whose}": e / e.sum(axis=0),
                  f"the sum runs over everything{whose}": e / e.sum(),
                  f"exp is not divided by its sum{whose}": e}
    same("p", softmax(z), plain / plain.sum(axis=1, keepdims=True), known)
    true(np.isfinite(softmax(1000 * z)).all(), "logits of 1000 overflow: subtract the "
                                                     "row's largest")
    same("p of z + 1000", softmax(z + 1000), softmax(z), tolerance=1e-7)


def test_softmax_cross_entropy():
    rng = np.random.default_rng(3)
    z, labels = rng.standard_normal((5, 4)), np.array([0, 3, 1, 1, 2])
    weights = np.array([0.4, 2.5, 1.0, 0.7])
    log_p = np.log(softmax(z))[np.arange(5), labels]
    write = derivation(softmax_cross_entropy)
    for s in None, weights:
        each = np.ones(5) if s is None else s[labels]
        loss, dz = write(z, labels, s)
        same("loss", loss, -(each * log_p).sum() / 5, {
            "this is the sum over the images: divide by N": -(each * log_p).sum(),
            "it is divided by the sum of the weights, not by N": -(each * log_p).sum() / each.sum(),
            "the class weights are not used": -log_p.mean(),
            "the weights are taken by image number, not by label":
                -(np.resize(weights, 5) * log_p).sum() / 5})
        right = slope(lambda: softmax_cross_entropy(z, labels, s)[0], z, 1.0)
        p = softmax(z)
        same("dz", dz, right, {
            "the 1 of the label is not subtracted: this is p": each[:, None] * p / 5,
            "this is the gradient of the sum: divide by N": 5 * right,
            "the class weights are in the loss, but not in its gradient":
                (p - np.eye(4)[labels]) / 5}, 1e-7)
    loss, dz = write(1000 * z, labels, None)
    true(np.isfinite(loss) and np.isfinite(dz).all(), "logits of 1000 give no finite loss")


def test_softmax_backward():
    rng = np.random.default_rng(0)
    z, dp = rng.standard_normal((2, 5, 4))
    p = np.exp(z) / np.exp(z).sum(axis=1, keepdims=True)

    def forward():
        return np.exp(z) / np.exp(z).sum(axis=1, keepdims=True)

    same("dz", derivation(softmax_backward)(dp, p), slope(forward, z, dp), {
        "only the diagonal: p_k depends on the other logits too": dp * p * (1 - p),
        "the sum over k is missing: every p_k depends on z_j through the denominator": dp * p,
        "the sum runs over the images": p * (dp - (dp * p).sum(axis=0))}, 1e-7)


def test_smoothed_cross_entropy():
    rng = np.random.default_rng(1)
    z, labels = rng.standard_normal((5, 4)), np.array([0, 3, 1, 1, 2])
    log_p, one = np.log(np.exp(z) / np.exp(z).sum(axis=1, keepdims=True)), np.eye(4)[labels]
    t = np.where(one == 1, 0.9, 0.1 / 3)
    write = derivation(smoothed_cross_entropy)
    loss, dz = write(z, labels, 0.1)
    same("loss", loss, -(t * log_p).sum() / 5, {
        "epsilon is shared among all K classes, here it is among the K - 1 others":
            -((0.9 * one + 0.1 / 4) * log_p).sum() / 5,
        "the other classes' part is missing": -(0.9 * one * log_p).sum() / 5,
        "each other class gets epsilon: divide it among them":
            -(np.where(one == 1, 0.9, 0.1) * log_p).sum() / 5})
    same("dz", dz, slope(lambda: smoothed_cross_entropy(z, labels, 0.1)[0], z, 1.0), {
        "this is the gradient without smoothing": (np.exp(log_p) - one) / 5}, 1e-7)
    huge = write(1000 * z, labels, 0.1)
    true(np.isfinite(huge[0]) and np.isfinite(huge[1]).all(), "logits of 1000 overflow")


def test_what_class_weights_do():
    counts = np.array([700, 200, 100])
    for weights in np.ones(3), 1000 / (3 * counts), np.array([0.5, 3.0, 1.0]):
        both = counts * weights
        same("p", learnt_probability(counts, weights), both / both.sum(), {
            "the weights are not used": counts / counts.sum(),
            "the images are not counted": weights / weights.sum(),
            "the weights divide: those who weigh more count for more":
                counts / weights / (counts / weights).sum()}, 1e-3)
