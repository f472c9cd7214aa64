"""scripts/explore.py: the facts of a data set, counted by hand on a small one, and FER-2013's."""

import json
from pathlib import Path

import numpy as np
from realdata import fer2013, needs_fer2013

from tinyfer.commands import explore
from tinyfer.data import EMOTIONS, Faces
from tinyfer.data.drawn import draw_faces


def small():
    """42 faces; 1, 2 and 15 equal 0 (15 under another label, 2 in another part); 20 is blank."""
    rng = np.random.default_rng(0)
    faces = rng.integers(0, 256, (42, 48, 48)).astype(np.uint8)
    labels = np.arange(42) // 6
    six = ["Training", "Training", "PrivateTest", "Training", "PublicTest", "Training"]
    usage = np.tile(six, 7)
    faces[[1, 2, 15]] = faces[0]
    faces[20] = 7
    return Faces(faces, labels, usage, EMOTIONS, "drawn faces")


def test_facts_by_hand():
    facts = explore.facts_of(small(), 0)
    assert facts["parts"]["Training"] == {name: 4 for name in EMOTIONS}
    assert facts["parts"]["PublicTest"] == {name: 1 for name in EMOTIONS}
    assert facts["copies"] == dict(images=42, distinct=39, groups=1, members=4, across_parts=1,
                                   two_labels=1, leaked=1, blank=1)
    assert facts["leaks"]["official"] == {"validation": {"images": 7, "copies": 0},
                                          "test": {"images": 7, "copies": 1}}


def test_pictures_and_text(call, tmp_path, small_fer2013):
    code, out, _ = call(explore.main, "--data", small_fer2013, "--out", tmp_path)
    assert code == 0
    facts = json.loads((tmp_path / "facts.json").read_text())
    assert facts["copies"]["groups"] == 14 and facts["copies"]["leaked"] == 7
    assert "14 groups of copies have 28 members" in out and "do not publish" in out
    assert {file.name for file in tmp_path.glob("*.png")} == {
        "class-counts.png", "mean-faces.png", "samples.png"}
    assert call(explore.main, "--data", small_fer2013, "--out", tmp_path)[0] == 2, "it is kept"


def test_the_mean_face_is_the_mean(tmp_path, monkeypatch):
    data, drawn = draw_faces(70, seed=1), []
    monkeypatch.setattr(explore.plots, "gallery", lambda images, *_, **__: drawn.append(images))
    explore.draw_pictures(data, explore.facts_of(data, 0), tmp_path, 0)
    expected = [data.faces[data.labels == c].astype(float).mean(axis=0) for c in range(7)]
    assert np.allclose(drawn[0], expected)


@needs_fer2013
def test_the_facts_of_fer2013():
    facts = explore.facts_of(fer2013(), 0)
    assert list(facts["parts"]["Training"].values()) == [3995, 436, 4097, 7215, 4965, 4830, 3171]
    assert sum(facts["parts"]["PrivateTest"].values()) == 3589
    copies = facts["copies"]
    assert (copies["images"], copies["distinct"]) == (35_887, 34_034)
    assert (copies["groups"], copies["members"]) == (1_516, 3_369)
    assert (copies["across_parts"], copies["leaked"]) == (557, 288)
    assert (copies["two_labels"], copies["blank"]) == (57, 12)
    assert facts["leaks"]["official"]["test"]["copies"] == 288


def test_nothing_of_fer2013_is_in_the_repository():
    """No file of the format of the data set but NASA's portrait, which is of the public domain."""
    root = Path(__file__).parents[2]
    for folder in ("tinyfer", "scripts", "docs", "tests"):
        assert {f.name for f in (root / folder).rglob("*")
                if f.suffix.lower() in (".jpg", ".jpeg", ".zip", ".csv")} <= {"astronaut.jpg"}
