"""Any picture: an upright image of 8 bits, or one sentence; whatever is in the file."""

import ast
import io
import os
import re
import struct
import subprocess
import sys
import time
import warnings
import zlib

import numpy as np
import pytest
from PIL import Image
from small import noise

from tinyfer.core.checks import Notice
from tinyfer.core.networks import load_model
from tinyfer.data import pictures
from tinyfer.data.pictures import frames, grey_of, open_image


def saved(image, form, **settings):
    file = io.BytesIO()
    image.save(file, form, **settings)
    return file.getvalue()


def told(read, *arguments):
    """What a call gives, and the notices it says on the way."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        result = read(*arguments)
    assert all(issubclass(warning.category, Notice) for warning in caught)
    return result, [str(warning.message) for warning in caught]


# Whatever is in the file

MUTANTS = """
import random, sys, io, numpy as np
from PIL import Image
from tinyfer.data.pictures import FORMATS, open_image
rng = random.Random(int(sys.argv[1]))
image = Image.fromarray(np.arange(192, dtype=np.uint8).reshape(8, 8, 3))

def saved(form, **settings):
    file = io.BytesIO()
    image.save(file, form, **settings)
    return file.getvalue()

def mutated(content, span):
    content = bytearray(content)
    for _ in range(rng.randint(1, 6)):
        place = rng.randrange(*span)
        content[place] = rng.choice((0, 1, 255, rng.randrange(256), content[place] ^ 1))
    return bytes(content)

exif = Image.Exif()
exif.update({0x0112: 6, 0x011A: 72.0, 0x011B: 72.0, 0x0128: 2, 0x010F: "maker", 0x8298: "me"})
exif.get_ifd(0x8769).update({0x829A: 0.01, 0x9003: "2020:01:01 00:00:00", 0x927C: b"note"})
data, seen = exif.tobytes(), set()
Image.init()
for form, count in ("JPEG", 14000), ("WEBP", 6000), *((f, 200) for f in FORMATS if f in Image.SAVE):
    whole = saved(form, exif=data) if count > 200 else saved(form)
    start = whole.index(data[6:]) if count > 200 else 0     # behind "Exif\\0\\0"
    span = start, start + len(data) - 6 if count > 200 else len(whole)
    for _ in range(count):
        try:
            seen.add((count > 200, open_image(mutated(whole, span)).mode))
        except ValueError as error:
            assert 10 < len(str(error)) < 200 and "\\n" not in str(error), error
            seen.add((count > 200, "sentence"))
print(sorted(seen))
"""


def test_mutated_pictures_are_a_picture_or_a_sentence():
    """20,000 of the EXIF data alone, 2,000 of the whole file, in a process of its own."""
    child = subprocess.run([sys.executable, "-W", "ignore", "-c", MUTANTS, "0"],
                           capture_output=True, text=True)
    assert child.returncode == 0, child.stderr[-2000:]
    seen = set(ast.literal_eval(child.stdout))
    assert {(False, "RGB"), (False, "sentence"), (True, "RGB")} <= seen
    assert {mode for _, mode in seen} <= {"L", "RGB", "RGBA", "sentence"}


@pytest.mark.parametrize("content, words", [
    (b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n", "it is in no format that is read"),
    (b"\x89HDF\r\n\x1a\n" + bytes(99), "it is in no format that is read"),
    (b"P3 1 1 255 " + b"1 " * 10_000_000, "it has more than 20,000,000 bytes"),
])
def test_no_other_program_is_started_nor_time_wasted(content, words):
    with pytest.raises(ValueError, match=words):
        open_image(content)


def test_bytes_and_closed_images_and_other_things(tmp_path):
    content = saved(Image.fromarray(noise(0)), "png")
    for picture in content, bytearray(content), io.BytesIO(content):
        assert np.array_equal(np.asarray(open_image(picture)), noise(0))
    closed = Image.open(io.BytesIO(content))
    closed.close()
    for other, words in (closed, "cannot be read as a picture: Operation on closed image"), (
            tmp_path, "it is a folder"), *((x, "a picture is a path, an open file, its bytes, a P")
                                           for x in (None, 3, [[1, 2]])):
        with pytest.raises((ValueError, TypeError), match=words):
            open_image(other)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="there are no FIFOs here")
def test_a_pipe_is_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / "a.jpg")
    with pytest.raises(ValueError, match="a.jpg cannot be read as a picture: it is no regular"):
        open_image(tmp_path / "a.jpg")


@pytest.mark.parametrize("form", ["JPEG", "PNG", "TIFF", "WEBP"])
def test_a_picture_is_turned_once(form):
    """Also one that was opened before, whose own image is left as it was."""
    exif = Image.Exif()
    exif[0x0112] = 6
    stored = np.repeat(np.repeat(np.array([[0, 250], [90, 180]], np.uint8), 16, 0), 16, 1)
    content = saved(Image.fromarray(stored).convert("RGB"), form, exif=exif,
                    **dict(quality=95) if form != "TIFF" else {})
    expected = np.rot90(stored, -1)
    image = Image.open(io.BytesIO(content))
    opened = open_image(content)
    for turned in opened, open_image(opened), open_image(image), open_image(image):
        assert np.abs(np.asarray(grey_of(turned)).astype(int) - expected).max() < 12


# The range of values

def values_of(most, dtype=np.uint16):
    values = np.linspace(0, most, 48 * 48).astype(dtype).reshape(48, 48)
    values[-1, -1] = most
    return values


@pytest.mark.parametrize("most, bits", [(255, 8), (200, 8), (256, 10), (1023, 10), (1024, 12),
                                        (4095, 12), (4096, 16), (65_535, 16)])
@pytest.mark.parametrize("form", ["array", "I;16", "I", "png", "tiff"])
def test_the_smallest_depth_that_holds_the_largest_value(most, bits, form):
    values = values_of(most)
    picture = {"array": lambda: values, "I;16": lambda: Image.fromarray(values),
               "I": lambda: Image.fromarray(values.astype(np.int32))}.get(
        form, lambda: saved(Image.fromarray(values), form))()
    grey, said = told(grey_of, picture)
    assert np.array_equal(np.asarray(grey), values >> (bits - 8))
    assert len(said) == (bits in (10, 12))
    assert all(f"values up to {most:,} and is read as one of {bits} bits" in note for note in said)


@pytest.mark.parametrize("least, most", [(-1, 5), (0, 65_536)])
def test_values_beyond_16_bits_are_refused(least, most):
    with pytest.raises(ValueError, match=f"its values reach from {least} to {most:,}; expected 0"):
        open_image(Image.fromarray(np.array([[least, most]], np.int32)))


def test_faces_without_contrast_are_said():
    """A face scaled twice, one that is black, one of 10 bits cut to its upper 8; no good one."""
    model, face = load_model("five-class"), noise(0)
    for faces, words in ((face[None] / 255 ** 2, "the face has hardly any contrast.* not below 1"),
                         (np.zeros((1, 48, 48), np.uint8), "the face has hardly any contrast"),
                         (np.stack([face, face // 64]), "1 of 2 faces have hardly any contrast")):
        (note,) = told(model.predict_proba, faces)[1]
        assert re.match(words, note)
    many = np.stack([face] * 39 + [face // 64])
    assert told(model.predict_proba, many)[1] == told(model.predict_proba, face)[1] == []


# Bounds on work

def test_a_jpeg_of_many_scans_is_refused_at_once():
    content = saved(Image.fromarray(noise(0)), "jpeg", progressive=True)
    last, end = content.rindex(b"\xff\xda"), content.rindex(b"\xff\xd9")
    assert open_image(content[:end] + content[last:end] * 50 + content[end:]).size == (48, 48)
    started = time.process_time()
    for repeated in content[last:end] * 100_000, b"\xff\xfe\0\2" * 200_000:
        with pytest.raises(ValueError, match="it has more than (64 scans|100,000 segments)"):
            open_image(content[:2] + repeated + content[2:])
    assert time.process_time() - started < 1


@pytest.mark.parametrize("start", [b"P5\n#", b"\xff\xd8", b"\x89PNG\r\n\x1a\n"])
def test_a_header_without_end_is_not_read_on(monkeypatch, start):
    """Pillow reads some of them byte by byte."""
    monkeypatch.setattr(pictures, "MOST_READS", 1000)
    filled = {b"P": b"x" * 10_000, b"\xff": b"\xff" * 10_000,
              b"\x89": (b"\0\0\0\0tEXt" + struct.pack(">I", zlib.crc32(b"tEXt"))) * 1000}
    with pytest.raises(ValueError, match="it takes more than 1,000 reads"):
        open_image(start + filled[start[:1]])


def test_markers_that_are_none_do_not_count():
    """Within a thumbnail, or after the end, where telephones put a film."""
    content = saved(Image.fromarray(noise(0)), "jpeg")
    note = b"\xff\xe1" + struct.pack(">H", 402) + b"\xff\xda" * 200
    assert open_image(content[:2] + note + content[2:] + b"\xff\xda" * 200).size == (48, 48)


@pytest.mark.parametrize("most, factor", [(9600, 1), (9599, 2), (2400, 2), (2399, 4), (150, 8)])
def test_a_large_jpeg_is_decoded_smaller(monkeypatch, most, factor):
    image = Image.fromarray(noise(0)).resize((120, 80))
    content = saved(image, "jpeg")
    monkeypatch.setattr(pictures, "MOST_PIXELS", most)
    read, said = told(open_image, content)
    assert read.size == (120 // factor, 80 // factor) and len(said) == (factor > 1)
    assert all(f"120x80 pixels and is read as {read.width}x{read.height}" in note for note in said)
    assert abs(np.asarray(read).mean() - np.asarray(image).mean()) < 4


def test_what_cannot_be_decoded_smaller_names_a_way_on(monkeypatch):
    image = Image.fromarray(noise(0)).resize((120, 80))
    monkeypatch.setattr(pictures, "MOST_PIXELS", 149)
    for form, settings in ("jpeg", {}), ("png", {}), ("jpeg", dict(progressive=True)):
        with pytest.raises(ValueError, match=r"pixels; at most 149 are read: make it smaller"):
            open_image(saved(image, form, **settings))


# Animations

FILM = [Image.new("RGB", (30, 20), (60 * n, 9, 9)) for n in range(4)]


@pytest.mark.parametrize("form", ["GIF", "PNG", "WEBP", "TIFF", "MPO"])
def test_frames_of_an_animation(form):
    content = saved(FILM[0], form, save_all=True, append_images=FILM[1:], duration=250)
    if form == "MPO" and Image.open(io.BytesIO(content)).format != "MPO":
        pytest.skip("this Pillow writes an MPO that it cannot read")
    first, said = told(open_image, content)
    shown = list(frames(content))
    assert abs(first.getpixel((5, 5))[0] - 0) < 8
    if form == "MPO":               # other sizes of one picture
        assert len(shown) == 1 and said == []
        return
    assert said == ["the picture has several frames, of which the first is read"]
    assert [seconds for seconds, _ in shown] == pytest.approx(
        [n * (0.1 if form == "TIFF" else 0.25) for n in range(4)])
    assert all(abs(frame.getpixel((5, 5))[0] - 60 * n) < 8 for n, (_, frame) in enumerate(shown))
    assert len(list(frames(saved(FILM[0], "PNG")))) == 1


def test_an_animation_ends_at_a_bound(monkeypatch):
    content = saved(FILM[0], "GIF", save_all=True, append_images=FILM[1:])
    monkeypatch.setattr(pictures, "MOST_FILM", 1800)
    shown = frames(content)
    assert len([next(shown), next(shown), next(shown)]) == 3
    with pytest.raises(ValueError, match="too many frames; expected at most 100,000, and of 1,800"):
        next(shown)
