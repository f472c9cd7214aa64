"""Adam (Kingma and Ba, Adam: A Method for Stochastic Optimization, 2015). Chapter 8."""

import math

import numpy as np

from tinyfer.kernels.adam import adam_step


class Adam:
    """Adam as Keras computes it. With t the number of the step, from 1, and g the gradient:

        m <- beta1 m + (1 - beta1) g            v <- beta2 v + (1 - beta2) g^2
        lr_t = lr sqrt(1 - beta2^t) / (1 - beta1^t)
        value <- value - lr_t m / (sqrt(v) + eps)

    This is the paper's "more efficient order" at the end of its section 2. PyTorch (and the paper's
    Algorithm 1) adds eps after correcting v instead: sqrt(v / (1 - beta2^t)) + eps. The two agree
    when PyTorch's eps is eps / sqrt(1 - beta2^t), which changes from step to step.

    parameters: list of Parameter, each with a name of its own; their values are updated in place.
    """

    def __init__(self, parameters, lr=1e-4, beta1=0.9, beta2=0.999, eps=1e-7):
        if not lr > 0 or not math.isfinite(lr):
            raise ValueError(f"lr is {lr}; expected a finite number above 0")
        self.parameters = list(parameters)
        self.lr, self.beta1, self.beta2, self.eps = lr, beta1, beta2, eps
        self.t = 0
        self.m = [np.zeros_like(p.value) for p in self.parameters]
        self.v = [np.zeros_like(p.value) for p in self.parameters]

    def step(self):
        """Move every parameter once, by the gradient its `.grad` holds now."""
        self.t += 1
        lr_t = self.lr * math.sqrt(1 - self.beta2**self.t) / (1 - self.beta1**self.t)
        for p, m, v in zip(self.parameters, self.m, self.v):
            adam_step(p.value, p.grad, m, v, self.beta1, self.beta2, lr_t, self.eps)

    def state(self):
        """t, and m and v by parameter name ("m.conv1.w"): the arrays themselves, not copies."""
        arrays = {"t": np.array(self.t)}
        for p, m, v in zip(self.parameters, self.m, self.v):
            arrays[f"m.{p.name}"], arrays[f"v.{p.name}"] = m, v
        return arrays

    def load_state(self, arrays):
        """Copy a state() back in. ValueError, and nothing changed, where names or shapes differ."""
        mine = self.state()
        if set(arrays) != set(mine):
            odd = sorted(set(arrays) ^ set(mine))[0]
            raise ValueError(f"optimizer state does not fit these parameters: {odd!r} is in one "
                             "and not in the other")
        for name, array in mine.items():
            if np.shape(arrays[name]) != array.shape:
                raise ValueError(f"optimizer state {name!r} has shape "
                                 f"{np.shape(arrays[name])}; expected {array.shape}")
        self.t = int(arrays["t"])
        for name, array in mine.items():
            array[...] = arrays[name]
