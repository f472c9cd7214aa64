"""Recipes: their values, and that what they add to the loop goes on after a stop, bit for bit."""

import json
import zlib
from dataclasses import replace
from functools import partial

import numpy as np
import pytest
from tiny import At, same_run, small_cnn, tiny_faces, tiny_model, train_tiny

from tinyfer.core.inference import to_input
from tinyfer.core.networks import ARCHITECTURES, load_model, six_layer_cnn
from tinyfer.core.optim import SGD, Adam, constant, cosine, one_cycle
from tinyfer.data.augment import NO_AUGMENTATION, Augmentation, augment
from tinyfer.data.drawn import draw_faces
from tinyfer.data.splits import CLASS_SETS
from tinyfer.storage.arrays import load_arrays, save_arrays
from tinyfer.training.config import with_opinions
from tinyfer.training.ema import RunningMean
from tinyfer.training.experiments import prepare
from tinyfer.training.loop import fit, out_of_patience, start_from
from tinyfer.training.recipes import BEST, RECIPES, STUDY, Recipe
from tinyfer.training.runs import open_run

EVERYTHING = dict(schedule="one-cycle", weight_decay=0.05, crop=48, label_smoothing=0.1, mixup=0.3,
                  ema=0.9, augmentation=Augmentation(rotation=10, shift=3, horizontal_flip=0.5,
                                                           erase=0.3, contrast=0.2))


# Schedules

def test_schedules_by_hand():
    assert [constant(s) for s in (0, 0.5, 0.999)] == [1, 1, 1]
    assert [cosine(s) for s in (0, 1 / 3, 0.5)] == pytest.approx([1, 0.75, 0.5])
    values = [one_cycle(s) for s in (0, 0.125, 0.25, 0.625, 0.9999)]
    assert values == pytest.approx([0.04, 0.52, 1, 0.5, 0], abs=1e-6)


def test_the_rate_of_every_step_reaches_the_optimizer(tmp_path, monkeypatch):
    rates = []
    step = Adam.step
    monkeypatch.setattr(Adam, "step", lambda self: (rates.append(self.lr), step(self)))
    train_tiny(tmp_path, 2, lr=0.01, schedule="cosine")
    assert rates == pytest.approx([0.01 * cosine(t / 14) for t in range(14)])


# Recipes

def test_the_study_is_the_default_and_changes_nothing():
    assert STUDY == Recipe() == RECIPES["study"] and RECIPES["best"] == BEST
    faces = tiny_faces(9)
    x, labels = STUDY.batch(faces.faces, faces.labels, 3, np.random.default_rng(0))
    assert np.array_equal(x, augment(faces.faces, np.random.default_rng(0)))
    assert labels is faces.labels
    _, targets = Recipe(mixup=5).batch(faces.faces, faces.labels, 3, np.random.default_rng(0))
    assert (targets.max(axis=1) < 1).any()


def test_a_recipe_is_read_from_json_and_from_version_01():
    for recipe in STUDY, BEST, Recipe(**EVERYTHING):
        assert Recipe.read(json.loads(json.dumps(recipe.as_dict()))) == recipe
    old = {"epochs": 60, "decay": 0.05, "smoothing": 0.1, "mixing": 0.2, "averaging": 0.9,
           "augmentation": {"rotation": 11, "mirror": 0.5}}
    assert Recipe.read(old) == Recipe(
        epochs=60, weight_decay=0.05, label_smoothing=0.1, mixup=0.2, ema=0.9,
        augmentation=Augmentation(rotation=11, horizontal_flip=0.5))
    config = open_run("five-class").config
    assert config.recipe == replace(BEST, epochs=60) and config.recipe.name == "best"


@pytest.mark.parametrize("change", [
    dict(epochs=-1), dict(lr=0), dict(crop=60), dict(augmentation=None), dict(lr=float("nan")),
    dict(schedule="x"), dict(label_smoothing=1.0), dict(weight_decay=None), dict(epochs=2.5),
    dict(optimizer="sgd", weight_decay=0.1)])
def test_a_senseless_recipe_is_refused_by_name(change):
    with pytest.raises(ValueError, match="|".join(change)):
        Recipe(**change)


@pytest.mark.parametrize("values", [
    None, {"speed": 3}, {"augmentation": {"spin": 1}}, {"augmentation": {"rotation": "much"}},
    {"epochs": "60"}, {"augmentation": 3}])
def test_what_is_no_recipe_is_refused(values):
    with pytest.raises(ValueError):
        Recipe.read(values)


@pytest.mark.parametrize("augmentation", [NO_AUGMENTATION, STUDY.augmentation,
                                          Augmentation(rotation=5)])
def test_crops_have_their_size(augmentation):
    """Without augmentation they give the features of whole faces: the same answers."""
    faces, model = tiny_faces(4), six_layer_cnn(classes=3)
    recipe = Recipe(crop=44, augmentation=augmentation, label_smoothing=0.1)
    x, targets = recipe.batch(faces.faces, faces.labels, 3, np.random.default_rng(0))
    assert x.shape == (4, 44, 44, 1) and x.flags.c_contiguous and targets.shape == (4, 3)
    assert targets[0, faces.labels[0]] == pytest.approx(0.9 + 0.1 / 3)
    if augmentation is NO_AUGMENTATION:
        assert model.forward(x) == pytest.approx(model.forward(to_input(faces.faces)), abs=1e-6)


# Training by a recipe with everything in it

def test_a_stopped_run_goes_on_to_the_same_bits(tmp_path):
    """Stopped within an epoch, as by Ctrl-C, again and again."""
    def stop():
        raise KeyboardInterrupt

    train_tiny(tmp_path / "whole", 4, **EVERYTHING)
    for place in ("1 2", "3 5", "4 1"):
        with pytest.raises(KeyboardInterrupt):
            train_tiny(tmp_path / "stopped", 4, At(place, stop), **EVERYTHING)
    train_tiny(tmp_path / "stopped", 4, **EVERYTHING)
    same_run(tmp_path / "stopped", tmp_path / "whole")


def test_the_mean_is_what_is_validated_and_saved(tmp_path):
    _, history = train_tiny(tmp_path, 1, **EVERYTHING)      # the first epoch is the best so far
    last, best = load_arrays(tmp_path / "last.npz"), load_arrays(tmp_path / "best.npz")
    for name in best.keys() - {"model"}:        # batch norm's statistics too
        assert np.array_equal(best[name], last[f"optimizer/mean.{name}"]), name
    assert not np.array_equal(best["conv1.w"], last["model/conv1.w"])
    model, validation = tiny_model(), tiny_faces(40, seed=1)
    model.load_state({name: best[name] for name in model.state()})
    assert history[-1]["val_accuracy"] == np.mean(model.predict(validation.faces)
                                                  == validation.labels)


@pytest.mark.parametrize("recipe, kind, values", [
    (Recipe(lr=0.1, weight_decay=0.2), Adam, dict(lr=0.1, weight_decay=0.2)),
    (Recipe(optimizer="sgd", lr=0.1, momentum=0.9), SGD, dict(lr=0.1, momentum=0.9))])
def test_a_recipe_makes_its_optimizer(recipe, kind, values):
    optimizer = recipe.make_optimizer(tiny_model())
    assert type(optimizer) is kind
    assert all(getattr(optimizer, name) == value for name, value in values.items())
    averaged = replace(recipe, ema=0.5).make_optimizer(tiny_model())
    assert averaged.decay == 0.5 and type(averaged.optimizer) is kind


def test_patience_counts_epochs_that_are_no_better():
    for accuracies, patience, out in (((0.1, 0.2, 0.2), 2, False), ((0.1, 0.3, 0.2, 0.3), 2, True),
                                      ((0.3, 0.2), None, False), ((), 1, False)):
        assert out_of_patience([dict(val_accuracy=a) for a in accuracies], patience) == out


# Distillation

def test_opinions_are_mixed_into_the_target_by_hand():
    """Half the smoothed label, half the opinion, its logits halved: [1, 9] becomes [1, 3] / 4."""
    recipe = Recipe(label_smoothing=0.2, distillation=0.5, temperature=2.0,
                    augmentation=NO_AUGMENTATION)
    faces, labels = np.zeros((2, 48, 48), np.uint8), np.array([0, 1])
    opinions = np.array([[0.1, 0.9], [1.0, 0.0]], np.float32)
    _, targets = recipe.batch(faces, labels, 2, None, np.float32, opinions)
    assert targets == pytest.approx(np.array([[0.45 + 0.125, 0.05 + 0.375], [0.05 + 0.5, 0.45]]))
    assert targets.dtype == np.float32
    for none in (None, np.array([[0.5, 0.5], [np.nan, np.nan]])):
        with pytest.raises(ValueError, match="needs the opinions of other networks"):
            recipe.batch(faces, labels, 2, None, np.float32, none)


def test_opinions_go_with_their_faces(tmp_path):
    """Through the file, the split, and classes that are dropped or merged."""
    data = draw_faces(70, seed=1)
    training = data.usage == "Training"
    p = np.random.default_rng(0).dirichlet(np.ones(7), int(training.sum())).astype(np.float32)
    checksum = np.array(zlib.crc32(data.faces[training].tobytes()))
    save_arrays(tmp_path / "a.npz", dict(probabilities=p, checksum=checksum))
    taught = with_opinions(data, tmp_path / "a.npz")
    assert np.isnan(taught.opinions[~training]).all()
    parts = prepare(taught, (7, "none", "official"))
    assert parts.train.opinions == pytest.approx(p, abs=1e-6)
    for classes, members in CLASS_SETS.items():
        part = prepare(taught, (classes, "none", "official")).train
        belongs = np.array([[name in group for group in members.values()]
                            for name in data.class_names])
        sums = (p @ belongs)[belongs.any(axis=1)[data.labels[training]]]
        assert part.opinions == pytest.approx(sums / sums.sum(axis=1, keepdims=True), abs=1e-6)
    with pytest.raises(ValueError, match="no answers to these 56 training images"):
        with_opinions(draw_faces(70, seed=2), tmp_path / "a.npz")


def test_distillation_learns_what_the_teachers_say(tmp_path):
    """All of the target from opinions that name another class: it is right by that class."""
    faces = tiny_faces(50)
    wrong = replace(faces, opinions=np.eye(3, dtype=np.float32)[(faces.labels + 1) % 3])
    recipe = Recipe(epochs=25, batch_size=8, lr=3e-3, distillation=0.999,
                    augmentation=NO_AUGMENTATION)
    model = tiny_model()
    history = fit(model, recipe.make_optimizer(model), wrong, wrong, tmp_path, recipe)
    assert history[-1]["accuracy"] > 0.6 and history[-1]["val_accuracy"] < 0.5


def test_a_network_looks_where_it_was_trained(tmp_path, monkeypatch):
    """Crops by chance lie about the middle; without chance, or without a crop, at the corner."""
    assert STUDY.window == "corner" and BEST.window == "middle"
    assert replace(BEST, crop=None).window == replace(STUDY, crop=44).window == "corner"
    monkeypatch.setitem(ARCHITECTURES, "small_cnn", partial(small_cnn, channels=3))
    for recipe in (STUDY, BEST):
        model, _ = train_tiny(tmp_path / recipe.window, 1, crop=recipe.crop and 48,
                              augmentation=recipe.augmentation)
        assert load_model(tmp_path / recipe.window / "best.npz").window == recipe.window


# The running mean

def test_the_running_mean_by_hand():
    model = tiny_model()
    mean = RunningMean(Adam(model.parameters(), lr=0.1), model, decay=0.5)
    expected, bias = model.state()["conv1.b"].astype(float), model.parameters()[1]
    for t in range(1, 15):
        bias.grad[...] = np.random.default_rng(t).standard_normal(bias.grad.shape)
        mean.step()
        decay = min(0.5, t / (t + 9))
        expected = decay * expected + (1 - decay) * bias.value
        assert mean.averaged.state()["conv1.b"] == pytest.approx(expected, abs=1e-6)
    assert mean.averaged is not model and mean.lr == 0.1


def test_a_mean_that_does_not_fit_changes_nothing():
    model = tiny_model()
    mean = RunningMean(Adam(model.parameters()), model, 0.9)
    state = {name: array.copy() for name, array in mean.state().items()}
    wrong = {key: old + 1 for key, old in state.items()} | {"mean.conv1.b": np.ones(9)}
    with pytest.raises(ValueError, match="mean.conv1.b"):
        mean.load_state(wrong)
    assert all(np.array_equal(array, state[key]) for key, array in mean.state().items())
    for other, decay, words in (model, 1.0, "decay is 1.0"), (
            tiny_model(), 0.9, "parameters that this model does not have"):
        with pytest.raises(ValueError, match=words):
            RunningMean(Adam(model.parameters()), other, decay)


# From weights that are there

def test_classes_of_the_same_name_keep_their_weights():
    model = six_layer_cnn(classes=3, seed=0, class_names=("Sad", "bored", "angry"))
    other = six_layer_cnn(classes=4, seed=1, class_names=("angry", "fear", "happy", "sad"))
    other.layers[-1].b.value[...] = 1, 2, 3, 4
    drawn, its = model.layers[-1].w.value[:, 1].copy(), other.layers[-1].w.value
    assert start_from(model, other) == ["bored"]
    assert np.array_equal(model.layers[-1].w.value, np.stack([its[:, 3], drawn, its[:, 0]], axis=1))
    assert model.layers[-1].b.value.tolist() == [4, 0, 1]
    assert np.array_equal(model.state()["conv6.w"], other.state()["conv6.w"])


def test_a_network_starts_from_another_of_its_kind_only():
    model, other = tiny_model(seed=0), tiny_model(seed=1)
    assert start_from(model, other) == []
    assert all(np.array_equal(array, other.state()[name]) for name, array in model.state().items())
    model.parameters()[0].value[...] += 1
    assert not np.array_equal(model.state()["conv1.w"], other.state()["conv1.w"]), "a copy"
    before = {name: array.copy() for name, array in model.state().items()}
    with pytest.raises(ValueError, match="weights do not fit this model"):
        start_from(model, tiny_model(channels=4))
    assert all(np.array_equal(array, before[name]) for name, array in model.state().items())
