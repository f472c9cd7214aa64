"""One's own pictures to train on: train/ and test/ with a folder for each class, names free."""

import numpy as np
import pytest
import train
from PIL import Image
from small import use_small_network

from tinyfer import runs
from tinyfer.datasets import draw_faces, load_fer2013
from tinyfer.evaluation import parts_of

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


def test_usages_labels_and_sizes(mine):
    data = load_fer2013(mine)
    assert data.class_names == NAMES and data.source == "the folder mine"
    assert [int((data.usage == u).sum()) for u in ("Training", "PublicTest", "PrivateTest")] == [
        80, 10, 10]
    assert data.counts().tolist() == [20] * 5
    drawn = draw_faces(140, seed=3)
    assert np.array_equal(data.faces[0], drawn.faces[drawn.labels == 0][0])


def test_a_network_is_trained_and_scored_on_them(mine, monkeypatch, tmp_path, capsys):
    use_small_network(monkeypatch)
    monkeypatch.chdir(tmp_path)
    assert train.main(["--data", "mine", "--epochs", "1", "--out", "run"]) == 0
    out = capsys.readouterr().out
    assert "the folder mine: 70 train, 20 validation, 10 test" in out and "FER-2013" not in out
    parts, _ = parts_of(runs.open_run("run"))
    assert len(parts.test) == 10
    assert train.main(["--data", "mine", "--classes", "7"]) == 2
    assert "the set of 7 classes needs disgust, but this data has only angry, fear" in (
        capsys.readouterr().err)


def test_faults_are_named(mine):
    for change, words in [
        (lambda: (mine / "train/smug").mkdir(), "the class 'smug' is unknown"),
        (lambda: (mine / "train/smug").rename(mine / "train/neutral"),
         "the class 'neutral' is not in both train/ and test/"),
        (lambda: (mine / "test/neutral").mkdir(), "neutral holds no picture"),
        (lambda: (mine / "train/neutral/a.png").write_text("x"), "a.png cannot be read"),
    ]:
        change()
        with pytest.raises(ValueError, match=words):
            load_fer2013(mine)
