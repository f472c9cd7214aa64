"""Finds the faces in a photograph: two small networks over a pyramid, and what overlaps is merged.

The first network, `scan`, judges every window of 26x26 pixels, four pixels apart, on pictures of
the photograph from large to small: convolutions from end to end, so one pass over a picture judges
all its windows. The second, `look`, judges what is left, each window cut anew in 46x46 pixels. Both
also say how far the face lies from the middle of the window and how much larger it is, so that the
square that comes out is the one that FER-2013 would have cut. Chapter 20.

Inside, a box is a row of an array (N, 4): x and y of its middle, its side, its score.
"""

import math
import os
from functools import cache
from typing import IO, NamedTuple, TypeAlias

import numpy as np
from PIL import Image

from tinyfer.core import checks
from tinyfer.core.inference import fold_batchnorm
from tinyfer.core.kernels.threads import at_most, not_waiting_for_cores
from tinyfer.core.layers import Conv2D, Dense, Dropout, Flatten, MaxPool2D
from tinyfer.core.losses import softmax
from tinyfer.core.model import Sequential
from tinyfer.core.networks import PACKAGED, conv_norm, load_model, register
from tinyfer.data.pictures import grey_of
from tinyfer.photo import chain
from tinyfer.photo.boxes import cut_windows, kept_boxes

# What is taken for a picture: a path, an open file or the bytes of one, an image, an array.
Picture: TypeAlias = str | os.PathLike | IO[bytes] | bytes | Image.Image | np.ndarray

FILL = 12 / 13          # of a window's side is the side of the face it is looking for
UNIT = 0.1              # what 1 means in the outputs that move a box: a tenth of its side
STEP = 2 ** 0.25        # from one picture of the pyramid to the next
SMALLEST = 24           # pixels a side of the smallest face, where nothing else is asked for
BORDER = 8              # pixels that every picture of the pyramid is enlarged by on each side
AT_ONCE = 1 << 20       # pixels of the pyramid: memory stays small, whatever the picture
HAND_ON = 0.15          # the least score of a window that the first network hands on,
MOST = 2000             # and the most windows of one photograph
LOOKS = 256             # windows at a time in the second network
LOOKS_A_THREAD = 32     # fewer are done before a second thread has come to help
# How it looks at what is left, (mirrored: -1 or not, larger by): a mean of opinions is steadier.
VIEWS = (1, 1), (-1, 1), (1, 1.1), (-1, 1 / 1.1)

SCAN_SIZE = 26          # pixels a side of the window that face_scan judges
SCAN_STRIDE = 4         # pixels from one window to the next: two pools of stride 2
LOOK_SIZE = 46          # of the window that face_look judges
# Outputs of both: two logits, and where the face lies in the window (`moved`).
FINDER_OUTPUTS = ("scene", "face", "right", "down", "larger")


@register
def face_scan(seed=0, dtype=np.float32, class_names=FINDER_OUTPUTS):
    """Four convolutions, two pools: x (N, 26, 26, 1) in [0, 1] -> (N, 1, 1, 5), 7,557 values.

    Without a dense layer it takes any height and width, and gives one row of five outputs for each
    window: x (N, H, W, 1) -> (N, (H-22) // 4, (W-22) // 4, 5). Chapter 20.
    """
    dtype, rng = checks.float_type(dtype), np.random.default_rng(seed)
    layers = [
        *conv_norm(1, 8, rng, dtype), MaxPool2D(),          # 26 -> 24 -> 12
        *conv_norm(8, 16, rng, dtype), MaxPool2D(),         # 12 -> 10 -> 5
        *conv_norm(16, 32, rng, dtype),                     # 5 -> 3
        Conv2D(32, len(FINDER_OUTPUTS), rng, dtype=dtype),  # 3 -> 1
    ]
    return Sequential(layers, (SCAN_SIZE, SCAN_SIZE, 1), class_names, rng)


@register
def face_look(seed=0, dtype=np.float32, class_names=FINDER_OUTPUTS):
    """Four convolutions, three pools, a dense layer: x (N, 46, 46, 1) -> (N, 5), 55,261 values.

    x: windows of mean 0 and variance 1. Every pixel counts: each pool gets an even size.
    """
    dtype, rng = checks.float_type(dtype), np.random.default_rng(seed)
    layers = [
        *conv_norm(1, 16, rng, dtype), MaxPool2D(),         # 46 -> 44 -> 22
        *conv_norm(16, 32, rng, dtype), MaxPool2D(),        # 22 -> 20 -> 10
        *conv_norm(32, 56, rng, dtype), MaxPool2D(),        # 10 -> 8 -> 4
        *conv_norm(56, 64, rng, dtype), Dropout(0.25, rng),  # 4 -> 2
        Flatten(), Dense(256, len(FINDER_OUTPUTS), rng, dtype=dtype),
    ]
    return Sequential(layers, (LOOK_SIZE, LOOK_SIZE, 1), class_names, rng)


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


def find_faces(picture: Picture, smallest: float | None = None,
               threshold: float = 0.5) -> list[Face]:
    """The faces in a photograph: a list of Face, the surest first; empty where there is none.

    picture: a path or open file, a Pillow image, or an array (H, W), (H, W, 3) or (H, W, 4), uint8
    or floats in [0, 1]; any size. A box is the square that FER-2013 would have cut: from above the
    brows to the chin. smallest: the side in pixels of the smallest box to look for; by default 24,
    or a 60th of a large picture's longer side. threshold: the least score. Faces that are turned to
    the side, lie, or are covered by half are mostly missed. ValueError or FileNotFoundError where
    the picture cannot be read. Chapter 20.
    """
    return faces_in(grey_of(picture), smallest, threshold)


def faces_in(grey, smallest=None, threshold=0.5):
    """`find_faces` in a Pillow image of mode L."""
    if smallest is None:
        smallest = max(SMALLEST, max(grey.size) / 60)
    checks.number("smallest", smallest, "[8, inf)")
    checks.number("threshold", threshold, "(0, 1)")
    with not_waiting_for_cores():
        return in_picture(packaged_finder().find(grey, smallest, threshold), grey.size)


def in_picture(boxes, size):
    """Boxes (N, 4) as a list of Face, moved into a picture of `size` where they stick out."""
    found = []
    for x, y, side, score in boxes.tolist():
        side = min(max(1, round(side)), *size)
        x, y = (min(max(0, round(middle - side / 2)), length - side)
                for middle, length in zip((x, y), size))
        found.append(Face(x, y, side, score))
    return found


class Finder:
    """The two networks, ready for use: their layers with batch norm folded away."""

    def __init__(self, scan, look=None):
        self.scan = chained(fold_batchnorm(scan.layers))
        if look:
            first, rest = np.split(fold_batchnorm(look.layers), [2])
            self.look, behind = chained(first)
            self.rest = [*behind, *rest]
            for layer in self.rest:
                if type(layer) is Conv2D:
                    layer.transformed = {}      # once for all photographs

    def candidates(self, grey, smallest, threshold=HAND_ON):
        """Boxes (N, 4) of the windows that `scan` takes for faces, sorted by score."""
        return suppress(surest_first(self.windows(grey, smallest, threshold))[:MOST], 0.6)

    def windows(self, grey, smallest, threshold):
        """Boxes (N, 4) of all windows of the pyramid that `scan` gives more than a score."""
        found = [np.empty((0, 4))]
        for strips in batches(pyramid(grey, smallest), AT_ONCE):
            for (scale, top, _), out in zip(strips, self.judged([s[2] for s in strips])):
                odds = out[..., 1] - out[..., 0]
                i, j = np.nonzero(odds > math.log(threshold / (1 - threshold)))
                score = 1 / (1 + np.exp(-odds[i, j]))
                boxes = np.stack([j * SCAN_STRIDE + SCAN_SIZE / 2, (i + top) * SCAN_STRIDE +
                                  SCAN_SIZE / 2, np.full(len(i), SCAN_SIZE * FILL), score], axis=1)
                boxes = moved(boxes, out[i, j, 2:])
                boxes[:, :2] -= BORDER
                boxes[:, :3] /= scale
                found.append(boxes)
        return np.concatenate(found).astype(np.float32)

    def judged(self, pictures):
        """What `scan` says of each window of grey pictures: a list of (rows, columns, 5)."""
        shapes = np.array([picture.shape for picture in pictures])
        x = np.concatenate([picture.ravel() for picture in pictures])
        first, rest = self.scan
        out = chain.forward(x.astype(np.float32) / np.float32(255), shapes, first)
        shapes = np.column_stack(chain.shape_after(first.steps, *shapes.T))
        K = first.steps[-1, 1]
        parts = np.split(out, K * shapes.prod(axis=1).cumsum()[:-1])
        return [run(rest, part.reshape(1, *shape, K))[0] for part, shape in zip(parts, shapes)]

    def looked_at(self, grey, boxes, views=VIEWS[:1]):
        """The boxes as `look` sees them: moved, and with its score; a mean over views of each."""
        found, halves = np.empty_like(boxes), halved(grey)
        for start in range(0, len(boxes), LOOKS):
            part = boxes[start:start + LOOKS]
            with at_most(-(-len(part) * len(views) // LOOKS_A_THREAD)):
                out = self._outputs(halves, part, views)
            found[start:start + LOOKS] = moved(part, out[:, 2:])
            found[start:start + LOOKS, 3] = softmax(out[:, :2])[:, 1]
        return found

    def _outputs(self, halves, boxes, views):
        """Outputs (N, 5) of `look`, the mean over views, told from the box itself."""
        x = standardised(np.concatenate([cut(halves, boxes * (1, 1, larger, 1))[:, :, ::mirrored]
                                         for mirrored, larger in views]))
        shape = chain.shape_after(self.look.steps, LOOK_SIZE, LOOK_SIZE)
        x = chain.forward(x.reshape(-1), np.full((len(x), 2), LOOK_SIZE), self.look)
        out = run(self.rest, x.reshape(-1, *shape, self.look.steps[-1, 1]))
        out = out.reshape(len(views), len(boxes), -1)
        for view, (mirrored, larger) in zip(out, views):
            view[:, 2] *= mirrored
            view[:, 2:4] *= larger
            view[:, 4] += math.log(larger) / UNIT
        return out.mean(axis=0)

    def find(self, grey, smallest, threshold):
        """Boxes (N, 4) of the faces in a Pillow image of mode L, the surest first."""
        boxes = self.looked_at(grey, self.candidates(grey, smallest))
        boxes = suppress(boxes[boxes[:, 3] > 0.1 * threshold], 0.8)
        boxes = self.looked_at(grey, boxes, VIEWS)
        return merge(boxes[boxes[:, 3] > threshold])


def chained(layers):
    """Folded layers as what chain.py computes, and the layers that come after that."""
    first = []
    for n, layer in enumerate(layers):
        if type(layer) is Conv2D:
            first.append([layer.w.value, layer.b.value, layer.relu, 1])
        elif type(layer) is MaxPool2D and first and first[-1][3] == 1:
            first[-1][3] = 2
        else:
            return chain.packed(first), layers[n:]
    return chain.packed(first), []


def run(layers, x):
    for layer in layers:
        x = layer.forward(x)
    return x


def halved(grey):
    """A Pillow image, a half of it, a quarter, ... down to some pixels."""
    pictures = [grey]
    while min(pictures[-1].size) >= 2 * LOOK_SIZE:
        pictures.append(pictures[-1].reduce(2))
    return pictures


def pyramid(grey, smallest):
    """The pictures of the pyramid, in strips of rows where they are large: scale, the number of the
    first row of windows, array."""
    halves = halved(grey)
    for scale in scales(grey.size, smallest):
        size = [max(1, round(side * scale)) for side in grey.size]
        half = int(min(max(-math.log2(scale), 0), len(halves) - 1))
        x = np.pad(np.asarray(halves[half].resize(size, Image.Resampling.BILINEAR)), BORDER,
                   mode="edge")
        rows = max(1, AT_ONCE // (SCAN_STRIDE * x.shape[1]))
        for top in range(0, (len(x) - SCAN_SIZE) // SCAN_STRIDE + 1, rows):
            yield scale, top, x[SCAN_STRIDE * top:SCAN_STRIDE * (top + rows - 1) + SCAN_SIZE]


def batches(strips, most):
    """Lists of strips, each as long as its pictures have fewer than so many pixels."""
    batch = []
    for strip in strips:
        batch.append(strip)
        if sum(picture.size for *_, picture in batch) >= most:
            yield batch
            batch = []
    if batch:
        yield batch


def scales(size, smallest):
    """Scales of the pyramid's pictures, from the one where the smallest face fits a window."""
    scale = SCAN_SIZE * FILL / smallest
    while min(size) * scale + 2 * BORDER >= SCAN_SIZE:
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


def cut(halves, boxes):
    """The windows of boxes (N, 4), from the picture of `halved` that is about as fine as each: (N,
    LOOK_SIZE, LOOK_SIZE); beyond the picture's edges the edges go on."""
    sides = boxes[:, 2] / FILL
    level = np.clip(np.log2(np.maximum(sides, 1) / LOOK_SIZE / 2), 0, len(halves) - 1).astype(int)
    windows = np.empty((len(boxes), LOOK_SIZE, LOOK_SIZE), np.float32)
    for n in np.unique(level):
        some = level == n
        places = boxes[some] / (2**n, 2**n, 2**n * FILL, 1)
        windows[some] = cut_windows(np.asarray(halves[n]), places, LOOK_SIZE)
    return windows


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


def surest_first(boxes):
    return boxes[np.argsort(-boxes[:, 3], kind="stable")]


def suppress(boxes, most):
    """Non-maximum suppression: the surest box stays, what overlaps it by more than `most` goes,
    and so on with the rest. Boxes come back sorted, the surest first."""
    boxes = surest_first(boxes)
    return boxes[kept_boxes(boxes, most)]


def merge(boxes):
    """Suppression in which those that go have their say: a face's box is the mean of the boxes
    on it, weighed by their scores; one inside another is the same face."""
    boxes, kept = surest_first(boxes), []
    while len(boxes):
        union, smaller = overlap(boxes[0], boxes)
        same = union > 0.5
        face = np.average(boxes[same], axis=0, weights=boxes[same, 3])
        kept.append([*face[:3], boxes[0, 3]])
        boxes = boxes[(union <= 0.3) & (smaller <= 0.7)]
    return np.array(kept, np.float32).reshape(-1, 4)


@cache
def packaged_finder():
    """The finder that comes with the package."""
    return Finder(*(load_model(PACKAGED / "finder" / f"{name}.npz") for name in ("scan", "look")))
