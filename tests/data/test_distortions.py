"""Faces scaled, turned, sheared, moved, lit and erased: against the definition, and by chance."""

from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from tinyfer.core.inference import to_input
from tinyfer.core.kernels.threads import set_threads
from tinyfer.data.affine import affine
from tinyfer.data.augment import DRAWS, SHIFT, Augmentation, augment, distort, mix
from tinyfer.data.camera import camera, resampling

EVERYTHING = Augmentation(rotation=20, scale=0.3, shear=0.2, shift=5, horizontal_flip=0.5,
                          brightness=0.2, contrast=0.3, erase=0.5)
CAMERA = replace(EVERYTHING, gamma=0.5, blur=0.5, noise=0.5)


class Draws(np.random.Generator):
    """A Generator whose every number is 1/2, which is no change, but for some rows of them."""

    def __init__(self, rows):
        super().__init__(np.random.PCG64())
        self.rows = rows

    def random(self, shape):
        u = np.full(shape, 0.5)
        for row, value in self.rows.items():
            u[row] = value
        return u


def random_faces(n, shape=(48, 48), seed=0):
    return np.random.default_rng(seed).integers(0, 256, (n, *shape), dtype=np.uint8)


def everything(faces, rng, dtype=np.float32):
    return distort(faces, EVERYTHING, rng, dtype=dtype)


# Shifted and mirrored, as the study does

@pytest.mark.parametrize("shape", [(48, 48), (30, 7)])
def test_any_shift_is_the_bilinear_definition(shape):
    """The largest too, and none, which changes no bit."""
    faces, (u, v) = random_faces(6, shape), np.random.default_rng(1).random((2, 6))
    u[:3], v[1:4] = (0, 1 - 1e-12, 0.5), (0, 0.5, 1 - 1e-12)
    x = augment(faces, Draws({0: u, 1: v}), np.float64)
    for n in range(6):
        shift = SHIFT * np.array(shape) * (2 * np.array([u[n], v[n]]) - 1)
        expected = plain_affine(faces[n] / 255, np.eye(2), -shift, 1, 0, [0] * 4, shape)
        assert np.abs(x[n, ..., 0] - expected).max() < 1e-12
    assert np.array_equal(x[2], to_input(faces[2:3], np.float64)[0])


# Whatever changes them

@pytest.mark.parametrize("change, numbers", [
    (augment, 3), (everything, DRAWS),
    (lambda faces, rng: distort(faces, Augmentation(), rng), DRAWS)])
def test_the_draws_depend_on_nothing_but_the_number_of_faces(change, numbers):
    faces, rng, reference = random_faces(7), *map(np.random.default_rng, (5, 5))
    assert np.array_equal(change(faces, rng), change(faces, np.random.default_rng(5)))
    assert np.array_equal(faces, random_faces(7)), "the stored faces are left alone"
    reference.random(numbers * 7)
    assert rng.bit_generator.state == reference.bit_generator.state


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("change", [
    augment, lambda faces, rng, dtype: distort(faces, CAMERA, rng, dtype=dtype)])
def test_values_stay_in_0_to_1(change, dtype):
    # Nothing but black and white: the hardest for a rounding interpolation.
    x = change(255 * (random_faces(128) & 1), np.random.default_rng(1), dtype)
    assert x.dtype == dtype and x.shape == (128, 48, 48, 1) and x.min() == 0 and x.max() == 1


@pytest.mark.parametrize("change", [augment, everything])
@pytest.mark.parametrize("dtype", [np.float16, ">f8", np.longdouble])
def test_floats_are_changed_like_their_grey_values(change, dtype):
    faces = random_faces(3) // 128 * 255        # black and white, which every dtype can hold
    one, other = (change(x, np.random.default_rng(2)) for x in (faces, (faces / 255).astype(dtype)))
    assert np.abs(one - other).max() < 1e-6
    with pytest.raises(ValueError, match=r"must lie in \[0, 1\]"):
        change(np.full((1, 8, 8), np.nan), np.random.default_rng(2))


# Turned, scaled, sheared and moved

def plain_affine(picture, A, shift, gain, offset, hole, size):
    """The definition, pixel by pixel, of one picture."""
    H, W = picture.shape
    h, w = size
    out = np.zeros(size)
    for i in range(h):
        for j in range(w):
            place = A @ [i - (h - 1) / 2, j - (w - 1) / 2] + shift
            y = min(max((H - 1) / 2 + place[0], 0), H - 1)
            x = min(max((W - 1) / 2 + place[1], 0), W - 1)
            rows = np.maximum(0, 1 - np.abs(y - np.arange(H)))
            columns = np.maximum(0, 1 - np.abs(x - np.arange(W)))
            out[i, j] = rows @ picture @ columns
    out = np.clip(gain * out + offset, 0, 1)
    out[hole[0]:hole[1], hole[2]:hole[3]] = 0.5
    return out


@pytest.mark.parametrize("shape, size", [((8, 11), (5, 6)), ((1, 5), (3, 3)), ((6, 1), (7, 4))])
@pytest.mark.parametrize("kind", [np.uint8, np.float64])
def test_the_kernel_is_the_definition(shape, size, kind):
    rng = np.random.default_rng(1)
    pictures = random_faces(6, shape) if kind == np.uint8 else rng.random((6, *shape))
    maps, shifts = rng.standard_normal((6, 2, 2)), rng.uniform(-4, 4, (6, 2))
    gains, offsets = rng.uniform(0.5, 1.5, 6), rng.uniform(-0.3, 0.3, 6)
    if kind == np.uint8:
        gains /= 255
    holes = np.array([[0, 0, 0, 0], [1, 3, 0, 2], [0, size[0], 0, size[1]]] * 2)
    out = affine(pictures, maps, shifts, gains, offsets, holes, size, np.float64)
    for n in range(6):
        expected = plain_affine(pictures[n], maps[n], shifts[n], gains[n], offsets[n], holes[n],
                                size)
        assert np.abs(out[n, ..., 0] - expected).max() < 1e-12
    for wrong in (dict(maps=np.full((6, 2, 2), np.nan)), dict(shifts=np.zeros((7, 2))),
                  dict(holes=np.array([[0, size[0] + 1, 0, 1]] * 6))):    # would read outside
        given = dict(maps=maps, shifts=shifts, gains=gains, offsets=offsets, holes=holes) | wrong
        with pytest.raises(ValueError, match="holes"):
            affine(pictures, *given.values(), size, np.float64)


@pytest.mark.parametrize("change, rows, size, expected", [
    ({}, {}, None, lambda faces: faces),
    ({}, {}, (44, 44), lambda faces: faces[:, 2:46, 2:46]),             # about the centre
    (dict(horizontal_flip=1), {}, None, lambda faces: faces[:, :, ::-1]),
    (dict(rotation=90), {0: 1}, None, lambda faces: np.rot90(faces, -1, axes=(1, 2))),
])
def test_changes_that_move_whole_pixels(change, rows, size, expected):
    faces = random_faces(3)
    x = distort(faces, Augmentation(**change), Draws(rows), size)
    assert x.dtype == np.float32 and np.abs(x - to_input(expected(faces))).max() < 1e-6


def grey(faces, rows, **change):
    """Grey values of one face, changed by these draws."""
    return 255 * distort(faces, Augmentation(**change), Draws(rows), dtype=np.float64)[0, ..., 0]


def test_scale_and_shear_by_hand():
    """A scale of 1 is twice as far or near; a shear of 1/4, a row down for every fourth column."""
    ramp = np.broadcast_to(2 * np.arange(48, dtype=np.uint8), (1, 48, 48))
    far, near = (grey(ramp, {1: draw}, scale=1)[20] for draw in (1, 0))
    assert far[24] - far[23] == pytest.approx(4) and near[24] - near[23] == pytest.approx(1)
    down = grey(ramp.transpose(0, 2, 1), {2: 1}, shear=0.25)
    assert np.abs(np.diff(down[20:28], axis=1) - 0.5).max() < 1e-9
    assert np.abs(grey(ramp, {2: 1}, shear=0.25) - ramp[0]).max() < 1e-9


def test_half_of_the_faces_lose_a_rectangle():
    faces = np.zeros((2000, 16, 24), np.uint8)
    x = distort(faces, Augmentation(erase=0.5), np.random.default_rng(0))[..., 0] == 0.5
    assert abs(x.any(axis=(1, 2)).mean() - 0.5) < 0.05
    heights, widths = x.any(axis=2).sum(axis=1), x.any(axis=1).sum(axis=1)
    assert np.array_equal(heights * widths, x.sum(axis=(1, 2))), "each is one rectangle"
    erased = heights > 0
    assert heights[erased].min() == 2 and heights.max() in (7, 8)
    assert widths[erased].min() == 3 and widths.max() in (11, 12)
    corners = x[:, 0, 0].sum(), x[:, -1, -1].sum(), x[:, 0, -1].sum(), x[:, -1, 0].sum()
    assert min(corners) > 0, "every place is reached"


def test_threads_do_not_change_a_bit():
    faces, results = random_faces(33), []
    for threads in (1, 2):
        try:
            set_threads(threads)
        except ValueError:
            pytest.skip("this machine has a single core")
        results.append(distort(faces, CAMERA, np.random.default_rng(3)).tobytes())
    assert results[0] == results[1]


# As a poor camera has them

def photographed(faces, **change):
    """Faces as a poor camera has them, with nothing else changed."""
    return distort(faces, Augmentation(**change), np.random.default_rng(5), dtype=np.float64)


@pytest.mark.parametrize("size", [1, 16, 33])
def test_a_blur_is_what_pillow_makes_of_it(size):
    """To so many pixels and back; Pillow rounds to grey values twice on the way, we never do."""
    face = random_faces(1)[0]
    small = Image.fromarray(face).resize((size, size), Image.Resampling.BILINEAR)
    expected = np.asarray(small.resize((48, 48), Image.Resampling.BILINEAR), float)
    x = to_input(face[None], np.float64)
    camera(x, [1], [size], np.zeros((0, 48, 48)), [-1])
    assert np.abs(255 * x[0, ..., 0] - expected).max() < 2
    assert np.allclose(resampling(48, size).sum(axis=1), 1)


def test_tones_lie_within_their_range_evenly():
    x = photographed(np.full((4000, 4, 4), 128, np.uint8), gamma=0.6)[:, 0, 0, 0]
    exponents = np.log(np.log(x) / np.log(128 / 255))
    assert -0.6 <= exponents.min() < -0.59 and 0.59 < exponents.max() <= 0.6
    assert abs(exponents.mean()) < 0.03
    assert np.quantile(exponents, 0.75) == pytest.approx(0.3, abs=0.04)


def test_so_many_are_blurred_or_noisy():
    faces = random_faces(2000, (12, 12))
    plain = to_input(faces, np.float64)
    for change in ("blur", "noise"):
        differs = np.abs(photographed(faces, **{change: 0.3}) - plain).max(axis=(1, 2, 3)) > 1e-6
        assert abs(differs.mean() - 0.3) < 0.04
    deviations = photographed(np.full((2000, 12, 12), 128, np.uint8), noise=1.0).std(axis=(1, 2, 3))
    assert deviations.max() < 0.08 * 1.3 and abs(deviations.mean() - 0.04) < 0.003


# Blended

def test_mixing_blends_pictures_and_targets_alike():
    rng = np.random.default_rng(0)
    labels = rng.integers(5, size=20)
    targets = np.eye(5, dtype=np.float32)[labels]
    x = np.broadcast_to(labels[:, None, None, None], (20, 3, 3, 1)).astype(np.float32)
    seen = []
    for _ in range(200):
        mixed, blended = mix(x, targets, 0.5, rng)
        assert mixed.dtype == np.float32 and blended.dtype == np.float32
        # A picture's grey is its label here, so the targets' mean label must be the grey.
        assert np.abs(mixed[:, 0, 0, 0] - blended @ np.arange(5, dtype=np.float32)).max() < 1e-5
        assert np.abs(blended.sum(axis=1) - 1).max() < 1e-6
        seen.append(blended.max(axis=1).min())
    assert min(seen) < 0.6 and max(seen) > 0.95, "r takes all values"
    assert np.array_equal(x[:, 0, 0, 0], labels), "the batch given is left alone"
