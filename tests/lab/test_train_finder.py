"""train_finder.py: what is missing is said, and a run that was stopped ends the same."""

import zipfile

import numpy as np
import pytest
import train_finder
from finder import calibration
from finder.calibration import fit_sigmoid
from finder.sources import Sources, _banks

from tinyfer.data import draw_faces
from tinyfer.data.drawn_scenes import draw_scene
from tinyfer.photo.finder import Finder, face_look, face_scan


def sources(seed):
    """Drawn faces in the place of photographs, and drawn scenes."""
    faces = draw_faces(24, seed=seed)
    scenes = [draw_scene(0, seed=seed + i, height=70, width=90)[0].mean(axis=2).astype(np.uint8)
              for i in range(3)]
    loose = np.pad(faces.faces, ((0, 0), (7, 7), (7, 7)), mode="edge")
    return Sources(_banks(faces.faces, loose, faces.faces), scenes, faces.labels)


@pytest.fixture
def small(monkeypatch):
    """Two epochs of scan in two rounds, one of look."""
    networks = {name: (build, size, rounds, 1, 2) for (name, (build, size, *_)), rounds
                in zip(train_finder.NETWORKS.items(), (2, 1))}
    monkeypatch.setattr(train_finder, "NETWORKS", networks)
    monkeypatch.setattr(train_finder, "set_threads", lambda n: 1)
    monkeypatch.setattr(train_finder, "BATCH", 12)
    monkeypatch.setattr(train_finder, "VALIDATION", 12)
    monkeypatch.setattr(train_finder, "calibrate", lambda *_: (1.0, 0.0))      # it takes a while
    monkeypatch.setattr(train_finder, "read_sources", lambda *_: (sources(1), sources(2)))


def test_calibration_goes_into_the_last_layer(monkeypatch):
    monkeypatch.setattr(calibration, "PICTURES", 2)
    monkeypatch.setattr(calibration, "fit_sigmoid", lambda z, hit: (2.0, -1.0))
    look, x = face_look(seed=0), np.random.default_rng(0).random((3, 46, 46, 1), np.float32)
    before = look.forward(x)
    calibration.calibrate(Finder(face_scan(seed=0), look), look, sources(2), 0)
    after = look.forward(x)
    z, calibrated = (out[:, 1] - out[:, 0] for out in (before, after))
    assert np.allclose(calibrated, 2 * z - 1, atol=1e-5)
    assert np.array_equal(after[:, 2:], before[:, 2:])


def test_a_stopped_run_ends_with_the_same_weights(capsys, monkeypatch, small, tmp_path):
    given = ["--faces", "x", "--data", "y"]
    assert train_finder.main([*given, "--out", str(tmp_path / "whole")]) == 0
    judge, calls = train_finder.judge, []

    def stop_at_the_second(*arguments):
        calls.append(1)
        if len(calls) == 2:
            raise KeyboardInterrupt
        return judge(*arguments)

    monkeypatch.setattr(train_finder, "judge", stop_at_the_second)
    assert train_finder.main([*given, "--out", str(tmp_path / "two")]) == 130
    assert train_finder.main([*given, "--out", str(tmp_path / "two"), "--seed", "1"]) == 2
    assert "has the settings" in capsys.readouterr().err
    assert train_finder.main([*given, "--out", str(tmp_path / "two")]) == 0
    assert len(calls) == 1 + 3, "the finished epoch was not repeated"
    for name in ("scan.npz", "look.npz"):
        whole, two = (np.load(tmp_path / run / name) for run in ("whole", "two"))
        assert whole.files == two.files
        assert all(np.array_equal(whole[key], two[key]) for key in whole.files)
    assert (tmp_path / "two" / "look-curves.png").is_file()


@pytest.mark.parametrize("names, words", [
    (None, "there is no archive"), ([], "no pictures in a folder Caltech_CropFaces/"),
    (["Caltech_CropFaces/a.txt"], "no pictures in a folder Caltech_CropFaces/")])
def test_missing_data_are_said_in_a_sentence(capsys, tmp_path, names, words):
    archive = tmp_path / "faces.zip"
    if names is not None:
        with zipfile.ZipFile(archive, "w") as file:
            for name in names:
                file.writestr(name, "")
    code = train_finder.main(["--faces", str(archive), "--data", "y", "--out", str(tmp_path / "r")])
    err = capsys.readouterr().err
    assert code == 2 and words in err and err.count("\n") == 1 and len(err) < 200
    assert not list(tmp_path.glob("r/*")), "nothing is in the way of the next attempt"


def test_the_sigmoid_of_drawn_hits_is_found_again():
    rng = np.random.default_rng(0)
    z = rng.normal(0, 3, 4000)
    hit = rng.random(4000) < 1 / (1 + np.exp(-(1.5 * z - 2)))
    assert np.allclose(fit_sigmoid(z, hit), (1.5, -2), atol=0.15)
