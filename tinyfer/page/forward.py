"""One forward pass that can be looked into: the value of every unit, behind every layer."""

from functools import cache

import numpy as np

from tinyfer.core.layers import BatchNorm, Conv2D, Dense, Dropout, Flatten, MaxPool2D, ReLU
from tinyfer.data.drawn import draw_faces
from tinyfer.explain.score import explained_gradient

COMPANIONS = 15     # in training mode a batch has this many faces beside the one on the page

# Where each layer is explained: the chapter of docs/ and the function of the package.
EXPLAINED = {
    Conv2D: (6, "tinyfer/core/layers.py: Conv2D"),
    ReLU: (3, "tinyfer/core/layers.py: ReLU"),
    BatchNorm: (9, "tinyfer/core/layers.py: BatchNorm"),
    MaxPool2D: (7, "tinyfer/core/layers.py: MaxPool2D"),
    Dropout: (12, "tinyfer/core/layers.py: Dropout"),
    Flatten: (3, "tinyfer/core/layers.py: Flatten"),
    Dense: (3, "tinyfer/core/layers.py: Dense"),
}


class Forward:
    """values[l] is what goes into layers[l], values[-1] the logits: arrays (N, ...).

    network: a Network; face: (48, 48) uint8, the first of the batch. In evaluation mode it is the
    whole batch; in training mode there are drawn faces beside it, for batch norm needs a batch, and
    `mask` says which dropout masks are drawn. All on a copy: training mode moves running means.
    """

    def __init__(self, network, face, training=False, mask=0):
        model = network.copy() if training else network.model
        faces = np.concatenate([face[None], companions()]) if training else face[None]
        self.model, self.training = model, training
        for number, layer in enumerate(model.layers):
            if training and isinstance(layer, Dropout):
                layer.fixed_key = 1000 * mask + number
        self.top, self.left = network.seen[:2]      # where on the face it begins
        self.values = [network.given(faces)]
        for layer in model.layers:
            self.values.append(layer.forward(self.values[-1], training))

    def gradients(self, target):
        """d p[target] / d values[l] for every l: p of the first face, softmax of its logits."""
        logits = self.values[-1]
        dout = explained_gradient(logits, np.full(len(logits), target), "probability")
        dout[1:] = 0
        found = [dout]
        for layer in reversed(self.model.layers):
            found.append(layer.backward(found[-1]))
        return found[::-1]


@cache
def companions():
    """(15, 48, 48): drawn faces, always the same."""
    return draw_faces(COMPANIONS, seed=3).faces
