"""Chapter 10, the tests. The answers: ch10_adam.py of a workspace."""

import checker
import numpy as np
from answers import Lone, by_hand, drift, ends, keras_eps
from checker import derivation, same, true
from mynet.adam import Adam


def test_by_hand():
    """1 m and v first, then their corrections 1 - beta^t.
    2 Step 1: m 1/2, v 1/4. Step 2: m -1/4, v 7/16.
    3 1 - 1/4 and 1 - 9/16 correct the second.
    """
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
    """1 Count t before you use it: it is 1 in the first step.
    2 m[name][...] = ... changes in place; epsilon is added to the root of v.
    3 lr_t = lr sqrt(1 - beta2^t) / (1 - beta1^t).
    """
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
    """1 A layer may have no parameters at all.
    2 Loop over layers and over the names of each.
    3 zip(self.layers, self.m, self.v), then layer.params.items().
    """
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
    """1 Write both steps with one fraction.
    2 Multiply PyTorch's denominator by sqrt(1 - beta2^t).
    3 eps = torch_eps sqrt(1 - beta2^t).
    """
    for t in 1, 2, 50, 20_000:
        m, v = 0.3, 0.5
        of_pytorch = m / (np.sqrt(v / (1 - 0.999**t)) + 1e-6)       # m and lr as corrected alike
        right = m * np.sqrt(1 - 0.999**t) / of_pytorch - np.sqrt(v)
        same(f"epsilon of step {t}", keras_eps(1e-6, t), right, {
            "this goes the other way, from Keras to PyTorch": 1e-6 / np.sqrt(1 - 0.999**t),
            "the root is missing": 1e-6 * (1 - 0.999**t),
            "beta2 is not raised to the power t": 1e-6 * np.sqrt(1 - 0.999),
            "they are not the same": 1e-6}, 1e-6)


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
    """1 The gradient of factor w^2 / 2 is factor w.
    2 Give layer.grads anew before every step.
    3 Descent: w -= lr factor w.
    """
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
    """1 One Lone with 1000 zeros.
    2 Draw in every step.
    3 np.abs(...).mean() at the end.
    """
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
