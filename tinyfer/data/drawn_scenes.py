"""Scenes that the package draws itself: people in a street, to find faces in without any data."""

import numpy as np

from tinyfer.data.drawn import measures
from tinyfer.data.faces import EMOTIONS, SIZE
from tinyfer.data.shapes import draw

SKY, HILL = (0.62, 0.76, 0.9), (0.4, 0.55, 0.36)
STREET, WINDOW = (0.55, 0.53, 0.5), (0.3, 0.36, 0.44)
SKIN = (1.12, 0.9, 0.74)


def draw_scene(faces=5, seed=0, height=600, width=900):
    """People before houses and hills: (height, width, 3) uint8, and where their faces are.

    Returns the picture, the boxes (faces, 3) of x, y of the top left corner and side, in pixels,
    framed as `draw_faces` frames a face, and the faces' expressions. The same for the same
    arguments. ValueError where so many faces do not fit.
    """
    rng = np.random.default_rng(seed)
    picture = _street(height, width, rng)
    places = np.linspace(0, width, faces + 1)
    room = min(0.9 * width / max(faces, 1), 0.4 * height)
    if room < SIZE / 2:
        raise ValueError(f"{faces} faces do not fit into a scene of {width}x{height} pixels")
    boxes, expressions = [], []
    for left, right in zip(places, places[1:]):
        side = round(rng.uniform(0.5, 1) * room)
        x = round((left + right - side) / 2 + rng.uniform(-0.3, 0.3) * (right - left - side))
        y = round(rng.uniform(0.12, 0.42) * height)
        emotion = rng.integers(len(EMOTIONS))
        _person(picture, x, y, side, emotion, rng)
        boxes.append((x, y, side))
        expressions.append(EMOTIONS[emotion])
    picture += rng.normal(0, 0.012, picture.shape)
    return (np.rint(255 * np.clip(picture, 0, 1)).astype(np.uint8),
            np.array(boxes, int).reshape(-1, 3), expressions)


def _street(height, width, rng):
    y, x = np.mgrid[:height, :width].astype(np.float32)
    y, x = y / height, x / width
    picture = np.empty((height, width, 3), np.float32)
    picture[...] = np.array(SKY) * (1.15 - 0.35 * y[..., None])
    for _ in range(3):
        a, b, c = rng.uniform(3, 9), rng.uniform(0, 6), rng.uniform(0.3, 0.45)
        picture[y > c + 0.06 * np.sin(a * x + b)] = np.array(HILL) * rng.uniform(0.7, 1.2)
    left = rng.uniform(-0.05, 0.05)
    while left < 1:
        broad, top = rng.uniform(0.12, 0.26), rng.uniform(0.12, 0.4)
        house = (x > left) & (x < left + broad) & (y > top)
        picture[house] = rng.uniform(0.45, 0.9, 3) * rng.uniform(0.8, 1)
        across, down = (x - left) / broad * 4 % 1, (y - top) * 9 % 1
        picture[house & (across > 0.3) & (across < 0.7) & (down > 0.3) & (down < 0.8)] = WINDOW
        left += broad + rng.uniform(0, 0.08)
    street = y > 0.82
    picture[street] = np.array(STREET) * (0.6 + 0.5 * y[street, None])
    return picture


def _person(picture, x, y, side, emotion, rng):
    """Shoulders, and on them a face whose square has its corner at (x, y)."""
    height, width = picture.shape[:2]
    rows, columns = np.mgrid[:height, :width].astype(np.float32)
    u, v = (columns - x) / side - 0.5, (rows - y) / side
    shoulders = (v > 0.93) & (np.abs(u) < 0.72) & (np.abs(u) ** 3 < (v - 0.9))
    picture[shoulders] = rng.uniform(0.1, 0.8, 3)
    m = measures(np.array([emotion]), rng)
    for name, value in dict(x=(SIZE - 1) / 2, y=SIZE / 2, scale=22, covered=0).items():
        getattr(m, name)[...] = value
    # Drawn before black and before white: what the two share is the face, and how much it covers.
    on = []
    for m.background in (np.zeros((1, 1, 1), np.float32), np.ones((1, 1, 1), np.float32)):
        on.append(np.clip(draw(m, side)[0], 0, 1))
    rows, columns = (slice(max(0, start), max(0, min(start + side, length)))
                     for start, length in ((y, height), (x, width)))
    inside = np.s_[rows.start - y:rows.stop - y, columns.start - x:columns.stop - x]
    clear = (on[1] - on[0])[inside][..., None]
    part = picture[rows, columns]
    part *= clear
    part += on[0][inside][..., None] * SKIN
