"""Labelled faces wherever they lie: FER-2013 in any of its forms, or pictures of one's own.

    train/<class>/*  test/<class>/*     also with val/ or validation/, the part to choose by
    <class>/*                           undivided: a fifth of each class is drawn as test/
    fer2013.csv, icml_face_data.csv, train.csv

in a folder, a zip or a tar.gz, as many folders down as may be, links followed; and a csv by itself.
File names that begin with Training_, PublicTest_ or PrivateTest_, as FER-2013's do, tell the part
themselves, unless most of those in a part's folder name another. Pictures may have any size and
colour. The photographs of FER-2013 (Goodfellow et al. 2013) belong to third parties and are not
part of this package.
"""

import io
import os
import warnings
from collections import Counter, namedtuple
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import NamedTuple

import numpy as np

from tinyfer.core.checks import Notice
from tinyfer.data.collection import contents, names_in, short
from tinyfer.data.faces import EMOTIONS, SIZE, USAGES, Faces
from tinyfer.data.pictures import face_of, grey_of, is_picture_name
from tinyfer.data.table import MOST_IMAGES, read_csv
from tinyfer.storage.arrays import brief

WHERE = "https://www.kaggle.com/datasets/msambare/fer2013"
HOW_TO_GET = f"""\
FER-2013 can be had from {WHERE}, in one line:
    curl -L --create-dirs -o data/archive.zip \
https://www.kaggle.com/api/v1/datasets/download/msambare/fer2013"""

ARCHIVES = ("archive.zip", "fer2013.zip", "fer2013.tar.gz", "archive.tar.gz")   # within a folder
TABLES = ("fer2013.csv", "icml_face_data.csv", "train.csv")     # within a folder or an archive
PARTS = {"train": "Training", "training": "Training", "val": "PublicTest", "valid": "PublicTest",
         "validation": "PublicTest", "publictest": "PublicTest", "test": "PrivateTest",
         "testing": "PrivateTest", "privatetest": "PrivateTest"}
# What other data sets call the seven classes; contempt is none of them.
SYNONYMS = {"anger": "angry", "disgusted": "disgust", "fearful": "fear", "afraid": "fear",
            "happiness": "happy", "joy": "happy", "sadness": "sad", "surprised": "surprise",
            "neutrality": "neutral"}
FEWEST = 10             # pictures of a class that is to be divided; with parts of its own, a few
FEWEST_IN_TRAIN = 4     # less, of which an eighth, rounded, is one
MOST_NAME = 30          # characters of a class name
MOST_FILE = 50_000_000          # bytes of a picture, of which FER-2013's have 2,000
MOST_TABLE = 1_000_000_000      # bytes of a csv in an archive; it is read line by line


# A picture in a collection: its usage, its class, its file name, and its whole name.
Picture = namedtuple("Picture", "usage emotion file name")


class Source(NamedTuple):
    """Where labelled faces lie: a folder, an archive or a csv."""

    path: Path
    table: str | None       # the name of the csv in it, "" for itself, None for pictures
    pictures: list = []     # of Picture, sorted by usage, class and file name
    parts: dict = {}        # {"train": {class: its folder}, ...}; {"": ...} where undivided
    own: bool = False       # pictures whose file names do not tell the part, as FER-2013's do
    passed_over: list = []  # names of pictures that lie elsewhere in it


def find_data(path: str | os.PathLike | None = None) -> Path | None:
    """Where the data are: `path`, else the TINYFER_DATA variable, else ./data if it holds FER-2013
    or folders train/ and test/, else None. Raises FileNotFoundError where one was named but does
    not exist, and ValueError for the empty path."""
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
    with suppress(ValueError):          # too many files for one data set
        names = names_in(data) if data.is_dir() else []
        if _known_file(names, ARCHIVES + TABLES) or _layout(names)[0] == 3:
            return data
    return None


def load_data(path: str | os.PathLike, progress: Callable | None = None, seed: int = 0,
              find: Callable | None = None) -> Faces:
    """Labelled faces as Faces: FER-2013, or pictures of one's own, in any of the forms above.

    Class names are in alphabetical order and lower case, those of the seven expressions as in
    EMOTIONS, whatever their synonyms are called; only classes that are there are among them. Faces
    are in order of usage (Training, PublicTest, PrivateTest), class and file name, those of a csv
    in the order of its rows.

    progress: called now and then as progress(images_read, images_in_all).
    seed: draws a fifth of each class to be PublicTest and PrivateTest by turns, where all faces are
    to train on; the split "report" of splits.py then gives 70, 20 and 10 %, "official" 80, 10, 10.
    Of pictures in test/ without val/, or the other way round, every second one is PublicTest too.
    find: finds the face in pictures of one's own: from a grey Pillow image to its box (x, y, w, h),
    or None, for which the picture is taken whole.

    Raises FileNotFoundError where path does not exist, and ValueError, naming the file, where a
    picture cannot be read, a class is not in all parts or has too few, or nothing of this is there.
    """
    source = recognise(path)
    if source.table is None:
        _check_classes(source)
    names: tuple[str, ...] = EMOTIONS
    what = "FER-2013"
    if source.own:
        names = tuple(sorted({picture.emotion for picture in source.pictures}))
        faces, labels, usage, what = _read_pictures(source, names, progress, find)
    else:
        read = _read_pictures if source.table is None else _read_table
        faces, labels, usage, *_ = read(source, names, progress)
    present = np.unique(labels)
    if len(present) < 2:
        raise ValueError(f"{source.path} has {len(present)} classes; expected two or more")
    if not source.own and len(present) < len(EMOTIONS):
        what = "a part of FER-2013"
    names, labels = tuple(names[label] for label in present), np.searchsorted(present, labels)
    return Faces(faces, labels, _divide(source, labels, usage, seed), names, what)


load_fer2013 = load_data


def own_pictures(path):
    """The Source of pictures of one's own; None where they are FER-2013's, or path is None."""
    source = path and recognise(path)
    return source if source and source.own else None


def is_class_folder(path):
    """Whether there are pictures of one's own, or others without any to train on."""
    try:
        source = recognise(path, single=True) if path is not None else None
    except (ValueError, OSError):
        return False
    return bool(source and source.pictures) and (
        source.own or source.pictures[0].usage != "Training")


def load_class_folder(path, class_names, find=None):
    """The pictures of class folders as Faces of `class_names`, all of the usage PrivateTest: those
    in test/, else those in val/, else all. Of some classes there may be none. ValueError, naming
    it, where a folder is of another class or without a picture, or a picture cannot be read."""
    source = recognise(path, single=True)
    _check_folders(source)
    if "" not in source.parts:
        last = source.pictures[-1].usage    # they are sorted by it
        source = source._replace(pictures=[each for each in source.pictures if each.usage == last])
    faces, labels, _, what = _read_pictures(source, class_names, None, find)
    return Faces(faces, labels, np.full(len(faces), "PrivateTest"), tuple(class_names), what)


# What is there

def recognise(path, single=False):
    """The Source that a path leads to, by names alone. single: a folder of one class will do.
    FileNotFoundError, or ValueError that names what was seen and cannot be learnt from."""
    path = Path(path)
    if not path.exists():
        raise FileNotFoundError(f"{path} does not exist; FER-2013 can be had from {WHERE}")
    if path.is_file() and path.suffix.lower() == ".csv":
        return Source(path, "")
    if not (path.is_file() or path.is_dir()):
        raise ValueError(f"{path} is neither a file nor a folder")
    names = names_in(path)
    file = _known_file(names, TABLES + ARCHIVES * path.is_dir())
    above, bases = _layout(names)
    if file and not any(len(base) <= file.count("/") - (above == 2) for base in bases):
        return recognise(path / file) if path.is_dir() else Source(path, file)
    if single and not bases:
        above, bases = _layout(names, fewest=1)
    if not bases:
        raise _unrecognised(path, names)
    if len(bases) > 1:
        two = " and in ".join(short("/".join(base)) or "itself" for base in sorted(bases)[:2])
        raise ValueError(f"{path} holds several data sets, in {two}; expected one")
    (base, pictures), = bases.items()
    return _of_pictures(path, names, base, above, pictures)


def _known_file(names, known):
    """The file of one of the `known` names that lies least deep, or None."""
    base = {name: name.rpartition("/")[2].lower() for name in names}
    return min((name for name in names if base[name] in known), default=None,
               key=lambda name: (name.count("/"), known.index(base[name])))


def _layout(names, fewest=2):
    """How far above the pictures the folder of the data set lies: 3 for one of train/, test/ and
    the like, else 2 for one of class folders, at least so many; and every such folder, with its
    pictures, their names divided at the slashes."""
    pictures = [parts for name in names if len(parts := name.split("/")) >= 2
                and is_picture_name(parts[-1])]
    divided = [parts for parts in pictures if len(parts) >= 3 and parts[-3].lower() in PARTS]
    above, bases = 3 if divided else 2, {}
    for parts in divided or pictures:
        bases.setdefault(tuple(parts[:-above]), []).append(parts)
    if not divided:         # the least deep of those with enough class folders
        bases = {base: found for base, found in bases.items()
                 if len({p[-2] for p in found}) >= fewest}
        least = min(map(len, bases), default=0)
        bases = {base: found for base, found in bases.items() if len(base) == least}
    return above, bases


def _of_pictures(path, names, base, above, pictures):
    """The Source of pictures in class folders."""
    told = {}               # of each part, which file names say that it is this one
    for parts in pictures:
        usage, part = parts[-1].partition("_")[0], parts[-3].lower() if above == 3 else ""
        fits = not part or (usage == "Training") == (PARTS[part] == "Training")
        told.setdefault(part, []).append(usage in USAGES and fits)
    own = any(sum(fits) <= len(fits) / 2 for fits in told.values())
    found, folders = {}, {}
    for name in names:                  # of folders too, which end in a slash
        folder, _, file = name.rpartition("/")
        *place, last = folder.split("/")
        part = place[-1].lower() if above == 3 and place else ""
        if not folder or tuple(place[:len(base)]) != base or (
                len(place) != len(base) + above - 2 or above == 3 and part not in PARTS):
            continue
        emotion, usage = emotion_of(last), file.partition("_")[0]
        if folders.setdefault(part, {}).setdefault(emotion, folder) != folder:
            raise ValueError(f"{path}{'/' * bool(part)}{part} has two folders of the class "
                             f"{brief(emotion)}")
        if not is_picture_name(file):
            continue
        if not own and usage not in USAGES:
            raise ValueError(f"{path}: the file name of {short(name)} must begin with Training_, "
                             "PublicTest_ or PrivateTest_, the part it belongs to")
        usage = PARTS.get(part, "Training") if own else usage
        first = found.setdefault((usage, emotion, file), name)
        if first != name:
            raise ValueError(f"{path} holds the same image twice: {short(first)} and {short(name)}")
    if len(found) > MOST_IMAGES:
        raise ValueError(f"{path} holds {len(found):,} images; expected at most {MOST_IMAGES:,}")
    found = sorted((Picture(*each, name) for each, name in found.items()),
                   key=lambda picture: (USAGES.index(picture.usage), *picture[1:3]))
    read = {picture.name for picture in found}
    passed_over = [name for name in names if name not in read
                   and is_picture_name(name.rpartition("/")[2])]
    return Source(path, None, found, folders, own, passed_over)


def _unrecognised(path, names):
    pictures = [name for name in names if is_picture_name(name)]
    seen = ", ".join(map(short, names[:3])) + (", ..." if len(names) > 3 else "")
    found = f"{len(pictures):,} pictures" if pictures else seen or "nothing"
    where = f", all in {short(os.path.dirname(pictures[0]) or 'one folder')}" if pictures else ""
    return ValueError(f"{path} holds no FER-2013 and no other labelled faces: found {found}{where};"
                      " expected train/ and test/ with a folder for each class, or a folder of "
                      "pictures for each of two classes or more")


def emotion_of(folder):
    """What a class is called here, by the name of its folder."""
    return SYNONYMS.get(folder.lower(), folder.lower())


def _check_folders(source):
    """ValueError where a class has a folder without a picture, or a name that none can have."""
    filled = {os.path.dirname(picture.name) for picture in source.pictures}
    for folders in source.parts.values():
        for name, folder in folders.items():
            if not name.isprintable() or len(name) > MOST_NAME:
                raise ValueError(f"{source.path}: {brief(name)} cannot be the name of a class; "
                                 f"expected at most {MOST_NAME} printable characters")
            if folder not in filled:
                raise ValueError(f"{source.path}: the class folder {short(folder)} holds no "
                                 "picture")


def _check_classes(source):
    """ValueError unless the parts of a data set have the same classes, each with pictures."""
    parts = source.parts
    trained = [name for name in parts if PARTS.get(name) == "Training"]
    if "" not in parts and (len(parts) == 1 or not trained):
        missing = "test" if trained else "train"
        raise ValueError(f"{source.path} has no {missing}/; expected both train/ and test/, or a "
                         "folder for each class and neither of them")
    for name in sorted(set().union(*parts.values())):
        for part, folders in parts.items():
            if name not in folders:
                raise ValueError(f"{source.path}: the class {brief(name)} is not in all of "
                                 f"{', '.join(sorted(parts))}: {part}/ lacks it")
    _check_folders(source)
    _check_numbers(source.path, *zip(*((each.emotion, each.usage) for each in source.pictures)))


def _check_numbers(path, classes, usage):
    """ValueError where a class has too few pictures to train on, by the class and usage of each."""
    fewest = FEWEST if set(usage) == {"Training"} else FEWEST_IN_TRAIN
    counts = Counter(name for name, part in zip(classes, usage) if part == "Training")
    for name, n in counts.items():
        if n < fewest:
            raise ValueError(f"{path}: {brief(name)} has only {n} pictures to train on; expected "
                             f"{fewest} or more of each class")


# What is read

def _read_table(source, class_names, progress):
    name = f"{source.path}: {short(source.table)}" if source.table else str(source.path)
    read = partial(read_csv, name=name, progress=progress)
    if source.table:
        (_, (faces, labels, usage)), = contents(source.path, [source.table], MOST_TABLE, read)
    else:
        with open(source.path, "rb") as file:
            faces, labels, usage = read(file)
    _check_numbers(name, [class_names[label] for label in labels], usage)
    return faces, labels, usage


def _read_pictures(source, class_names, progress=None, find=None):
    """(faces, labels, usage, what they are called) of the pictures of a Source; ValueError where
    one is of another class."""
    known = {emotion_of(name): label for label, name in enumerate(class_names)}
    for picture in source.pictures:
        if picture.emotion not in known:
            raise ValueError(f"{source.path}: the class {brief(picture.emotion)} is unknown; "
                             f"expected {', '.join(class_names)}")
    if source.passed_over:
        warnings.warn(f"{source.path}: {len(source.passed_over):,} pictures are passed over, such "
                      f"as {short(source.passed_over[0])}: they lie in no class folder of a part",
                      Notice, stacklevel=3)
    places = {picture.name: n for n, picture in enumerate(source.pictures)}
    faces, found = np.empty((len(places), SIZE, SIZE), np.uint8), 0
    with warnings.catch_warnings(record=True) as notes:
        warnings.simplefilter("always", Notice)
        for done, (name, content) in enumerate(contents(source.path, places, MOST_FILE), 1):
            stream = io.BytesIO(content)
            stream.name = f"{source.path}: {short(name)}"
            picture = grey_of(stream) if find else stream
            box = find(picture) if find else None
            found += box is not None
            faces[places[name]] = face_of(picture, box)
            if progress and (done % 500 == 0 or done == len(places)):
                progress(done, len(places))
    if notes:                       # of a whole data set one is enough
        more = f" ({len(notes) - 1:,} more such notes)" if len(notes) > 1 else ""
        warnings.warn(f"{notes[0].message}{more}", Notice, stacklevel=4)
    labels = np.array([known[picture.emotion] for picture in source.pictures], np.int64)
    usage = np.array([picture.usage for picture in source.pictures])
    what = f"the {'folder' if source.path.is_dir() else 'archive'} " + short(
        source.path.resolve().name)
    if find:
        what += f" (faces found in {found:,} of {len(faces):,} pictures)"
    return faces, labels, usage, what


def _divide(source, labels, usage, seed):
    """The usage, where all faces are to train on, or all others are of one part, divided."""
    undivided = (usage == "Training").all()
    held = np.flatnonzero(usage != "Training")
    if undivided:
        rng = np.random.default_rng([seed, *b"own pictures"])
        members = [np.flatnonzero(labels == label) for label in range(labels.max() + 1)]
        held = np.sort(np.concatenate(
            [rng.choice(each, (len(each) + 2) // 5, replace=False) for each in members]))
    if undivided or source.own and len(set(usage[held])) == 1:
        usage = usage.astype("<U11")
        usage[held] = np.resize(["PublicTest", "PrivateTest"], len(held))
    return usage
