"""A run folder: what one training leaves behind, and how it is opened again.

    config.json     every argument, classes, counts, versions, machine: enough to redo the run
    history.csv     one line per epoch
    last.npz        the checkpoint to resume from (see tinyfer.storage.checkpoint)
    best.npz        the network with the best validation accuracy, ready for tinyfer.load_model
    metrics.json    the scores, written when training has ended
    curves.png  confusion.png  roc.png
"""

import json
import os
import platform
import zlib
from dataclasses import dataclass
from functools import cached_property
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from tinyfer.core.arrays import atomic_write, check_form, load_arrays, parse_json
from tinyfer.core.networks import PACKAGED, load_model
from tinyfer.storage.checkpoint import read_history
from tinyfer.storage.files import locked, read_json
from tinyfer.training.config import Settings

MOST_CONFIG = 1_000_000         # bytes of a config.json
CONFIG = dict(                  # what must be in it, beside the settings
    settings=(dict,), source=(str,), class_names=(list,), parameters=(int,),
    trainable_parameters=(int,), threads=(int,),
    parts={part: dict(images=(int,), checksum=(str,)) for part in ("train", "validation", "test")},
    machine=dict(cpu=(str,), python=(str,), versions=(dict,)),
)


@dataclass
class Run:
    """A trained network and how it came to be.

    name: its folder or packaged name; folder: a Path, or None for packaged weights; weights: the
    file of the network, or its packaged name; config: the dict of config.json; settings:
    the Settings in it; history: rows of history.csv, empty for packaged weights.
    """

    name: str
    folder: Path | None
    weights: Path | str
    config: dict
    settings: Settings
    history: list

    @cached_property
    def model(self):
        """The network with the best validation accuracy."""
        return load_model(self.weights)

    @property
    def experiment(self):
        return self.settings.experiment


def open_run(place):
    """The Run in a folder, or behind the name of packaged weights ("five-class").

    FileNotFoundError where there is neither, or where its first epoch is not over; ValueError
    where a file in it is damaged, or where the weights do not tell what they were trained on.
    """
    folder = Path(place)
    if folder.is_dir():
        config, settings = read_config(folder), read_settings(folder)
        weights = folder / "best.npz"
        if not weights.is_file():
            raise FileNotFoundError(f"{folder} holds no best.npz yet: its first epoch is not over")
        history = read_history(folder)
    else:
        load_model(place)       # says what is wrong with it, if something is
        folder, weights, history, config = None, place, [], packaged_config(place)
        if config is None:
            raise ValueError(f"{place} does not tell what it was trained on: give its run folder")
        settings = Settings.read(config["settings"])
    return Run(str(place), folder, weights, config, settings, history)


def packaged_config(place):
    """The configuration that packaged weights, a name or a file, carry with them; or None."""
    packaged = PACKAGED / f"{place}.npz"
    arrays = load_arrays(packaged if packaged.is_file() else place)
    if "model" not in arrays:
        raise ValueError(f"{place} is not a model saved by tinyfer")
    about = parse_json(arrays["model"].tobytes(), f"{place} is damaged: what it says of itself")
    config = about.get("trained") if isinstance(about, dict) else None
    if config is not None:
        _check_config(config, place)
    return config


def trained_on_drawn_faces(place):
    """Whether a run folder, a file or a packaged name says that its faces were drawn."""
    folder = Path(place)
    if (folder / "config.json").is_file():
        config = read_config(folder)
    else:
        config = packaged_config(folder / "best.npz" if folder.is_dir() else place) or {}
    return config.get("source") == "drawn faces"


def new_folder(folder, numbered=False):
    """Make the folder of a new run and return it: a run is never overwritten.

    numbered: where it is taken, the first free one of folder-2, folder-3, ... instead; else
    ValueError where it already holds something. Hidden files do not count: a run that was killed
    before it wrote anything leaves no more, and can be started again.
    """
    folder, number = Path(folder), 1
    free = folder
    while True:
        try:
            free.mkdir(parents=True)
            return free
        except FileExistsError:
            if not numbered:
                if free.is_dir() and all(file.name[0] == "." for file in free.iterdir()):
                    return free
                go_on = ", or resume the run in it" if (free / "config.json").is_file() else ""
                raise ValueError(f"{folder} is already in use: choose another folder{go_on}"
                                 ) from None
            number += 1
            free = folder.with_name(f"{folder.name}-{number}")


def owned(folder):
    """Hold a run folder against other processes while training in it: `with owned(folder): ...`.

    BlockingIOError, an OSError that names the process, where another one trains in it.
    """
    return locked(Path(folder) / ".lock")


def read_config(folder):
    """The dict in the run's config.json; ValueError where something in it is missing or wrong."""
    config = _json_of(folder)
    _check_config(config, Path(folder) / "config.json")
    return config


def read_settings(folder):
    """The Settings in the run's config.json."""
    config = _json_of(folder)
    try:
        check_form(config, dict(settings=(dict,)), "it")
        return Settings.read(config["settings"])
    except ValueError as error:
        raise ValueError(f"{Path(folder) / 'config.json'} is damaged: {error}") from None


def _json_of(folder):
    path = Path(folder) / "config.json"
    if not path.is_file():
        raise FileNotFoundError(f"{folder} is no run folder: there is no config.json in it")
    return read_json(path, MOST_CONFIG)


def _check_config(config, path):
    try:
        check_form(config, CONFIG, "it")
        for name in config["class_names"]:
            check_form(name, (str,), "a class name")
        Settings.read(config["settings"])
    except ValueError as error:
        raise ValueError(f"{path} is damaged: {error}") from None


def write_json(path, content):
    """Write a dict as readable JSON, atomically; NaN is refused, for JSON has none."""
    text = json.dumps(content, indent=2, allow_nan=False)
    with atomic_write(path) as file:
        file.write(text.encode() + b"\n")


def config_of(settings, parts, model, threads):
    """What config.json says of a run: enough to make it again."""
    return dict(
        settings=settings.as_dict(), recipe=settings.training.as_dict(),
        experiment=settings.experiment.number,
        source=parts.train.source, class_names=list(parts.train.class_names),
        parts=describe_parts(parts), parameters=model.num_parameters(),
        trainable_parameters=model.num_parameters(trainable=True), threads=threads,
        machine=describe_machine(),
    )


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


def _cpu_name():
    try:
        with open("/proc/cpuinfo", encoding="utf-8") as file:
            for line in file:
                if line.startswith("model name"):
                    return line.partition(":")[2].strip()
    except OSError:
        pass
    return platform.processor() or platform.machine()
