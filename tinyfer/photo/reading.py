"""Reads a photograph: finds its faces, and says what expression each of them shows."""

import os
from functools import lru_cache
from typing import NamedTuple

import numpy as np

from tinyfer.core.networks import PACKAGED, load_model
from tinyfer.data.faces import SIZE
from tinyfer.data.pictures import face_of, grey_of, open_image, square
from tinyfer.photo.finder import Face, faces_in

DEFAULT = "seven-class"
LOOKS = 18              # at each face, averaged: the best of 1, 2, 10 and 18 on PublicTest
FILLS = 0.8             # of the picture's longer side: a face so large is all of the picture


class Reading(NamedTuple):
    """One face: where it is (a `Face`), the name of the class, the probability of each by name."""

    face: Face
    expression: str
    probabilities: dict


def read_photo(picture, model=DEFAULT, smallest=None, threshold=0.5):
    """The expression of every face in a photograph: a list of Reading, the surest face first.

    picture, smallest, threshold: as for `tinyfer.find_faces`. model: a name of packaged weights, a
    run folder, a file, or a model. A picture of 48x48 pixels, or one that a single face fills, is
    a face already: it is read whole, as the networks were trained. Each face is looked at 18 times,
    in windows and mirrored, as by `model.predict_proba(..., crops=18)`; chapter 16.

        >>> for reading in tinyfer.read_photo("party.jpg"):
        ...     print(reading.face.box, reading.expression)
    """
    model = known_model(model) if isinstance(model, (str, os.PathLike)) else model
    grey = grey_of(open_image(picture))
    return read_faces(grey, faces_to_read(grey, None, False, smallest, threshold), model)


def known_model(place):
    """The model of a packaged name, kept for the next photograph; of a file or a run folder read
    anew, for it may be trained on meanwhile."""
    packaged = {file.stem for file in PACKAGED.glob("*.npz")}
    return _kept(place) if str(place) in packaged else load_model(place)


_kept = lru_cache(maxsize=3)(load_model)


def faces_to_read(grey, box=None, take_whole=False, smallest=None, threshold=0.5):
    """The faces of a grey Pillow image, as a list of Face: the square about a box (x, y, w, h), the
    whole picture, or what is found; and then, where one face fills the picture, the whole of it."""
    if box:
        left, top, right, _ = square(grey.size, box)
        return [Face(left, top, right - left, None)]
    if take_whole or grey.size == (SIZE, SIZE):
        return [whole(grey)]
    found = faces_in(grey, smallest, threshold)
    if len(found) == 1 and found[0].side >= FILLS * max(grey.size):
        return [whole(grey)._replace(score=found[0].score)]
    return found


def largest_face(grey):
    """The box of the largest face of a grey Pillow image, for `tinyfer.data.folders`; or None
    where none is found."""
    faces = faces_to_read(grey)
    return max(faces, key=lambda face: face.side).box if faces else None


def whole(grey):
    """The largest centred square of a picture, as a Face without a score."""
    side = min(grey.size)
    return Face(*((length - side) // 2 for length in grey.size), side, None)


def read_faces(grey, faces, model):
    """A Reading of each Face in a grey Pillow image."""
    if not faces:
        return []
    p = model.predict_proba(np.stack([face_of(grey, face.box) for face in faces]), crops=LOOKS)
    if not np.isfinite(p).all():
        raise ValueError("the network answers NaN: its weights are too large to compute with")
    names = model.class_names
    return [Reading(face, names[row.argmax()], dict(zip(names, row.tolist())))
            for face, row in zip(faces, p)]
