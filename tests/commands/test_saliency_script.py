"""The command saliency: panels of faces and photographs, the audit; and the page it fills."""

import json
import re

import numpy as np
import pytest
import saliency_page
from PIL import Image
from small import use_small_network
from tiny import small_cnn

from tinyfer.commands import saliency as script
from tinyfer.commands.maps import pictures
from tinyfer.commands.maps.audit import TESTS
from tinyfer.commands.maps.tables import faithfulness_table, planted_table, randomisation_table
from tinyfer.data import draw_faces
from tinyfer.explain.regions import REGIONS
from tinyfer.explain.saliency import saliency
from tinyfer.photo.reading import read_photo

NAMES = ("happy", "neutral", "sad")
QUICK = "--drawn", 210, "--faces", 2


@pytest.fixture
def model(monkeypatch, tmp_path):
    """A small untrained network, in net.npz of a folder of its own."""
    use_small_network(monkeypatch)
    monkeypatch.chdir(tmp_path)
    network = small_cnn(3, seed=1, class_names=NAMES)
    network.save("net.npz")
    return network


def run(module, *arguments):
    return module.main([*map(str, arguments), "--model", "net.npz", "--force"])


def panel(folder="runs/saliency"):
    with np.load(f"{folder}/panel.npz") as file:
        return dict(file)


def save_face(name, seed=4, side=100):
    Image.fromarray(draw_faces(1, seed=seed).faces[0]).resize((side, side)).save(name)


@pytest.mark.parametrize("signed", [False, True])
@pytest.mark.parametrize("overlay", [False, True])
def test_pictures_of_maps_that_are_zero(tmp_path, signed, overlay):
    faces = np.random.default_rng(0).integers(0, 256, (2, 60, 60)).astype(np.uint8)
    maps = {"gradient": np.zeros((2, 48, 48)), "gradcam": np.ones((2, 48, 48))}
    pictures.panel(faces, maps, ["a", "b"], ["word " * 30, ""], tmp_path / "a.png", signed, overlay)
    assert np.ptp(np.asarray(Image.open(tmp_path / "a.png"))) > 0
    assert pictures.scaled(np.array([-4.0, 2])).tolist() == [-1, 0.5]


def test_a_panel_of_drawn_faces(model, capsys):
    assert run(script, "--method", "all") == 0
    assert "faces that tinyfer draws itself" in capsys.readouterr().out
    found = panel()
    assert found["faces"].shape == (5, 48, 48) and found["probabilities"].shape == (5, 3)
    assert found["maps_gradient-input"].shape == (5, 48, 48)
    assert np.allclose(found["maps_gradient"], saliency(model, found["faces"]), atol=1e-7)


def test_photographs_are_explained_as_predict_reads_them(model, capsys, monkeypatch):
    """The class is that of 18 crops; occlusion comes first; a bad picture does not end it."""
    monkeypatch.setenv("TINYFER_DATA", "gone.zip")      # it is not asked for any
    for name in "ab":
        save_face(f"{name}.png", ord(name))
    open("c.png", "w").close()
    assert run(script, ".", "--whole", "--out", "mine") == 1
    out, err = capsys.readouterr()
    found = panel("mine")
    assert err.count("note: ") == 1 and "c.png cannot be read" in err
    for n, name in enumerate("ab"):
        (reading,) = read_photo(f"{name}.png", model, whole=True)
        assert np.array_equal(found["faces"][n], reading.crop)
        expected = saliency(model, reading.crop, reading.expression, "occlusion", signed=True)
        assert np.allclose(found["maps_occlusion"][n], expected, atol=1e-6)
        assert re.search(rf"{name}.png, 1: covering .*{reading.expression}", out)
    assert list(found)[2] == "maps_occlusion"


def test_an_empty_map_is_pointed_out(model, capsys, monkeypatch):
    monkeypatch.setattr("tinyfer.commands.maps.panel.all_maps",
                        lambda *_, **__: {"gradcam": np.zeros((1, 48, 48))})
    save_face("me.png")
    assert run(script, "me.png", "--target", "sad", "--whole") == 0
    assert "gradcam is 0 everywhere for sad" in capsys.readouterr().out


def test_a_face_of_a_single_grey_has_no_map(model, call):
    Image.new("L", (48, 48), 90).save("grey.png")
    code, _, err = call(script.main, "grey.png", "--model", "net.npz")
    assert code == 2 and "error: grey.png: the face is of a single grey" in err


def test_options_reach_the_maps(model):
    for words, method, options in (
            ("--of logit --target sad", "gradient", dict(of="logit", target="sad")),
            ("--method occlusion --signed", "occlusion", dict(signed=True))):
        assert run(script, *words.split(), "--drawn", 60) == 0
        found = panel()
        expected = saliency(model, found["faces"], method=method, **options)
        assert np.allclose(found[f"maps_{method}"], expected, atol=1e-7), words


def test_one_test_of_the_audit_alone(model, tmp_path):
    assert run(script, "--audit", "randomisation", *QUICK) == 0
    assert not (tmp_path / "runs/saliency/planted.json").exists()


# ---- scripts/lab/saliency_page.py

BLOCK = "<!-- begin {0} -->\nold\n<!-- end {0} -->\n"


@pytest.fixture
def page(tmp_path):
    (tmp_path / "docs/figures").mkdir(parents=True)
    file = tmp_path / "docs/page.md"
    places = (*TESTS, "speed", "mean-maps-gradient", "mean-maps-gradient-input")
    file.write_text("top\n" + "".join(map(BLOCK.format, places)))
    return file


def test_every_audit_fills_its_place_in_the_page(model, page, tmp_path, capsys):
    """With a picture and numbers."""
    for test, table in (("randomisation", randomisation_table), ("planted", planted_table),
                        ("faithfulness", faithfulness_table)):
        assert run(saliency_page, test, "--page", page, *QUICK) == 0
        printed, filled = capsys.readouterr().out, page.read_text()
        summary = json.loads((tmp_path / f"runs/saliency/{test}.json").read_text())
        assert summary["faces"] == 2 and summary["source"] == "drawn faces"
        assert table(summary) in printed and f"-->\n{table(summary)}\n<!--" in filled
        assert (page.parent / f"figures/saliency-{test}.png").is_file()
    assert filled.startswith("top\n") and filled.count("old") == 3
    with np.load(tmp_path / "runs/saliency/randomisation.npz") as file:
        assert file["stages"].tolist() == ["trained", "dense1", "conv1", "another face"]
        assert file["signed"].shape == (7, 4, 2)
    with np.load(tmp_path / "runs/saliency/faithfulness.npz") as file:
        assert file["deletion, [random]"].shape == (2, len(file["share"]))


def test_mean_maps_over_a_part(model, page, tmp_path, capsys):
    assert run(saliency_page, "mean-maps", "--page", page, "--drawn", 210, "--method", "gradient",
               "gradient*input", "--overlay") == 0
    printed = capsys.readouterr().out
    assert "random network" in printed and "gradient*input: share of saliency (%)" in printed
    with np.load(tmp_path / "runs/saliency/mean-maps-gradient-input.npz") as file:
        names = file["names"].tolist()
        assert names[-2:] == ["all", "random network"]
        for name in NAMES:                          # an untrained network may never predict one
            assert (name in names) != (f"{name} is predicted for none" in printed)
        assert np.allclose(file["mean_maps"].sum(axis=(1, 2)), 1)
        assert np.allclose(sum(file[f"share_{region}"] for region in REGIONS), 1)
    assert (page.parent / "figures/saliency-mean-maps-gradient-input.png").is_file()


def test_a_page_gets_drawn_faces_only(model, page, capsys):
    save_face("me.png")
    for arguments in (["me.png"], []):
        assert run(saliency_page, "panel", "--page", page, *arguments) == 2
        assert "error: a panel of photographs" in capsys.readouterr().err
    assert not list((page.parent / "figures").iterdir())
    assert run(saliency_page, "panel", "--page", page, "--drawn", 60) == 0
    assert (page.parent / "figures/saliency-panel.png").is_file()


def test_speed_is_told_as_a_share_of_an_epoch(model, page, capsys, monkeypatch):
    monkeypatch.setattr(saliency_page, "ROUNDS", 1)
    monkeypatch.setattr(saliency_page, "BATCH", 4)
    assert run(saliency_page, "speed", "--page", page) == 0
    maps, epoch, ratio = (float(re.search(r"images: ([\d.]+)", line)[1])
                          for line in capsys.readouterr().out.splitlines()[:3])
    assert ratio == pytest.approx(maps / epoch, rel=0.2, abs=0.006)
