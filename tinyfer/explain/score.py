"""What every method is asked: a network, faces, the class to explain, and the number F to explain.

    F(x) = p_t(x), the probability of the target class t       of="probability"
    F(x) = z_t(x), its logit, the score before softmax         of="logit"

The network is in evaluation mode throughout, so F of one image depends on no other of the batch.
"""

from dataclasses import dataclass
from typing import Callable

import numpy as np

from tinyfer.core import checks, fusion
from tinyfer.core.inference import seen, separate, to_input
from tinyfer.core.losses import softmax
from tinyfer.core.model import Sequential

SCORES = ("probability", "logit")


def window(model, faces):
    """The part of the faces that the logits depend on, as the network reads it: (N, h, w, 1).

    faces: (N, H, W) uint8, or floats in [0, 1]. `six_layer_cnn` sees 44 of 48 rows and columns, at
    `model.window`. Computing on that window makes zero exact: on the whole image the fast
    convolutions leave rounding of 1e-7 where contributions cancel. ValueError for other sizes.
    """
    if not isinstance(model, Sequential):
        raise TypeError(f"model is of type {type(model).__name__:.40}; expected a Sequential")
    faces = checks.plain("faces", faces)
    size = model.input_shape[:2]
    if faces.ndim != 3 or faces.shape[1:] != size:
        raise ValueError(f"faces has shape {faces.shape}; expected (N, {size[0]}, {size[1]})")
    return np.ascontiguousarray(to_input(seen_part(model, faces), model.dtype))


def seen_part(model, arrays):
    """The pixels (N, h, w) of faces or maps (N, H, W) that the network sees."""
    top, left, h, w = seen(model)
    return np.asarray(arrays)[:, top:top + h, left:left + w]


def explained(logits, target, of):
    """F of each row: logits (N, K), target (N,) -> (N,) float64."""
    z = logits.astype(np.float64)
    return (softmax(z) if of == "probability" else z)[np.arange(len(z)), target]


def explained_gradient(logits, target, of):
    """d F / d logits: (N, K), in the dtype of logits. Chapter 2 derives the first.

        d p_t / d z_k = p_t ([k = t] - p_k)            d z_t / d z_k = [k = t]

    1 - p_t is summed from the other classes: where p_t rounds to 1 it would be 0, and all the map.
    """
    rows = np.arange(len(logits))
    if of == "logit":
        dlogits = np.zeros_like(logits)
        dlogits[rows, target] = 1
        return dlogits
    p = softmax(logits.astype(np.float64))
    others = p.copy()
    others[rows, target] = 0
    dlogits = -others
    dlogits[rows, target] = others.sum(axis=1)
    return (p[rows, target, None] * dlogits).astype(logits.dtype)


def input_gradient(model, x, target, of):
    """dF/dx: x (N, H, W, 1) -> (N, H, W). One forward, one backward through every layer."""
    # Not by model.forward: the path of integrated gradients begins at black, which is meant so.
    dlogits = explained_gradient(fusion.forward(model.layers, x, False), target, of)
    return model.backward(dlogits)[..., 0]


@dataclass
class Task:
    """Explain F of `target` (N,) at x = window(faces), taking batch_size inputs at a time.

    The model is taken `separate`, so that maps made in two threads, or between a forward and its
    backward, are right and disturb nothing.
    """

    model: Sequential
    x: np.ndarray
    target: np.ndarray
    of: str
    batch_size: int = 64
    progress: Callable | None = None

    def __post_init__(self):
        if self.of not in SCORES:
            raise ValueError(f"of is {self.of!r}; expected one of {', '.join(SCORES)}")
        self.model = separate(self.model)

    def batches(self, per_face=1):
        """Pairs (i, k) in batches: face i, and the number k of one of its per_face inputs."""
        total = len(self.x) * per_face
        for start in range(0, total, self.batch_size):
            stop = min(start + self.batch_size, total)
            yield np.divmod(np.arange(start, stop), per_face)
            if self.progress:
                self.progress(stop, total)

    def gradients(self, inputs, weights=(1.0,), gradient=input_gradient):
        """sum over k of weights[k] * gradient at inputs(i, k), a face i each: (N, h, w) float64."""
        weights, total = np.asarray(weights, np.float64), np.zeros(self.x.shape[:3])
        for i, k in self.batches(len(weights)):
            found = gradient(self.model, inputs(i, k), self.target[i], self.of)
            np.add.at(total, i, weights[k, None, None] * found)
        return total

    def scores(self, inputs, per_face=1):
        """F at inputs(i, k): (N, per_face) float64."""
        values = np.empty((len(self.x), per_face))
        for i, k in self.batches(per_face):
            values[i, k] = explained(self.model.forward(inputs(i, k)), self.target[i], self.of)
        return values
