"""The training loop: what it counts, that it learns, and that a killed run goes on unharmed."""

import os
from types import SimpleNamespace

import numpy as np
import pytest
from tiny import same_run, tiny_faces, tiny_model, train_tiny

from tinyfer.core.inference import to_input
from tinyfer.core.losses import softmax_cross_entropy
from tinyfer.core.optim import Adam
from tinyfer.storage.arrays import load_arrays
from tinyfer.training import loop
from tinyfer.training.checkpoint import save_checkpoint
from tinyfer.training.loop import Diverged, batch_starts, begin, fit
from tinyfer.training.recipes import Recipe


@pytest.fixture(scope="module")
def unbroken(tmp_path_factory):
    """The run that the broken ones must equal: five epochs without interruption."""
    folder = tmp_path_factory.mktemp("unbroken")
    train_tiny(folder, 5)
    return folder


def test_stopped_before_any_write_equals_the_unbroken_run(tmp_path, unbroken, monkeypatch):
    replace = os.replace
    for writes in range(3, 9):
        left = iter(range(writes))

        def stop(*paths):
            if next(left, None) is None:
                raise KeyboardInterrupt
            replace(*paths)

        with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
            patch.setattr(os, "replace", stop)
            train_tiny(tmp_path / str(writes), 5)
        train_tiny(tmp_path / str(writes), 5)
        same_run(tmp_path / str(writes), unbroken)


def test_last_partial_batch_is_trained_on_and_counted(tmp_path):
    steps, epochs = [], []
    _, history = train_tiny(tmp_path, 2, SimpleNamespace(
        step=lambda *values: steps.append(values), epoch=lambda rows, _: epochs.append(len(rows))))
    # 50 images in batches of 8: six of 8 and one of 2.
    assert [step[:4] for step in steps[:7]] == [(1, n, 7, min(8 * n, 50)) for n in range(1, 8)]
    assert epochs == [1, 2] and steps[6][4:] == (history[0]["loss"], history[0]["accuracy"])
    assert (history[0]["accuracy"] * 50) == pytest.approx(round(history[0]["accuracy"] * 50))


def test_no_batch_is_of_one_image(tmp_path, monkeypatch):
    """Neither in a sweep of sizes, nor where batch norm sees it."""
    for images in range(2, 60):
        for size in range(2, 20):
            sizes = np.diff([*batch_starts(images, size), images])
            assert sizes.sum() == images and 2 <= sizes.min() <= sizes.max() <= size + 1
            assert (sizes == size).sum() >= len(sizes) - 1
    seen, model = [], tiny_model()
    monkeypatch.setattr(loop, "softmax_cross_entropy", lambda logits, *rest: (
        seen.append(len(logits)) or softmax_cross_entropy(logits, *rest)))
    fit(model, Adam(model.parameters()), tiny_faces(17), tiny_faces(4), tmp_path,
        Recipe(epochs=1, batch_size=8))
    assert seen == [8, 9]


@pytest.mark.parametrize("kept, words", [
    ({"lr": 1e-3, "batch_size": 8, "epochs": 9}, None),             # as version 0.1 wrote them
    ({"lr": 0.1, "batch_size": 8, "recipe": "study"}, "written with lr 0.1, but the run has 0.001"),
    ({"lr": 1e-3, "batch_size": 8, "recipe": "fast"}, "expected one of study"),
    ({}, None),
    ({"recipe": Recipe(lr=1e-3, batch_size=8, epochs=9, patience=3).decisive()}, None),
    ({"recipe": {"lr": 1e-3, "batch_size": 8, "smoothing": 0.1}}, "with label_smoothing 0.1"),
    ({"recipe": {"lr": "fast"}}, "lr is 'fast'"),
    ({"class_weights": [1.0, 1.0, 1.0]}, "other class weights"),
])
def test_a_run_goes_on_with_its_own_recipe_or_not_at_all(tmp_path, kept, words):
    recipe, weights = Recipe(epochs=5, batch_size=8, lr=1e-3), np.array([0.5, 1.0, 1.5])
    model = tiny_model()
    save_checkpoint(tmp_path / "last.npz", model, recipe.make_optimizer(model), [], kept)
    arguments = model, recipe.make_optimizer(model), tmp_path, recipe, weights
    if words is None:
        assert begin(*arguments) == []
        return
    with pytest.raises(ValueError, match=words):
        begin(*arguments)
    assert [file.name for file in tmp_path.iterdir()] == ["last.npz"]


def test_loss_and_accuracy_are_means_over_images(tmp_path, monkeypatch):
    """Recorded batch by batch: every image is seen once an epoch, and weighs the same."""
    batches = []

    def recorded(logits, labels, class_weights):
        loss, dlogits = softmax_cross_entropy(logits, labels, class_weights)
        batches.append((loss, np.mean(logits.argmax(axis=1) == labels), len(labels), labels))
        return loss, dlogits

    monkeypatch.setattr(loop, "softmax_cross_entropy", recorded)
    _, history = train_tiny(tmp_path, 2)
    for epoch, row in enumerate(history):
        losses, right, sizes, labels = zip(*batches[7 * epoch : 7 * epoch + 7])
        assert row["loss"] == pytest.approx(np.average(losses, weights=sizes), rel=1e-12)
        assert row["accuracy"] == pytest.approx(np.average(right, weights=sizes), rel=1e-12)
        assert np.array_equal(np.bincount(np.concatenate(labels)), tiny_faces(50).counts())


def test_validation_is_in_evaluation_mode_and_unweighted(tmp_path):
    model, history = train_tiny(tmp_path, 1)
    validation = tiny_faces(40, seed=1)
    logits = model.forward(to_input(validation.faces))
    loss, _ = softmax_cross_entropy(logits, validation.labels)
    assert history[0]["val_loss"] == pytest.approx(loss, rel=1e-5)
    assert history[0]["val_accuracy"] == np.mean(logits.argmax(axis=1) == validation.labels)


def test_best_is_the_first_of_the_best_epochs(tmp_path, monkeypatch):
    """Validation accuracies 0.5, 0.7, 0.6, 0.7: the weights of epoch 2 stay."""
    accuracies = iter([0.5, 0.7, 0.6, 0.7])
    saved = []
    monkeypatch.setattr(loop, "accuracy", lambda *_: next(accuracies))
    monkeypatch.setattr(loop, "save_checkpoint", lambda _, model, *rest:
                        saved.append({name: a.copy() for name, a in model.state().items()}))
    train_tiny(tmp_path, 4)
    best = load_arrays(tmp_path / "best.npz")
    at_epoch_2 = saved[2]  # saved[0] is before the first step
    assert all(np.array_equal(best[name], at_epoch_2[name]) for name in at_epoch_2)


def test_class_weights_reach_the_gradient(tmp_path):
    """With all the weight on one class, the network calls everything that class."""
    model = tiny_model()
    fit(model, Adam(model.parameters(), lr=3e-2), tiny_faces(50), tiny_faces(40, seed=1), tmp_path,
        Recipe(epochs=3, lr=3e-2), class_weights=np.array([0.0, 0.0, 3.0]))
    assert (model.predict(tiny_faces(40, seed=2).faces) == 2).all()


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
@pytest.mark.parametrize("spoil, words", [
    (None, "training loss became nan in epoch 2, step 3 of 7"),
    (lambda adam: adam.parameters[0].value.fill(np.nan), "validation loss became nan in epoch 2"),
    (lambda adam: adam.v[0].fill(np.inf), "v.conv1.w was no longer finite in epoch 2"),
])
def test_divergence_keeps_the_last_good_checkpoint(tmp_path, monkeypatch, spoil, words):
    """Whether a loss shows it, or is seen only after the last step of an epoch, or no loss does."""
    train_tiny(tmp_path, 1)
    before = (tmp_path / "last.npz").read_bytes(), (tmp_path / "best.npz").read_bytes()
    losses, step = iter([1.0, 1.0, np.nan]), Adam.step

    def spoilt(adam):
        step(adam)
        if adam.t == 14:
            spoil(adam)

    if spoil:
        monkeypatch.setattr(Adam, "step", spoilt)
    else:
        monkeypatch.setattr(loop, "softmax_cross_entropy",
                            lambda logits, *_: (next(losses), np.zeros_like(logits)))
    with pytest.raises(Diverged, match=words):
        train_tiny(tmp_path, 5)
    assert ((tmp_path / "last.npz").read_bytes(), (tmp_path / "best.npz").read_bytes()) == before


@pytest.mark.parametrize("change, words", [
    (dict(train=tiny_faces(3)[[]]), "got 0 and 3"),
    (dict(validation=tiny_faces(3)[[]]), "got 3 and 0"),
    (dict(recipe=Recipe(batch_size=1)), "batch_size is 1, but batch norm needs two or more"),
    (dict(train=tiny_faces(1)), "there is 1 image to learn from, but batch norm"),
    (dict(train=(tiny_faces(3).faces, tiny_faces(3).labels)), "train is of type tuple; expected F"),
])
def test_bad_arguments_are_named(tmp_path, change, words):
    model = tiny_model()
    arguments = dict(train=tiny_faces(3), validation=tiny_faces(3), folder=tmp_path,
                     recipe=Recipe(epochs=1))
    with pytest.raises((ValueError, TypeError), match=words):
        fit(model, Adam(model.parameters()), **(arguments | change))
    assert not list(tmp_path.iterdir())
