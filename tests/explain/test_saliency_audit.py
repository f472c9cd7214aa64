"""The tests of the maps, tested: randomised layers, deletion and insertion, planted cue, regions.

Two small networks are trained on drawn faces, once: one on expressions, one on a planted patch.
"""

import json
import re

import numpy as np
import pytest
from PIL import Image
from small import use_small_network
from tiny import small_cnn

from tinyfer.commands import saliency as saliency_script
from tinyfer.commands.maps import pictures
from tinyfer.commands.maps.tables import (
    faithfulness_table,
    planted_table,
    randomisation_table,
    share_table,
)
from tinyfer.core.layers import BatchNorm, Dense, Flatten
from tinyfer.core.model import Sequential
from tinyfer.data.drawn import CUE_PLACE, draw_faces
from tinyfer.data.faces import Faces
from tinyfer.explain.audit import audit_faithfulness, audit_planted
from tinyfer.explain.faithfulness import area, blur, deletion_insertion, edges
from tinyfer.explain.planted_patch import DECOY_PLACE, highest_at, plant, share_at, train_small
from tinyfer.explain.randomisation import parameter_groups, random_copy, randomisation, spearman
from tinyfer.explain.regions import REGIONS, column, mean_map, region_masks, shares
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
    assert np.allclose(spearman(-a, b), -r)
    assert np.abs(spearman(rng.random((1, 10_000)), rng.random((1, 10_000)))) < 0.03


def test_spearman_of_a_flat_map_is_undefined():
    assert np.isnan(spearman(np.zeros((1, 5)), np.arange(5.0)[None])).all()


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


def test_the_best_order_beats_any_other():
    rng = np.random.default_rng(1)
    w, faces = rng.normal(size=(6, 6)), rng.random((5, 6, 6))
    model, target = linear((6, 6), w), np.zeros(5, int)
    worth = w * (faces - blur(faces[..., None], 5.0)[..., 0])
    areas = {}
    for name, maps in (("best", worth), ("random", rng.random(worth.shape)), ("worst", -worth)):
        share, curves = deletion_insertion(model, faces, maps, target, "logit", 36)
        areas[name] = {kind: area(share, values) for kind, values in curves.items()}
    assert (areas["best"]["deletion"] < areas["random"]["deletion"]).all()
    assert (areas["random"]["deletion"] < areas["worst"]["deletion"]).all()
    assert (areas["best"]["insertion"] > areas["random"]["insertion"]).all()
    # What the best order takes first, the worst brings last.
    assert np.allclose(areas["best"]["deletion"], areas["worst"]["insertion"])


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
    summary, arrays = audit_faithfulness(model, faces[:16], "probability",
                                         {m: SHORT.get(m, {}) for m in METHODS})
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


def test_a_map_without_a_network_takes_the_decoy(cue):
    maps = edges(cue[1])
    assert share_at(maps).mean() == pytest.approx(share_at(maps, DECOY_PLACE).mean(), rel=0.05)


def test_the_patch_of_drawn_faces_lights_up():
    """The cue that draw_faces plants, in the same place, without a decoy."""
    data = draw_faces(330, seed=2, class_names=EXPRESSIONS, cue=True)
    model, faces = train_small(data[30:], epochs=6), data.faces[:30]
    assert (model.predict(faces) == data.labels[:30]).mean() > 0.95
    maps = saliency(model, faces, method="occlusion", **SHORT["occlusion"])
    assert share_at(maps).mean() > 0.2
    assert highest_at(saliency(model, faces, method="gradient")).mean() > 0.7


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
    assert "some" in share_table(columns, masks, columns[0])


# ---- pictures and the script

def test_pictures_of_maps_that_are_zero(tmp_path):
    faces = np.random.default_rng(0).integers(0, 256, (2, 48, 48)).astype(np.uint8)
    maps = {"gradient": np.zeros((2, 48, 48)), "gradcam": np.ones((2, 48, 48))}
    for signed in (False, True):
        for overlay in (False, True):
            path = tmp_path / f"{signed}{overlay}.png"
            pictures.panel(faces, maps, ["a", "b"], path, signed, overlay, "title")
            assert np.ptp(np.asarray(Image.open(path))) > 0
    assert pictures.scaled(np.array([-4.0, 2])).tolist() == [-1, 0.5]


@pytest.fixture
def scripted(monkeypatch, tmp_path):
    """scripts/saliency.py with a small untrained network in a file, in a folder of its own."""
    use_small_network(monkeypatch)
    monkeypatch.chdir(tmp_path)
    small_cnn(3, seed=1, class_names=("happy", "neutral", "sad")).save("net.npz")
    return saliency_script


def run(module, *arguments):
    return module.main(["--model", "net.npz", *map(str, arguments)])


def test_a_panel_of_drawn_faces(scripted, tmp_path, capsys):
    assert run(scripted, "--method", "all", "--samples", 2, "--steps", 2) == 0
    assert "faces that tinyfer draws itself" in capsys.readouterr().out
    with np.load(tmp_path / "runs/saliency/panel.npz") as file:
        assert file["faces"].shape == (5, 48, 48) and file["probabilities"].shape == (5, 3)
        assert file["maps_gradient-input"].shape == (5, 48, 48)
        gradient = file["maps_gradient"]
        model = small_cnn(3, seed=1, class_names=("happy", "neutral", "sad"))
        assert np.allclose(gradient, saliency(model, file["faces"]), atol=1e-7)
    assert Image.open(tmp_path / "runs/saliency/panel.png").width > 600


def test_a_panel_of_pictures(scripted, tmp_path, monkeypatch):
    monkeypatch.setenv("TINYFER_DATA", "gone.zip")      # it is not asked for any
    face = draw_faces(1, seed=4).faces[0]
    Image.fromarray(face).resize((100, 100)).save("me.png")
    assert run(scripted, "me.png", "me.png", "--signed", "--overlay", "--target", "sad",
               "--out", "mine") == 0
    with np.load(tmp_path / "mine/panel.npz") as file:
        assert file["maps_gradient"].min() < 0 < file["maps_gradient"].max()


def test_options_reach_the_maps(scripted, tmp_path):
    model = small_cnn(3, seed=1, class_names=("happy", "neutral", "sad"))
    mean = scripted.drawn_parts(model.class_names, 0).train.faces.mean(axis=0) / 255
    for words, method, options in (
            ("--of logit --target sad", "gradient", dict(of="logit", target="sad")),
            ("--method smoothgrad --samples 2 --sigma 0.4", "smoothgrad", dict(n=2, sigma=0.4)),
            ("--method integrated --steps 2 --baseline mean", "integrated",
             dict(steps=2, baseline=mean))):
        assert run(scripted, *words.split()) == 0
        with np.load(tmp_path / "runs/saliency/panel.npz") as file:
            expected = saliency(model, file["faces"], method=method, **options)
            assert np.allclose(file[f"maps_{method}"], expected, atol=1e-7), words


def test_mean_maps_over_a_part(scripted, tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(scripted, "DRAWN", 210)
    assert run(scripted, "--mean-maps", "--method", "gradient", "gradient*input",
               "--overlay") == 0
    printed = capsys.readouterr().out
    assert "random network" in printed and "gradient*input: share of saliency (%)" in printed
    with np.load(tmp_path / "runs/saliency/mean-maps-gradient-input.npz") as file:
        names = file["names"].tolist()
        assert names[-2:] == ["all", "random network"]
        for name in ("happy", "neutral", "sad"):    # an untrained network may never predict one
            assert (name in names) != (f"{name} is predicted for none" in printed)
        assert np.allclose(file["mean_maps"].sum(axis=(1, 2)), 1)
        assert np.allclose(sum(file[f"share_{region}"] for region in REGIONS), 1)
    assert (tmp_path / "runs/saliency/mean-maps-gradient-input.png").is_file()


BLOCK = "<!-- begin {0} -->\nold\n<!-- end {0} -->\n"


def test_an_audit_from_the_command_line(scripted, tmp_path, capsys, monkeypatch):
    """Every test leaves a picture and numbers, and its table in the page."""
    monkeypatch.setattr(scripted, "DRAWN", 210)
    page = tmp_path / "docs/page.md"
    (page.parent / "figures").mkdir(parents=True)
    tests = ("randomisation", "faithfulness", "planted")
    page.write_text("top\n" + "".join(map(BLOCK.format, tests)))
    assert run(scripted, "--audit", "--faces", 2, "--samples", 2, "--steps", 2, "--square", 22,
               "--fill", page) == 0
    printed, filled = capsys.readouterr().out, page.read_text()
    tables = dict(zip(tests, (randomisation_table, faithfulness_table, planted_table)))
    for test, table in tables.items():
        summary = json.loads((tmp_path / f"runs/saliency/{test}.json").read_text())
        assert summary["faces"] == 2 and summary["source"] == "drawn faces"
        assert table(summary) in printed and f"-->\n{table(summary)}\n<!--" in filled
        assert (page.parent / f"figures/saliency-{test}.png").is_file()
    assert filled.startswith("top\n") and "old" not in filled
    with np.load(tmp_path / "runs/saliency/randomisation.npz") as file:
        assert file["stages"].tolist() == ["trained", "dense1", "conv1", "another face"]
        assert file["signed"].shape == (7, 4, 2)
    with np.load(tmp_path / "runs/saliency/faithfulness.npz") as file:
        assert file["deletion, [random]"].shape == (2, len(file["share"]))


def test_one_test_of_the_audit_alone(scripted, tmp_path, monkeypatch):
    monkeypatch.setattr(scripted, "DRAWN", 210)
    assert run(scripted, "--audit", "randomisation", "--faces", 2, "--samples", 1, "--steps", 1,
               "--square", 22) == 0
    assert not (tmp_path / "runs/saliency/planted.json").exists()


def test_a_page_gets_drawn_faces_only(scripted, tmp_path, capsys):
    page = tmp_path / "page.md"
    page.write_text("text\n")
    (tmp_path / "figures").mkdir()
    Image.fromarray(draw_faces(1, seed=4).faces[0]).save("me.png")
    assert run(scripted, "me.png", "--fill", page) == 2
    assert "error: --fill: a panel of photographs" in capsys.readouterr().err
    assert not list((tmp_path / "figures").iterdir())
    assert run(scripted, "--drawn", "--fill", page) == 0
    assert (tmp_path / "figures/saliency-panel.png").is_file() and page.read_text() == "text\n"


def test_speed_is_told_as_a_share_of_an_epoch(scripted, capsys, monkeypatch):
    monkeypatch.setattr("tinyfer.commands.maps.speed.ROUNDS", 1)
    assert run(scripted, "--speed", "--batch-size", 4) == 0
    maps, epoch, ratio = (float(re.search(r"images: ([\d.]+)", line)[1])
                          for line in capsys.readouterr().out.splitlines()[:3])
    assert ratio == pytest.approx(maps / epoch, rel=0.2, abs=0.006)


def test_a_planted_patch_needs_faces_and_few_classes():
    data = draw_faces(8, seed=0)
    for wrong in (data[:4], Faces(data.faces, np.arange(8), data.usage, tuple("abcdefgh"), "")):
        with pytest.raises(ValueError, match="needs 5 faces or more of at most 7 classes"):
            audit_planted(wrong, "probability", {})


@pytest.mark.parametrize("arguments, sentence", [
    (["--target", "joy"], "no class 'joy'; expected one of happy, neutral, sad"),
    (["--method", "gradcam", "--layer", "dense1"], "'dense1' is no convolution"),
    (["--method", "lime"], "there is no method 'lime'"),
    (["--faces", 0], "--faces is 0"),
    (["--audit", "--faces", 1], "--faces is 1; expected at least 2"),
    (["none.png"], "there is no file none.png"),
    (["grey.png"], "grey.png is of a single grey"),
    (["grey.png", "--audit"], "need a data set"),
    (["grey.png", "--baseline", "mean"], "--baseline mean is the mean face of a training part"),
    (["--data", "nowhere.zip"], "nowhere.zip"),
    (["--audit", "honesty"], "invalid choice: 'honesty'"),
    (["--audit", "--mean-maps"], "not allowed with"),
    (["--fill", "nowhere.md"], "there is no page nowhere.md"),
    (["--model", "seven-hundred"], "neither a file nor the name of packaged weights"),
])
def test_bad_input_gets_a_sentence(scripted, arguments, sentence, refused):
    Image.new("L", (48, 48), 90).save("grey.png")
    assert sentence in refused(scripted.main, "--model", "net.npz", *arguments)
