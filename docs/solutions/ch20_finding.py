"""Chapter 20, solutions."""

import numpy as np


def by_hand():
    """(640 - 22) // 4 by (480 - 22) // 4; 8 * 5 of 200 - 40; 1/4 + 1/4 + 3/4 of 1/4 + 0."""
    return 154 * 114, 40 / 160, 1 / 4 + 1 / 4 + 3 / 16


def as_convolution(w):
    """Flatten reads rows, columns, channels, in this order: the weights only need their shape."""
    return w.reshape(3, 3, -1, w.shape[1])


def _iou(a, b):
    across, down = (max(0, min(a[k + 2], b[k + 2]) - max(a[k], b[k])) for k in (0, 1))
    area, other = ((c[2] - c[0]) * (c[3] - c[1]) for c in (a, b))
    return across * down / (area + other - across * down)


def suppress(boxes, scores, most):
    kept = []
    for n in np.argsort(-scores, kind="stable").tolist():
        if all(_iou(boxes[n], boxes[m]) <= most for m in kept):
            kept.append(n)
    return kept


def curve(scores, hit):
    """The pictures are forgotten first: one list, sorted as a whole."""
    order = np.argsort(-np.concatenate(scores), kind="stable")
    hit = np.concatenate(hit)[order]
    return hit.cumsum(), (~hit).cumsum()


def clean(n, q, rng, pictures=4000):
    return np.mean(rng.binomial(n, q, pictures) == 0)


def rate_for(n, share):
    """(1 - q)^n = share."""
    return 1 - share ** (1 / n)
