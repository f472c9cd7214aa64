"""scripts/lab/score_changes.py: what it changes, and what it says of a network."""

import numpy as np
import pytest
import score_changes
from score_changes import BESIDE, CHANGES

from tinyfer.data import draw_faces


@pytest.mark.parametrize("name", CHANGES | BESIDE)
def test_a_change_is_the_same_each_time(name):
    faces = draw_faces(14, seed=1).faces
    changed, again = ((CHANGES | BESIDE)[name](faces) for _ in range(2))
    assert changed.shape == faces.shape and changed.dtype == np.uint8
    assert np.array_equal(changed, again) and not np.array_equal(changed, faces)


def test_changes_by_hand():
    face = np.arange(48 * 48, dtype=np.uint64).reshape(1, 48, 48) // 10
    face = face.astype(np.uint8)
    moved = CHANGES["moved by 4 pixels"](face)
    assert np.array_equal(moved[:, :, 4:], face[:, :, :44])
    assert np.array_equal(moved[:, :, 0], face[:, :, 0])
    assert np.array_equal(CHANGES["0.4 of the light"](face), (face * 0.4).astype(np.uint8))
    flat = np.full((2, 48, 48), 100, np.uint8)
    for change in (*list(CHANGES.values())[:3], *list(CHANGES.values())[4:], BESIDE[
            "tilted by 15 degrees"]):
        assert (change(flat) == 100).all()


def test_the_table_of_a_network(call, refused, small_fer2013, tmp_path):
    page = tmp_path / "page.md"
    page.write_text("<!-- begin changes -->\n<!-- end changes -->\n")
    code, out, _ = call(score_changes.main, "seven-class", "--data", small_fer2013, "--fill", page)
    assert code == 0 and out.strip() in page.read_text()
    rows = dict(line.strip("| ").split(" | ") for line in out.splitlines() if "---" not in line)
    six = [float(rows[name]) for name in CHANGES]
    assert float(rows["mean of these six"].strip("*")) == pytest.approx(np.mean(six), abs=0.1)


def test_networks_of_one_table_have_one_validation_part(call, refused, small_fer2013):
    code, out, _ = call(score_changes.main, "binary", "binary-robust", "--data", small_fer2013)
    assert code == 0 and "recall of positive" in out
    assert "not the validation part of binary" in refused(
        score_changes.main, "binary", "five-class", "--data", small_fer2013)
