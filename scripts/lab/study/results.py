"""Whole trainings, scored: the records in docs/results.json from which docs/results.md is written.

A record holds everything the page says about one run, so that the page can be written again
when the run folders are gone. It is a dict:

    experiment, seed, recipe, options   which run; together they are its key ("study" where absent;
                                        options: those of OPTIONS that it had, as one would type)
    source, epochs, batch_size, lr      its data and settings
    images                              {part: number of images}
    best_epoch, val_accuracy            the best epoch on validation, whose weights are scored
    test                                `tinyfer.training.evaluation.score` of the test part
    averaged                            another recipe than the study's only: the same of the mean
                                        over BEST_CROPS windows and mirror images of each face
    minutes, date, machine, parameters
    weights                             checksum of best.npz

The record of experiment 6b, the run of 6 with its classes merged, holds thresholds and paired tests
too; `evaluate.py RUN --binarize` computes them.
"""

import re
import time
import zlib
from dataclasses import fields
from pathlib import Path

from tinyfer.commands import cli
from tinyfer.photo.reading import BEST_CROPS
from tinyfer.storage.arrays import locked
from tinyfer.storage.files import read_json
from tinyfer.training import runs
from tinyfer.training.checkpoint import read_history
from tinyfer.training.config import Config
from tinyfer.training.evaluation import parts_of, score
from tinyfer.training.loop import out_of_patience
from tinyfer.training.recipes import RECIPES

MOST_BYTES = 50_000_000
# What a training may begin from and learn from beside its images.
OPTIONS = [{each.name: each for each in fields(Config)}[name]
           for name in ("start", "teachers", "also_drawn")]
ORDER = ("1", "2", "3", "4", "5", "6", "6b", "7", "8", "official7")


def recipe_of(record):
    return record.get("recipe", "study")


def key_of(record):
    """"6-seed0"; "6-best-seed0" for one by another recipe than the study's,
    "official7-robust-from-seven-class-seed0" with options."""
    recipe = f"-{recipe_of(record)}" if recipe_of(record) != "study" else ""
    options = re.sub(r"[^\w.]+", "-", " " + record["options"]) if record.get("options") else ""
    return f"{record['experiment']}{recipe}{options}-seed{record['seed']}"


def options_of(config):
    """The options of a run that its experiment and recipe do not say, as one would type them."""
    words = [f"--{cli.option_of(each)} {getattr(config, each.name)}" for each in OPTIONS
             if getattr(config, each.name)]
    if config.recipe.lr != RECIPES[config.recipe.name].lr:
        words.append(f"--lr {config.recipe.lr:g}")
    return " ".join(words)


def read_results(path):
    """The records in results.json by their keys; none where there is no such file yet.

    ValueError where a file is there and holds something else."""
    if not Path(path).exists():
        return {}
    try:
        return {key_of(record): record for record in read_json(path, MOST_BYTES)["runs"]}
    except (AttributeError, KeyError, TypeError):
        raise ValueError(f"{path} is damaged: it holds no list of runs") from None


def held(path):
    """Hold results.json against other processes while it is read and what depends on it written."""
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    return locked(path.with_name(f".{path.name}.lock"), seconds=120)


def add_record(path, record):
    """Put a record into results.json, in its place; what others put there stays."""
    def place(record):
        return ORDER.index(record["experiment"]), recipe_of(record) != "study", record["seed"]

    with held(path):
        records = read_results(path) | {key_of(record): record}
        runs.write_json(path, dict(runs=sorted(records.values(), key=place)))


def find_run(folder, config):
    """The run in a subfolder of `folder` that was started with this Config, or None.

    Where the data lay does not matter. A finished run goes before one that was stopped.
    """
    found = [file.parent for file in sorted(Path(folder).glob("*/config.json"))
             if runs.read_config(file.parent).same_run(config)]
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
    machine, recipe = run.about["machine"], run.config.recipe
    best = max(run.history, key=lambda row: row["val_accuracy"])
    ended = time.gmtime((run.folder / "metrics.json").stat().st_mtime)

    def scored(crops):
        probabilities = run.model.predict_proba(parts.test.faces, crops=crops)
        return score(parts.test.labels, probabilities, parts.test.class_names, copies["test"])

    record = dict(
        experiment=run.experiment.number, seed=run.config.seed, source=run.about["source"],
        epochs=recipe.epochs, batch_size=recipe.batch_size, lr=recipe.lr, recipe=recipe.name,
        options=options_of(run.config),
        images={name: part["images"] for name, part in run.about["parts"].items()},
        best_epoch=best["epoch"], val_accuracy=best["val_accuracy"],
        minutes=sum(row["seconds"] for row in run.history) / 60,
        date=time.strftime("%Y-%m-%d", ended),
        machine=dict(cpu=machine["cpu"], threads=run.about["threads"],
                     python=machine["python"], versions=machine["versions"]),
        parameters=run.about["parameters"],
        weights=f"{zlib.crc32((run.folder / 'best.npz').read_bytes()):08x}", test=scored(1))
    if recipe.name != "study":
        record["averaged"] = scored(BEST_CROPS)
    return record
