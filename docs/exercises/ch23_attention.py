"""Chapter 23, the tests. The answers: ch23_attention.py of a workspace."""

import numpy as np
from answers import causal_attention, causal_attention_backward
from checker import check_gradients, derivation, same


def _example():
    rng = np.random.default_rng(0)
    return *rng.standard_normal((4, 2, 5, 3)), np.array(0.7)


def test_causal_attention():
    _, q, k, v, tau = _example()
    right = np.empty_like(v)
    for n, i in np.ndindex(2, 5):
        e = np.exp(tau * k[n, :i + 1] @ q[n, i])
        right[n, i] = e / e.sum() @ v[n, :i + 1]
    same("out", derivation(causal_attention)(q, k, v, tau), right)


def test_causal_attention_backward():
    dout, *given = _example()
    found = derivation(causal_attention_backward, [causal_attention])(dout, *given)
    check_gradients(found, lambda: causal_attention(*given), dout,
                    **dict(zip(("q", "k", "v", "tau"), given)))
