"""Any picture to a face, and scripts/predict.py: the same answer however the picture is stored."""

import csv
import errno
import io
import json
import os
import re

import numpy as np
import pytest
from PIL import Image
from tiny import unsettle

import tinyfer
from tinyfer.commands import cli, predict
from tinyfer.core.checks import Notice
from tinyfer.core.networks import load_model, six_layer_cnn
from tinyfer.data import draw_faces
from tinyfer.data.drawn_scenes import draw_scene
from tinyfer.data.pictures import face_of
from tinyfer.photo import reading
from tinyfer.training.runs import open_run

NAMES = ("angry", "fear", "happy", "sad", "surprise")


@pytest.fixture(scope="module")
def model_file(tmp_path_factory):
    """An untrained network with random statistics, so that its answers differ between pictures."""
    model = unsettle(six_layer_cnn(classes=5, seed=3, class_names=NAMES))
    path = tmp_path_factory.mktemp("model") / "best.npz"
    model.save(path)
    return path


def picture(height=48, width=48, seed=0):
    """Smooth grey values, unlike at every place, mirrored or turned."""
    rng = np.random.default_rng(seed)
    small = Image.fromarray(rng.integers(0, 256, (6, 6)).astype(np.uint8))
    return small.resize((width, height), Image.Resampling.BICUBIC)


@pytest.mark.parametrize("orientation", range(1, 9))
def test_exif_orientation_is_respected(tmp_path, orientation):
    """Each way a camera may have stored the same scene gives the same face; the box counts in the
    upright picture."""
    upright, T = picture(60, 48), Image.Transpose
    turn = (None, T.FLIP_LEFT_RIGHT, T.ROTATE_180, T.FLIP_TOP_BOTTOM, T.TRANSPOSE, T.ROTATE_90,
            T.TRANSVERSE, T.ROTATE_270)[orientation - 1]
    exif = Image.Exif()
    exif[0x0112] = orientation
    (upright if turn is None else upright.transpose(turn)).save(tmp_path / "photo.png", exif=exif)
    assert np.array_equal(face_of(tmp_path / "photo.png"), np.asarray(upright)[6:54])
    assert np.array_equal(face_of(tmp_path / "photo.png", (0, 0, 48, 48)), np.asarray(upright)[:48])


def test_scaling_down_takes_the_mean_of_what_a_pixel_stands_for():
    """A fine chequered pattern becomes grey, not stripes."""
    fine = (np.indices((480, 480)).sum(axis=0) % 2 * 255).astype(np.uint8)
    assert abs(face_of(Image.fromarray(fine)).astype(int) - 128).max() <= 2


@pytest.mark.parametrize("size, box, square", [
    ((48, 48), None, (0, 0, 48)), ((1, 1), None, (0, 0, 1)), ((3, 200), None, (98, 0, 3)),
    ((640, 481), None, (0, 79, 481)),
    ((70, 100), (10, 20, 30, 30), (10, 20, 30)),        # a square stays as it is
    ((70, 100), (10, 20, 20, 30), (5, 20, 30)),         # a tall box grows to both sides
    ((70, 100), (0, 20, 20, 30), (0, 20, 30)),          # moved inside at the left
    ((70, 100), (80, 20, 20, 30), (70, 20, 30)),        # and at the right
    ((70, 100), (10, 0, 40, 10), (10, 0, 40)),          # and at the top
    ((70, 100), (5, 5, 80, 20), (10, 0, 70)),           # no square of 80 fits into a height of 70
    ((70, 100), (0, 0, 100, 70), (15, 0, 70))])         # the whole picture
def test_a_box_or_the_largest_centred_square(size, box, square):
    image, (x, y, side) = picture(*size), square
    expected = image.crop((x, y, x + side, y + side)).resize((48, 48), Image.Resampling.BILINEAR)
    assert np.array_equal(face_of(image, box), np.asarray(expected))


@pytest.mark.parametrize("box", [(-1, 0, 5, 5), (0, 0, 0, 5), (96, 0, 5, 5), (0, 66, 5, 5)])
def test_a_box_outside_is_refused(box):
    with pytest.raises(ValueError, match="does not lie in the picture of 100x70 pixels"):
        face_of(picture(70, 100), box)


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGB", "RGBA", "CMYK", "YCbCr", "HSV", "I",
                                  "I;16"])
def test_modes(mode):
    """A black and white picture is the same face in every mode Pillow has."""
    grey = Image.fromarray((np.asarray(picture()) > 128).astype(np.uint8) * 255)
    if mode in ("I", "I;16"):
        image = Image.fromarray(np.asarray(grey).astype("u2" if mode == "I;16" else "i4") * 257)
    else:
        image = (grey if mode in "1L" else grey.convert("RGB")).convert(mode)
    assert image.mode == mode
    difference = np.abs(face_of(image).astype(int) - np.asarray(grey).astype(int))
    assert difference.max() <= 1


def test_colours_and_what_is_transparent():
    """Grey by luma; what is not covered is white."""
    assert (face_of(Image.new("RGB", (48, 48), (255, 0, 0))) == round(0.299 * 255)).all()
    image = Image.new("RGBA", (48, 48), (0, 0, 0, 0))
    image.paste((0, 0, 0, 255), (0, 0, 48, 24))
    face = face_of(image)
    assert (face[:24] == 0).all() and (face[24:] == 255).all()
    with pytest.raises(ValueError, match="no fixed range"):
        face_of(Image.new("F", (48, 48)))


@pytest.fixture
def pictures(tmp_path):
    paths = []
    for i, size in enumerate([(48, 48), (100, 70), (31, 200)]):
        paths.append(tmp_path / f"{i}.png")
        picture(*size, seed=i).save(paths[-1])
    return paths


@pytest.fixture
def read(call, model_file):
    """Call predict with the untrained network: (exit code, what was printed, notes)."""
    return lambda *arguments: call(predict.main, *arguments, "--model", model_file)


def test_many_pictures_give_what_single_ones_give(read, model_file, pictures):
    """What the model says to the faces themselves, in JSON and in a table of 80 columns."""
    code, out, _ = read(*pictures, "--json", "--whole")
    together = json.loads(out)
    assert code == 0 and [row["image"] for row in together] == [str(p) for p in pictures]
    model, answers = load_model(model_file), []
    head, *lines = read(*pictures, "--whole")[1].splitlines()
    assert head.split() == ["x,y,w,h", "prediction", *NAMES]
    assert lines[::2] == list(map(str, pictures)) and max(map(len, [head, *lines[1::2]])) <= 80
    for path, row, line in zip(pictures, together, lines[1::2]):
        assert json.loads(read(path, "--json", "--whole")[1]) == [row]
        (face,) = row["faces"]
        expected = model.predict_proba(face_of(path)[None], crops=18)[0]
        assert list(face["probabilities"].values()) == pytest.approx(expected, abs=2e-6)
        assert face["prediction"] == NAMES[expected.argmax()] and face["score"] is None
        answers.append([",".join(map(str, face["box"])),
                        "unsure" if face["unsure"] else face["prediction"],
                        *(f"{p:.2f}" for p in face["probabilities"].values())])
        assert line.split() == ["1", *answers[-1]]
    assert len(set(map(tuple, answers))) == 3, "different pictures, yet the same answer"


@pytest.fixture(scope="module")
def scenes(tmp_path_factory):
    """A folder: a scene of two faces, one without, a face of 48x48 in a folder of its own."""
    folder = tmp_path_factory.mktemp("scenes")
    Image.fromarray(draw_scene(2, seed=5, height=240, width=320)[0]).save(folder / "a.png")
    Image.fromarray(draw_scene(0, seed=1, height=160, width=240)[0]).save(folder / "b.png")
    (folder / "more").mkdir()
    Image.fromarray(draw_faces(1, seed=3).faces[0]).save(folder / "more" / "c.png")
    (folder / "notes.txt").write_text("no picture")
    return folder


def test_a_folder_gives_a_row_a_face(read, scenes):
    code, out, err = read(scenes)
    first, one, two, second, third, three = out.splitlines()[1:]
    assert code == 0 and err == ""
    assert [first, second, third] == [str(scenes / "a.png"), f"{scenes / 'b.png'}: no face found",
                                      str(scenes / "more" / "c.png")]
    left, right = ([int(v) for v in line.split()[1].split(",")] for line in (one, two))
    assert left[0] < right[0] and three.split()[1] == "0,0,48,48"


def test_a_bad_file_is_reported_and_the_rest_goes_on(read, pictures, tmp_path):
    (tmp_path / "empty.jpg").write_bytes(b"")
    (tmp_path / "a.heic").write_bytes(b"\0\0\0\x18ftypheic")
    files = (pictures[0], tmp_path / "empty.jpg", tmp_path / "missing.png", tmp_path / "a.heic",
             pictures[1])
    code, out, err = read(*files, "--whole")
    rows = out.splitlines()[1:]
    assert code == 1 and ["not read" in row for row in rows] == [
        False, False, True, True, True, False, False]
    for words in "empty.jpg cannot be read as a picture", "there is no file", "save it as JPEG":
        assert words in err
    records = json.loads(read(*files, "--whole", "--json")[1])
    assert ["error" in record for record in records] == [False, True, True, True, False]


def test_standard_input(read, monkeypatch, scenes):
    content = (scenes / "more" / "c.png").read_bytes()
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(content)))
    (row,) = json.loads(read("-", "--json")[1])
    assert row["image"] == "-" and row["faces"][0]["box"] == [0, 0, 48, 48]


def test_the_csv_holds_what_is_printed(read, scenes, tmp_path):
    code, _, _ = read(scenes, "--csv", tmp_path / "faces.csv")
    with open(tmp_path / "faces.csv", newline="") as file:
        rows = list(csv.DictReader(file))
    assert code == 0 and [row["prediction"] == "no face found" for row in rows] == [
        False, False, True, False]
    for row in (rows[0], rows[1], rows[3]):
        p = [float(row[name]) for name in NAMES]
        assert sum(p) == pytest.approx(1, abs=1e-4) and row["prediction"] == NAMES[np.argmax(p)]
        assert row["w"] == row["h"]
    code, _, err = read(scenes, "--csv", tmp_path / "faces.csv")
    assert code == 2 and "faces.csv is there already: choose another --csv, or give --force" in err


def test_show_marks_a_copy_of_each_picture(read, scenes, tmp_path):
    assert read(scenes / "a.png", "--show", tmp_path / "one.png")[0] == 0
    marked = np.asarray(Image.open(tmp_path / "one.png").convert("RGB")).astype(int)
    plain = np.asarray(Image.open(scenes / "a.png").resize(marked.shape[1::-1])).astype(int)
    assert 0.01 < (np.abs(marked - plain).max(axis=2) > 60).mean() < 0.4
    code, out, err = read(scenes, "--show", tmp_path / "new.png")
    assert code == 2 and out == "" and "3 pictures need a folder" in err


def test_show_mirrors_subfolders(read, tmp_path):
    """And gives a number to what would have one name; nothing there already is touched."""
    for name in "a/1.png", "b/1.png", "b/1.jpg":
        (tmp_path / "in" / name).parent.mkdir(parents=True, exist_ok=True)
        picture().save(tmp_path / "in" / name)
    options = tmp_path / "in", "--show", tmp_path / "out"
    assert read(*options)[0] == 0
    out = tmp_path / "out"
    assert sorted(file.relative_to(out).as_posix() for file in out.rglob("*.png")) == [
        "a/1-faces.png", "b/1-faces-2.png", "b/1-faces.png"]
    code, out, err = read(*options)
    assert code == 2 and out == ""
    assert "a/1-faces.png is there already: choose another --show" in err
    assert read(*options, "--force")[0] == 0


def test_a_full_disk_is_named_and_loses_no_answer(read, pictures, monkeypatch, tmp_path):
    """A marked copy that cannot be written is a note; the table of rows is what one asked for."""
    def full(*_):
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr("tinyfer.photo.marking.marked", full)
        code, out, err = read(*pictures, "--whole", "--json", "--show", tmp_path / "marked")
    assert code == 1 and err.count("No space left") == 3
    assert [len(row["faces"]) for row in json.loads(out)] == [1, 1, 1]
    if os.path.exists("/dev/full"):
        code, _, err = read(*pictures, "--whole", "--csv", "/dev/full", "--force")
        assert (code, err) == (2, "error: /dev/full: No space left on device\n")


def test_what_an_answer_is_worth_is_said(read, call, model_file, pictures, tmp_path, monkeypatch):
    """Of a face of one grey; of an animation; of a network of drawn faces; of a first start."""
    assert read(pictures[0], "--whole")[2] == ""
    Image.new("L", (48, 48), 7).save(tmp_path / "grey.png")
    code, out, err = read(tmp_path / "grey.png")
    assert code == 0 and out.splitlines()[2].split()[2] == "unsure"
    assert "grey.png: the face has hardly any contrast" in err
    picture().save(tmp_path / "a.gif", save_all=True, append_images=[picture(seed=1)])
    err = read(tmp_path / "a.gif", "--show", tmp_path / "marked.png")[2]
    assert err.count("has several frames, of which the first is read") == 1
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "best.npz").write_bytes(model_file.read_bytes())
    about = open_run("five-class").about | {"source": "drawn faces"}
    (tmp_path / "run" / "config.json").write_text(json.dumps(about))
    monkeypatch.setattr(cli, "compiled", lambda what: False)
    started = []
    monkeypatch.setattr(cli, "Popen", lambda command, **_: started.append(command))
    err = call(predict.main, pictures[0], "--model", tmp_path / "run", "--whole")[2]
    assert "was trained on drawn faces" in err and "the first start compiles the kernels" in err
    with pytest.warns(Notice, match="hardly any contrast"):     # of the face that is answered
        exec(started[0][2], {})


@pytest.mark.parametrize("form", ["--json", "--whole"])
def test_what_is_done_outlasts_ctrl_c(read, pictures, tmp_path, monkeypatch, form):
    def stop(path, *arguments, **options):
        if path == str(pictures[2]):
            raise KeyboardInterrupt
        return tinyfer.read_photo(path, *arguments, **options)

    monkeypatch.setattr(reading, "read_photo", stop)
    code, out, err = read(*pictures, form, "--csv", tmp_path / "rows.csv")
    assert code == 130 and "stopped; the pictures above are done" in err
    with open(tmp_path / "rows.csv", newline="") as file:
        rows = [row["picture"] for row in csv.DictReader(file)]
    shown = ([row["image"] for row in json.loads(out)] if form == "--json" else
             [line for line in out.splitlines() if line.startswith(str(tmp_path))])
    assert list(dict.fromkeys(rows)) == [name.split(":")[0] for name in shown] == list(
        map(str, pictures[:2]))


def test_a_terminal_sees_how_far_it_is(read, pictures, monkeypatch):
    monkeypatch.setattr("sys.stderr.isatty", lambda: True, raising=False)
    err = read(*pictures, "--whole")[2]
    assert re.findall(r"(\d) of 3 pictures, \d+ s left", err) == ["1", "2"]


def test_json_is_ascii_where_the_stream_is_not_utf8(read, tmp_path, monkeypatch):
    picture().save(tmp_path / "ü.png")
    for encoding, shown in ("cp1252", b"\\u00fc.png"), ("utf-8", "ü.png".encode()):
        stream = io.BytesIO()
        monkeypatch.setattr("sys.stdout", io.TextIOWrapper(stream, encoding))
        assert read(tmp_path, "--json")[0] == 0
        assert shown in stream.getvalue()
        assert json.loads(stream.getvalue())[0]["image"].endswith("ü.png")


def test_only_pictures_of_a_folder_are_read(read, tmp_path):
    """Nothing that macOS leaves, or that is hidden; no folder of a picture's name, no document."""
    for name in "folder.png", ".trash":
        (tmp_path / name).mkdir()
    (tmp_path / "round").symlink_to(tmp_path)
    for name in "._a.png", "b.pdf", ".trash/a.png":
        (tmp_path / name).write_text("no picture")
    picture().save(open(tmp_path / os.fsdecode(b"\xff.png"), "wb"), "PNG")
    code, out, err = read(tmp_path, "--csv", tmp_path / "faces.csv")
    assert code == 0, err
    assert len(out.splitlines()) == 3 and "\\udcff.png" in out
    assert b"\xff.png,0,0,48,48" in (tmp_path / "faces.csv").read_bytes()


def test_weights_that_overflow_are_no_answer(call, model_file, pictures, tmp_path):
    model = load_model(model_file)
    for p in model.parameters():
        p.value *= 1e9
    model.save(tmp_path / "large.npz")
    with np.errstate(all="ignore"):
        code, out, _ = call(predict.main, pictures[0], "--model", tmp_path / "large.npz", "--json")
    assert code == 1 and "the network answers NaN" in json.loads(out)[0]["error"]
