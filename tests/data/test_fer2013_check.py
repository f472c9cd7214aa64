"""FER-2013 is recognised by its images, and what differs is counted: here with a small one."""

from collections import Counter
from dataclasses import replace

import numpy as np
import pytest
from realdata import fer2013, needs_fer2013

from tinyfer.data import EMOTIONS, Faces, fer2013_check

NOTHING = dict(missing=0, new=0, copies=0, moved={})


@pytest.fixture
def small(monkeypatch, tmp_path):
    """84 images, 80 and 81 of them equal, which are "as published"."""
    rng = np.random.default_rng(0)
    faces = rng.integers(0, 256, (84, 48, 48)).astype(np.uint8)
    faces[81] = faces[80]
    usage = np.repeat(["Training", "PublicTest", "PrivateTest"], 28)
    data = Faces(faces, np.arange(84) % 7, usage, EMOTIONS, "FER-2013")
    fer2013_check.write_known(data, tmp_path / "known.npz")
    monkeypatch.setattr(fer2013_check, "KNOWN", tmp_path / "known.npz")
    fer2013_check._known.cache_clear()
    yield data
    fer2013_check._known.cache_clear()


def test_order_does_not_matter(small):
    mixed = small[np.random.default_rng(1).permutation(84)]
    assert fer2013_check.differences(mixed) == dict(same=True, images=84) | NOTHING
    assert fer2013_check.sentence(mixed).startswith("these are the")


def test_differences_by_hand(small):
    faces, labels, usage = small.faces.copy(), small.labels.copy(), small.usage.copy()
    faces[0, 5, 5] ^= 1                         # one new, one missing
    usage[[60, 67]] = "Training"                # 60 % 7 = 67 % 7 = 4: neutral
    labels[30] = 0                              # a PublicTest fear becomes angry
    index = np.concatenate([np.arange(84), [3, 3, 80]])[1:]     # 0, the new one, is left out
    changed = Faces(faces, labels, usage, EMOTIONS, "FER-2013")[index]
    facts = fer2013_check.differences(changed)
    assert facts == dict(same=False, images=86, missing=1, new=0, copies=3, moved={
        "PrivateTest neutral to Training neutral": 2, "PublicTest fear to PublicTest angry": 1})
    facts = fer2013_check.differences(Faces(faces, labels, usage, EMOTIONS, "FER-2013"))
    assert (facts["missing"], facts["new"], facts["copies"]) == (1, 1, 0)
    words = fer2013_check.sentence(changed)
    assert words.startswith("THIS IS NOT FER-2013 AS PUBLISHED") and len(words) < 200
    assert "1 missing" in words and "3 moved (2 of them from PrivateTest neutral" in words


def test_test_images_mixed_into_training_are_seen(small):
    usage = np.where(small.usage == "PrivateTest", "Training", small.usage)
    facts = fer2013_check.differences(replace(small, usage=usage))
    assert sum(facts["moved"].values()) == 28 and facts["missing"] == facts["new"] == 0


def test_other_pixels_are_told_from_other_images(small):
    """As in the csv of the challenge, which was not compressed."""
    other = replace(small, faces=small.faces ^ 1)
    assert "is the same" in fer2013_check.sentence(other)
    assert "differs as well" in fer2013_check.sentence(other[:-1])


def test_the_packaged_file_is_of_35887_images():
    fer2013_check._known.cache_clear()
    numbers = Counter(place // 7 for place in (p for _, p in fer2013_check._known().elements()))
    assert numbers == {0: 28_709, 1: 3_589, 2: 3_589}


@needs_fer2013
def test_fer2013_itself():
    assert fer2013_check.differences(fer2013()) == dict(same=True, images=35_887) | NOTHING
