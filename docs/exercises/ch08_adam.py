"""Chapter 8, exercises: replace every `raise NotImplementedError` until this passes:

    pytest docs/exercises/ch08_adam.py
"""

import numpy as np


def by_hand():
    """Exercise 1, by hand: beta1 1/2, beta2 3/4, alpha 1, epsilon 0, gradients 1 and then -1.

    Return the two numbers that Adam subtracts, (first, second).
    """
    raise NotImplementedError


def adam_step(values, grads, m, v, t, lr, beta1=0.9, beta2=0.999, eps=1e-7):
    """Exercise 2. Step number t (from 1) of Adam in Keras' form, in place.

    values, grads, m, v: dicts of arrays with the same names and shapes. Changes values, m and v,
    not grads; returns nothing.
    """
    raise NotImplementedError


def keras_eps(torch_eps, t, beta2=0.999):
    """Exercise 3. The epsilon with which step t in Keras' form equals PyTorch's with torch_eps."""
    raise NotImplementedError


def ends(factor, lr, steps=50):
    """Exercise 4, an experiment. Where descent and Adam end when the loss is `factor` w^2 / 2.

    Start both from w = 1 with learning rate lr; for Adam use your adam_step. Return (w of plain
    descent, w of Adam), two floats.
    """
    raise NotImplementedError


def drift(eps, rng, steps=300, lr=1e-4, noise=1e-9):
    """Exercise 5, an experiment. How far Adam carries parameters on rounding noise alone.

    1000 parameters start at 0 and receive gradients `noise` times standard normal numbers, drawn
    with rng at each step. Use your adam_step. Return the mean distance from 0 at the end.
    """
    raise NotImplementedError


def test_by_hand():
    assert np.allclose(by_hand(), (1.0, -1 / 3))


def _paper_step(w, g, m, v, t, lr, eps):
    m[...] = 0.9 * m + 0.1 * g
    v[...] = 0.999 * v + 0.001 * g * g
    w -= lr * m / (1 - 0.9 ** t) / (np.sqrt(v / (1 - 0.999 ** t)) + eps)


def test_adam_step():
    rng = np.random.default_rng(0)
    values = {"w": np.array([1.0, -2.0]), "b": np.array([[0.5]])}
    other = {name: value.copy() for name, value in values.items()}
    m, v, m2, v2 = ({name: np.zeros_like(x) for name, x in values.items()} for _ in range(4))
    same = values["w"]
    for t in range(1, 6):
        grads = {name: rng.standard_normal(x.shape) for name, x in values.items()}
        before = grads["w"].copy()
        adam_step(values, grads, m, v, t, lr=0.1, eps=0.0)
        for name in other:
            _paper_step(other[name], grads[name], m2[name], v2[name], t, 0.1, 0.0)
            np.testing.assert_allclose(values[name], other[name], rtol=1e-12)
        np.testing.assert_array_equal(grads["w"], before)
    assert values["w"] is same      # in place


def test_keras_eps():
    for t in (1, 2, 50, 20_000):
        w, w2 = np.array([1.0]), np.array([1.0])
        m, v = {"w": np.array([3e-7])}, {"w": np.array([4e-13])}
        m2, v2 = m["w"].copy(), v["w"].copy()
        g = np.array([2e-6])
        adam_step({"w": w}, {"w": g}, m, v, t, 0.1, eps=keras_eps(1e-6, t))
        _paper_step(w2, g, m2, v2, t, 0.1, 1e-6)
        np.testing.assert_allclose(w, w2, rtol=1e-10)


def test_ends():
    descent, adam = ends(1.0, 0.01)
    descent_1000, adam_1000 = ends(1000.0, 0.01)
    assert np.isclose(descent, 0.99 ** 50)
    assert abs(descent_1000) > 1e6
    assert np.isclose(adam, adam_1000, rtol=1e-4) and 0.45 < adam < 0.65


def test_drift():
    far = drift(1e-16, np.random.default_rng(0))
    near = drift(1e-7, np.random.default_rng(0))
    assert 5e-4 < far < 5e-3
    assert 0 < near < far / 20
