"""The work that all contenders share: weights, images, labels, class weights, learning rate."""

from contextlib import ExitStack, contextmanager
from unittest import mock

import numpy as np

CLASSES = 7
LEARNING_RATE = 1e-4
EPSILON = 1e-7      # Adam's


def weights(seed=0):
    """The arrays of a six-layer network by tinyfer's names, none of them at a telling value.

    Biases, scales and running statistics are moved away from 0 and 1, lest a contender that
    forgets one of them agree all the same.
    """
    import tinyfer  # here, so that the other contenders' processes do not load it

    arrays = tinyfer.six_layer_cnn(classes=CLASSES, seed=seed).state()
    rng = np.random.default_rng(seed)
    for name, array in arrays.items():
        if name.endswith((".b", ".beta", ".mean")):
            array[...] = 0.1 * rng.standard_normal(array.shape)
        if name.endswith((".gamma", ".var")):
            array[...] = rng.uniform(0.5, 1.5, array.shape)
    return arrays


def faces(n, seed=0):
    """n images (n, 48, 48) uint8 and their labels: noise, on which arithmetic is no faster."""
    rng = np.random.default_rng(seed)
    return rng.integers(0, 256, (n, 48, 48), dtype=np.uint8), rng.integers(CLASSES, size=n)


def class_weights():
    return np.linspace(0.5, 1.5, CLASSES, dtype=np.float32)


@contextmanager
def without(layers, rate="rate"):
    """Dropout layers with a rate of 0, which stands in their attribute of that name."""
    with ExitStack() as stack:
        for layer in layers:
            stack.enter_context(mock.patch.object(layer, rate, 0.0))
        yield


def to_unit(images):
    """uint8 -> float32 in [0, 1]."""
    return images.astype(np.float32) / np.float32(255)
