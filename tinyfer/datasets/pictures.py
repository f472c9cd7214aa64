"""Any picture -> one 48x48 grey face, as the networks were trained on.

From there on a picture goes the way of every FER-2013 image: `model.predict_proba`, which scales by
`to_input` (inputs.py). A 48x48 picture of 8-bit grey passes through here unchanged, bit for bit, so
what is predicted for a file of the data set is what evaluation predicts for it.
"""

import numpy as np
from PIL import Image, ImageOps

from tinyfer.datasets.faces import SIZE

WITH_ALPHA = ("LA", "La", "PA", "RGBA", "RGBa")
SIXTEEN_BIT = ("I", "I;16", "I;16L", "I;16B", "I;16N")


def read_face(path, box=None):
    """The face in a picture file: (48, 48) uint8. See `face_of` for box and what is done.

    FileNotFoundError where there is no such file; ValueError, naming it, where it is no picture
    that Pillow can read, or where the box does not lie in it.
    """
    try:
        with Image.open(path) as image:
            image.load()
    except FileNotFoundError:
        raise FileNotFoundError(f"there is no file {path}") from None
    except Exception as error:  # Pillow meets a damaged file with almost any exception
        raise ValueError(f"{path} cannot be read as a picture: {error}") from None
    try:
        return face_of(image, box)
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from None


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
    image = ImageOps.exif_transpose(image)
    image = _opaque(image).crop(_square(image.size, box))
    return np.asarray(_grey(image).resize((SIZE, SIZE), Image.Resampling.BILINEAR))


def _square(size, box):
    """(left, top, right, bottom) of the square about the box."""
    width, height = size
    x, y, w, h = box or (0, 0, width, height)
    if x < 0 or y < 0 or w < 1 or h < 1 or x + w > width or y + h > height:
        raise ValueError(f"the box x={x}, y={y}, w={w}, h={h} does not lie in the picture of "
                         f"{width}x{height} pixels")
    side = min(max(w, h), width, height)
    left = min(max(x + (w - side) // 2, 0), width - side)
    top = min(max(y + (h - side) // 2, 0), height - side)
    return left, top, left + side, top + side


def _opaque(image):
    if image.mode not in WITH_ALPHA and "transparency" not in image.info:
        return image
    image = image.convert("RGBA")
    return Image.alpha_composite(Image.new("RGBA", image.size, "white"), image).convert("RGB")


def _grey(image):
    if image.mode in SIXTEEN_BIT:
        values = np.asarray(image, dtype=np.int64)
        return Image.fromarray(np.clip(values // 256, 0, 255).astype(np.uint8))
    if image.mode == "F":
        raise ValueError("a picture of floating-point values has no fixed range; "
                         "save it with 8 or 16 bits")
    return image.convert("L")
