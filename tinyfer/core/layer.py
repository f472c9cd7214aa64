"""What all layers share: trained arrays, checks of what is given, what is kept for backward."""

import math
from threading import get_ident

import numpy as np

from tinyfer.core import checks


class Parameter:
    """An array that is trained, and the gradient of the loss with respect to it."""

    def __init__(self, name, value):
        self.name = name
        self.value = value
        self.grad = np.zeros_like(value)

    def __repr__(self):
        return f"Parameter({self.name}, {self.value.shape}, {self.value.dtype})"


class Layer:
    """A layer without parameters or state; the others add theirs. See layers.py for the contract.

    In a forward, `_checked(x)` comes first and `_keep(out, ...)` last; backward begins with
    `_take(dout)`, which returns dout, checked, and what forward kept, once.
    """

    kind = None             # a layer of a kind is numbered in its model: "conv1", "conv2"
    takes = "N", ...        # the axes of x; see checks.py
    least = 1               # rows and columns of x
    _kept = None            # what backward needs from forward

    def forward(self, x, training=False):
        raise NotImplementedError

    def backward(self, dout):
        raise NotImplementedError

    def parameters(self):
        """The trained arrays: list of Parameter."""
        return []

    def buffers(self):
        """State that is saved but not trained: dict of name -> array, changed in place."""
        return {}

    def output_shape(self, shape):
        """Shape of the output for an input of `shape`, both without N; ValueError if none fits."""
        checks.shape(self._name(), "x", ("N", *shape), self.takes, self.least)
        return shape

    def _checked(self, x):
        trained = self.parameters()
        dtype = trained[0].value.dtype if trained else None
        return checks.array(self._name(), "x", x, self.takes, dtype, self.least)

    def _keep(self, out, *kept):
        self._kept = get_ident(), out.shape, out.dtype, kept

    def _take(self, dout):
        if self._kept is None:
            raise ValueError(f"{self._name()}: backward needs a forward before it, one each time")
        thread, shape, dtype, kept = self._kept
        if thread != get_ident():
            raise ValueError(f"{self._name()}: another thread has called forward since; "
                             "one thread at a time can train a model")
        dout = checks.array(self._name(), "dout", dout, shape, dtype)
        self._kept = None
        return dout, *kept

    def _name(self):
        C = self.takes[-1]
        return type(self).__name__ + ("" if C in ("C", ...) else f" of {C} channel{'s' * (C > 1)}")


def glorot_uniform(shape, fan_in, fan_out, rng, dtype):
    """Uniform in +-sqrt(6 / (fan_in + fan_out)). Glorot and Bengio 2010, equation 16; chapter 8."""
    checks.generator(rng)
    limit = math.sqrt(6 / (fan_in + fan_out))
    return rng.uniform(-limit, limit, shape).astype(dtype)
