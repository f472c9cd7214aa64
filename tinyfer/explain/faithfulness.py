"""Is the map about F? Take pixels away in its order: F must fall. Bring them back: it must rise.

Petsiuk, Das and Saenko 2018, "RISE: randomized input sampling for explanation", section 4.3. What
is taken away is replaced by a blurred face, so that it is gone without leaving holes, which are
unlike any face the network has seen.
"""

import numpy as np

from tinyfer.explain.score import Task, seen_part, window

STEPS = 32
BLUR = 5.0          # standard deviation in pixels: the expression is gone, light and head remain


def deletion_insertion(model, faces, maps, target, of="probability", steps=STEPS):
    """How F changes as pixels go, or come, the highest of each map first.

        deletion:  F(x with the first q pixels blurred)         low is good
        insertion: F(blurred x with the first q pixels sharp)   high is good

    maps: (N, 48, 48), any values, compared within a face; only pixels the network sees take part,
    and of equal ones the first in reading order comes first. target: (N,) class numbers.
    Returns (share, {"deletion": F, "insertion": F}): share (steps + 1,) from 0 to 1 of the pixels,
    F (N, steps + 1). `area` makes one number a face of a curve.
    """
    x = window(model, faces)
    _, h, w, _ = x.shape
    order = np.argsort(-seen_part(model, maps).reshape(len(x), -1), axis=1, kind="stable")
    place = np.argsort(order, axis=1).reshape(len(x), h, w, 1)
    first = np.rint(np.linspace(0, h * w, steps + 1)).astype(int)[:, None, None, None]
    soft = blur(x, BLUR)
    task = Task(model, x, target, of)

    def curve(chosen, others):
        return task.scores(lambda i, k: np.where(place[i] < first[k], chosen[i], others[i]),
                           steps + 1)

    return first.ravel() / (h * w), {"deletion": curve(soft, x), "insertion": curve(x, soft)}


def area(share, curve):
    """The area under each curve (N, S) over share (S,), by trapezoids: (N,), the mean of F."""
    return ((curve[:, 1:] + curve[:, :-1]) / 2) @ np.diff(share)


def blur(x, sigma):
    """x (N, H, W, 1) under a Gaussian of standard deviation sigma pixels; borders repeated."""
    reach = int(np.ceil(3 * sigma))
    weights = np.exp(-0.5 * (np.arange(-reach, reach + 1) / sigma) ** 2)
    weights = (weights / weights.sum()).astype(x.dtype)
    for axis in (1, 2):
        padding = [(reach, reach) if a == axis else (0, 0) for a in range(4)]
        windows = np.lib.stride_tricks.sliding_window_view(np.pad(x, padding, mode="edge"),
                                                           len(weights), axis=axis)
        x = windows @ weights
    return x
