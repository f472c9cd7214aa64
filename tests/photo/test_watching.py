"""Films: faces found once and followed by their numbers, and what is no picture on the way."""

import io
import itertools

import numpy as np
import pytest
from PIL import Image

import tinyfer
from tinyfer.commands.watch import POINTS, Course, main
from tinyfer.data.drawn_scenes import draw_scene
from tinyfer.photo import watching
from tinyfer.photo.watching import Follower, ppm_frames, watch

FIRST = 90, 70      # of the face's box in the film, x and y of its top left corner


def film(frames=12, step=6, seed=1, away=()):
    """A drawn face that moves over a drawn scene, `step` pixels to the right a frame: arrays."""
    scene, (people, boxes, _) = draw_scene(0, seed=seed, height=240, width=320)[0], draw_scene(
        1, seed=seed, height=240, width=320)
    x, y, side = boxes[0]
    rim = side // 4
    head = people[y - rim:y + side + rim, x - rim:x + side + rim]
    for n in range(frames):
        frame = scene.copy()
        if n not in away:
            top, left = FIRST[1] - rim, FIRST[0] - rim + step * n
            frame[top:top + len(head), left:left + head.shape[1]] = head
        yield frame


def test_a_face_is_found_once_and_followed(monkeypatch):
    searches, faces_in = [], watching.faces_in
    monkeypatch.setattr(watching, "faces_in", lambda *given: (searches.append(1),
                                                              faces_in(*given))[1])
    found = list(watch(film(), crops=1, every=8))
    assert [list(frame.readings) for frame in found] == [[1]] * 12
    assert [frame.seconds for frame in found[:3]] == [0, 0.04, 0.08]
    boxes = np.array([frame.readings[1].box for frame in found])
    assert np.abs(np.diff(boxes[1:, :2], axis=0) - (6, 0)).max() <= 1
    assert len(searches) == 2, "the first frame, and the eighth after it"
    whole = [tinyfer.find_faces(frame) for frame in film()]
    for frame, (face,) in zip(found, whole):
        assert watching.overlap(frame.readings[1].face, face) > 0.75


def test_a_face_that_comes_back_has_its_number():
    away = range(4, 9)
    found = [list(frame.readings) for frame in watch(film(13, step=1, away=away), crops=1)]
    assert found[:9] == [[1]] * 4 + [[]] * 5
    assert found[11:] == [[1]] * 2, "at the latest two frames after it is back"


def test_another_size_begins_anew():
    follower, frames = Follower(), [Image.fromarray(frame).convert("L") for frame in film(2)]
    assert list(follower.follow(frames[0])) == [1]
    assert list(follower.follow(frames[1].crop((0, 0, 320, 230)))) == [2]


def test_a_broken_frame_is_reported_and_skipped():
    frames = list(film(4))
    frames[1], frames[2] = b"no picture", (7.0, frames[2])
    found = list(watch(frames, crops=1))
    assert [frame.error is None for frame in found] == [True, False, True, True]
    assert "cannot be read as a picture" in found[1].error and found[2].seconds == 7
    assert [list(frame.readings) for frame in found] == [[1], [], [1], [1]]


@pytest.mark.parametrize("kind", ["gif", "webp", "png", "tiff", "folder"])
def test_every_kind_of_film_is_read(kind, tmp_path):
    images = [Image.fromarray(frame) for frame in film(3)]
    if kind == "folder":
        place = tmp_path
        for n, image in enumerate(images):
            image.save(tmp_path / f"{n:03}.png")
    else:
        place = tmp_path / f"film.{kind}"
        more = {} if kind == "tiff" else dict(duration=200)
        images[0].save(place, save_all=True, append_images=images[1:], **more)
    found = list(watch(place, crops=1, rate=10))
    assert [list(frame.readings) for frame in found] == [[1]] * 3
    assert found[2].seconds == pytest.approx({"folder": 0.2}.get(kind, found[1].seconds * 2))


def ppm(array):
    kind = "P6" if array.ndim == 3 else "P5"
    return f"{kind}\n{array.shape[1]} {array.shape[0]}\n255\n".encode() + array.tobytes()


def test_pictures_from_a_pipe():
    frames = list(np.random.default_rng(0).integers(0, 256, (3, 5, 7, 3), np.uint8))
    frames.append(frames[0][:, :, 1])
    stream = io.BytesIO(b"".join(map(ppm, frames)).replace(b"7 5\n", b"# a word\n7\n5\n", 1))
    for found, expected in itertools.zip_longest(ppm_frames(stream), frames):
        assert np.array_equal(found, expected)


@pytest.mark.parametrize("content, words", [
    (b"GIF89a and more", "no stream of PPM"), (b"P6\n7 5\n", "no stream of PPM"),
    (b"P6\n7 5\n65535\n", "values to 65535"), (b"P6\n-7 5\n255\n", "no stream of PPM"),
    (b"P6\n999999999 99999\n255\n", "at most"), (b"P6\n7 5\n255\nabc", "is cut off")])
def test_what_is_no_stream_of_pictures_is_refused(content, words):
    with pytest.raises(ValueError, match=words):
        list(ppm_frames(io.BytesIO(content)))


def test_a_stream_that_breaks_off_leaves_what_was_before():
    stream = io.BytesIO(b"".join(map(ppm, film(2))) + b"P6\n320")
    found = list(watch(ppm_frames(stream), crops=1))
    assert [frame.error is None for frame in found] == [True, True, False]


def test_no_frame_is_held(monkeypatch):
    """Ten thousand frames, of which each is one array: none but the last two lives on."""
    alive = set()

    class Picture(np.ndarray):
        def __del__(self):
            alive.discard(id(self))

    def frames():
        for _ in range(10_000):
            picture = np.zeros((30, 40), np.uint8).view(Picture)
            alive.add(id(picture))
            yield picture

    monkeypatch.setattr(watching, "grey_of", lambda picture: Image.new("L", (4, 4)))
    assert max(len(alive) for _ in watch(frames())) <= 3


def test_a_long_course_stays_short():
    course = Course()
    for n in range(10_000):
        course.add(1, n / 25, [n, 1.0])
    seconds, p = course.of(1)
    assert POINTS / 2 <= len(seconds) <= POINTS and np.allclose(p[:, 0], 25 * seconds)
    assert p[:, 0].mean() == pytest.approx(4999.5, rel=0.02)


# The command.

def test_the_command_writes_rows_a_chart_and_a_copy(tmp_path, capsys):
    images = [Image.fromarray(frame) for frame in film(4)]
    images[0].save(tmp_path / "film.gif", save_all=True, append_images=images[1:], duration=100)
    given = [str(tmp_path / "film.gif"), "--crops", "1"]
    files = [f"--{kind}={tmp_path / name}" for kind, name in
             (("csv", "rows.csv"), ("chart", "chart.png"), ("gif", "copy.gif"))]
    assert main(given + files) == 0
    rows = (tmp_path / "rows.csv").read_text().splitlines()
    assert rows[0].startswith("frame,seconds,face,x,y,w,h,score,prediction,unsure,angry")
    assert [row.split(",")[:3] for row in rows[1:]] == [[str(n), f"{n / 10:.3f}", "1"]
                                                        for n in range(4)]
    assert Image.open(tmp_path / "chart.png").width > 300
    with Image.open(tmp_path / "copy.gif") as copy:
        assert copy.n_frames == 4 and max(copy.size) <= 480
        assert copy.info["duration"] == 40 or copy.info["duration"] == 100
    assert "4 frames" in capsys.readouterr().err
    assert main(given + files) == 2 and "is there already" in capsys.readouterr().err


def test_ctrl_c_leaves_what_was_done(tmp_path, monkeypatch, capsys):
    def interrupted(*given):
        yield from itertools.islice(watch(film(), crops=1), 2)
        raise KeyboardInterrupt

    monkeypatch.setattr("tinyfer.commands.watch.watch", interrupted)
    files = {kind: tmp_path / f"out.{kind}" for kind in ("csv", "png", "gif")}
    assert main(["x.gif", "--csv", str(files["csv"]), "--chart", str(files["png"]), "--gif",
                 str(files["gif"])]) == 130
    assert len(files["csv"].read_text().splitlines()) == 3
    assert Image.open(files["gif"]).n_frames == 2 and Image.open(files["png"]).width > 300
    assert "the frames so far are done" in capsys.readouterr().err
