"""Chapter 16, exercises: replace every `raise NotImplementedError` until this passes:

    pytest docs/exercises/ch16_difference.py
"""

import checker
import numpy as np
from checker import derivation, same, slope, true


def by_hand():
    """Exercise 1, by hand.

    Return (target of the true class, difference of the logits at the minimum) for smoothing 0.2
    and four classes, and the share of a weight that 1,000 steps of decay leave at rate 0.01 and
    decay 0.1. To three decimals.
    """
    raise NotImplementedError


def warm_cosine(t, steps, warmup):
    """Exercise 2. The share of the highest rate in step t, from 0 to steps - 1.

    (t + 1) / warmup in the first `warmup` steps; after them half a cosine that would reach 0 in
    step `steps`, and has 1 in step `warmup`.
    """
    raise NotImplementedError


def smoothed_loss(z, y, smoothing):
    """Exercise 3. Mean cross-entropy against smoothed labels, and its gradient.

    z (N, K) logits, y (N,) labels. Return (loss, dz).
    """
    raise NotImplementedError


def noise_left(decay, rho):
    """Exercise 4. Var[m] / s^2 for a running mean with `decay` of a walk with covariance s^2 rho^i.
    """
    raise NotImplementedError


def decay_for(share, rho):
    """Exercise 4. The decay of a running mean that leaves a share of the noise, 0 < share < 1."""
    raise NotImplementedError


def what_is_left(decoupled, size, rng, lr=1e-3, decay=0.1, steps=2000):
    """Exercise 5, an experiment. What Adam leaves of 200 weights that start at 1.

    Their gradients are `size` times standard normal numbers: nothing holds them where they are.
    decoupled: decay beside the step, or else added to the gradient as decay * w. Adam with beta1
    0.9, beta2 0.999, no epsilon, both means corrected. Return the mean of the weights at the end.
    """
    raise NotImplementedError


def test_by_hand():
    checker.by_hand("difference", by_hand())


def test_warm_cosine():
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
    cases = (0.99, 0.5), (0.5, 0.0), (0.0, 0.7), (0.9, 0.8)
    d, rho = np.array(cases).T
    white = (1 - d) / (1 + d)
    same("the shares for decay, rho = " + ", ".join(map(str, cases)),
         [noise_left(*case) for case in cases], white * (1 + d * rho) / (1 - d * rho), {
             "only i = j is counted, or rho is not used: neighbours covary": white,
             "each pair is counted once: i before j and j before i":
                 white * (1 + d * rho / (1 - d * rho)),
             "this is the standard deviation": np.sqrt(white * (1 + d * rho) / (1 - d * rho))})


def test_decay_for():
    for share, rho in (0.0149, 0.5), (0.3, 0.0), (0.01, 0.99):
        d = decay_for(share, rho)
        true(0 < d < 1, f"the decay for {share} is {d}: it lies between 0 and 1")
        left = (1 - d) / (1 + d) * (1 + d * rho) / (1 - d * rho)
        same(f"what the decay for {share} leaves", left, share, tolerance=1e-6)


def test_what_is_left():
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
