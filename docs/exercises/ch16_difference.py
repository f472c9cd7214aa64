"""Chapter 16, the tests. The answers: ch16_difference.py of a workspace."""

import checker
import numpy as np
from answers import (
    by_hand,
    decay_for,
    noise_left,
    smoothed_loss,
    taught_loss,
    warm_cosine,
    what_is_left,
)
from checker import derivation, same, slope, true


def test_by_hand():
    """1 The label's class gets its part of the smoothing, too.
    2 Target 1 - e + e/K; the gap is the logarithm of the quotient of two targets.
    3 log(0.85 / 0.05); each step leaves 1 - alpha delta, and (1 - 1/n)^n is nearly 1/e.
    """
    checker.by_hand("difference", by_hand())


def test_warm_cosine():
    """1 Two cases: t < warmup, and the rest.
    2 The cosine's own share of the way is (t - warmup) / (steps - warmup).
    3 (1 + cos(pi share)) / 2.
    """
    def rates(rise, fall):
        return [rise(t) if t < 10 else fall(t) for t in range(100)]

    def fall(t):
        return (1 + np.cos(np.pi * (t - 10) / 90)) / 2

    same("the rates of 100 steps, 10 of them to warm up",
         [warm_cosine(t, 100, 10) for t in range(100)],
         rates(lambda t: (t + 1) / 10, fall), {
             "step 0 has no rate at all: (t + 1) / warmup": rates(lambda t: t / 10, fall),
             "the cosine counts from step 0: it starts where warming up ends":
                 rates(lambda t: (t + 1) / 10, lambda t: (1 + np.cos(np.pi * t / 100)) / 2),
             "this is a whole cosine, down to -1": rates(lambda t: (t + 1) / 10,
                                                         lambda t: np.cos(np.pi * (t - 10) / 90)),
             "it falls along a line": rates(lambda t: (t + 1) / 10, lambda t: 1 - (t - 10) / 90)})


def test_smoothed_loss():
    """1 Make the targets first, then it is chapter 2.
    2 np.full((N, K), e / K), and 1 - e added at the labels.
    3 dz = (p - t) / N.
    """
    rng = np.random.default_rng(0)
    z, y = rng.standard_normal((3, 5)), np.array([4, 0, 2])
    log_p = z - np.log(np.exp(z).sum(axis=1, keepdims=True))
    t = 0.9 * np.eye(5)[y] + 0.02
    others = 0.9 * np.eye(5)[y] + 0.1 / 4 * (1 - np.eye(5)[y])
    write = derivation(smoothed_loss)
    loss, dz = write(z, y, 0.1)
    same("loss", loss, -(t * log_p).sum() / 3, {
        "this is the sum over the images: divide by N": -(t * log_p).sum(),
        "the share goes to all K classes, the label's too": -(others * log_p).sum() / 3,
        "nothing is smoothed": -log_p[np.arange(3), y].mean()})
    same("dz", dz, slope(lambda: smoothed_loss(z, y, 0.1)[0], z, 1.0), {
        "this is the gradient of the sum: divide by N": np.exp(log_p) - t,
        "this is by p, not by z": -t / np.exp(log_p) / 3,
        "the hard label is subtracted": (np.exp(log_p) - np.eye(5)[y]) / 3}, 1e-7)


def test_noise_left():
    """1 Write the double sum over i and j; pairs at one distance belong together.
    2 The sum over i of d^(2i) is 1 / (1 - d^2); distances k > 0 come twice.
    3 (1 - d) / (1 + d) times (1 + d rho) / (1 - d rho).
    """
    cases = (0.99, 0.5), (0.5, 0.0), (0.0, 0.7), (0.9, 0.8)
    d, rho = np.array(cases).T
    white = (1 - d) / (1 + d)
    i = np.arange(3000)

    def added_up(decay, rho):
        """The sum over all pairs i, j of their weights in the mean times rho^|i - j|."""
        w = (1 - decay) * decay**i
        lags = np.array([w[:len(w) - lag] @ w[lag:] for lag in range(400)])
        return lags[0] + 2 * (lags[1:] * rho ** np.arange(1, 400.0)).sum()

    same("the shares for decay, rho = " + ", ".join(map(str, cases)),
         [noise_left(*case) for case in cases], [added_up(*case) for case in cases], {
             "only i = j is counted, or rho is not used: neighbours covary": white,
             "each pair is counted once: i before j and j before i":
                 white * (1 + d * rho / (1 - d * rho)),
             "this is the standard deviation": np.sqrt([added_up(*case) for case in cases])})


def test_decay_for():
    """1 The share falls as the decay rises: halve an interval.
    2 Start with 0 and 1; 60 halvings are enough.
    3 Keep the half in which noise_left crosses the share.
    """
    for share, rho in (0.0149, 0.5), (0.3, 0.0), (0.01, 0.99):
        d = decay_for(share, rho)
        true(0 < d < 1, f"the decay for {share} is {d}: it lies between 0 and 1")
        left = (1 - d) / (1 + d) * (1 + d * rho) / (1 - d * rho)
        same(f"what the decay for {share} leaves", left, share, tolerance=1e-6)


def test_what_is_left():
    """1 Two lines differ: the gradient, or the weight after the step.
    2 Corrected means: m / (1 - 0.9^t), v / (1 - 0.999^t).
    3 Decoupled: w = w (1 - lr decay) - lr step.
    """
    found = [what_is_left(decoupled, size, np.random.default_rng(0))
             for decoupled in (True, False) for size in (1.0, 1e-3)]
    beside = (1 - 1e-4) ** 2000
    true(abs(found[0] - beside) < 0.03, f"beside the step, gradients of 1 leave {found[0]:.3f}; "
         f"expected about (1 - lr decay)^steps = {beside:.3f}")
    true(abs(found[1] - beside) < 0.03, f"beside the step, gradients of 0.001 leave "
         f"{found[1]:.3f}; expected as much as those of 1, {beside:.3f}: decay goes through v")
    true(found[2] > 0.8, f"in the gradient, gradients of 1 leave {found[2]:.3f}; expected most of "
         "it: v is their size, and the decay is divided by its root")
    true(abs(found[3]) < 0.1, f"in the gradient, gradients of 0.001 leave {found[3]:.3f}; expected "
         "next to nothing: divided by the root of a small v, the decay is a whole step")


def test_taught_loss():
    """1 Divide both logits by T, then it is exercise 3 with the teacher's answer for the targets.
    2 dz of the loss without the factor is (p - q) / T.
    3 T (p - q) / N.
    """
    rng = np.random.default_rng(0)
    z, v = rng.standard_normal((3, 5)), 3 * rng.standard_normal((3, 5))

    def softmax(a):
        return np.exp(a) / np.exp(a).sum(axis=1, keepdims=True)

    p, q = softmax(z / 4), softmax(v / 4)
    loss, dz = derivation(taught_loss)(z, v, 4.0)
    right = -16 * (q * np.log(p)).sum() / 3
    same("loss at T = 4", loss, right, {
        "the factor T^2 is missing": right / 16, "the factor is T^2, not T": right / 4,
        "this is the sum over the images: divide by N": 3 * right,
        "the student's logits are not divided by T": -16 * (q * np.log(softmax(z))).sum() / 3,
        "the teacher's logits are not divided by T": -16 * (softmax(v) * np.log(p)).sum() / 3})
    same("dz at T = 4", dz, slope(lambda: taught_loss(z, v, 4.0)[0], z, 1.0), {
        "the inner derivative 1 / T is missing": 16 * (p - q) / 3,
        "the factor T^2 is missing": (p - q) / 4 / 3}, 1e-7)
