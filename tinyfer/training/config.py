"""The settings of a training run: all that decides what it computes, checked in one place.

A run's config.json holds them whole, so that the run can be resumed, scored and made again; and
whatever is read from there is checked here before anything believes it.
"""

import math
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path

from tinyfer.data import draw_faces, find_data, load_fer2013
from tinyfer.photo.reading import largest_face
from tinyfer.training import experiments
from tinyfer.training.recipes import RECIPES

LARGEST_SEED = 2**63 - 1
# Not in the settings of old runs:
LATER = {"dtype", "recipe", "patience", "limit", "start", "find_faces"}


@dataclass(frozen=True)
class Settings:
    """What is trained on which faces, and how.

    classes, balance, split    the experiment, as in tinyfer.training.experiments
    drop_duplicates            train without images that have a copy in validation or test
    drawn                      that many drawn faces are the data; None: FER-2013 is
    data                       where FER-2013 or the folder of pictures lay, or None
    epochs, batch_size, lr     times each image is seen, images a step, Adam's rate
    seed                       of everything random
    dtype                      what is computed with, "float32" or "float64"
    recipe                     name of a recipe in tinyfer.training.recipes, of which the rest is taken
    patience                   epochs without a better one after which it ends; None: never
    limit                      only so many images of each part; None: all
    start                      weights to start from, a name or a path; None: drawn by the seed
    find_faces                 in a folder of pictures, the largest face found in each is taken

    ValueError naming the setting where a value is of another kind or out of its range.
    """

    classes: int | str
    balance: str
    split: str
    drop_duplicates: bool
    drawn: int | None
    data: str | None
    epochs: int
    batch_size: int
    lr: float
    seed: int
    dtype: str = "float32"
    recipe: str = "study"
    patience: int | None = None
    limit: int | None = None
    start: str | None = None
    find_faces: bool = False

    def __post_init__(self):
        for name, least, most in (("epochs", 1, 10**6), ("batch_size", 1, 10**6),
                                  ("seed", 0, LARGEST_SEED), ("drawn", 1, 10**7),
                                  ("patience", 1, 10**6), ("limit", 1, 10**7)):
            value = getattr(self, name)
            optional = name in ("drawn", "patience", "limit") and value is None
            if not optional and not (type(value) is int and least <= value <= most):
                raise _wrong(name, value, f"a whole number from {least} to {most}")
        if type(self.lr) not in (int, float) or not 0 < self.lr < math.inf:
            raise _wrong("lr", self.lr, "a finite number above 0")
        for name in ("drop_duplicates", "find_faces"):
            if type(getattr(self, name)) is not bool:
                raise _wrong(name, getattr(self, name), "true or false")
        for name in ("data", "start"):
            if not (getattr(self, name) is None or isinstance(getattr(self, name), str)):
                raise _wrong(name, getattr(self, name), "a path, or nothing")
        if not isinstance(self.recipe, str) or self.recipe not in RECIPES:
            raise _wrong("recipe", self.recipe, " or ".join(RECIPES))
        if self.dtype not in ("float32", "float64"):
            raise _wrong("dtype", self.dtype, "float32 or float64")
        experiments.resolve(self.classes, self.balance, self.split)

    @classmethod
    def read(cls, values):
        """Settings from a dict, as config.json and packaged weights hold them.

        Those without a dtype or recipe are from before there was a choice. ValueError as above,
        and where a setting is missing or unknown.
        """
        if not isinstance(values, dict):
            raise ValueError(f"settings are {type(values).__name__}, expected names and values")
        known = {field.name for field in fields(cls)}
        for name in sorted((known ^ values.keys()) - LATER):
            what = "is missing" if name in known else "is unknown"
            raise ValueError(f"the setting {str(name)[:40]!r} {what}")
        return cls(**values)

    def as_dict(self):
        return asdict(self)

    def decisive(self):
        """What an epoch depends on, by name: a run goes on with these or not at all. A rate that
        falls depends on the number of epochs to come."""
        free = {"data", "patience"}
        if self.training.schedule == "constant":
            free.add("epochs")
        values = asdict(self) | {"find_faces": self.find_faces or None}      # as in old checkpoints
        return {name: value for name, value in values.items() if name not in free}

    @property
    def training(self):
        """The recipe, with the epochs, batches, rate and patience of these settings."""
        return replace(RECIPES[self.recipe], epochs=self.epochs, batch_size=self.batch_size,
                       lr=self.lr, patience=self.patience)

    @property
    def experiment(self):
        """The study's experiment with this set-up, or one without a number."""
        return experiments.resolve(self.classes, self.balance, self.split)

    @property
    def name(self):
        """What the folder of such a run is called, "experiment6-seed0" for example."""
        experiment = self.experiment
        name = f"experiment{experiment.number}"
        if not experiment.number:
            name = f"{experiment.classes}-{experiment.balance}-{experiment.split}"
        drawn = "drawn-" if self.drawn else ""
        distinct = "-distinct" if self.drop_duplicates else ""
        double = "-float64" if self.dtype == "float64" else ""
        recipe = f"-{self.recipe}" if self.recipe != "study" else ""
        limit = f"-limit{self.limit}" if self.limit else ""
        start = f"-from-{Path(self.start).stem}" if self.start else ""
        found = "-found" if self.find_faces else ""
        return f"{drawn}{name}{recipe}{distinct}{double}{limit}{start}{found}-seed{self.seed}"

    def find(self, data=None):
        """Where the faces of such a run are: None if they are drawn, else the path of FER-2013.

        data: where it is; None: where the run found it, else as `find_data` looks for it.
        FileNotFoundError where there is none; ValueError for data with a run on drawn faces.
        """
        if self.drawn:
            if data is not None:
                raise ValueError(f"the run is on {self.drawn:,} drawn faces: it cannot use {data}")
            return None
        own = self.data and Path(self.data).exists()
        place = find_data(data if data is not None else self.data if own else None)
        if place is None:
            gone = f"no longer in {self.data}" if self.data else "not here"
            raise FileNotFoundError(f"FER-2013 is {gone}: tell where it is, set TINYFER_DATA, or "
                                    "put it in ./data")
        return place

    def faces(self, data=None, progress=None):
        """The faces of such a run, of all the classes there are. data: as for `find`; progress: as
        for `load_fer2013`."""
        place = self.find(data)
        if place is None:
            return draw_faces(self.drawn, seed=self.seed)
        return load_fer2013(place, progress=progress, seed=self.seed,
                            find=largest_face if self.find_faces else None)

    def parts(self, faces):
        """Parts(train, validation, test) of these faces: see `tinyfer.training.experiments.prepare`."""
        return experiments.prepare(faces, self.experiment, self.seed, self.drop_duplicates,
                                   self.limit)


def _wrong(name, value, expected):
    return ValueError(f"the setting {name} is {str(value)[:40]!r}; expected {expected}")
