"""Chapter 17, exercises: replace every `raise NotImplementedError` until this passes:

    pytest docs/exercises/ch17_difference.py
"""

import numpy as np


def by_hand():
    """Exercise 1, by hand.

    Return (target of the true class, difference of the logits at the minimum) for smoothing 0.2
    and four classes, and the share of a weight that 1,000 steps of decay leave at rate 0.01 and
    decay 0.1, to two digits.
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
    """Exercise 4. The decay of a running mean that leaves this share of the noise, 0 < share < 1."""
    raise NotImplementedError


def what_is_left(decoupled, size, rng, lr=1e-3, decay=0.1, steps=2000):
    """Exercise 5, an experiment. What Adam leaves of 200 weights that start at 1.

    Their gradients are `size` times standard normal numbers: nothing holds them where they are.
    decoupled: decay beside the step, or else added to the gradient as decay * w. Adam with beta1
    0.9, beta2 0.999, no epsilon, both means corrected. Return the mean of the weights at the end.
    """
    raise NotImplementedError


def test_by_hand():
    target, gap, left = by_hand()
    assert np.isclose(target, 0.85) and np.isclose(gap, np.log(17)) and np.isclose(left, 0.37)


def test_warm_cosine():
    rates = [warm_cosine(t, 100, 10) for t in range(100)]
    assert np.allclose(rates[:10], np.arange(1, 11) / 10)
    assert rates[10] == 1 and np.isclose(rates[55], 0.5) and np.isclose(rates[40], 0.75)
    assert 0 < rates[99] < 0.001


def test_smoothed_loss():
    rng = np.random.default_rng(0)
    z, y = rng.standard_normal((3, 5)), np.array([4, 0, 2])
    loss, dz = smoothed_loss(z, y, 0.1)
    hard, _ = smoothed_loss(z, y, 0.0)
    p = np.exp(z) / np.exp(z).sum(axis=1, keepdims=True)
    assert np.isclose(hard, -np.log(p[np.arange(3), y]).mean())
    assert np.isclose(loss, 0.9 * hard - 0.1 * np.log(p).mean())
    for place in np.ndindex(3, 5):
        nudge = np.zeros((3, 5))
        nudge[place] = 1e-5
        slope = (smoothed_loss(z + nudge, y, 0.1)[0] - smoothed_loss(z - nudge, y, 0.1)[0]) / 2e-5
        assert np.isclose(dz[place], slope, rtol=1e-6, atol=1e-10)


def test_noise_left():
    assert np.isclose(noise_left(0.99, 0.5), 0.01 / 1.99 * 1.495 / 0.505)
    assert np.isclose(noise_left(0.5, 0.0), 1 / 3) and np.isclose(noise_left(0.0, 0.7), 1)
    rng = np.random.default_rng(0)
    w, m, kept = np.zeros(500), np.zeros(500), []
    for step in range(1500):
        w = 0.8 * w + 0.6 * rng.standard_normal(500)
        m = 0.9 * m + 0.1 * w
        if step >= 500:
            kept.append(m @ m / 500)
    assert np.isclose(np.mean(kept), noise_left(0.9, 0.8), rtol=0.05)


def test_decay_for():
    for share, rho in ((0.0149, 0.5), (0.3, 0.0), (0.01, 0.99)):
        decay = decay_for(share, rho)
        assert 0 < decay < 1 and np.isclose(noise_left(decay, rho), share, rtol=1e-6)


def test_what_is_left():
    rng = np.random.default_rng
    beside = [what_is_left(True, size, rng(0)) for size in (1.0, 1e-3)]
    through = [what_is_left(False, size, rng(0)) for size in (1.0, 1e-3)]
    assert np.allclose(beside, (1 - 1e-4) ** 2000, atol=0.03)
    assert through[0] > 0.8 and abs(through[1]) < 0.1
