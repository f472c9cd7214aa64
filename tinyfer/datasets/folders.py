"""One's own pictures as a data set: a folder for each class, with file names as they are.

    <class>/*       or, where there is one, test/<class>/* for scoring

Any picture that Pillow reads will do; it is taken whole, as the largest centred square, and scaled
to 48x48 (pictures.py).
"""

from pathlib import Path

import numpy as np
from PIL import Image

from tinyfer.datasets.faces import SIZE, USAGES, Faces
from tinyfer.datasets.fer2013_csv import MOST_IMAGES
from tinyfer.datasets.pictures import read_face
from tinyfer.files import brief


def is_class_folder(path):
    """Whether a path is a folder of class folders, with pictures not named as FER-2013's are."""
    if path is None or not Path(path).is_dir():
        return False
    names = [picture.name for folder in _class_folders(path) for picture in _pictures(folder)]
    return bool(names) and any(name.partition("_")[0] not in USAGES for name in names)


def load_class_folder(path, class_names):
    """The pictures below `path` as Faces of `class_names`, all of them of the usage PrivateTest.

    Folders are matched with classes by name, whatever the case. ValueError, naming the folder or
    file, where a class is missing, unknown or without a picture, or a picture cannot be read.
    """
    folders = {folder.name.lower(): folder for folder in _class_folders(path)}
    known = {name.lower(): label for label, name in enumerate(class_names)}
    for name in sorted(folders.keys() ^ known.keys()):
        what = "is unknown" if name in folders else "has no folder"
        raise ValueError(f"{path}: the class {brief(name)} {what}; expected {', '.join(known)}")
    faces, labels = [], []
    for name, label in known.items():
        pictures = _pictures(folders[name])
        if not pictures:
            raise ValueError(f"{folders[name]} holds no picture")
        if len(faces) + len(pictures) > MOST_IMAGES:
            raise ValueError(f"{path} holds more than {MOST_IMAGES:,} pictures")
        faces += [read_face(picture) for picture in pictures]
        labels += [label] * len(pictures)
    usage = np.full(len(faces), "PrivateTest")
    return Faces(np.array(faces, dtype=np.uint8).reshape(-1, SIZE, SIZE), np.array(labels), usage,
                 class_names, f"the folder {Path(path).name}")


def _class_folders(path):
    """The class folders: those in test/ where there is one, else those in `path`."""
    place = Path(path) / "test"
    place = place if place.is_dir() else Path(path)
    return [entry for entry in sorted(place.iterdir()) if entry.is_dir() and entry.name[0] != "."]


def _pictures(folder):
    suffixes = Image.registered_extensions()
    return [file for file in sorted(folder.iterdir())
            if file.is_file() and file.suffix.lower() in suffixes and file.name[0] != "."]
