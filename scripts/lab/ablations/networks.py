"""The networks of the ladder's lower rungs: from a linear classifier to the network of the study.

Each is a function (classes, seed, class_names) -> Sequential, and computes in float32.
"""

import numpy as np

from tinyfer.core.layers import BatchNorm, Conv2D, Dense, Dropout, Flatten, MaxPool2D
from tinyfer.core.model import Sequential
from tinyfer.core.networks import register, six_layer_cnn

PIXELS = 48 * 48


@register
def linear(classes, seed=0, class_names=None):
    """Logits straight from the pixels: chapter 2."""
    rng = np.random.default_rng(seed)
    return Sequential([Flatten(), Dense(PIXELS, classes, rng)], (48, 48, 1), class_names, rng)


@register
def hidden(classes, seed=0, class_names=None):
    """One dense layer of 256 with ReLU between: chapter 3."""
    rng = np.random.default_rng(seed)
    layers = [Flatten(), Dense(PIXELS, 256, rng, relu=True), Dense(256, classes, rng)]
    return Sequential(layers, (48, 48, 1), class_names, rng)


@register
def two_convolutions(classes, seed=0, class_names=None):
    """Two convolutions with a pool behind each, and one dense layer: chapters 6 and 7."""
    rng = np.random.default_rng(seed)
    layers = [Conv2D(1, 32, rng, relu=True), MaxPool2D(), Conv2D(32, 64, rng, relu=True),
              MaxPool2D(), Flatten(), Dense(6400, classes, rng)]
    return Sequential(layers, (48, 48, 1), class_names, rng)


@register
def six_layers(classes, seed=0, class_names=None, norm=True, dropout=True, spread=None):
    """The network of the study, or less of it.

    norm, dropout: with batch norm, with dropout. spread: standard deviation of normal weights in
    place of Glorot's.
    """
    whole = six_layer_cnn(classes, seed, class_names=class_names)
    without = (() if norm else (BatchNorm,)) + (() if dropout else (Dropout,))
    layers = [layer for layer in whole.layers if not isinstance(layer, without)]
    model = Sequential(layers, (48, 48, 1), class_names, whole.rng)
    if spread is not None:
        for parameter in model.parameters():
            if parameter.value.ndim > 1:
                parameter.value[...] = spread * model.rng.standard_normal(parameter.value.shape)
    return model
