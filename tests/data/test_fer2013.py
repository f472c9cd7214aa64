"""Every form of FER-2013 gives the same faces, and whatever is wrong with one is said in words.

The data sets here are small ones of drawn faces; test_explore.py counts the real one.
"""

import io
import tracemalloc
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from small import FACE, noise, pack, png, same, unpack, write_csv

from tinyfer.data import EMOTIONS, draw_faces, find_data, load_fer2013
from tinyfer.data.fer2013_csv import CSV_CODES

# What is read


def test_zip_gives_images_labels_and_usage_in_canonical_order(files, tmp_path):
    data = load_fer2013(pack(files, tmp_path / "archive.zip"))
    assert len(data) == 70 and data.source == "FER-2013" and data.class_names == EMOTIONS
    assert data.usage.tolist() == ["Training"] * 56 + ["PublicTest"] * 7 + ["PrivateTest"] * 7
    assert data.labels.tolist() == [k for k in range(7) for _ in range(8)] + 2 * list(range(7))
    for face, content in zip(data.faces, files.values()):
        assert np.array_equal(face, np.asarray(Image.open(io.BytesIO(content))))


def test_zip_and_folder_agree_whatever_their_order(files, tmp_path):
    names = list(files)
    np.random.default_rng(0).shuffle(names)
    folder = load_fer2013(unpack(files, tmp_path / "extracted"))
    assert same(load_fer2013(pack({n: files[n] for n in names}, tmp_path / "a.zip")), folder)


def test_case_depth_and_clutter_do_not_matter(files, tmp_path):
    plain = load_fer2013(pack(files, tmp_path / "plain.zip"))
    cluttered = {}
    for name, content in files.items():
        folder, emotion, file = name.split("/")
        cluttered[f"fer/{folder.title()}/{emotion.upper()}/{file}"] = content
        cluttered[f"__MACOSX/{folder}/{emotion}/._{file}"] = b"\0"
        cluttered[f"fer/{folder}/{emotion}/.{file}"] = b"\0"
    cluttered["fer/train/Thumbs.db"] = cluttered["readme.txt"] = b"\0"
    assert same(load_fer2013(pack(cluttered, tmp_path / "cluttered.zip")), plain)


def test_jpeg_pixels_are_those_pillow_decodes(files, tmp_path):
    file = io.BytesIO()
    Image.fromarray(noise(0)).save(file, "jpeg")
    files["train/angry/Training_9.jpg"] = file.getvalue()
    data = load_fer2013(pack(files, tmp_path / "archive.zip"))
    assert np.array_equal(data.faces[8], np.asarray(Image.open(file)))


@pytest.mark.parametrize("columns", [
    "emotion,pixels,Usage",         # fer2013.csv
    "emotion, Usage, pixels",       # icml_face_data.csv
])
def test_csv_gives_the_same_images_in_the_order_of_its_rows(tmp_path, columns):
    data = draw_faces(70, seed=5)
    assert same(load_fer2013(write_csv(tmp_path / "fer2013.csv", data, columns)), data)


def test_csv_with_a_byte_order_mark(tmp_path):
    path = write_csv(tmp_path / "fer2013.csv", draw_faces(14, seed=0))
    before = load_fer2013(path)
    path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes())
    assert same(load_fer2013(path), before)


def test_csv_codes_are_not_the_alphabetical_labels():
    assert CSV_CODES == ("angry", "disgust", "fear", "happy", "sad", "surprise", "neutral")
    assert sorted(CSV_CODES) == list(EMOTIONS)


def test_csv_within_a_zip(tmp_path):
    path = write_csv(tmp_path / "fer2013.csv", draw_faces(70, seed=5))
    zipped = pack({"fer2013/fer2013.csv": path.read_text()}, tmp_path / "kaggle.zip")
    assert same(load_fer2013(zipped), load_fer2013(path))


@pytest.mark.parametrize("place", ["archive.zip", "fer2013.zip", "below/archive.zip"])
def test_a_folder_with_the_zip_in_it_will_do(files, tmp_path, place):
    path = tmp_path / "home" / place
    path.parent.mkdir(parents=True)
    assert same(load_fer2013(tmp_path / "home") if pack(files, path) else None, load_fer2013(path))


def test_the_folder_above_the_extracted_one_will_do(files, tmp_path):
    unpack(files, tmp_path / "home" / "archive")
    assert same(load_fer2013(tmp_path / "home"), load_fer2013(tmp_path / "home" / "archive"))


def test_progress_counts_to_the_end(files, tmp_path):
    seen = []
    load_fer2013(pack(files, tmp_path / "a.zip"), progress=lambda i, n: seen.append((i, n)))
    assert seen[-1] == (70, 70)


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
    monkeypatch.setenv("TINYFER_DATA", str(tmp_path / "absent.zip"))
    with pytest.raises(FileNotFoundError, match="absent.zip .from TINYFER_DATA. does not exist"):
        find_data()
    for look in (find_data, load_fer2013):
        with pytest.raises(FileNotFoundError) as error:
            look(tmp_path / "gone.zip")
        for part in ("gone.zip does not exist", "kaggle.com/datasets/msambare/fer2013"):
            assert part in str(error.value)


# What is wrong with it


def without(files, prefix):
    return {name: content for name, content in files.items() if not name.startswith(prefix)}


def picture(size, mode):
    file = io.BytesIO()
    Image.new(mode, size).save(file, "png")
    return file.getvalue()


SPOILED = {
    "a class folder is missing":
        (lambda f: without(f, "test/disgust"), "class folder test/disgust is missing"),
    "a whole part is missing": (lambda f: without(f, "test"), "class folder test/angry is missing"),
    "a class folder is empty":
        (lambda f: {**without(f, "train/sad/"), "train/sad/notes.txt": b"", "train/sad/": b""},
         "class folder train/sad holds no image"),
    "a stranger among the class folders":
        (lambda f: f | {"train/contempt/Training_1.png": png(noise(0))},
         "the class folder 'train/contempt' is unknown; expected angry, disgust"),
    "an image too large":
        (lambda f: f | {FACE: picture((64, 48), "L")},
         f"{FACE} is 64x48, mode L; expected 48x48, 8-bit grey"),
    "a colour image":
        (lambda f: f | {FACE: picture((48, 48), "RGB")},
         f"{FACE} is 48x48, mode RGB; expected 48x48, 8-bit grey"),
    "no image at all": (lambda f: f | {FACE: b"not an image"}, f"{FACE} cannot be read"),
    "half an image": (lambda f: f | {FACE: f[FACE][:500]}, f"{FACE} cannot be read"),
    "an empty file": (lambda f: f | {FACE: b""}, f"{FACE} cannot be read"),
    "a file name without its part":
        (lambda f: f | {"train/fear/face1.png": png(noise(0))},
         "train/fear/face1.png must begin with Training_, PublicTest_ or PrivateTest_"),
    "the data twice":
        (lambda f: f | {f"copy/{name}": content for name, content in f.items()},
         "the same image twice: train/angry/Training_0.png and copy/train/angry/Training_0.png"),
    "something else": (lambda f: {"cats/1.png": png(noise(0))}, "holds no FER-2013"),
}


@pytest.mark.parametrize("fault", SPOILED)
@pytest.mark.parametrize("form", ["zip", "folder"])
def test_faults_are_named(files, tmp_path, form, fault):
    change, message = SPOILED[fault]
    spoiled = change(files)
    if form == "zip":
        path = pack(spoiled, tmp_path / "archive.zip")
    else:
        path = tmp_path / "extracted"
        for name in [name for name in spoiled if name.endswith("/")]:
            (path / name).mkdir(parents=True)
            spoiled.pop(name)
        unpack(spoiled, path)
        if fault == "the data twice":
            message = "the same image twice: "  # a folder has no order
    with pytest.raises(ValueError) as error:
        load_fer2013(path)
    assert message in str(error.value) and path.name in str(error.value)
    assert "\n" not in str(error.value)


def test_a_truncated_or_false_zip_is_named(files, tmp_path):
    path = pack(files, tmp_path / "archive.zip")
    whole = path.read_bytes()
    for content in (whole[: len(whole) // 2], b"", b"<html>please sign in</html>"):
        path.write_bytes(content)
        with pytest.raises(ValueError, match="archive.zip is not a whole zip archive"):
            load_fer2013(path)


def test_a_damaged_zip_entry_is_named(files, tmp_path):
    path = pack(files, tmp_path / "archive.zip")
    content = bytearray(path.read_bytes())
    content[content.index(b"IDAT") + 50] ^= 255
    path.write_bytes(content)
    with pytest.raises(ValueError, match="archive.zip is not a whole zip archive .*CRC"):
        load_fer2013(path)


PIXELS = " ".join(["7"] * 2304)
TABLES = {
    "no header": ("", "has no column 'emotion': found nothing"),
    "bytes": ("".join(map(chr, range(256))), "is not a readable csv file"),
    "other columns": ("emotion,pixels\n0,1", "has no column 'usage': found 'emotion, pixels'"),
    "a pixel too few": (f"emotion,pixels,Usage\n0,{PIXELS[2:]},Training",
                        "line 2: 2303 pixels, expected 48x48 = 2304"),
    "a file cut short": (f"emotion,pixels,Usage\n0,{PIXELS},Training\n3,{PIXELS[:99]}",
                         "line 3: 2 columns, expected 3"),
    "a pixel of 256": (f"emotion,pixels,Usage\n0,256{PIXELS[1:]},Training",
                       "line 2: pixels must be whole numbers 0 to 255"),
    "a pixel of -1": (f"emotion,pixels,Usage\n0,-1{PIXELS[1:]},Training", "0 to 255"),
    "a fraction": (f"emotion,pixels,Usage\n0,0.5{PIXELS[1:]},Training", "whole numbers"),
    "a label of 7": (f"emotion,pixels,Usage\n7,{PIXELS},Training",
                     "line 2: emotion '7', expected 0 to 6"),
    "a label in words": (f"emotion,pixels,Usage\nsad,{PIXELS},Training", "emotion 'sad'"),
    "an unknown usage": (f"emotion,pixels,Usage\n0,{PIXELS},Test",
                         "line 2: Usage 'Test', expected Training, PublicTest, PrivateTest"),
    "a class without an image": (f"emotion,pixels,Usage\n0,{PIXELS},Training",
                                 "holds no image of the class disgust"),
}


@pytest.mark.parametrize("fault", TABLES)
def test_csv_faults_are_named(tmp_path, fault):
    text, message = TABLES[fault]
    (tmp_path / "icml_face_data.csv").write_bytes(text.encode("latin-1"))
    with pytest.raises(ValueError) as error:
        load_fer2013(tmp_path)
    assert message in str(error.value) and "icml_face_data.csv" in str(error.value)


def test_a_line_without_end_is_not_taken_in(tmp_path):
    """2 GB of nothing behind a good row, in a csv and in one without header."""
    for name, start in (("fer2013.csv", f"emotion,pixels,Usage\n0,{PIXELS},Training\n"),
                        ("icml_face_data.csv", "")):
        with open(tmp_path / name, "w") as file:
            file.write(start)
            file.truncate(2 << 30)
        tracemalloc.start()
        with pytest.raises(ValueError, match=f"{name}, line [13]: more than 100,000 characters"):
            load_fer2013(tmp_path / name)
        assert tracemalloc.get_traced_memory()[1] < 5e6
        tracemalloc.stop()


def test_a_zip_that_unpacks_to_gigabytes_is_refused(files, tmp_path):
    """An image of 2 MB, and an archive that says it lists 4 GB of members."""
    path = pack(files | {FACE: files[FACE] + bytes(2_000_000)}, tmp_path / "archive.zip")
    with pytest.raises(ValueError, match="would unpack to 2,.* bytes; expected at most 1,000,000"):
        load_fer2013(path)
    path = pack(files, path)
    content = bytearray(path.read_bytes())
    content[-10:-6] = b"\xff\xff\xff\xff"
    path.write_bytes(content)
    with pytest.raises(ValueError, match="not a whole zip archive .it lists too many members"):
        load_fer2013(path)


@pytest.mark.parametrize("path, sentence", [("", "the path of the data is empty"),
                                            ("none", "none does not exist; FER-2013 can be had")])
def test_a_path_to_nothing_is_no_wish_for_drawn_faces(path, sentence):
    with pytest.raises((ValueError, FileNotFoundError), match=sentence):
        find_data(path)
