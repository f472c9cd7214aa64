"""Training from scratch before one's eyes: drawn faces, a few steps for each question."""

from functools import cache

import numpy as np

from tinyfer.core.inference import to_input
from tinyfer.core.layers import BatchNorm, Conv2D, Dense, Flatten, MaxPool2D
from tinyfer.core.losses import softmax, softmax_cross_entropy
from tinyfer.core.model import Sequential
from tinyfer.core.optim import Adam
from tinyfer.data.drawn import draw_faces
from tinyfer.data.faces import EMOTIONS, SIZE
from tinyfer.page.message import pack

DRAWN, HELD_OUT = 700, 140
BATCH = 16


class Training:
    """A network of a tab, from random weights on: what it has learnt is seen on held-out faces."""

    def __init__(self):
        self._begin()

    def train(self, question):
        """Take `steps` steps, after a `reset` where one is asked for.

        The answer: the losses of these steps, a prediction for each held-out face, and what the
        network says of the face that came. The bytes: filters of the first convolution (C, 3, 3),
        then its maps of the face (C, 46, 46), a signed byte each.
        """
        face = question.face()
        if question["reset"]:
            self._begin()
        faces, labels = _drawn()
        model, losses = self.model, []
        self.optimizer.lr = question["rate"]
        for _ in range(question["steps"]):
            batch = self.rng.integers(HELD_OUT, DRAWN, BATCH)
            x = to_input(faces[batch], model.dtype)
            x[::2] = x[::2, :, ::-1]        # every other one as its mirror image
            loss, dlogits = softmax_cross_entropy(model.forward(x, training=True), labels[batch])
            model.backward(dlogits)
            self.optimizer.step()
            losses.append(float(loss))
            question.pause()
        predicted = model.forward(to_input(faces[:HELD_OUT], model.dtype)).argmax(axis=1)
        x, conv = to_input(face[None], model.dtype), model.layers[0]
        filters, maps = conv.w.value[:, :, 0], conv.forward(x)[0]
        return pack(dict(
            classes=EMOTIONS, losses=losses, steps=self.optimizer.t,
            labels=labels[:HELD_OUT].tolist(), predicted=predicted.tolist(),
            probabilities=softmax(model.forward(x))[0].tolist(), shape=maps.shape),
            *(signed_bytes(np.moveaxis(each, 2, 0)) for each in (filters, maps)))

    def _begin(self):
        self.model = small_network()
        self.optimizer = Adam(self.model.parameters())
        self.rng = np.random.default_rng(0)


def signed_bytes(values):
    """(C, H, W) int8: of each map 127 is its largest value."""
    most = np.abs(values).max(axis=(1, 2), keepdims=True)
    return np.rint(values / np.maximum(most, 1e-12) * 127).astype(np.int8)


def small_network(seed=0):
    """Three convolutions and a dense layer, 5,527 values: a step takes some 10 ms, and a few
    hundred are enough to read most drawn faces."""
    rng, layers, c_in = np.random.default_rng(seed), [], 1
    for c_out in 8, 16, 16:
        # For running statistics that keep up with so fast a change the momentum is 0.9.
        layers += [Conv2D(c_in, c_out, rng, relu=True), BatchNorm(c_out, 0.9), MaxPool2D()]
        c_in = c_out
    layers += [Flatten(), Dense(16 * c_in, len(EMOTIONS), rng)]
    return Sequential(layers, (SIZE, SIZE, 1), EMOTIONS, rng)


@cache
def _drawn():
    """(700, 48, 48) uint8 and (700,): drawn faces, the first HELD_OUT of them held out."""
    drawn = draw_faces(DRAWN, seed=5)
    return drawn.faces, drawn.labels
