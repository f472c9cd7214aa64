"""Chapter 23, exercises: replace every `raise NotImplementedError`."""

import numpy as np


def by_hand():
    """Exercise 1, by hand. dz, a tuple, of p = (1/2, 1/4, 1/4) and dp = (4, 0, 4)."""
    # solution
    # The weighted mean is 3: p times (1, -3, 1).
    return 0.5, -0.75, 0.25


# helper
def _weights(q, k, tau):
    z = np.where(np.tri(q.shape[1], dtype=bool), tau * q @ k.swapaxes(1, 2), -np.inf)
    e = np.exp(z - z.max(axis=-1, keepdims=True))
    return e / e.sum(axis=-1, keepdims=True)


def causal_attention(q, k, v, tau):
    """Exercise 3. Attention for a sentence that is being written: out (N, T, d).

    q, k, v (N, T, d). Token i sees the tokens 0 to i and no other. tau, a number to be learnt,
    stands in the place of 1 / sqrt(d): the logits are tau q k^T.
    """
    # solution
    return _weights(q, k, tau) @ v


def causal_attention_backward(dout, q, k, v, tau):
    """Exercise 3, too. (dq, dk, dv, dtau)."""
    # solution
    # out = p v is a product as in a dense layer: dp = dout v^T, dv = p^T dout. Softmax, chapter 2:
    #   dz_ij = p_ij (dp_ij - sum over l of p_il dp_il),
    # 0 where p is 0, so that what a token must not see gets no gradient. z_ij = tau q_i . k_j:
    #   dq_i = tau sum_j dz_ij k_j     dk_j = tau sum_i dz_ij q_i     dtau = sum_ij dz_ij q_i . k_j
    p, dp = _weights(q, k, tau), dout @ v.swapaxes(1, 2)
    dz = p * (dp - (dp * p).sum(axis=-1, keepdims=True))
    return (tau * dz @ k, tau * dz.swapaxes(1, 2) @ q, p.swapaxes(1, 2) @ dout,
            (dz * (q @ k.swapaxes(1, 2))).sum())
