"""Chapter 10, solutions; those of the pieces are in mynet/."""

from types import SimpleNamespace

import numpy as np
from mynet.adam import Adam


def by_hand():
    # t = 1: m 1/2, v 1/4; both corrected: 1 and 1.
    # t = 2: m 1/4 - 1/2 = -1/4, over 1 - 1/4: -1/3. v 3/16 + 1/4 = 7/16, over 1 - 9/16: 1.
    return 1.0, -1 / 3


def keras_eps(torch_eps, t, beta2=0.999):
    """Divide PyTorch's denominator by 1 / sqrt(1 - beta2^t)."""
    return torch_eps * np.sqrt(1 - beta2**t)


def ends(factor, lr, steps=50):
    """Adam's end does not depend on the factor: m and the root of v grow alike."""
    w = 1.0
    for _ in range(steps):
        w -= lr * factor * w
    layer = SimpleNamespace(params={"w": np.array([1.0])})
    adam = Adam([layer], lr=lr)
    for _ in range(steps):
        layer.grads = {"w": factor * layer.params["w"]}
        adam.step()
    return w, float(layer.params["w"][0])


def drift(eps, rng, steps=300, lr=1e-4, noise=1e-9):
    layer = SimpleNamespace(params={"w": np.zeros(1000)})
    adam = Adam([layer], lr=lr, eps=eps)
    for _ in range(steps):
        layer.grads = {"w": noise * rng.standard_normal(1000)}
        adam.step()
    return np.abs(layer.params["w"]).mean()
