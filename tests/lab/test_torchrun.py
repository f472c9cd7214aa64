"""scripts/export.py --training: two workers under torchrun train as tinyfer does.

What the workers do stands in torch_workers.py. Dropout is off where gradients are compared: its
masks are drawn by each library for itself.
"""

import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import tiny
from exporting import export

import tinyfer
from tinyfer.core.layers import Dropout
from tinyfer.core.losses import smooth_targets, soft_cross_entropy, softmax_cross_entropy
from tinyfer.scores.metrics import cross_entropy
from tinyfer.training import runs
from tinyfer.training.checkpoint import read_history, write_history
from tinyfer.training.config import Config
from tinyfer.training.recipes import BEST, Recipe

torch = pytest.importorskip("torch", reason="PyTorch is not installed")
if not (torch.distributed.is_available() and torch.distributed.is_gloo_available()):
    pytest.skip("this PyTorch has no gloo", allow_module_level=True)

WEIGHTS = np.array([0.5, 1.5, 1.0, 0.8, 2.0])
IMAGES = 9                  # 5 for one worker, 4 for the other
LIMIT = 1e-9                # in float64; they agree to some 1e-13
SIX = Config(drawn=1050, seed=3, dtype="float64", recipe=replace(BEST, epochs=2, batch_size=8))
TWO = Config(drawn=1050, recipe=Recipe(epochs=2, batch_size=8, lr=3e-3))


@pytest.fixture(scope="module")
def parts():
    return TWO.parts(TWO.faces())


def make_run(folder, model, settings, parts):
    """A run folder as training leaves it, without the training."""
    folder.mkdir()
    runs.write_json(folder / "config.json", runs.about_run(settings, parts, model, 1))
    model.save(folder / "best.npz")
    write_history(folder, [dict(epoch=1, loss=1.0, accuracy=0.5, val_loss=1.0, val_accuracy=0.5,
                                seconds=1.0)])


def saved(done):
    """That model out of its file, without dropout."""
    model = tinyfer.load_model(done / "run-six")
    for layer in model.layers:
        if isinstance(layer, Dropout):
            layer.rate = 0.0
    return model


@pytest.fixture(scope="module")
def batch():
    rng = np.random.default_rng(6)
    labels = rng.permutation(np.arange(IMAGES) % 5)
    return dict(x=rng.random((IMAGES, 48, 48, 1)), labels=labels, weights=WEIGHTS,
                targets=smooth_targets(labels, 5, 0.1, np.float64))


@pytest.fixture(scope="module")
def done(tmp_path_factory, batch, parts):
    """The folder in which two workers have computed and trained."""
    folder = tmp_path_factory.mktemp("torchrun")
    names = parts.train.class_names
    models = {"six": tinyfer.six_layer_cnn(5, 3, np.float64, names),
              "two": tiny.two_small_convolutions(5, 0, class_names=names)}
    tiny.unsettle(models["six"])
    for name, settings in (("six", SIX), ("two", TWO)):
        make_run(folder / f"run-{name}", models[name], settings, parts)
        assert export.main([str(folder / f"run-{name}"), "--to", "torch", name, "--training",
                            "--out", str(folder)]) == 0
    np.savez(folder / "batch.npz", **batch)
    tests = Path(__file__).parents[1] / "helpers"
    paths = os.pathsep.join([str(Path(tinyfer.__file__).parents[1]), str(tests)])
    ended = subprocess.run(
        [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2",
         str(tests / "torch_workers.py"), str(folder)], capture_output=True, text=True,
        timeout=240, env=os.environ | {"PYTHONPATH": paths, "OMP_NUM_THREADS": "1"})
    assert ended.returncode == 0, ended.stderr[-3000:]
    (folder / "out.txt").write_text(ended.stdout)
    return folder


def ours(done, batch, mode):
    """tinyfer's gradient of the whole batch, by name."""
    model = saved(done)
    training = mode != "running"
    _, dlogits = softmax_cross_entropy(model.forward(batch["x"], training), batch["labels"],
                                       WEIGHTS)
    model.backward(dlogits)
    return {p.name: p.grad for p in model.parameters()}


def difference(done, name, mine):
    """The largest relative difference of an array of the gradient."""
    with np.load(done / f"gradient-{name}-0.npz") as theirs:
        return max(np.linalg.norm(theirs[key] - array) / np.linalg.norm(array)
                   for key, array in mine.items())


@pytest.mark.parametrize("mode", ["running", "shared"])
def test_the_mean_gradient_is_that_of_the_whole_batch(done, batch, mode, record_property):
    """In every array, with batch norm by its running values, and by those of the whole batch."""
    worst = difference(done, mode, ours(done, batch, mode))
    record_property("relative error", f"{worst:.1e}, at most {LIMIT:.0e}")
    assert worst <= LIMIT


def test_the_mean_of_weighted_means_is_not_the_mean(done, batch):
    """Why the script does not leave the division to cross_entropy."""
    mine = ours(done, batch, "running")
    scale = IMAGES / WEIGHTS[batch["labels"]].sum()     # what a mean by weights would make of it
    assert difference(done, "running-naive", {k: scale * g for k, g in mine.items()}) > 1e-3


def test_three_steps_are_those_of_tinyfer(done, batch, record_property):
    """Rate, decay, eps, smoothed targets, class weights, and the running mean of the weights."""
    recipe, model = SIX.recipe, saved(done)
    optimizer = recipe.make_optimizer(model)
    for t in range(3):
        _, dlogits = soft_cross_entropy(model.forward(batch["x"], True), batch["targets"], WEIGHTS)
        model.backward(dlogits)
        optimizer.lr = recipe.rate(t, 3)
        optimizer.step()
    worst = 0
    for number, mine in enumerate((model, optimizer.averaged)):
        with np.load(done / f"steps-{number}.npz") as file:
            assert set(file.files) == mine.state().keys()
            worst = max([worst, *(np.linalg.norm(file[name] - array) / np.linalg.norm(array)
                                  for name, array in mine.state().items())])
    record_property("relative error", f"{worst:.1e}, at most {LIMIT:.0e}")
    assert worst <= LIMIT


def test_two_epochs_on_drawn_faces_learn_and_are_read(done, parts):
    """tinyfer gives the faces, the same ones, the loss that PyTorch found in them."""
    first, second = read_history(done / "trained")
    assert second["loss"] < first["loss"]
    # Of 525 faces as they are seen, each one changed anew; chance: 0.2, give or take 0.017. Batch
    # norm's running values, and with them the validation, need some hundred steps more.
    assert second["accuracy"] > 0.28
    assert (done / "out.txt").read_text().count("epoch 2: ") == 1
    trained = runs.open_run(done / "trained")
    assert "2 workers on cpu" in trained.about["trained_by"]
    best = max(trained.history, key=lambda row: row["val_accuracy"])
    assert trained.about["parts"] == runs.describe_parts(parts)
    probabilities = trained.model.predict_proba(parts.validation.faces)
    right = probabilities.argmax(axis=1) == parts.validation.labels
    assert right.mean() == best["val_accuracy"]
    loss = cross_entropy(parts.validation.labels, probabilities)
    assert abs(loss - best["val_loss"]) <= 1e-5 * loss


@pytest.mark.parametrize("arguments, words", [
    ("--data gone.zip", "1,050 drawn faces: it cannot use gone.zip"),
    ("--epochs 0", "epochs is 0; expected a whole number from 1"),
    ("--out run-two", "run-two is already in use"),
    ("--batch-size 3", "3 images a step are too few for 2 workers: batch norm needs two for each"),
    ("", "torchrun starts it: torchrun --nproc-per-node 2 two_train.py"),
])
def test_errors_are_one_sentence(done, tmp_path, monkeypatch, capsys, arguments, words):
    monkeypatch.syspath_prepend(str(done))
    monkeypatch.delenv("TINYFER_DATA", raising=False)
    monkeypatch.chdir(done if "run-two" in arguments else tmp_path)
    import two_train

    monkeypatch.setattr(two_train, "join", lambda: torch.device("cpu"))
    monkeypatch.setattr(two_train.dist, "get_world_size", lambda: 2)
    if arguments:
        monkeypatch.setenv("RANK", "0")
    assert two_train.main(arguments.split()) == 2
    error = capsys.readouterr().err
    assert error.startswith("error: ") and words in error and error.count("\n") == 1
    assert not list(tmp_path.glob("runs/two/*")), "the folder can still be used"
