"""The decoded pixels of FER-2013 on disk, so that only the first start has to decode them.

An uncompressed .npz with a checksum of the whole file, tied by a fingerprint to the source as it
was. A cache that is stale, cut short, damaged or of another user is silently rebuilt; one that
cannot be written costs a line of notice and nothing else.
"""

import hashlib
import os
import sys

import numpy as np

from tinyfer.data.faces import EMOTIONS, USAGES, Faces
from tinyfer.storage.arrays import load_arrays, save_arrays, trusted, trusted_folder, user_folder

VERSION = 1  # counts up whenever the reader would give other arrays for the same source


def fingerprint(source):
    """A text that changes when a Source of load.py does: its path, and size and time of all its
    files."""
    place = source.path.resolve()
    digest = hashlib.sha256(b"%d %s" % (VERSION, os.fsencode(place)))
    names = [picture.name for picture in source.pictures] if place.is_dir() else [""]
    for name in names:
        stat = os.stat(place / name)
        digest.update(b"\n%s %d %d" % (os.fsencode(name), stat.st_size, stat.st_mtime_ns))
    return digest.hexdigest()


def read(source, key):
    """(faces, labels, usage) as written for this key, or None."""
    for path in _places(source):
        try:
            stored = load_arrays(path, opener=trusted)
            if stored["key"].item() == key:
                data = Faces(stored["faces"], stored["labels"],
                             np.array(USAGES)[stored["usage"]], EMOTIONS, "")
                return data.faces, data.labels, data.usage
        except Exception:  # absent, or damaged in whatever way: the source itself is still there
            continue
    return None


def write(source, key, arrays):
    """Stores (faces, labels, usage) in the first place that takes them."""
    faces, labels, usage = arrays
    codes = np.select([usage == name for name in USAGES], range(len(USAGES))).astype(np.uint8)
    for path in _places(source):
        try:
            # Root may write into a folder marked read-only; it is left alone all the same.
            if trusted_folder(path.parent, 0o700) and path.parent.stat().st_mode & 0o222:
                save_arrays(path, dict(key=np.array(key), faces=faces, labels=labels, usage=codes))
                return
        except OSError:
            continue
    print(f"note: no place to keep the decoded images of {source}; the next start decodes them "
          "again", file=sys.stderr)


def _places(source):
    """Where the cache may be: beside (or in) the source, then in the user's cache folder."""
    name = "tinyfer-cache.npz"
    source = source.resolve()
    beside = source / name if source.is_dir() else source.with_name(f"{source.name}.{name}")
    unique = hashlib.sha256(os.fsencode(source)).hexdigest()[:16]
    users = user_folder()
    return (beside, users / "data" / f"fer2013-{unique}.npz") if users else (beside,)
