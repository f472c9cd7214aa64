"""A network and a data set that train in a second, for the tests of the training loop."""

from pathlib import Path

import numpy as np

from tinyfer.core.layers import BatchNorm, Conv2D, Dense, Dropout, Flatten, MaxPool2D
from tinyfer.core.model import Sequential
from tinyfer.core.networks import register
from tinyfer.data import Faces
from tinyfer.storage.arrays import load_arrays
from tinyfer.training.checkpoint import read_history
from tinyfer.training.loop import fit
from tinyfer.training.recipes import Recipe

NAMES = ("dark", "medium", "bright")


@register
def small_cnn(classes=7, seed=0, dtype=np.float32, class_names=None, channels=4):
    """The small network of all tests: one convolution between pools, one dense layer."""
    rng = np.random.default_rng(seed)
    layers = [
        MaxPool2D(), MaxPool2D(), Conv2D(1, channels, rng, relu=True, dtype=dtype),
        BatchNorm(channels, dtype=dtype), MaxPool2D(), Dropout(0.25, rng), Flatten(),
        Dense(25 * channels, classes, rng, dtype=dtype),
    ]
    return Sequential(layers, (48, 48, 1), class_names, rng)


def unsettle(model, seed=0, negative=False):
    """Running statistics and affine parameters as after a training, so that they all matter.

    negative: every third gamma is, as few are in a training.
    """
    rng = np.random.default_rng(seed)
    for name, array in model.state().items():
        if name.endswith((".mean", ".beta", ".b")):
            array[...] = rng.normal(0, 0.1, array.shape)
        if name.endswith((".var", ".gamma")):
            array[...] = rng.uniform(0.5, 1.5, array.shape)
        if negative and name.endswith(".gamma"):
            array[::3] *= -1
    return model


def tiny_model(seed=0, channels=3):
    return small_cnn(3, seed, class_names=NAMES, channels=channels)


def tiny_faces(n, seed=0):
    """n noisy squares in three shades: unlike enough to be learnt, too like to be told for sure."""
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, 3, n)
    grey = 90 + 30 * labels[:, None, None] + rng.normal(0, 15, (n, 1, 1))
    faces = np.clip(grey + rng.normal(0, 20, (n, 48, 48)), 0, 255).astype(np.uint8)
    return Faces(faces, labels, np.full(n, "Training"), NAMES, "drawn faces")


def train_tiny(folder, epochs, progress=None, seed=0, lr=1e-3, **recipe):
    """Train on 50 images in batches of 8 (the last holds 2), going on where it was stopped."""
    recipe = Recipe(epochs=epochs, batch_size=8, lr=lr, **recipe)
    folder = Path(folder)
    folder.mkdir(exist_ok=True)
    model = tiny_model(seed)
    optimizer = recipe.make_optimizer(model)
    history = fit(model, optimizer, tiny_faces(50), tiny_faces(40, seed=1), folder, recipe,
                  class_weights=np.array([0.5, 1.0, 1.5]), progress=progress)
    return model, history


def without_seconds(history):
    return [{key: row[key] for key in row if key != "seconds"} for row in history]


def same_run(one, other):
    """Two run folders hold the same: every array bit for bit, and all of the history but time."""
    for name in ("last.npz", "best.npz"):
        a, b = load_arrays(Path(one) / name), load_arrays(Path(other) / name)
        assert a.keys() == b.keys()
        for key in a.keys() - {"about"}:        # holds the wall-clock seconds
            assert a[key].dtype == b[key].dtype
            assert a[key].tobytes() == b[key].tobytes(), f"{key} in {name} differs"
    assert without_seconds(read_history(one)) == without_seconds(read_history(other))


class At:
    """Does something at a step ("2 3") or an epoch ("epoch 2") of a training."""

    def __init__(self, place, do):
        self.place, self.do = place, do

    def step(self, epoch, step, *_):
        if f"{epoch} {step}" == self.place:
            self.do()

    def epoch(self, history, epochs):
        self.step("epoch", len(history))
