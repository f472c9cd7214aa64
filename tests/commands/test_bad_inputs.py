"""Bad inputs of every kind: each ends in one sentence and exit code 2, never a traceback.

A case is a function that spoils something in a folder of its own and returns the command line to
try on it. A flipped bit may also do no harm, where the file has no checksum of its own.
"""

import json
import re
import shutil

import numpy as np
import pytest
from exporting import export
from small import pack, png, use_small_network
from study import reproduce
from test_checkpoint import flipped

from tinyfer.commands import evaluate, explore, predict, saliency, train, watch
from tinyfer.core.networks import load_model
from tinyfer.data import load_fer2013
from tinyfer.storage.arrays import load_arrays, save_arrays

LONGEST = 200


@pytest.fixture(scope="module")
def patched():
    with pytest.MonkeyPatch.context() as patch:
        use_small_network(patch)
        yield patch


@pytest.fixture(scope="module")
def made(tmp_path_factory, patched):
    """A finished run of the small network on drawn faces."""
    folder = tmp_path_factory.mktemp("made") / "run"
    assert train.main(["--drawn", "98", "--epochs", "1", "--out", str(folder)]) == 0
    for file in folder.glob("*.png"):
        file.unlink()
    return folder


@pytest.fixture
def place(made, tmp_path, monkeypatch):
    """A folder of its own with a copy of the run, which the test may spoil."""
    shutil.copytree(made, tmp_path / "run")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def sentence_of(read, path):
    """The sentence with which the library refuses, or what it gives."""
    try:
        return None, read(path)
    except (ValueError, OSError) as error:
        sentence = str(error)
    assert 10 < len(sentence) < LONGEST + len(str(path)) and "\n" not in sentence
    assert path.name in sentence
    return sentence, None


# Archives and folders

def test_an_archive_with_a_password_is_said(refused, place, files):
    content = pack(files, place / "archive.zip").read_bytes()
    places = [match.start() + 8 for match in re.finditer(b"PK\1\2", content)]
    for at in places:
        content = content[:at] + b"\1" + content[at + 1:]
    (place / "archive.zip").write_bytes(content)
    sentence = refused(explore.main, "--data", "archive.zip")
    assert "is encrypted; expected an archive without a password" in sentence


def test_flipped_bits_in_archives(place, files):
    """The very same faces, or a sentence; or one fewer, where its name no longer tells a class."""
    path = pack(files, place / "archive.zip")
    content, expected = path.read_bytes(), load_fer2013(path)
    named = 0
    for damaged in flipped(content, 60, seed=1):
        path.write_bytes(damaged)
        sentence, data = sentence_of(lambda path: load_fer2013(path), path)
        named += sentence is not None
        if data and len(data) == len(expected):
            assert np.array_equal(data.faces, expected.faces)
            assert np.array_equal(data.labels, expected.labels)
        else:
            assert sentence or len(data) == len(expected) - 1
    assert named > 40


# A run folder

WRONG = (None, "x" * 999, -1, 10**30, 0.5, [], {}, True)
FITS = {"lr": (0.5, 10**30, "x" * 0), "drawn": (None,), "data": (None,), "drop_duplicates": (True,)}
SETTINGS = [(name, value) for name in ("classes", "balance", "split", "drop_duplicates", "drawn",
                                       "epochs", "batch_size", "lr", "seed")
            for value in WRONG if not any(value is fit or value == fit and type(value) is type(fit)
                                          for fit in FITS.get(name, ()))]


@pytest.mark.parametrize("name, value", SETTINGS,
                         ids=lambda v: v if isinstance(v, str) and len(v) < 20 else None)
def test_settings(refused, place, name, value):
    config = json.loads((place / "run/config.json").read_text())
    settings = config["settings"]
    (settings if name in settings else settings["recipe"])[name] = value
    (place / "run/config.json").write_text(json.dumps(config))
    assert "config.json" in refused(train.main, "--resume", "run")


def changed(*keys, value="gone"):
    def change(config):
        for key in keys[:-1]:
            config = config[key]
        if value == "gone":
            del config[keys[-1]]
        else:
            config[keys[-1]] = value
    return change


CONFIGS = {
    "a list": "[]", "no end": '{"settings": {', "2 MB": " " * 2_000_000, "digits": "9" * 9999,
    "unknown setting": changed("settings", "x" * 999, value=1),
    "setting missing": changed("settings", "seed"), "no parts": changed("parts"),
    "parts": changed("parts", value=[]), "a part missing": changed("parts", "test"),
    "no checksum": changed("parts", "test", "checksum"), "names": changed("class_names", value=7),
    "a name": changed("class_names", value=["angry", 1]), "source": changed("source", value=None),
    "another source": changed("parts", "test", "checksum", value="<script>"),
    "machine": changed("machine", value="fast"), "threads": changed("threads", value=[2]),
}


@pytest.mark.parametrize("fault", CONFIGS)
def test_configurations(refused, place, fault):
    text = CONFIGS[fault]
    if callable(text):
        config = json.loads((place / "run/config.json").read_text())
        text(config)
        text = json.dumps(config)
    (place / "run/config.json").write_bytes(text.encode("latin-1"))
    assert "run" in refused(evaluate.main, "run")
    if fault != "another source":       # which export --to torch has no need of
        assert "run" in refused(export.main, "run", "--to", "torch", "x")


ROW = "1,1.0,0.5,1.0,0.5,1.0"
COLUMNS = "epoch,loss,accuracy,val_loss,val_accuracy,seconds\n"
HISTORIES = {
    "empty": "", "other columns": "a,b\n1,2\n", "cut": COLUMNS + ROW[:9],
    "more": COLUMNS + ROW + ",1\n", "words": COLUMNS + ROW.replace("0.5", "high"),
    "nan": COLUMNS + ROW.replace("0.5", "nan"), "epoch 2": COLUMNS + "2" + ROW[1:],
    "accuracy 50": COLUMNS + ROW.replace("0.5", "50"), "bytes": "\xff\xfe",
    "digits": COLUMNS + "9" * 9999, "25 MB": "1," * 12_500_000,
}


@pytest.mark.parametrize("fault", HISTORIES)
def test_histories(refused, place, fault):
    (place / "run/history.csv").write_bytes(HISTORIES[fault].encode("latin-1"))
    assert "history.csv" in refused(evaluate.main, "run")


def about(**new):
    def change(arrays):
        text = json.loads(arrays["model"].tobytes()) | new
        arrays["model"] = np.frombuffer(json.dumps(text).encode(), np.uint8)
    return change


MODELS = {
    "no model": (lambda a: a.pop("model"), "is not a model saved by tinyfer"),
    "weights missing": (lambda a: a.pop("conv1.w"), "'conv1.w' is missing"),
    "an array more": (lambda a: a.update(more=np.zeros(3)), "'more' is unknown"),
    "shape": (lambda a: a.update({"conv1.b": np.zeros(9)}), "'conv1.b' has shape (9,)"),
    "model a number": (lambda a: a.update(model=np.array(1.5)), ""),
    "model empty": (lambda a: a.update(model=np.zeros(0, np.uint8)), ""),
    "text": (lambda a: a.update(model=np.array("x" * 999)), ""),
    "another network": (about(architecture="x" * 999),
                        "one of your own is known once its function is"),
    "argument": (about(arguments={"x" * 999: 1}), ""),
    "more classes": (about(arguments={"classes": 6}), "5 class names for 6 classes"),
    "a billion classes": (about(arguments={"classes": 10**9}), ""),
    "no names": (about(class_names=[]), ""), "names": (about(class_names=5), ""),
    "too many names": (about(class_names=["a"] * 99), ""),
}


@pytest.mark.parametrize("fault", MODELS)
def test_models(place, fault):
    path = place / "run/best.npz"
    arrays = load_arrays(path)
    change, words = MODELS[fault]
    change(arrays)
    save_arrays(path, arrays)
    sentence, _ = sentence_of(load_model, path)
    assert words in sentence


# Command lines: each is refused with these words, and nothing is written

LONG = "x" * 5000
LINES = {
    train: """
        --classes 4 | expected one of 7, 6, 5, 3, 2, own, got '4'
        --experiment 9 | invalid choice: '9'
        --epochs 0 | expected a whole number from 1 to 1000000, got '0'
        --lr 0 --drawn 98 | expected a finite number above 0 to below 1000, got '0'
        --batch-size ² | got '²'
        --threads 10000 | number of threads must lie in 1..
        --LONG | unrecognized arguments
        --drawn 2 | 2 faces
        --drawn 98 --data x.zip | contradict each other
        --experiment 6 --classes 7 | --classes 7 contradicts --experiment 6
        --data= | the path of the data is empty
        --data LONG | File name too long
        --data empty | empty holds no FER-2013
        --data broken.zip | broken.zip is not a whole zip archive
        --drawn 98 --out file/run | file
        --resume none | none is no run folder
        --resume run --data x | it cannot use x""",
    evaluate: """
        | the following arguments are required: RUN
        none | none is neither a file nor the name of packaged weights
        begun | holds no best.npz yet
        alone.npz | does not tell what it was trained on
        run/last.npz | is a checkpoint, not a model
        run --part all | invalid choice: 'all'
        run --out run/best.npz/x | best.npz is no folder
        run --out run/best.npz | is there already
        . | is no run folder""",
    export: """
        run --to torch a/b |
        run --to torch class | class
        run --to package ../x |
        run --to package five-class | five-class
        run --to torch LONG |""",
    explore: """
        | FER-2013 is not here: give --data; it can
        --data= | the path of the data is empty
        --data . | holds no FER-2013
        --drawn 9 --data x | contradict each other
        --drawn 70 --save x --out y | --save and --out contradict each other
        --drawn 70 --out file/x | file is no folder""",
    predict: """
        | the following arguments are required: IMAGE
        grey.png --model none | none is neither a file nor the name of packaged weights
        grey.png --model empty | empty is no run folder
        x.png --smallest 0 | expected a whole number from 8, got '0'
        x.png --box 1,2 | expected four whole numbers x,y,w,h
        x.png --threshold 2 | expected a number above 0 and below 1
        x.png --threshold nan | expected a number above 0 and below 1""",
    watch: """
        nowhere.gif | nowhere.gif
        x.gif --fps 0 | expected a number above 0
        x.gif --every 0 | from 1""",
    reproduce: """
        --table --docs none |
        --data none | none
        --docs LONG |""",
    saliency: """
        | the following arguments are required: IMAGE
        none.png | there is no file none.png
        grey.png --target joy --model run | there is no class 'joy'; there are angry, fear
        grey.png --method lime | invalid choice: 'lime'
        grey.png --drawn 9 | --drawn is for --audit
        --audit --target fear | --target is not for --audit
        --audit --drawn 4 | expected a whole number from 5, got '4'
        --audit --drawn 9 --data x | contradict each other
        --audit --data x --model run | x
        grey.png --model none | neither a file nor the name of packaged weights""",
}
CASES = [(script, *line.strip().split("|")) for script, lines in LINES.items()
         for line in lines.strip().split("\n")]


@pytest.mark.parametrize("script, line, words", CASES, ids=[
    f"{script.__name__} {line}" for script, line, _ in CASES])
def test_command_lines(refused, place, script, line, words):
    (place / "empty").mkdir()
    (place / "begun").mkdir()
    shutil.copy("run/config.json", "begun")
    shutil.copy("run/best.npz", "alone.npz")
    (place / "file").touch()
    (place / "broken.zip").write_bytes(b"PK\x03\x04 and so on")
    (place / "grey.png").write_bytes(png(np.full((48, 48), 90, np.uint8)))
    before = {file: file.is_file() and file.read_bytes() for file in place.rglob("*")}
    assert words.strip() in refused(script.main, *line.replace("LONG", LONG).split())
    assert before == {file: file.is_file() and file.read_bytes() for file in place.rglob("*")}
