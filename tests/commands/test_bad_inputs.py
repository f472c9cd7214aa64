"""Some 250 bad inputs of every kind: each ends in one sentence and exit code 2, never a traceback.

A case is a function that spoils something in a folder of its own and returns the command line to
try on it. A flipped bit may also do no harm, where the file has no checksum of its own.
"""

import io
import itertools
import json
import shutil
import struct
import zipfile

import numpy as np
import pytest
from exporting import export
from PIL import Image
from small import FACE, noise, pack, png, unpack, use_small_network
from study import reproduce
from test_checkpoint import flipped

from tinyfer.commands import evaluate, explore, predict, saliency, train
from tinyfer.core.arrays import load_arrays, save_arrays
from tinyfer.core.networks import load_model
from tinyfer.data import load_fer2013
from tinyfer.data.pictures import read_face

LONGEST = 200
PIXELS = " ".join(["7"] * 2304)
HEAD = "emotion,pixels,Usage\n"


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


# Tables

TABLES = {
    "empty": "", "no header": PIXELS, "one long word": "x" * 50_000, "null": "\0" * 99,
    "a quote that never ends": HEAD + '0,"' + f"{PIXELS},Training\n" * 20,
    "long header": ",".join("abcdefgh" * 20 for _ in range(100)), "two headers": HEAD + HEAD,
    "a line of 200,000": HEAD + "0," + "7 " * 100_000, "only a header": HEAD,
    "a code of 5,000 digits": HEAD + f"{'9' * 5000},{PIXELS},Training\n",
    "a pixel of 5,000 digits": HEAD + f"0,{'9' * 5000},Training\n",
    "no pixels": HEAD + "0,,Training\n", "hexadecimal": HEAD + f"0,0x{PIXELS},Training\n",
    "usage of 9,000": HEAD + f"0,{PIXELS},{'Test' * 2000}\n", "negative": HEAD + f"-1,{PIXELS},\n",
    "too many columns": HEAD + f"0,{PIXELS},Training,1,2\n", "semicolons": HEAD.replace(",", ";"),
    "control": HEAD + f"\x1b[31m,{PIXELS},Training\n", "one class": HEAD + f"0,{PIXELS},Training\n",
    "not in UTF-8": "\xff\xfe" + HEAD, "markup": "<html><body>" * 100,
}


@pytest.mark.parametrize("fault", TABLES)
def test_tables(refused, place, fault):
    (place / "fer2013.csv").write_bytes(TABLES[fault].encode("latin-1"))
    assert "fer2013.csv" in refused(explore.main, "--data", "fer2013.csv")


# Archives and folders

def patch_all(path, pattern, offset, new):
    content = bytearray(path.read_bytes())
    place = -1
    while (place := content.find(pattern, place + 1)) >= 0:
        content[place + offset : place + offset + len(new)] = new
    path.write_bytes(content)


CENTRAL, LOCAL, END = b"PK\1\2", b"PK\3\4", b"PK\5\6"
HEADERS = {
    "encrypted": (CENTRAL, 8, b"\1"), "version 23.5": (CENTRAL, 6, b"\xeb"),
    "unknown packing": (CENTRAL, 10, b"\x63"), "bzip2": (CENTRAL, 10, b"\x0c"),
    "4 GB unpacked": (CENTRAL, 24, b"\xff\xff\xff\xfe"),
    "no content": (CENTRAL, 24, bytes(4)), "another checksum": (CENTRAL, 16, b"abcd"),
    "no local headers": (LOCAL, 0, b"xxxx"), "names cut": (LOCAL, 26, b"\1\0"),
    "no end": (END, 0, b"xxxx"), "4 GB of names": (END, 12, b"\xff" * 4),
    "names elsewhere": (END, 16, b"\xff" * 4), "no names": (END, 8, bytes(8)),
    "zip64 that is none": (CENTRAL, 42, b"\xff" * 4),
}


@pytest.mark.parametrize("fault", HEADERS)
def test_headers_of_archives(refused, place, files, fault):
    pack(files, place / "archive.zip")
    patch_all(place / "archive.zip", *HEADERS[fault])
    sentence = refused(explore.main, "--data", "archive.zip")
    assert "archive.zip" in sentence
    if fault == "encrypted":
        assert "is encrypted; expected an archive without a password" in sentence


def test_flipped_bits_in_archives(place, files):
    """The very same faces, or a sentence; or one fewer, where its name no longer tells a class."""
    path = pack(files, place / "archive.zip")
    content, expected = path.read_bytes(), load_fer2013(path, cache=False)
    named = 0
    for damaged in flipped(content, 60, seed=1):
        path.write_bytes(damaged)
        sentence, data = sentence_of(lambda path: load_fer2013(path, cache=False), path)
        named += sentence is not None
        if data and len(data) == len(expected):
            assert np.array_equal(data.faces, expected.faces)
            assert np.array_equal(data.labels, expected.labels)
        else:
            assert sentence or len(data) == len(expected) - 1
    assert named > 40


def picture(size=(48, 48), mode="L", form="png", **settings):
    file = io.BytesIO()
    Image.new(mode, size).save(file, form, **settings)
    return file.getvalue()


def huge(width, height):
    """A PNG that says it is of that size."""
    content = bytearray(picture())
    content[16:24] = struct.pack(">II", width, height)
    content[29:33] = struct.pack(">I", zipfile.crc32(content[12:29]))
    return bytes(content)


NAME = "train/fear/Training_9.png"
MEMBERS = {
    "no picture": (NAME, b"x"), "empty": (NAME, b""), "huge": (NAME, huge(50_000, 50_000)),
    "half": (NAME, png(noise(0))[:900]), "60 MB": (NAME, png(noise(0)) + bytes(60_000_000)),
    "a class of 200 letters": (f"train/{'x' * 200}/Training_1.png", b""),
    "control characters": ("train/\x1b[31m\n/Training_1.png", b""),
    "markup": ("train/<script>/Training_1.png", b""), "a part": ("train/fear/Test_1.png", b""),
    "a name of 200 letters": (f"train/fear/{'x' * 200}.png", b""),
    "the same twice": ("copy/" + FACE, b""),
}


@pytest.mark.parametrize("fault", MEMBERS)
@pytest.mark.parametrize("form", ["archive.zip", "extracted"])
def test_members(refused, place, files, form, fault):
    name, content = MEMBERS[fault]
    (pack if form == "archive.zip" else unpack)(files | {name: content}, place / form)
    refused(explore.main, "--data", form)


def test_paths_out_of_an_archive_lead_nowhere(place, files):
    """Nothing is ever unpacked, and what lies above or in hidden folders is no image of it."""
    path = pack(files, place / "archive.zip")
    expected = load_fer2013(path, cache=False)
    for name in ("../../train/fear/Training_1.png", "/etc/../train/fear/.x/Training_1.png"):
        pack(files | {name: b"x"}, path)
        assert np.array_equal(load_fer2013(path, cache=False).faces, expected.faces)
    assert {file.name for file in place.iterdir()} == {"run", "archive.zip"}


# Pictures

PICTURES = {
    "empty": b"", "text": b"hello" * 99, "markup": b"<html>" * 99, "huge": huge(50_000, 50_000),
    "none wide": huge(0, 48), "half": png(noise(0))[:900], "archive": b"PK\5\6" + bytes(18),
    "floating point": picture(mode="F", form="tiff"), "header": png(noise(0))[:40],
    "webp": b"RIFF\x10\0\0\0WEBPVP8 ", "gif": b"GIF89a\xff\xff\xff\xff", "bmp": b"BM" + bytes(60),
    "jpeg": picture(form="jpeg")[:200], "jpeg 2000": b"\0\0\0\x0cjP  \r\n\x87\n", "psd": b"8BPS",
    "icon": b"\0\0\1\0\1\0", "tiff": b"II*\0\xff\xff\xff\xff", "avif": b"\0\0\0 ftypavif",
}


@pytest.mark.parametrize("fault", PICTURES)
def test_pictures(place, fault):
    path = place / "photo.png"
    path.write_bytes(PICTURES[fault])
    sentence, _ = sentence_of(read_face, path)
    assert sentence


@pytest.mark.parametrize("form", ["png", "jpeg", "tiff", "gif", "webp", "bmp"])
def test_flipped_bits_in_pictures(place, form):
    """A face, or a sentence."""
    file = io.BytesIO()
    Image.fromarray(noise(0)).save(file, form)
    path = place / f"photo.{form}"
    for damaged in flipped(file.getvalue(), 20, seed=2):
        path.write_bytes(damaged)
        sentence, face = sentence_of(read_face, path)
        assert sentence or face.shape == (48, 48)


@pytest.mark.parametrize("name", ["none.png", "run/config.json", "run/best.npz"])
def test_predict_says_which_picture_it_cannot_read(call, place, name):
    """And goes on with the others."""
    code, _, err = call(predict.main, name, "--whole")
    assert code == 1 and err.startswith("note: ")
    assert err.count("\n") == 1 and len(err) < LONGEST + 10


# A run folder

WRONG = (None, "x" * 999, -1, 10**30, 0.5, [], {}, True)
FITS = {"lr": (0.5, 10**30, "x" * 0), "drawn": (None,), "data": (None,), "drop_duplicates": (True,)}
SETTINGS = [(name, value) for name in ("classes", "balance", "split", "drop_duplicates", "drawn",
                                       "epochs", "batch_size", "lr", "seed", "dtype")
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
    "empty": "", "a list": "[]", "null": "null", "no end": '{"settings": {', "NaN": '{"a": NaN}',
    "deep": "[" * 90_000, "2 MB": " " * 2_000_000, "bytes": "\xff\xfe", "digits": "9" * 9999,
    "unknown setting": changed("settings", "x" * 999, value=1),
    "setting missing": changed("settings", "seed"), "no parts": changed("parts"),
    "parts": changed("parts", value=[]), "a part missing": changed("parts", "test"),
    "no checksum": changed("parts", "test", "checksum"), "names": changed("class_names", value=7),
    "a name": changed("class_names", value=["angry", 1]), "source": changed("source", value=None),
    "another source": changed("parts", "test", "checksum", value="<script>"),
    "machine": changed("machine", value="fast"), "versions": changed("machine", "versions",
    value=0),
    "parameters": changed("parameters", value="1" * 999), "threads": changed("threads", value=[2]),
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
    "empty": "", "other columns": "a,b\n1,2\n", "long": "x" * 90_000, "cut": COLUMNS + ROW[:9],
    "more": COLUMNS + ROW + ",1\n", "words": COLUMNS + ROW.replace("0.5", "high"),
    "nan": COLUMNS + ROW.replace("0.5", "nan"), "inf": COLUMNS + ROW.replace("0.5", "inf"),
    "negative": COLUMNS + "1,-1" + ROW[5:], "epoch 2": COLUMNS + "2" + ROW[1:], "null": "\0" * 99,
    "accuracy 50": COLUMNS + ROW.replace("0.5", "50"), "bytes": "\xff\xfe",
    "digits": COLUMNS + "9" * 9999,
    "a row between": COLUMNS + ROW + "\n\n" + "2" + ROW[1:], "25 MB": "1," * 12_500_000,
    "markup": COLUMNS + "<script>alert(1)</script>",
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
    "an array of a long name": (lambda a: a.update({"x" * 999: np.zeros(3)}), ""),
    "shape": (lambda a: a.update({"conv1.b": np.zeros(9)}), "'conv1.b' has shape (9,)"),
    "words": (lambda a: a.update({"conv1.b": np.array("x")}), "'conv1.b'"),
    "model a number": (lambda a: a.update(model=np.array(1.5)), ""),
    "model empty": (lambda a: a.update(model=np.zeros(0, np.uint8)), ""),
    "text": (lambda a: a.update(model=np.array("x" * 999)), ""),
    "another network": (about(architecture="x" * 999), "is unknown; one of your own is known once its function is"),
    "architecture": (about(architecture=["a"]), ""),
    "arguments": (about(arguments=7), ""),
    "argument": (about(arguments={"x" * 999: 1}), ""),
    "more classes": (about(arguments={"classes": 6}), "5 class names for 6 classes"),
    "a billion classes": (about(arguments={"classes": 10**9}), ""),
    "half": (about(arguments={"classes": 2.5}), ""),
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


NPZ = {
    "empty": lambda c: b"", "text": lambda c: b"weights" * 99, "half": lambda c: c[: len(c) // 2],
    "end": lambda c: c[:-1], "more": lambda c: c + b"x", "twice": lambda c: c + c,
    "picture": lambda c: picture(), "pickle": lambda c: b"\x80\4K\1.", "npy": lambda c:
    b"\x93NUMPY\1\0" + c[:99], "no checksum": lambda c: c.replace(b"tinyfer crc32",
    b"another crc32"),
}


@pytest.mark.parametrize("fault, name", list(itertools.product(NPZ, ["best.npz", "last.npz"])))
def test_files_of_arrays(refused, place, fault, name):
    path = place / "run" / name
    path.write_bytes(NPZ[fault](path.read_bytes()))
    main, arguments = {"best.npz": (predict.main, [path.parent / "x.png", "--model", path]),
                       "last.npz": (train.main, ["--resume", "run", "--epochs", "2"])}[name]
    assert name in refused(main, *arguments)


# Command lines

LONG = "x" * 5000
LINES = {
    train: ["--data=", "--data no.zip", "--data .", "--data run/config.json", "--classes 4",
            "--epochs 0", "--epochs 1e3", "--epochs " + "9" * 5000, "--lr 0", "--lr nan --drawn 98",
            "--lr inf --drawn 98", "--lr -1 --drawn 98", "--drawn 1", "--drawn 0", "--seed -1",
            "--seed " + "9" * 40, "--batch-size ²", "--threads 0", "--dtype float16",
            "--drawn 98 --out run", "--resume none", "--resume run/best.npz",
            "--resume run --seed 9",
            "--resume run --data x", "--experiment 9", "--split half", f"--data {LONG}",
            f"--{LONG}",
            LONG, "--drawn 98 --out run/best.npz/x", "--resume", "--data x --drawn 98"],
    evaluate: ["", "none", "run/last.npz", "run/config.json", "run --part all",
               "run --data x", "run --data=", "run --mistakes -1", "run --threads 0", LONG,
               "run --out run/best.npz", "run --against none", "run --against run/last.npz", "."],
    export: ["", "run", "run --to package", "run --to onnx x", "none --to torch x",
             "run --to torch a/b", "run --to package x --training", "run --to torch PIL --training",
             "run --to torch class", "run --to torch torch", "run --to torch é",
             "run --to package ../x",
             "run --to package five-class", "run/last.npz --to torch x", f"run --to torch {LONG}"],
    explore: ["--data=", "--data no.zip", "--drawn 0", "--drawn -1", "--drawn x", "--seed -1",
              "--data x --drawn 9", "--drawn 98 --out run/best.npz", f"--data {LONG}", "--data ."],
    predict: ["", "run/best.npz --model none", "x.png --smallest 0",
              "x.png --model run/last.npz", "x.png --model run/config.json", "x.png --box 1,2",
              f"x.png --model {LONG}", f"x.png --box {LONG}", "x.png --model ."],
    reproduce: ["--experiments 99", "--table --docs none", "--table --docs run/best.npz",
                "--seeds -1",
                "--data=", "--data none", "--drawn 0", "--drawn 98 --data x", "--epochs 0",
                f"--docs {LONG}", "--data none --docs run"],
    saliency: ["none.png", "run/config.json", "--method none", "--model none", f"--model {LONG}"],
}
CASES = [(script, line) for script, lines in LINES.items() for line in lines]


@pytest.mark.parametrize("script, line", CASES, ids=[
    f"{script.__name__} {line[:40]}" for script, line in CASES])
def test_command_lines(refused, place, script, line):
    before = {file: file.read_bytes() for file in (place / "run").iterdir()}
    refused(script.main, *line.split())
    assert before == {file: file.read_bytes() for file in (place / "run").iterdir()}


def test_there_are_at_least_two_hundred():
    counts = map(len, (TABLES, HEADERS, MEMBERS, PICTURES, SETTINGS, CONFIGS, HISTORIES, MODELS,
                       NPZ, NPZ, CASES))
    assert sum(counts) >= 200
