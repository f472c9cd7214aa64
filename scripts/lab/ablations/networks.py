"""The networks of the ladder's lower rungs: from a linear classifier to the network of the study.

Each is a function (classes, seed, class_names) -> Sequential, and computes in float32.
"""

import numpy as np

from tinyfer.core.layers import BatchNorm, Conv2D, Dense, Dropout, Flatten, MaxPool2D
from tinyfer.core.model import Sequential
from tinyfer.core.networks import six_layer_cnn

PIXELS = 48 * 48


def linear(classes, seed, class_names):
    """Logits straight from the pixels: chapter 2."""
    rng = np.random.default_rng(seed)
    return _sequential("linear", [Flatten(), Dense(PIXELS, classes, rng)], rng, class_names)


def hidden(classes, seed, class_names):
    """One dense layer of 256 with ReLU between: chapter 3."""
    rng = np.random.default_rng(seed)
    layers = [Flatten(), Dense(PIXELS, 256, rng, relu=True), Dense(256, classes, rng)]
    return _sequential("hidden", layers, rng, class_names)


def two_convolutions(classes, seed, class_names):
    """Two convolutions with a pool behind each, and one dense layer: chapters 6 and 7."""
    rng = np.random.default_rng(seed)
    layers = [Conv2D(1, 32, rng, relu=True), MaxPool2D(), Conv2D(32, 64, rng, relu=True),
              MaxPool2D(), Flatten(), Dense(6400, classes, rng)]
    return _sequential("two_convolutions", layers, rng, class_names)


def six_layers(classes, seed, class_names, norm=True, dropout=True, spread=None):
    """The network of the study, or less of it.

    norm, dropout: with batch norm, with dropout. spread: standard deviation of normal weights in
    place of Glorot's.
    """
    whole = six_layer_cnn(classes, seed, class_names=class_names)
    without = (() if norm else (BatchNorm,)) + (() if dropout else (Dropout,))
    layers = [layer for layer in whole.layers if not isinstance(layer, without)]
    model = _sequential("six_layers", layers, whole.rng, class_names)
    if spread is not None:
        for parameter in model.parameters():
            if parameter.value.ndim > 1:
                parameter.value[...] = spread * model.rng.standard_normal(parameter.value.shape)
    return model


def _sequential(name, layers, rng, class_names):
    return Sequential(layers, (48, 48, 1), class_names, rng,
                      {"architecture": name, "arguments": {}})
