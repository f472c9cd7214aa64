"""Scaling, shifting and mirroring: against plain definitions, at the edges, in distribution."""

import numpy as np
import pytest

from tinyfer.core.inference import to_input
from tinyfer.data.augment import SHIFT, augment

HALF = 0.5  # the draw that means no shift, and no mirroring


class Draws(np.random.Generator):
    """A Generator that draws what it is told: (3, N) numbers in [0, 1)."""

    def __init__(self, y=HALF, x=HALF, mirror=HALF):
        super().__init__(np.random.PCG64())
        self.values = y, x, mirror

    def random(self, shape):
        assert shape[0] == 3
        return np.stack([np.broadcast_to(value, shape[1]) for value in self.values]).astype(float)


def draw_for(pixels, size=48):
    return 0.5 + pixels / (2 * SHIFT * size)


def random_faces(n, shape=(48, 48), seed=0):
    return np.random.default_rng(seed).integers(0, 256, (n, *shape), dtype=np.uint8)


# to_input


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_grey_values_are_divided_by_255(dtype):
    faces = np.arange(256, dtype=np.uint8).reshape(1, 16, 16)
    x = to_input(faces, dtype)
    assert x.shape == (1, 16, 16, 1) and x.dtype == dtype
    assert np.array_equal(x.ravel(), np.arange(256, dtype=dtype) / dtype(255))
    assert x.min() == 0 and x.max() == 1


def test_floats_pass_as_they_are():
    faces = np.random.default_rng(0).random((3, 48, 48))
    assert np.array_equal(to_input(faces, np.float64)[..., 0], faces)
    assert np.array_equal(to_input(faces)[..., 0], faces.astype(np.float32))
    assert to_input(faces).dtype == np.float32


def test_a_channel_axis_changes_nothing():
    faces = random_faces(2)
    assert np.array_equal(to_input(faces[..., None]), to_input(faces))
    assert to_input(faces[:0]).shape == (0, 48, 48, 1)


@pytest.mark.parametrize("faces, message", [
    (np.full((1, 4, 4), 1.5), r"must lie in \[0, 1\], but these reach from 1.5 to 1.5; .*uint8"),
    (np.full((1, 4, 4), -0.1), r"must lie in \[0, 1\]"),
    (np.full((1, 4, 4), np.nan), r"must lie in \[0, 1\]"),
    (np.zeros((1, 4, 4), dtype=int), r"must be uint8 or floats in \[0, 1\], not int64"),
    (np.zeros((4, 4), np.uint8), r"shape \(N, H, W\) or \(N, H, W, 1\), not \(4, 4\)"),
    (np.zeros((1, 4, 4, 3), np.uint8), r"not \(1, 4, 4, 3\)"),
])
@pytest.mark.parametrize("function", [to_input, lambda faces: augment(faces, Draws())])
def test_other_inputs_are_refused(function, faces, message):
    with pytest.raises(ValueError, match=message):
        function(faces)


# augment


def test_no_shift_and_no_mirroring_is_plain_scaling():
    faces = random_faces(5)
    assert np.array_equal(augment(faces, Draws()), to_input(faces))


@pytest.mark.parametrize("dy, dx", [(3, 0), (0, -4), (-2, 1), (4, 4)])
def test_a_whole_shift_moves_pixels_and_repeats_the_border(dy, dx):
    faces = random_faces(4)
    padded = np.pad(faces, ((0, 0), (4, 4), (4, 4)), mode="edge")
    moved = np.roll(padded, (dy, dx), axis=(1, 2))[:, 4:-4, 4:-4]
    out = augment(faces, Draws(draw_for(dy), draw_for(dx)), np.float64)
    assert np.abs(out - to_input(moved, np.float64)).max() < 1e-12


def plain_shift(image, dy, dx):
    """The definition, pixel by pixel: out[i, j] = image(i - dy, j - dx), bilinear, border kept."""
    height, width = image.shape
    out = np.zeros((height, width))
    for i in range(height):
        for j in range(width):
            y, x = i - dy, j - dx
            top, left = int(np.floor(y)), int(np.floor(x))
            for row in (top, top + 1):
                for column in (left, left + 1):
                    weight = (1 - abs(y - row)) * (1 - abs(x - column))
                    inside = min(max(row, 0), height - 1), min(max(column, 0), width - 1)
                    out[i, j] += weight * image[inside]
    return out


@pytest.mark.parametrize("shape", [(48, 48), (11, 23), (30, 7)])
def test_any_shift_is_the_bilinear_definition(shape):
    rng = np.random.default_rng(1)
    faces, (u, v) = random_faces(6, shape), rng.random((2, 6))
    u[:2], v[1:3] = (0, 1 - 1e-12), (0, 1 - 1e-12)  # the largest shifts too
    out = augment(faces, Draws(u, v), np.float64)
    for n in range(6):
        dy, dx = SHIFT * shape[0] * (2 * u[n] - 1), SHIFT * shape[1] * (2 * v[n] - 1)
        assert np.abs(out[n, ..., 0] - plain_shift(faces[n] / 255, dy, dx)).max() < 1e-12


def test_mirroring_comes_after_the_shift():
    faces = random_faces(4)
    plain = augment(faces, Draws(0.2, 0.9))
    mirrored = augment(faces, Draws(0.2, 0.9, mirror=[0, 0.49, 0.5, 0.9]))
    assert np.array_equal(mirrored[:2], plain[:2, :, ::-1])
    assert np.array_equal(mirrored[2:], plain[2:])


def test_same_generator_same_result_and_three_draws_an_image():
    faces = random_faces(7)
    before = faces.copy()
    first, second = np.random.default_rng(5), np.random.default_rng(5)
    assert np.array_equal(augment(faces, first), augment(faces, second))
    assert np.array_equal(faces, before), "the stored faces are left alone"
    reference = np.random.default_rng(5)
    reference.random(21)
    assert first.bit_generator.state == reference.bit_generator.state


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_values_stay_in_0_to_1(dtype):
    # Nothing but black and white: the hardest for a rounding interpolation.
    faces = 255 * np.random.default_rng(0).integers(0, 2, (256, 48, 48), dtype=np.uint8)
    out = augment(faces, np.random.default_rng(1), dtype)
    assert out.dtype == dtype and out.shape == (256, 48, 48, 1)
    assert out.min() >= 0 and out.max() <= 1


def test_shifts_are_uniform_and_half_are_mirrored():
    # On a ramp along y (or x) the middle pixel tells the shift; left of right tells the mirroring.
    n = 4000
    ramp = np.broadcast_to(np.arange(48, dtype=np.uint8), (n, 48, 48))
    across = augment(ramp, np.random.default_rng(0), np.float64)[..., 0] * 255
    mirrored = across[:, 24, 10] > across[:, 24, 37]
    dx = 24 - np.where(mirrored, across[:, 24, 23], across[:, 24, 24])
    down = augment(ramp.transpose(0, 2, 1), np.random.default_rng(0), np.float64)[..., 0] * 255
    dy = 24 - down[:, 24, 24]
    for shift in (dx, dy):
        assert np.abs(shift).max() <= 4.8
        quarters = np.histogram(shift, bins=4, range=(-4.8, 4.8))[0]
        assert np.abs(quarters - n / 4).max() < 5 * np.sqrt(n * 3 / 16)
    assert abs(mirrored.mean() - 0.5) < 0.04
    assert np.abs(np.corrcoef([dx, dy, mirrored]) - np.eye(3)).max() < 0.08


def test_floats_are_augmented_like_their_grey_values():
    faces = random_faces(3)
    from_floats = augment(to_input(faces), np.random.default_rng(2))
    assert np.array_equal(from_floats, augment(faces, np.random.default_rng(2)))
