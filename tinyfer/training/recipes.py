"""How a network is trained, as data: everything that decides a training but the images.

STUDY is how the reference study trained and the default everywhere; BEST is how the packaged
seven-class network of the highest accuracy is made. What each difference between the two is worth
is measured in docs/results.md, and chapter 16 tells why it helps.
"""

from dataclasses import asdict, dataclass, field, replace

import numpy as np

from tinyfer.core.losses import smooth_targets
from tinyfer.core.optim import SCHEDULES, SGD, Adam
from tinyfer.data.augment import NO_AUGMENTATION, SHIFT_AND_FLIP, Augmentation, changed, mix
from tinyfer.data.faces import SIZE
from tinyfer.training.ema import RunningMean
from tinyfer.training.fields import check, instance, number, one_of, optional, read, setting, whole

# What version 0.1 called them, in the files it wrote.
OLD_NAMES = {"decay": "weight_decay", "smoothing": "label_smoothing", "mixing": "mixup",
             "averaging": "ema", "mirror": "horizontal_flip"}


@dataclass(frozen=True)
class Recipe:
    """How a network is trained. ValueError naming the first value that is out of its range.

    epochs, batch_size; optimizer: "adam", or "sgd" with `momentum`; lr: the highest rate;
    schedule: a name of SCHEDULES; weight_decay: of Adam; augmentation: how far faces are changed;
    crop: rows and columns of the training pictures, None for whole faces; label_smoothing: the
    fraction of each label given to all classes alike; mixup: alpha of `mix`, 0 for none; ema: decay
    of the running mean of the weights, 0 for none; distillation: the fraction of the target that is
    what other networks answer (`Faces.opinions`), their logits divided by temperature; patience:
    epochs without a better validation accuracy after which training stops, None for never. name:
    the entry of RECIPES that it was made from; recipes that do the same are equal whatever it is.
    """

    epochs: int = setting(40, whole(1), "times each training image is seen", metavar="N")
    batch_size: int = setting(64, whole(1), "images per step", metavar="N")
    optimizer: str = setting("adam", one_of("adam", "sgd"))
    lr: float = setting(1e-4, number(0, 1000, open_=True),
                        "learning rate, or the highest where it changes", metavar="RATE")
    momentum: float = setting(0.0, number(0, 1))
    schedule: str = setting("constant", one_of(*SCHEDULES))
    weight_decay: float = setting(0.0, number(0, 1e3))
    augmentation: Augmentation = setting(
        SHIFT_AND_FLIP, instance(Augmentation, "an Augmentation"))
    crop: int | None = setting(None, optional(whole(1, SIZE)))
    label_smoothing: float = setting(0.0, number(0, 1))
    mixup: float = setting(0.0, number(0, 1e3))
    ema: float = setting(0.0, number(0, 1))
    distillation: float = setting(0.0, number(0, 1))
    temperature: float = setting(1.0, number(0, 1e3, open_=True))
    patience: int | None = setting(
        None, optional(whole(1)),
        "stop when the validation accuracy has not risen for N epochs", metavar="N")
    name: str = field(default="study", compare=False)

    def __post_init__(self):
        check(self)
        if self.optimizer == "sgd" and self.weight_decay:
            raise ValueError("weight_decay is for Adam; sgd has none here")

    def as_dict(self):
        """For config.json; `Recipe.read(as_dict())` is the recipe again."""
        return asdict(self)

    @classmethod
    def read(cls, values):
        """A recipe from what a file holds, of version 0.1 too; ValueError where that is none."""
        def renamed(given):
            return {OLD_NAMES.get(name, name): value for name, value in given.items()}

        if isinstance(values, dict):
            values = renamed(values)
            changes = values.get("augmentation")
            if isinstance(changes, dict):
                values["augmentation"] = read(Augmentation, renamed(changes), "an augmentation",
                                              later=vars(NO_AUGMENTATION))
        return read(cls, values, "a recipe", later=vars(STUDY))

    @classmethod
    def of_version_01(cls, settings, recipe=None):
        """The recipe of a run of version 0.1, whose settings held its name, epochs, batch size,
        rate and patience; recipe: the rest, where its config.json had that."""
        name = settings.get("recipe", "study")
        if name not in RECIPES:
            raise ValueError(f"recipe is {name!r:.40}; expected one of {', '.join(RECIPES)}")
        made = RECIPES[name] if recipe is None else replace(cls.read(recipe), name=name)
        return replace(made, **{each: settings[each] for each in PLAIN if each in settings})

    def decisive(self):
        """What an epoch depends on, by name: a run goes on with these or not at all. A rate that
        falls depends on the number of epochs to come."""
        free = {"patience", "name"} | ({"epochs"} if self.schedule == "constant" else set())
        return {name: value for name, value in self.as_dict().items() if name not in free}

    def make_optimizer(self, model):
        """A new optimizer for a model, with the running mean where the recipe has one."""
        if self.optimizer == "sgd":
            optimizer = SGD(model.parameters(), self.lr, self.momentum)
        else:
            optimizer = Adam(model.parameters(), self.lr, weight_decay=self.weight_decay)
        return RunningMean(optimizer, model, self.ema) if self.ema else optimizer

    def rate(self, done, steps):
        """The rate of the step before which `done` of `steps` are done."""
        return self.lr * SCHEDULES[self.schedule](done / steps)

    @property
    def soft(self):
        """Whether the targets are probabilities and not labels."""
        return self.label_smoothing > 0 or self.mixup > 0 or self.distillation > 0

    @property
    def window(self):
        """Where a network so trained looks when it looks once: crops lie about the middle of faces
        that are changed by `distort`; other pictures are cut at the corner, or not at all."""
        return "middle" if self.crop and self.augmentation.method == "distort" else "corner"

    def batch(self, faces, labels, classes, rng, dtype=np.float32, opinions=None):
        """Faces and labels of a step as the network gets them: x (N, H, W, 1), and the labels (N,)
        or, where `soft`, targets (N, classes).

        With distillation d and temperature T, and q the opinions (N, classes):

            target = (1 - d) smoothed label + d q^(1/T) / sum of q^(1/T)

        ValueError where a face lacks an opinion that is asked for. Chapter 16.
        """
        x = changed(faces, self.augmentation, rng, self.crop, dtype)
        if not self.soft:
            return x, labels
        targets = smooth_targets(labels, classes, self.label_smoothing, dtype)
        if self.distillation:
            if opinions is None or not np.isfinite(opinions).all():
                raise ValueError("distillation needs the opinions of other networks on every "
                                 "training face; some have none")
            taught = opinions.astype(np.float64) ** (1 / self.temperature)
            taught /= taught.sum(axis=1, keepdims=True)
            targets = ((1 - self.distillation) * targets
                       + self.distillation * taught).astype(targets.dtype)
        return mix(x, targets, self.mixup, rng) if self.mixup else (x, targets)


PLAIN = "epochs", "batch_size", "lr", "patience"        # those that are options of `tinyfer train`
STUDY = Recipe()
BEST = Recipe(
    epochs=80, batch_size=128, lr=2e-3, schedule="one-cycle", weight_decay=0.05, crop=44,
    label_smoothing=0.1, ema=0.999, name="best",
    augmentation=Augmentation(rotation=11, scale=0.12, shift=3, horizontal_flip=0.5,
                              brightness=0.1, contrast=0.2),
)
# For photographs that are cut, lit and taken otherwise than those of FER-2013.
ROBUST = replace(
    BEST, epochs=120, name="robust",
    augmentation=Augmentation(rotation=14, scale=0.28, shift=4, horizontal_flip=0.5, brightness=0.1,
                              contrast=0.2, gamma=0.6, blur=0.3, noise=0.25))
# The same, with half of each target what other networks answer.
DISTILLED = replace(ROBUST, distillation=0.5, name="distilled")
# To go on with from there: smaller changes, at half the rate.
MILD = replace(DISTILLED, epochs=100, lr=1e-3, name="mild", augmentation=replace(
    ROBUST.augmentation, rotation=12, scale=0.2, shift=3, gamma=0.5, blur=0.2, noise=0.15))
# Drawn faces are to end in two minutes: few images, but as many steps as batch norm needs for its
# running means (some hundred, with a momentum of 0.99), and larger ones.
DRAWN = replace(STUDY, epochs=10, batch_size=16, lr=1e-3, name="drawn")
# From weights that are there, on a few pictures of one's own: most is learnt already.
FINE_TUNE = replace(BEST, epochs=10, batch_size=32, lr=5e-4, ema=0.0, name="fine-tune")
RECIPES = {recipe.name: recipe for recipe in (
    STUDY, BEST, ROBUST, DISTILLED, MILD, DRAWN, FINE_TUNE)}
