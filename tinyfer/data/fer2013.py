"""FER-2013 (Goodfellow et al. 2013), in whichever of its forms one has it.

Kaggle's archive.zip as downloaded (read in memory, never unpacked), its extracted folder, or one of
the two csv files. The photographs belong to third parties and are not part of this package.
"""

import io
import os
from pathlib import Path, PurePosixPath

import numpy as np
from PIL import Image

from tinyfer.core.arrays import brief
from tinyfer.data import cache as decoded
from tinyfer.data.faces import EMOTIONS, SIZE, USAGES, Faces
from tinyfer.data.fer2013_csv import MOST_IMAGES, read_csv
from tinyfer.data.folders import is_class_folder, is_train_and_test, load_to_train
from tinyfer.storage.files import open_member, open_zip, read_bounded

HOW_TO_GET = """\
FER-2013 can be had from https://www.kaggle.com/datasets/msambare/fer2013, in one line:
    curl -L --create-dirs -o data/archive.zip \
https://www.kaggle.com/api/v1/datasets/download/msambare/fer2013
and is read as archive.zip, as its extracted folder
    train/<class>/*.jpg  test/<class>/*.jpg  (""" + ", ".join(EMOTIONS) + """)
or as fer2013.csv or icml_face_data.csv."""

ZIP_NAMES = ("archive.zip", "fer2013.zip")  # from the web page and from Kaggle's own client
CSV_NAMES = ("fer2013.csv", "icml_face_data.csv")
FOLDERS = ("train", "test")
WHERE = "https://www.kaggle.com/datasets/msambare/fer2013"
MOST_FILE = 1_000_000           # bytes of an image file, of which real ones have 2,000
MOST_TABLE = 1_000_000_000      # bytes of a csv in a zip; it is read line by line


def find_data(path=None):
    """Where FER-2013 is: `path`, else the TINYFER_DATA variable, else ./data if it holds some form
    of it, else None. Raises FileNotFoundError where one was named but does not exist, and
    ValueError for the empty path."""
    if path is not None and not str(path):
        raise ValueError("the path of the data is empty; expected that of FER-2013: archive.zip, "
                         "its folder or the csv")
    for named, origin in ((path, ""), (os.environ.get("TINYFER_DATA"), " (from TINYFER_DATA)")):
        if named:
            if not Path(named).exists():
                raise FileNotFoundError(f"{named}{origin} does not exist; FER-2013 can be had from "
                                        f"{WHERE}")
            return Path(named)
    data = Path("data")
    return data if data.is_dir() and _form_of_folder(data) else None


def load_fer2013(path, cache=True, progress=None, seed=0, find=None):
    """FER-2013 as Faces, labels in alphabetical order of the class names.

    path: archive.zip; a csv; a folder holding train/ and test/, or one of those files; or the
    folder above such a folder. The zip and its extracted folder give the same faces in the same
    order: Training, PublicTest, PrivateTest, then by class, then by file name. A csv keeps the
    order of its rows.
    cache: keep the decoded pixels beside the data or, where that is read-only, in the user's cache
    folder; an unchanged source then loads in well under a second.
    progress: called now and then as progress(images_read, images_in_all) while decoding.

    A folder with file names of its own is not FER-2013, but one's own pictures, of the classes that
    its folders name. seed and find are for it alone: see `load_to_train` in folders.py.

    Raises FileNotFoundError where path does not exist, and ValueError, naming the file and what
    was expected, where what is there is not the whole of FER-2013.
    """
    path = Path(path)
    if not path.exists():
        raise FileNotFoundError(f"{path} does not exist; FER-2013 can be had from {WHERE}")
    source = path
    if path.is_dir():
        own = own_pictures(path)
        if own is not None:
            return load_to_train(own, seed, find)
        source = _form_of_folder(path)
        if source is None:
            raise _unrecognised(path)
    elif not path.is_file():
        raise ValueError(f"{path} is neither a file nor a folder")
    key = decoded.fingerprint(source) if cache else None
    arrays = decoded.read(source, key) if cache else None
    if arrays is None:
        arrays = _read(source, progress)
        if cache:
            decoded.write(source, key, arrays)
    faces, labels, usage = arrays
    data = Faces(faces, labels, usage, EMOTIONS, "FER-2013")
    if 0 in data.counts():
        empty = EMOTIONS[int(np.argmin(data.counts()))]
        raise ValueError(f"{source} holds no image of the class {empty}")
    return data


def _unrecognised(place):
    return ValueError(f"{place} holds no FER-2013 that tinyfer recognises: expected train/ and "
                      "test/ with the class folders, archive.zip or fer2013.csv; or a folder of "
                      "pictures for each of two classes or more")


def own_pictures(path):
    """The folder with one's own pictures that `path` is, or that lies just below it; or None."""
    if path is None or not Path(path).is_dir():
        return None
    place = _form_of_folder(Path(path))
    if place is None:
        return Path(path) if is_class_folder(path, 2) else None
    return place if place.is_dir() and is_train_and_test(place) else None


def _form_of_folder(folder):
    """The folder of train/ and test/, the zip or the csv in `folder` or just below it, or None."""
    below = sorted(entry for entry in folder.iterdir()
                   if entry.is_dir() and os.access(entry, os.R_OK | os.X_OK))
    for place in (folder, *below):
        names = {entry.name.lower(): entry for entry in place.iterdir()}
        if any(name in names and names[name].is_dir() for name in FOLDERS):
            return place
        for name in (*ZIP_NAMES, *CSV_NAMES):
            if name in names and names[name].is_file():
                return names[name]
    return None


def _read(source, progress):
    if source.is_dir():
        names = _walk(source)
        return _read_images(source, names, lambda name: read_bounded(source / name, MOST_FILE),
                            progress)
    if source.suffix.lower() == ".csv":
        with open(source, newline="", encoding="utf-8-sig") as lines:
            return read_csv(lines, str(source), progress)
    with open(source, "rb") as file, open_zip(file, str(source)) as archive:
        names = archive.namelist()
        for name in names:
            if PurePosixPath(name).name.lower() in CSV_NAMES:
                with open_member(archive, name, MOST_TABLE) as table:
                    lines = io.TextIOWrapper(table, encoding="utf-8-sig", newline="")
                    return read_csv(lines, f"{source}: {brief(name)}", progress)
        return _read_images(
            source, names, lambda name: open_member(archive, name, MOST_FILE).read(), progress)


def _walk(folder):
    """Every file and folder below `folder` as a zip would name them: folders end in a slash."""
    names = []
    for place, folders, files in os.walk(folder):
        relative = Path(place).relative_to(folder).as_posix()
        names += [f"{relative}/{name}/" for name in folders]
        names += [f"{relative}/{name}" for name in files]
    return names


def _read_images(source, names, read, progress):
    catalogue = _catalogue(source, names)
    if len(catalogue) > MOST_IMAGES:
        raise ValueError(f"{source} holds {len(catalogue):,} images; expected at most "
                         f"{MOST_IMAGES:,}")
    faces = np.empty((len(catalogue), SIZE, SIZE), dtype=np.uint8)
    for i, (_, _, _, name) in enumerate(catalogue):
        faces[i] = _decode(read(name), f"{source}: {_short(name)}")
        if progress and (i + 1) % 500 == 0 or i + 1 == len(catalogue):
            progress and progress(i + 1, len(catalogue))
    labels = np.array([label for _, label, _, _ in catalogue], dtype=np.int64)
    usage = np.array(USAGES)[[usage for usage, _, _, _ in catalogue]]
    return faces, labels, usage


def _catalogue(source, names):
    """(usage index, label, file name, full name) of every image, sorted."""
    images, folders = {}, set()
    for name in names:
        parts = PurePosixPath(name).parts
        if any(part.startswith(".") or part == "__MACOSX" for part in parts):
            continue
        if name.endswith("/"):
            folders.add(tuple(part.lower() for part in parts[-2:]))
        elif len(parts) >= 3 and parts[-1].lower().endswith((".jpg", ".jpeg", ".png")):
            folder, emotion = parts[-3].lower(), parts[-2].lower()
            if folder not in FOLDERS:
                continue
            if emotion not in EMOTIONS:
                raise ValueError(
                    f"{source}: the class folder {brief('/'.join(parts[-3:-1]))} is unknown; "
                    f"expected {', '.join(EMOTIONS)}"
                )
            usage = parts[-1].split("_")[0]
            if usage not in USAGES:
                raise ValueError(
                    f"{source}: the file name of {_short(name)} must begin with Training_, "
                    "PublicTest_ or PrivateTest_, the part it belongs to"
                )
            folders.add((folder, emotion))
            key = (USAGES.index(usage), EMOTIONS.index(emotion), parts[-1])
            if key in images:
                first = images[key][1]
                raise ValueError(f"{source} holds the same image twice: {_short(first)} and "
                                 f"{_short(name)}")
            images[key] = folder, name
    filled = {(folder, EMOTIONS[label]) for (_, label, _), (folder, _) in images.items()}
    if not filled:
        raise _unrecognised(source)
    for folder in FOLDERS:
        for emotion in EMOTIONS:
            if (folder, emotion) not in folders:
                raise ValueError(
                    f"{source}: the class folder {folder}/{emotion} is missing; expected train/ "
                    f"and test/, each with {', '.join(EMOTIONS)}"
                )
            if (folder, emotion) not in filled:
                raise ValueError(f"{source}: the class folder {folder}/{emotion} holds no image")
    return sorted((*key, name) for key, (_, name) in images.items())


def _short(name):
    """The name of a file in an archive: as it is where it is plain, else cut and quoted."""
    return name if name.isprintable() and len(name) <= 60 else brief(name, 60)


def _decode(content, name):
    """The pixels of an image file; its size is looked at before it is decoded."""
    expected = f"expected {SIZE}x{SIZE}, 8-bit grey (mode L)"
    try:
        image = Image.open(io.BytesIO(content), formats=("JPEG", "PNG"))
        pixels = np.asarray(image) if image.size == (SIZE, SIZE) else None
    except Exception:  # Pillow meets a damaged file with almost any exception
        raise ValueError(f"{name} cannot be read as an image; {expected}") from None
    if pixels is None or image.mode != "L":
        width, height = image.size
        raise ValueError(f"{name} is {width}x{height}, mode {image.mode}; {expected}")
    return pixels
