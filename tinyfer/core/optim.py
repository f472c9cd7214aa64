"""Optimizers, and the rates they step with. Chapter 10 derives momentum and Adam; 16, the rest."""

import math
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from tinyfer.core import checks
from tinyfer.core.kernels.elementwise import adam_step
from tinyfer.core.layers import Parameter


class Optimizer:
    """What every optimizer has: parameters, a rate, a number of steps, and a state to save.

    parameters: list of Parameter, each with a name of its own; their values are updated in place.
    lr may be set anew between steps, as a schedule does. A step refuses values and gradients of
    another shape or dtype with a ValueError, before anything has moved.
    """

    moments: tuple[str, ...] = ()       # names of the lists that hold one array for each parameter
    lr = checks.attribute("lr", "(0, 1000]")        # of the next step
    averaged: Any = None        # the model that holds a running mean of the weights: ema.py

    def __init__(self, parameters: Iterable[Parameter], lr: float) -> None:
        self.parameters = list(parameters)
        if not self.parameters:         # as of an iterator that is used up
            raise ValueError("parameters is empty; expected one Parameter or more")
        for p in self.parameters:
            if not isinstance(p, Parameter):
                raise TypeError(f"parameters holds {type(p).__name__:.40}; expected a list of "
                                "Parameter, such as model.parameters()")
        if len({checks.memory(p.value) for p in self.parameters}) < len(self.parameters):
            raise ValueError("a parameter stands twice; expected each once, to be moved once")
        self.lr = lr
        self.t = 0
        for name in self.moments:
            setattr(self, name, [np.zeros_like(p.value) for p in self.parameters])

    def __repr__(self):
        return (f"<{type(self).__name__} at lr {self.lr:g}, {len(self.parameters)} parameters, "
                f"step {self.t}>")

    def state(self) -> dict[str, np.ndarray]:
        """t, and the moments by parameter name ("m.conv1.w"): the arrays themselves, not copies."""
        arrays = {"t": np.array(self.t)}
        for name in self.moments:
            for p, moment in zip(self.parameters, getattr(self, name)):
                arrays[f"{name}.{p.name}"] = moment
        return arrays

    def load_state(self, arrays: Mapping[str, np.ndarray]) -> None:
        """Copy a state() back in. ValueError, and nothing changed, where it does not fit."""
        mine = self.state()
        new = checks.state("optimizer state does not fit", mine, arrays)
        self.t = int(new["t"])
        for name, array in mine.items():
            array[...] = new[name]

    def _check_parameters(self):
        """ValueError where a value or gradient does not fit, before anything has moved."""
        who = type(self).__name__
        for p, moment in zip(self.parameters, getattr(self, self.moments[0])):
            checks.changeable(f"{who} on {p.name}", "value", p.value, moment.shape, moment.dtype)
            checks.array(f"{who} on {p.name}", "gradient", p.grad, moment.shape, moment.dtype)


class Adam(Optimizer):
    """Adam (Kingma and Ba, Adam: A Method for Stochastic Optimization, 2015) as Keras computes it.
    With t the number of the step, from 1, and g the gradient:

        m <- beta1 m + (1 - beta1) g            v <- beta2 v + (1 - beta2) g^2
        lr_t = lr sqrt(1 - beta2^t) / (1 - beta1^t)
        value <- (1 - lr weight_decay) value - lr_t m / (sqrt(v) + eps)

    This is the paper's "more efficient order" at the end of its section 2. PyTorch (and the paper's
    Algorithm 1) adds eps after correcting v instead: sqrt(v / (1 - beta2^t)) + eps. The two agree
    when PyTorch's eps is eps / sqrt(1 - beta2^t), which changes from step to step.

    weight_decay pulls weights towards 0 beside the step of Adam and not through its moments:
    decoupled decay (Loshchilov and Hutter, Decoupled Weight Decay Regularization, 2019, algorithm
    2). Only arrays of two dimensions and more decay, the weights of convolutions and dense layers:
    a bias, gamma or beta is one number a channel, and pulling it to 0 makes no network smoother.
    """

    moments = "m", "v"
    beta1, beta2 = checks.attribute("beta1", "[0, 1)"), checks.attribute("beta2", "[0, 1)")
    eps = checks.attribute("eps", "(0, inf)")
    m: list[np.ndarray]
    v: list[np.ndarray]

    def __init__(self, parameters: Iterable[Parameter], lr: float = 1e-4, beta1: float = 0.9,
                 beta2: float = 0.999, eps: float = 1e-7, weight_decay: float = 0.0) -> None:
        super().__init__(parameters, lr)
        self.beta1, self.beta2, self.eps = beta1, beta2, eps
        self.weight_decay = weight_decay
        self._check_decay()

    def _check_decay(self):
        checks.number("weight_decay", self.weight_decay, f"[0, {1 / self.lr:.17g})")    # < 1 / lr

    def step(self) -> None:
        """Move every parameter once, by the gradient its `.grad` holds now."""
        self._check_decay()
        self._check_parameters()
        self.t += 1
        lr_t = self.lr * math.sqrt(1 - self.beta2**self.t) / (1 - self.beta1**self.t)
        for p, m, v in zip(self.parameters, self.m, self.v):
            decay = self.lr * self.weight_decay if p.value.ndim > 1 else 0.0
            adam_step(p.value, p.grad, m, v, self.beta1, self.beta2, lr_t, self.eps, decay)


class SGD(Optimizer):
    """Gradient descent, with momentum where that is above 0 (Polyak 1964; chapter 5):

        u <- momentum u + g             value <- value - lr u
    """

    moments = ("u",)
    momentum = checks.attribute("momentum", "[0, 1)")
    u: list[np.ndarray]

    def __init__(self, parameters: Iterable[Parameter], lr: float = 1e-2,
                 momentum: float = 0.0) -> None:
        super().__init__(parameters, lr)
        self.momentum = momentum

    def step(self) -> None:
        """Move every parameter once, by the gradient its `.grad` holds now."""
        self._check_parameters()
        self.t += 1
        for p, u in zip(self.parameters, self.u):
            u *= u.dtype.type(self.momentum)
            u += p.grad
            p.value -= u.dtype.type(self.lr) * u


# Schedules: the share of the highest rate that is used when a share s of all steps is done,
# 0 <= s < 1. Chapter 16.

def constant(s: float) -> float:
    """1, from the first step to the last."""
    checks.number("s", s, "[0, 1]")
    return 1.0


def cosine(s: float) -> float:
    """Half a cosine, from 1 down to 0: (1 + cos(pi s)) / 2. Loshchilov and Hutter, SGDR, 2017."""
    return (1 + math.cos(math.pi * s)) / 2


def one_cycle(s: float, rise: float = 0.25, start: float = 1 / 25) -> float:
    """Up from `start` to 1 while s < rise, then down to 0, each along half a cosine.

    After Smith, A Disciplined Approach to Neural Network Hyper-Parameters, 2018.
    """
    if s < checks.number("rise", rise, "[0, 1)"):
        start = checks.number("start", start, "[0, 1]")
        return 1 - (1 - start) * cosine(s / rise)
    return cosine((s - rise) / (1 - rise))


SCHEDULES = {"constant": constant, "cosine": cosine, "one-cycle": one_cycle}
