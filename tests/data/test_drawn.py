"""Drawn faces: the same for the same seed, as many of each kind as asked for."""

import numpy as np
import pytest

from tinyfer.data import EMOTIONS, draw_face, draw_faces, drawn, split
from tinyfer.data.drawn import FER_COUNTS, measures


def test_same_seed_same_faces():
    a, b, c = draw_faces(30, seed=4), draw_faces(30, seed=4), draw_faces(30, seed=5)
    assert np.array_equal(a.faces, b.faces) and np.array_equal(a.labels, b.labels)
    assert not np.array_equal(a.labels, c.labels)
    assert (a.faces == c.faces).mean() < 0.1
    assert a.source == "drawn faces" and a.class_names == EMOTIONS
    assert len(np.unique(a.faces, axis=0)) == 30, "no two alike"


def test_labels_tell_the_expression(monkeypatch):
    seen = []
    monkeypatch.setattr(drawn, "measures", lambda e, rng: seen.extend(e) or measures(e, rng))
    data = draw_faces(30, class_names=("sad", "angry"))
    assert [EMOTIONS[e] for e in seen] == [data.class_names[label] for label in data.labels]


@pytest.mark.parametrize("n", [0, 1, 13, 25])
def test_any_number_of_faces_of_any_classes(n):
    data = draw_faces(n)
    assert data.faces.shape == (n, 48, 48) and len(data) == n and np.ptp(data.counts()) <= 1
    data = draw_faces(3 * n, class_names=["sad", "angry", "happy"])
    assert data.class_names == ("sad", "angry", "happy") and data.counts().tolist() == [n] * 3
    with pytest.raises(ValueError, match="cannot draw 'happy'.* each once"):
        draw_faces(n, class_names=("happy", "happy"))


def test_imbalanced_as_fer2013_is():
    data = draw_faces(300, imbalanced=True)
    share = np.array(list(FER_COUNTS.values())) / sum(FER_COUNTS.values())
    assert np.abs(data.counts() - 300 * share).max() <= 1
    assert 0 < data.counts()[EMOTIONS.index("disgust")] < 8


def test_both_splits_work_and_have_fer2013s_proportions():
    data = draw_faces(350, seed=1)
    for kind, expected in (("report", (70, 20, 10)), ("official", (80, 10, 10))):
        parts = split(data, kind)
        assert np.allclose([100 * len(part) / 350 for part in parts], expected, atol=2)
        assert all(part.counts().min() > 0 for part in parts)


def test_the_expression_is_all_that_differs_between_plain_faces():
    faces = {emotion: draw_face(emotion).astype(int) for emotion in EMOTIONS}
    for emotion, face in faces.items():
        assert np.array_equal(face, draw_face(emotion))
        for other in EMOTIONS[: EMOTIONS.index(emotion)]:
            changed = np.abs(face - faces[other]) > 8
            assert 20 < changed.sum() < 800
            assert not changed[:6].any() and not changed[:, :8].any()


def test_measures_can_be_fixed():
    glasses = draw_face("happy", glasses=1) < draw_face("happy", glasses=0)
    rows, columns = np.nonzero(glasses)
    assert 60 < glasses.sum() < 250 and 10 < rows.min() and rows.max() < 30
    with pytest.raises(ValueError, match="'mood' is no measure of a drawn face; those are brow_in"):
        draw_face("happy", mood=1)
    with pytest.raises(ValueError, match="expression must be one of angry, .*, not 'bored'"):
        draw_face("bored")
