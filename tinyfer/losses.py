"""Softmax and the weighted cross-entropy. Chapter 1 derives both."""

import numpy as np


def softmax(logits):
    """p[n,k] = exp(z[n,k]) / sum over j of exp(z[n,j]); logits z (N, K) -> p (N, K), same dtype.

    The largest logit of a row is subtracted first: p does not change, and exp cannot overflow.
    """
    e = np.exp(logits - logits.max(axis=1, keepdims=True))
    return e / e.sum(axis=1, keepdims=True)


def softmax_cross_entropy(logits, labels, class_weights=None):
    """Mean weighted cross-entropy of softmax(logits), and its gradient.

        loss = 1/N sum over n of s[n] (-log p[n, y[n]])        s[n] = class_weights[y[n]], or 1
        dlogits[n,k] = s[n] (p[n,k] - [k = y[n]]) / N

    logits (N, K) float, not yet softmaxed; labels y (N,) integers in 0..K-1; class_weights (K,).
    Returns loss (a Python float) and dlogits (N, K) in the dtype of logits. As in Keras, the
    sum is divided by N, not by the sum of the weights. ValueError for labels or weights that do
    not fit. NaN in the logits gives a NaN loss.
    """
    N, K = _checked_shape(logits, labels)
    shifted = logits - logits.max(axis=1, keepdims=True)
    log_p = shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))
    rows = np.arange(N)
    if class_weights is None:
        weights = np.ones(N, logits.dtype)
    else:
        class_weights = np.asarray(class_weights, logits.dtype)
        if class_weights.shape != (K,):
            raise ValueError(f"class_weights has shape {class_weights.shape}; "
                             f"{K} classes need ({K},)")
        weights = class_weights[labels]
    loss = -(weights * log_p[rows, labels]).sum() / N
    dlogits = np.exp(log_p)
    dlogits[rows, labels] -= 1
    dlogits *= weights[:, None] / logits.dtype.type(N)
    return float(loss), dlogits


def soft_cross_entropy(logits, targets, class_weights=None):
    """Mean weighted cross-entropy against targets that share out the probability, and its gradient.

        loss = 1/N sum over n,k of s[k] t[n,k] (-log p[n,k])           s = class_weights, or 1
        dlogits[n,j] = (p[n,j] sum over k of s[k] t[n,k]  -  s[j] t[n,j]) / N

    logits (N, K); targets t (N, K), at least 0, each row with the sum 1. With rows of one 1 and
    zeros it is `softmax_cross_entropy`. Chapter 17.
    """
    t = np.asarray(targets, logits.dtype)
    if t.shape != logits.shape or logits.ndim != 2 or len(t) == 0:
        raise ValueError(f"targets has shape {t.shape} and logits {logits.shape}; "
                         "expected (N, K) for both, with N at least 1")
    if not (t.min() >= 0 and np.abs(t.sum(axis=1) - 1).max() < 1e-3):
        raise ValueError("targets must be probabilities: at least 0, each row with the sum 1")
    if class_weights is not None:
        class_weights = np.asarray(class_weights, logits.dtype)
        if class_weights.shape != t.shape[1:]:
            raise ValueError(f"class_weights has shape {class_weights.shape}; "
                             f"{t.shape[1]} classes need ({t.shape[1]},)")
        t = t * class_weights
    shifted = logits - logits.max(axis=1, keepdims=True)
    log_p = shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))
    dlogits = np.exp(log_p) * t.sum(axis=1, keepdims=True) - t
    dlogits /= logits.dtype.type(len(t))
    return float(-(t * log_p).sum() / len(t)), dlogits


def smooth_targets(labels, classes, smoothing=0.0, dtype=np.float32):
    """Labels (N,) as probabilities (N, K): 1 - smoothing for the label, and smoothing / K for each
    class, the label's too. Szegedy et al., Rethinking the Inception Architecture, 2016, section 7.
    """
    if not 0 <= smoothing < 1:
        raise ValueError(f"smoothing is {smoothing}; expected 0 <= smoothing < 1")
    labels = np.asarray(labels)
    if labels.size and not 0 <= labels.min() <= labels.max() < classes:
        raise ValueError(f"labels reach from {labels.min()} to {labels.max()}; "
                         f"{classes} classes have labels 0 to {classes - 1}")
    targets = np.full((len(labels), classes), smoothing / classes, dtype)
    targets[np.arange(len(labels)), labels] += 1 - smoothing
    return targets


def _checked_shape(logits, labels):
    if logits.ndim != 2 or len(logits) == 0:
        raise ValueError(f"logits has shape {logits.shape}; expected (N, K) with N at least 1")
    N, K = logits.shape
    labels = np.asarray(labels)
    if labels.shape != (N,) or labels.dtype.kind not in "iu":
        raise ValueError(f"labels is {labels.dtype} of shape {labels.shape}; "
                         f"expected {N} integers, one for each row of logits")
    if labels.min() < 0 or labels.max() >= K:
        wrong = labels[(labels < 0) | (labels >= K)][0]
        raise ValueError(f"label {wrong} is out of range; {K} classes have labels 0 to {K - 1}")
    return N, K
