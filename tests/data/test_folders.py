"""One's own pictures to train on: a folder for each class, in train/ and test/ or not."""

import json
import re
import shutil

import numpy as np
import pytest
from PIL import Image
from small import draw_nothing, use_small_network

from tinyfer.commands import evaluate, train
from tinyfer.data import draw_face, draw_faces, load_fer2013
from tinyfer.data.pictures import face_of
from tinyfer.photo.reading import largest_face
from tinyfer.training import runs
from tinyfer.training.evaluation import parts_of

NAMES = ("angry", "fear", "happy", "sad", "surprise")


@pytest.fixture
def mine(tmp_path):
    """Sixteen pictures of each of five classes in train/, four in test/, of several sizes."""
    data = draw_faces(140, seed=3)
    for name in NAMES:
        members = data.faces[data.labels == data.class_names.index(name)]
        for n, face in enumerate(members[:20]):
            place = tmp_path / "mine" / ("train" if n < 16 else "test") / name.title()
            place.mkdir(parents=True, exist_ok=True)
            size = (48, 60 + n)[n % 2]
            Image.fromarray(face).resize((size, size)).save(place / f"{n} me.png")
    return tmp_path / "mine"


def test_a_network_is_trained_and_scored_on_them(mine, monkeypatch, tmp_path, capsys):
    use_small_network(monkeypatch)
    draw_nothing(monkeypatch)
    monkeypatch.chdir(tmp_path)
    assert train.main(["--data", "mine", "--epochs", "1", "--out", "run"]) == 0
    out = capsys.readouterr().out
    assert "the folder mine: 70 train, 20 validation, 10 test" in out and "FER-2013" not in out, out
    parts, _ = parts_of(runs.open_run("run"))
    assert len(parts.test) == 10
    assert evaluate.main(["seven-class", "--data", "mine", "--out", "scores"]) == 0
    assert "the folder mine, 20 images" in capsys.readouterr().out, "its test folder"
    assert train.main(["--data", "mine", "--batch-size", "1", "--out", "one"]) == 2
    assert not (tmp_path / "one").exists()
    assert train.main(["--data", "mine", "--classes", "7"]) == 2
    assert "the set of 7 classes needs disgust, but this data has only angry, fear" in (
        capsys.readouterr().err)
    assert train.new_config({"data": "mine"}).split == "report"
    shutil.copytree("mine/test", "mine/val")
    assert train.new_config({"data": "mine"}).split == "official", "its parts are as they are"


@pytest.fixture
def pets(tmp_path):
    """A plain folder: two classes that FER-2013 has not, thirty drawn faces and ten."""
    data = draw_faces(40, seed=4)
    for n, face in enumerate(data.faces):
        place = tmp_path / "pets" / ("calm cat" if n < 30 else "Dog")
        place.mkdir(parents=True, exist_ok=True)
        size = (50 + n, 60) if n % 20 == 0 else (48, 48)
        Image.fromarray(face).resize(size).save(place / f"{n}.png")
    return tmp_path / "pets"


def test_a_network_of_classes_of_ones_own(pets, monkeypatch, tmp_path, capsys):
    """Trained, resumed, scored on its own test part, and on other pictures of its classes."""
    use_small_network(monkeypatch)
    monkeypatch.chdir(tmp_path)
    assert train.main(["--data", "pets", "--epochs", "1", "--find-faces"]) == 0
    folder = "runs/own-weights-report-found-seed0"
    out = capsys.readouterr().out
    assert re.search(r"the folder pets \(faces found in \d+ of 40 pictures\): 28 train, "
                     "8 validation, 4 test; classes calm cat, dog", out)
    assert train.main(["--resume", folder, "--epochs", "2"]) == 0
    made = runs.open_run(folder)
    assert made.config.find_faces and made.config.classes == "own" and len(made.history) == 2
    for options, images in (["--data", "pets"], 4), (["--data", "others"], 40):
        shutil.copytree("pets", "others", dirs_exist_ok=True)
        code = evaluate.main([folder, *options, "--out", "scores", "--force"])
        assert code == 0, capsys.readouterr().err
        assert json.loads((tmp_path / "scores/metrics.json").read_text())["n"] == images
        assert "faces found in" in capsys.readouterr().out
    assert train.main(["--data", "pets", "--experiment", "5"]) == 2
    assert "needs happy, but this data has only calm cat, dog" in capsys.readouterr().err


def test_the_largest_face_is_found(pets):
    """Of two faces the larger is taken; a picture without a face is taken whole, and counted."""
    scene = np.full((300, 400), 200, np.uint8)
    for x, y, side, seed in ((20, 30, 60, 1), (200, 100, 150, 2)):
        face = draw_face("happy", np.random.default_rng(seed))
        scene[y:y + side, x:x + side] = np.asarray(Image.fromarray(face).resize((side, side)))
    for picture in pets.rglob("*.png"):
        side = 60 if picture.stem in ("5", "15", "25") else 48      # of 48, it is a face already
        Image.new("L", (side, side), 90).save(picture)
    Image.fromarray(scene).save(pets / "Dog" / "39.png")
    x, y, w, h = largest_face(Image.fromarray(scene))
    assert abs(x + w / 2 - 275) < 25 and abs(y + h / 2 - 175) < 25
    data = load_fer2013(pets, find=largest_face)
    assert data.source == "the folder pets (faces found in 37 of 40 pictures)"
    assert (data.faces == 90).all(axis=(1, 2)).sum() == 39
    assert np.array_equal(data.faces[-1], face_of(Image.fromarray(scene), (x, y, w, h)))


def test_finding_is_for_ones_own_pictures(monkeypatch, tmp_path, capsys):
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("TINYFER_DATA", raising=False)
    assert train.main(["--drawn", "70", "--find-faces"]) == 2
    assert evaluate.main(["five-class", "--find-faces"]) == 2
    assert capsys.readouterr().err.count("--find-faces needs --data with a folder") == 2
