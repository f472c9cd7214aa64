"""Trains one rung in a folder of its own, or goes on with it, and keeps what it answered.

    rung.json         rung, recipe, seed, images and their checksums, machine
    last.npz  best.npz  history.csv         as in every run folder
    validation.npz    labels and probabilities of the validation part, when all is done

The test part is never looked at here: the ladder chooses, and who chooses must not see it.
"""

from pathlib import Path

import numpy as np

from tinyfer.commands.progress import Progress
from tinyfer.core.kernels.threads import set_threads
from tinyfer.core.networks import load_model
from tinyfer.data.splits import class_weights
from tinyfer.storage.arrays import save_arrays
from tinyfer.storage.files import read_json
from tinyfer.training import experiments, runs
from tinyfer.training.loop import fit
from tinyfer.training.recipes import Recipe


def read_rung(folder):
    """The dict in rung.json; OSError or ValueError where there is none."""
    return read_json(Path(folder) / "rung.json", runs.MOST_CONFIG)


def folder_of(out, rung, seed, drawn):
    return Path(out) / f"{'drawn-' if drawn else ''}{rung.name}-seed{seed}"


def climb(rung, faces, folder, seed=0):
    """Train a rung to its end. faces: `Faces` of all seven classes; the official split is used.

    A folder with a checkpoint in it is gone on with. ValueError where it is of another recipe or
    of other images.
    """
    parts = experiments.prepare(faces, (7, "none", "official"), seed)
    checksums = {name: part["checksum"] for name, part in runs.describe_parts(parts).items()}
    names = parts.train.class_names
    model = rung.network(len(names), seed, names)
    optimizer = rung.recipe.make_optimizer(model)
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    config = dict(settings=dict(rung=rung.name, seed=seed, balance=rung.balance),
                  recipe=rung.recipe.as_dict(), source=parts.train.source,
                  images={name: len(getattr(parts, name)) for name in ("train", "validation")},
                  checksums=checksums, parameters=model.num_parameters(),
                  machine=runs.describe_machine(), threads=set_threads(None))
    weights = class_weights(parts.train.labels, 7) if rung.balance == "weights" else None
    with runs.owned(folder):
        _begin(folder, config)
        fit(model, optimizer, parts.train, parts.validation, folder, rung.recipe, weights,
            Progress())
        best = load_model(folder / "best.npz")
        keep_answers(folder, parts.validation, best.predict_proba(parts.validation.faces))


def look_again(rung, below, faces, below_folder, folder, seed=0):
    """A rung without training: what the network of the rung below says of several crops."""
    if not (below_folder / "validation.npz").exists():
        raise FileNotFoundError(f"{below_folder} is not finished: train --rung {below.name} first")
    validation = experiments.prepare(faces, (7, "none", "official"), seed).validation
    model = load_model(below_folder / "best.npz")
    config = read_rung(below_folder)
    config["settings"]["rung"] = rung.name
    runs.write_json(folder / "rung.json", config)
    keep_answers(folder, validation, model.predict_proba(validation.faces, crops=rung.crops))


def _begin(folder, config):
    """Write rung.json; ValueError where the folder holds another run."""
    if (folder / "rung.json").exists():
        before = read_rung(folder)
        before["recipe"] = Recipe.read(before["recipe"])
        for key, value in (config | {"recipe": Recipe.read(config["recipe"])}).items():
            if key in ("settings", "recipe", "checksums") and before.get(key) != value:
                raise ValueError(f"{folder} holds a run with other {key}: choose another --out")
    runs.write_json(folder / "rung.json", config)


def keep_answers(folder, part, probabilities):
    save_arrays(Path(folder) / "validation.npz",
                dict(labels=part.labels, probabilities=np.asarray(probabilities)))
