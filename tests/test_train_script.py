"""scripts/train.py from the outside: its files and words, interruption, and bad input."""

import csv
import json
import os
import re
import shutil
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import train
from PIL import Image
from progress import Progress
from small import use_small_network

from tinyfer import runs
from tinyfer.architectures import load_model
from tinyfer.checkpoint import load_arrays, read_history
from tinyfer.metrics import evaluate
from tinyfer.recipes import BEST, RECIPES, Recipe
from tinyfer.settings import Settings

SCRIPT = Path(train.__file__)

# 70 faces of five classes: some 40 to learn from in 5 steps, the last one of fewer.
FEW = ["--drawn", "98", "--batch-size", "10", "--seed", "3"]


@pytest.fixture
def small(monkeypatch, tmp_path):
    """The script in this process, in a folder of its own, with a network that trains in no time."""
    use_small_network(monkeypatch)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def run(*arguments):
    return train.main([str(a) for a in arguments])


def fails(capsys, *arguments):
    """The one line of an error: exit code 2, no traceback."""
    try:
        code = run(*arguments)
    except SystemExit as stop:  # argparse's way
        code = stop.code
    message = capsys.readouterr().err
    assert code == 2
    assert message.startswith("error: ") and "Traceback" not in message
    return message.removeprefix("error: ").strip()


def same_run(one, other):
    for name in ("last.npz", "best.npz"):
        a, b = load_arrays(Path(one) / name), load_arrays(Path(other) / name)
        assert a.keys() == b.keys()
        for key in a.keys() - {"about"}:
            assert a[key].tobytes() == b[key].tobytes(), f"{key} in {name} differs"
    histories = [read_history(folder) for folder in (one, other)]
    for row in histories[0] + histories[1]:
        del row["seconds"]
    assert histories[0] == histories[1]


def test_a_whole_run(small, capsys):
    assert run(*FEW, "--epochs", 3, "--out", "run") == 0
    folder = small / "run"
    assert {file.name for file in folder.iterdir()} == {
        "config.json", "history.csv", "best.npz", "last.npz", "metrics.json", "curves.png",
        "confusion.png", "roc.png"}

    with open(folder / "history.csv", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["epoch"] for row in rows] == ["1", "2", "3"]
    assert set(rows[0]) == {"epoch", "loss", "accuracy", "val_loss", "val_accuracy", "seconds"}

    config = json.loads((folder / "config.json").read_text())
    assert config["source"] == "drawn faces"
    assert config["settings"]["balance"] == "weights" and config["experiment"] == "6"
    assert config["class_names"] == ["angry", "fear", "happy", "sad", "surprise"]
    assert config["parts"]["train"]["images"] == sum(config["parts"]["train"]["per_class"].values())
    assert config["machine"]["versions"]["numpy"] == np.__version__

    # The scores are those of the best weights, done again from the files.
    scores = json.loads((folder / "metrics.json").read_text())
    settings = Settings.read(config["settings"])
    parts = settings.parts(settings.faces())
    model = load_model(folder / "best.npz")
    for name, part in (("validation", parts.validation), ("test", parts.test)):
        again = evaluate(part.labels, model.predict_proba(part.faces), part.class_names)
        assert scores["best"][name] == again
    accuracies = [float(row["val_accuracy"]) for row in rows]
    assert scores["best"]["epoch"] == 1 + accuracies.index(max(accuracies))
    assert scores["best"]["validation"]["accuracy"] == max(accuracies)
    assert scores["last"] == dict(epoch=3, validation=dict(
        accuracy=accuracies[2], loss=float(rows[2]["val_loss"])))
    assert scores["source"] == "drawn faces"

    for name in ("curves", "confusion", "roc"):
        with Image.open(folder / f"{name}.png") as image:
            image.load()

    out = capsys.readouterr().out
    assert re.search(r"^    3  +\d\.\d{4}", out, re.M), "no table line for epoch 3"
    assert re.search(r"macro mean +\d", out) and "95 % interval" in out
    assert "\r" not in out, "a log must have plain lines"


def test_drawn_faces_are_announced_first_and_last(small, capsys):
    run(*FEW, "--epochs", 1)
    out = capsys.readouterr().out.strip()
    first, last = out[:600], out[-300:]
    assert "DRAWN FACES, NOT FER-2013" in first and "DRAWN FACES, NOT FER-2013" in last
    assert "https://www.kaggle.com/datasets/msambare/fer2013" in first
    assert "https://www.kaggle.com/api/v1/datasets/download/msambare/fer2013" in first
    assert out.startswith("=====") and out.endswith("=====")


def test_without_fer2013_faces_are_drawn(small):
    settings = train.new_settings({})
    assert settings.drawn > 0 and settings.data is None
    assert settings.lr > 1e-4, "few drawn faces want a larger step"
    assert train.new_settings({"lr": 1e-4}).lr == 1e-4, "what is given always wins"


def test_settings_of_fer2013(small):
    (small / "archive.zip").touch()
    settings = train.new_settings({"data": "archive.zip"})
    expected = dict(classes=5, balance="weights", split="report", epochs=40, batch_size=64, lr=1e-4,
                    seed=0, dtype="float32", drawn=None, drop_duplicates=False,
                    data=str(small / "archive.zip"),
                    recipe="study", patience=None, limit=None, start=None,
                    find_faces=False)
    assert settings.as_dict() == expected
    assert train.new_settings({"data": "archive.zip", "drop_duplicates": True}) == (
        replace(settings, drop_duplicates=True))


@pytest.mark.parametrize("given, choice, name", [
    ({}, (5, "weights", "report"), "experiment6-seed0"),
    ({"classes": 7}, (7, "none", "report"), "experiment1-seed0"),
    ({"classes": 2, "balance": "undersample"}, (2, "undersample", "report"), "experiment8-seed0"),
    ({"classes": 7, "split": "official"}, (7, "none", "official"), "experimentofficial7-seed0"),
    ({"classes": 3, "balance": "none", "seed": 4}, (3, "none", "report"), "3-none-report-seed4"),
    ({"experiment": "4"}, (6, "undersample", "report"), "experiment4-seed0"),
    ({"drop_duplicates": True}, (5, "weights", "report"), "experiment6-distinct-seed0"),
    ({"dtype": "float64"}, (5, "weights", "report"), "experiment6-float64-seed0"),
    ({"recipe": "best"}, (5, "none", "report"), "5-none-report-best-seed0"),
    ({"recipe": "best", "experiment": "6"}, (5, "weights", "report"), "experiment6-best-seed0"),
    ({"limit": 70, "start": "five-class"}, (5, "weights", "report"),
     "experiment6-limit70-from-five-class-seed0"),
])
def test_what_is_trained_and_what_it_is_called(small, given, choice, name):
    (small / "archive.zip").touch()
    settings = train.new_settings({"data": "archive.zip"} | given)
    assert (settings.classes, settings.balance, settings.split) == choice
    assert settings.name == name
    drawn = train.new_settings({"drawn": 9} | given)
    assert drawn.name == f"drawn-{name}"


def test_default_folders_do_not_collide(small):
    assert [runs.new_folder("runs/a", numbered=True) for _ in range(3)] == [
        Path("runs/a"), Path("runs/a-2"), Path("runs/a-3")]


def test_raising_the_epochs_equals_a_longer_run(small):
    run(*FEW, "--epochs", 3, "--out", "long")
    run(*FEW, "--epochs", 1, "--out", "grown")
    assert run("--resume", "grown", "--epochs", 3) == 0
    same_run("long", "grown")
    assert runs.read_config("grown") == runs.read_config("long")
    scores = [(Path(folder) / "metrics.json").read_text() for folder in ("long", "grown")]
    assert [re.sub('"training_seconds": .*', "", text) for text in scores][0] == (
        re.sub('"training_seconds": .*', "", scores[1]))


def test_a_run_in_float64_is_the_same_run_but_for_rounding(small):
    """The same weights, order, augmentation and dropout: the first epochs must agree."""
    run(*FEW, "--epochs", 2, "--out", "single")
    run(*FEW, "--epochs", 2, "--out", "double", "--dtype", "float64")
    for folder, dtype in (("single", np.float32), ("double", np.float64)):
        with np.load(f"{folder}/best.npz") as saved:
            assert saved["conv1.w"].dtype == dtype
        assert load_model(f"{folder}/best.npz").dtype == np.float32
    losses = [[row["loss"] for row in read_history(folder)] for folder in ("single", "double")]
    assert losses[0] != losses[1]
    assert np.allclose(*losses, rtol=1e-4)


def test_stopped_before_the_first_checkpoint(small):
    run(*FEW, "--epochs", 1, "--out", "whole")
    run(*FEW, "--epochs", 1, "--out", "begun")
    for file in (small / "begun").iterdir():
        if file.name != "config.json":
            file.unlink()
    assert run("--resume", "begun") == 0
    same_run("whole", "begun")


def start(folder, *arguments):
    environment = {k: v for k, v in os.environ.items() if k != "TINYFER_DATA"}
    environment["PYTHONPATH"] = str(SCRIPT.parents[1])
    # A shell that runs the tests in the background lets them, and what they start, ignore Ctrl-C.
    return subprocess.Popen(
        [sys.executable, SCRIPT, *arguments], cwd=folder, env=environment, text=True,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler))


def stopped_after(epoch, number, folder, *arguments):
    """Start the script, send it a signal when the row of `epoch` appears: (exit code, stderr)."""
    with start(folder, *arguments) as process:
        for line in process.stdout:
            if re.match(rf" +{epoch} +\d", line):
                process.send_signal(number)
                break
        _, err = process.communicate()
    return process.returncode, err


def test_interrupted_for_real(tmp_path):
    """The six-layer network, stopped by Ctrl-C, resumed, killed, resumed, against a whole run."""
    settings = ["--drawn", "98", "--batch-size", "16", "--seed", "3", "--epochs", "6"]
    code, err = stopped_after(1, signal.SIGINT, tmp_path, *settings, "--out", "broken")
    assert code == 130
    assert "--resume broken" in err and "Traceback" not in err
    code, _ = stopped_after(3, signal.SIGKILL, tmp_path, "--resume", "broken")
    assert code == -signal.SIGKILL
    done = len(read_history(tmp_path / "broken"))
    assert 3 <= done < 6
    for arguments in (["--resume", "broken"], [*settings, "--out", "whole"]):
        with start(tmp_path, *arguments) as process:
            out, err = process.communicate()
        assert process.returncode == 0, err
        assert (f"resuming after epoch {done} of 6" in out) == ("--resume" in arguments)
    same_run(tmp_path / "broken", tmp_path / "whole")


def test_full_disk_keeps_the_last_good_checkpoint(small, capsys, monkeypatch):
    run(*FEW, "--epochs", 4, "--out", "whole")
    written, fsync = [], os.fsync

    def full(descriptor):
        written.append(descriptor)
        if len(written) > 9:
            raise OSError(28, "No space left on device")
        fsync(descriptor)

    monkeypatch.setattr(os, "fsync", full)
    message = fails(capsys, *FEW, "--epochs", 4, "--out", "full")
    assert "could not be written: No space left on device; the one saved before is kept" in message
    monkeypatch.setattr(os, "fsync", fsync)
    assert run("--resume", "full") == 0
    same_run("whole", "full")


def test_folder_in_use_is_refused_and_untouched(small, capsys):
    run(*FEW, "--epochs", 1, "--out", "run")
    before = {file.name: file.read_bytes() for file in (small / "run").iterdir()}
    message = fails(capsys, *FEW, "--epochs", 1, "--out", "run")
    assert "run is already in use" in message and "resume the run in it" in message
    assert {file.name: file.read_bytes() for file in (small / "run").iterdir()} == before
    (small / "notes.txt").write_text("mine")
    assert "already in use" in fails(capsys, *FEW, "--out", "notes.txt")
    assert (small / "notes.txt").read_text() == "mine"


def test_damaged_checkpoints_are_named(small, capsys):
    run(*FEW, "--epochs", 1, "--out", "run")
    last = small / "run" / "last.npz"
    content = last.read_bytes()
    last.write_bytes(content[:1000])
    assert "run/last.npz cannot be read: it is damaged" in fails(capsys, "--resume", "run")
    last.write_bytes(content)
    run(*FEW, "--classes", 3, "--epochs", 1, "--out", "three")
    last.write_bytes((small / "three" / "last.npz").read_bytes())
    assert "run/last.npz does not fit this run" in fails(capsys, "--resume", "run")
    for content in ("{", "[]", "{}"):
        (small / "run" / "config.json").write_text(content)
        assert "run/config.json is damaged" in fails(capsys, "--resume", "run")


def test_without_its_checkpoint_a_run_is_not_begun_again(small, capsys):
    run(*FEW, "--epochs", 1, "--out", "run")
    (small / "run" / "last.npz").unlink()
    before = {file.name: file.read_bytes() for file in (small / "run").iterdir()}
    for left in ("history.csv", "best.npz", "metrics.json"):
        message = fails(capsys, "--resume", "run", "--epochs", 2)
        assert f"run cannot be resumed: it holds {left}, but no last.npz" in message
        assert before == {file.name: file.read_bytes() for file in (small / "run").iterdir()}
        del before[left]
        (small / "run" / left).unlink()


def test_a_checkpoint_of_other_settings_is_refused(small, capsys):
    """An edited config.json, and the last.npz of a run with another seed."""
    run(*FEW, "--epochs", 1, "--out", "run")
    run(*FEW, "--epochs", 1, "--seed", 4, "--out", "other")
    original = (small / "run" / "config.json").read_text()
    for name, value in (("lr", 0.5), ("batch_size", 11), ("balance", "none"), ("dtype", "float64")):
        config = json.loads(original)
        config["settings"][name] = value
        (small / "run" / "config.json").write_text(json.dumps(config))
        message = fails(capsys, "--resume", "run")
        assert "run/last.npz does not fit this run" in message or "has changed" in message
    (small / "run" / "config.json").write_text(original)
    shutil.copy("other/last.npz", "run/last.npz")
    assert "last.npz does not fit this run" in fails(capsys, "--resume", "run")


def test_a_run_has_one_owner(small, capsys):
    run(*FEW, "--epochs", 1, "--out", "run")
    with runs.owned("run"):
        message = fails(capsys, "--resume", "run", "--epochs", 2)
    assert re.match(rf"run is in use by process {os.getpid()} on .* since ", message)
    assert run("--resume", "run", "--epochs", 2) == 0
    assert not (small / "run" / ".lock").exists()


def test_killed_before_anything_was_written(small, capsys):
    """Then neither --out nor --resume is a dead end."""
    (small / "run").mkdir()
    for name in (".lock", ".config.json.1-0.part"):
        (small / "run" / name).write_text("half")
    assert "there is no config.json" in fails(capsys, "--resume", "run")
    assert run(*FEW, "--epochs", 1, "--out", "run") == 0


def test_a_folder_deleted_in_mid_run_stays_deleted(small, capsys, monkeypatch):
    def epoch(self, history, epochs):
        shutil.rmtree("run")

    monkeypatch.setattr(train.Progress, "epoch", epoch)
    message = fails(capsys, *FEW, "--epochs", 3, "--out", "run")
    assert "the run folder run is gone: it was deleted or moved" in message
    assert not (small / "run").exists()


def test_once_is_said_once(small, capsys):
    run(*FEW, "--epochs", 1, "--out", "run")
    assert "scored once with the best epoch" in capsys.readouterr().out
    run("--resume", "run")
    assert "scored again with the best epoch" in capsys.readouterr().out


@pytest.mark.parametrize("arguments, words", [
    (["--classes", "7"], "--classes 7 contradicts the run in run"),
    (["--seed", "4"], "--seed 4 contradicts"),
    (["--lr", "0.5"], "--lr 0.5 contradicts"),
    (["--dtype", "float64"], "--dtype float64 contradicts"),
    (["--experiment", "1"], "--experiment 1 contradicts"),
    (["--drop-duplicates"], "--drop-duplicates"),
    (["--out", "elsewhere"], "--out elsewhere contradicts"),
    (["--epochs", "1"], "may be raised, not lowered"),
    (["--data", "archive.zip"], "the run is on 98 drawn faces: it cannot use archive.zip"),
])
def test_resuming_with_contradictions(small, capsys, arguments, words):
    run(*FEW, "--epochs", 2, "--out", "run")
    before = (small / "run" / "config.json").read_bytes()
    assert words in fails(capsys, "--resume", "run", *arguments)
    assert (small / "run" / "config.json").read_bytes() == before


def test_resuming_with_what_the_run_has_anyway(small):
    run(*FEW, "--epochs", 1, "--out", "run")
    assert run("--resume", "run", *FEW, "--experiment", 6, "--epochs", 2, "--out", "run") == 0
    assert len(read_history("run")) == 2


def test_resuming_with_other_data(small, capsys):
    run(*FEW, "--epochs", 1, "--out", "run")
    config = runs.read_config("run")
    config["parts"]["train"]["checksum"] = "00000000"
    runs.write_json("run/config.json", config)
    assert "cannot be resumed with this data" in fails(capsys, "--resume", "run")


def test_resuming_without_the_data(small, capsys):
    run(*FEW, "--epochs", 1, "--out", "run")
    config = runs.read_config("run")
    config["settings"] |= {"drawn": None, "data": "/gone/archive.zip"}
    runs.write_json("run/config.json", config)
    message = fails(capsys, "--resume", "run")
    assert "no longer in /gone/archive.zip: tell where it is" in message


@pytest.mark.parametrize("arguments, words", [
    (["--classes", "4"], "invalid choice: 4"),
    (["--classes", "many"], "--classes"),
    (["--balance", "both"], "invalid choice: 'both'"),
    (["--experiment", "9"], "invalid choice: '9'"),
    (["--epochs", "0"], "expected a whole number from 1, got '0'"),
    (["--batch-size", "-1"], "got '-1'"),
    (["--lr", "0", "--drawn", "98"], "the setting lr is '0.0'; expected a finite number above 0"),
    (["--lr", "nan", "--drawn", "98"], "the setting lr is 'nan'"),
    (["--threads", "10000"], "number of threads must lie in 1.."),
    (["--nonsense"], "--nonsense"),
    (["--drawn", "2"], "2 faces"),
    (["--drawn", "98", "--data", "x.zip"], "contradict each other"),
    (["--experiment", "6", "--classes", "7"], "--classes 7 contradicts --experiment 6"),
    (["--data", "missing.zip"], "missing.zip does not exist"),
    (["--data", "empty"], "empty holds no FER-2013"),
    (["--data", "broken.zip"], "broken.zip is not a whole zip archive"),
    (["--resume", "missing"], "missing is no run folder"),
    (["--resume", "empty"], "empty is no run folder"),
    (["--out", "read-only.txt/run", *FEW], "read-only.txt"),
])
def test_bad_arguments_are_named(small, capsys, arguments, words):
    (small / "empty").mkdir()
    (small / "broken.zip").write_bytes(b"PK\x03\x04 and so on")
    (small / "read-only.txt").touch()
    assert words in fails(capsys, *arguments)
    assert not (small / "runs").exists(), "a run folder was left behind"


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_divergence_is_named(small, capsys):
    message = fails(capsys, *FEW, "--lr", "1e38", "--out", "run")
    assert re.search(r"loss became (nan|inf) in epoch 1, step \d of \d", message)
    assert np.isfinite(load_arrays(small / "run" / "last.npz")["model/dense1.w"]).all()


def test_help_explains_every_option(capsys):
    with pytest.raises(SystemExit) as stop:
        run("--help")
    assert stop.value.code == 0
    pieces = re.split(r"^  (--[a-z-]+)", capsys.readouterr().out, flags=re.M)
    meanings = {option: " ".join(text.split()) for option, text in zip(pieces[1::2], pieces[2::2])}
    expected = {
        "--classes": "default 5", "--balance": "default", "--experiment": "number",
        "--split": "default report", "--drop-duplicates": "exact copy", "--data": "archive.zip",
        "--drawn": "drawn faces", "--epochs": "default 40", "--batch-size": "default 64",
        "--lr": "default 1e-4", "--seed": "default 0", "--threads": "one per core",
        "--dtype": "float64", "--out": "run folder", "--resume": "last whole epoch",
        "--recipe": "default study", "--patience": "not risen", "--limit": "N images of each part",
        "--from": "five-class", "--find-faces": "largest face found",
    }
    assert meanings.keys() == expected.keys()
    for option, words in expected.items():
        assert words in meanings[option]


# Recipes, patience, a few images, weights to start from


def test_the_best_recipe_is_resumed_with_everything_in_it(small, monkeypatch, capsys):
    """Schedule, averages and distortions; config.json tells it whole; none of it may change."""
    whole_faces = replace(BEST, crop=None)          # the small network takes no others
    monkeypatch.setitem(RECIPES, "best", whole_faces)
    best = [*FEW, "--recipe", "best", "--epochs", 3, "--batch-size", 16]
    run(*best, "--out", "whole")
    stop_after_one_epoch([*best, "--out", "begun"])
    assert run("--resume", "begun") == 0
    same_run("whole", "begun")
    assert "optimizer/mean.conv1.w" in load_arrays("whole/last.npz")
    config = json.loads(Path("whole/config.json").read_text())
    assert config["settings"]["recipe"] == "best" and config["settings"]["balance"] == "none"
    assert Recipe.read(config["recipe"]) == replace(whole_faces, epochs=3, batch_size=16, lr=1e-3)

    capsys.readouterr()
    message = fails(capsys, "--resume", "whole", "--epochs", 4)
    assert "whose rate falls to 0 in its 3 epochs: start a new one" in message
    message = fails(capsys, "--resume", "whole", "--recipe", "study")
    assert "--recipe study contradicts the run in whole" in message
    config["recipe"]["smoothing"] = 0.3
    Path("whole/config.json").write_text(json.dumps(config))
    assert "the recipe best has changed" in fails(capsys, "--resume", "whole")


def stop_after_one_epoch(arguments):
    class Stop(Progress):
        def epoch(self, history, epochs):
            raise KeyboardInterrupt

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(train, "Progress", Stop)
        assert run(*arguments) == 130


def test_patience_and_limit(small, monkeypatch, capsys):
    """And a training that learnt nothing says so."""
    monkeypatch.setattr(train, "warnings", lambda history, labels: ["it has learnt nothing"])
    assert run("--drawn", 400, "--limit", 20, "--epochs", 60, "--lr", 1e-9, "--patience", 1,
               "--out", "run") == 0
    assert len(read_history("run")) < 60
    parts = json.loads(Path("run/config.json").read_text())["parts"]
    assert [part["images"] for part in parts.values()] == [20, 20, 20]
    printed = capsys.readouterr().out
    assert "only 20 images of each part were used" in printed
    assert "\nnote: it has learnt nothing\n" in printed
    assert run("--resume", "run") == 0 and len(read_history("run")) < 60


def test_a_run_starts_from_another(small, capsys):
    run(*FEW, "--epochs", 1, "--out", "first")
    capsys.readouterr()
    run(*FEW, "--epochs", 1, "--lr", 1e-9, "--from", "first", "--out", "second")
    assert "starting from" in capsys.readouterr().out
    first, second = (load_arrays(f"{name}/best.npz") for name in ("first", "second"))
    assert np.abs(first["conv1.w"] - second["conv1.w"]).max() < 1e-6
    run(*FEW, "--classes", 7, "--epochs", 1, "--from", "first/best.npz", "--out", "third")
    assert "but for dense1.w and dense1.b" in capsys.readouterr().out
    message = fails(capsys, *FEW, "--from", "nowhere")
    assert "nowhere is neither a file nor the name of packaged weights" in message
    assert "--from five-class contradicts" in fails(capsys, "--resume", "second", "--from",
                                                    "five-class")


def test_weights_of_drawn_faces_are_named_such_on_photographs(small, small_fer2013, capsys):
    run(*FEW, "--epochs", 1, "--out", "drawn")
    run("--data", small_fer2013, "--epochs", 1, "--from", "drawn", "--out", "real")
    assert "learnt on drawn faces, not on photographs" in capsys.readouterr().out
