"""Chapter 2, the tests. The answers: ch02_linear.py of a workspace."""

import checker
import numpy as np
from answers import by_hand, learnt_probability, softmax_backward
from checker import derivation, same, slope, true
from mynet.losses import softmax, softmax_cross_entropy

import tinyfer


def test_by_hand():
    """1 Turn the logits into exp of them before anything else.
    2 exp(0) = 1 and exp(ln 3) = 3, so the sum is 4.
    3 The loss is -ln of the label's probability; dz is p with 1 taken off at the label.
    """
    checker.by_hand("linear", by_hand())


def test_softmax():
    """1 What happens to p if a constant is added to all logits of a row?
    2 Nothing: so the row's largest may be subtracted first.
    3 axis=1 and keepdims=True, for the largest and for the sum.
    """
    z = np.random.default_rng(0).standard_normal((5, 4))
    known = {}
    for e, whose in (np.exp(z), ""), (np.exp(z - z.max(axis=1, keepdims=True)), ", of shifted z"):
        known |= {f"the sum runs over the images, not over the classes{whose}": e / e.sum(axis=0),
                  f"the sum runs over everything{whose}": e / e.sum(),
                  f"exp is not divided by its sum{whose}": e}
    same("p", softmax(z), tinyfer.softmax(z), known)
    true(np.isfinite(softmax(1000 * z)).all(), "logits of 1000 overflow: subtract the "
                                                     "row's largest")
    same("p of z + 1000", softmax(z + 1000), softmax(z), tolerance=1e-7)


def test_softmax_cross_entropy():
    """1 Compute log p directly: log of an exp may lose everything.
    2 log p = z - max - log(sum(exp(z - max))). Take it at [rows, labels].
    3 dz = s (p - one-hot) / N, with s the weight of each image's label.
    """
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
    """1 Write p_k as a quotient, and differentiate by z_j once for j = k and once for j != k.
    2 d p_k / d z_j = p_k ([j = k] - p_j). Now sum over k.
    3 dz_j = p_j (dp_j - sum over k of dp_k p_k).
    """
    rng = np.random.default_rng(0)
    z, dp = rng.standard_normal((2, 5, 4))
    p = np.exp(z) / np.exp(z).sum(axis=1, keepdims=True)

    def forward():
        return np.exp(z) / np.exp(z).sum(axis=1, keepdims=True)

    same("dz", derivation(softmax_backward)(dp, p), slope(forward, z, dp), {
        "only the diagonal: p_k depends on the other logits too": dp * p * (1 - p),
        "the sum over k is missing: every p_k depends on z_j through the denominator": dp * p,
        "the sum runs over the images": p * (dp - (dp * p).sum(axis=0))}, 1e-7)


def test_what_class_weights_do():
    """1 All images are alike: count how often each class's gradient is added.
    2 db = (sum of n_c s_c) p - n_c s_c, over N.
    3 Where is that zero?
    """
    counts = np.array([700, 200, 100])
    for weights in np.ones(3), 1000 / (3 * counts), np.array([0.5, 3.0, 1.0]):
        both = counts * weights
        same("p", learnt_probability(counts, weights), both / both.sum(), {
            "the weights are not used": counts / counts.sum(),
            "the images are not counted": weights / weights.sum(),
            "the weights divide: those who weigh more count for more":
                counts / weights / (counts / weights).sum()}, 1e-3)
