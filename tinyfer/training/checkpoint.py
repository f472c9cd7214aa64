"""The state of a training run on disk, so that it can be stopped at any moment and go on.

A checkpoint (`last.npz`) holds everything the next epoch depends on: weights, batch-norm
statistics, Adam's m, v and t, the state of the run's random generator, and the history so far.
It is taken between epochs: a run that was killed repeats its unfinished epoch with the same
shuffling, augmentation and dropout, and ends with the same bits as one that was never stopped.
The file is replaced in one move (`atomic_write`), so a kill while it is written
leaves the one before. Chapter 13 of docs/ tells why each part is needed.
"""

import csv
import io
import json
import math
import sys
from pathlib import Path

import numpy as np

from tinyfer.core import checks
from tinyfer.storage.arrays import (
    atomic_write,
    brief,
    check_form,
    load_arrays,
    parse_json,
    save_arrays,
)
from tinyfer.storage.files import read_bounded

FORMAT = 2          # 1 is the same without settings, and is still read
COLUMNS = ("epoch", "loss", "accuracy", "val_loss", "val_accuracy", "seconds")
MOST_EPOCHS = 100_000
MOST_HISTORY = 20_000_000               # bytes of a history.csv


def save_checkpoint(path, model, optimizer, history, settings=None):
    """Write everything a training run needs to go on after the last epoch in `history`.

    settings: a dict for JSON of what else the next epoch depends on, as the size of a batch.
    """
    arrays = {f"model/{name}": value for name, value in model.state().items()}
    arrays |= {f"optimizer/{name}": value for name, value in optimizer.state().items()}
    about = dict(format=FORMAT, rng=model.rng.bit_generator.state, history=history,
                 settings=settings or {})
    arrays["about"] = np.array(json.dumps(about))
    save_arrays(path, arrays)


def load_checkpoint(path, model, optimizer, fits=None):
    """Put a checkpoint back into `model`, its generator and `optimizer`: whole, or not at all.

    Returns the history, a list with one dict per finished epoch. ValueError, before anything is
    changed, where the file is no checkpoint or that of another run: a network of another shape or
    dtype, or another seed (which the generator tells). fits: a function that is given the settings
    kept with it, a dict, and raises ValueError where they are those of another run.
    """
    arrays = load_arrays(path)
    about = arrays.pop("about", np.array(0))
    if about.dtype.kind != "U" or about.ndim:
        raise ValueError(f"{path} is no checkpoint of a training run")
    about = parse_json(str(about), f"{path} is no checkpoint of a training run: what it says")
    if not isinstance(about, dict) or about.get("format") not in (1, FORMAT):
        found = about.get("format") if isinstance(about, dict) else None
        raise ValueError(f"{path} has checkpoint format {brief(found)}, expected {FORMAT}")
    parts = {"model": {}, "optimizer": {}}
    for name, value in arrays.items():
        part, _, rest = name.partition("/")
        if part not in parts:
            raise ValueError(f"{path} holds {brief(name)}, which belongs to no checkpoint")
        parts[part][rest] = value
    try:
        expected, found = model.state() | optimizer.state(), parts["model"] | parts["optimizer"]
        for name in expected.keys() & found.keys():     # weights may be saved in half precision
            if found[name].dtype != expected[name].dtype:
                raise ValueError(f"{name!r} is {str(found[name].dtype):.40}; expected "
                                 f"{expected[name].dtype}")
        checks.state("optimizer state does not fit", optimizer.state(), parts["optimizer"])
        kept = about.get("settings", {})
        check_form(kept, {}, "what it says of its settings")
        if fits:
            fits(kept)
        _check_generator(model.rng.bit_generator, about.get("rng"))
        history = check_history(about.get("history"))
        model.load_state(parts["model"])
    except ValueError as error:
        raise ValueError(f"{path} does not fit this run: {error}") from error
    optimizer.load_state(parts["optimizer"])
    model.rng.bit_generator.state = about["rng"]
    return history


def _check_generator(mine, state):
    """The state must be one of this kind of generator, and from the same seed."""
    try:
        other = type(mine)()
        other.state = state
        seeded = other.state["state"].get("inc") == mine.state["state"].get("inc")
    except (TypeError, ValueError, KeyError, AttributeError, OverflowError):
        raise ValueError("the state of its random generator is damaged") from None
    if not seeded:
        raise ValueError("its random generator is that of another seed")


def check_history(rows):
    """The rows, if they are what `tinyfer.training.loop.fit` returns; else ValueError."""
    if not isinstance(rows, list) or len(rows) > MOST_EPOCHS:
        raise ValueError(f"its history is no list of at most {MOST_EPOCHS:,} epochs")
    for epoch, row in enumerate(rows, 1):
        if not isinstance(row, dict) or row.keys() != set(COLUMNS):
            raise ValueError(f"row {epoch} of its history is not {', '.join(COLUMNS)}")
        for name, value in row.items():
            if type(value) not in (int, float) or not 0 <= value < math.inf:
                raise ValueError(f"{name} of epoch {epoch} is {brief(value)}; expected a number "
                                 "from 0")
        if row["epoch"] != epoch or max(row["accuracy"], row["val_accuracy"]) > 1:
            raise ValueError(f"row {epoch} of its history is of epoch {row['epoch']}, or has an "
                             "accuracy above 1")
    return rows


def write_history(folder, history):
    """Write history.csv from the rows of the checkpoint; floats keep all their digits.

    A table that another program keeps open, as on Windows, is a note and does not stop a training:
    the checkpoint has it all.
    """
    text = io.StringIO()
    writer = csv.DictWriter(text, COLUMNS, lineterminator="\n")
    writer.writeheader()
    writer.writerows(history)
    try:
        with atomic_write(Path(folder) / "history.csv") as file:
            file.write(text.getvalue().encode())
    except OSError as error:
        print(f"note: {error}", file=sys.stderr)


def read_history(folder):
    """The rows of history.csv: a list of dicts of numbers. ValueError where it is damaged."""
    path = Path(folder) / "history.csv"
    text = read_bounded(path, MOST_HISTORY)
    try:
        head, *rows = csv.reader(text.decode().splitlines() or [""])
        if head != list(COLUMNS):
            raise ValueError(f"its first line is {brief(','.join(head))}, not {','.join(COLUMNS)}")
        numbers = [dict(zip(COLUMNS, map(float, row), strict=True)) for row in rows]
        return check_history([row | {"epoch": int(row["epoch"])} for row in numbers])
    except (ValueError, OverflowError, csv.Error) as error:     # UnicodeDecodeError is a ValueError
        raise ValueError(f"{path} is damaged: {error}") from None
