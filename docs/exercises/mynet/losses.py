"""Chapter 2: from logits to a loss, and the first gradient of all."""



def softmax(z):
    """p[n,k] = exp(z[n,k]) / sum over j of exp(z[n,j]); z (N, K) -> p (N, K).

    z may be large: logits of 1000 must not overflow.
    """
    raise NotImplementedError


def softmax_cross_entropy(z, labels, class_weights=None):
    """(loss, dz) of logits z (N, K) and labels y (N,), integers from 0 to K - 1.

        loss = 1/N sum over n of s[n] (-log p[n, y[n]])

    with s[n] = class_weights[y[n]] (class_weights: (K,)), or 1 for None. The sum is divided by N.
    dz is d loss / dz, of the shape of z. The loss must be finite for any finite z.
    """
    raise NotImplementedError
