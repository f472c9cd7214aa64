"""Finds the faces in a photograph: two small networks over a pyramid, and what overlaps is merged.

The first network, `scan`, judges every window of 26x26 pixels, four pixels apart, on pictures of
the photograph from large to small; it is a convolution from end to end, so one forward pass over a
picture judges all its windows at once. The second, `look`, judges what is left, each window cut
anew in 46x46 pixels. Both also say how far the face lies from the middle of the window and how much
larger it is, so that the square that comes out is the one that FER-2013 would have cut. Chapter 20.

Inside, a box is a row of an array (N, 4): x and y of its middle, its side, its score.
"""

import math
from functools import lru_cache
from typing import NamedTuple

import numpy as np
from PIL import Image

from tinyfer.core.inference import fold_batchnorm
from tinyfer.core.kernels.boxes import kept_boxes
from tinyfer.core.losses import softmax
from tinyfer.core.networks import LOOK, PACKAGED, SCAN, SCAN_STRIDE, load_model
from tinyfer.data.pictures import grey_of, open_image

FILL = 12 / 13          # of a window's side is the side of the face it is looking for
UNIT = 0.1              # what 1 means in the outputs that move a box: a tenth of its side
STEP = 2 ** 0.25        # from one picture of the pyramid to the next
SMALLEST = 24           # pixels a side of the smallest face, where nothing else is asked for
BORDER = 8              # pixels that every picture of the pyramid is enlarged by on each side
BAND = 64               # rows of windows at a time: memory stays small, whatever the picture
HAND_ON = 0.15          # the least score of a window that the first network hands on,
MOST = 2000             # and the most windows of one photograph
LOOKS = 256             # windows at a time in the second network
# How often it looks at what is left: (mirrored, larger). The mean of several opinions is steadier.
VIEWS = (False, 1), (True, 1), (False, 1.1), (True, 1 / 1.1)


class Face(NamedTuple):
    """A square in pixels of the upright picture, x and y of its top left corner; score in [0, 1]:
    the probability that it is a face, None for a picture that was taken whole."""

    x: int
    y: int
    side: int
    score: float | None

    @property
    def box(self):
        """(x, y, w, h), as `tinyfer.data.pictures.face_of` takes it."""
        return self.x, self.y, self.side, self.side


def find_faces(picture, smallest=None, threshold=0.5):
    """The faces in a photograph: a list of Face, the surest first; empty where there is none.

    picture: a path or open file, a Pillow image, or an array (H, W), (H, W, 3) or (H, W, 4), uint8
    or floats in [0, 1]; any size. A box is the square that FER-2013 would have cut: from above the
    brows to the chin. smallest: the side in pixels of the smallest box to look for; by default 24,
    or a 60th of a large picture's longer side. threshold: the least score.

    Faces that are turned to the side, lie, or are covered by half are mostly missed.
    ValueError or FileNotFoundError where the picture cannot be read. Chapter 20.
    """
    return faces_in(grey_of(open_image(picture)), smallest, threshold)


def faces_in(grey, smallest=None, threshold=0.5):
    """`find_faces` in a Pillow image of mode L."""
    if smallest is None:
        smallest = max(SMALLEST, max(grey.size) / 60)
    if not smallest >= 8:
        raise ValueError(f"smallest is {smallest}; expected at least 8 pixels")
    if not 0 < threshold < 1:
        raise ValueError(f"threshold is {threshold}; expected a number between 0 and 1")
    found = []
    for x, y, side, score in packaged_finder().find(grey, smallest, threshold).astype(float):
        side = min(max(1, round(side)), *grey.size)
        x, y = (min(max(0, round(middle - side / 2)), size - side)
                for middle, size in zip((x, y), grey.size))
        found.append(Face(x, y, side, score))
    return found


class Finder:
    """The two networks, ready for use: their layers with batch norm folded away."""

    def __init__(self, scan, look=None):
        self.scan = fold_batchnorm(scan.layers)
        self.look = look and fold_batchnorm(look.layers)

    def candidates(self, grey, smallest, threshold=HAND_ON):
        """Boxes (N, 4) of the windows that `scan` takes for faces, sorted by score."""
        found = [np.empty((0, 4), np.float32)]
        for scale in scales(grey.size, smallest):
            found.append(self.scan_picture(grey, scale, threshold))
        found = np.concatenate(found)
        surest = np.argsort(-found[:, 3], kind="stable")[:MOST]
        return suppress(found[surest], 0.6)

    def scan_picture(self, grey, scale, threshold):
        size = [max(1, round(side * scale)) for side in grey.size]
        small = grey.resize(size, Image.Resampling.BILINEAR, reducing_gap=2.0)
        x = np.pad(np.asarray(small), BORDER, mode="edge")
        found = []
        rows = (len(x) - SCAN) // SCAN_STRIDE + 1
        for top in range(0, rows, BAND):
            part = x[top * SCAN_STRIDE:(top + BAND) * SCAN_STRIDE + SCAN - SCAN_STRIDE]
            out = run(self.scan, part[None, :, :, None].astype(np.float32) / np.float32(255))[0]
            score = softmax(out[..., :2].reshape(-1, 2))[:, 1].reshape(out.shape[:2])
            i, j = np.nonzero(score > threshold)
            windows = np.stack([j * SCAN_STRIDE + SCAN / 2, (i + top) * SCAN_STRIDE + SCAN / 2,
                                np.full(len(i), SCAN * FILL), score[i, j]], axis=1)
            windows = moved(windows, out[i, j, 2:])
            windows[:, :2] -= BORDER
            windows[:, 0] *= grey.size[0] / size[0]
            windows[:, 1] *= grey.size[1] / size[1]
            windows[:, 2] /= scale
            found.append(windows)
        return np.concatenate(found).astype(np.float32)

    def looked_at(self, grey, boxes, views=VIEWS[:1]):
        """The boxes as `look` sees them: moved, and with its score; a mean over views of each."""
        found = np.empty_like(boxes)
        for start in range(0, len(boxes), LOOKS):
            part = boxes[start:start + LOOKS]
            out = np.mean([self._outputs(grey, part, *view) for view in views], axis=0)
            found[start:start + LOOKS] = moved(part, out[:, 2:])
            found[start:start + LOOKS, 3] = softmax(out[:, :2])[:, 1]
        return found

    def _outputs(self, grey, boxes, mirrored, larger):
        """Outputs (N, 5) of `look`, for windows larger by a factor, mirrored or not; where the face
        lies is told from the box itself all the same."""
        boxes = boxes * (1, 1, larger, 1)
        x = standardised(np.stack([cut(grey, box) for box in boxes]))
        out = run(self.look, np.ascontiguousarray(x[:, :, ::-1] if mirrored else x)[..., None])
        out[:, 2] *= -1 if mirrored else 1
        out[:, 2:4] *= larger
        out[:, 4] += math.log(larger) / UNIT
        return out

    def find(self, grey, smallest, threshold):
        """Boxes (N, 4) of the faces in a Pillow image of mode L, the surest first."""
        boxes = self.looked_at(grey, self.candidates(grey, smallest))
        boxes = suppress(boxes[boxes[:, 3] > 0.1 * threshold], 0.8)
        boxes = self.looked_at(grey, boxes, VIEWS)
        return merge(boxes[boxes[:, 3] > threshold])


def run(layers, x):
    for layer in layers:
        x = layer.forward(x)
    return x


def scales(size, smallest):
    """Scales of the pyramid's pictures, from the one where the smallest face fits a window."""
    scale = SCAN * FILL / smallest
    while min(size) * scale + 2 * BORDER >= SCAN:
        yield scale
        scale /= STEP


def moved(boxes, outputs):
    """Boxes (N, 4) moved and resized as a network's three last outputs (N, 3) say; same scores.

        x <- x + side UNIT right        y <- y + side UNIT down        side <- side e^(UNIT larger)
    """
    boxes = boxes.copy()
    boxes[:, :2] += boxes[:, 2:3] * UNIT * outputs[:, :2]
    boxes[:, 2] *= np.exp(UNIT * np.clip(outputs[:, 2], -7, 7))
    return boxes


def cut(grey, box):
    """The window of a box: (LOOK, LOOK) uint8; beyond the picture's edges the edges go on."""
    x, y, side = (float(v) for v in box[:3])
    half = side / FILL / 2
    width, height = grey.size
    left, top, right, bottom = x - half, y - half, x + half, y + half
    if left >= 0 and top >= 0 and right <= width and bottom <= height:
        window = grey.resize((LOOK, LOOK), Image.Resampling.BILINEAR, (left, top, right, bottom),
                             reducing_gap=2.0)
        return np.asarray(window)
    l, t, r, b = math.floor(left), math.floor(top), math.ceil(right), math.ceil(bottom)
    rows = np.clip(np.arange(t, b), 0, height - 1)
    columns = np.clip(np.arange(l, r), 0, width - 1)
    inside = grey.crop((columns[0], rows[0], columns[-1] + 1, rows[-1] + 1))
    part = np.asarray(inside)[np.ix_(rows - rows[0], columns - columns[0])]
    return cut(Image.fromarray(part), (x - l, y - t, side))


def standardised(windows):
    """Each window (N, H, W) with mean 0 and variance 1: float32."""
    x = windows.astype(np.float32)
    x -= x.mean(axis=(1, 2), keepdims=True)
    return x / (x.std(axis=(1, 2), keepdims=True) + 1)


def overlap(box, boxes):
    """Intersection over union of one box with each of (N, 4), and intersection over the smaller."""
    half, halves = box[2] / 2, boxes[:, 2] / 2
    sides = [np.clip(np.minimum(box[k] + half, boxes[:, k] + halves)
                     - np.maximum(box[k] - half, boxes[:, k] - halves), 0, None) for k in (0, 1)]
    both = sides[0] * sides[1]
    area, areas = box[2] ** 2, boxes[:, 2] ** 2
    return both / (area + areas - both), both / np.minimum(area, areas)


def suppress(boxes, most):
    """Non-maximum suppression: the surest box stays, what overlaps it by more than `most` goes,
    and so on with the rest. Boxes come back sorted, the surest first."""
    boxes = boxes[np.argsort(-boxes[:, 3], kind="stable")]
    return boxes[kept_boxes(boxes, most)]


def merge(boxes):
    """Suppression in which those that go have their say: a face's box is the mean of the boxes
    on it, weighed by their scores; one inside another is the same face."""
    boxes = boxes[np.argsort(-boxes[:, 3], kind="stable")]
    kept = []
    while len(boxes):
        union, smaller = overlap(boxes[0], boxes)
        same = union > 0.5
        face = np.average(boxes[same], axis=0, weights=boxes[same, 3])
        kept.append([*face[:3], boxes[0, 3]])
        boxes = boxes[(union <= 0.3) & (smaller <= 0.7)]
    return np.array(kept, np.float32).reshape(-1, 4)


@lru_cache(maxsize=1)
def packaged_finder():
    """The finder that comes with the package."""
    return Finder(*(load_model(PACKAGED / "finder" / f"{name}.npz") for name in ("scan", "look")))
