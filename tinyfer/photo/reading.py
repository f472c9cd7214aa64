"""Reads a photograph: finds its faces, and says what expression each of them shows.

The one way from a picture to its readings, for Python, the commands and the page:

    picture -> upright grey image -> the faces in it -> 48x48 crops -> probabilities -> Readings
"""

import base64
import io
import os
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from html import escape
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np

from tinyfer.core.checks import Notice
from tinyfer.core.inference import FAINT, checked_crops, contrast
from tinyfer.core.model import Sequential
from tinyfer.core.networks import load_model, packaged
from tinyfer.data.collection import names_in
from tinyfer.data.faces import SIZE
from tinyfer.data.pictures import colour_of, face_of, grey_of, is_picture_name, open_image, square
from tinyfer.photo.finder import Face, Picture, faces_in

Network: TypeAlias = str | os.PathLike | Sequential      # by name, by path, or itself
DEFAULT = "seven-class-robust"
BEST_CROPS = 18         # of each face, averaged: the best of 1, 2, 10 and 18 on PublicTest
FILLS = 0.8             # of the picture's longer side: a face so large is all of the picture
# Below this probability, or this much ahead of the next class, an answer is called unsure: chosen
# on PublicTest, where chapter 20 measures it.
SURE, AHEAD = 0.5, 0.2


@dataclass(frozen=True)
class Reading:
    """One face, read. Unpacks into face, expression and probabilities.

    face: where it is, a `Face`; box: the same as (x, y, w, h). expression: the most probable class.
    probabilities: {name: float}. unsure: whether the expression is too improbable, or another class
    too near, to be believed, or the face has hardly any contrast. crop: what the network was shown,
    (48, 48) uint8, as `tinyfer.saliency` takes it.
    """

    face: Face
    expression: str
    probabilities: dict
    unsure: bool
    crop: np.ndarray = field(repr=False, compare=False)

    def __iter__(self):
        return iter((self.face, self.expression, self.probabilities))

    @property
    def box(self):
        return self.face.box

    def likeliest(self, n=3):
        """The n most probable classes: [(name, probability), ...]."""
        return sorted(self.probabilities.items(), key=lambda item: -item[1])[:n]

    def row(self):
        """A flat dict of plain values, for `pandas.DataFrame` or JSON."""
        return dict(zip("xywh", self.box), score=self.face.score, expression=self.expression,
                    unsure=self.unsure, **self.probabilities)


class Readings(list):
    """The readings of one picture, from left to right: a list of `Reading` that shows itself.

    picture: a path, opened again to be drawn on, or an image; name: its path, or None; error: the
    sentence why it could not be read, or None (`read_photos` goes on with the next).
    """

    def __init__(self, picture, readings=(), error=None):
        super().__init__(sorted(readings, key=lambda reading: reading.box[:2]))
        self.picture, self.error = picture, error
        self.name = os.fspath(picture) if isinstance(picture, (str, os.PathLike)) else None

    def rows(self):
        """A flat dict for each face: `pandas.DataFrame(readings.rows())`, or JSON."""
        return [dict(picture=self.name, **reading.row()) for reading in self]

    def lines(self):
        """A line of text for each face, to stand under `table_head`."""
        return [f"{number:<2} {','.join(map(str, each.box)):<17} "
                f"{'unsure' if each.unsure else each.expression:<10}"
                + "".join(f" {p:>{max(4, len(name))}.2f}" for name, p in each.probabilities.items())
                for number, each in enumerate(self, 1)]

    def __repr__(self):
        if not self:
            return self.error or "no face found"
        return "\n".join([table_head(self[0].probabilities), *self.lines()])

    def draw(self):
        """A copy of the picture with a box round each face and what was read in it, as a Pillow
        image in RGB, at most 1,600 pixels a side."""
        from tinyfer.photo.marking import marked  # matplotlib's font; most calls draw nothing

        with warnings.catch_warnings():
            warnings.simplefilter("ignore", Notice)         # said when it was read
            return marked(colour_of(self.picture), self)

    def show(self):
        """Open `draw()` in the viewer of the system."""
        self.draw().show()

    def _repr_html_(self):
        if self.error:
            return escape(self.error)
        file = io.BytesIO()
        self.draw().save(file, "png")
        data = base64.b64encode(file.getvalue()).decode()
        return f'<img alt="" src="data:image/png;base64,{data}"><pre>{escape(repr(self))}</pre>'


def table_head(names):
    """The head of a table of `Readings.lines`, for the names of the classes."""
    return f"   {'x,y,w,h':<17} {'prediction':<10}" + "".join(f" {name:>4}" for name in names)


def unsure(probabilities, least=SURE, ahead=AHEAD):
    """Whether the largest of probabilities (..., K) is too small, or the next too near: (...)."""
    second, first = np.moveaxis(np.sort(probabilities, axis=-1)[..., -2:], -1, 0)
    return (first < least) | (first - second < ahead)


def read_photo(picture: Picture, model: Network = DEFAULT, box: tuple[int, int, int, int] | None =
               None, whole: bool = False, crops: int = BEST_CROPS, smallest: float | None = None,
               threshold: float = 0.5) -> Readings:
    """The expression of every face in a photograph: Readings, a list from left to right.

    picture, smallest, threshold: as for `tinyfer.find_faces`. model: a name of packaged weights, a
    run folder, a file, or a model. box: (x, y, w, h) of the one face to read, in pixels of the
    upright picture; whole: the largest centred square is the face. A picture of 48x48 pixels, or
    one that a single face fills, is read whole, as the networks were trained. crops: 1, 2, 10 or 18
    windows and mirror images of each face are averaged; 18 are right a little more often, 1 is some
    ten times faster (chapter 16). `model.predict`, a training's scores and saliency take 1.

    ValueError or FileNotFoundError where the picture cannot be read, the box does not lie in it, or
    the network answers NaN; a warning where a face has hardly any contrast.

        >>> readings = tinyfer.read_photo("party.jpg")
        >>> print(readings)                     # a table; readings.show() opens a marked copy
        >>> for reading in readings:
        ...     print(reading.box, reading.expression, reading.unsure)
    """
    checked_crops(crops)
    model, image = known_model(model), open_image(picture)
    grey = grey_of(image)
    kept = picture if isinstance(picture, (str, os.PathLike)) else image
    faces = faces_to_read(grey, box, whole, smallest, threshold)
    return Readings(kept, read_faces(grey, faces, model, crops))


def read_faces(grey, faces, model, crops=BEST_CROPS):
    """A Reading of each Face of a grey Pillow image, in their order."""
    if not faces:
        return []
    shown = np.stack([face_of(grey, face.box) for face in faces])
    p = model.predict_proba(shown, crops=crops)
    if not np.isfinite(p).all():
        raise ValueError("the network answers NaN: its weights are too large to compute with")
    names, doubts = model.class_names, unsure(p) | (contrast(shown) < FAINT)
    return [Reading(face, names[row.argmax()], dict(zip(names, row.tolist())), doubt, crop)
            for face, row, doubt, crop in zip(faces, p, doubts.tolist(), shown)]


def read_photos(pictures: Picture | list | tuple, model: Network = DEFAULT,
                progress: Callable | None = None, **options: Any) -> Iterator[Readings]:
    """Readings of one picture after the other, each as soon as it is read: a generator.

    pictures: paths, folders (all pictures in them, by name), or what else `read_photo` takes; one,
    or several. A picture that cannot be read gives empty Readings with an `error`, and the rest
    goes on. progress: called as progress(pictures done, in all). options: as for `read_photo`.

        >>> rows = [row for readings in tinyfer.read_photos("holiday/") for row in readings.rows()]
        >>> pandas.DataFrame(rows)
    """
    model, found = known_model(model), list_pictures(pictures)
    for done, picture in enumerate(found, 1):
        try:
            readings = read_photo(picture, model, **options)
        except (ValueError, OSError) as error:
            readings = Readings(picture, error=str(error))
        except MemoryError:
            readings = Readings(picture, error="there is not enough memory for this picture")
        if progress:
            progress(done, len(found))
        yield readings


def list_pictures(pictures):
    """What to read: a folder stands for the pictures in it and below, in order of their names.
    FileNotFoundError for a folder that holds none."""
    found = []
    for picture in pictures if isinstance(pictures, (list, tuple)) else [pictures]:
        if isinstance(picture, (str, os.PathLike)) and os.path.isdir(picture):
            inside = sorted(str(Path(picture, name)) for name in names_in(Path(picture))
                            if is_picture_name(name.rpartition("/")[2]))
            if not inside:
                raise FileNotFoundError(f"there is no picture in the folder {picture}")
            found += inside
        else:
            found.append(picture)
    return found


def known_model(model):
    """The model of a packaged name, kept for the next photograph; of a file or a run folder read
    anew, for it may be trained on meanwhile; or the model itself."""
    if isinstance(model, (str, os.PathLike)):
        return _kept(model) if model in packaged() else load_model(model)
    if not hasattr(model, "predict_proba"):
        raise TypeError(f"a model is a name, a path or a network, not {type(model).__name__:.40}")
    return model


_kept = lru_cache(maxsize=3)(load_model)


def faces_to_read(grey, box=None, take_whole=False, smallest=None, threshold=0.5):
    """The faces of a grey Pillow image, as a list of Face: the square about a box (x, y, w, h), the
    whole picture, or what is found; and then, where one face fills the picture, the whole of it."""
    if box:
        left, top, right, _ = square(grey.size, box)
        return [Face(left, top, right - left, None)]
    side = min(grey.size)
    whole = Face(*((length - side) // 2 for length in grey.size), side, None)
    if take_whole or grey.size == (SIZE, SIZE):
        return [whole]
    found = faces_in(grey, smallest, threshold)
    if len(found) == 1 and found[0].side >= FILLS * max(grey.size):
        return [whole._replace(score=found[0].score)]
    return found


def largest_face(grey):
    """The box of the largest face of a grey Pillow image, for `tinyfer.load_data`; or None
    where none is found."""
    faces = faces_to_read(grey)
    return max(faces, key=lambda face: face.side).box if faces else None
