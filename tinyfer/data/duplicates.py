"""Exact copies in a data set, and what to do about them; and is it FER-2013 as published?

FER-2013 holds many images more than once, also across its parts: a test image that the network was
trained on measures memory, not understanding. Copies are equal in all their decoded pixels.
"""

import hashlib

import numpy as np

from tinyfer.data.faces import blank
from tinyfer.data.splits import Parts

# Of the pixels, part and class of each image of Kaggle's archive, in a fixed order.
PUBLISHED = "5cc078b5d42c66da4f2a91c2a0809c05"


def duplicate_groups(faces):
    """Faces (N, H, W) uint8 -> (N,) int64: equal numbers for equal images, counted from 0."""
    numbers = {}
    return np.array([numbers.setdefault(d, len(numbers)) for d in _digests(faces)], dtype=np.int64)


def is_published(data):
    """Whether Faces of FER-2013 are the 35,887 published ones, in whatever order.

    Altered copies circulate, some with test images mixed into training. The csv of the challenge
    holds the images before they were compressed, with other pixels: it is not told from a copy.
    """
    places = [f"{usage} {data.class_names[label]}" for usage, label in zip(data.usage, data.labels)]
    images = sorted(f"{d.hex()} {place}" for d, place in zip(_digests(data.faces), places))
    return hashlib.md5("\n".join(images).encode(), usedforsecurity=False).hexdigest() == PUBLISHED


def seen_in(part, other):
    """(len(part),) bool: which images of `part` have an exact copy in `other` (both Faces)."""
    groups = duplicate_groups(np.concatenate([other.faces, part.faces]))
    return np.isin(groups[len(other):], groups[: len(other)])


def drop_duplicates(parts):
    """The parts, without the training images that have an exact copy in validation or test.

    Validation and test stay whole, so that scores of trainings with and without the copies are over
    the same images, on the official split those of everybody else. Copies within one part remain,
    and so do the few shared by validation and test, which only help choose an epoch.
    """
    train, validation, test = parts
    return Parts(train[~(seen_in(train, validation) | seen_in(train, test))], validation, test)


def duplicate_facts(data):
    """The figures of a data set's exact copies, as a dict of ints: images, distinct ones; groups of
    two or more copies, members of them, groups across_parts, groups of two_labels or more; leaked:
    PrivateTest images with a copy in Training; blank: images that are one single grey."""
    groups = duplicate_groups(data.faces)
    sizes = np.bincount(groups)
    _, usage = np.unique(data.usage, return_inverse=True)
    private, training = data.usage == "PrivateTest", data.usage == "Training"
    return dict(
        images=len(data), distinct=len(sizes), groups=int((sizes > 1).sum()),
        members=int(sizes[sizes > 1].sum()), across_parts=_varied(groups, usage),
        two_labels=_varied(groups, data.labels),
        leaked=int(np.isin(groups[private], groups[training]).sum()),
        blank=int(blank(data.faces).sum()))


def _digests(faces):
    return (hashlib.md5(face, usedforsecurity=False).digest()
            for face in np.ascontiguousarray(faces))


def _varied(groups, values):
    """The number of groups within which `values` take more than one value."""
    pairs = np.unique(np.stack([groups, values]), axis=1)
    return int((np.bincount(pairs[0]) > 1).sum())
