"""ReLU: out = max(0, x), one pass over memory."""

import numpy as np
from numba import prange

from tinyfer.core import checks
from tinyfer.core.kernels.compiling import kernel
from tinyfer.core.kernels.memory import empty


def least_of(relu, dtype):
    """The threshold of ReLU in another kernel: 0, or for no ReLU NaN, below which nothing is."""
    return dtype.type(0 if relu else np.nan)


@kernel(parallel=True)
def _forward(x, out):
    zero = x.dtype.type(0)
    for i in prange(x.size):    # owns element i of out
        z = x[i]
        out[i] = zero if z < zero else z


@kernel(parallel=True)
def _backward(dout, out, dx):
    zero = dout.dtype.type(0)
    for i in prange(dout.size):    # owns element i of dx
        dx[i] = zero if out[i] <= zero else dout[i]


def relu_forward(x):
    """out = 0 where x < 0, x elsewhere; any shape. NaN stays NaN: a diverging run must be seen."""
    x = checks.array("relu_forward", "x", x, (...,))
    out = empty(x.shape, x.dtype)
    _forward(x.reshape(-1), out.reshape(-1))
    return out


def relu_backward(dout, out):
    """dx = 0 where out <= 0, dout elsewhere. The slope at exactly 0 is taken as 0."""
    dout = checks.array("relu_backward", "dout", dout, (...,))
    out = checks.array("relu_backward", "out", out, dout.shape, dout.dtype)
    dx = empty(dout.shape, dout.dtype)
    _backward(dout.reshape(-1), out.reshape(-1), dx.reshape(-1))
    return dx
