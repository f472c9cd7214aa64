"""Maps made of gradients with respect to the input, each a weighted sum of them at some points.

For a Task of N faces x (N, h, w, 1) every function returns signed maps (N, h, w), float64.
"""

import numpy as np

from tinyfer.explain.score import window


def gradient(task):
    """map = dF/dx: how fast F changes with each pixel.

    To first order F(x + d) = F(x) + sum(map d). Simonyan, Vedaldi and Zisserman 2014, "Deep inside
    convolutional networks", section 3. Its absolute value is the study's saliency map. Chapter 15.
    """
    return task.gradients(lambda i, k: task.x[i])


def gradient_times_input(task):
    """map = x dF/dx: the first-order share of each pixel, counted from a black image.

    Shrikumar, Greenside, Shcherbina and Kundaje 2016, "Not just a black box". It is `integrated`
    from black with the gradient of the end of the path taken for all of it. A black pixel gets 0.
    """
    return task.x[..., 0] * gradient(task)


def smoothgrad(task, n=32, sigma=0.15, seed=0):
    """map = 1/n sum over k of dF/dx at x + e_k: the gradient, averaged over n noisy copies.

    e_k is Gaussian noise with standard deviation sigma (max x - min x). Smilkov et al. 2017,
    "SmoothGrad", section 2, which advises 10 to 20 % noise. `seed` draws the n noise pictures; all
    faces get the same ones, so a map does not depend on the batch it was made in. ValueError for n
    below 1 or sigma below 0.
    """
    if n < 1 or not sigma >= 0:
        raise ValueError(f"smoothgrad needs n of at least 1 and sigma of at least 0, "
                         f"got n = {n} and sigma = {sigma}")
    x = task.x
    noise = np.random.default_rng(seed).standard_normal((n, *x.shape[1:])).astype(x.dtype)
    spread = np.ptp(x, axis=(1, 2, 3), keepdims=True) * x.dtype.type(sigma)
    return task.gradients(lambda i, k: x[i] + spread[i] * noise[k], np.full(n, 1 / n))


def integrated(task, baseline="black", steps=64):
    """Integrated gradients, along the straight line from a baseline face b to x:

        map = (x - b) integral over a in [0, 1] of dF/dx at b + a (x - b)

    Sundararajan, Taly and Yan 2017, "Axiomatic attribution for deep networks", equation 1. By the
    fundamental theorem of calculus on that line the map sums to F(x) - F(b): completeness. The
    integral is taken by the midpoint rule over `steps` intervals, the k-th from (k / steps)^2 to
    ((k + 1) / steps)^2: along this line most ReLUs switch near b, and intervals that are short
    there halve the error that equal ones leave.

    baseline: "black" (b = 0), or one face (48, 48) for all, uint8 or in [0, 1], for instance the
    mean face. The map tells which pixels make the difference between b and x; where they agree
    it is 0. ValueError for another baseline, or steps below 1.
    """
    if steps < 1:
        raise ValueError(f"integrated gradients need at least 1 step, got {steps}")
    x, b = task.x, _baseline(task, baseline)
    ends = np.linspace(0, 1, steps + 1) ** 2
    a = ((ends[1:] + ends[:-1]) / 2).astype(x.dtype)[:, None, None, None]
    return (x - b)[..., 0] * task.gradients(lambda i, k: b + a[k] * (x[i] - b), np.diff(ends))


def _baseline(task, baseline):
    if isinstance(baseline, str):
        if baseline != "black":
            raise ValueError(f"baseline is {baseline!r}; expected 'black' or a face as an array")
        return np.zeros_like(task.x[:1])
    baseline = np.asarray(baseline)
    if baseline.shape != task.model.input_shape[:2]:
        raise ValueError(f"baseline has shape {baseline.shape}; expected one face of shape "
                         f"{task.model.input_shape[:2]}")
    return window(task.model, baseline[None])
