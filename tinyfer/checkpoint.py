"""The state of a training run on disk, so that it can be stopped at any moment and go on.

A checkpoint (`last.npz`) holds everything the next epoch depends on: weights, batch-norm
statistics, Adam's m, v and t, the state of the run's random generator, and the history so far.
It is taken between epochs: a run that was killed repeats its unfinished epoch with the same
shuffling, augmentation and dropout, and ends with the same bits as one that was never stopped.
The file is replaced in one move (`atomic_write`), so a kill while it is written
leaves the one before. Chapter 11 of docs/ tells why each part is needed.
"""

import json
import os
import zipfile
import zlib
from contextlib import contextmanager
from pathlib import Path

import numpy as np

FORMAT = 1


@contextmanager
def atomic_write(path):
    """A binary file to write to; it takes the place of `path` only once it is complete.

    The bytes go to a temporary file in the same folder, are forced to the disk, and the file is
    then renamed. After an exception, a full disk or a kill, what stood at `path` before still
    stands there; a temporary file left by a kill is overwritten by the next write.
    OSError, with a sentence that names `path`, where it cannot be written.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.part")
    try:
        with open(temporary, "wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)
    except BaseException as error:
        temporary.unlink(missing_ok=True)
        if isinstance(error, OSError):
            kept = "; the one saved before is kept" if path.exists() else ""
            reason = error.strerror or error
            raise OSError(f"{path} could not be written: {reason}{kept}") from error
        raise


def save_arrays(path, arrays):
    """Write a dict of name -> array as an uncompressed .npz, atomically."""
    with atomic_write(path) as file:
        np.savez(file, **arrays)


def load_arrays(path):
    """Read an .npz as a dict of name -> array. Never unpickles anything.

    Raises FileNotFoundError, or ValueError when the file is truncated or no .npz.
    """
    path = Path(path)
    if not path.is_file():
        raise FileNotFoundError(f"there is no file {path}")
    try:
        with np.load(path, allow_pickle=False) as file:
            return {name: file[name] for name in file.files}
    except (ValueError, EOFError, TypeError, AttributeError, KeyError, NotImplementedError,
            zipfile.BadZipFile, zlib.error) as error:
        raise ValueError(
            f"{path} cannot be read: it is damaged, truncated or no .npz file of arrays"
        ) from error


def save_checkpoint(path, model, optimizer, history):
    """Write everything a training run needs to go on after the last epoch in `history`."""
    arrays = {f"model/{name}": value for name, value in model.state().items()}
    arrays |= {f"optimizer/{name}": value for name, value in optimizer.state().items()}
    about = dict(format=FORMAT, rng=model.rng.bit_generator.state, history=history)
    arrays["about"] = np.array(json.dumps(about))
    save_arrays(path, arrays)


def load_checkpoint(path, model, optimizer):
    """Put a checkpoint back into `model` (with its generator) and `optimizer`.

    Returns the history, a list with one dict per finished epoch. Raises ValueError when the file
    is no checkpoint of this version or belongs to a network of another shape.
    """
    arrays = load_arrays(path)
    try:
        about = json.loads(str(arrays.pop("about")))
    except (KeyError, json.JSONDecodeError):
        raise ValueError(f"{path} is no checkpoint of a training run") from None
    if about.get("format") != FORMAT:
        raise ValueError(f"{path} has checkpoint format {about.get('format')}, expected {FORMAT}")
    parts = {"model": {}, "optimizer": {}}
    for name, value in arrays.items():
        part, _, rest = name.partition("/")
        parts[part][rest] = value
    try:
        model.load_state(parts["model"])
        optimizer.load_state(parts["optimizer"])
    except ValueError as error:
        raise ValueError(f"{path} does not fit this network: {error}") from error
    model.rng.bit_generator.state = about["rng"]
    return about["history"]
