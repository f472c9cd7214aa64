"""The command saliency: panels of faces and photographs."""

import re

import numpy as np
import pytest
from PIL import Image
from small import use_small_network
from tiny import small_cnn

from tinyfer.commands import saliency as script
from tinyfer.commands.maps import pictures
from tinyfer.data import draw_faces
from tinyfer.explain.saliency import saliency
from tinyfer.photo.reading import read_photo

NAMES = ("happy", "neutral", "sad")


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
