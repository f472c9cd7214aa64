"""Chapter 10, exercises: replace every `raise NotImplementedError`, here and in mynet/adam.py:

    pytest docs/exercises/ch10_adam.py
"""

import checker
import numpy as np
from checker import derivation, same, true
from mynet.adam import Adam  # exercise 2: write mynet/adam.py


def by_hand():
    """Exercise 1, by hand: beta1 1/2, beta2 3/4, alpha 1, epsilon 0, gradients 1 and then -1.

    Return the two numbers that Adam subtracts, (first, second).
    """
    raise NotImplementedError


def keras_eps(torch_eps, t, beta2=0.999):
    """Exercise 3. The epsilon with which step t in Keras' form equals PyTorch's with torch_eps:

    there the step is lr m/(1 - beta1^t) / (sqrt(v/(1 - beta2^t)) + torch_eps).
    """
    raise NotImplementedError


class Lone:
    """Parameters without a layer around them, as Adam sees them."""

    def __init__(self, **params):
        self.params, self.grads = params, {}


def ends(factor, lr, steps=50):
    """Exercise 4, an experiment. Where descent and Adam end when the loss is `factor` w^2 / 2.

    Start both from w = 1 with learning rate lr; for Adam use yours, with Lone(w=np.array([1.0])).
    Return (w of plain descent, w of Adam), two floats. Then multiply the loss by 1000.
    """
    raise NotImplementedError


def drift(eps, rng, steps=300, lr=1e-4, noise=1e-9):
    """Exercise 5, an experiment. How far Adam carries parameters on rounding noise alone.

    1000 parameters start at 0 and receive gradients `noise` times standard normal numbers, drawn
    with rng at each step. Use your Adam. Return the mean distance from 0 at the end.
    """
    raise NotImplementedError


def test_by_hand():
    checker.by_hand("adam", by_hand())


def _first_steps(grads, lr, eps, correct=True, power=True, late=False, root=True):
    """The values after each step, by the sums that m and v are: not step by step."""
    values, found = np.array([1.0, -2.0, 0.5]), []
    for t in range(1, len(grads) + 1):
        ages = np.arange(t)[::-1, None]
        m = (0.1 * 0.9**ages * grads[:t]).sum(axis=0)
        v = (0.001 * 0.999**ages * grads[:t] ** 2).sum(axis=0)
        p = t if power else 1
        if correct and late:
            move = lr * m / (1 - 0.9**p) / (np.sqrt(v / (1 - 0.999**p)) + eps)
        else:
            scale = np.sqrt(1 - 0.999**p) / (1 - 0.9**p) if correct else 1
            move = lr * scale * m / ((np.sqrt(v) if root else v) + eps)
        values = values - move
        found.append(values)
    return np.array(found)


def _run(grads, eps):
    layer = Lone(w=np.array([1.0, -2.0, 0.5]))
    adam, array = Adam([layer], lr=0.1, eps=eps), layer.params["w"]
    step, found = derivation(adam.step), []
    for g in grads:
        layer.grads = {"w": g.copy()}
        step()
        true(layer.params["w"] is array, "params hold another array now: change it in place")
        true(np.array_equal(layer.grads["w"], g), "the gradient is changed")
        found.append(array.copy())
    return np.array(found)


def test_adam():
    grads = np.random.default_rng(0).standard_normal((6, 3))
    for eps in 0.0, 0.3:
        same("w after each step", _run(grads, eps), _first_steps(grads, 0.1, eps), {
            "the bias is not corrected": _first_steps(grads, 0.1, eps, correct=False),
            "the power of t is missing in the correction":
                _first_steps(grads, 0.1, eps, power=False),
            "the root of v is missing": _first_steps(grads, 0.1, eps, root=False),
            "epsilon is added after v's correction, as in PyTorch: Keras adds it before":
                _first_steps(grads, 0.1, eps, late=True),
            "epsilon is left out": _first_steps(grads, 0.1, 0.0)})


def test_adam_of_two_layers():
    rng = np.random.default_rng(1)
    layers = [Lone(w=np.zeros((2, 3)), b=np.zeros(3)), Lone(), Lone(w=np.zeros(4))]
    adam = Adam(layers, lr=0.1)
    for layer in layers:
        layer.grads = {name: rng.standard_normal(p.shape) for name, p in layer.params.items()}
    adam.step()
    for layer in layers:
        for name, param in layer.params.items():
            same(f"first step of {name}", param, -0.1 * np.sign(layer.grads[name]),
                 {"it did not move": 0 * param}, 1e-3)


def test_keras_eps():
    for t in 1, 2, 50, 20_000:
        same(f"epsilon of step {t}", keras_eps(1e-6, t), 1e-6 * np.sqrt(1 - 0.999**t), {
            "this goes the other way, from Keras to PyTorch": 1e-6 / np.sqrt(1 - 0.999**t),
            "the root is missing": 1e-6 * (1 - 0.999**t),
            "beta2 is not raised to the power t": 1e-6 * np.sqrt(1 - 0.999),
            "they are not the same": 1e-6})


def _reference(gradient, w, lr, eps, steps):
    """tinyfer's Adam from w, with gradient(w) at each step."""
    from tinyfer.core.layers import Parameter
    from tinyfer.core.optim import Adam as Reference

    parameter = Parameter("w", w)
    adam = Reference([parameter], lr=lr, eps=eps)
    for _ in range(steps):
        parameter.grad[...] = gradient(parameter.value)
        adam.step()
    return parameter.value


def test_ends():
    for factor in 1.0, 1000.0:
        descent, adam = ends(factor, 0.01)
        same("w of descent", descent, (1 - 0.01 * factor) ** 50, {
            "the gradient of factor w^2 / 2 is factor w, not twice that":
                (1 - 0.02 * factor) ** 50,
            "the factor is not used": 0.99**50, "there are 50 steps": (1 - 0.01 * factor) ** 49})
        same("w of Adam", adam, _reference(lambda w: factor * w, np.ones(1), 0.01, 1e-7, 50)[0], {
            "there are 50 steps":
                lambda: _reference(lambda w: factor * w, np.ones(1), 0.01, 1e-7, 49)[0],
            "the gradient is that of the start: take it anew at each step":
                lambda: _reference(lambda w: factor + 0 * w, np.ones(1), 0.01, 1e-7, 50)[0]}, 1e-6)


def test_drift():
    def right(eps, steps=300, noise=1e-9, mean=np.abs, once=False):
        rng = np.random.default_rng(0)
        g = noise * rng.standard_normal(1000)
        return mean(_reference(lambda w: g if once else noise * rng.standard_normal(1000) if
                    np.any(w) else g, np.zeros(1000), 1e-4, eps, steps)).mean()

    for eps in 1e-16, 1e-7:
        same(f"distance for eps {eps}", drift(eps, np.random.default_rng(0)), right(eps), {
            "the mean of w is nearly 0: take the mean of its size":
                lambda: right(eps, mean=np.array),
            "the noise is drawn once: draw it at each step": lambda: right(eps, once=True),
            "the noise is not scaled": lambda: right(eps, noise=1)}, 1e-6)
