"""Training, validation and test parts; which classes are kept or merged; balancing.

Every draw is made class by class from a generator seeded by (seed, purpose, class name): the test
images of a class are the same whichever other classes are selected, before or after the split.
"""

from typing import NamedTuple

import numpy as np

from tinyfer.core import checks
from tinyfer.data.faces import EMOTIONS, USAGES, Faces


def _kept(*dropped):
    return {name: (name,) for name in EMOTIONS if name not in dropped}


# By the number of classes: new class name -> the classes of the data that make it up.
CLASS_SETS = {7: _kept(), 6: _kept("disgust"), 5: _kept("disgust", "neutral"), 3: _kept("angry",
                                                                                        "disgust",
                                                                                        "fear",
                                                                                        "surprise"),
              2: {"negative": ("angry", "disgust", "fear", "sad"), "positive": ("happy",
                                                                                "surprise")}}
SPLITS = ("report", "official")


class Parts(NamedTuple):
    """The parts of a data set: learn from the first, choose by the second, score the third."""

    train: Faces
    validation: Faces
    test: Faces


def select_classes(data, classes):
    """The faces of one of the CLASS_SETS (7, 6, 5, 3 or 2), relabelled to its alphabetical names.
    Others are dropped, the order is kept. ValueError for another number, or a class `data` lacks.
    """
    if classes not in CLASS_SETS:
        raise ValueError(f"classes must be one of {', '.join(map(str, CLASS_SETS))}, "
                         f"not {classes!r}")
    mapping = np.full(len(data.class_names), -1, dtype=np.int64)
    for label, members in enumerate(CLASS_SETS[classes].values()):
        for member in members:
            if member not in data.class_names:
                raise ValueError(f"the set of {classes} classes needs {member}, "
                                 f"but this data has only {', '.join(data.class_names)}")
            mapping[data.class_names.index(member)] = label
    labels = mapping[data.labels]
    kept = labels >= 0
    opinions = None
    if data.opinions is not None:       # of the classes that are left, given that it is one of them
        members = mapping[:, None] == np.arange(len(CLASS_SETS[classes]))
        opinions = data.opinions[kept] @ members.astype(np.float32)
        opinions /= opinions.sum(axis=1, keepdims=True)
    return Faces(data.faces[kept], labels[kept], data.usage[kept], tuple(CLASS_SETS[classes]),
                 data.source, opinions)


def split(data, kind="report", seed=0):
    """Parts(train, validation, test) of a data set.

    "report": the study's. Validation is the published test folder (PublicTest and PrivateTest);
    test is an eighth of each class of the train folder, rounded half up, drawn with `seed`;
    training is the rest of it. Selecting classes commutes with this split; merging does not.
    "official": Training, PublicTest and PrivateTest of the ICML 2013 challenge, the only parts on
    which scores compare with the literature.

    Raises ValueError for another kind, or where a part comes out empty.
    """
    if kind == "official":
        masks = [data.usage == usage for usage in USAGES]
    elif kind == "report":
        published = data.usage == "Training"
        test = np.zeros(len(data), dtype=bool)
        for label, name in enumerate(data.class_names):
            members = np.flatnonzero(published & (data.labels == label))
            test[_draw(members, (len(members) + 4) // 8, seed, "test", name)] = True
        masks = [published & ~test, ~published, test]
    else:
        raise ValueError(f"split must be one of {', '.join(SPLITS)}, not {kind!r}")
    parts = Parts(*(data[mask] for mask in masks))
    for name, part in zip(Parts._fields, parts):
        if len(part) == 0:
            there = ", ".join(f"{np.sum(data.usage == usage):,} {usage}" for usage in USAGES)
            raise ValueError(f"the {kind} split of these {len(data)} faces, {data.source}, has an "
                             f"empty {name} part: they are {there}")
    return parts


def undersample(part, seed=0):
    """As many faces of every class as the smallest class has, drawn with `seed`; order is kept.
    ValueError where a class has none."""
    size = part.counts().min()
    if size == 0:
        empty = part.class_names[int(part.counts().argmin())]
        raise ValueError(f"cannot balance {len(part)} faces: none of them is of the class {empty}")
    drawn = [_draw(np.flatnonzero(part.labels == label), size, seed, "undersample", name)
             for label, name in enumerate(part.class_names)]
    return part[np.sort(np.concatenate(drawn))]


def class_weights(labels, K):
    """The weight of each class in the loss, N / (K n_c) for n_c of N labels: (K,) float64. A rare
    class counts for more, and the mean over the labels is 1. ValueError where a class has none."""
    labels, K = checks.plain("labels", labels, "iu"), checks.count("K", K)
    counts = np.bincount(labels, minlength=K)
    if len(counts) > K:
        raise ValueError(f"labels must lie in 0 to {K - 1} for {K} classes, but reach "
                         f"{np.max(labels)}")
    if 0 in counts:
        raise ValueError(f"class {np.argmin(counts)} of {K} has no image, so no weight either")
    return len(labels) / (K * counts)


def _draw(members, size, seed, purpose, name):
    rng = np.random.default_rng([seed, *f"{purpose} {name}".encode()])
    return rng.choice(members, size=size, replace=False)
