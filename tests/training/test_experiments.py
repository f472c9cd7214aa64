"""The study's experiments: their set-ups resolve, and their data has the study's counts."""

from dataclasses import replace

import numpy as np
import pytest
from realdata import fer2013, needs_fer2013

from tinyfer.data import EMOTIONS, Faces, draw_faces, seen_in, select_classes, split
from tinyfer.training.config import Config
from tinyfer.training.experiments import BINARIZED, EXPERIMENTS, binarize, prepare, resolve


@pytest.fixture
def data():
    """300 faces of noise; 20 of Training have a copy in PrivateTest."""
    rng = np.random.default_rng(0)
    faces = rng.integers(0, 256, (300, 48, 48), dtype=np.uint8)
    usage = np.repeat(["Training", "PublicTest", "PrivateTest"], [240, 30, 30])
    faces[:20] = faces[270:290]
    return Faces(faces, np.arange(300) % 7, usage, EMOTIONS, "noise")


def test_the_eight_and_the_official_one():
    assert list(EXPERIMENTS) == [*"12345678", "official7"]
    for number, experiment in EXPERIMENTS.items():
        assert experiment.number == number
        assert resolve(experiment.classes, experiment.balance, experiment.split) is experiment
    assert resolve(5, "none", "official").number == ""


@pytest.mark.parametrize("setup, message", [
    ((4, "none", "report"), "classes must be one of 7, 6, 5, 3, 2, not 4"),
    ((5, "oversample", "report"), "balance must be one of none, weights, undersample"),
    ((5, "none", "mine"), "split must be one of report, official, not 'mine'"),
])
def test_unknown_setups_are_named(setup, message, data):
    with pytest.raises(ValueError, match=message):
        prepare(data, setup)


def test_all_experiments_of_a_seed_share_their_test_images(data):
    whole = split(data, "report", seed=4).test
    for classes in (6, 5, 3, 2):
        test = prepare(data, (classes, "none", "report"), seed=4).test
        assert np.array_equal(test.faces, select_classes(whole, classes).faces)


def test_balance_touches_all_three_parts_or_none(data):
    plain = prepare(data, (5, "none", "report"))
    for a, b in zip(prepare(data, (5, "weights", "report")), plain):
        assert np.array_equal(a.faces, b.faces)
    for part, whole in zip(prepare(data, (5, "undersample", "report")), plain):
        assert set(part.counts()) == {whole.counts().min()}


@pytest.mark.parametrize("kind", ["report", "official"])
def test_without_duplicates_nothing_scored_was_trained_on(data, kind):
    plain = prepare(data, (7, "none", kind))
    assert seen_in(plain.train, plain.validation).any() or seen_in(plain.train, plain.test).any()
    clean = prepare(data, (7, "none", kind), drop_duplicates=True)
    for part in ("validation", "test"):
        assert not seen_in(clean.train, getattr(clean, part)).any()
        assert np.array_equal(getattr(plain, part).faces, getattr(clean, part).faces)


def test_a_class_without_training_images_is_named(data):
    kept = data[(data.labels != EMOTIONS.index("fear")) | (data.usage != "Training")]
    with pytest.raises(ValueError, match="no training image is of the class fear"):
        prepare(kept, EXPERIMENTS["1"])


def test_binarize_by_hand():
    names = ("angry", "fear", "happy", "sad", "surprise")
    probabilities = np.array(
        [[0.1, 0.1, 0.3, 0.1, 0.4], [0.5, 0.1, 0.2, 0.1, 0.1], [0, 0, 1, 0, 0]]
    )
    positive, scores = binarize(np.array([2, 0, 4]), probabilities, names)
    assert positive.tolist() == [1, 0, 1]
    assert np.allclose(scores, [0.7, 0.3, 1.0])
    with pytest.raises(ValueError, match="class neutral is neither"):
        binarize(np.array([0]), np.ones((1, 7)) / 7, EMOTIONS)


@needs_fer2013
@pytest.mark.parametrize("number", list(EXPERIMENTS))
def test_real_counts_are_the_studys(number):
    experiment = EXPERIMENTS[number]
    parts, study = prepare(fer2013(), experiment), experiment.study
    if "parts" in study:
        assert tuple(len(part) for part in parts) == study["parts"]
    if "train_per_class" in study:
        assert set(parts.train.counts()) == {study["train_per_class"]}
    if "test_per_class" in study:
        assert set(parts.test.counts()) == {study["test_per_class"]}
    if number == "6":
        assert parts.test.counts().tolist() == [499, 512, 902, 604, 396]
        positive, _ = binarize(parts.test.labels, np.ones((2913, 5)) / 5, parts.test.class_names)
        assert tuple(np.bincount(positive)) == BINARIZED.study["test_per_class"]
    if number == "official7":
        assert tuple(map(len, parts)) == (28_709, 3_589, 3_589)
    balanced = [len(set(part.counts())) == 1 for part in parts]
    assert all(balanced) if experiment.balance == "undersample" else not any(balanced)


def test_drawn_faces_join_all_parts_but_the_test():
    photographs = replace(draw_faces(200, seed=1), source="FER-2013",
                          opinions=np.full((200, 7), 1 / 7, np.float32))
    config = Config(classes=2, also_drawn=70, data="somewhere")
    plain, joined = replace(config, also_drawn=None).parts(photographs), config.parts(photographs)
    drawn = select_classes(draw_faces(70), 2)
    learnt = drawn.usage == "Training"
    for before, after, more in ((plain.train, joined.train, drawn[learnt]),
                                (plain.validation, joined.validation, drawn[~learnt])):
        n = len(before)
        assert np.array_equal(after.faces[:n], before.faces)
        assert np.array_equal(after.faces[n:], more.faces)
        assert np.array_equal(after.opinions[n:], np.eye(2)[more.labels])
    assert np.array_equal(joined.test.faces, plain.test.faces)
    assert config.name != replace(config, also_drawn=None).name
    with pytest.raises(ValueError, match="of the classes"):
        photographs.joined(drawn)
