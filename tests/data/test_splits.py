"""The parts of a data set: exact counts, draws that repeat, classes that merge, copies found."""

from dataclasses import replace

import numpy as np
import pytest
from realdata import fer2013, needs_fer2013

from tinyfer.data import CLASS_SETS, EMOTIONS, Faces, Parts, duplicates
from tinyfer.data.splits import class_weights, select_classes, split, undersample


def numbered_faces(counts, class_names=EMOTIONS, seed=0):
    """counts[usage][class] faces in random order; face i carries i in its first two pixels."""
    labels = np.concatenate([np.repeat(np.arange(len(class_names)), c) for c in counts.values()])
    usage = np.repeat(list(counts), [sum(c) for c in counts.values()])
    order = np.random.default_rng(seed).permutation(len(labels))
    faces = np.zeros((len(labels), 48, 48), dtype=np.uint8)
    faces[:, 0, 0], faces[:, 0, 1] = np.arange(len(labels)) % 256, np.arange(len(labels)) // 256
    return Faces(faces, labels[order], usage[order], class_names, "numbers")


def ids(part):
    return (part.faces[:, 0, 0] + 256 * part.faces[:, 0, 1].astype(int)).tolist()


@pytest.fixture
def data():
    counts = (40, 12, 43, 72, 51, 47, 33), (5, 2, 6, 9, 6, 6, 5), (6, 1, 5, 8, 7, 6, 4)
    return numbered_faces(dict(zip(("Training", "PublicTest", "PrivateTest"), counts)))


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
        ("faces", faces[:, :47], "not uint8 of shape .3, 47, 48."),
        ("labels", labels[:2], "3 faces need 3 labels"),
        ("labels", labels + 1, "labels must lie in 0 to 1 for 2 classes, but reach from 1 to 2"),
        ("labels", labels + 0.5, "labels must be integers, not float64"),
        ("usage", np.array(["Training", "Test", "Training"]), "not 'Test'"),
    ):
        with pytest.raises(ValueError, match=message):
            Faces(**(good | {name: value}))


# The two splits

def test_report_split_divides_everything_once(data):
    parts = split(data, "report", seed=3)
    assert sorted(sum(map(ids, parts), [])) == list(range(len(data)))
    assert set(parts.validation.usage) == {"PublicTest", "PrivateTest"}
    assert set(parts.train.usage) == set(parts.test.usage) == {"Training"}
    for part in parts:
        assert ids(part) == sorted(ids(part)), "the order of the data is kept"
    tests = {tuple(ids(split(data, "report", seed).test)) for seed in (0, 0, 1, 2)}
    assert len(tests) == 3, "drawn anew with another seed only"


@pytest.mark.parametrize("n, drawn", [(3, 0), (4, 1), (11, 1), (12, 2), (20, 3)])
def test_test_part_is_an_eighth_rounded_half_up(n, drawn):
    # Rounding half to even would give 0 for 4 and 2 for 20.
    data = numbered_faces({"Training": (n, 8), "PublicTest": (1, 1)}, ("a", "b"))
    assert split(data, "report").test.counts().tolist() == [drawn, 1]


@pytest.mark.parametrize("classes", [6, 5, 3])
def test_selecting_classes_before_or_after_the_split_is_the_same(data, classes):
    before = split(select_classes(data, classes), "report", seed=5)
    after = [select_classes(part, classes) for part in split(data, "report", seed=5)]
    for a, b in zip(before, after):
        assert ids(a) == ids(b) and np.array_equal(a.labels, b.labels)


def test_official_split_is_the_usage(data):
    parts = split(data, "official")
    for part, usage in zip(parts, ("Training", "PublicTest", "PrivateTest")):
        assert ids(part) == ids(data[data.usage == usage])
    assert ids(split(data, "official", seed=9).test) == ids(parts.test)


    with pytest.raises(ValueError, match="empty test part"):
        split(data[data.usage != "PrivateTest"], "official")
    with pytest.raises(ValueError, match="set of 6 classes needs neutral, but this data has only"):
        select_classes(select_classes(data, 5), 6)


# Class sets

@pytest.mark.parametrize("classes, names", [
    (7, "angry disgust fear happy neutral sad surprise"),
    (6, "angry fear happy neutral sad surprise"),
    (5, "angry fear happy sad surprise"),
    (3, "happy neutral sad"),
    (2, "negative positive"),
])
def test_selected_classes_keep_their_faces(data, classes, names):
    part = select_classes(data, classes)
    assert part.class_names == tuple(names.split())
    old = {i: data.class_names[k] for i, k in zip(ids(data), data.labels)}
    for i, label in zip(ids(part), part.labels):
        assert old[i] in CLASS_SETS[classes][part.class_names[label]]
    kept = sum(CLASS_SETS[classes].values(), ())
    assert ids(part) == [i for i in ids(data) if old[i] in kept]


# Balance

def test_undersampling_keeps_as_many_as_the_smallest_class_has(data):
    part = undersample(data, seed=1)
    assert part.counts().tolist() == [15] * 7
    assert ids(part) == sorted(ids(part)) and set(ids(part)) <= set(ids(data))
    disgust = EMOTIONS.index("disgust")
    assert ids(part[part.labels == disgust]) == ids(data[data.labels == disgust])
    assert ids(part) == ids(undersample(data, seed=1)) != ids(undersample(data, seed=2))
    with pytest.raises(ValueError, match="none of them is of the class disgust"):
        undersample(data[data.labels != disgust])


def test_class_weights_by_hand():
    weights = class_weights(np.array([0, 1, 1, 1, 2, 2]), 3)
    assert weights.tolist() == [2, 2 / 3, 1] and weights.dtype == np.float64
    with pytest.raises(ValueError, match="class 1 of 3 has no image"):
        class_weights(np.array([0, 2, 2]), 3)


# Exact copies

@pytest.fixture
def copies():
    """Nine faces, by what they show: a a b c | a d | b e e. Face e is one single grey."""
    rng = np.random.default_rng(0)
    pictures = dict(zip("abcd", rng.integers(0, 256, (4, 48, 48), dtype=np.uint8)))
    pictures["e"] = np.full((48, 48), 7, dtype=np.uint8)
    faces = np.stack([pictures[name] for name in "aabcadbee"])
    usage = ["Training"] * 4 + ["PublicTest"] * 2 + ["PrivateTest"] * 3
    return Faces(faces, [0, 1, 1, 0, 0, 1, 1, 0, 1], usage, ("x", "y"), "pictures")


def test_copies_by_hand(copies):
    assert duplicates.duplicate_groups(copies.faces).tolist() == [0, 0, 1, 2, 0, 3, 1, 4, 4]
    faces = copies.faces[[0, 0, 0]].copy()
    faces[1, 47, 47] ^= 1
    assert duplicates.duplicate_groups(faces).tolist() == [0, 1, 0], "one pixel makes another image"
    assert duplicates.duplicate_facts(copies) == dict(
        images=9, distinct=5, groups=3, members=7, across_parts=2, two_labels=2, leaked=1, blank=2)
    training, public, private = (copies[s] for s in (slice(0, 4), slice(4, 6), slice(6, 9)))
    assert duplicates.seen_in(private, training).tolist() == [True, False, False]
    assert duplicates.seen_in(training, public).tolist() == [True, True, False, False]
    train, validation, test = duplicates.drop_duplicates(Parts(training, public, private))
    assert np.array_equal(train.faces, copies.faces[3:4])
    assert validation is public and test is private


# The real data

@needs_fer2013
def test_fer2013_is_recognised_in_any_order_and_unchanged():
    data = fer2013()
    assert duplicates.is_published(data[::-1])
    assert not duplicates.is_published(data[:-1])
    private = np.where(data.usage == "PrivateTest", "Training", data.usage)
    faces = data.faces.copy()
    faces[0, 0, 0] ^= 1
    for change in dict(usage=private), dict(labels=(data.labels + 1) % 7), dict(faces=faces):
        assert not duplicates.is_published(replace(data, **change))
