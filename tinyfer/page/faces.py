"""Where a face comes from: drawn by measures that one moves, or cut out of a picture."""

import numpy as np
from PIL import Image

from tinyfer.data.drawn import draw_face, measures
from tinyfer.data.faces import EMOTIONS
from tinyfer.data.pictures import face_of
from tinyfer.page.message import pack
from tinyfer.photo.finder import find_faces

PEOPLE = 10_000         # seeds of drawn people

# The measures with a slider: name -> (low, high, group, label).
SLIDERS = {
    "brow_in": (-0.20, 0.24, "Brow", "inner end"),
    "brow_out": (-0.12, 0.22, "Brow", "outer end"),
    "frown": (0, 1, "Brow", "frown lines"),
    "lid_upper": (0.01, 0.24, "Eyes", "upper lid"),
    "lid_lower": (0, 0.12, "Eyes", "lower lid"),
    "gaze_u": (-0.1, 0.1, "Eyes", "gaze"),
    "lift": (-0.20, 0.24, "Mouth", "corners"),
    "open": (0, 0.5, "Mouth", "open"),
    "mouth_width": (0.15, 0.48, "Mouth", "width"),
    "teeth": (0, 1, "Mouth", "teeth"),
    "sneer": (0, 0.14, "Nose", "wrinkled"),
    "turn": (-1, 1, "Head", "turned"),
    "tilt": (-0.5, 0.5, "Head", "tilted"),
    "x": (12, 35, "Head", "left, right"),
    "y": (12, 36, "Head", "up, down"),
    "light_u": (-0.9, 0.9, "Light", "from the side"),
    "covered": (0, 1, "Hand", "before the face"),
    "hand_v": (-0.3, 1.2, "Hand", "height"),
    "glasses": (0, 1, "Glasses", ""),
}


def describe():
    """What the page needs to make its sliders."""
    return dict(
        expressions=EMOTIONS, people=PEOPLE,
        sliders=[dict(name=name, low=low, high=high, group=group, label=label)
                 for name, (low, high, group, label) in SLIDERS.items()])


def draw(question):
    """A drawn face: 48x48 bytes, and the place of every slider.

    expression; person: 0 for the plain face, else which one; measures: those that were moved.
    """
    expression, moved = question["expression"], question["measures"]
    seed = question["person"] or None
    drawn = measures(np.array([EMOTIONS.index(expression)]),
                     np.random.default_rng(seed) if seed else None)
    values = {name: min(max(float(getattr(drawn, name).item()), low), high)
              for name, (low, high, *_) in SLIDERS.items()}
    return pack(dict(measures=values | moved), draw_face(expression, seed, **moved))


def cut(question):
    """A picture's 48x48 grey bytes, by the way of scripts/predict.py. The picture is the square
    that the page has cut out: see `_picture`."""
    return pack({}, face_of(_picture(question)))


def find(question):
    """The squares of the faces in a picture, the surest first: [[x, y, side, score], ...]."""
    found = find_faces(_picture(question))
    return pack(dict(faces=[[face.x, face.y, face.side, face.score] for face in found]))


def _picture(question):
    """height x width pixels of red, green, blue and opacity, as a Pillow image."""
    return Image.fromarray(question.pixels(question["height"], question["width"], 4), "RGBA")
