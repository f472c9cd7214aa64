"""Is it FER-2013? The published data set, recognised by its images.

Altered copies circulate, some with test images mixed into training, and scores on them compare
with nothing. fer2013.npz beside this file holds four bytes of a digest of each image's pixels, and
its part and class; no order, no file name. They are those of Kaggle's archive.zip, whose images
are JPEG files; the csv of the challenge holds them before that compression, with other pixels: of
it only the numbers of each part and class can be compared. Made by

    python -m tinyfer.data.fer2013_check archive.zip
"""

import hashlib
import sys
from collections import Counter, defaultdict
from functools import cache
from pathlib import Path

import numpy as np

from tinyfer.data.faces import EMOTIONS, USAGES
from tinyfer.storage.arrays import load_arrays, save_arrays

KNOWN = Path(__file__).with_name("fer2013.npz")


def differences(data):
    """How a data set differs from the published FER-2013, as a dict of counts.

    data: Faces of the seven classes. images: all of them; missing: published images that are not
    there; new: images that were never published; copies: published ones, once more than published;
    moved: {"PrivateTest fear to Training fear": how many}, images under another part or class.
    All 0 and empty, and "same" True, for the published set, whatever its order.
    """
    known, found = _known(), Counter(zip(*digests(data)))
    missing, extra, published = known - found, found - known, {digest for digest, _ in known}
    homes, moved, copies, new = defaultdict(list), Counter(), 0, 0
    for digest, place in sorted(missing.elements()):
        homes[digest].append(place)
    for digest, place in sorted(extra.elements()):
        if homes[digest]:
            moved[f"{_name(homes[digest].pop(0))} to {_name(place)}"] += 1
        elif digest in published:
            copies += 1
        else:
            new += 1
    return dict(same=not missing and not extra, images=len(data), new=new, copies=copies,
                missing=sum(map(len, homes.values())), moved=dict(moved.most_common()))


def sentence(data):
    """What `differences` finds, in one line."""
    facts = differences(data)
    if facts["same"]:
        return "these are the 35,887 images of FER-2013 as published"
    if facts["new"] > len(data) / 2:
        numbers = Counter(place for _, place in _known().elements())
        same = numbers == Counter(digests(data)[1])
        return ("these images are not those of Kaggle's archive of FER-2013; the number of each "
                f"part and class {'is the same' if same else 'differs as well'}")
    words = [f"{facts[name]:,} {what}" for name, what in (
        ("missing", "missing"), ("new", "new"), ("copies", "there once more than they should be"))
        if facts[name]]
    if facts["moved"]:
        move, n = next(iter(facts["moved"].items()))
        words.append(f"{sum(facts['moved'].values()):,} moved ({n:,} of them from {move})")
    return "THIS IS NOT FER-2013 AS PUBLISHED: of the images are " + ", ".join(words)


def digests(data):
    """Of each image a number from its pixels, and one for its part and class: two lists of N."""
    usage = np.select([data.usage == name for name in USAGES], range(len(USAGES)))
    places = usage * len(EMOTIONS) + data.labels
    faces = np.ascontiguousarray(data.faces)
    return [int.from_bytes(hashlib.blake2b(face, digest_size=4).digest(), "big")
            for face in faces], places.tolist()


@cache
def _known():
    arrays = load_arrays(KNOWN)
    return Counter(zip(arrays["digests"].tolist(), arrays["places"].tolist()))


def _name(place):
    return f"{USAGES[place // len(EMOTIONS)]} {EMOTIONS[place % len(EMOTIONS)]}"


def write_known(data, path=KNOWN):
    """Write the file by which `data` is recognised."""
    numbers, places = map(np.array, digests(data))
    order = np.lexsort((numbers, places))
    save_arrays(path, dict(digests=numbers[order].astype(np.uint32),
                           places=places[order].astype(np.uint8)), compressed=True)


if __name__ == "__main__":
    from tinyfer.data import load_fer2013

    write_known(load_fer2013(sys.argv[1]))
