"""Whole trainings, scored: the records in docs/results.json from which docs/results.md is written.

A record holds everything the page says about one run, so that the page can be written again
when the run folders are gone. It is a dict:

    experiment, seed, drop_duplicates,
    recipe, options                     which run; together they are its key ("study" where absent;
                                        options: those of OPTIONS that it had, as one would type)
    source, drawn                       "FER-2013", or how many drawn faces were used instead
    epochs, batch_size, lr              its settings
    images                              {part: number of images}
    best_epoch, val_accuracy            the best epoch on validation, whose weights are scored
    test                                `tinyfer.training.evaluation.score` of the test part
    averaged                            another recipe than the study's only: the same of the mean
                                        over BEST_CROPS windows and mirror images of each face
    minutes, date, machine, parameters
    weights                             checksum of best.npz
    thresholds, against                 experiment 6b only: threshold curve, paired tests
"""

import re
import time
import zlib
from contextlib import contextmanager
from dataclasses import fields
from pathlib import Path

import numpy as np

from tinyfer.commands import cli
from tinyfer.photo.reading import BEST_CROPS
from tinyfer.scores.binary import threshold_curve
from tinyfer.storage.arrays import brief, locked
from tinyfer.storage.files import read_json
from tinyfer.training import runs
from tinyfer.training.checkpoint import read_history
from tinyfer.training.config import Config
from tinyfer.training.evaluation import compare, parts_of, score
from tinyfer.training.experiments import binarize
from tinyfer.training.loop import out_of_patience
from tinyfer.training.recipes import RECIPES

MOST_BYTES = 50_000_000
# What a training may begin from and learn from beside its images.
OPTIONS = [{each.name: each for each in fields(Config)}[name]
           for name in ("start", "teachers", "also_drawn")]
ORDER = ("1", "2", "3", "4", "5", "6", "6b", "7", "8", "official7")


def key_of(record):
    """"6-seed0"; "6-distinct-seed0" for a training without the copies, "6-best-seed0" for one by
    another recipe than the study's, "official7-robust-from-seven-class-seed0" with options."""
    recipe = f"-{record['recipe']}" if record.get("recipe", "study") != "study" else ""
    options = re.sub(r"[^\w.]+", "-", " " + record["options"]) if record.get("options") else ""
    distinct = "-distinct" if record["drop_duplicates"] else ""
    return f"{record['experiment']}{recipe}{options}{distinct}-seed{record['seed']}"


def options_of(config):
    """The options of a run that its experiment and recipe do not say, as one would type them."""
    words = [f"--{cli.option_of(each)} {getattr(config, each.name)}" for each in OPTIONS
             if getattr(config, each.name)]
    if config.recipe.lr != RECIPES[config.recipe.name].lr:
        words.append(f"--lr {config.recipe.lr:g}")
    return " ".join(words)


def is_trial(recipe, epochs, drawn):
    """Whether a run is none for the page unless it is asked for: of drawn faces, or cut short."""
    return bool(drawn) or epochs is not None and epochs < RECIPES[recipe].epochs


def read_results(path):
    """The records in results.json by their keys; none where there is no such file yet."""
    if not Path(path).exists():
        return {}
    content = read_json(path, MOST_BYTES)
    with whole(path):
        return {key_of(record): record for record in content["runs"]}


@contextmanager
def whole(path):
    """ValueError that names results.json where, within, something is found missing in it."""
    try:
        yield
    except (LookupError, TypeError, AttributeError, ValueError) as error:
        raise ValueError(f"{path} is damaged: {type(error).__name__}, "
                         f"{brief(str(error))}") from None


def write_results(path, records):
    """Write the records in the order of the page."""
    def place(record):
        return (ORDER.index(record["experiment"]), record.get("recipe", "study") != "study",
                record["drop_duplicates"], record["seed"])

    runs.write_json(path, dict(runs=sorted(records.values(), key=place)))


def held(path):
    """Hold results.json against other processes while it is read and what depends on it written."""
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    return locked(path.with_name(f".{path.name}.lock"), seconds=120)


def add_record(path, record):
    """Put a record into results.json, in its place; what others put there stays."""
    with held(path):
        write_results(path, read_results(path) | {key_of(record): record})


def find_run(folder, config):
    """The run in a subfolder of `folder` that was started with this Config, or None.

    Where the data lay does not matter. A finished run goes before one that was stopped. ValueError
    where a config.json is damaged.
    """
    found = []
    for file in sorted(Path(folder).glob("*/config.json")):
        if runs.read_config(file.parent).same_run(config):
            found.append(file.parent)
    return next((run for run in found if is_finished(run)), found[0] if found else None)


def is_finished(run):
    """Whether all epochs of the run folder are done and scored."""
    if not (Path(run) / "metrics.json").is_file():
        return False
    history, recipe = read_history(run), runs.read_config(run).recipe
    return len(history) == recipe.epochs or out_of_patience(history, recipe.patience)


def record_of(folder, data=None):
    """The record of a finished run. ValueError where `data` are not those of the run."""
    run = runs.open_run(folder)
    parts, copies = parts_of(run, data)

    def scored(crops):
        probabilities = run.model.predict_proba(parts.test.faces, crops=crops)
        return score(parts.test.labels, probabilities, parts.test.class_names, copies["test"])

    record = _about(run, run.experiment.number) | dict(test=scored(1))
    if run.config.recipe.name != "study":
        record["averaged"] = scored(BEST_CROPS)
    return record


def binarized_record(folder, others, data=None, before=()):
    """The record of experiment 6b, from a finished run of 6.

    others: {"7": folder, "8": folder} of finished two-class runs of the same seed, as far as there
    are any. before: the records so far; what that of 6b says of others that are missing now is
    kept as long as the weights of 6 are the same.
    """
    run = runs.open_run(folder)
    parts, copies = parts_of(run, data)
    test = parts.test
    probabilities = run.model.predict_proba(test.faces)
    truth, positive = binarize(test.labels, probabilities, test.class_names)
    positive = positive.astype(np.float64)
    record = _about(run, "6b") | dict(
        test=score(truth, np.stack([1 - positive, positive], axis=1), ("negative", "positive"),
                   copies["test"]),
        val_accuracy=None, thresholds=threshold_curve(truth, positive), against={})
    kept = dict(before).get(key_of(record))
    if kept and kept["weights"] == record["weights"]:
        record["against"] |= kept["against"]
    for number, place in others.items():
        record["against"][number] = compare(run, test, probabilities, runs.open_run(place))
    return record


def _about(run, number):
    machine = run.about["machine"]
    best = max(run.history, key=lambda row: row["val_accuracy"])
    ended = time.gmtime((run.folder / "metrics.json").stat().st_mtime)
    return dict(
        experiment=number,
        seed=run.config.seed, drop_duplicates=run.config.drop_duplicates, drawn=run.config.drawn,
        epochs=run.config.recipe.epochs, batch_size=run.config.recipe.batch_size,
        lr=run.config.recipe.lr, recipe=run.config.recipe.name, options=options_of(run.config),
        source=run.about["source"],
        images={name: part["images"] for name, part in run.about["parts"].items()},
        best_epoch=best["epoch"], val_accuracy=best["val_accuracy"],
        minutes=sum(row["seconds"] for row in run.history) / 60,
        date=time.strftime("%Y-%m-%d", ended),
        machine=dict(cpu=machine["cpu"], threads=run.about["threads"],
                     python=machine["python"], versions=machine["versions"]),
        parameters=run.about["parameters"],
        weights=f"{zlib.crc32((run.folder / 'best.npz').read_bytes()):08x}",
    )
