"""One's own pictures as a data set: a folder for each class, with file names as they are.

    <class>/*                           to score a network on; or test/<class>/*, where there is one
    train/<class>/*  test/<class>/*     to train on, with classes of FER-2013

Any picture that Pillow reads will do; it is taken whole, as the largest centred square, and scaled
to 48x48 (pictures.py).
"""

from pathlib import Path

import numpy as np
from PIL import Image

from tinyfer.datasets.faces import EMOTIONS, SIZE, USAGES, Faces
from tinyfer.datasets.fer2013_csv import MOST_IMAGES
from tinyfer.datasets.pictures import read_face
from tinyfer.files import brief


def is_class_folder(path):
    """Whether a path is a folder of class folders, with pictures not named as FER-2013's are."""
    if path is None or not Path(path).is_dir():
        return False
    names = [picture.name for folder in _folders(_place(path)) for picture in _pictures(folder)]
    return bool(names) and any(name.partition("_")[0] not in USAGES for name in names)


def load_class_folder(path, class_names):
    """The pictures below `path` as Faces of `class_names`, all of them of the usage PrivateTest.

    Folders are matched with classes by name, whatever the case. ValueError, naming the folder or
    file, where a class is missing, unknown or without a picture, or a picture cannot be read.
    """
    faces, labels = _load(_place(path), class_names)
    return Faces(faces, labels, np.full(len(faces), "PrivateTest"), class_names,
                 f"the folder {Path(path).name}")


def _load(path, class_names):
    """(faces, labels) of the pictures in the class folders of `path`."""
    folders = {folder.name.lower(): folder for folder in _folders(path)}
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
    return np.array(faces, dtype=np.uint8).reshape(-1, SIZE, SIZE), np.array(labels)


def is_train_and_test(path):
    """Whether a folder holds train/ and test/ whose pictures are not named as FER-2013's."""
    places = [Path(path) / name for name in ("train", "test")]
    if not all(place.is_dir() for place in places):
        return False
    names = [picture.name for place in places for folder in _folders(place)
             for picture in _pictures(folder)]
    return bool(names) and not any(name.partition("_")[0] in USAGES for name in names)


def load_train_and_test(path):
    """The pictures in train/ and test/ as Faces of the classes that the folders name.

    Those in train/ have the usage Training, those in test/ PublicTest and PrivateTest by turns, so
    that both splits of splits.py can be made. ValueError, naming the folder or file, where a class
    is none of FER-2013's, one of the two lacks it, or a picture cannot be read.
    """
    train, test = ([folder.name.lower() for folder in _folders(Path(path) / name)]
                   for name in ("train", "test"))
    for name in train + test:
        if name not in EMOTIONS or name not in train or name not in test:
            what = "is not in both train/ and test/" if name in EMOTIONS else "is unknown"
            raise ValueError(f"{path}: the class {brief(name)} {what}; expected classes out of "
                             + ", ".join(EMOTIONS))
    names = tuple(sorted(train))
    learnt = _load(Path(path) / "train", names)
    kept = _load(Path(path) / "test", names)
    usage = np.concatenate([np.full(len(learnt[1]), "Training", dtype="<U11"),
                            np.resize(["PublicTest", "PrivateTest"], len(kept[1]))])
    faces, labels = (np.concatenate(pair) for pair in zip(learnt, kept))
    return Faces(faces, labels, usage, names, f"the folder {Path(path).name}")


def _place(path):
    """Where the class folders are: in test/ if there is one, else in `path`."""
    place = Path(path) / "test"
    return place if place.is_dir() else Path(path)


def _folders(place):
    return [entry for entry in sorted(place.iterdir()) if entry.is_dir() and entry.name[0] != "."]


def _pictures(folder):
    suffixes = Image.registered_extensions()
    return [file for file in sorted(folder.iterdir())
            if file.is_file() and file.suffix.lower() in suffixes and file.name[0] != "."]
