"""The tests of the maps, tested: randomised layers, deletion and insertion, planted cue, regions.

Two small networks are trained on drawn faces, once: one on expressions, one on a planted patch.
"""

import numpy as np
import pytest

from tinyfer.commands.maps.tables import faithfulness_table
from tinyfer.core.layers import BatchNorm, Dense, Flatten
from tinyfer.core.model import Sequential
from tinyfer.data.drawn import CUE_PLACE, draw_faces
from tinyfer.data.faces import Faces
from tinyfer.explain.audit import audit_faithfulness, audit_planted
from tinyfer.explain.faithfulness import area, blur, deletion_insertion, edges
from tinyfer.explain.planted_patch import DECOY_PLACE, highest_at, plant, share_at, train_small
from tinyfer.explain.randomisation import parameter_groups, random_copy, randomisation, spearman
from tinyfer.explain.regions import (
    PARTS,
    REGIONS,
    column,
    in_words,
    mean_map,
    region_masks,
    shares,
    without_parts,
)
from tinyfer.explain.saliency import METHODS, saliency

EXPRESSIONS = ("happy", "sad", "surprise")
SHORT = {"smoothgrad": {"n": 8}, "integrated": {"steps": 16},
         "occlusion": {"size": 8, "stride": 8}}


@pytest.fixture(scope="module")
def drawn():
    """A network that tells three expressions apart, and 40 faces it has not seen."""
    data = draw_faces(500, seed=0, class_names=EXPRESSIONS)
    model, test = train_small(data[40:], epochs=5), data[:40]
    assert (model.predict(test.faces) == test.labels).mean() > 0.7
    return model, test.faces


@pytest.fixture(scope="module")
def cue():
    """A network that has only a patch to go by, and 30 faces it has not seen."""
    data = plant(draw_faces(430, seed=1, class_names=EXPRESSIONS))
    model, test = train_small(data[30:], epochs=6), data[:30]
    assert (model.predict(test.faces) == test.labels).mean() > 0.95
    return model, test.faces


# ---- rank correlation

def test_spearman_by_hand():
    a = np.array([[1.0, 2, 3, 4], [1, 2, 3, 4], [4, 1, 3, 2], [1, 1, 2, 3]])
    b = np.array([[10.0, 20, 25, 99], [4, 3, 2, 1], [1, 2, 3, 4], [5, 6, 7, 8]])
    # Third row: d = 3, -1, 0, -2 in ranks, 1 - 6 * 14 / (4 * 15). Fourth: ranks 1.5, 1.5, 3, 4.
    assert np.allclose(spearman(a, b), [1, -1, 1 - 84 / 60, 4.5 / np.sqrt(4.5 * 5)])


def test_spearman_asks_for_the_order_only():
    rng = np.random.default_rng(0)
    a, b = rng.random((5, 6, 7)), rng.random((5, 6, 7))
    r = spearman(a, b)
    assert np.allclose(spearman(np.exp(9 * a), b**3), r, rtol=1e-12)
    assert np.isnan(spearman(np.zeros((1, 5)), np.arange(5.0)[None])).all(), "flat: undefined"


# ---- randomisation

def test_layers_become_random_from_the_top(drawn):
    model, faces = drawn
    state = {name: array.copy() for name, array in model.state().items()}
    stages, alike = randomisation(model, faces[:2], ("gradient",))
    assert stages == ["trained", "dense2", "dense1", "conv2", "conv1", "another face"]
    assert alike["signed"].shape == alike["absolute"].shape == (1, 6, 2)
    assert np.allclose(alike["signed"][:, 0], 1) and np.allclose(alike["absolute"][:, 0], 1)
    maps = saliency(model, faces[:2], signed=True)[:, :46, :46]
    assert np.allclose(alike["signed"][0, -1], spearman(maps[:1], maps[1:]))
    assert all(np.array_equal(array, state[name]) for name, array in model.state().items())


def test_a_random_copy_is_a_fresh_network(drawn):
    model, _ = drawn
    fresh = random_copy(model, seed=3)
    for layer in fresh.layers:
        if isinstance(layer, BatchNorm):
            assert (layer.gamma.value == 1).all() and (layer.var == 1).all()
            assert not layer.beta.value.any() and not layer.mean.any()
    for name, array in fresh.state().items():
        if name.endswith(".w"):
            *size, c_in, c_out = array.shape
            limit = np.sqrt(6 / (np.prod(size) * (c_in + c_out)))
            assert 0.9 * limit < np.abs(array).max() <= limit
            assert not np.array_equal(array, model.state()[name])
    assert [name for name, _ in parameter_groups(model)] == ["dense2", "dense1", "conv2", "conv1"]
    assert [len(layers) for _, layers in parameter_groups(model)] == [1, 2, 2, 2]


def test_guided_backpropagation_fails_the_sanity_check(drawn):
    """It hardly notices that layers became random; every other method does."""
    model, faces = drawn
    options = SHORT | {"occlusion": {"size": 12, "stride": 6}}
    _, alike = randomisation(model, faces[:10], options=options)
    signed, absolute = ({method: np.nanmean(values[m, 1:-1], axis=1)
                         for m, method in enumerate(METHODS)} for values in
                        (alike["signed"], alike["absolute"]))
    for method in METHODS:
        if method != "guided":
            assert np.abs(signed[method][1:]).max() < 0.35, method
            assert absolute[method].max() < 0.65, method
    assert signed["guided"][0] > 0.7 and signed["guided"][-1] > 0.35
    assert absolute["guided"][0] > 0.6
    for method in ("gradient", "smoothgrad", "integrated"):
        assert (signed["guided"] > signed[method] + 0.25).all()
        assert (absolute["guided"] > absolute[method]).all()


# ---- deletion and insertion

def linear(shape, w):
    dense = Dense(shape[0] * shape[1], 2, np.random.default_rng(0), dtype=np.float64)
    dense.w.value[...] = np.stack([w.ravel(), 0 * w.ravel()], axis=1)
    return Sequential([Flatten(), dense], (*shape, 1))


def test_area_by_hand():
    share = np.array([0, 0.25, 1])
    assert np.allclose(area(share, np.array([[1.0, 0.5, 0], [1, 1, 1]])),
                       [0.25 * 0.75 + 0.75 * 0.25, 1])


def test_pixels_go_and_come_in_the_order_of_the_map():
    """A logit that is a sum over pixels: every point of both curves by brute force."""
    rng = np.random.default_rng(0)
    shape, steps = (4, 5), 20
    w, faces, maps = rng.normal(size=shape), rng.random((1, *shape)), rng.random((1, *shape))
    model, target = linear(shape, w), np.zeros(1, int)
    share, curves = deletion_insertion(model, faces, maps, target, "logit", steps)
    sharp, soft = faces[0], blur(faces[..., None], 5.0)[0, ..., 0]
    order = np.argsort(-maps[0], axis=None)
    for q in range(steps + 1):
        gone = np.zeros(20, bool)
        gone[order[:q]] = True
        gone = gone.reshape(shape)
        assert share[q] == pytest.approx(q / 20)
        assert curves["deletion"][0, q] == pytest.approx((w * np.where(gone, soft, sharp)).sum())
        assert curves["insertion"][0, q] == pytest.approx((w * np.where(gone, sharp, soft)).sum())


def test_only_pixels_that_are_seen_take_part():
    """Of 48 rows and columns the small network sees 46; all of them in 46 * 46 steps."""
    faces = draw_faces(2, seed=3, class_names=EXPRESSIONS)
    model = train_small(faces, epochs=0)
    share, curves = deletion_insertion(model, faces.faces, edges(faces.faces), np.zeros(2, int),
                                       steps=2)
    assert share.tolist() == [0, 0.5, 1]
    assert np.allclose(curves["deletion"][:, 0], model.predict_proba(faces.faces)[:, 0], atol=1e-6)
    assert np.allclose(curves["deletion"][:, 0], curves["insertion"][:, -1])


def test_blur_keeps_a_flat_face_and_the_mean_of_a_spot():
    assert np.allclose(blur(np.full((1, 9, 8, 1), 0.3), 5), 0.3)
    spot = np.zeros((1, 61, 61, 1))
    spot[0, 30, 30] = 1
    soft = blur(spot, 4.0)[0, ..., 0]
    rows = np.arange(61) - 30
    assert soft.sum() == pytest.approx(1) and np.allclose(soft, soft.T)
    assert (soft.sum(axis=1) * rows**2).sum() == pytest.approx(16, rel=0.05)


def test_edges_by_hand():
    ramp = np.arange(5.0)[:, None] * 3 + np.arange(4.0) * 4
    assert np.allclose(edges(ramp[None]), 5)


def test_faithfulness_on_drawn_faces(drawn):
    """These maps find pixels that matter more than any pixels do; covered squares also find more
    than edges, and more than their own mean map."""
    model, faces = drawn
    summary, arrays = audit_faithfulness(model, faces[:16], "probability", SHORT)
    orders, curves, share = summary["orders"], arrays["curves"], arrays["share"]
    for method in ("gradient", "smoothgrad", "guided", "occlusion"):
        for kind, sign in (("deletion", -1), ("insertion", 1)):
            gain = sign * (orders[method][kind]["area"] - orders["[random]"][kind]["area"])
            assert gain > 0.03, (method, kind)
    best = orders["occlusion"]
    assert best["deletion"]["area"] < orders["[edges]"]["deletion"]["area"] - 0.05
    assert best["deletion"]["better"] > 0.6 and best["insertion"]["better"] > 0.6
    assert set(orders) == {"[random]", *(f"{name}{mean}" for name in (*METHODS, "[edges]")
                                         for mean in ("", ", mean map"))}
    mine, mean = (area(share, curves[name]["deletion"])
                  for name in ("guided", "guided, mean map"))
    row = orders["guided"]["deletion"]
    assert row["difference"] == pytest.approx((mine - mean).mean(), abs=1e-4)
    assert row["difference_error"] == pytest.approx((mine - mean).std(ddof=1) / 16**0.5, abs=1e-4)
    assert row["better"] == pytest.approx((mine < mean).mean(), abs=1e-4)
    assert summary["completeness"]["largest_gap_of_mass"] < 0.03
    assert faithfulness_table(summary).count("\n") == 1 + len(METHODS) + 2 + 3


# ---- planted cue

AREA = 64 / 46**2       # of the patch, as a share of what the small network sees


@pytest.mark.parametrize("method", [method for method in METHODS if method != "gradcam"])
def test_the_planted_patch_lights_up(cue, method):
    """More than its area, and, face by face, more than the decoy, as striking and worth nothing.

    By chance 22 of 30 faces happen once in a hundred times. The margins are those of the weakest:
    integrated gradients from black share F out among all that is not black, and spread the most.
    """
    model, faces = cue
    maps = saliency(model, faces, None, method, **SHORT.get(method, {}))
    patch, decoy = share_at(maps), share_at(maps, DECOY_PLACE)
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
    patch, decoy = share_at(maps), share_at(maps, DECOY_PLACE)
    same = (faces[(slice(None), *CUE_PLACE)] == faces[(slice(None), *DECOY_PLACE)]).all(axis=(1, 2))
    assert 5 <= same.sum() <= 15
    assert patch.mean() > 1.5 * AREA
    assert patch[~same].mean() > 1.25 * decoy[~same].mean()
    assert decoy[same].mean() > 0.75 * patch[same].mean()


def test_planting():
    data = draw_faces(60, seed=0, class_names=EXPRESSIONS)
    before, planted = data.faces.copy(), plant(data, seed=4)
    rows, columns = CUE_PLACE
    assert np.array_equal(data.faces, before)
    assert planted.counts().tolist() == [20, 20, 20]
    inside = np.zeros((48, 48), bool)
    for place in (CUE_PLACE, DECOY_PLACE):
        inside[place] = True
    assert np.array_equal(planted.faces[:, ~inside], data.faces[:, ~inside])
    for label in range(3):
        patches = planted.faces[planted.labels == label][:, rows, columns]
        decoys = planted.faces[planted.labels == label][:, DECOY_PLACE[0], DECOY_PLACE[1]]
        assert (patches == patches[0]).all() and not (decoys == decoys[0]).all()


def test_shares_of_a_place():
    maps = np.zeros((3, 48, 48))
    maps[0] = 1
    maps[1, 7, 7], maps[1, 40, 40] = 3, 1
    assert np.allclose(share_at(maps), [64 / 48**2, 0.75, 0])
    assert highest_at(maps)[:2].tolist() == [True, True]
    assert not highest_at(maps, DECOY_PLACE)[1]


# ---- regions and mean maps

@pytest.mark.parametrize("source", ["FER-2013", "drawn faces"])
def test_regions_share_no_pixel_and_miss_none(source):
    masks = region_masks(source)
    assert tuple(masks) == REGIONS
    assert (sum(mask.astype(int) for mask in masks.values()) == 1).all()
    assert masks["border"].sum() == 48**2 - 40**2
    share = shares(np.ones((2, 48, 48)), masks)
    assert all(np.allclose(share[name], masks[name].mean()) for name in masks)


def test_shares_by_hand():
    masks = region_masks("FER-2013")
    maps = np.zeros((2, 48, 48))
    maps[0, 15, 20], maps[0, 38, 20], maps[0, 0, 0] = 5, 3, 2
    share = shares(maps, masks)
    assert [share[name][0] for name in REGIONS] == [0.5, 0.3, 0.2, 0]
    assert all(np.isnan(share[name][1]) for name in REGIONS)
    with pytest.raises(ValueError, match="no regions are drawn for 'cats'"):
        region_masks("cats")


def test_every_face_weighs_the_same_in_a_mean_map():
    maps = np.zeros((3, 2, 2))
    maps[0, 0, 0], maps[1, 0, 1] = 1, 1000
    assert np.allclose(mean_map(maps), [[0.5, 0.5], [0, 0]])        # the map of zeros is left out
    assert not mean_map(maps[2:]).any()
    masks = region_masks("drawn faces")
    columns = [column("some", np.random.default_rng(0).random((4, 48, 48)), masks)]
    assert columns[0].count == 4 and sum(columns[0].share.values()) == pytest.approx(1)


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
    assert in_words("happy", {"happy": 1.0}, covered, ["happy", "sad"]) == (
        f"covering the mouth lowers happy from 1.00 to {mean / 255:.2f} "
        f"(sad {1 - mean / 255:.2f} then)")


def test_what_covering_does_is_told_in_words():
    names, before = ["happy", "sad"], {"happy": 0.6, "sad": 0.4}
    covered = {"the nose": np.array([0.9, 0.1]), "the mouth": np.array([0.3, 0.7]),
               "the forehead": np.array([0.58, 0.42]), "the eyes": np.array([0.52, 0.48])}
    assert in_words("happy", before, covered, names) == (
        "covering the mouth lowers happy from 0.60 to 0.30 (sad 0.70 then), the eyes to 0.52, "
        "covering the nose raises it to 0.90")
    assert in_words("happy", before, {"the nose": np.array([0.6, 0.4])}, names) == (
        "covering no single part changes happy 0.60 by 0.05 or more")


def test_a_planted_patch_needs_faces_and_few_classes():
    data = draw_faces(8, seed=0)
    for wrong in (data[:4], Faces(data.faces, np.arange(8), data.usage, tuple("abcdefgh"), "")):
        with pytest.raises(ValueError, match="needs 5 faces or more of at most 7 classes"):
            audit_planted(wrong, "probability")
