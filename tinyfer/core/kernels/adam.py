"""One step of Adam on one parameter, in one pass over its value, gradient and two moments."""

import numpy as np
from numba import prange

from tinyfer.core import checks
from tinyfer.core.kernels.compiling import kernel


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
