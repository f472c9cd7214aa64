"""Every form of a data set gives the same faces, and whatever is wrong with one is said in words.

The data sets here are small ones of drawn faces; test_explore.py counts the real one.
"""

import gzip
import io
import os
import tarfile
import tracemalloc
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from small import FACE, noise, pack, png, same, unpack, write_csv

from tinyfer.core.checks import Notice
from tinyfer.data import EMOTIONS, USAGES, collection, draw_faces, find_data, load_data, table
from tinyfer.data.table import CSV_CODES

# What is read


def test_zip_gives_images_labels_and_usage_in_canonical_order(files, tmp_path):
    """And the very pixels that Pillow decodes; progress counts to the end."""
    file, seen = io.BytesIO(), []
    Image.fromarray(noise(0)).save(file, "jpeg")
    files["train/angry/Training_0.jpg"] = files.pop("train/angry/Training_0.png")
    files["train/angry/Training_0.jpg"] = file.getvalue()
    data = load_data(pack(files, tmp_path / "a.zip"), progress=lambda *n: seen.append(n))
    assert len(data) == 70 and data.source == "FER-2013" and data.class_names == EMOTIONS
    assert data.usage.tolist() == ["Training"] * 56 + ["PublicTest"] * 7 + ["PrivateTest"] * 7
    assert data.labels.tolist() == [k for k in range(7) for _ in range(8)] + 2 * list(range(7))
    for face, (_, content) in zip(data.faces, sorted(files.items(), key=in_order)):
        assert np.array_equal(face, np.asarray(Image.open(io.BytesIO(content))))
    assert seen[-1] == (70, 70)


def in_order(item):
    folder, emotion, file = item[0].split("/")
    return USAGES.index(file.partition("_")[0]), emotion, file


@pytest.mark.parametrize("columns, mark", [
    ("emotion,pixels,Usage", b""),                      # fer2013.csv
    ("emotion, Usage, pixels", b"\xef\xbb\xbf"),        # icml_face_data.csv
])
def test_csv_gives_the_same_images_in_the_order_of_its_rows(tmp_path, columns, mark):
    assert CSV_CODES == ("angry", "disgust", "fear", "happy", "sad", "surprise", "neutral")
    data = draw_faces(70, seed=5)
    path = write_csv(tmp_path / "fer2013.csv", data, columns)
    path.write_bytes(mark + path.read_bytes())
    assert same(load_data(path), data)
    zipped = pack({"fer2013/fer2013.csv": path.read_bytes()}, tmp_path / "kaggle.zip")
    assert same(load_data(zipped), data)


@pytest.mark.parametrize("place", ["archive.zip", "fer2013.zip", "below/archive.zip"])
def test_a_folder_with_the_zip_in_it_will_do(files, tmp_path, place):
    path = tmp_path / "home" / place
    path.parent.mkdir(parents=True)
    pack(files, path)
    for number in "12":                 # pictures of one's own that lie deeper are not meant
        unpack({"a/1.png": png(noise(0)), "b/1.png": png(noise(1))}, path.parent / "more" / number)
    assert same(load_data(tmp_path / "home"), load_data(path))


# However it is laid out

def tar(files, path, mode="w:gz"):
    with tarfile.open(path, mode) as archive:
        for name, content in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    return path


def own(files):
    """The same pictures under names of one's own."""
    return {name.replace("Training_", "me ").replace("Test_", " "): content
            for name, content in files.items()}


def renamed(change):
    return lambda files: {change(name): content for name, content in files.items()}


def redrawn(mode, size):
    def change(files):
        return {name: png(np.asarray(Image.open(io.BytesIO(content)).convert(mode).resize(size)))
                for name, content in files.items()}
    return change


SYNONYM = {"angry": "Anger", "disgust": "disgusted", "fear": "AFRAID", "happy": "happiness",
           "sad": "sadness", "surprise": "surprised", "neutral": "neutral"}
LAYOUTS = {
    "as it is": lambda f: f, "backwards": lambda f: dict(reversed(f.items())),
    "RGB": redrawn("RGB", (48, 48)), "larger": redrawn("L", (96, 96)),
    "capitals": renamed(lambda n: os.path.dirname(n).title() + n[n.rindex("/"):]),
    "./ and doubled": renamed(lambda n: "./" + n.replace("/", "//")),
    "two folders down": renamed(lambda n: f"fer2013/fer 2013/{n}"),
    "clutter": lambda f: f | {"__MACOSX/train/sad/._1.png": b"", ".hidden/train/sad/1.png": b"",
                              "train/.ipynb_checkpoints/1.png": b"", "readme.txt": b"",
                              "train/sad/Thumbs.db": b"", "train/notes.txt": b""},
    "synonyms": renamed(lambda n: "/".join(SYNONYM.get(part, part) for part in n.split("/"))),
    "other parts": renamed(lambda n: n.replace("train/", "Training/").replace("test/", "Testing/")),
}


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("names", [lambda f: f, own], ids=["FER-2013", "own"])
@pytest.mark.parametrize("form", ["folder", "zip", "tar.gz", "tar", "zip with backslashes"])
def test_layouts(files, tmp_path, layout, names, form):
    """Own pictures and FER-2013's, by the same rules, in every form."""
    plain = load_data(unpack(names(files), tmp_path / "plain"))
    files = LAYOUTS[layout](names(files))
    if form == "folder":
        path = unpack(files, tmp_path / "other")
    elif form.startswith("tar"):
        path = tar(files, tmp_path / f"any.{form}", "w:gz" if form == "tar.gz" else "w")
    else:
        path = pack({name.replace("/", "\\") if form != "zip" else name: content
                     for name, content in files.items()}, tmp_path / "any.zip")
    data = load_data(path)
    assert data.class_names == EMOTIONS and np.array_equal(data.labels, plain.labels)
    assert np.array_equal(data.usage, plain.usage)
    difference = np.abs(data.faces - plain.faces.astype(int))
    assert difference.mean() < 8 if layout == "larger" else not difference.any()
    assert (data.source == "FER-2013") == (names is not own)


@pytest.mark.parametrize("valid", ["val", "Valid", "validation"])
def test_a_validation_folder_is_the_validation_part(files, tmp_path, valid):
    def place(name):
        return name.replace("test/", f"{valid}/") if "Public" in name else name

    mine = own(renamed(place)(files))
    data = load_data(unpack(mine, tmp_path / "mine"))
    assert same(data, load_data(unpack(files, tmp_path / "fer2013")))
    without_test = {name: content for name, content in mine.items() if "test/" not in name}
    data = load_data(unpack(without_test, tmp_path / "two"))
    assert [(data.usage == part).sum() for part in ("PublicTest", "PrivateTest")] == [4, 3]


def test_links_are_followed_but_never_round(files, tmp_path):
    path = unpack(files, tmp_path / "real")
    (path / "test" / "sad" / "up").symlink_to("..")
    (path / "train" / "out").symlink_to(tmp_path)
    (path / "train" / "sad" / "gone.png").symlink_to("nowhere")
    (path / "train" / "sad" / "itself.png").symlink_to("itself.png")
    linked = tmp_path / "linked"
    linked.mkdir()
    for part in "train", "test":
        (linked / part).symlink_to(path / part)
    expected = load_data(pack(files, tmp_path / "a.zip"))
    assert same(load_data(linked), expected)
    assert same(load_data(path), expected)


def test_folders_decide_where_most_names_say_otherwise(files, tmp_path):
    """As where a part of FER-2013's train/ was moved to val/."""
    moved = {name.replace("train/", "val/") if name.endswith(("_0.png", "_1.png")) else name:
             content for name, content in files.items()}
    data = load_data(unpack(moved, tmp_path / "mine"))
    n = sum(name.startswith("val/") for name in moved)
    assert [(data.usage == part).sum() for part in USAGES] == [56 - n, n, 14] and n
    assert data.source == "the folder mine"


@pytest.mark.parametrize("place", ["dev/sad/1.png", "sad/1.png", "train/sad/more/1.png"])
def test_pictures_that_are_passed_over_are_said(files, tmp_path, place):
    path = unpack(own(files) | {place: png(noise(0))}, tmp_path / "mine")
    with pytest.warns(Notice, match=f"1 pictures are passed over, such as {place}"):
        assert len(load_data(path)) == 70


def test_a_part_of_the_classes(files, tmp_path):
    few = {name: content for name, content in files.items() if "/sad/" in name or "/fear/" in name}
    data = load_data(unpack(few, tmp_path / "few"))
    assert data.class_names == ("fear", "sad") and data.source == "a part of FER-2013"
    assert data.counts().tolist() == [10, 10]


def test_class_folders_alone(files, tmp_path):
    """Names like FER-2013's tell the part; others are divided."""
    test = {name.removeprefix("test/"): content for name, content in files.items()
            if name.startswith("test")}
    data = load_data(unpack(test, tmp_path / "a"))
    assert [(data.usage == part).sum() for part in ("PublicTest", "PrivateTest")] == [7, 7]
    whole = {name.partition("/")[2]: content for name, content in own(files).items()}
    data = load_data(tar(whole, tmp_path / "b.tar.gz"), seed=1)
    assert data.source == "the archive b.tar.gz" and data.counts().tolist() == [10] * 7
    for part, share in ("Training", 8), ("PublicTest", 1), ("PrivateTest", 1):
        assert data[data.usage == part].counts().sum() == 7 * share


def test_a_table_without_usage_is_divided(tmp_path):
    data = draw_faces(70, seed=5)
    path = write_csv(tmp_path / "train.csv", data, "emotion,pixels")
    read = load_data(path, seed=3)
    assert np.array_equal(read.faces, data.faces) and np.array_equal(read.labels, data.labels)
    assert [(read.usage == part).sum() for part in USAGES] == [56, 7, 7]
    assert same(load_data(path, seed=3), read)
    assert not np.array_equal(load_data(path, seed=4).usage, read.usage)
    zipped = tar({"fer2013/train.csv": path.read_bytes()}, tmp_path / "fer2013.tar.gz")
    assert same(load_data(zipped, seed=3), read)


def test_pictures_of_other_depths_are_said_once(files, tmp_path):
    deep = {name: png(np.asarray(Image.open(io.BytesIO(content))).astype(np.uint16) * 16)
            for name, content in files.items()}
    plain = load_data(unpack(files, tmp_path / "plain"))
    with pytest.warns(Notice, match="read as one of 12 bits .69 more such notes.") as said:
        data = load_data(unpack(deep, tmp_path / "deep"))
    assert len(said) == 1 and same(data, plain)


# Where it is looked for

def test_find_data_takes_argument_then_variable_then_data(files, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("TINYFER_DATA", raising=False)
    assert find_data() is None
    (tmp_path / "data").mkdir()
    assert find_data() is None, "an empty data/ holds nothing"
    pack(files, tmp_path / "data" / "archive.zip")
    assert find_data() == Path("data")
    pack(files, tmp_path / "other.zip")
    monkeypatch.setenv("TINYFER_DATA", "other.zip")
    assert find_data() == Path("other.zip")
    assert find_data("data") == Path("data")
    monkeypatch.setenv("TINYFER_DATA", "")
    assert find_data() == Path("data")


def test_what_is_named_must_exist(tmp_path, monkeypatch):
    """And is no wish for drawn faces where it does not."""
    monkeypatch.setenv("TINYFER_DATA", str(tmp_path / "absent.zip"))
    with pytest.raises(FileNotFoundError, match="absent.zip .from TINYFER_DATA. does not exist"):
        find_data()
    for look in (find_data, load_data):
        with pytest.raises(FileNotFoundError, match="gone.zip does not exist; .*/msambare/fer2013"):
            look(tmp_path / "gone.zip")
    with pytest.raises(ValueError, match="the path of the data is empty"):
        find_data("")


# What is wrong with it

def without(files, prefix):
    return {name: content for name, content in files.items() if not name.startswith(prefix)}


SPOILED = {
    "a class folder is missing":
        (lambda f: without(f, "test/disgust"), "'disgust' is not in all of test, train: test/ lac"),
    "a whole part is missing": (lambda f: without(f, "test"), "has no test/; expected both train"),
    "a class folder is empty":
        (lambda f: {**without(f, "train/sad/"), "train/sad/notes.txt": b"", "train/sad/": b""},
         "the class folder train/sad holds no picture"),
    "a stranger among the class folders":
        (lambda f: f | {f"train/contempt/Training_{n}.png": png(noise(n)) for n in range(4)}
         | {"test/contempt/PrivateTest_1.png": png(noise(9))},
         "'contempt' is unknown; expected angry, disg"),
    "half an image": (lambda f: f | {FACE: png(noise(0))[:500]}, f"{FACE} cannot be read"),
    "too few of a class":
        (lambda f: f | {"train/smug/Training_1.png": b"", "test/smug/PublicTest_1.png": b""},
         "'smug' has only 1 pictures to train on; expected 4"),
    "a file name without its part":
        (lambda f: f | {"train/fear/face1.png": png(noise(0))},
         "train/fear/face1.png must begin with Training_, PublicTest_ or PrivateTest_"),
    "the data twice":
        (lambda f: f | {f"copy/{name}": content for name, content in f.items()},
         "holds several data sets, in itself and in copy; expected one"),
    "an image twice": (lambda f: f | {"test/angry/Training_0.png": png(noise(0))},
                       "the same image twice: t"),
    "a class of two folders": (lambda f: f | {"train/Anger/Training_99.png": png(noise(0))},
                               "train has two folders of the class 'angry'"),
    "nothing": (lambda f: {}, "holds no FER-2013 and no other labelled faces: found nothing;"),
    "other files": (lambda f: {"b.doc": b"", "notes.txt": b""}, "found b.doc, notes.txt; expected"),
    "no folders": (lambda f: {"a.png": b"", "b.png": b""}, "found 2 pictures, all in one folder;"),
    "one folder": (lambda f: {"cats/a.png": b""}, "found 1 pictures, all in cats;"),
}
# Of one's own, these are another class, and other file names.
OF_FER2013 = "a stranger among the class folders", "a file name without its part", "an image twice"


@pytest.mark.parametrize("fault", SPOILED)
@pytest.mark.parametrize("form", ["zip", "folder", "own pictures"])
def test_faults_are_named(files, tmp_path, form, fault):
    change, message = SPOILED[fault]
    spoiled = change(own(files) if form == "own pictures" else files)
    path = (pack if form == "zip" else unpack)(spoiled, tmp_path / "archive.zip")
    if form == "own pictures" and fault in OF_FER2013:
        assert len(load_data(path)) >= 71
        return
    with pytest.raises(ValueError) as error:
        load_data(path)
    assert message in str(error.value) and path.name in str(error.value)
    assert "\n" not in str(error.value) and len(str(error.value)) - len(str(path)) < 200


PIXELS = " ".join(["7"] * 2304)
HEAD = "emotion,pixels,Usage\n"
TABLES = {
    "no header": ("", "no column 'emotion': found nothing"),
    "bytes": ("\xff\xfe" + "".join(map(chr, range(256))), "is not a readable csv file"),
    "other columns": ("emotion,Usage\n0,1", "has no column 'pixels': found 'emotion, usage'"),
    "a pixel too few": (f"{HEAD}0,{PIXELS[2:]},Training", "line 2: 2303 pixels, expected 48x48"),
    "a file cut short": (f"{HEAD}0,{PIXELS},Training\n3,{PIXELS[:99]}", "line 3: 2 columns, expec"),
    "a pixel of 256": (f"{HEAD}0,256{PIXELS[1:]},Training", "pixels must be whole numbers 0 to"),
    "a fraction": (f"{HEAD}0,0.5{PIXELS[1:]},Training", "whole numbers"),
    "a label of 7": (f"{HEAD}7,{PIXELS},Training", "line 2: emotion '7', expected 0 to 6"),
    "an unknown usage": (f"{HEAD}0,{PIXELS},Test", "line 2: Usage 'Test', expected Training, "),
    "a single image": (f"{HEAD}0,{PIXELS},Training", "'angry' has only 1 pictures to train on"),
    "a single class": (HEAD + f"0,{PIXELS},Training\n" * 10, "has 1 classes; expected two or more"),
    "empty lines": (HEAD + "\n" * 200_000, "has more than 200,000 lines"),
}


@pytest.mark.parametrize("fault", TABLES)
def test_csv_faults_are_named(tmp_path, fault):
    text, message = TABLES[fault]
    (tmp_path / "icml_face_data.csv").write_bytes(text.encode("latin-1"))
    with pytest.raises(ValueError) as error:
        load_data(tmp_path)
    assert message in str(error.value) and "icml_face_data.csv" in str(error.value)


def test_a_line_without_end_is_not_taken_in(tmp_path):
    """2 GB of nothing behind a good row, in a csv and in one without header."""
    for name, start in (("fer2013.csv", f"{HEAD}0,{PIXELS},Training\n"),
                        ("icml_face_data.csv", "")):
        with open(tmp_path / name, "w") as file:
            file.write(start)
            file.truncate(2 << 30)
        tracemalloc.start()
        with pytest.raises(ValueError, match=f"{name}, line [13]: more than 100,000 bytes"):
            load_data(tmp_path / name)
        assert tracemalloc.get_traced_memory()[1] < 5e6
        tracemalloc.stop()


def test_a_tar_is_read_within_bounds(files, tmp_path, monkeypatch):
    """Cut short, with a file or a header of gigabytes, or that never ends."""
    path = tar(files, tmp_path / "any.tar.gz")
    path.write_bytes(path.read_bytes()[:-50])
    with pytest.raises(ValueError, match="any.tar.gz is not a whole tar archive .* broke off"):
        load_data(path)
    raw = gzip.decompress(tar(files, path).read_bytes())
    for whole in raw[:raw.index(b"test/sad")], raw.replace(b"test/sad", b"test/bad", 1):
        path.write_bytes(whole)
        with pytest.raises(ValueError, match="any.tar.gz is not a whole tar archive"):
            load_data(path)
    tar(files | {FACE: bytes(60_000_000)}, path)
    with pytest.raises(ValueError, match=f"{FACE} has 60,000,000 bytes; expected at most 50,00"):
        load_data(path)
    header = tarfile.TarInfo("long")
    header.type, header.size = tarfile.XHDTYPE, 10**9
    path.write_bytes(gzip.compress(header.tobuf() + bytes(10_000)))
    with pytest.raises(ValueError, match="a header in it has 1,000,000,000 bytes"):
        load_data(path)
    monkeypatch.setattr(collection, "MOST_UNPACKED", 2_000_000)
    tar(files | {"x.bin": bytes(3_000_000)}, path)
    with pytest.raises(ValueError, match="unpacks to more than 2,000,000 bytes"):
        load_data(path)


@pytest.mark.parametrize("form", ["zip", "folder", "csv"])
def test_more_than_can_be_read_is_refused_soon(files, tmp_path, monkeypatch, form):
    monkeypatch.setattr(collection, "MOST_NAMES", 60)
    monkeypatch.setattr(table, "MOST_LINES", 60)
    path = {"zip": lambda: pack(files, tmp_path / "a.zip"),
            "folder": lambda: unpack(files, tmp_path / "a"),
            "csv": lambda: pack({"fer2013.csv": "emotion,pixels,Usage\n" + "\n" * 90},
                                tmp_path / "b.zip")}[form]()
    with pytest.raises(ValueError, match="more than 60 (files|lines)"):
        load_data(path)
