"""Do maps mean anything? Randomised layers, deletion, a planted patch, parts covered.

Two small networks are trained on drawn faces, once: one on expressions, one on a planted patch.
"""

import json

import numpy as np
import pytest

from tinyfer.core.layers import Dense, Flatten
from tinyfer.core.model import Sequential
from tinyfer.data import draw_faces
from tinyfer.explain import area, audit, deletion, planted_patch, randomisation, share_at
from tinyfer.explain.audit import DECOY, PATCH, blur, edges, highest_at, mean_map, train_small
from tinyfer.explain.randomisation import spearman
from tinyfer.explain.regions import PARTS, in_words, without_parts
from tinyfer.explain.saliency import METHODS, saliency

EXPRESSIONS = ("happy", "sad", "surprise")
SHORT = {"smoothgrad": {"n": 8}, "integrated": {"steps": 16}, "occlusion": {"size": 8, "stride": 8}}
AREA = 64 / 46**2       # of the patch, as a share of what the small network sees


@pytest.fixture(scope="module")
def drawn():
    """A network that tells three expressions apart, and 40 faces it has not seen."""
    data = draw_faces(500, seed=0, class_names=EXPRESSIONS)
    model, test = train_small(data.faces[40:], data.labels[40:], 3, epochs=5), data[:40]
    assert (model.predict(test.faces) == test.labels).mean() > 0.7
    return model, test.faces


@pytest.fixture(scope="module")
def cue():
    """A network that has only a patch to go by, and 30 faces it has not seen."""
    model, faces, labels = planted_patch(draw_faces(150, seed=1).faces, epochs=3)
    assert len(faces) == 30 and (model.predict(faces) == labels).mean() > 0.95
    return model, faces


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
    assert all(kind.shape == (1, 6, 2) and np.allclose(kind[:, 0], 1) for kind in alike.values())
    maps = saliency(model, faces[:2], signed=True)[:, :46, :46]
    assert np.allclose(alike["signed"][0, -1], spearman(maps[:1], maps[1:]))
    assert np.allclose(alike["absolute"][0, -1], spearman(abs(maps[:1]), abs(maps[1:])))
    assert all(np.array_equal(array, state[name]) for name, array in model.state().items())


def test_guided_backpropagation_fails_the_sanity_check(drawn):
    """It hardly notices that layers became random; every other method does."""
    model, faces = drawn
    options = SHORT | {"occlusion": {"size": 12, "stride": 6}}
    _, alike = randomisation(model, faces[:10], options=options)
    signed, absolute = (dict(zip(METHODS, np.nanmean(alike[kind][:, 1:-1], axis=2)))
                        for kind in ("signed", "absolute"))
    for method in METHODS:
        if method != "guided":
            assert np.abs(signed[method][1:]).max() < 0.35, method
            assert absolute[method].max() < 0.65, method
    assert signed["guided"][0] > 0.7 and signed["guided"][-1] > 0.35
    assert absolute["guided"][0] > 0.6


# ---- deletion

def test_area_by_hand():
    share = np.array([0, 0.25, 1])
    assert np.allclose(area(share, np.array([[1.0, 0.5, 0], [1, 1, 1]])),
                       [0.25 * 0.75 + 0.75 * 0.25, 1])


def test_pixels_go_and_come_in_the_order_of_the_map():
    """A logit that is a sum over pixels: every point of both curves by brute force."""
    rng = np.random.default_rng(0)
    w, faces, maps = rng.normal(size=(4, 5)), rng.random((1, 4, 5)), rng.random((1, 4, 5))
    dense = Dense(20, 2, rng, dtype=np.float64)
    dense.w.value[...] = np.stack([w.ravel(), 0 * w.ravel()], axis=1)
    model = Sequential([Flatten(), dense], (4, 5, 1))
    share, curves = deletion(model, faces, maps, 0, "logit", steps=20)
    sharp, soft = faces[0], blur(faces[..., None])[0, ..., 0]
    for q in range(21):
        gone = (-maps[0]).argsort(axis=None).argsort().reshape(4, 5) < q
        assert share[q] == pytest.approx(q / 20)
        for kind, face in (("deletion", np.where(gone, soft, sharp)),
                           ("insertion", np.where(gone, sharp, soft))):
            assert curves[kind][0, q] == pytest.approx((w * face).sum())
    with pytest.raises(ValueError, match=r"maps has shape \(4, 5\)"):
        deletion(model, faces, maps[0], 0)


def test_blur_keeps_a_flat_face_and_the_mean_of_a_spot():
    assert np.allclose(blur(np.full((1, 9, 8, 1), 0.3)), 0.3)
    spot = np.zeros((1, 61, 41, 1))
    spot[0, 30, 20] = 1
    soft, rows = blur(spot, 4.0)[0, ..., 0], np.arange(61) - 30
    assert soft.sum() == pytest.approx(1) and np.allclose(soft[30], soft[10:51, 20])
    assert (soft.sum(axis=1) * rows**2).sum() == pytest.approx(16, rel=0.05)


def test_edges_and_mean_maps_by_hand():
    ramp = np.arange(5.0)[:, None] * 3 + np.arange(4.0) * 4
    assert np.allclose(edges(ramp[None]), 5)
    maps = np.zeros((3, 2, 2))
    maps[0, 0, 0], maps[1, 0, 1] = 1, 1000
    assert np.allclose(mean_map(maps), [[0.5, 0.5], [0, 0]])        # the map of zeros is left out
    assert not mean_map(maps[2:]).any()


def test_maps_find_pixels_that_matter_more_than_any(drawn):
    """The curves fall, and rise, faster in the order of a map than in a random one."""
    model, faces = drawn
    numbers, pictures = audit(model, faces, ("gradient", "smoothgrad", "guided", "occlusion"),
                              count=16, options=SHORT)
    rows, share = json.loads(json.dumps(numbers))["rows"], pictures["share"]
    chance = rows["random"]
    for name, row in rows.items():
        if name in METHODS:
            assert row["deletion"]["area"] < chance["deletion"]["area"] - 0.03, name
            assert row["insertion"]["area"] > chance["insertion"]["area"] + 0.03, name
    assert rows["occlusion"]["deletion"]["area"] < rows["edges"]["deletion"]["area"] - 0.05
    for kind in ("deletion", "insertion"):
        row = rows["guided"][kind]
        mean = pictures["curves"]["guided, mean map"][kind]
        assert rows["occlusion"][kind]["better"] > 0.6
        assert row["difference"] == pytest.approx(row["area"] - row["mean_map"], abs=2e-4)
        assert row["mean_map"] == pytest.approx(area(share, mean[None])[0], abs=1e-4)
    assert len(rows["gradient"]["signed"]) == len(numbers["stages"]) == 6
    assert numbers["accuracy"] > 0.95 and chance["patch"] == pytest.approx(AREA, abs=1e-4)


# ---- planted patch

@pytest.mark.parametrize("method", [method for method in METHODS if method != "gradcam"])
def test_the_planted_patch_lights_up(cue, method):
    """More than its area, and, face by face, more than the decoy: by chance 22 of 30 faces happen
    once in a hundred times. The margins are those of integrated gradients, which spread the most.
    """
    model, faces = cue
    maps = saliency(model, faces, None, method, **SHORT.get(method, {}))
    patch, decoy = share_at(maps), share_at(maps, DECOY)
    assert patch.mean() > 1.5 * AREA and patch.mean() > 1.25 * decoy.mean()
    assert (patch > decoy).sum() >= 22
    assert highest_at(maps).sum() >= 20
    if method == "occlusion":
        assert patch.mean() > 0.2 and decoy.mean() < 0.05


def test_gradcam_sees_the_pattern_but_not_the_place(cue):
    """Its weights are means over all places: a channel that knows the patch knows the same patch
    in the decoy's place, where only the dense layer knows that it counts for nothing."""
    model, faces = cue
    maps = saliency(model, faces, None, "gradcam")
    patch, decoy = share_at(maps), share_at(maps, DECOY)
    same = (faces[PATCH] == faces[DECOY]).all(axis=(1, 2))
    assert 3 <= same.sum() <= 15
    assert patch.mean() > 1.5 * AREA
    assert patch[~same].mean() > 1.25 * decoy[~same].mean()
    assert decoy[same].mean() > 0.75 * patch[same].mean()


def test_planting():
    """One patch tells the label, the other nothing; all else stays as it is."""
    before = draw_faces(500, seed=0).faces
    kept = before.copy()
    model, faces, labels = planted_patch(before, epochs=0)
    assert np.array_equal(before, kept) and len(faces) == 100
    inside = np.zeros((48, 48), bool)
    inside[5:13, 5:13] = inside[5:13, 35:43] = True
    assert np.array_equal(faces[:, ~inside], before[:100, ~inside])
    kinds = [faces[labels == label] for label in range(5)]
    assert all((kind[PATCH] == kind[0][PATCH]).all() for kind in kinds)
    assert not any((kind[DECOY] == kind[0][DECOY]).all() for kind in kinds)
    assert len({kind[0][PATCH].tobytes() for kind in kinds}) == 5
    assert all(kind[0][PATCH].mean() == 127.5 for kind in kinds)
    for wrong in (lambda: planted_patch(before[:4]), lambda: audit(model, before[:4])):
        with pytest.raises(ValueError, match="needs 5 faces or more, got 4"):
            wrong()


def test_shares_of_a_place():
    maps = np.zeros((3, 48, 48))
    maps[0] = 1
    maps[1, 7, 7], maps[1, 40, 40] = 3, 1
    assert np.allclose(share_at(maps), [64 / 48**2, 0.75, 0])
    assert highest_at(maps)[:2].all() and not highest_at(maps, DECOY)[1]


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
