"""scripts/export.py: packaged weights keep their scores; the PyTorch module keeps the logits."""

import ast
import re
import runpy
import shutil
from types import SimpleNamespace

import numpy as np
import pytest
from exporting import export
from exporting.packaging import save_packaged
from exporting.torch_module import save_torch
from small import use_small_network
from study import cards, results
from tiny import unsettle

from tinyfer.commands import train
from tinyfer.core import networks
from tinyfer.core.inference import to_input
from tinyfer.core.networks import PACKAGED, load_model, six_layer_cnn
from tinyfer.data.drawn import draw_faces
from tinyfer.scores.metrics import temperature
from tinyfer.training import evaluation, runs
from tinyfer.training.recipes import RECIPES

NAMES = ("angry", "fear", "happy", "sad", "surprise")


def trained_looking():
    """A six-layer network whose every array is away from its initial value."""
    model = six_layer_cnn(classes=5, class_names=NAMES)
    unsettle(model)
    return model


def saved(folder, model):
    """What stands in the module that save_torch writes."""
    save_torch(folder, "faces", model, "A test.", 1e-4)
    return SimpleNamespace(**runpy.run_path(str(folder / "faces.py")))


# PyTorch

def test_torch_module_gives_the_same_logits(tmp_path, record_property):
    torch = pytest.importorskip("torch", reason="PyTorch is not installed")
    model = trained_looking()
    module = saved(tmp_path, model)
    faces = draw_faces(12, seed=1).faces
    expected = model.forward(to_input(faces))
    network = module.load().eval()
    with torch.no_grad():
        logits = network(module.preprocess(faces)).numpy()
    error = np.linalg.norm(logits - expected) / np.linalg.norm(expected)
    record_property("relative error", f"{error:.1e}")
    assert error <= 1e-5
    assert module.CLASS_NAMES == NAMES
    assert sum(p.numel() for p in network.parameters()) == model.num_parameters(trainable=True)


def test_torch_needs_neither_pickle_nor_tinyfer(tmp_path):
    save_torch(tmp_path, "faces", trained_looking(), "A test.", 1e-4)
    text = (tmp_path / "faces.py").read_text()
    compile(text, "faces.py", "exec")
    assert set(re.findall(r"^(?:import|from) (\w+)", text, re.M)) == {"pathlib", "numpy", "torch"}
    with np.load(tmp_path / "faces.npz", allow_pickle=False) as file:
        shapes = {name: file[name].shape for name in file.files}
    assert shapes["0.weight"] == (32, 1, 3, 3) and len(shapes) == 44
    assert all(len(line) <= 100 for line in text.splitlines())


@pytest.mark.parametrize("name", ["five-class", "class", "torch", "pathlib", "", "café", "x\n"])
def test_torch_names_must_be_importable(tmp_path, name):
    with pytest.raises(ValueError, match="cannot be the name of a Python module"):
        save_torch(tmp_path, name, trained_looking(), "A test.", 1e-4)
    assert not list(tmp_path.iterdir())


def test_class_names_are_strings_in_the_module_too(tmp_path):
    model = trained_looking()
    model.class_names = ("'] + [abort(), '", '"""', "\n", "\\", "{count}")
    save_torch(tmp_path, "faces", model, "A test.", 1e-4)
    tree = ast.parse((tmp_path / "faces.py").read_text())
    (value,) = [node.value for node in tree.body if isinstance(node, ast.Assign)]
    assert ast.literal_eval(value) == model.class_names


# The package

def test_packaged_weights_are_found_by_name(tmp_path, monkeypatch):
    model, trained = trained_looking(), runs.open_run("five-class").about
    monkeypatch.setattr(networks, "PACKAGED", tmp_path)
    save_packaged(tmp_path / "faces.npz", model, trained)
    assert (tmp_path / "faces.npz").stat().st_size < 3e6
    with np.load(tmp_path / "faces.npz") as file:
        assert all((file[name].dtype == np.float16) == name.endswith(".w")
                   for name in model.state())
    loaded = load_model("faces")
    assert loaded.class_names == NAMES and loaded.dtype == np.float32
    faces = draw_faces(6, seed=1).faces
    assert np.allclose(loaded.predict_proba(faces), model.predict_proba(faces), atol=5e-3)
    assert runs.open_run("faces").about == trained
    save_packaged(tmp_path / "faces.npz", model, {"settings": {"seed": 7}})
    with pytest.raises(ValueError, match="faces is damaged: it has no source"):
        runs.open_run("faces")


@pytest.mark.parametrize("path", sorted(PACKAGED.glob("*.npz")), ids=lambda path: path.stem)
def test_what_is_packaged(path):
    """Small, of the class set it is named after, described by a card, and with its history."""
    classes = {"five-class": 5, "five-class-robust": 5, "five-class-study": 5, "seven-class": 7,
               "seven-class-robust": 7, "drawn-too": 7, "binary": 2, "binary-robust": 2}[path.stem]
    assert path.stat().st_size < 3e6
    model = load_model(path.stem)
    assert len(model.class_names) == classes
    run = runs.open_run(path.stem)
    how, config = run.about, run.config
    assert config.classes == classes and config.data is None
    assert how["source"] == "FER-2013"
    half = how["half_precision"]
    assert abs(half["accuracy"] - half["accuracy_before"]) <= 1e-3
    card = (export.Path(__file__).parents[2] / "docs/model-cards" / f"{path.stem}.md").read_text()
    assert "not packaged yet" not in card and "must not be used for" in card
    epochs, usual = config.recipe.epochs, RECIPES[config.recipe.name].epochs
    assert (f" --epochs {epochs} --docs docs`" in card) == (epochs < usual)


@pytest.fixture(scope="module")
def made(tmp_path_factory, small_fer2013):
    with pytest.MonkeyPatch.context() as patch:
        use_small_network(patch)
        folder = tmp_path_factory.mktemp("run") / "six"
        assert train.main(["--experiment", "6", "--data", str(small_fer2013), "--epochs", "1",
                           "--lr", "1e-2", "--out", str(folder)]) == 0
        yield folder


def test_a_package_is_scored_twice_and_evaluated_like_the_run(call, made, tmp_path, monkeypatch,
                                                              small_fer2013):
    code, out, err = call(export.main, made, "--to", "package", "tiny", "--out", tmp_path)
    assert code == 0, err
    assert re.search(r"accuracy (\S+) with float32 weights, \1 with float16", out)
    assert "predictions that differ: 0" in out and "tiny.npz" in out
    monkeypatch.setattr(networks, "PACKAGED", tmp_path)
    monkeypatch.setattr(cards, "PACKAGED", tmp_path)
    packaged = runs.open_run("tiny")
    parts, _ = evaluation.parts_of(packaged, small_fer2013)
    accuracy = np.mean(packaged.model.predict(parts.test.faces) == parts.test.labels)
    assert f"accuracy {accuracy:.5f}" in out
    # As sure as it is right on the part that chose it, and saying the same as the run.
    T, part = packaged.about["temperature"], parts.validation
    before, after = (model.predict_proba(part.faces) for model in (runs.open_run(made).model,
                                                                   packaged.model))
    assert T != 1 and abs(temperature(part.labels, before) - T) < 1e-6
    assert np.allclose(temperature(part.labels, after), 1, atol=2e-3)
    assert (before.argmax(axis=1) == after.argmax(axis=1)).all()
    # Its card: with the scores only where the record is of these very weights.
    record = export.record_of(made)
    assert "test accuracy" not in cards.card_block("tiny", {})
    card = cards.card_block("tiny", {results.key_of(record): record})
    assert f"**{record['test']['accuracy']:.3f}**" in card and "--experiments 6 --seeds 0" in card
    others = {results.key_of(record): record | {"weights": ""}}
    assert "test accuracy" not in cards.card_block("tiny", others)
    assert str(small_fer2013.parent) not in (tmp_path / "tiny.npz").read_bytes().decode("latin1")


@pytest.mark.parametrize("kind, name", [("package", "tiny.npz"), ("torch", "tiny.npz"),
                                        ("torch", "tiny.py")])
def test_nothing_is_replaced_unasked(call, made, tmp_path, kind, name):
    (tmp_path / name).write_text("mine")
    arguments = made, "--to", kind, "tiny", "--out", tmp_path
    code, out, err = call(export.main, *arguments)
    assert code == 2 and out == "" and f"{name} is there already: choose another --out" in err
    assert [path.read_text() for path in tmp_path.iterdir()] == ["mine"]
    assert call(export.main, *arguments, "--force")[0] == 0
    assert (tmp_path / name).read_bytes() != b"mine"


def test_weights_that_float16_spoils_are_not_packaged(call, made, tmp_path, monkeypatch):
    scores = iter([0.5, 0.5011])
    monkeypatch.setattr(export, "accuracy", lambda *_: next(scores))
    code, _, err = call(export.main, made, "--to", "package", "tiny", "--out", tmp_path)
    assert code == 2 and "accuracy changes by more than 0.001: nothing was written" in err
    assert not list(tmp_path.iterdir())


def test_a_stopped_run_is_not_packaged(call, made, tmp_path):
    shutil.copytree(made, tmp_path / "stopped")
    (tmp_path / "stopped/metrics.json").unlink()
    code, out, err = call(export.main, tmp_path / "stopped", "--to", "package", "x")
    assert code == 2 and out == "" and "is not a finished run" in err
