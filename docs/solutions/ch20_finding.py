"""Chapter 20, exercises: replace every `raise NotImplementedError`."""

import numpy as np


def by_hand():
    """Exercise 1, by hand. Three numbers: the windows of `scan` (26 pixels, step 4) in a picture of
    640 x 480; the IoU of two squares of side 10, one moved by (2, 5) against the other; the average
    precision of the boxes hit, hit, false, hit where there are four faces. To three decimals.
    """
    # solution
    # (640 - 22) // 4 by (480 - 22) // 4; 8 * 5 of 200 - 40; 1/4 + 1/4 + 3/4 of 1/4 + 0.
    return 154 * 114, 40 / 160, 1 / 4 + 1 / 4 + 3 / 16


def as_convolution(w):
    """Exercise 2. Filters (3, 3, C, K) that do what dense weights w (9 C, K) do after Flatten."""
    # solution
    # out[k] = sum over u,v,c of x[u,v,c] w[(3 u + v) C + c, k], a convolution's sum for one window.
    # Flatten reads rows, columns, channels, in this order: the weights only need their shape.
    return w.reshape(3, 3, -1, w.shape[1])


# helper
def _iou(a, b):
    across, down = (max(0, min(a[k + 2], b[k + 2]) - max(a[k], b[k])) for k in (0, 1))
    area, other = ((c[2] - c[0]) * (c[3] - c[1]) for c in (a, b))
    return across * down / (area + other - across * down)


def suppress(boxes, scores, most):
    """Exercise 3. The numbers of the boxes that stay, the surest first: a list of int.

    boxes (N, 4): left, top, right, bottom, right and bottom not included; scores (N,). A box goes
    if its IoU with one that stays is above `most`.
    """
    # solution
    kept = []
    for n in np.argsort(-scores, kind="stable").tolist():
        if all(_iou(boxes[n], boxes[m]) <= most for m in kept):
            kept.append(n)
    return kept


def curve(scores, hit):
    """Exercise 4. (hits, false): two arrays (N,), counted over the boxes from the surest down.

    scores: a list with one array for each picture; hit: the same of bool, which boxes are hits.
    """
    # solution
    # The pictures are forgotten first: one list, sorted as a whole.
    order = np.argsort(-np.concatenate(scores), kind="stable")
    hit = np.concatenate(hit)[order]
    return hit.cumsum(), (~hit).cumsum()
