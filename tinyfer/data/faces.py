"""The one form in which every data set reaches the rest of the package."""

from dataclasses import dataclass

import numpy as np

from tinyfer.core.inference import contrast

SIZE = 48
EMOTIONS: tuple[str, ...] = ("angry", "disgust", "fear", "happy", "neutral", "sad", "surprise")
USAGES = ("Training", "PublicTest", "PrivateTest")


@dataclass(frozen=True, eq=False)
class Faces:
    """N labelled faces.

    faces        (N, 48, 48) uint8, grey: 0 black, 255 white
    labels       (N,) int64, indices into class_names
    usage        (N,) str, each one of "Training", "PublicTest", "PrivateTest" (FER-2013's parts)
    class_names  K names
    source       what these faces are, for titles and reports: "FER-2013" or "drawn faces"
    opinions     None; or (N, K) float32, probabilities by other networks, for distillation (chapter
                 16), NaN where there are none

    `len(data)` is N; `data[index]` with an index array, a boolean mask or a slice is again a Faces.
    Raises ValueError where the arrays do not fit together or a label or usage is out of range.
    """

    faces: np.ndarray
    labels: np.ndarray
    usage: np.ndarray
    class_names: tuple[str, ...]
    source: str
    opinions: np.ndarray | None = None

    def __post_init__(self):
        faces, labels, usage = map(np.asarray, (self.faces, self.labels, self.usage))
        if faces.dtype != np.uint8 or faces.shape[1:] != (SIZE, SIZE):
            raise ValueError(f"faces must be uint8 of shape (N, {SIZE}, {SIZE}), "
                             f"not {faces.dtype} of shape {faces.shape}")
        n, classes = len(faces), tuple(self.class_names)
        if labels.shape != (n,) or usage.shape != (n,):
            raise ValueError(f"{n} faces need {n} labels and {n} usages, "
                             f"not arrays of shape {labels.shape} and {usage.shape}")
        if n and not np.issubdtype(labels.dtype, np.integer):
            raise ValueError(f"labels must be integers, not {labels.dtype}")
        if n and not (0 <= labels.min() and labels.max() < len(classes)):
            raise ValueError(f"labels must lie in 0 to {len(classes) - 1} for {len(classes)} "
                             f"classes, but reach from {labels.min()} to {labels.max()}")
        if unknown := set(np.unique(usage).tolist()) - set(USAGES):
            raise ValueError(f"usage must be one of {', '.join(USAGES)}, not {min(unknown)!r}")
        if self.opinions is not None and np.shape(self.opinions) != (n, len(classes)):
            raise ValueError(f"{n} faces of {len(classes)} classes need opinions of shape "
                             f"({n}, {len(classes)}), not {np.shape(self.opinions)}")
        vars(self).update(faces=faces, labels=labels.astype(np.int64), usage=usage,
                          class_names=classes)      # the dataclass is frozen

    def __len__(self):
        return len(self.faces)

    def __getitem__(self, index):
        if np.ndim(index) == 0 and not isinstance(index, slice):
            raise TypeError(f"index Faces with an array, a mask or a slice, not {index!r}")
        opinions = None if self.opinions is None else self.opinions[index]
        return Faces(self.faces[index], self.labels[index], self.usage[index], self.class_names,
                     self.source, opinions)

    def __repr__(self):
        counts = ", ".join(f"{name} {n:,}" for name, n in zip(self.class_names, self.counts()))
        return f"Faces({len(self):,} {self.source}: {counts})"

    def joined(self, other):
        """These and the faces of another set of the same classes, whose labels are their opinions
        where these have some. ValueError where the classes differ."""
        if other.class_names != self.class_names:
            raise ValueError(f"faces of the classes {', '.join(other.class_names)} cannot be "
                             f"joined to faces of {', '.join(self.class_names)}")
        opinions = self.opinions
        if opinions is not None:
            sure = np.eye(len(self.class_names), dtype=opinions.dtype)[other.labels]
            opinions = np.concatenate([opinions, sure])
        return Faces(np.concatenate([self.faces, other.faces]),
                     np.concatenate([self.labels, other.labels]),
                     np.concatenate([self.usage, other.usage]), self.class_names, self.source,
                     opinions)

    def counts(self):
        """The number of faces of each class: (K,) int64."""
        return np.bincount(self.labels, minlength=len(self.class_names))


def blank(faces):
    """(N,) bool: which faces (N, H, W) are of a single grey, with nothing in them to see."""
    return contrast(faces) == 0
