"""How a network is trained, as data: everything that decides a training but the images.

STUDY is how the reference study trained and the default everywhere; BEST is how the packaged
seven-class network of the highest accuracy is made. What each difference between the two is worth
is measured in docs/results.md, and chapter 16 tells why it helps.
"""

import dataclasses
from dataclasses import dataclass

import numpy as np

from tinyfer.core.inference import to_input
from tinyfer.core.losses import smooth_targets
from tinyfer.core.optim import SCHEDULES, SGD, Adam
from tinyfer.data.augment import (
    NO_AUGMENTATION,
    SHIFT_AND_MIRROR,
    Augmentation,
    augment,
    distort,
    mix,
)
from tinyfer.training.ema import RunningMean

OPTIMIZERS = "adam", "sgd"


@dataclass(frozen=True)
class Recipe:
    """epochs and batch_size; optimizer: "adam", or "sgd" with `momentum`; lr: the highest rate;
    schedule: a name of SCHEDULES; decay: of the weights (Adam only); augmentation: how far faces
    are changed; crop: rows and columns of the training pictures, None for whole faces; smoothing:
    the share of each label given to all classes alike; mixing: alpha of `mix`, 0 for none;
    averaging: decay of the running mean of the weights, 0 for none; patience: epochs without a
    better validation accuracy after which training stops, None for never.

    ValueError for a value out of its range.
    """

    epochs: int = 40
    batch_size: int = 64
    optimizer: str = "adam"
    lr: float = 1e-4
    momentum: float = 0.0
    schedule: str = "constant"
    decay: float = 0.0
    augmentation: Augmentation = SHIFT_AND_MIRROR
    crop: int | None = None
    smoothing: float = 0.0
    mixing: float = 0.0
    averaging: float = 0.0
    patience: int | None = None

    def __post_init__(self):
        if isinstance(self.augmentation, dict):
            object.__setattr__(self, "augmentation", Augmentation(**self.augmentation))
        for name, least in (("epochs", 0), ("batch_size", 1), ("crop", 1), ("patience", 1)):
            value = getattr(self, name)
            if value is None and name in ("crop", "patience"):
                continue
            if type(value) is not int or value < least:
                raise ValueError(f"{name} is {value!r}; expected an integer of at least {least}")
        for name, most in (("momentum", 1), ("smoothing", 1), ("averaging", 1), ("decay", 1e3),
                           ("mixing", 1e3), ("lr", float("inf"))):
            value = getattr(self, name)
            if not isinstance(value, (int, float)) or not 0 <= value < most:
                raise ValueError(f"{name} is {value!r}; expected a number from 0 to below {most:g}")
        for name, known in (("optimizer", OPTIMIZERS), ("schedule", tuple(SCHEDULES))):
            if getattr(self, name) not in known:
                raise ValueError(f"{name} is {getattr(self, name)!r}; "
                                 f"expected one of {', '.join(known)}")
        if self.optimizer == "sgd" and self.decay:
            raise ValueError("decay is for Adam; sgd has none here")

    def as_dict(self):
        """For config.json; `Recipe.read(as_dict())` is the recipe again."""
        return dataclasses.asdict(self)

    @classmethod
    def read(cls, values):
        """A recipe from what config.json holds; ValueError where that is no recipe."""
        try:
            return cls(**values)
        except TypeError as error:
            raise ValueError(f"this is no recipe: {str(error):.100}") from None

    def make_optimizer(self, model):
        """A new optimizer for a model, with the running mean where the recipe has one."""
        if self.optimizer == "sgd":
            optimizer = SGD(model.parameters(), self.lr, self.momentum)
        else:
            optimizer = Adam(model.parameters(), self.lr, decay=self.decay)
        return RunningMean(optimizer, model, self.averaging) if self.averaging else optimizer

    def rate(self, done, steps):
        """The rate of the step before which `done` of `steps` are done."""
        return self.lr * SCHEDULES[self.schedule](done / steps)

    @property
    def soft(self):
        """Whether the targets are probabilities and not labels."""
        return self.smoothing > 0 or self.mixing > 0

    @property
    def window(self):
        """Where a network so trained looks when it looks once: crops lie about the middle of faces
        that are changed by `distort`; other pictures are cut at the corner, or not at all."""
        cut_by_chance = self.augmentation not in (NO_AUGMENTATION, SHIFT_AND_MIRROR)
        return "middle" if self.crop and cut_by_chance else "corner"

    def batch(self, faces, labels, classes, rng, dtype=np.float32):
        """Faces and labels of a step as the network gets them: x (N, H, W, 1), and the labels (N,)
        or, where `soft`, targets (N, classes)."""
        x = self._pictures(faces, rng, dtype)
        if not self.soft:
            return x, labels
        targets = smooth_targets(labels, classes, self.smoothing, dtype)
        return mix(x, targets, self.mixing, rng) if self.mixing else (x, targets)

    def _pictures(self, faces, rng, dtype):
        size = slice(self.crop)         # without change by chance, the corner that prediction sees
        if self.augmentation == NO_AUGMENTATION:
            return to_input(faces[:, size, size], dtype)
        if self.augmentation == SHIFT_AND_MIRROR:
            return np.ascontiguousarray(augment(faces, rng, dtype)[:, size, size])
        crop = (self.crop, self.crop) if self.crop else None
        return distort(faces, self.augmentation, rng, crop, dtype)


STUDY = Recipe()
BEST = Recipe(
    epochs=80, batch_size=128, lr=2e-3, schedule="one-cycle", decay=0.05, crop=44, smoothing=0.1,
    averaging=0.999,
    augmentation=Augmentation(rotation=11, scale=0.12, shift=3, mirror=0.5, brightness=0.1,
                              contrast=0.2),
)
RECIPES = {"study": STUDY, "best": BEST}
