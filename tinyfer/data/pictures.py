"""Any picture -> grey, upright; and one 48x48 face out of it, as the networks were trained on.

From there on a picture goes the way of every FER-2013 image: `model.predict_proba`, which scales by
`to_input` (inputs.py). A 48x48 picture of 8-bit grey passes through here unchanged, bit for bit, so
what is predicted for a file of the data set is what evaluation predicts for it.
"""

import os
import warnings
from contextlib import nullcontext

import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError

from tinyfer.data.faces import SIZE

ORIENTATION = 0x0112            # the EXIF tag
WITH_ALPHA = ("LA", "La", "PA", "RGBA", "RGBa")
SIXTEEN_BIT = ("I", "I;16", "I;16L", "I;16B", "I;16N")
MOST_PIXELS = 89_000_000        # of a picture: four bytes each, twice, stay below 1 GB
MOST_BYTES = 500_000_000        # of its file


def read_face(path, box=None):
    """The face in a picture file: (48, 48) uint8. See `face_of` for box and what is done.

    FileNotFoundError where there is no such file; ValueError, naming it, where it is no picture
    that Pillow can read, or where the box does not lie in it.
    """
    images = [open_image(path)]
    try:
        return face_of(images.pop(), box)       # so that nobody else holds on to a large one
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from None


def open_image(picture):
    """A picture as a Pillow image, read whole: a path or an open file, a Pillow image, or an array.

    array: (H, W), (H, W, 1), (H, W, 3) or (H, W, 4), uint8 or floats in [0, 1]; RGB(A).
    FileNotFoundError where there is no such file; ValueError where it is no picture that Pillow can
    read, or the array has another shape, type or range; TypeError for anything else.
    """
    if isinstance(picture, Image.Image):
        return picture
    if isinstance(picture, np.ndarray):
        return _image_of(picture)
    if not isinstance(picture, (str, os.PathLike)) and not hasattr(picture, "read"):
        raise TypeError(f"a picture is a path, a Pillow image or an array, not {picture!r:.60}")
    name = getattr(picture, "name", "the picture") if hasattr(picture, "read") else picture
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)
            # Pillow turns some uncompressed TIFFs wrongly that it opens by name.
            with _opened(picture) as file, Image.open(file) as image:
                _check_size(image)
                image.load()
    except FileNotFoundError:
        raise FileNotFoundError(f"there is no file {name}") from None
    except UnidentifiedImageError:
        advice = "; save it as JPEG" if str(name).lower().endswith((".heic", ".heif")) else ""
        raise ValueError(f"{name} cannot be read as a picture: Pillow knows no such format{advice}"
                         ) from None
    except Exception as error:  # Pillow meets a damaged file with almost any exception
        reason = " ".join(str(error).split())[:80] or type(error).__name__
        raise ValueError(f"{name} cannot be read as a picture: {reason}") from None
    return image


def _opened(picture):
    return nullcontext(picture) if hasattr(picture, "read") else open(picture, "rb")


def _check_size(image):
    """Before anything is decoded: what a header says costs nothing, what it asks for does."""
    if image.width * image.height > MOST_PIXELS:
        raise ValueError(f"it has {image.width}x{image.height} pixels; at most {MOST_PIXELS:,}")
    size = image.fp.seek(0, os.SEEK_END) if image.fp else 0
    if size > MOST_BYTES:
        raise ValueError(f"it has {size:,} bytes; at most {MOST_BYTES:,}")


def _image_of(array):
    if array.ndim == 3 and array.shape[2] == 1:
        array = array[..., 0]
    if 0 in array.shape or array.ndim not in (2, 3) or array.shape[2:] not in ((), (3,), (4,)):
        raise ValueError(f"a picture has the shape (H, W), (H, W, 3) or (H, W, 4), "
                         f"not {array.shape}")
    if np.issubdtype(array.dtype, np.floating):
        if not (array.min() >= 0 and array.max() <= 1):
            raise ValueError(f"a picture of floats lies in [0, 1]; this one reaches from "
                             f"{array.min():g} to {array.max():g}")
        array = np.rint(255 * array).astype(np.uint8)
    if array.dtype != np.uint8:
        raise ValueError(f"a picture is uint8 or floats in [0, 1], not {array.dtype}")
    return Image.fromarray(array)


def grey_of(image):
    """A Pillow image of any mode as grey: upright as its EXIF orientation says, transparent parts
    laid on white; mode L. ValueError for a mode without a fixed range of values."""
    return _grey(_upright(image))


def colour_of(image):
    """A Pillow image of any mode in RGB: otherwise as `grey_of`."""
    image = _upright(image)
    if image.mode in WITH_ALPHA or "transparency" in image.info:
        white = Image.new("RGBA", image.size, "white")
        image = Image.alpha_composite(white, image.convert("RGBA"))
    return (_grey(image) if image.mode in SIXTEEN_BIT else image).convert("RGB")


def is_picture(file):
    """Whether a path is a file whose name says that Pillow can read it, and that is not hidden."""
    kind = Image.registered_extensions().get(file.suffix.lower())
    return kind in Image.OPEN and file.name[0] != "." and file.is_file()


def face_of(image, box=None):
    """The face in a Pillow image, of any mode and size: (48, 48) uint8, 0 black to 255 white.

    In this order: turned upright as its EXIF orientation says; transparent parts laid on white;
    cut to a square; converted to grey (ITU-R 601: 0.299 R + 0.587 G + 0.114 B); scaled to 48x48,
    each pixel a weighted mean over the area it stands for (bilinear).

    box: (x, y, w, h) of the face in pixels of the upright image, from its top left corner; the
    whole image where None. The square has the longer side of the box and shares its middle; it is
    moved inside where it would stick out, and as large as fits where it is too large. For a whole
    image this is the largest centred square.

    Raises ValueError where the box does not lie in the image, or for a mode without a fixed range
    of values (floating point).
    """
    image = _upright(image)
    place = square(image.size, box)
    if place != (0, 0, *image.size):
        image = image.crop(place)
    return np.asarray(_grey(image).resize((SIZE, SIZE), Image.Resampling.BILINEAR))


def square(size, box):
    """(left, top, right, bottom) of the square about a box (x, y, w, h) in a picture of `size`,
    (width, height); see `face_of`."""
    width, height = size
    x, y, w, h = box or (0, 0, width, height)
    if x < 0 or y < 0 or w < 1 or h < 1 or x + w > width or y + h > height:
        raise ValueError(f"the box x={x}, y={y}, w={w}, h={h} does not lie in the picture of "
                         f"{width}x{height} pixels")
    side = min(max(w, h), width, height)
    left = min(max(x + (w - side) // 2, 0), width - side)
    top = min(max(y + (h - side) // 2, 0), height - side)
    return left, top, left + side, top + side


def _upright(image):
    """The image itself where it needs no turn: a copy of a large one is dear."""
    turned = image.getexif().get(ORIENTATION, 1) != 1
    return ImageOps.exif_transpose(image) if turned else image


def _grey(image):
    """Mode L; transparent parts on white."""
    if image.mode in SIXTEEN_BIT:
        values = np.array(image)
        values >>= 8                            # in place, as below: it may be large
        return Image.fromarray(np.clip(values, 0, 255, out=values).astype(np.uint8))
    if image.mode in WITH_ALPHA or "transparency" in image.info:
        image = image if image.mode == "RGBA" else image.convert("RGBA")
        white = Image.new("L", image.size, 255)
        return Image.composite(image.convert("L"), white, image.getchannel("A"))
    if image.mode == "F":
        raise ValueError("a picture of floating-point values has no fixed range; "
                         "save it with 8 or 16 bits")
    return image.convert("L")
