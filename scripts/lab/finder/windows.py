"""Training windows of the face finder: a face laid into a scene, or a scene alone, seen at random.

A window is described by one row of numbers and rendered by one compiled loop, so that every window
of every epoch is a new one. Coordinates of a face are those of its box, the square that FER-2013
would have cut: (0, 0) is its middle, and it reaches from -1/2 to 1/2.
"""

from typing import NamedTuple

import numpy as np
from numba import njit, prange


class Bank(NamedTuple):
    """Square pictures of faces: (N, S, S) uint8, and where in them the box lies, in pixels."""

    pictures: np.ndarray
    left: float
    top: float
    side: float


class Scenes(NamedTuple):
    """Pictures without faces, each at its own size, halved, halved again, in one long array."""

    pixels: np.ndarray      # (all of them,) uint8
    start: np.ndarray       # (scenes, levels) where a picture begins
    height: np.ndarray      # (scenes, levels)
    width: np.ndarray


LEVELS = 6


def scenes_of(pictures):
    """Scenes from a list of (H, W) uint8 arrays; a level halves the one before by means of four."""
    parts, start, height, width = [], [], [], []
    position = 0
    for picture in pictures:
        rows = [], [], []
        for _ in range(LEVELS):
            rows[0].append(position)
            rows[1].append(picture.shape[0])
            rows[2].append(picture.shape[1])
            parts.append(picture.ravel())
            position += picture.size
            H, W = (max(2, n // 2 * 2) for n in picture.shape)
            if min(H, W) >= 4:
                four = picture[:H, :W].reshape(H // 2, 2, W // 2, 2).astype(np.uint16)
                picture = ((four.sum(axis=(1, 3)) + 2) // 4).astype(np.uint8)
        for column, row in zip((start, height, width), rows):
            column.append(row)
    return Scenes(np.concatenate(parts), *(np.array(a, np.int64) for a in (start, height, width)))


# One window. face: its number in the bank, -1 for none. x, y, side: the window in face coordinates.
# tilt: radians. scene, sx, sy, sside: the square behind it, in pixels of the scene's own size.
# gain, lift: of the scene behind a face. power, feather: form and softness of the seam.
# fine: pixels a side before it is enlarged to the window's size, as a small face would be.
PLAN = np.dtype([("face", "i4"), ("x", "f4"), ("y", "f4"), ("side", "f4"),
                 ("tilt", "f4"), ("scene", "i4"), ("sx", "f4"), ("sy", "f4"), ("sside", "f4"),
                 ("gain", "f4"), ("lift", "f4"), ("power", "f4"), ("feather", "f4"),
                 ("fine", "i4")])


def render(plan, bank, scenes, size):
    """The windows of a plan: (N, size, size) float32, greys from 0 to 255."""
    out = np.empty((len(plan), size, size), np.float32)
    _render(plan, bank.pictures, bank.left, bank.top, bank.side, *scenes, out)
    return out


@njit(parallel=True, cache=True)
def _render(plan, faces, left, top, side, pixels, start, height, width, out):
    size = out.shape[1]
    S = faces.shape[1] if len(faces) else 1
    for n in prange(len(plan)):
        p = plan[n]
        fine = min(p["fine"], size)
        cos, sin = np.cos(p["tilt"]), np.sin(p["tilt"])
        small = np.empty((fine, fine), np.float32)

        # The scene is read at the level whose pixels are the nearest to the window's.
        step = p["sside"] / fine
        level = 0
        while step > 1.5 and level < start.shape[1] - 1:
            step /= 2
            level += 1
        shrink = 0.5 ** level
        H, W = height[p["scene"], level], width[p["scene"], level]
        first = start[p["scene"], level]
        scene = pixels[first:first + H * W].reshape(H, W)
        # A face larger than the window's pixels is averaged over `over` by `over` points.
        over, grain = 1, 0.0
        if p["face"] >= 0:
            grain = side * p["side"] / fine
            over = max(1, int(np.round(grain)))

        for i in range(fine):
            for j in range(fine):
                u, v = (j + 0.5) / fine - 0.5, (i + 0.5) / fine - 0.5
                across, down = cos * u - sin * v, sin * u + cos * v
                if p["face"] < 0:
                    back = _bilinear(scene, (p["sy"] + down * p["sside"]) * shrink,
                                     (p["sx"] + across * p["sside"]) * shrink)
                    small[i, j] = back
                    continue
                back = _bilinear(scene, (p["sy"] + v * p["sside"]) * shrink,
                                 (p["sx"] + u * p["sside"]) * shrink)
                back = min(max(back * p["gain"] + p["lift"], 0), 255)
                fx = p["x"] + p["side"] * across
                fy = p["y"] + p["side"] * down
                px, py = left + (fx + 0.5) * side, top + (fy + 0.5) * side
                mask = _mask(abs(2 * px / S - 1), abs(2 * py / S - 1), p["power"], p["feather"])
                small[i, j] = back
                if mask == 0:
                    continue
                total = 0.0
                for a in range(over):
                    for b in range(over):
                        u, v = ((b + 0.5) / over - 0.5) * grain, ((a + 0.5) / over - 0.5) * grain
                        total += _bilinear(faces[p["face"]], py + sin * u + cos * v,
                                           px + cos * u - sin * v)
                small[i, j] += mask * (total / (over * over) - back)
        for i in range(size):
            for j in range(size):
                if fine == size:
                    out[n, i, j] = small[i, j]
                else:
                    out[n, i, j] = _bilinear(small, (i + 0.5) * fine / size,
                                             (j + 0.5) * fine / size)


@njit(cache=True)
def _mask(x, y, power, feather):
    """1 in the middle of a face's picture to 0 at its edge, a superellipse; x, y from 0 to 1."""
    if max(x, y) * 1.32 < 1 - feather:      # 1.32 = 2^(1 / 2.5), the most for a power above 2.5
        return 1.0
    return min(max((1 - (x ** power + y ** power) ** (1 / power)) / feather, 0.0), 1.0)


@njit(cache=True)
def _bilinear(image, y, x):
    """The value at a point; pixel (i, j) has its middle at (i + 1/2, j + 1/2), edges go on."""
    H, W = image.shape
    y, x = y - 0.5, x - 0.5
    i, j = int(np.floor(y)), int(np.floor(x))
    fy, fx = y - i, x - j
    i0, i1 = min(max(i, 0), H - 1), min(max(i + 1, 0), H - 1)
    j0, j1 = min(max(j, 0), W - 1), min(max(j + 1, 0), W - 1)
    upper = image[i0, j0] * (1 - fx) + image[i0, j1] * fx
    lower = image[i1, j0] * (1 - fx) + image[i1, j1] * fx
    return upper * (1 - fy) + lower * fy


def light(windows, rng):
    """Windows (N, h, w), greys 0 to 255, as some camera or print shows them: float32 in [0, 1].

    Light from one side, contrast, brightness, a gamma, some blur, noise, and rounding to 8 bits.
    """
    n, h, w = windows.shape

    def between(low, high):
        return rng.uniform(low, high, (n, 1, 1)).astype(np.float32)

    def some(share):
        return (rng.random((n, 1, 1)) < share).astype(np.float32)

    x = windows / np.float32(255)
    y_, x_ = np.mgrid[-1:1:h * 1j, -1:1:w * 1j].astype(np.float32)
    x *= 1 + some(0.4) * (between(-0.5, 0.5) * x_ + between(-0.3, 0.3) * y_)
    x = np.clip(x, 0, 1) ** np.exp(some(0.5) * between(-0.6, 0.6))
    blurred = (np.pad(x, ((0, 0), (1, 1), (1, 1)), mode="edge"))
    blurred = (blurred[:, :-2] + 2 * blurred[:, 1:-1] + blurred[:, 2:]) / 4
    blurred = (blurred[:, :, :-2] + 2 * blurred[:, :, 1:-1] + blurred[:, :, 2:]) / 4
    x += some(0.3) * between(0, 1) * (blurred - x)
    mean = x.mean(axis=(1, 2), keepdims=True)
    x = mean + (x - mean) * np.exp(some(0.6) * between(-1.1, 0.4))
    x += some(0.6) * between(-0.25, 0.25)
    x += some(0.3) * between(0, 0.22) ** 2 * rng.standard_normal(x.shape, np.float32)
    return np.rint(255 * np.clip(x, 0, 1)) / np.float32(255)
