"""A trained network, scored on a part of its data: with and without the images it has seen before.

A run is opened from its folder or, for packaged weights, by name; the data it was trained on is
split again by its settings and compared with the checksums kept then, so that a score never
comes from other images than the run's own.
"""

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from tinyfer import experiments, metrics, runs
from tinyfer.architectures import PACKAGED, load_model
from tinyfer.binary import THRESHOLD, binary_scores, mcnemar, threshold_curve
from tinyfer.checkpoint import load_arrays
from tinyfer.datasets import class_weights, duplicate_groups, find_data, load_fer2013, seen_in
from tinyfer.metrics import reliability

PARTS = ("train", "validation", "test")


@dataclass
class Run:
    """A trained network and how it came to be.

    name: its folder or packaged name; folder: a Path, or None for packaged weights; config: the
    dict of config.json; history: rows of history.csv, empty for packaged weights.
    """

    name: str
    folder: Path | None
    model: object
    config: dict
    history: list

    @property
    def settings(self):
        return self.config["settings"]

    @property
    def experiment(self):
        return experiments.resolve(*(self.settings[k] for k in ("classes", "balance", "split")))


def open_run(place):
    """The Run in a folder, or behind the name of packaged weights ("five-class").

    FileNotFoundError where there is neither; ValueError where a file in it is damaged, or where
    the weights do not tell what they were trained on.
    """
    folder = Path(place)
    if folder.is_dir():
        config = runs.read_config(folder)
        if not (folder / "best.npz").is_file():
            raise FileNotFoundError(f"{folder} holds no best.npz yet: its first epoch is not over")
        return Run(str(place), folder, load_model(folder / "best.npz"), config,
                   runs.read_history(folder))
    model = load_model(place)
    config = trained_how(place)
    if config is None:
        raise ValueError(f"{place} does not tell what it was trained on: give its run folder")
    return Run(str(place), None, model, config, [])


def trained_how(place):
    """The configuration that packaged weights, a name or a file, carry with them; or None."""
    packaged = PACKAGED / f"{place}.npz"
    arrays = load_arrays(packaged if packaged.is_file() else place)
    return json.loads(arrays["model"].tobytes()).get("trained")


def parts_of(run, data=None):
    """(Parts, copies): the three parts a run was made on, and for each part but training which of
    its images have an exact copy in training, as a dict of (n,) bool.

    data: where FER-2013 is; else the run's own place, TINYFER_DATA or ./data. The copies are those
    in the training part before any are dropped, so that a run without them is scored on the same
    images as a run with them. ValueError where these data are not those of the run.
    """
    settings = run.settings
    faces = _faces(settings, data)
    parts = experiments.prepare(faces, run.experiment, settings["seed"],
                                settings["drop_duplicates"])
    for name, facts in runs.describe_parts(parts).items():
        if facts["checksum"] != run.config["parts"][name]["checksum"]:
            raise ValueError(f"the {name} part made from this data has other images than "
                             f"{run.name} was trained with: give the same data set in the same "
                             "form by --data")
    train = parts.train
    if settings["drop_duplicates"]:
        train = experiments.prepare(faces, run.experiment, settings["seed"]).train
    return parts, {name: seen_in(getattr(parts, name), train) for name in PARTS[1:]}


def _faces(settings, data):
    if settings["drawn"]:
        from tinyfer.datasets.toyfaces import draw_faces
        return draw_faces(settings["drawn"], seed=settings["seed"])
    own = settings["data"]
    if data is None and own and Path(own).exists():
        data = own
    data = find_data(data)
    if data is None:
        raise FileNotFoundError("FER-2013 is not here: give --data, the TINYFER_DATA variable, or "
                                "put it in ./data")
    return load_fer2013(data)


def score(labels, probabilities, class_names, copies=None):
    """`metrics.evaluate`, with "calibration", and the same again without copies.

    copies: (N,) bool, which images have a copy in training. Adds "copies": their number,
    "accuracy_on_copies" and "without_copies": the dict of `metrics.evaluate` over the others; both
    None where there is nothing to score. Without `copies` none of the three is added.
    """
    result = metrics.evaluate(labels, probabilities, class_names)
    result["calibration"] = reliability(labels, probabilities)
    if copies is not None:
        right = probabilities.argmax(axis=1) == labels
        result["copies"] = int(copies.sum())
        result["accuracy_on_copies"] = float(right[copies].mean()) if copies.any() else None
        result["without_copies"] = None if copies.all() else metrics.evaluate(
            labels[~copies], probabilities[~copies], class_names)
    return result


def mistakes(part, probabilities, count=24):
    """Indices of the most confident wrong predictions, the most confident first; of copies one."""
    predictions = probabilities.argmax(axis=1)
    wrong = np.flatnonzero(predictions != part.labels)
    order = wrong[np.argsort(-probabilities[wrong, predictions[wrong]], kind="stable")]
    _, first = np.unique(duplicate_groups(part.faces[order]), return_index=True)
    return order[np.sort(first)][:count]


def binarized_scores(labels, probabilities, class_names):
    """Experiment 6b: the classes merged to positive and negative after prediction.

    Returns dict(scores: of `binary_scores` at the study's threshold 0.5, thresholds: of
    `threshold_curve`). ValueError where a class is neither positive nor negative, as neutral.
    """
    truth, positive = experiments.binarize(labels, probabilities, class_names)
    return dict(scores=binary_scores(truth, positive), thresholds=threshold_curve(truth, positive))


def reweighed_scores(run, train, part, probabilities):
    """Scores with class weights put on after training or, if it was trained with them, taken off.

    Weights s_c in the loss turn the best answer P(c | x) into s_c P(c | x), normalised (docs/10).
    So the probabilities of a run without class weights are multiplied by them, those of a run with
    them divided, and normalised. train: the training part, whose counts give the weights (all 1
    where it is undersampled); probabilities: of the images of `part`. Returns dict(how:
    "multiplied" or "divided", scores: of `metrics.evaluate`).
    """
    weights = class_weights(train.labels, len(train.class_names))
    divided = run.settings["balance"] == "weights"
    answers = probabilities / weights if divided else probabilities * weights
    answers /= answers.sum(axis=1, keepdims=True)
    return dict(how="divided" if divided else "multiplied",
                scores=metrics.evaluate(part.labels, answers, part.class_names))


def compared(run, part, probabilities, other):
    """`mcnemar` of a run and another of the same classes, on the images of a part of the first.

    Where `other` is a two-class run, the answers of the first are merged to its classes. Both are
    shown the very images of `part`, which are as new to the one as to the other if both split the
    data in the same way with the same seed, for a split draws the images of a class whichever
    other classes are kept. ValueError otherwise, or where the classes do not fit.
    """
    mine, its = run.settings["classes"], other.settings["classes"]
    if its not in (mine, 2):
        raise ValueError(f"{other.name} has {its} classes; expected {mine} as {run.name} has, or 2")
    for key in ("split", "seed", "drawn"):
        if other.settings[key] != run.settings[key]:
            raise ValueError(f"{other.name} has {key} {other.settings[key]}, but {run.name} "
                             f"{run.settings[key]}: its test images would not be new to both")
    truth, answers = part.labels, probabilities.argmax(axis=1)
    if its != mine:
        truth, positive = experiments.binarize(part.labels, probabilities, part.class_names)
        answers = (positive > THRESHOLD).astype(int)
    return mcnemar(truth, answers, other.model.predict(part.faces))
