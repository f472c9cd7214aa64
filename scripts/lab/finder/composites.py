"""Pictures to validate on: faces that were set aside, pasted into scenes that were set aside."""

from typing import NamedTuple

import numpy as np
from PIL import Image


class Composite(NamedTuple):
    """A grey picture (H, W) uint8 and its faces: boxes (n, 4) of left, top, right and bottom,
    and for each face its bank and its number in it."""

    picture: np.ndarray
    boxes: np.ndarray
    faces: list


def composites(sources, n, seed=0, most=4, smallest=24, longest=640, banks=(0, 1, 2)):
    """n Composites, of 1 to `most` faces each, sides from `smallest` to a third of the picture."""
    rng = np.random.default_rng(seed)
    return [_composite(sources, rng, most, smallest, longest, banks) for _ in range(n)]


def _composite(sources, rng, most, smallest, longest, banks):
    scene = Image.fromarray(sources.scenes[rng.integers(len(sources.scenes))])
    scale = longest / max(scene.size)
    scene = scene.resize([max(1, round(side * scale)) for side in scene.size],
                         Image.Resampling.BICUBIC)
    picture = np.asarray(scene).astype(np.float32)
    boxes, faces = [], []
    wanted = rng.integers(1, most + 1)
    for _ in range(20 * wanted):
        if len(boxes) == wanted:
            break
        largest = max(smallest + 1, min(scene.size) / 3)
        side = round(smallest * (largest / smallest) ** rng.random())
        left, top = (int(rng.integers(0, max(1, length - side))) for length in scene.size)
        box = np.array([left, top, left + side, top + side])
        if min(scene.size) < side + 2 or any(_near(box, other, side / 2) for other in boxes):
            continue
        bank = int(rng.choice(banks))
        number = int(rng.integers(len(sources.banks[bank].pictures)))
        _paste(picture, sources.banks[bank], number, box, rng)
        boxes.append(box)
        faces.append((bank, number))
    picture = np.clip(np.rint(picture), 0, 255).astype(np.uint8)
    return Composite(picture, np.array(boxes, float).reshape(-1, 4), faces)


def _near(a, b, margin):
    return (a[:2] < b[2:] + margin).all() and (b[:2] < a[2:] + margin).all()


def _paste(picture, bank, number, box, rng):
    """Lay a face over the picture so that its box is `box`, its brightness changed, edges soft."""
    side = box[2] - box[0]
    scale = side / bank.side
    S = bank.pictures.shape[1]
    left, top = round(box[0] - bank.left * scale), round(box[1] - bank.top * scale)
    size = max(2, round(S * scale))
    face = Image.fromarray(bank.pictures[number]).resize((size, size), Image.Resampling.BILINEAR)
    face = np.asarray(face) * np.exp(rng.uniform(-0.4, 0.2)) + rng.uniform(-15, 30)
    t = np.abs(2 * (np.arange(size) + 0.5) / size - 1)
    power = rng.uniform(4, 12)
    q = (t[:, None] ** power + t ** power) ** (1 / power)
    mask = np.clip((1 - q) / rng.uniform(0.05, 0.2), 0, 1)
    y0, x0 = max(0, top), max(0, left)
    part = picture[y0:top + size, x0:left + size]
    inside = np.s_[y0 - top:y0 - top + part.shape[0], x0 - left:x0 - left + part.shape[1]]
    part += mask[inside] * (face[inside] - part)
