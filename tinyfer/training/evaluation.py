"""A trained network, scored on a part of its data: with and without the images it has seen before.

The data a run was trained on is split again by its settings and compared with the checksums kept
then, so that a score never comes from other images than the run's own.
"""

from dataclasses import replace
from pathlib import Path

import numpy as np

from tinyfer.core.networks import load_model
from tinyfer.data import duplicate_groups, seen_in
from tinyfer.scores import metrics
from tinyfer.training import runs

PARTS = ("train", "validation", "test")


def parts_of(run, data=None, find=None):
    """(Parts, copies): the three parts a run was made on, and for each part but training which of
    its images have an exact copy in training, as a dict of (n,) bool.

    data: where FER-2013 is; else the run's own place, TINYFER_DATA or ./data. find: as for
    `Config.faces`. The copies are those in the training part before any are dropped, so that a run
    without them is scored on the same images. ValueError where these data are not the run's.
    """
    config = run.config
    faces = config.faces(data, find=find)
    parts = config.parts(faces)
    for name, facts in runs.describe_parts(parts).items():
        if facts["checksum"] != run.about["parts"][name]["checksum"]:
            raise ValueError(f"the {name} part made from this data has other images than "
                             f"{run.name} was trained with: give the same data set and form")
    train = parts.train
    if config.drop_duplicates:
        train = replace(config, drop_duplicates=False).parts(faces).train
    return parts, {name: seen_in(getattr(parts, name), train) for name in PARTS[1:]}


def score_run(folder, parts, history):
    """Score a finished run and write metrics.json and the three pictures; returns the dict.

    The test part is looked at with the best weights only, so nothing can be picked on it.
    """
    folder, names, source = Path(folder), parts.test.class_names, parts.test.source
    model = load_model(folder / "best.npz")
    validation, test = (model.predict_proba(part.faces) for part in parts[1:])
    last, best = history[-1], max(history, key=lambda row: row["val_accuracy"])
    result = dict(
        source=source,
        best=dict(epoch=best["epoch"],
                  validation=metrics.evaluate(parts.validation.labels, validation, names),
                  test=metrics.evaluate(parts.test.labels, test, names)),
        last=dict(epoch=last["epoch"],
                  validation=dict(accuracy=last["val_accuracy"], loss=last["val_loss"])),
        training_seconds=sum(row["seconds"] for row in history),
    )
    runs.write_json(folder / "metrics.json", result)
    draw_scores(folder, parts.test, test, result["best"]["test"], history,
                f"{source}, test part ({len(parts.test):,} images)")
    return result


def draw_scores(folder, part, probabilities, result, history, title):
    """Draw confusion.png, curves.png and roc.png, where there is something to draw; returns {what a
    picture shows: the name of its file}."""
    from tinyfer.scores import plots  # matplotlib takes a second to load; training does not need it

    names, files = part.class_names, {"Confusion matrix": "confusion.png"}
    plots.confusion(np.array(result["confusion_matrix"]), names, folder / "confusion.png", title)
    if history:
        files["Learning curves"] = "curves.png"
        plots.learning_curves(history, folder / "curves.png", part.source)
    curves = metrics.roc_per_class(part.labels, probabilities)
    if any(curves):
        files["ROC curves"] = "roc.png"
        plots.roc(curves, names, folder / "roc.png", title)
    return files


def score(labels, probabilities, class_names, copies=None):
    """`metrics.evaluate`, with "calibration", and the same again without copies.

    copies: (N,) bool, which images have a copy in training. Adds "copies": their number,
    "accuracy_on_copies" and "without_copies": the dict of `metrics.evaluate` over the others; both
    None where there is nothing to score. Without `copies` none of the three is added.
    """
    result = metrics.evaluate(labels, probabilities, class_names)
    result["calibration"] = metrics.reliability(labels, probabilities)
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
