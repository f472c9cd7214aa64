"""Chapter 10, the tests. The answers: ch10_adam.py of a workspace."""

from types import SimpleNamespace

import numpy as np
from answers import keras_eps
from checker import derivation, same, true
from mynet.adam import Adam


def _layer(**params):
    return SimpleNamespace(params=params, grads={})


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
    layer = _layer(w=np.array([1.0, -2.0, 0.5]))
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
    layers = [_layer(w=np.zeros((2, 3)), b=np.zeros(3)), _layer(), _layer(w=np.zeros(4))]
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
