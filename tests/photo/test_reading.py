"""From a photograph to its readings: what Python users see, and the marked copy."""

import json

import numpy as np
import pytest
from PIL import Image

import tinyfer
from tinyfer.core.networks import PACKAGED
from tinyfer.data.drawn_scenes import draw_scene
from tinyfer.data.pictures import face_of
from tinyfer.photo import marking
from tinyfer.photo.finder import Face
from tinyfer.photo.reading import DEFAULT, Reading, Readings, unsure

NAMES = ("angry", "disgust", "fear", "happy", "neutral", "sad", "surprise")


@pytest.fixture(scope="module")
def scene():
    picture = draw_scene(3, seed=2)[0]
    return picture, tinyfer.read_photo(picture)


def test_each_face_of_a_photograph_is_read(scene):
    picture, readings = scene
    assert len(readings) == len(tinyfer.find_faces(picture)) == 3
    assert [reading.box[0] for reading in readings] == sorted(r.box[0] for r in readings)
    for face, expression, probabilities in readings:
        assert expression == max(probabilities, key=probabilities.get)
        assert sum(probabilities.values()) == pytest.approx(1, abs=1e-5)
        part = Image.fromarray(picture).crop((face.x, face.y, face.x + face.side,
                                              face.y + face.side))
        expected = tinyfer.load_model(DEFAULT).predict_proba(face_of(part)[None], crops=18)
        assert np.allclose(list(probabilities.values()), expected, atol=1e-5)


def test_readings_are_plain_values(scene):
    """In every repr, and as rows that JSON takes."""
    readings = scene[1]
    assert "np." not in repr([tuple(reading) for reading in readings])
    row = json.loads(json.dumps(readings.rows()))[0]
    assert list(row) == ["picture", *"xywh", "score", "expression", "unsure", *NAMES]
    assert row["picture"] is None and row["expression"] == readings[0].expression


def test_readings_show_themselves(scene):
    readings = scene[1]
    assert [line.split()[2] for line in readings.lines()] == [
        "unsure" if reading.unsure else reading.expression for reading in readings]
    head, *lines = repr(readings).splitlines()
    assert head.split() == ["x,y,w,h", "prediction", *NAMES] and len(lines) == 3
    html = readings._repr_html_()
    assert html.startswith("<img") and head in html
    assert repr(tinyfer.read_photo(draw_scene(0)[0])) == "no face found"


def test_the_crop_goes_to_saliency(scene):
    reading = scene[1][0]
    maps = tinyfer.saliency(tinyfer.load_model(DEFAULT), reading.crop[None],
                            reading.expression)
    assert maps.shape == (1, 48, 48) and maps.any()


def test_options_choose_which_faces_are_found():
    picture = draw_scene(4, seed=1)[0]
    assert [len(tinyfer.find_faces(picture, smallest=n)) for n in (60, 250)] == [4, 1]
    noise = np.random.default_rng(0).normal(0, 100, picture.shape)
    noisy = np.clip(picture + noise, 0, 255).astype(np.uint8)
    for find in tinyfer.find_faces, tinyfer.read_photo:
        assert [len(find(noisy, threshold=t)) for t in (0.5, 0.95)] == [4, 3]


def test_a_box_the_whole_and_fewer_crops():
    picture, model = draw_scene(1, seed=3)[0][:200], tinyfer.load_model("five-class")
    for options, box in ((dict(box=(5, 10, 60, 50)), (5, 5, 60, 60)),
                         (dict(whole=True), ((picture.shape[1] - 200) // 2, 0, 200, 200))):
        (reading,) = tinyfer.read_photo(picture, model, crops=1, **options)
        assert reading.box == box and reading.face.score is None
        expected = model.predict_proba(face_of(Image.fromarray(picture), box))
        assert np.array_equal(list(reading.probabilities.values()), expected)
    with pytest.raises(ValueError, match="crops is 3"):
        tinyfer.read_photo(picture, model, whole=True, crops=3)


def test_a_run_folder_is_read_anew(tmp_path):
    face, found = tinyfer.data.draw_faces(1, seed=3).faces[0], []
    for seed in 0, 1:
        tinyfer.six_layer_cnn(classes=2, seed=seed).save(tmp_path / "best.npz")
        found.append(tinyfer.read_photo(face, tmp_path)[0].probabilities)
    assert found[0] != found[1]


def test_a_picture_that_is_a_face_is_read_whole():
    face = tinyfer.data.draw_faces(1, seed=3).faces[0]
    (reading,) = tinyfer.read_photo(face, PACKAGED / "five-class.npz")
    assert reading == tinyfer.read_photo(face, "five-class")[0]
    assert reading.face == (0, 0, 48, None) and np.array_equal(reading.crop, face)
    large = Image.fromarray(face).resize((200, 200), Image.Resampling.BICUBIC)
    (reading,) = tinyfer.read_photo(large)
    assert reading.face[:3] == (0, 0, 200) and reading.face.score > 0.5, "found"


def test_many_photographs(tmp_path):
    """One bad picture does not end it, and the progress is told."""
    faces, calls = tinyfer.data.draw_faces(2, seed=3).faces, []
    (tmp_path / "b.png").write_bytes(b"no picture")
    for name, face in zip("ac", faces):
        Image.fromarray(face).save(tmp_path / f"{name}.png")
    found = list(tinyfer.read_photos(tmp_path, progress=lambda *call: calls.append(call), crops=1))
    assert [len(readings) for readings in found] == [1, 0, 1]
    assert "b.png cannot be read" in found[1].error and found[0].error is found[2].error is None
    assert calls == [(1, 3), (2, 3), (3, 3)]
    assert found[2].rows()[0]["picture"] == str(tmp_path / "c.png")
    assert [len(r) for r in tinyfer.read_photos([*faces], crops=1)] == [1, 1]


# ---- unsure

def test_unsure_by_hand():
    p = [[0.49, 0.11, 0.4], [0.5, 0.31, 0.19], [0.5, 0.3, 0.2], [0.2, 0.7, 0.1], [0.0, 0.45, 0.55]]
    assert unsure(p).tolist() == [True, True, False, False, True]


# ---- the marked copy

def reading(*p, box=(0, 0, 10), names=NAMES):
    probabilities = dict(zip(names, p))
    return Reading(Face(*box, 1.0), max(probabilities, key=probabilities.get), probabilities,
                   bool(unsure(p)), None)


def test_every_colour_can_be_read():
    """Contrast by WCAG's definition; one colour for each expression."""
    colours = [marking.colour_of_reading(reading(*row)) for row in np.eye(7)]
    assert len(set(colours)) == 7 and marking.UNSURE not in colours
    for colour in (*colours, marking.UNSURE, "#757575"):
        light, dark = sorted((marking.luminance(colour), marking.luminance(marking.ink(colour))))
        assert (dark + 0.05) / (light + 0.05) >= 4.5
    assert marking.luminance("white") == pytest.approx(1) and marking.luminance("black") == 0
    own = [marking.colour_of_reading(reading(*row, names=("a", "b"))) for row in np.eye(2)]
    assert len(set(own)) == 2 and marking.colour_of_reading(reading(0.5, 0.5)) == marking.UNSURE


def test_a_label_covers_no_face_and_no_label():
    """Where there is room it lies inside and free of all; else a line below the picture says it."""
    rng, (w, h), outcomes = np.random.default_rng(0), (60, 30), set()
    for _ in range(300):
        size = rng.integers(100, 400, 2).tolist()
        side = int(rng.integers(20, 90))
        corners = rng.integers(0, np.array(size) - side, (4, 2)).tolist()
        taken = [[x, y, x + side, y + side] for x, y in corners]
        place = marking.room_for((w, h), taken[0], size, taken)
        outcomes.add(place is None)
        if place is not None:
            x, y = place
            canvas = np.zeros(size[::-1], int)
            for left, top, right, bottom in taken:
                canvas[top:bottom, left:right] = 1
            assert x >= 0 and y >= 0 and x + w <= size[0] and y + h <= size[1]
            assert not canvas[y:y + h, x:x + w].any()
    assert outcomes == {True, False}


def test_faces_without_room_get_a_number():
    picture = Image.new("RGB", (300, 300))
    rows = [reading(*np.eye(7)[k], box=(100 * (k % 3), 100 * (k // 3), 98)) for k in range(7)]
    marked = marking.marked(picture, Readings(None, rows))
    assert marked.size[0] >= 300 and marked.size[1] > 340
    assert marking.marked(picture, rows[:1]).size == picture.size
    below = np.asarray(marked)[301:].reshape(-1, 3)
    for each in rows[3:6]:
        colour = marking.ImageColor.getrgb(marking.colour_of_reading(each))
        assert (below == colour).all(axis=1).any()


def test_marked_copies_are_neither_small_nor_huge():
    one = [reading(1, 0, box=(0, 0, 48))]
    assert marking.marked(Image.new("RGB", (48, 48)), one).size[0] >= 300
    assert max(marking.marked(Image.new("RGB", (5000, 30)), one).size) == 1600
