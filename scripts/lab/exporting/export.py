"""Take a trained network elsewhere: into the package, or to PyTorch.

    python scripts/export.py runs/experiment6-seed0 --to package five-class
    python scripts/export.py runs/experiment6-seed0 --to torch five_class --out exported

--to package NAME writes tinyfer/pretrained/NAME.npz with weights in float16 (half the size), after
a check on the test part that the scores stay the same; tinyfer.load_model(NAME) then finds it.
--to torch NAME writes NAME.py, a readable PyTorch module that gives the same logits, and its
weights NAME.npz.
"""

import re
import shlex
from dataclasses import replace
from pathlib import Path

import numpy as np
import options
from exporting.packaging import calibrate, half_precision, save_packaged
from exporting.torch_module import check_module_name, save_torch
from study.results import is_finished, record_of

from tinyfer.commands import cli
from tinyfer.core.kernels.threads import set_threads
from tinyfer.core.networks import PACKAGED, load_model
from tinyfer.photo.reading import largest_face
from tinyfer.scores.metrics import accuracy
from tinyfer.training.evaluation import parts_of
from tinyfer.training.runs import open_run

LARGEST_CHANGE = 0.001  # of the accuracy, between float32 and float16 weights


def parse(argv):
    parser = options.parser(__doc__, "--data")
    add = parser.add_argument
    add("run", metavar="RUN", help="a run folder; for --to torch also packaged weights by name")
    add("--to", required=True, nargs=2, metavar=("{package,torch}", "NAME"),
        help="where to, and under which name")
    cli.add_output(parser, "tinyfer/pretrained; for torch runs/exported")
    cli.add_threads(parser)
    return parser.parse_args(argv)


def main(argv=None):
    return cli.main(export, parse, argv)


def export(given):
    kind, name = given.to
    set_threads(given.threads)
    if kind not in ("package", "torch"):
        raise ValueError(f"--to must be package or torch, not {kind!r}")
    if kind == "torch":
        return to_torch(given, name, Path(given.out or "runs/exported"))
    if not re.fullmatch(r"[\w-]+", name, re.ASCII):
        raise ValueError(f"{name!r} is no name for packaged weights: use letters, digits and -")
    path = Path(given.out or PACKAGED) / f"{name}.npz"
    cli.check_output(path, given.force)
    to_package(given.run, given.data, path)


def to_torch(given, name, folder):
    """Write NAME.py and NAME.npz."""
    check_module_name(name)
    module = folder / f"{name}.py"
    for path in module, folder / f"{name}.npz":
        cli.check_output(path, given.force)
    run = open_run(given.run)
    title = f"{run.experiment.title}, seed {run.config.seed}."
    save_torch(folder, name, run.model, title[0].upper() + title[1:], run.config.recipe.lr)
    print(f"{module} and {name}.npz are written; try   python {shlex.quote(str(module))}")


def to_package(place, data, path):
    """Write the file of packaged weights, unless the scores change with float16."""
    run = open_run(place)
    if run.folder is None or not is_finished(run.folder):
        raise ValueError(f"{place} is not a finished run: train it to the end first")
    parts = parts_of(run, data, largest_face)[0]
    photographs = replace(run.config, also_drawn=None)
    faces = photographs.faces(data, find=largest_face)
    test, T = parts.test, calibrate(run.model, photographs.parts(faces).validation)
    print(f"logits divided by {T:.3f}, the temperature of the validation part's photographs")
    before = run.model.predict_proba(test.faces)
    halved = load_model(run.folder / "best.npz")
    halved.load_state(half_precision(run.model.state()))
    after = halved.predict_proba(test.faces)
    half = dict(
        n=len(test), accuracy=accuracy(test.labels, after.argmax(axis=1)),
        accuracy_before=accuracy(test.labels, before.argmax(axis=1)),
        changed=int(np.sum(before.argmax(axis=1) != after.argmax(axis=1))),
        largest=float(np.abs(before - after).max()))
    print(f"test part of {test.source}, {len(test):,} images: accuracy "
          f"{half['accuracy_before']:.5f} with float32 weights, {half['accuracy']:.5f} with "
          f"float16; predictions that differ: {half['changed']}; probabilities by at most "
          f"{half['largest']:.1e}")
    if abs(half["accuracy"] - half["accuracy_before"]) > LARGEST_CHANGE:
        raise ValueError(f"with float16 weights the accuracy changes by more than "
                         f"{LARGEST_CHANGE}: nothing was written")
    record = record_of(run.folder, data)
    trained = {key: run.about[key] for key in ("source", "class_names", "parts", "parameters",
                                                "trainable_parameters", "threads", "machine")}
    trained |= dict(settings=run.config.as_dict() | {"data": None},
                    experiment=run.experiment.number, best_epoch=record["best_epoch"],
                    weights=record["weights"], half_precision=half, temperature=T)
    save_packaged(path, run.model, trained)
    print(f"{path}: {path.stat().st_size / 1e6:.2f} MB")
