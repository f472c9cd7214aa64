"""Faces holds only what fits together, and says what does not."""

import numpy as np
import pytest

from tinyfer.data import Faces


def test_faces_hold_what_fits_together():
    faces, labels = np.zeros((3, 48, 48), np.uint8), np.array([0, 1, 1], np.int32)
    usage = np.array(["Training", "PublicTest", "PrivateTest"])
    data = Faces(faces, labels, usage, ["a", "b"], "noise")
    assert len(data) == 3 and data.counts().tolist() == [1, 2]
    assert data.labels.dtype == np.int64 and data.class_names == ("a", "b")
    assert data[np.array([2, 0])].usage.tolist() == ["PrivateTest", "Training"]
    assert data[data.labels == 1].labels.tolist() == [1, 1] and len(data[:0]) == 0
    with pytest.raises(TypeError):
        data[0]
    good = dict(faces=faces, labels=labels, usage=usage, class_names=("a", "b"), source="noise")
    for name, value, message in (
        ("faces", faces.astype(float), "uint8 of shape .N, 48, 48., not float64"),
        ("faces", faces[:, :47], "not uint8 of shape .3, 47, 48."),
        ("labels", labels[:2], "3 faces need 3 labels"),
        ("usage", usage[:2], "3 usages"),
        ("labels", labels + 1, "labels must lie in 0 to 1 for 2 classes, but reach from 1 to 2"),
        ("labels", labels - 1, "but reach from -1 to 0"),
        ("labels", labels + 0.5, "labels must be integers, not float64"),
        ("usage", np.array(["Training", "Test", "Training"]), "not 'Test'"),
    ):
        with pytest.raises(ValueError, match=message):
            Faces(**(good | {name: value}))
