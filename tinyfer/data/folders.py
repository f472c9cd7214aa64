"""One's own pictures as a data set: a folder for each class, with file names as they are.

    <class>/*                           to score a network on; or test/<class>/*, where there is one
    train/<class>/*  test/<class>/*     to train on
    <class>/*                           to train on, too: a fifth of each class is drawn as test/

Any picture that Pillow reads will do. It is taken whole, as the largest centred square, or the
face in it is found first; and scaled to 48x48 (pictures.py). What finds a face is handed in, as
find: it takes a grey Pillow image and returns the box (x, y, w, h) of the face, or None; a picture
where it finds none is taken whole.
"""

from pathlib import Path

import numpy as np

from tinyfer.core.arrays import brief
from tinyfer.data.faces import SIZE, USAGES, Faces
from tinyfer.data.fer2013_csv import MOST_IMAGES
from tinyfer.data.pictures import face_of, grey_of, is_picture, open_image, read_face

FEWEST = 10             # pictures of a class that is to be divided; with a test/ of its own, a few
FEWEST_IN_TRAIN = 4     # less, of which an eighth, rounded, is one
MOST_NAME = 30          # characters of a class name


def is_class_folder(path, fewest=1):
    """Whether a path is a folder of so many class folders or more, with pictures not named as
    FER-2013's are."""
    if path is None or not Path(path).is_dir():
        return False
    folders = _folders(_place(path))
    names = [picture.name for folder in folders for picture in _pictures(folder)]
    return len(folders) >= fewest and any(name.partition("_")[0] not in USAGES for name in names)


def load_class_folder(path, class_names, find=None):
    """The pictures below `path` as Faces of `class_names`, all of them of the usage PrivateTest.

    Folders are matched with classes by name, whatever the case. ValueError, naming the folder or
    file, where a class is missing, unknown or without a picture, or a picture cannot be read.
    """
    faces, labels, found = _load(_place(path), class_names, find)
    return Faces(faces, labels, np.full(len(faces), "PrivateTest"), tuple(class_names),
                 _source(path, find, found, len(faces)))


def _load(path, class_names, find, fewest=1):
    """(faces, labels, number of faces found) of the pictures in the class folders of `path`."""
    folders = _by_name(path)
    known = {name.lower(): label for label, name in enumerate(class_names)}
    for name in sorted(folders.keys() ^ known.keys()):
        what = "is unknown" if name in folders else "has no folder"
        raise ValueError(f"{path}: the class {brief(name)} {what}; expected {', '.join(known)}")
    faces, labels, found = [], [], 0
    for name, label in known.items():
        pictures = _pictures(folders[name])
        if len(pictures) < fewest:
            least = f"only {len(pictures)} pictures; expected {fewest} or more of each class"
            raise ValueError(f"{folders[name]} holds {least if pictures else 'no picture'}")
        if len(faces) + len(pictures) > MOST_IMAGES:
            raise ValueError(f"{path} holds more than {MOST_IMAGES:,} pictures")
        for picture in pictures:
            face, seen = _read(picture, find)
            faces.append(face)
            found += seen
        labels += [label] * len(pictures)
    return np.array(faces, dtype=np.uint8).reshape(-1, SIZE, SIZE), np.array(labels), found


def _read(picture, find):
    """(face, whether it was found) of a picture file."""
    if find is None:
        return read_face(picture), False
    image = open_image(picture)
    try:
        grey = grey_of(image)
        box = find(grey)
        return face_of(grey, box), box is not None
    except ValueError as error:
        raise ValueError(f"{picture}: {error}") from None


def _source(path, find, found, pictures):
    name = f"the folder {Path(path).resolve().name}"
    return name if find is None else f"{name} (faces found in {found:,} of {pictures:,} pictures)"


def is_train_and_test(path):
    """Whether a folder holds train/ or test/ whose pictures are not named as FER-2013's."""
    places = [Path(path) / name for name in ("train", "test")]
    names = [picture.name for place in places if place.is_dir() for folder in _folders(place)
             for picture in _pictures(folder)]
    return bool(names) and not any(name.partition("_")[0] in USAGES for name in names)


def load_to_train(path, seed=0, find=None):
    """The pictures of a folder as Faces of the classes that its folders name, in either form.

    Those in train/ have the usage Training, those in test/ PublicTest and PrivateTest by turns.
    Where there are neither, a fifth of each class, drawn with `seed`, stands for test/: the split
    "report" of splits.py then gives 70, 20 and 10 %, and "official" 80, 10 and 10 %.
    ValueError, naming the folder or file, where there are fewer than two classes, a class is in one
    of train/ and test/ alone or has too few pictures, or a picture cannot be read.
    """
    path = Path(path)
    if not any((path / place).is_dir() for place in ("train", "test")):
        names = _class_names(path, [path])
        faces, labels, found = _load(path, names, find, FEWEST)
        held = _fifth_of_each(labels, seed)
    else:
        for place in ("train", "test"):
            if not (path / place).is_dir():
                raise ValueError(f"{path} has no {place}/; expected both train/ and test/, or a "
                                 "folder for each class and neither of them")
        names = _class_names(path, [path / "train", path / "test"])
        learnt = _load(path / "train", names, find, FEWEST_IN_TRAIN)
        kept = _load(path / "test", names, find)
        faces, labels = (np.concatenate(pair) for pair in zip(learnt[:2], kept[:2]))
        found = learnt[2] + kept[2]
        held = np.arange(len(learnt[1]), len(labels))
    usage = np.full(len(labels), "Training", dtype="<U11")
    usage[held] = np.resize(["PublicTest", "PrivateTest"], len(held))
    return Faces(faces, labels, usage, names, _source(path, find, found, len(faces)))


def _class_names(path, places):
    """The names of the class folders, which all places must have."""
    named = [_by_name(place) for place in places]
    names = sorted(set().union(*named))
    for name in names:
        for place, folders in zip(places, named):
            if name not in folders:
                raise ValueError(f"{path}: the class {brief(name)} is not in both train/ and "
                                 f"test/: {place.name}/ lacks it")
        if not name.isprintable() or len(name) > MOST_NAME:
            raise ValueError(f"{path}: {brief(name)} cannot be the name of a class; expected at "
                             f"most {MOST_NAME} printable characters")
    if len(names) < 2:
        raise ValueError(f"{path} has {len(names)} class folders; expected two or more")
    return tuple(names)


def _fifth_of_each(labels, seed):
    """Indices of a fifth of each class, drawn; in ascending order."""
    rng = np.random.default_rng([seed, *b"own pictures"])
    members = [np.flatnonzero(labels == label) for label in range(labels.max() + 1)]
    return np.sort(np.concatenate(
        [rng.choice(of_class, (len(of_class) + 2) // 5, replace=False) for of_class in members]))


def _by_name(place):
    """{lower-case name: class folder} of a folder."""
    folders = {}
    for folder in _folders(place):
        if folder.name.lower() in folders:
            raise ValueError(f"{place} has two folders of the class {brief(folder.name.lower())}")
        folders[folder.name.lower()] = folder
    return folders


def _place(path):
    """Where the class folders are: in test/ if there is one, else in `path`."""
    place = Path(path) / "test"
    return place if place.is_dir() else Path(path)


def _folders(place):
    return [entry for entry in sorted(place.iterdir()) if entry.is_dir() and entry.name[0] != "."]


def _pictures(folder):
    return [file for file in sorted(folder.iterdir()) if is_picture(file)]
