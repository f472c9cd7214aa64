"""Chapter 10, the tests. The answers: ch10_adam.py of a workspace."""

import numpy as np
from answers import Lone, drift, ends, keras_eps
from checker import derivation, same, true
from mynet.adam import Adam


def _first_steps(grads, lr, eps):
    """The values after each step, by the sums that m and v are: not step by step."""
    values, found = np.array([1.0, -2.0, 0.5]), []
    for t in range(1, len(grads) + 1):
        ages = np.arange(t)[::-1, None]
        m = (0.1 * 0.9**ages * grads[:t]).sum(axis=0)
        v = (0.001 * 0.999**ages * grads[:t] ** 2).sum(axis=0)
        values = values - lr * np.sqrt(1 - 0.999**t) / (1 - 0.9**t) * m / (np.sqrt(v) + eps)
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
        same("w after each step", _run(grads, eps), _first_steps(grads, 0.1, eps))


def test_adam_of_two_layers():
    rng = np.random.default_rng(1)
    layers = [Lone(w=np.zeros((2, 3)), b=np.zeros(3)), Lone(), Lone(w=np.zeros(4))]
    adam = Adam(layers, lr=0.1)
    for layer in layers:
        layer.grads = {name: rng.standard_normal(p.shape) for name, p in layer.params.items()}
    adam.step()
    for layer in layers:
        for name, param in layer.params.items():
            same(f"first step of {name}", param, -0.1 * np.sign(layer.grads[name]), 1e-3)


def test_keras_eps():
    for t in 1, 2, 50, 20_000:
        m, v = 0.3, 0.5
        of_pytorch = m / (np.sqrt(v / (1 - 0.999**t)) + 1e-6)       # m and lr as corrected alike
        right = m * np.sqrt(1 - 0.999**t) / of_pytorch - np.sqrt(v)
        same(f"epsilon of step {t}", keras_eps(1e-6, t), right, 1e-6)


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
        same("w of descent", descent, (1 - 0.01 * factor) ** 50)
        same("w of Adam", adam, _reference(lambda w: factor * w, np.ones(1), 0.01, 1e-7, 50)[0],
             1e-6)


def test_drift():
    for eps in 1e-16, 1e-7:
        rng = np.random.default_rng(0)
        end = _reference(lambda w: 1e-9 * rng.standard_normal(1000), np.zeros(1000), 1e-4, eps, 300)
        same(f"distance for eps {eps}", drift(eps, np.random.default_rng(0)), np.abs(end).mean(),
             1e-6)
