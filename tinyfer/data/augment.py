"""Faces changed at random for training, and scaled as `to_input` scales all others.

`Augmentation` says how far; a change is one field of it and one line or function here. `augment`
shifts and flips as the study did, `distort` does everything; they draw other random numbers, so
neither can stand for the other. Chapters 12 and 16.
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from tinyfer.core import checks
from tinyfer.core.inference import images_of, to_input
from tinyfer.data.affine import affine
from tinyfer.data.camera import camera

SHIFT = 0.1  # of the image's height and width, in either direction


def augment(faces, rng, dtype=np.float32):
    """Each face shifted at random, mirrored with probability 1/2, and scaled to [0, 1].

    faces: as for `to_input`. Returns (N, H, W, 1) of `dtype`, in [0, 1]; `faces` is left unchanged.

    Per image, shifts s_y ~ U(-H/10, H/10) and s_x ~ U(-W/10, W/10) pixels, then

        out[i, j] = in(i - s_y, j - s_x)

    read by bilinear interpolation, positions outside the image taking the nearest border pixel
    (as Keras' `width_shift_range`, `height_shift_range` and `fill_mode="nearest"`). 3 N numbers are
    drawn from `rng`. TypeError where it is no np.random.Generator.
    """
    faces, rng, dtype = images_of(faces), checks.generator(rng), checks.float_type(dtype)
    n, height, width = faces.shape
    u = rng.random((3, n))
    top, fy = _window(SHIFT * height * (2 * u[0] - 1), height)
    left, fx = _window(SHIFT * width * (2 * u[1] - 1), width)
    mirrored = u[2] < 0.5

    # A shift is the same for every pixel of an image, so interpolation is a weighted mean of a
    # window one pixel larger than the image with itself moved by one: first along y, then along x.
    margin_y, margin_x = _margin(height), _margin(width)
    padded = np.pad(faces, ((0, 0), (margin_y, margin_y), (margin_x, margin_x)), mode="edge")
    windows = sliding_window_view(padded, (height + 1, width + 1), axis=(1, 2))
    x = to_input(windows[np.arange(n), top, left], dtype)[..., 0]
    x = _lerp(x[:, :-1], x[:, 1:], fy.astype(dtype)[:, None, None])
    x = _lerp(x[:, :, :-1], x[:, :, 1:], fx.astype(dtype)[:, None, None])
    x[mirrored] = x[mirrored, :, ::-1]
    return x[..., None]


@dataclass(frozen=True)
class Augmentation:
    """How far each training face is changed at random; 0 leaves it alone in that respect.

    rotation: degrees, either way. scale: 0.1 for 1/1.1 to 1.1, even on a log scale. shear: rows a
    column, either way. shift: pixels, either way, along rows and columns. horizontal_flip: the
    probability of a mirror image. brightness: grey added or taken away, of 1. contrast: 0.1 for 0.9
    to 1.1 times the distance from grey. erase: the probability that a rectangle, an eighth to a
    half of the picture high and wide, turns grey. gamma: 0.6 for a tone of x^g with g from e^-0.6
    to e^0.6, even on a log scale. blur: the probability that a third to 0.7 of the pixels a side
    are left. noise: the probability of Gaussian noise, of a standard deviation up to 0.08.
    """

    rotation: float = 0.0
    scale: float = 0.0
    shear: float = 0.0
    shift: float = 0.0
    horizontal_flip: float = 0.0
    brightness: float = 0.0
    contrast: float = 0.0
    erase: float = 0.0
    gamma: float = 0.0
    blur: float = 0.0
    noise: float = 0.0

    def __post_init__(self):
        for name, value in vars(self).items():
            most = {"rotation": 180, "shift": 1000}.get(name, 1)
            if not isinstance(value, (int, float)) or not 0 <= value <= most:
                raise ValueError(f"{name} of an augmentation is {value!r:.40}; expected a number "
                                 f"from 0 to {most}")

    @property
    def method(self):
        """The function that makes these changes: "to_input" for none, "augment", or "distort"."""
        return {NO_AUGMENTATION: "to_input", SHIFT_AND_FLIP: "augment"}.get(self, "distort")


NO_AUGMENTATION = Augmentation()
SHIFT_AND_FLIP = Augmentation(shift=48 * SHIFT, horizontal_flip=0.5)      # what `augment` does
DRAWS = 13          # random numbers for one face in `distort`
BLURRED = 1 / 3, 0.7        # of the pixels a side, what a blurred picture has left
NOISE = 0.08        # the largest standard deviation, where white is 1


def changed(faces, augmentation, rng, crop=None, dtype=np.float32):
    """Faces (N, H, W) changed as an Augmentation says, by its method: (N, h, w, 1) of dtype.

    crop: rows and columns of the result, None for whole faces. `distort` cuts them about the centre
    of the changed face, the others at its upper left corner.
    """
    corner = slice(crop)
    if augmentation.method == "to_input":
        return to_input(faces[:, corner, corner], dtype)
    if augmentation.method == "augment":
        return np.ascontiguousarray(augment(faces, rng, dtype)[:, corner, corner])
    return distort(faces, augmentation, rng, (crop, crop) if crop else None, dtype)


def distort(faces, augmentation, rng, size=None, dtype=np.float32):
    """Each face turned, scaled, sheared, shifted, mirrored, lit and erased, by numbers from rng.

    faces: as for `to_input`. size: (H, W) of the result, smaller than a face for crops, which then
    lie about its centre. Returns (N, *size, 1) of `dtype`, in [0, 1]; the equation stands in
    `affine.py`. DRAWS N numbers are drawn from `rng`, whatever the augmentation. TypeError for an
    augmentation or rng of another type.
    """
    faces, rng, dtype = images_of(faces), checks.generator(rng), checks.float_type(dtype)
    if not isinstance(augmentation, Augmentation):
        raise TypeError(f"augmentation is of type {type(augmentation).__name__:.40}; expected an "
                        "Augmentation")
    if faces.dtype != np.uint8:
        faces = to_input(faces, np.float32 if faces.dtype.itemsize <= 4 else np.float64)[..., 0]
    n = len(faces)
    H, W = (checks.count("size", side) for side in size or faces.shape[1:])
    u = rng.random((DRAWS, n))
    either_way = 2 * u - 1
    angle = math.radians(augmentation.rotation) * either_way[0]
    zoom = (1 + augmentation.scale) ** either_way[1]
    shear = augmentation.shear * either_way[2]
    side = np.where(u[5] < augmentation.horizontal_flip, -1.0, 1.0)
    cos, sin = np.cos(angle) * zoom, np.sin(angle) * zoom
    # Mirrored last and so undone first: columns of the result count from the other side.
    maps = np.stack([cos, side * (cos * shear - sin), sin, side * (sin * shear + cos)], axis=1)
    gains = 1 + augmentation.contrast * either_way[7]
    offsets = 0.5 * (1 - gains) + augmentation.brightness * either_way[6]
    if faces.dtype == np.uint8:
        gains = gains / 255
    x = affine(faces, maps.reshape(n, 2, 2), augmentation.shift * either_way[3:5].T, gains,
               offsets, _holes(u[8:13], augmentation.erase, H, W), (H, W), dtype)
    if augmentation.gamma or augmentation.blur or augmentation.noise:
        # A generator of their own: without them, the numbers of all others stay as they are.
        _photograph(x, augmentation, np.random.default_rng(rng.integers(2**63)))
    return x


def _photograph(x, augmentation, rng):
    """Changes x (N, H, H, 1) as `camera.py` has it, by numbers from rng."""
    n, H = x.shape[:2]
    u = rng.random((5, n))
    low, high = (round(H * fraction) for fraction in BLURRED)
    sizes = np.where(u[1] < augmentation.blur, (low + u[2] * (high + 1 - low)).astype(int), 0)
    noisy = np.flatnonzero(u[3] < augmentation.noise)
    noise = rng.standard_normal((len(noisy), H, H), np.float32)
    noise *= (NOISE * u[4, noisy])[:, None, None].astype(np.float32)
    noise_of = np.full(n, -1)
    noise_of[noisy] = np.arange(len(noisy))
    camera(x, np.exp(augmentation.gamma * (2 * u[0] - 1)), sizes, noise, noise_of)


def _holes(u, probability, H, W):
    """Rows and columns (from, to) of the rectangle of each picture, (N, 4); empty for most."""
    height, width = ((H * (1 + 3 * u[1]) / 8).astype(int), (W * (1 + 3 * u[2]) / 8).astype(int))
    top, left = (u[3] * (H - height + 1)).astype(int), (u[4] * (W - width + 1)).astype(int)
    holes = np.stack([top, top + height, left, left + width], axis=1)
    return np.where((u[0] < probability)[:, None], holes, 0)


def mix(x, targets, alpha, rng):
    """A batch blended with itself in another order: (x, targets), both new.

        x <- r x + (1 - r) x[order]         targets likewise            r ~ Beta(alpha, alpha)

    x (N, H, W, 1) and targets (N, K). One r for the batch. Zhang, Cisse, Dauphin and Lopez-Paz,
    mixup: Beyond Empirical Risk Minimization, 2018. Chapter 16.
    """
    x = checks.array("mix", "x", x, ("N", ...))
    targets = checks.array("mix", "targets", targets, (len(x), "K"))
    alpha, rng = checks.number("alpha", alpha, "(0, inf)"), checks.generator(rng)
    r = x.dtype.type(rng.beta(alpha, alpha))
    order = rng.permutation(len(x))
    return (r * x + (1 - r) * x[order],
            (r * targets + (1 - r) * targets[order]).astype(targets.dtype, copy=False))


def _margin(size):
    """The rows or columns of padding that the largest shift and its second neighbour reach into."""
    return int(SHIFT * size) + 1


def _window(shift, size):
    """The first row (or column) of each image's window in the padded image, and the weight of
    its second neighbour: position i - shift lies between first + i and first + i + 1."""
    whole = np.floor(-shift)
    return whole.astype(np.intp) + _margin(size), -shift - whole


def _lerp(a, b, f):
    out = b - a
    out *= f
    out += a
    return out
