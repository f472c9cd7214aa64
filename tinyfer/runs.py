"""A run folder: what one training leaves behind, and how it is opened again.

    config.json     every argument, classes, counts, versions, machine: enough to redo the run
    history.csv     one line per epoch
    last.npz        the checkpoint to resume from (see tinyfer.checkpoint)
    best.npz        the network with the best validation accuracy, ready for tinyfer.load_model
    metrics.json    the scores, written when training has ended
    curves.png  confusion.png  roc.png
"""

import csv
import io
import json
import os
import platform
import zlib
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import numpy as np

from tinyfer import metrics
from tinyfer.architectures import load_model
from tinyfer.checkpoint import atomic_write

COLUMNS = ("epoch", "loss", "accuracy", "val_loss", "val_accuracy", "seconds")


def new_folder(out=None, name="run"):
    """Make the folder of a new run: `out`, or else the first free one of runs/<name>[-2, -3...].

    Raises ValueError when `out` already holds something: a run is never overwritten.
    """
    if out is not None:
        folder = Path(out)
        if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
            raise ValueError(f"--out {folder} is already in use: choose another folder, or go on "
                             f"with the run in it by --resume {folder}")
        folder.mkdir(parents=True, exist_ok=True)
        return folder
    number = 1
    while True:
        folder = Path("runs") / (name if number == 1 else f"{name}-{number}")
        try:
            folder.mkdir(parents=True)
            return folder
        except FileExistsError:
            number += 1


def read_config(folder):
    """The dict in the run's config.json."""
    path = Path(folder) / "config.json"
    if not path.is_file():
        raise FileNotFoundError(f"{folder} is no run folder: there is no config.json in it")
    try:
        config = json.loads(path.read_text(encoding="utf-8"))
    except ValueError:
        raise ValueError(f"{path} is damaged: it is no valid JSON") from None
    if not isinstance(config, dict) or "settings" not in config:
        raise ValueError(f"{path} is damaged: there are no settings in it")
    return config


def write_json(path, content):
    """Write a dict as readable JSON, atomically; NaN is refused, for JSON has none."""
    text = json.dumps(content, indent=2, allow_nan=False)
    with atomic_write(path) as file:
        file.write(text.encode() + b"\n")


def write_history(folder, history):
    """Write history.csv from the rows of the checkpoint; floats keep all their digits."""
    text = io.StringIO()
    writer = csv.DictWriter(text, COLUMNS, lineterminator="\n")
    writer.writeheader()
    writer.writerows(history)
    with atomic_write(Path(folder) / "history.csv") as file:
        file.write(text.getvalue().encode())


def read_history(folder):
    """The rows of history.csv: a list of dicts of numbers."""
    path = Path(folder) / "history.csv"
    if not path.is_file():
        raise FileNotFoundError(f"there is no {path}")
    with open(path, newline="", encoding="utf-8") as file:
        return [{key: int(value) if key == "epoch" else float(value) for key, value in row.items()}
                for row in csv.DictReader(file)]


def describe_parts(parts):
    """Per part: images, images per class, and a checksum of pixels and labels together."""
    return {
        name: dict(
            images=len(part),
            per_class=dict(zip(part.class_names, part.counts().tolist())),
            checksum=f"{zlib.crc32(part.labels.tobytes(), zlib.crc32(part.faces.tobytes())):08x}",
        )
        for name, part in (("train", parts.train), ("validation", parts.validation),
                           ("test", parts.test))
    }


def describe_threads(n):
    """The words "1 thread" or "2 threads"."""
    return f"{n} thread" + "s" * (n != 1)


def describe_machine():
    """The machine and the versions a result was made with."""
    versions = {}
    for package in ("tinyfer", "numpy", "numba", "llvmlite", "pillow"):
        try:
            versions[package] = version(package)
        except PackageNotFoundError:
            versions[package] = None
    return dict(cpu=_cpu_name(), cores=os.cpu_count(), system=platform.platform(),
                python=platform.python_version(), versions=versions)


def score(folder, parts, history):
    """Score a finished run and write metrics.json and the three pictures; returns the dict.

    The test part is looked at with the best weights only, so nothing can be picked on it:
    "best" holds validation and test, "last" (the newest weights) validation alone.
    """
    from tinyfer import plots  # matplotlib takes a second to load; training does not need it

    folder = Path(folder)
    best = load_model(folder / "best.npz")
    names, source = parts.test.class_names, parts.test.source
    last_row = history[-1]
    best_row = max(history, key=lambda row: row["val_accuracy"])
    test = best.predict_proba(parts.test.faces)
    result = dict(
        source=source,
        best=dict(
            epoch=best_row["epoch"],
            validation=_evaluate(best, parts.validation),
            test=metrics.evaluate(parts.test.labels, test, names),
        ),
        last=dict(
            epoch=last_row["epoch"],
            validation=dict(accuracy=last_row["val_accuracy"], loss=last_row["val_loss"]),
        ),
        training_seconds=sum(row["seconds"] for row in history),
    )
    write_json(folder / "metrics.json", result)
    title = f"{source}, test part ({len(parts.test):,} images)"
    plots.learning_curves(history, folder / "curves.png",
                          title=f"{source}, {len(names)} classes")
    plots.confusion(np.array(result["best"]["test"]["confusion_matrix"]), names,
                    folder / "confusion.png", title=title)
    plots.roc(metrics.roc_per_class(parts.test.labels, test), names, folder / "roc.png",
              title=title)
    return result


def _evaluate(model, part):
    return metrics.evaluate(part.labels, model.predict_proba(part.faces), part.class_names)


def _cpu_name():
    try:
        with open("/proc/cpuinfo", encoding="utf-8") as file:
            for line in file:
                if line.startswith("model name"):
                    return line.partition(":")[2].strip()
    except OSError:
        pass
    return platform.processor() or platform.machine()
