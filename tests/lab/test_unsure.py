"""score_unsure.py: how many answers are called unsure, and what the others are worth."""

import re

import numpy as np
import score_unsure
from small import use_small_network
from tiny import small_cnn

from tinyfer.data import EMOTIONS, load_fer2013
from tinyfer.photo.reading import AHEAD, SURE


def test_the_rule_is_measured_as_it_is_stated(call, monkeypatch, tmp_path, small_fer2013, refused):
    use_small_network(monkeypatch)
    model = small_cnn(7, seed=1, class_names=EMOTIONS)
    for p in model.parameters():
        p.value *= 3                    # or it is unsure of all
    model.save(tmp_path / "net.npz")
    code, out, _ = call(score_unsure.main, tmp_path / "net.npz", "--data", small_fer2013,
                        "--crops", 1)
    public, private = (float(row) for row in re.findall(
        rf"^ *{SURE} +{AHEAD} +(\S+) .*\*$", out, re.MULTILINE))
    assert code == 0
    data = load_fer2013(small_fer2013)
    for usage, fraction in ("PublicTest", public), ("PrivateTest", private):
        p = np.sort(model.predict_proba(data.faces[data.usage == usage]), axis=1)
        unsure = (p[:, -1] < SURE) | (p[:, -1] - p[:, -2] < AHEAD)
        assert abs(unsure.mean() - fraction) < 1e-3 and 0 < fraction < 1
    small_cnn(3, seed=1, class_names=EMOTIONS[:3]).save(tmp_path / "three.npz")
    assert "has other classes" in refused(score_unsure.main, tmp_path / "three.npz", "--data",
                                          small_fer2013)
