"""What is done to each number of an array by itself, in one pass over memory: ReLU, dropout, Adam.

Dropout is by a counter: the mask is a function of a key and the place in the array.

    out[i] = x[i] / (1 - rate)   if hash(key, i) >= rate * 2**32,   else 0

A sequence of random numbers would have to be drawn in order, by one thread. A hash of the counter i
gives the same mask in any order and for any number of threads, and the backward, which multiplies
dout by the same mask, computes it again instead of keeping it.

The hash is two rounds of the 32-bit finaliser `lowbias32` by C. Wellons (Prospecting for Hash
Functions, nullprogram.com, 2018; bias 0.174), one round after each half of the 64-bit key is mixed
in: with one round, the masks of two keys would be permutations of each other. The method is
that of Salmon et al., Parallel Random Numbers: As Easy as 1, 2, 3 (SC 2011).
"""

import numpy as np
from numba import njit, prange, uint32

from tinyfer.core import checks
from tinyfer.core.kernels.compiling import kernel
from tinyfer.core.kernels.memory import empty


def least_of(relu, dtype):
    """The threshold of ReLU in another kernel: 0, or for no ReLU NaN, below which nothing is."""
    return dtype.type(0 if relu else np.nan)


def relu_forward(x):
    """out = 0 where x < 0, x elsewhere; any shape. NaN stays NaN: a diverging run must be seen."""
    x = checks.array("relu_forward", "x", x, (...,))
    return np.maximum(x, x.dtype.type(0), out=empty(x.shape, x.dtype))


def relu_backward(dout, out):
    """dx = 0 where out <= 0, dout elsewhere. The slope at exactly 0 is taken as 0."""
    dout = checks.array("relu_backward", "dout", dout, (...,))
    out = checks.array("relu_backward", "out", out, dout.shape, dout.dtype)
    dx = empty(dout.shape, dout.dtype)
    np.copyto(dx, dout)
    np.copyto(dx, dx.dtype.type(0), where=out <= 0)
    return dx


@njit(inline="always")
def _lowbias32(h):
    h = uint32(h ^ (h >> uint32(16)))
    h = uint32(h * uint32(0x7feb352d))
    h = uint32(h ^ (h >> uint32(15)))
    h = uint32(h * uint32(0x846ca68b))
    return uint32(h ^ (h >> uint32(16)))


@kernel(parallel=True)
def _dropout(x, low, high, threshold, scale, out):
    zero = x.dtype.type(0)
    for i in prange(x.size):    # owns element i of out
        h = _lowbias32(uint32(_lowbias32(uint32(uint32(i) ^ low)) ^ high))
        out[i] = x[i] * scale if h >= threshold else zero


def dropout(x, key, rate):
    """x with a share `rate` of its elements set to 0 and the others divided by 1 - rate.

    x: any shape; key: 0 <= key < 2**64; 0 <= rate < 1. Forward and backward are this one function,
    called with the same key: dx = dropout(dout, key, rate). A dropped NaN becomes 0.
    """
    x = checks.array("dropout", "x", x, (...,))
    if not 0 <= rate < 1 or not 0 <= key < 2**64:
        raise ValueError(f"dropout got rate {str(rate):.30} and key {str(key):.30}; "
                         "expected 0 <= rate < 1 and 0 <= key < 2**64")
    out = empty(x.shape, x.dtype)
    low, high = np.uint32(int(key) & 0xffffffff), np.uint32(int(key) >> 32)
    threshold = np.uint32(min(round(rate * 2**32), 2**32 - 1))
    _dropout(x.reshape(-1), low, high, threshold, x.dtype.type(1 / (1 - rate)), out.reshape(-1))
    return out


@kernel(parallel=True)
def _adam(value, grad, m, v, rate1, rate2, step, eps, keep):
    for i in prange(value.size):    # owns value i and its moments
        g = grad[i]
        m[i] += rate1 * (g - m[i])
        v[i] += rate2 * (g * g - v[i])
        value[i] = keep * value[i] - step * m[i] / (np.sqrt(v[i]) + eps)


def adam_step(value, grad, m, v, beta1, beta2, step, eps, decay=0.0):
    """Update value, m and v in place; all four are C-contiguous, of one shape and dtype.

        m <- m + (1 - beta1) (grad - m)
        v <- v + (1 - beta2) (grad^2 - v)
        value <- (1 - decay) value - step m / (sqrt(v) + eps)

    Written so, as in Keras, the moments need 1 - beta only: in float32, 1 - 0.999 is 0.00099999.
    """
    checks.changeable("Adam", "value", value, np.shape(value))
    grad = checks.array("Adam", "grad", grad, value.shape, value.dtype)
    for name, moment in ("m", m), ("v", v):
        checks.changeable("Adam", name, moment, value.shape, value.dtype)
    real = value.dtype.type
    _adam(value.reshape(-1), grad.reshape(-1), m.reshape(-1), v.reshape(-1),
          real(1 - beta1), real(1 - beta2), real(step), real(eps), real(1 - decay))
