"""From stored faces to the network's input: plain scaling; random shifts and flips in training.

`to_input` is the one preprocessing that everything shares (validation, test, prediction, saliency);
`augment` is the same scaling after a random shift and flip, for training images only.
Why this makes a network generalise: docs/10-generalising.md.
"""

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

SHIFT = 0.1  # of the image's height and width, in either direction


def to_input(faces, dtype=np.float32):
    """Faces as the network reads them: values in [0, 1], channels last.

    faces: (N, H, W) or (N, H, W, 1), uint8 grey values (0 black, 255 white), or floats already
    in [0, 1]. Returns (N, H, W, 1) of `dtype`: uint8 divided by 255, floats unchanged (and then
    not copied if they are of `dtype` already). Raises ValueError for another shape, type or range.
    """
    faces = _images(faces)
    if faces.dtype == np.uint8:
        x = faces.astype(dtype)
        x /= 255
    elif np.issubdtype(faces.dtype, np.floating):
        # Written so that a NaN fails it too.
        if faces.size and not (faces.min() >= 0 and faces.max() <= 1):
            raise ValueError(
                f"faces of type {faces.dtype} must lie in [0, 1], but these reach from "
                f"{faces.min():g} to {faces.max():g}; grey values 0 to 255 are passed as uint8"
            )
        x = faces.astype(dtype, copy=False)
    else:
        raise ValueError(f"faces must be uint8 or floats in [0, 1], not {faces.dtype}")
    return x[..., None]


def augment(faces, rng, dtype=np.float32):
    """Each face shifted at random, mirrored with probability 1/2, and scaled to [0, 1].

    faces: as for `to_input`. Returns (N, H, W, 1) of `dtype`, in [0, 1]; `faces` is left unchanged.

    Per image, shifts s_y ~ U(-H/10, H/10) and s_x ~ U(-W/10, W/10) pixels, then

        out[i, j] = in(i - s_y, j - s_x)

    read by bilinear interpolation, positions outside the image taking the nearest border pixel
    (what Keras' `width_shift_range`, `height_shift_range` and `fill_mode="nearest"` do).
    Exactly 3 N numbers are drawn from `rng`, whatever the faces.
    """
    faces = _images(faces)
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


def _images(faces):
    faces = np.asarray(faces)
    if faces.ndim == 4 and faces.shape[3] == 1:
        faces = faces[..., 0]
    if faces.ndim != 3:
        raise ValueError(
            f"faces must have the shape (N, H, W) or (N, H, W, 1), not {faces.shape}"
        )
    return faces


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
