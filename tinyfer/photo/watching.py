"""Watches a film: finds the faces in its frames, follows them, and reads what they show.

A face is found once and then followed: `look`, the finder's second network, judges a few windows
round its last place and moves the best onto the face. A full search, which costs many times as
much, comes now and then, and when a face is lost; it gets its number back if it soon appears again.
"""

import os
import warnings
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

import numpy as np

from tinyfer.core.checks import Notice
from tinyfer.data.pictures import MOST_PIXELS, frames, grey_of
from tinyfer.photo import reading
from tinyfer.photo.finder import VIEWS, Picture, faces_in, in_picture, packaged_finder
from tinyfer.photo.reading import BEST_CROPS, DEFAULT, Network

EVERY = 15              # frames from one full search to the next; a fifth of it where no face is
PATIENCE = 25           # frames for which a lost face's number waits for it
SAME = 0.3              # least overlap, intersection over union, of a face with its last place
# Where a face is looked for, in its sides from its last place, and how much larger.
AROUND = np.array([(0, 0, 1), (-0.25, 0, 1), (0.25, 0, 1), (0, -0.25, 1), (0, 0.25, 1),
                   (0, 0, 0.85), (0, 0, 1.18)])
FRAMES_A_SECOND = 25    # where a film does not say


@dataclass(frozen=True)
class Frame:
    """A frame of a film: its number from 0, seconds from the start, {number of a face: Reading},
    its picture as it was given, and the sentence why it could not be read, or None."""

    number: int
    seconds: float
    readings: dict
    picture: object = field(repr=False, compare=False)
    error: str | None = None


class Follower:
    """Keeps track of the faces of a film, or of a camera: one for each.

    `follow(grey)` takes the next frame, as `tinyfer.data.pictures.grey_of` makes it, and returns
    its faces as {number: Face}; numbers count from 1. A frame of another size begins anew, with
    further numbers. smallest, threshold: as for `tinyfer.find_faces`; every: frames from one full
    search to the next. It holds the last places and no picture, and serves one thread at a time.
    """

    def __init__(self, smallest=None, threshold=0.5, every=EVERY):
        if not (isinstance(every, int) and every >= 1):
            raise ValueError(f"every is {every!r}; expected a whole number from 1")
        self.smallest, self.threshold, self.every = smallest, threshold, every
        self.faces, self.lost, self.size = {}, {}, None     # lost: number -> (Face, frames ago)
        self.numbers, self.since = 0, every

    def follow(self, grey):
        if grey.size != self.size:
            self.faces, self.lost, self.size, self.since = {}, {}, grey.size, self.every
        self.lost = {n: (face, ago + 1) for n, (face, ago) in self.lost.items() if ago < PATIENCE}
        before, self.faces = self.faces, self._again(grey, self.faces)
        gone = {n: (face, 0) for n, face in before.items() if n not in self.faces}
        self.lost |= gone
        self.since += 1
        if gone or self.since >= (self.every if self.faces else max(1, self.every // 5)):
            self._search(grey)
            self.since = 0
        self.faces = dict(sorted(self.faces.items()))
        return self.faces

    def _again(self, grey, faces):
        """The faces that are found again near their last places."""
        if not faces:
            return {}
        finder, last = packaged_finder(), boxes_of(faces.values())
        near = np.repeat(last, len(AROUND), axis=0)
        shift = np.tile(AROUND, (len(last), 1)).astype(np.float32)
        near[:, :2] += shift[:, :2] * near[:, 2:3]
        near[:, 2] *= shift[:, 2]
        seen = finder.looked_at(grey, near).reshape(len(last), len(AROUND), 4)
        best = seen[np.arange(len(last)), seen[:, :, 3].argmax(axis=1)]
        found, kept = finder.looked_at(grey, best, VIEWS), {}
        for number, face in zip(faces, in_picture(found, grey.size)):
            # Two that have slipped onto one face are one: the older number stays.
            if face.score > self.threshold and not any(
                    overlap(face, other) > SAME for other in kept.values()):
                kept[number] = face
        return kept

    def _search(self, grey):
        """All faces of the frame: those near a known or lost one have its number."""
        known = self.faces | {n: face for n, (face, _) in self.lost.items()}
        for face in faces_in(grey, self.smallest, self.threshold):
            near = {n: overlap(face, other) for n, other in known.items()}
            number = max(near, key=near.get, default=None)
            if number is None or near[number] < SAME:
                self.numbers += 1
                number = self.numbers
            elif number in self.faces:
                continue                # followed already
            self.faces[number] = known[number] = face
            self.lost.pop(number, None)


def boxes_of(faces):
    """Faces as the finder has them: rows of x and y of the middle, side, score."""
    return np.array([(f.x + f.side / 2, f.y + f.side / 2, f.side, 0) for f in faces], np.float32)


def overlap(a, b):
    """Intersection over union of two faces."""
    both = 1
    for low, other in ((a.x, b.x), (a.y, b.y)):
        both *= max(0, min(low + a.side, other + b.side) - max(low, other))
    return both / (a.side**2 + b.side**2 - both)


def watch(film: Picture | Iterable, model: Network = DEFAULT, crops: int = BEST_CROPS,
          smallest: float | None = None, threshold: float = 0.5, every: int = EVERY,
          rate: float = FRAMES_A_SECOND) -> Iterator[Frame]:
    """The frames of a film, one after the other, each as soon as it is read: a generator of Frame.

    film: a path of an animated GIF, WebP or PNG or of a TIFF of several pages; a folder, whose
    pictures are taken in the order of their names; or any iterable of pictures, as `read_photo`
    takes them, or of pairs (seconds, picture). Where there are no seconds, `rate` frames make one.
    model, crops, smallest, threshold: as for `read_photo`; every: frames from one full search for
    faces to the next. A frame that cannot be read gives a Frame with an `error`, and the rest goes
    on. However long the film, no more than a frame of it is held.

        >>> for frame in tinyfer.watch("clip.gif"):
        ...     for number, reading in frame.readings.items():
        ...         print(frame.seconds, number, reading.expression)
    """
    model, follower = reading.known_model(model), Follower(smallest, threshold, every)
    for number, (seconds, picture) in enumerate(timed(film, rate)):
        try:
            if isinstance(picture, Exception):
                raise picture
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", Notice)     # the same in every frame
                grey = grey_of(picture)
                faces = follower.follow(grey)
                read = reading.read_faces(grey, list(faces.values()), model, crops)
            frame = Frame(number, seconds, dict(zip(faces, read)), picture)
        except (ValueError, OSError) as error:
            frame = Frame(number, seconds, {}, None, str(error))
        yield frame


def timed(film, rate=FRAMES_A_SECOND):
    """Pairs (seconds, picture) of a film; in the place of a picture the error that ended it."""
    if isinstance(film, (str, os.PathLike)):
        film = reading.list_pictures(film) if os.path.isdir(film) else frames(film)
    seconds = None
    try:
        for number, item in enumerate(film):
            seconds, picture = item if isinstance(item, tuple) else (number / rate, item)
            yield seconds, picture
    except (ValueError, OSError) as error:
        if seconds is None:
            raise
        yield seconds, error


def ppm_frames(stream):
    """The pictures of a stream of binary PPM or PGM, one after another, as ffmpeg's `-f image2pipe
    -c:v ppm` writes them: arrays (H, W, 3) or (H, W) uint8. ValueError where it is anything else,
    or cut off."""
    while kind := stream.read(2):
        sizes = []
        while len(sizes) < 3 and (line := stream.readline(1000)):
            sizes += line.split(b"#")[0].split()
        if kind not in (b"P5", b"P6") or len(sizes) != 3 or not all(map(bytes.isdigit, sizes)):
            raise ValueError("standard input is no stream of PPM pictures: expected what ffmpeg "
                             "-f image2pipe -c:v ppm - writes")
        width, height, most = map(int, sizes)
        shape = (height, width, 3)[:2 + (kind == b"P6")]
        if most != 255 or not 0 < width * height <= MOST_PIXELS:
            raise ValueError(f"a PPM picture of {width}x{height} pixels with values to {most}; "
                             f"expected at most {MOST_PIXELS:,} pixels, and values to 255")
        content = stream.read(int(np.prod(shape)))
        if len(content) < np.prod(shape):
            raise ValueError("the last PPM picture is cut off")
        yield np.frombuffer(content, np.uint8).reshape(shape)
