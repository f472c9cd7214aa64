"""One step of Adam on one parameter, in one pass over its value, gradient and two moments."""

import numpy as np
from numba import njit, prange


@njit(parallel=True, cache=True)
def _adam(value, grad, m, v, beta1, beta2, step, eps):
    one = value.dtype.type(1)
    for i in prange(value.size):
        g = grad[i]
        m[i] = beta1 * m[i] + (one - beta1) * g
        v[i] = beta2 * v[i] + (one - beta2) * (g * g)
        value[i] -= step * m[i] / (np.sqrt(v[i]) + eps)


def adam_step(value, grad, m, v, beta1, beta2, step, eps):
    """Update value, m and v in place; all four are C-contiguous, of one shape and dtype.

        m <- beta1 m + (1 - beta1) grad
        v <- beta2 v + (1 - beta2) grad^2
        value <- value - step m / (sqrt(v) + eps)
    """
    real = value.dtype.type
    _adam(value.reshape(-1), grad.reshape(-1), m.reshape(-1), v.reshape(-1),
          real(beta1), real(beta2), real(step), real(eps))
