"""Chapter 2: from logits to a loss, and the first gradient of all."""

import numpy as np


def softmax(z):
    """p[n,k] = exp(z[n,k]) / sum over j of exp(z[n,j]); z (N, K) -> p (N, K).

    z may be large: logits of 1000 must not overflow.
    """
    # solution
    # exp(z_k - c) = exp(z_k) exp(-c), and exp(-c) cancels in the quotient: any c gives the same p.
    # With c the largest logit of the row no exponent is above 0, so that nothing overflows, and
    # the sum is at least exp(0) = 1, so that nothing is divided by 0.
    e = np.exp(z - z.max(axis=1, keepdims=True))
    return e / e.sum(axis=1, keepdims=True)


def softmax_cross_entropy(z, labels, class_weights=None):
    """(loss, dz) of logits z (N, K) and labels y (N,), integers from 0 to K - 1.

        loss = 1/N sum over n of s[n] (-log p[n, y[n]])

    with s[n] = class_weights[y[n]] (class_weights: (K,)), or 1 for None. The sum is divided by N.
    dz is d loss / dz, of the shape of z. The loss must be finite for any finite z.
    """
    # solution
    N = len(z)
    rows = np.arange(N)
    shifted = z - z.max(axis=1, keepdims=True)
    # log p_k = z_k - log sum_j exp(z_j), without a quotient: p may underflow to 0, log p does not.
    log_p = shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))
    s = np.ones(N) if class_weights is None else np.asarray(class_weights)[labels]
    loss = -(s * log_p[rows, labels]).sum() / N
    # d(log sum_j exp(z_j))/dz_k = exp(z_k) / sum_j exp(z_j) = p_k, and z_y has the slope [k = y]:
    # d(-log p_y)/dz_k = p_k - [k = y]. An image has the factor s / N in the loss, so in dz, too.
    dz = np.exp(log_p)
    dz[rows, labels] -= 1
    dz *= (s / N).astype(z.dtype)[:, None]
    return loss, dz
