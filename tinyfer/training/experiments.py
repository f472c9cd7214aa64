"""The experiments of the reference study as data, with the figures it reports.

Source: I. Silvestro, A Convolutional Neural Network Classifier for Emotion Recognition (2025).
Its question is what the make-up of the data does to one and the same network: which classes are
kept, how imbalance is treated, and whether to merge classes before or after training.
"""

from typing import NamedTuple

import numpy as np

from tinyfer.data.duplicates import drop_duplicates as without_copies
from tinyfer.data.splits import CLASS_SETS, Parts, select_classes, split, undersample
from tinyfer.storage.arrays import brief

BALANCES = ("none", "weights", "undersample")
OWN = "own"             # instead of a number of classes: those that the data have, as they are


class Experiment(NamedTuple):
    """One training set-up.

    number: "1" to "8", "official7", or "" for a set-up that is not in EXPERIMENTS; study: the
    study's figures where it gives them: accuracy, precision and auc (macro, test part),
    val_accuracy, parts (images in training, validation, test), train_per_class, test_per_class, or
    a remark.
    """

    number: str
    title: str
    classes: int | str
    balance: str
    split: str = "report"
    study: dict = {}


_ALL = {"parts": (25_120, 7_178, 3_589)}
EXPERIMENTS = {experiment.number: experiment for experiment in (
    Experiment("1", "seven classes as they come", 7, "none", study={
        "accuracy": 0.61, "precision": 0.57, "val_accuracy": 0.62, **_ALL}),
    Experiment("2", "seven classes, undersampled to disgust", 7, "undersample", study={
        "val_accuracy": 0.38, "train_per_class": 381, "test_per_class": 55}),
    Experiment("3", "seven classes, class weights", 7, "weights", study={
        "remark": "worse than experiment 1", **_ALL}),
    Experiment("4", "six classes (no disgust), undersampled to surprise", 6, "undersample", study={
        "val_accuracy": 0.57, "train_per_class": 2_775}),
    Experiment("5", "happy, neutral and sad, undersampled", 3, "undersample", study={
        "accuracy": 0.72, "precision": 0.73, "auc": 0.88}),
    Experiment("6", "five classes (no disgust, no neutral), class weights", 5, "weights", study={
        "accuracy": 0.67, "precision": 0.65, "auc": 0.88, "parts": (20_395, 5_834, 2_913)}),
    Experiment("7", "positive against negative, class weights", 2, "weights", study={
        "accuracy": 0.87, "precision": 0.87, "auc": 0.95}),
    Experiment("8", "positive against negative, undersampled", 2, "undersample", study={
        "accuracy": 0.86, "precision": 0.86, "auc": 0.94, "train_per_class": 9_088,
        "test_per_class": 1_298}),
    Experiment("official7", "seven classes, the parts of the challenge", 7, "none", "official"),
)}

# Experiment 6b: no training of its own, but the network of 6 with its classes merged afterwards
# by `binarize`. precision is that of the class positive.
BINARIZED = Experiment("6b", "experiment 6, merged after training", 5, "weights", study={
    "accuracy": 0.87, "precision": 0.90, "auc": 0.94, "test_per_class": (1_615, 1_298)})


def resolve(classes, balance, split="report"):
    """The experiment of EXPERIMENTS with this set-up, or an unnumbered one where there is none.

    ValueError where balance is none of those known; classes and split are checked by their steps.
    """
    if balance not in BALANCES:
        raise ValueError(f"balance must be one of {', '.join(BALANCES)}, not {brief(balance)}")
    for experiment in EXPERIMENTS.values():
        if (experiment.classes, experiment.balance, experiment.split) == (classes, balance, split):
            return experiment
    title = f"{classes} classes, balance {balance}, {split} split"
    return Experiment("", title, classes, balance, split)


def prepare(data, experiment, seed=0, drop_duplicates=False):
    """Parts(train, validation, test) of an experiment.

    data: Faces of all seven classes, or of any for an experiment whose classes are OWN.
    experiment: an Experiment, or (classes, balance, split).
    In this order: split, classes selected or merged, with `drop_duplicates` training images with
    an exact copy in validation or test removed, and with the balance "undersample" each of the
    three parts undersampled. The balance "weights" changes no part: it is for the training to weigh
    the loss with `class_weights`. Raises ValueError as `resolve` and the steps do, and where a
    class has no training image.
    """
    if not isinstance(experiment, Experiment):
        experiment = resolve(*experiment)
    parts = split(data, experiment.split, seed)
    if experiment.classes != OWN:
        parts = Parts(*(select_classes(part, experiment.classes) for part in parts))
    if drop_duplicates:
        parts = without_copies(parts)
    counts = parts.train.counts()
    if 0 in counts:
        empty = parts.train.class_names[int(counts.argmin())]
        raise ValueError(f"no training image is of the class {empty}")
    if experiment.balance == "undersample":
        parts = Parts(*(undersample(part, seed) for part in parts))
    return parts


def binarize(labels, probabilities, class_names):
    """Positive against negative after training (experiment 6b): (labels, P(positive)).

    labels (N,) and probabilities (N, K) are of the classes `class_names`, none of them neutral.
    Returns (N,) int64, 1 where the label is happy or surprise, and (N,): P(happy) + P(surprise).
    The study predicts positive where that exceeds 0.5. Raises ValueError where a class of
    `class_names` is neither positive nor negative.
    """
    merged = CLASS_SETS[2]
    if strangers := set(class_names) - {*merged["positive"], *merged["negative"]}:
        raise ValueError(f"the class {sorted(strangers)[0]} is neither positive nor negative")
    positive = np.isin(class_names, merged["positive"])
    return positive[labels].astype(np.int64), probabilities[:, positive].sum(axis=1)
