"""Is the map right? Ask a network for which the right answer is known.

A patch is stamped into one corner of every face, and it alone tells the label: the faces are those
of all expressions alike. A patch of the same kind, drawn at random, goes into the corner opposite:
a decoy, as striking and worth nothing. A network that has learnt this looks at the first, whatever
else it does, and a map of it must show the first and not the second. Kim et al. 2018,
"Interpretability beyond feature attribution", section 4.4, and Adebayo et al. 2020, "Debugging
tests for model explanations", plant cues likewise.
"""

import numpy as np

from tinyfer.core.inference import to_input
from tinyfer.core.layers import BatchNorm, Conv2D, Dense, Flatten, MaxPool2D
from tinyfer.core.losses import softmax_cross_entropy
from tinyfer.core.model import Sequential
from tinyfer.core.optim import Adam
from tinyfer.data.drawn import CUE_PLACE, cue_patches
from tinyfer.data.faces import Faces

DECOY_PLACE = CUE_PLACE[0], slice(35, 43)     # the same rows, as far from the other border
BATCH, RATE = 32, 1e-3
MOMENTUM = 0.9      # of batch norm: a short training leaves 0.99 no time to follow


def plant(data, seed=0):
    """Faces with new labels at random, the patch of its label stamped into each, and a decoy.

    data: Faces of at most 7 classes; it is left as it is. `draw_faces(cue=True)` draws such faces,
    without the decoy.
    """
    rng = np.random.default_rng(seed)
    labels, others = (rng.permutation(np.arange(len(data)) % len(data.class_names))
                      for _ in range(2))
    faces = data.faces.copy()
    for (rows, columns), chosen in ((CUE_PLACE, labels), (DECOY_PLACE, others)):
        faces[:, rows, columns] = cue_patches()[chosen]
    return Faces(faces, labels, data.usage, data.class_names, data.source)


def small_network(class_names, seed=0):
    """Two convolutions of 16 and 32 channels, a tenth of a second an epoch: enough for one cue."""
    rng = np.random.default_rng(seed)

    def block(c_in, c_out):
        return [Conv2D(c_in, c_out, rng, relu=True),
                BatchNorm(c_out, momentum=MOMENTUM), MaxPool2D()]

    layers = [*block(1, 16), *block(16, 32), Flatten(),
              Dense(3200, 64, rng, relu=True), BatchNorm(64, momentum=MOMENTUM),
              Dense(64, len(class_names), rng)]
    return Sequential(layers, (48, 48, 1), class_names, rng)


def train_small(data, seed=0, epochs=8):
    """A `small_network` trained on Faces as they are, without augmentation."""
    model = small_network(data.class_names, seed)
    optimizer = Adam(model.parameters(), lr=RATE)
    for _ in range(epochs):
        order = model.rng.permutation(len(data))
        for start in range(0, len(data), BATCH):
            batch = order[start:start + BATCH]
            logits = model.forward(to_input(data.faces[batch]), training=True)
            _, dlogits = softmax_cross_entropy(logits, data.labels[batch])
            model.backward(dlogits)
            optimizer.step()
    return model


def share_at(maps, place=CUE_PLACE):
    """The share of each map that lies at a place: maps (N, 48, 48), none below 0 -> (N,).

    A map that is the same everywhere has the share of the area; one of zeros has 0.
    """
    total = maps.sum(axis=(1, 2), dtype=np.float64)
    inside = maps[:, place[0], place[1]].sum(axis=(1, 2), dtype=np.float64)
    return np.divide(inside, total, out=np.zeros(len(maps)), where=total > 0)


def highest_at(maps, place=CUE_PLACE):
    """Whether the highest point of each map lies at a place: (N,) bool."""
    return maps[:, place[0], place[1]].max(axis=(1, 2)) >= maps.max(axis=(1, 2))
