"""The configuration of a training run: all that decides what it computes, checked in one place.

A run's config.json holds it whole, so that the run can be resumed, scored and made again; and
whatever is read from there is checked here before anything believes it.
"""

import zlib
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np

from tinyfer.data import draw_faces, find_data, load_fer2013
from tinyfer.data.splits import CLASS_SETS, SPLITS, select_classes
from tinyfer.storage.arrays import load_arrays
from tinyfer.training import experiments
from tinyfer.training.fields import (
    FLAG,
    PATH,
    check,
    instance,
    one_of,
    optional,
    read,
    setting,
    whole,
)
from tinyfer.training.recipes import PLAIN, STUDY, Recipe

LARGEST_SEED = 2**63 - 1
LATER = {"start", "find_faces", "teachers", "also_drawn"}      # not in the files of old runs
GONE = {"dtype", "limit"}                                       # settings that were given up


@dataclass(frozen=True)
class Config:
    """What is trained on which faces, and how (recipe). ValueError naming a field that is out of
    its range. The help of each field says what it means; those without a default may be None."""

    classes: int | str = setting(
        5, one_of(*CLASS_SETS, experiments.OWN),
        "7: all; 6: no disgust; 5: no disgust, no neutral; 3: happy, neutral, sad; 2: positive "
        "against negative, no neutral; own: those that the folders of your pictures name")
    balance: str = setting(
        "weights", one_of(*experiments.BALANCES),
        "none: as they are; weights: rare classes weigh more in the loss; undersample: as many of "
        "each class as the rarest has")
    split: str = setting(
        "report", one_of(*SPLITS),
        "report: the study's 70/20/10 %, drawn with --seed; official: Training, PublicTest and "
        "PrivateTest, the one that compares with the literature")
    drop_duplicates: bool = setting(
        False, FLAG, "train without the images that have an exact copy in the validation or test "
        "part")
    drawn: int | None = setting(
        None, optional(whole(1, 10**7)), "train on N drawn faces even if FER-2013 is at hand",
        metavar="N")
    also_drawn: int | None = setting(
        None, optional(whole(1, 10**6)), "N drawn faces beside the photographs: four fifths to "
        "learn from, the others to choose the best epoch with", metavar="N")
    data: str | None = setting(
        None, PATH, "FER-2013: archive.zip, its folder, or the csv file; or your own pictures, of "
        "any two or more classes, in a folder, zip or tar.gz: train/CLASS/* and test/CLASS/*, used "
        "as they are where there is val/CLASS/* too; or CLASS/*, of which 70/20/10 % are drawn "
        "with --seed (80/10/10 % with --split official)",
        metavar="PATH")
    find_faces: bool = setting(
        False, FLAG, "in a folder of your own, take the largest face found in each picture, and "
        "the picture where there is none (default: the whole picture)")
    seed: int = setting(
        0, whole(0, LARGEST_SEED), "fixes everything random: split, weights, order, augmentation, "
        "dropout", metavar="N")
    start: str | None = setting(
        None, PATH, "start from packaged weights by name (seven-class), a model file or a run "
        "folder; classes of the same name keep what is known of them", option="from",
        metavar="WEIGHTS")
    teachers: str | None = setting(
        None, PATH, "what other networks answer to the training images of FER-2013, for a recipe "
        "that distils it", metavar="FILE")
    recipe: Recipe = setting(STUDY, instance(Recipe, "a Recipe"))

    def __post_init__(self):
        check(self, "the setting ")

    @classmethod
    def read(cls, values, recipe=None):
        """A configuration from a dict, as config.json and packaged weights hold it.

        Those of version 0.1 held the name of a recipe, of which four values stood among the
        settings; recipe: the dict that stood beside them. ValueError as above, and where a setting
        is missing or unknown.
        """
        if not isinstance(values, dict):
            return read(cls, values, "settings")
        values = {name: value for name, value in values.items() if name not in GONE}
        if isinstance(values.get("recipe"), dict):
            values["recipe"] = Recipe.read(values["recipe"])
        else:
            for name in set(PLAIN) - {"patience"} - values.keys():
                raise ValueError(f"the setting {name} is missing")
            values["recipe"] = Recipe.of_version_01(values, recipe)
            values = {name: value for name, value in values.items() if name not in PLAIN}
        return read(cls, values, "settings", LATER)

    def as_dict(self):
        return asdict(self)

    @property
    def experiment(self):
        """The study's experiment with this set-up, or one without a number."""
        return experiments.resolve(self.classes, self.balance, self.split)

    @property
    def name(self):
        """What the folder of such a run is called, "experiment6-seed0" for example."""
        experiment = self.experiment
        words = [
            "drawn" * bool(self.drawn),
            f"experiment{experiment.number}" if experiment.number else
            f"{experiment.classes}-{experiment.balance}-{experiment.split}",
            self.recipe.name * (self.recipe.name != usual_recipe(self.drawn, self.start)),
            f"drawn{self.also_drawn}" * bool(self.also_drawn),
            "distinct" * self.drop_duplicates,
            f"from-{Path(self.start).stem}" if self.start else "",
            "found" * self.find_faces, f"seed{self.seed}"]
        return "-".join(filter(None, words))

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

    def faces(self, data=None, progress=None, find=None):
        """The faces of such a run, of all the classes there are. data: as for `find`; progress: as
        for `load_fer2013`; find: what finds a face in a picture, used where find_faces is set
        (`tinyfer.photo.reading.largest_face`; what is configured imports no finder)."""
        place = self.find(data)
        if place is None:
            return draw_faces(self.drawn, seed=self.seed)
        faces = load_fer2013(place, progress=progress, seed=self.seed,
                             find=find if self.find_faces else None)
        return with_opinions(faces, self.teachers) if self.teachers else faces

    def parts(self, faces):
        """Parts(train, validation, test) of these faces, as by `experiments.prepare`, and drawn
        faces joined to the first two where `also_drawn` asks for them."""
        parts = experiments.prepare(faces, self.experiment, self.seed, self.drop_duplicates)
        if not self.also_drawn:
            return parts
        drawn = select_classes(draw_faces(self.also_drawn, seed=self.seed), self.classes)
        learnt = drawn.usage == "Training"
        return parts._replace(train=parts.train.joined(drawn[learnt]),
                              validation=parts.validation.joined(drawn[~learnt]))

    def same_run(self, other):
        """Whether the other is the same run, wherever its data lay."""
        return replace(self, data=other.data) == other


def usual_recipe(drawn, start):
    """The name of the recipe that is taken where none is asked for."""
    return "fine-tune" if start else "drawn" if drawn else "study"


def with_opinions(faces, path):
    """FER-2013 with the answers in `path` to its training images: "probabilities" (N, K), and
    "checksum", of those images. ValueError where they are of other images or classes."""
    arrays, training = load_arrays(path), faces.usage == "Training"
    missing = {"probabilities", "checksum"} - arrays.keys()
    if missing or arrays["probabilities"].shape != (training.sum(), len(faces.class_names)) \
            or int(arrays["checksum"]) != zlib.crc32(faces.faces[training].tobytes()):
        raise ValueError(f"{path} holds no answers to these {training.sum():,} training images")
    opinions = np.full((len(faces), len(faces.class_names)), np.nan, np.float32)
    opinions[training] = arrays["probabilities"]
    return replace(faces, opinions=opinions)
