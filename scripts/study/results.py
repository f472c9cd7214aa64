"""Whole trainings, scored: the records in docs/results.json from which docs/results.md is written.

A record holds everything the page says about one run, so that the page can be written again
when the run folders are gone. It is a dict:

    experiment, seed, drop_duplicates,
    recipe                              which run; together they are its key ("study" where absent)
    source, drawn                       "FER-2013", or how many drawn faces were used instead
    epochs, batch_size, lr              its settings
    images                              {part: number of images}
    best_epoch, val_accuracy            the best epoch on validation, whose weights are scored
    test                                `tinyfer.evaluation.score` of the test part
    minutes, date, machine, parameters
    weights                             checksum of best.npz
    thresholds, against                 experiment 6b only: threshold curve, paired tests
"""

import json
import time
import zlib
from dataclasses import replace
from pathlib import Path

import numpy as np

from tinyfer import runs
from tinyfer.binary import threshold_curve
from tinyfer.checkpoint import read_history
from tinyfer.evaluation import compare, parts_of, score
from tinyfer.experiments import binarize
from tinyfer.training import out_of_patience

ORDER = ("1", "2", "3", "4", "5", "6", "6b", "7", "8", "official7")


def key_of(record):
    """"6-seed0"; "6-distinct-seed0" for a training without the copies, "6-best-seed0" for one by
    another recipe than the study's."""
    recipe = f"-{record['recipe']}" if record.get("recipe", "study") != "study" else ""
    distinct = "-distinct" if record["drop_duplicates"] else ""
    return f"{record['experiment']}{recipe}{distinct}-seed{record['seed']}"


def read_results(path):
    """The records in results.json by their keys; none where there is no such file yet."""
    path = Path(path)
    if not path.exists():
        return {}
    try:
        return {key_of(record): record for record in json.loads(path.read_text())["runs"]}
    except (ValueError, KeyError, TypeError):
        raise ValueError(f"{path} is damaged: expected JSON as reproduce.py writes it") from None


def write_results(path, records):
    """Write the records in the order of the page."""
    def place(record):
        return (ORDER.index(record["experiment"]), record.get("recipe", "study") != "study",
                record["drop_duplicates"], record["seed"])

    runs.write_json(path, dict(runs=sorted(records.values(), key=place)))


def find_run(folder, settings):
    """The run in a subfolder of `folder` that was started with these settings, or None.

    settings: its Settings; where the data lay does not matter. A finished run goes before
    one that was stopped. ValueError where a config.json is damaged.
    """
    found = []
    for config in sorted(Path(folder).glob("*/config.json")):
        if replace(runs.read_settings(config.parent), data=settings.data) == settings:
            found.append(config.parent)
    return next((run for run in found if is_finished(run)), found[0] if found else None)


def is_finished(run):
    """Whether all epochs of the run folder are done and scored."""
    if not (Path(run) / "metrics.json").is_file():
        return False
    history, settings = read_history(run), runs.read_settings(run)
    return len(history) == settings.epochs or out_of_patience(history, settings.patience)


def record_of(folder, data=None):
    """The record of a finished run. It is kept in the run folder as result.json and, while the
    weights are the same, taken from there."""
    kept = Path(folder) / "result.json"
    if kept.is_file():
        record = json.loads(kept.read_text())
        if record["weights"] == _weights(folder):
            return record
    run = runs.open_run(folder)
    parts, copies = parts_of(run, data)
    probabilities = run.model.predict_proba(parts.test.faces)
    record = _about(run, run.experiment.number)
    record["test"] = score(parts.test.labels, probabilities, parts.test.class_names,
                           copies["test"])
    runs.write_json(kept, record)
    return record


def binarized_record(folder, others, data=None, before=None):
    """The record of experiment 6b, from a finished run of 6.

    others: {"7": folder, "8": folder} of finished two-class runs of the same seed, as far as there
    are any. before: the record of 6b so far; what it says of others that are missing now is kept
    as long as the weights of 6 are the same.
    """
    run = runs.open_run(folder)
    parts, copies = parts_of(run, data)
    test = parts.test
    probabilities = run.model.predict_proba(test.faces)
    truth, positive = binarize(test.labels, probabilities, test.class_names)
    positive = positive.astype(np.float64)
    record = _about(run, "6b")
    record["test"] = score(truth, np.stack([1 - positive, positive], axis=1),
                           ("negative", "positive"), copies["test"])
    record["val_accuracy"] = None
    record["thresholds"] = threshold_curve(truth, positive)
    record["against"] = {}
    if before and before["weights"] == record["weights"]:
        record["against"] = dict(before["against"])
    for number, place in others.items():
        record["against"][number] = compare(run, test, probabilities, runs.open_run(place))
    return record


def _about(run, number):
    machine = run.config["machine"]
    best = max(run.history, key=lambda row: row["val_accuracy"])
    ended = time.gmtime((run.folder / "metrics.json").stat().st_mtime)
    return dict(
        experiment=number,
        **{name: getattr(run.settings, name) for name in (
            "seed", "drop_duplicates", "drawn", "epochs", "batch_size", "lr", "recipe")},
        source=run.config["source"],
        images={name: part["images"] for name, part in run.config["parts"].items()},
        best_epoch=best["epoch"], val_accuracy=best["val_accuracy"],
        minutes=sum(row["seconds"] for row in run.history) / 60,
        date=time.strftime("%Y-%m-%d", ended),
        machine=dict(cpu=machine["cpu"], threads=run.config["threads"],
                     python=machine["python"], versions=machine["versions"]),
        parameters=run.config["parameters"], weights=_weights(run.folder),
    )


def _weights(folder):
    return f"{zlib.crc32((Path(folder) / 'best.npz').read_bytes()):08x}"
