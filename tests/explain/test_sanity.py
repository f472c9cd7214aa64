"""Do maps mean anything? Randomised layers, deletion, a planted patch, parts covered.

Two small networks are trained on drawn faces, once: one on expressions, one on a planted patch.
"""

import numpy as np
import pytest

from tinyfer.core.inference import to_input
from tinyfer.core.layers import BatchNorm, Conv2D, Dense, Flatten, MaxPool2D
from tinyfer.core.losses import softmax_cross_entropy
from tinyfer.core.model import Sequential
from tinyfer.core.optim import Adam
from tinyfer.data import Faces, draw_faces
from tinyfer.explain.randomisation import randomisation, spearman
from tinyfer.explain.regions import PARTS, in_words, without_parts
from tinyfer.explain.saliency import METHODS, saliency

EXPRESSIONS = ("happy", "sad", "surprise")
SHORT = {"smoothgrad": {"n": 8}, "integrated": {"steps": 16}, "occlusion": {"size": 8, "stride": 8}}
# Of 2x2 pixel squares, each as bright as the others; one tells the label, one is a decoy.
PATCHES = 255 * np.kron(np.array([[0, 0, 0, 0], [1, 1, 1, 1]])[
    [(0, 0, 1, 1), (0, 1, 0, 1), (0, 1, 1, 0)]], np.ones((1, 2, 2), int))
CUE_PLACE, DECOY_PLACE = (slice(5, 13), slice(5, 13)), (slice(5, 13), slice(35, 43))
AREA = 64 / 46**2       # of the patch, as a share of what the small network sees


def trained(data, epochs):
    """Two convolutions and two dense layers; batch norm follows in so short a training."""
    rng = np.random.default_rng(0)

    def block(c_in, c_out):
        return [Conv2D(c_in, c_out, rng, relu=True), BatchNorm(c_out, momentum=0.9), MaxPool2D()]

    layers = [*block(1, 16), *block(16, 32), Flatten(), Dense(3200, 64, rng, relu=True),
              BatchNorm(64, momentum=0.9), Dense(64, len(data.class_names), rng)]
    model = Sequential(layers, (48, 48, 1), data.class_names, rng)
    optimizer = Adam(model.parameters(), lr=1e-3)
    for _ in range(epochs):
        for batch in np.split(rng.permutation(len(data)), range(32, len(data), 32)):
            logits = model.forward(to_input(data.faces[batch]), training=True)
            model.backward(softmax_cross_entropy(logits, data.labels[batch])[1])
            optimizer.step()
    return model


@pytest.fixture(scope="module")
def drawn():
    """A network that tells three expressions apart, and 40 faces it has not seen."""
    data = draw_faces(500, seed=0, class_names=EXPRESSIONS)
    model, test = trained(data[40:], epochs=5), data[:40]
    assert (model.predict(test.faces) == test.labels).mean() > 0.7
    return model, test.faces


@pytest.fixture(scope="module")
def cue():
    """A network that has only a patch to go by, and 30 faces it has not seen."""
    drawn = draw_faces(430, seed=1)
    labels, others = np.random.default_rng(1).integers(3, size=(2, 430))
    drawn.faces[(slice(None), *CUE_PLACE)] = PATCHES[labels]
    drawn.faces[(slice(None), *DECOY_PLACE)] = PATCHES[others]
    data = Faces(drawn.faces, labels, drawn.usage, EXPRESSIONS, "planted patches")
    model, test = trained(data[30:], epochs=6), data[:30]
    assert (model.predict(test.faces) == test.labels).mean() > 0.95
    return model, test.faces


# ---- randomisation

def test_spearman_by_hand():
    a = np.array([[1.0, 2, 3, 4], [1, 2, 3, 4], [4, 1, 3, 2], [1, 1, 2, 3], [0, 0, 0, 0]])
    b = np.array([[10.0, 20, 25, 99], [4, 3, 2, 1], [1, 2, 3, 4], [5, 6, 7, 8], [1, 2, 3, 4]])
    # Third row: d = 3, -1, 0, -2 in ranks, 1 - 6 * 14 / (4 * 15). Fourth: ranks 1.5, 1.5, 3, 4.
    assert np.allclose(spearman(a, b), [1, -1, 1 - 84 / 60, 4.5 / np.sqrt(4.5 * 5), np.nan],
                       equal_nan=True)


def test_layers_become_random_from_the_top(drawn):
    model, faces = drawn
    state = {name: array.copy() for name, array in model.state().items()}
    stages, alike = randomisation(model, faces[:2], ("gradient",))
    assert stages == ["trained", "dense2", "dense1", "conv2", "conv1", "another face"]
    assert alike.shape == (1, 6, 2) and np.allclose(alike[:, 0], 1)
    maps = saliency(model, faces[:2], signed=True)[:, :46, :46]
    assert np.allclose(alike[0, -1], spearman(maps[:1], maps[1:]))
    assert all(np.array_equal(array, state[name]) for name, array in model.state().items())


def test_guided_backpropagation_fails_the_sanity_check(drawn):
    """It hardly notices that layers became random; every other method does."""
    model, faces = drawn
    options = SHORT | {"occlusion": {"size": 12, "stride": 6}}
    signed, absolute = (
        dict(zip(METHODS, np.nanmean(
            randomisation(model, faces[:10], signed=kind, options=options)[1][:, 1:-1], axis=2)))
        for kind in (True, False))
    for method in METHODS:
        if method != "guided":
            assert np.abs(signed[method][1:]).max() < 0.35, method
            assert absolute[method].max() < 0.65, method
    assert signed["guided"][0] > 0.7 and signed["guided"][-1] > 0.35
    assert absolute["guided"][0] > 0.6


# ---- deletion

def test_maps_find_pixels_that_matter_more_than_any(drawn):
    """Covered with grey, the highest tenth of a map costs more than a tenth drawn by chance."""
    model, faces = drawn
    target = model.predict(faces)

    def left(maps):
        covered = np.where(maps >= np.quantile(maps, 0.9, axis=(1, 2), keepdims=True),
                           faces.mean(axis=(1, 2), keepdims=True).astype(np.uint8), faces)
        return model.predict_proba(covered)[np.arange(len(faces)), target].mean()

    chance = left(np.random.default_rng(0).random(faces.shape))
    for method in ("gradient", "smoothgrad", "guided", "occlusion"):
        maps = saliency(model, faces, target, method, signed=True, **SHORT.get(method, {}))
        maps = maps if METHODS[method].shares_of_f else np.abs(maps)
        assert left(maps) < chance - 0.05, method


# ---- planted patch

def share_at(maps, place=CUE_PLACE):
    """The share of each map that lies at a place; 0 of a map of zeros."""
    return maps[(slice(None), *place)].sum(axis=(1, 2)) / np.maximum(maps.sum(axis=(1, 2)), 1e-30)


@pytest.mark.parametrize("method", [method for method in METHODS if method != "gradcam"])
def test_the_planted_patch_lights_up(cue, method):
    """More than its area, and, face by face, more than the decoy: by chance 22 of 30 faces happen
    once in a hundred times. The margins are those of integrated gradients, which spread the most.
    """
    model, faces = cue
    maps = saliency(model, faces, None, method, **SHORT.get(method, {}))
    patch, decoy = share_at(maps), share_at(maps, DECOY_PLACE)
    assert patch.mean() > 1.5 * AREA and patch.mean() > 1.25 * decoy.mean()
    assert (patch > decoy).sum() >= 22
    highest = maps[(slice(None), *CUE_PLACE)].max(axis=(1, 2)) == maps.max(axis=(1, 2))
    assert highest.sum() >= 20
    if method == "occlusion":
        assert patch.mean() > 0.2 and decoy.mean() < 0.05


def test_gradcam_sees_the_pattern_but_not_the_place(cue):
    """Its weights are means over all places: a channel that knows the patch knows the same patch
    in the decoy's place, where only the dense layer knows that it counts for nothing."""
    model, faces = cue
    maps = saliency(model, faces, None, "gradcam")
    patch, decoy = share_at(maps), share_at(maps, DECOY_PLACE)
    same = (faces[(slice(None), *CUE_PLACE)] == faces[(slice(None), *DECOY_PLACE)]).all(axis=(1, 2))
    assert 5 <= same.sum() <= 15
    assert patch.mean() > 1.5 * AREA
    assert patch[~same].mean() > 1.25 * decoy[~same].mean()
    assert decoy[same].mean() > 0.75 * patch[same].mean()


# ---- parts covered, in words

class Smiles:
    """Its happiness is the brightness of the mouth."""

    def predict_proba(self, faces, crops=1):
        happy = np.asarray(faces)[:, 32:43, 12:36].mean(axis=(1, 2)) / 255
        return np.stack([happy, 1 - happy], axis=1)


def test_covering_parts_by_hand():
    face = np.zeros((48, 48), np.uint8)
    face[32:43, 12:36] = 255
    covered = without_parts(Smiles(), face)
    mean = int(face.mean())             # a covered part has the face's mean grey
    assert list(covered) == list(PARTS) and face[40, 20] == 255
    assert covered["the mouth"][0] == pytest.approx(mean / 255)
    assert all(p[0] == 1 for part, p in covered.items() if part != "the mouth")


def test_what_covering_does_is_told_in_words():
    names, before = ["happy", "sad"], {"happy": 0.6, "sad": 0.4}
    covered = {"the nose": np.array([0.9, 0.1]), "the mouth": np.array([0.3, 0.7]),
               "the forehead": np.array([0.58, 0.42]), "the eyes": np.array([0.52, 0.48])}
    assert in_words("happy", before, covered, names) == (
        "covering the mouth lowers happy from 0.60 to 0.30 (sad 0.70 then), the eyes to 0.52, "
        "covering the nose raises it to 0.90")
    assert in_words("happy", before, {"the nose": np.array([0.6, 0.4])}, names) == (
        "covering no single part changes happy 0.60 by 0.05 or more")
