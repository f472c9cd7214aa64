"""A run folder: what one training leaves behind, and how it is opened again.

    config.json     every argument, classes, counts, versions, machine: enough to redo the run
    history.csv     one line per epoch
    last.npz        the checkpoint to resume from (see tinyfer.training.checkpoint)
    best.npz        the network with the best validation accuracy, ready for tinyfer.load_model
    metrics.json    the scores, written when training has ended
    curves.png  confusion.png  roc.png
"""

import json
import os
import platform
import subprocess
import zlib
from dataclasses import dataclass
from functools import cached_property
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from tinyfer.core.networks import find_weights, read_model
from tinyfer.storage.arrays import atomic_write, check_form, locked
from tinyfer.storage.files import read_json
from tinyfer.training.checkpoint import read_history
from tinyfer.training.config import Config

MOST_CONFIG = 1_000_000         # bytes of a config.json
CONFIG = dict(                  # what must be in it
    settings=(dict,), source=(str,), class_names=(list,), parameters=(int,), threads=(int,),
    parts={part: dict(images=(int,), checksum=(str,)) for part in ("train", "validation", "test")},
    machine=dict(cpu=(str,), python=(str,), versions=(dict,)))


@dataclass
class Run:
    """A trained network and how it came to be.

    name: its folder, file or packaged name; folder: a Path, or None for weights alone; weights:
    the file of the network; about: the dict of config.json, or None where weights do not tell it.
    """

    name: str
    folder: Path | None
    weights: Path
    about: dict | None

    @cached_property
    def model(self):
        """The network with the best validation accuracy."""
        return read_model(self.weights)[0]

    @cached_property
    def config(self):
        """The Config it was trained by; ValueError where the weights do not tell."""
        if self.about is None:
            raise ValueError(f"{self.name} does not tell what it was trained on: give its run "
                             "folder")
        return _config_in(self.about, self.folder / "config.json" if self.folder else self.name)

    @cached_property
    def history(self):
        """The rows of history.csv; empty for weights alone."""
        return read_history(self.folder) if self.folder else []

    @property
    def experiment(self):
        return self.config.experiment

    @property
    def drawn(self):
        """Whether it says that it has learnt from drawn faces."""
        return self.about is not None and self.about["source"] == "drawn faces"


def open_run(place):
    """The Run of packaged weights by name ("five-class"), of a run folder, or of a model file.

    Everything that takes a network takes it here or by `load_model`, so that a name means the same
    everywhere: that of packaged weights goes before a folder or file of that name ("./five-class"
    is that one). FileNotFoundError where there is none, or where its first epoch is not over;
    ValueError where a file in it is damaged. A network answers without the configuration it was
    trained by: that is read where it is asked for.
    """
    weights = find_weights(place)
    folder = weights.parent
    if weights.name == "best.npz" and (folder / "config.json").is_file():
        return Run(str(place), folder, weights, read_about(folder))
    model, about = read_model(weights)
    about = about.get("trained")
    if about is not None:
        _check_about(about, place)
    run = Run(str(place), None, weights, about)
    run.model = model
    return run


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


def read_about(folder):
    """The dict in the run's config.json; ValueError where something in it is missing or wrong."""
    about = _json_of(folder)
    _check_about(about, Path(folder) / "config.json")
    return about


def read_config(folder):
    """The Config in the run's config.json, whatever else is in it."""
    return _config_in(_json_of(folder), Path(folder) / "config.json")


def _json_of(folder):
    path = Path(folder) / "config.json"
    if not path.is_file():
        raise FileNotFoundError(f"{folder} is no run folder: there is no config.json in it")
    return read_json(path, MOST_CONFIG)


def _check_about(about, path):
    try:
        check_form(about, CONFIG, "it")
        for name in about["class_names"]:
            check_form(name, (str,), "a class name")
    except ValueError as error:
        raise ValueError(f"{path} is damaged: {error}") from None


def _config_in(about, path):
    try:
        check_form(about, dict(settings=(dict,)), "it")
        return Config.read(about["settings"], about.get("recipe"))
    except ValueError as error:
        raise ValueError(f"{path} is damaged: {error}") from None


def write_json(path, content):
    """Write a dict as readable JSON, atomically; NaN is refused, for JSON has none."""
    text = json.dumps(content, indent=2, allow_nan=False)
    with atomic_write(path) as file:
        file.write(text.encode() + b"\n")


def about_run(config, parts, model, threads):
    """What config.json says of a run: enough to make it again."""
    return dict(
        settings=config.as_dict(), experiment=config.experiment.number,
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
    try:
        if platform.system() == "Darwin":       # platform says "arm" of all of Apple's
            return subprocess.run(["sysctl", "-n", "machdep.cpu.brand_string"], text=True,
                                  capture_output=True, check=True, timeout=9).stdout.strip()
    except (OSError, subprocess.SubprocessError):
        pass
    return platform.processor() or platform.machine()
