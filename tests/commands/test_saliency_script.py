"""The command saliency: panels of photographs, and the audit."""

import json
import re

import numpy as np
import pytest
from PIL import Image
from small import use_small_network
from tiny import small_cnn

from tinyfer.commands import saliency as script
from tinyfer.data import draw_faces
from tinyfer.data.drawn import EMOTIONS
from tinyfer.explain import randomisation
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


def test_maps_are_laid_over_faces():
    """Red for, blue against, as strong as the value; a map of zeros is clear."""
    value = np.zeros((48, 48))
    assert not script.over(value, (60, 60))[..., 3].any()
    value[10:14, 10:14], value[30:34, 30:34] = 4, -2
    red, blue = (script.over(value, (48, 48))[n, n] for n in (12, 32))
    assert red[0] > red[2] and blue[2] > blue[0] and 0.75 >= red[3] > blue[3] > 0.2


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
    monkeypatch.setattr(script, "saliency", lambda *_, **__: np.zeros((1, 48, 48)))
    save_face("me.png")
    assert run(script, "me.png", "--target", "sad", "--whole", "--method", "gradcam") == 0
    assert "gradcam is 0 everywhere for sad" in capsys.readouterr().out


def test_a_face_of_a_single_grey_has_no_map(model, call):
    Image.new("L", (48, 48), 90).save("grey.png")
    code, _, err = call(script.main, "grey.png", "--model", "net.npz")
    assert code == 2 and "error: grey.png: the face is of a single grey" in err


def test_all_methods_of_one_class(model):
    save_face("me.png")
    assert run(script, "me.png", "--target", "sad", "--whole", "--method", "all") == 0
    found = panel()
    for method, name in ("occlusion", "occlusion"), ("gradient*input", "gradient-input"):
        expected = saliency(model, found["faces"], "sad", method, signed=True)
        assert np.allclose(found[f"maps_{name}"], expected, atol=1e-7)


def test_the_audit_is_a_table_of_80_columns(model, capsys):
    """Its numbers are those of the functions, and stand in audit.json with more digits."""
    assert run(script, "--audit", "--drawn", 70, "--faces", 5, "--method", "gradcam") == 0
    out = capsys.readouterr().out
    table = out[out.index("\nmethod"):out.index("\nlayers random: ")].strip().split("\n")
    numbers = json.loads(open("runs/saliency/audit.json").read())
    rows = {line.split()[0]: line.split()[1:] for line in table[1:]}
    assert list(rows) == list(numbers["rows"]) == ["gradcam", "edges", "random"]
    assert max(map(len, out.split("\n"))) <= 80 and len(rows["gradcam"]) == 11
    faces = draw_faces(70, seed=1, class_names=[name for name in EMOTIONS if name in NAMES]).faces
    faces = faces[np.sort(np.random.default_rng(0).permutation(70)[:5])]
    _, alike = randomisation(model, faces, ("gradcam",))
    expected = [np.nanmean(alike[kind][0, s]) for kind in ("signed", "absolute") for s in (-2, -1)]
    assert np.allclose(np.float64(rows["gradcam"][:4]), expected, atol=0.0051)
    for place, kind in ((4, "deletion"), (6, "insertion")):
        found = numbers["rows"]["gradcam"][kind]
        gain = found["difference"] * (1 if kind == "insertion" else -1)
        mark = "*" if gain > 2 * found["difference_error"] else ""
        assert rows["gradcam"][place:place + 2] == [f"{found['area']:.2f}{mark}",
                                                    f"{found['mean_map']:.2f}"]
    assert rows["random"][-3:] == ["3", "3", "3"]
    for name in ("randomisation", "deletion", "planted"):
        with Image.open(f"runs/saliency/{name}.png") as picture:
            assert picture.width > 400


def test_pictures_of_your_own_are_audited(model, capsys):
    for seed in range(5):
        save_face(f"{seed}.png", seed)
    assert run(script, ".", "--audit", "--whole", "--method", "gradient") == 0
    assert "audit on 5 faces (pictures)" in capsys.readouterr().out
