"""scripts/train.py from the outside: its files and words, interruption, and bad input."""

import contextlib
import csv
import io
import json
import os
import re
import shutil
import signal
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from child import KILL, KILLED, start
from small import draw_nothing, pack, use_small_network
from tiny import same_run

from tinyfer.commands import train
from tinyfer.core.networks import load_model
from tinyfer.data.splits import class_weights
from tinyfer.scores.metrics import evaluate
from tinyfer.storage.arrays import load_arrays, save_arrays
from tinyfer.training import runs
from tinyfer.training.checkpoint import read_history
from tinyfer.training.config import Config
from tinyfer.training.recipes import BEST, DRAWN, OLD_NAMES, PLAIN, RECIPES, Recipe
from tinyfer.training.runs import open_run

# 70 faces of five classes: some 40 to learn from in 5 steps, the last one of fewer.
FEW = ["--drawn", "98", "--batch-size", "10", "--seed", "3"]


@pytest.fixture
def small(monkeypatch, tmp_path):
    """The script in this process, in a folder of its own, with a network that trains in no time."""
    use_small_network(monkeypatch)
    draw_nothing(monkeypatch)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def run(*arguments):
    return train.main([str(a) for a in arguments])


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    """The folder of a run of two epochs, and what was printed meanwhile."""
    folder, printed = tmp_path_factory.mktemp("finished") / "run", io.StringIO()
    with pytest.MonkeyPatch.context() as patch, contextlib.redirect_stdout(printed):
        use_small_network(patch)
        assert run(*FEW, "--epochs", 2, "--out", folder) == 0
    return folder, printed.getvalue()


@pytest.fixture
def trained(small, finished):
    """As `small`, with a copy of that run in the folder run/, which the test may spoil."""
    shutil.copytree(finished[0], small / "run")
    return small


def test_a_whole_run(trained, finished):
    folder, out = trained / "run", finished[1]
    assert {file.name for file in folder.iterdir()} == {
        ".lock", "config.json", "history.csv", "best.npz", "last.npz", "metrics.json", "curves.png",
        "confusion.png", "roc.png"}
    with open(folder / "history.csv", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["epoch"] for row in rows] == ["1", "2"]

    config = json.loads((folder / "config.json").read_text())
    assert config["source"] == "drawn faces" and config["experiment"] == "6"
    assert config["parts"]["train"]["images"] == sum(config["parts"]["train"]["per_class"].values())
    assert config["machine"]["versions"]["numpy"] == np.__version__

    # The scores are those of the best weights, done again from the files.
    scores = json.loads((folder / "metrics.json").read_text())
    made = Config.read(config["settings"])
    parts = made.parts(made.faces())
    model = load_model(folder / "best.npz")
    for name, part in (("validation", parts.validation), ("test", parts.test)):
        again = evaluate(part.labels, model.predict_proba(part.faces), part.class_names)
        assert scores["best"][name] == again
    accuracies = [float(row["val_accuracy"]) for row in rows]
    assert scores["best"]["epoch"] == 1 + accuracies.index(max(accuracies))
    assert scores["best"]["validation"]["accuracy"] == max(accuracies)
    assert scores["last"] == dict(epoch=2, validation=dict(
        accuracy=accuracies[1], loss=float(rows[1]["val_loss"])))

    assert re.search(r"^    2  +\d\.\d{4}", out, re.M), "no table line for epoch 2"
    assert re.search(r"macro mean +\d", out) and "scored once with the best epoch" in out
    assert "\r" not in out, "a log must have plain lines"
    assert out.startswith("DRAWN FACES, NOT FER-2013: 98 faces of all seven classes")
    assert "DRAWN FACES, NOT FER-2013" in out[-300:] and "kaggle" not in out


def test_class_weights_are_those_of_the_training_part(small, monkeypatch):
    given = []
    monkeypatch.setattr(train, "fit", lambda *rest: given.append(rest))
    for balance in "none", "weights":
        assert run(*FEW, "--balance", balance, "--epochs", 1) == 2, "there is no best.npz"
    assert given[0][6] is None
    assert np.array_equal(given[1][6], class_weights(given[1][2].labels, 5))


def test_defaults_follow_the_recipe(small, monkeypatch):
    """Each stands once; few drawn faces want a larger step; what is given always wins."""
    config = train.new_config({})
    assert config.drawn > 0 and config.data is None
    assert config.recipe == DRAWN and DRAWN.lr > 1e-4
    assert train.new_config({"lr": 1e-4}).recipe.lr == 1e-4
    pack({"fer2013.csv": ""}, small / "archive.zip")
    given = {"data": "archive.zip"}
    assert train.new_config(given) == Config(data=str(small / "archive.zip"))
    changed = replace(RECIPES["study"], epochs=7, batch_size=9, lr=0.3, patience=2, mixup=0.5)
    monkeypatch.setitem(RECIPES, "study", changed)
    assert train.new_config(given).recipe == changed


@pytest.mark.parametrize("given, choice, name", [
    ({}, (5, "weights", "report"), "experiment6-seed0"),
    ({"classes": 7}, (7, "none", "report"), "experiment1-seed0"),
    ({"classes": 2, "balance": "undersample"}, (2, "undersample", "report"), "experiment8-seed0"),
    ({"classes": 3, "balance": "none", "seed": 4}, (3, "none", "report"), "3-none-report-seed4"),
    ({"experiment": "4"}, (6, "undersample", "report"), "experiment4-seed0"),
    ({"drop_duplicates": True}, (5, "weights", "report"), "experiment6-distinct-seed0"),
    ({"recipe": "best"}, (5, "none", "report"), "5-none-report-best-seed0"),
    ({"start": "five-class", "recipe": "study"}, (5, "weights", "report"),
     "experiment6-study-from-five-class-seed0"),
])
def test_what_is_trained_and_what_it_is_called(small, given, choice, name):
    pack({"fer2013.csv": ""}, small / "archive.zip")
    config = train.new_config({"data": "archive.zip"} | given)
    assert (config.classes, config.balance, config.split) == choice
    assert config.name == name
    drawn = train.new_config({"drawn": 9} | given)
    assert drawn.name == f"drawn-{name}"


def test_default_folders_do_not_collide(small):
    assert [runs.new_folder("runs/a", numbered=True) for _ in range(3)] == [
        Path("runs/a"), Path("runs/a-2"), Path("runs/a-3")]


def test_raising_the_epochs_equals_a_longer_run(trained):
    run(*FEW, "--epochs", 3, "--out", "long")
    assert run("--resume", "run", "--epochs", 3, "--threads", 1) == 0
    same_run("long", "run")
    assert runs.read_about("run") == runs.read_about("long")


def test_a_run_of_version_01_goes_on(trained):
    """Its config.json held the name of a recipe, and the recipe, under other names, beside it."""
    old = {new: name for name, new in OLD_NAMES.items()}
    about = json.loads(Path("run/config.json").read_text())
    about["recipe"] = {old.get(name, name): value
                       for name, value in about["settings"].pop("recipe").items()}
    about["recipe"].pop("name")
    augmentation = about["recipe"]["augmentation"]
    about["recipe"]["augmentation"] = {old.get(name, name): value for name, value
                                       in augmentation.items() if value}
    del about["settings"]["teachers"]
    about["settings"] |= {"limit": None, "dtype": "float32"}       # options that were given up
    about["settings"] |= {name: about["recipe"][name] for name in PLAIN} | {"recipe": "study"}
    Path("run/config.json").write_text(json.dumps(about))
    arrays = load_arrays("run/last.npz")
    kept = json.loads(str(arrays["about"]))
    kept["settings"] = {name: value for name, value in about["settings"].items()
                        if name not in ("data", "epochs", "patience")}
    save_arrays("run/last.npz", arrays | {"about": np.array(json.dumps(kept))})
    assert open_run("run").config.recipe == replace(DRAWN, epochs=2, batch_size=10)
    assert run("--resume", "run", "--epochs", 3) == 0
    run(*FEW, "--epochs", 3, "--out", "long")
    same_run("long", "run")


def test_stopped_before_the_first_checkpoint(trained):
    (trained / "begun").mkdir()
    shutil.copy("run/config.json", "begun")
    assert run("--resume", "begun") == 0
    same_run("run", "begun")


def stopped_after(epoch, number, *arguments):
    """Start the script, send it a signal when the row of `epoch` appears: (exit code, stderr)."""
    with start("-m", "tinyfer", "train", *arguments) as process:
        for line in process.stdout:
            if re.match(rf" +{epoch} +\d", line):
                process.send_signal(number)
                break
        _, err = process.communicate()
    return process.returncode, err


@pytest.mark.skipif(os.name != "posix", reason="Ctrl-C cannot be sent to one process here")
def test_interrupted_for_real(tmp_path, monkeypatch, capsys):
    """The six-layer network, stopped by Ctrl-C, resumed, killed, resumed, against a whole run."""
    monkeypatch.delenv("TINYFER_DATA", raising=False)
    monkeypatch.chdir(tmp_path)
    draw_nothing(monkeypatch)
    settings = ["--drawn", "70", "--batch-size", "8", "--seed", "3", "--epochs", "5"]
    code, err = stopped_after(1, signal.SIGINT, *settings, "--out", "broken")
    assert code == 130
    assert "--resume broken" in err and "Traceback" not in err
    code, _ = stopped_after(2, KILL, "--resume", "broken")
    assert code == KILLED
    done = len(read_history("broken"))
    assert 2 <= done < 5
    assert run("--resume", "broken") == 0
    assert f"resuming after epoch {done} of 5" in capsys.readouterr().out
    run(*settings, "--out", "whole")
    assert "resuming" not in capsys.readouterr().out
    same_run("broken", "whole")


def test_full_disk_keeps_the_last_good_checkpoint(small, capsys, monkeypatch):
    run(*FEW, "--epochs", 4, "--out", "whole")
    written, fsync = [], os.fsync

    def full(descriptor):
        written.append(descriptor)
        if len(written) > 9:
            raise OSError(28, "No space left on device")
        fsync(descriptor)

    monkeypatch.setattr(os, "fsync", full)
    assert run(*FEW, "--epochs", 4, "--out", "full") == 2
    assert ("full/last.npz could not be written: No space left on device; the one saved before is "
            "kept") in capsys.readouterr().err
    monkeypatch.setattr(os, "fsync", fsync)
    assert run("--resume", "full") == 0
    same_run("whole", "full")


def test_folder_in_use_is_refused_and_untouched(trained, refused):
    before = {file.name: file.read_bytes() for file in (trained / "run").iterdir()}
    message = refused(train.main, *FEW, "--epochs", 1, "--out", "run")
    assert "run is already in use" in message and "resume the run in it" in message
    assert {file.name: file.read_bytes() for file in (trained / "run").iterdir()} == before


@pytest.mark.parametrize("gone, words", [
    ("last.npz", "run cannot be resumed: it holds history.csv, but no last.npz"),
    ("best.npz", "holds no best.npz, the network of its best epoch")])
def test_without_its_checkpoint_a_run_is_not_begun_again(trained, refused, gone, words):
    (trained / "run" / gone).unlink()
    files = {file: file.read_bytes() for file in (trained / "run").glob("[!.]*")}
    assert words in refused(train.main, "--resume", "run", "--epochs", 3)
    assert files == {file: file.read_bytes() for file in (trained / "run").glob("[!.]*")}


def test_a_run_has_one_owner(trained, refused):
    with runs.owned("run"):
        message = refused(train.main, "--resume", "run", "--epochs", 3)
    assert re.match(rf"run is in use by process {os.getpid()} on .* since ", message)
    assert run("--resume", "run", "--epochs", 3) == 0


def test_killed_before_anything_was_written(small):
    (small / "run").mkdir()
    (small / "run" / ".config.json.1-0.part").write_text("half")
    assert run(*FEW, "--epochs", 1, "--out", "run") == 0


def test_a_folder_deleted_in_mid_run_stays_deleted(small, refused, monkeypatch):
    monkeypatch.setattr(train.Progress, "epoch", lambda *_: shutil.rmtree("run"))
    message = refused(train.main, *FEW, "--epochs", 3, "--out", "run")
    assert "the run folder run is gone: it was deleted or moved" in message
    assert not (small / "run").exists()


@pytest.mark.parametrize("arguments, words", [
    (["--classes", "5"], "--classes cannot be given with --resume"),
    (["--from", "five-class"], "--from cannot be given"), (["--out", "run"], "--out cannot"),
    (["--epochs", "1"], "may be raised, not lowered"),
    (["--data", "archive.zip"], "the run is on 98 drawn faces: it cannot use archive.zip")])
def test_a_run_goes_on_as_it_was_started(trained, refused, arguments, words):
    before = (trained / "run" / "config.json").read_bytes()
    assert words in refused(train.main, "--resume", "run", *arguments)
    assert (trained / "run" / "config.json").read_bytes() == before


def test_resuming_with_other_data_or_none(trained, refused):
    config = runs.read_about("run")
    checksum, config["parts"]["train"]["checksum"] = config["parts"]["train"]["checksum"], "0" * 8
    runs.write_json("run/config.json", config)
    assert "cannot be resumed with this data" in refused(train.main, "--resume", "run")
    config["parts"]["train"]["checksum"] = checksum
    config["settings"] |= {"drawn": None, "data": "/gone/archive.zip"}
    runs.write_json("run/config.json", config)
    message = refused(train.main, "--resume", "run")
    assert "no longer in /gone/archive.zip: tell where it is" in message


def test_the_best_recipe_is_resumed_with_everything_in_it(small, monkeypatch, capsys, refused):
    """config.json tells it whole; none of it may change."""
    whole_faces = replace(BEST, crop=None)          # the small network takes no others
    monkeypatch.setitem(RECIPES, "best", whole_faces)
    best = [*FEW, "--recipe", "best", "--epochs", 3, "--batch-size", 16]
    run(*best, "--out", "whole")
    settings = runs.read_about("whole")["settings"]
    assert settings["recipe"]["name"] == "best" and settings["balance"] == "none"
    assert Recipe.read(settings["recipe"]) == replace(whole_faces, epochs=3, batch_size=16)
    capsys.readouterr()
    message = refused(train.main, "--resume", "whole", "--epochs", 4)
    assert "whose rate falls to 0 in its 3 epochs: start a new one" in message
    monkeypatch.setitem(RECIPES, "best", replace(whole_faces, label_smoothing=0.3))
    assert run("--resume", "whole") == 0, "a run keeps its own recipe"


def test_patience_ends_a_run_and_may_be_told_anew(small):
    assert run("--drawn", 98, "--epochs", 60, "--lr", 1e-9, "--patience", 1, "--out", "run") == 0
    ended = len(read_history("run"))
    assert run("--resume", "run") == 0 and len(read_history("run")) == ended < 60
    assert run("--resume", "run", "--patience", 4) == 0
    assert ended < len(read_history("run")) < 60


def test_a_run_starts_from_another(trained, small_fer2013, capsys, refused):
    once = "--epochs", 1, "--from"
    run(*FEW, *once, "run", "--lr", 1e-9, "--recipe", "study", "--out", "second")
    assert "starting from" in capsys.readouterr().out
    first, second = (load_arrays(f"{name}/best.npz") for name in ("run", "second"))
    assert np.abs(first["conv1.w"] - second["conv1.w"]).max() < 1e-6
    run(*FEW, *once, "run/best.npz", "--classes", 7, "--recipe", "study", "--out", "third")
    assert "but for the weights of disgust, neutral, which" in capsys.readouterr().out
    run("--data", small_fer2013, *once, "run", "--recipe", "study", "--out", "real")
    assert "learnt on drawn faces, not on photographs" in capsys.readouterr().out
    message = refused(train.main, *FEW, "--from", "nowhere")
    assert "nowhere is neither a file nor the name of packaged weights" in message
