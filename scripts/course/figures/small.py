"""A network small enough to be trained for a picture, on drawn faces: chapters 12 and 15."""

import numpy as np

from tinyfer.core.inference import to_input
from tinyfer.core.layers import BatchNorm, Conv2D, Dense, Dropout, Flatten, MaxPool2D
from tinyfer.core.losses import softmax_cross_entropy
from tinyfer.core.model import Sequential
from tinyfer.core.optim import Adam
from tinyfer.data.augment import augment


def small_cnn(seed=0, rate=0.0):
    """Two convolutions and two dense layers, 38,000 weights; rate: of the dropout."""
    rng = np.random.default_rng(seed)
    layers = [MaxPool2D(), Conv2D(1, 16, rng, relu=True), BatchNorm(16, momentum=0.9), MaxPool2D(),
              Conv2D(16, 32, rng, relu=True), BatchNorm(32, momentum=0.9), MaxPool2D(), Flatten(),
              Dense(512, 64, rng, relu=True), BatchNorm(64, momentum=0.9), Dropout(rate, rng),
              Dense(64, 7, rng)]
    return Sequential(layers, (48, 48, 1), rng=rng)


def train(model, data, epochs, lr=3e-3, shift=False, watch=lambda model: None):
    """Train, in batches of 64; returns what watch(model) says after each epoch. shift: augment."""
    optimizer, seen = Adam(model.parameters(), lr=lr), []
    for _ in range(epochs):
        order = model.rng.permutation(len(data))
        for first in range(0, len(data), 64):
            rows = order[first:first + 64]
            x = augment(data.faces[rows], model.rng) if shift else to_input(data.faces[rows])
            logits = model.forward(x, training=True)
            model.backward(softmax_cross_entropy(logits, data.labels[rows])[1])
            optimizer.step()
        seen.append(watch(model))
    return seen


def scores(model, data):
    """Loss and accuracy in evaluation mode."""
    logits = model.forward(to_input(data.faces))
    return softmax_cross_entropy(logits, data.labels)[0], np.mean(logits.argmax(1) == data.labels)
