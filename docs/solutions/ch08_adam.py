"""Chapter 8, solutions."""

import numpy as np


def by_hand():
    # t = 1: m 1/2, v 1/4; both corrected: 1 and 1.
    # t = 2: m 1/4 - 1/2 = -1/4, over 1 - 1/4: -1/3. v 3/16 + 1/4 = 7/16, over 1 - 9/16: 1.
    return 1.0, -1 / 3


def adam_step(values, grads, m, v, t, lr, beta1=0.9, beta2=0.999, eps=1e-7):
    lr_t = lr * np.sqrt(1 - beta2 ** t) / (1 - beta1 ** t)
    for name, g in grads.items():
        m[name][...] = beta1 * m[name] + (1 - beta1) * g
        v[name][...] = beta2 * v[name] + (1 - beta2) * g * g
        values[name] -= lr_t * m[name] / (np.sqrt(v[name]) + eps)


def keras_eps(torch_eps, t, beta2=0.999):
    return torch_eps * np.sqrt(1 - beta2 ** t)


def ends(factor, lr, steps=50):
    w = 1.0
    for _ in range(steps):
        w -= lr * factor * w
    values, m, v = ({"w": np.array([start])} for start in (1.0, 0.0, 0.0))
    for t in range(1, steps + 1):
        adam_step(values, {"w": factor * values["w"]}, m, v, t, lr)
    return w, float(values["w"][0])


def drift(eps, rng, steps=300, lr=1e-4, noise=1e-9):
    values, m, v = ({"w": np.zeros(1000)} for _ in range(3))
    for t in range(1, steps + 1):
        adam_step(values, {"w": noise * rng.standard_normal(1000)}, m, v, t, lr, eps=eps)
    return np.abs(values["w"]).mean()
