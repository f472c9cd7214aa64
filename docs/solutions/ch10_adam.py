"""Chapter 10, exercises: replace every `raise NotImplementedError`."""

from types import SimpleNamespace  # solution

import numpy as np
from mynet.adam import Adam


def by_hand():
    """Exercise 1, by hand: beta1 1/2, beta2 3/4, alpha 1, epsilon 0, gradients 1 and then -1.

    Return the two numbers that Adam subtracts, (first, second).
    """
    # solution
    # t = 1: m 1/2, v 1/4; both corrected: 1 and 1.
    # t = 2: m 1/4 - 1/2 = -1/4, over 1 - 1/4: -1/3. v 3/16 + 1/4 = 7/16, over 1 - 9/16: 1.
    return 1.0, -1 / 3


def keras_eps(torch_eps, t, beta2=0.999):
    """Exercise 3. The epsilon with which step t in Keras' form equals PyTorch's with torch_eps:

    there the step is lr m/(1 - beta1^t) / (sqrt(v/(1 - beta2^t)) + torch_eps).
    """
    # solution
    # Divide PyTorch's denominator by 1 / sqrt(1 - beta2^t).
    return torch_eps * np.sqrt(1 - beta2**t)


class Lone:
    """Parameters without a layer around them, as Adam sees them."""

    def __init__(self, **params):
        self.params, self.grads = params, {}


def ends(factor, lr, steps=50):
    """Exercise 4, an experiment. Where descent and Adam end when the loss is `factor` w^2 / 2.

    Start both from w = 1 with learning rate lr; for Adam use yours, with Lone(w=np.array([1.0])).
    Return (w of plain descent, w of Adam), two floats. Then multiply the loss by 1000.
    """
    # solution
    # Adam's end does not depend on the factor: m and the root of v grow alike.
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
    """Exercise 5, an experiment. How far Adam carries parameters on rounding noise alone.

    1000 parameters start at 0 and receive gradients `noise` times standard normal numbers, drawn
    with rng at each step. Use your Adam. Return the mean distance from 0 at the end.
    """
    # solution
    layer = SimpleNamespace(params={"w": np.zeros(1000)})
    adam = Adam([layer], lr=lr, eps=eps)
    for _ in range(steps):
        layer.grads = {"w": noise * rng.standard_normal(1000)}
        adam.step()
    return np.abs(layer.params["w"]).mean()
