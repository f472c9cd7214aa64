"""Softmax and the weighted cross-entropy. Chapter 2 derives both."""

import numpy as np
from numpy.typing import ArrayLike, DTypeLike

from tinyfer.core import checks


@np.errstate(all="ignore")
def softmax(logits: np.ndarray) -> np.ndarray:
    """p[n,k] = exp(z[n,k]) / sum over j of exp(z[n,j]); logits z (N, K) -> p (N, K), same dtype.

    The largest logit of a row is subtracted first: p does not change, and exp cannot overflow.
    TypeError or ValueError where logits is no array (N, K) of floats, N at least 1.
    """
    logits = checks.array("softmax", "logits", logits, ("N", "K"))
    e = np.exp(logits - logits.max(axis=1, keepdims=True))
    return e / e.sum(axis=1, keepdims=True)


@np.errstate(all="ignore")
def softmax_cross_entropy(logits: np.ndarray, labels: ArrayLike,
                          class_weights: ArrayLike | None = None) -> tuple[float, np.ndarray]:
    """Mean weighted cross-entropy of softmax(logits), and its gradient.

        loss = 1/N sum over n of s[n] (-log p[n, y[n]])        s[n] = class_weights[y[n]], or 1
        dlogits[n,k] = s[n] (p[n,k] - [k = y[n]]) / N

    logits (N, K) float, not yet softmaxed; labels y (N,) integers in 0..K-1; class_weights (K,).
    Returns loss (a Python float) and dlogits (N, K) in the dtype of logits. As in Keras, the
    sum is divided by N, not by the sum of the weights. ValueError for logits, labels or weights
    that do not fit (TypeError for what is no array). NaN in the logits gives a NaN loss.
    """
    logits = checks.array("softmax_cross_entropy", "logits", logits, ("N", "K"))
    N, K = logits.shape
    labels = _checked(labels, N, K)
    log_p = _log_softmax(logits)
    rows = np.arange(N)
    if class_weights is None:
        weights = np.ones(N, logits.dtype)
    else:
        weights = _checked_weights(class_weights, K, logits.dtype)[labels]
    loss = -(weights * log_p[rows, labels]).sum() / N
    dlogits = np.exp(log_p)
    dlogits[rows, labels] -= 1
    dlogits *= weights[:, None] / logits.dtype.type(N)
    return float(loss), dlogits


@np.errstate(all="ignore")
def soft_cross_entropy(logits: np.ndarray, targets: ArrayLike,
                       class_weights: ArrayLike | None = None) -> tuple[float, np.ndarray]:
    """Mean weighted cross-entropy against targets that share out the probability, and its gradient.

        loss = 1/N sum over n,k of s[k] t[n,k] (-log p[n,k])           s = class_weights, or 1
        dlogits[n,j] = (p[n,j] sum over k of s[k] t[n,k]  -  s[j] t[n,j]) / N

    logits (N, K); targets t (N, K), at least 0, each row with the sum 1. With rows of one 1 and
    zeros it is `softmax_cross_entropy`. Chapter 16.
    """
    logits = checks.array("soft_cross_entropy", "logits", logits, ("N", "K"))
    t = checks.plain("targets", targets, shape=logits.shape).astype(logits.dtype)
    if not (t.min() >= 0 and np.abs(t.sum(axis=1) - 1).max() < 1e-3):
        raise ValueError("targets must be probabilities: at least 0, each row with the sum 1")
    if class_weights is not None:
        t = t * _checked_weights(class_weights, t.shape[1], t.dtype)
    log_p = _log_softmax(logits)
    dlogits = np.exp(log_p) * t.sum(axis=1, keepdims=True) - t
    dlogits /= logits.dtype.type(len(t))
    return float(-(t * log_p).sum() / len(t)), dlogits


def _log_softmax(logits):
    shifted = logits - logits.max(axis=1, keepdims=True)
    return shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))


def smooth_targets(labels: ArrayLike, classes: int, smoothing: float = 0.0,
                   dtype: DTypeLike = np.float32) -> np.ndarray:
    """Labels (N,) as probabilities (N, K): 1 - smoothing for the label, and smoothing / K for each
    class, the label's too. Szegedy et al., Rethinking the Inception Architecture, 2016, section 7.
    """
    smoothing = checks.number("smoothing", smoothing, "[0, 1)")
    classes = checks.count("classes", classes)
    y = _checked(labels, np.size(labels), classes)
    targets = np.full((len(y), classes), smoothing / classes, checks.float_type(dtype))
    targets[np.arange(len(y)), y] += 1 - smoothing
    return targets


def _checked(labels, N, K):
    labels = checks.plain("labels", labels, "iu", (N,))
    if N and not (labels.min() >= 0 and labels.max() < K):
        wrong = labels[(labels < 0) | (labels >= K)][0]
        raise ValueError(f"label {wrong} is out of range; {K} classes have labels 0 to {K - 1}")
    return labels


def _checked_weights(class_weights, K, dtype):
    class_weights = checks.plain("class_weights", class_weights, shape=(K,)).astype(dtype)
    if not (np.isfinite(class_weights).all() and class_weights.min() >= 0):
        raise ValueError(f"class_weights reach from {class_weights.min()} to "
                         f"{class_weights.max()}; expected finite numbers of at least 0")
    return class_weights
