"""Any picture, upright and with 8 bits; and one 48x48 face out of it, as the networks learnt them.

Pillow's readers are called here alone: whatever they raise or warn of ends here, as one sentence
that names the picture. A 48x48 picture of 8-bit grey passes unchanged, bit for bit, so what
`predict --crops 1` says of a file of the data set is what `evaluate` counts, which looks once, and
`evaluate --crops 18` counts what `predict` says, which averages 18 crops.
"""

import io
import os
import re
import warnings
from contextlib import contextmanager
from functools import cache
from pathlib import Path

import numpy as np
from PIL import Image, UnidentifiedImageError
from PIL.JpegImagePlugin import jpeg_factory

from tinyfer.core.checks import Notice, plain
from tinyfer.data.faces import SIZE

# What is read: no format that starts another program (EPS), or that holds something else (HDF5).
FORMATS = ("JPEG", "MPO", "PNG", "GIF", "BMP", "TIFF", "WEBP", "PPM", "AVIF", "JPEG2000")
ANIMATED = ("GIF", "WEBP", "PNG", "TIFF", "AVIF")       # an MPO holds other sizes of one picture
MOST_PIXELS = 89_000_000        # of a picture: four bytes each, twice, stay below 1 GB
MOST_BYTES = 500_000_000        # of its file
MOST_TEXT = 20_000_000          # of a PPM in decimal digits, which Pillow reads in Python
MOST_SCANS = 64                 # of a JPEG, each over all its pixels; a progressive one has some 10
MOST_SEGMENTS = 100_000         # of a JPEG
MOST_READS = 3_000_000          # of a file, by Pillow; of a header some formats read byte by byte
MOST_FRAMES = 100_000           # of an animation,
MOST_FILM = 100 * MOST_PIXELS   # and pixels of all its frames
FRAME_SECONDS = 0.1             # of a frame that does not say how long it lasts, as in browsers
DEPTHS = 8, 10, 12, 16          # bits of a grey value

ORIENTATION = 0x0112            # the EXIF tag
_T = Image.Transpose
TURNS = {2: _T.FLIP_LEFT_RIGHT, 3: _T.ROTATE_180, 4: _T.FLIP_TOP_BOTTOM, 5: _T.TRANSPOSE,
         6: _T.ROTATE_270, 7: _T.TRANSVERSE, 8: _T.ROTATE_90}
MARKER = re.compile(rb"\xff+([^\x00\xff\xd0-\xd7])")    # of a JPEG, but those within a scan


def open_image(picture):
    """A picture as a Pillow image: read whole, upright, with 8 bits; mode L, RGB or, where parts of
    it are transparent, RGBA.

    picture: a path, an open file or the bytes of one, in one of FORMATS; a Pillow image; or an
    array (H, W), (H, W, 1), (H, W, 3) or (H, W, 4) of uint8, uint16 or floats in [0, 1]. Of
    integers beyond 8 bits, the smallest depth of 8, 10, 12 and 16 bits that holds the largest value
    is taken to be theirs. A JPEG beyond MOST_PIXELS is decoded at a half, a quarter or an eighth of
    its size; of an animation the first frame is read. Both, and 10 or 12 bits, are told by a
    `Notice`. FileNotFoundError where there is no such file; ValueError where it cannot be read, or
    the array has another shape, type or range; TypeError for anything else.
    """
    name, notes = _name(picture), []
    if isinstance(picture, np.ndarray):
        picture = _image_of(picture, notes)
    with _guard(name):
        image = _normal(_decoded(picture, notes), notes)
    for note in notes:
        warnings.warn(f"{name} {note}", Notice, stacklevel=2)
    return image


def frames(picture):
    """The frames of an animated GIF, WebP or PNG, or the pages of a TIFF (a path, an open file or
    its bytes), as an iterator of (seconds from the start, Pillow image as of `open_image`); of any
    other picture its only one. ValueError also in their midst, and where they are too many."""
    name, seconds, pixels = _name(picture), 0.0, 0
    with _guard(name):
        image = _decoded(picture, [], first=False)
    if image.format not in ANIMATED:
        yield seconds, open_image(image)
        return
    for number in range(MOST_FRAMES):
        with _guard(name):
            try:
                image.seek(number)
            except EOFError:
                return
            _check_size(image)
            pixels += image.width * image.height
            if pixels > MOST_FILM:
                break
            frame = _normal(image.copy(), [])
            lasts = image.info.get("duration") or 1000 * FRAME_SECONDS
        yield seconds, frame
        seconds += lasts / 1000
    raise ValueError(f"{name} has too many frames; expected at most {MOST_FRAMES:,}, and of "
                     f"{MOST_FILM:,} pixels in all")


def is_picture_name(name):
    """Whether a file name ends as that of a picture, and is not that of a hidden file."""
    kind = Image.registered_extensions().get(os.path.splitext(name)[1].lower())
    return kind in FORMATS and name[0] != "."


def grey_of(picture):
    """A picture, as for `open_image`, in grey: a Pillow image of mode L, transparent parts on
    white. Grey is 0.299 R + 0.587 G + 0.114 B (ITU-R 601)."""
    return _on_white(open_image(picture), "L")


def colour_of(picture):
    """A picture, as for `open_image`, in RGB: transparent parts on white."""
    return _on_white(open_image(picture), "RGB")


def face_of(picture, box=None):
    """The face in a picture, as for `open_image`: (48, 48) uint8, 0 black to 255 white.

    It is cut to a square, converted to grey as by `grey_of`, and scaled to 48x48, each pixel a
    weighted mean over the area it stands for (bilinear). box: (x, y, w, h) of the face in pixels of
    the upright picture; the whole picture where None. The square has the longer side of the box and
    shares its middle; it is moved inside where it would stick out, and as large as fits where it is
    too large. ValueError where the box does not lie in the picture.
    """
    image = open_image(picture)
    place = square(image.size, box)
    if place != (0, 0, *image.size):
        image = image.crop(place)
    return np.asarray(_on_white(image, "L").resize((SIZE, SIZE), Image.Resampling.BILINEAR))


def square(size, box):
    """(left, top, right, bottom) of the square about a box (x, y, w, h) in a picture of `size`,
    (width, height); see `face_of`."""
    width, height = size
    x, y, w, h = plain("box", box or (0, 0, width, height), "iu", (4,)).tolist()
    if x < 0 or y < 0 or w < 1 or h < 1 or x + w > width or y + h > height:
        raise ValueError(f"the box x={x}, y={y}, w={w}, h={h} does not lie in the picture of "
                         f"{width}x{height} pixels")
    side = min(max(w, h), width, height)
    left = min(max(x + (w - side) // 2, 0), width - side)
    top = min(max(y + (h - side) // 2, 0), height - side)
    return left, top, left + side, top + side


def _on_white(image, mode):
    flat = image.convert(mode)
    if image.mode != "RGBA":
        return flat
    return Image.composite(flat, Image.new(mode, image.size, "white"), image.getchannel("A"))


# Behind the guard

def _name(picture):
    if isinstance(picture, (str, os.PathLike)):
        return str(picture) or "''"
    if hasattr(picture, "read") or isinstance(picture, (Image.Image, np.ndarray, bytes, bytearray)):
        name = getattr(picture, "name", None) or getattr(picture, "filename", None)
        return name if isinstance(name, str) else "the picture"
    raise TypeError("a picture is a path, an open file, its bytes, a Pillow image or an array, not "
                    f"{type(picture).__name__:.40}")


@contextmanager
def _guard(name):
    """Whatever goes wrong within becomes one sentence, and Pillow's own warnings go unheard."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    except FileNotFoundError:
        raise FileNotFoundError(f"there is no file {name}") from None
    except UnidentifiedImageError:
        advice = "; save it as JPEG" if name.lower().endswith((".heic", ".heif")) else ""
        raise ValueError(f"{name} cannot be read as a picture: it is in no format that is read "
                         f"here{advice}") from None
    except Exception as error:  # Pillow meets a damaged file with almost any exception
        said = getattr(error, "strerror", None) or str(error)
        reason = " ".join(said.split())[:100] or type(error).__name__
        raise ValueError(f"{name} cannot be read as a picture: {reason}") from None


def _decoded(picture, notes, first=True):
    """A Pillow image with its pixels in memory: of an animation the first, or (first=False) all."""
    if isinstance(picture, Image.Image):
        picture.load()
        return picture
    content = _content(picture)
    jpeg = content[:2] == b"\xff\xd8"
    scans = _scans(content) if jpeg else []
    # Opened by name, some TIFFs are turned wrongly by Pillow.
    image = _jpeg(content) if jpeg else Image.open(_Bounded(content), formats=_formats())
    one_pass = scans == [len(image.getbands())] and not image.info.get("progressive")
    size, factor = image.size, 1
    while one_pass and factor < 8 and image.width * image.height > MOST_PIXELS * factor ** 2:
        factor *= 2
    if factor > 1:
        image.draft(None, (image.width // factor, image.height // factor))
        notes.append(f"has {size[0]}x{size[1]} pixels and is read as {image.width}x{image.height}, "
                     "in which boxes count")
    _check_size(image)
    image.load()
    if first and image.format in ANIMATED and getattr(image, "is_animated", False):
        notes.append("has several frames, of which the first is read")
        image = image.copy()
    return image


def _check_size(image):
    """Before anything is decoded: what a header says costs nothing, what it asks for does."""
    if image.width * image.height > MOST_PIXELS:
        raise ValueError(f"it has {image.width}x{image.height} pixels; at most {MOST_PIXELS:,} are "
                         "read: make it smaller first")


def _content(picture):
    """The bytes of a path, an open file, or bytes."""
    if isinstance(picture, (bytes, bytearray)):
        content = bytes(picture)
    elif hasattr(picture, "read"):
        content = picture.read(MOST_BYTES + 1)
    else:
        path = Path(picture)
        if path.exists() and not path.is_file():        # a pipe would be waited for without end
            raise ValueError("it is a folder" if path.is_dir() else
                             "it is no regular file (predict reads standard input as -)")
        with open(path, "rb") as file:
            content = file.read(MOST_BYTES + 1)
    if not isinstance(content, bytes):
        raise ValueError(f"it gives {type(content).__name__:.40}; expected bytes")
    most = MOST_TEXT if content[:2] in (b"P1", b"P2", b"P3") else MOST_BYTES
    if len(content) > most:
        raise ValueError(f"it has more than {most:,} bytes")
    return content


class _Bounded(io.BytesIO):
    """Bytes as an open file, for as many reads as a picture may need."""

    reads = 0

    def read(self, size=-1):
        self.reads += 1
        if self.reads > MOST_READS:
            raise ValueError(f"it takes more than {MOST_READS:,} reads")
        return super().read(size)


@cache
def _formats():
    """FORMATS, without those that this Pillow was built without."""
    Image.init()
    return tuple(name for name in FORMATS if name in Image.OPEN)


def _jpeg(content):
    """As by Image.open, which gives up beyond twice a bound of its own, before a JPEG can be asked
    for less."""
    try:
        return jpeg_factory(_Bounded(content))
    except Exception:               # a broken field of its EXIF data may be all that is wrong
        return jpeg_factory(_Bounded(content.replace(b"Exif\0\0", b"none\0\0", 1)))


def _scans(content):
    """The number of components in each scan of a JPEG. ValueError where there are too many."""
    place, scans = 0, []
    for _ in range(MOST_SEGMENTS):
        marker = MARKER.search(content, place)
        if marker is None or marker[1] == b"\xd9":
            return scans
        place = marker.end()
        if marker[1] == b"\xda":
            scans += content[place + 2:place + 3]
            if len(scans) > MOST_SCANS:
                raise ValueError(f"it has more than {MOST_SCANS} scans")
        if marker[1] != b"\xd8":
            place += int.from_bytes(content[place:place + 2], "big")
    raise ValueError(f"it has more than {MOST_SEGMENTS:,} segments")


def _image_of(array, notes):
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
    if array.dtype == np.uint16:
        array = _eight_bits(array, notes)
    if array.dtype != np.uint8:
        raise ValueError(f"a picture is uint8, uint16 or floats in [0, 1], not {array.dtype}")
    return Image.fromarray(array)


def _normal(image, notes):
    """A Pillow image of any mode as `open_image` gives it."""
    orientation = _orientation(image)
    if image.mode == "F":
        raise ValueError("floating-point values have no fixed range; save it with 8 or 16 bits")
    if image.mode[0] == "I":
        image = Image.fromarray(_eight_bits(np.asarray(image), notes))
    elif "transparency" in image.info or image.mode in ("LA", "La", "PA", "RGBa"):
        image = image.convert("RGBA")
    elif image.mode not in ("L", "RGB", "RGBA"):
        image = image.convert("L" if image.mode == "1" else "RGB")
    if orientation in TURNS:
        image = image.transpose(TURNS[orientation])
        image.info = {}             # which says no longer what is true
    return image


def _orientation(image):
    """The EXIF orientation of an image; 1 where its EXIF data cannot be read."""
    try:
        return image.getexif().get(ORIENTATION, 1)
    except Exception:               # no reason not to show the picture
        return 1


def _eight_bits(values, notes):
    """Integers as uint8, by the smallest of DEPTHS that holds the largest of them."""
    least, most = int(values.min()), int(values.max())
    if least < 0 or most >= 1 << DEPTHS[-1]:
        raise ValueError(f"its values reach from {least:,} to {most:,}; expected 0 to 65,535")
    bits = next(bits for bits in DEPTHS if most < 1 << bits)
    if bits in (10, 12):
        notes.append(f"has values up to {most:,} and is read as one of {bits} bits")
    return np.right_shift(values, bits - 8, out=np.empty(values.shape, np.uint8), casting="unsafe")
