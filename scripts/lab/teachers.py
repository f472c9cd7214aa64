"""Networks that teach others: what each of five answers to training images that it has not seen.

    python scripts/lab/teachers.py --data archive.zip               all five, one after the other
    python scripts/lab/teachers.py --data archive.zip --folds 0 2   or two of them, beside others
    python scripts/lab/teachers.py --data archive.zip --of seven-class drawn-too
    python scripts/train.py --recipe distilled --teachers scripts/lab/teachers.npz ...

The training images of FER-2013 are dealt into five folds, copies of an image into the same. Each
network is trained on four of them by the recipe `best`, and answers the fifth, 18 crops of each
face averaged: a network has memorised most of what it was trained on, and what is memorised
teaches nothing. The test images of the study's split (seed 0) are in no fold, so that students of
that split learn nothing of them at second hand; all five answer those. Validation and test parts
of the official split are seen by none. Kept in one small file, in float16. Chapter 16.

--of: what the named networks answer, averaged, in two-networks.npz; they have seen the images.
"""

import sys
import zlib
from dataclasses import replace
from pathlib import Path

import numpy as np
import options

from tinyfer.commands import cli
from tinyfer.commands.progress import Progress
from tinyfer.core.kernels.threads import set_threads
from tinyfer.core.networks import load_model, six_layer_cnn
from tinyfer.data import duplicate_groups
from tinyfer.storage.arrays import load_arrays, save_arrays
from tinyfer.training.experiments import prepare
from tinyfer.training.loop import begin, fit
from tinyfer.training.recipes import BEST

ANSWERS = Path(__file__).with_name("teachers.npz")
OF_NETWORKS = ANSWERS.with_name("two-networks.npz")
FOLDS, CROPS = 5, 18
RECIPE = replace(BEST, epochs=48)
NO_FOLD = -1


def parse(argv):
    parser = options.parser(__doc__, "--data", "--threads")
    add = parser.add_argument
    add("--folds", nargs="+", type=int, choices=range(FOLDS), default=list(range(FOLDS)),
        metavar="N", help="train the networks that do not see these (default: all)")
    add("--epochs", type=cli.at_least(1), default=RECIPE.epochs, metavar="N",
        help=f"default {RECIPE.epochs}")
    add("--out", type=Path, default=Path("runs/teachers"), metavar="FOLDER",
        help="where they are trained; stopped ones go on (default runs/teachers)")
    add("--of", nargs="+", metavar="NETWORK", help="train none, and ask these")
    add("--answers", type=Path, metavar="FILE", help="the answers, written when all five are there "
        f"(default {ANSWERS.name} beside this script, or {OF_NETWORKS.name})")
    return parser.parse_args(argv)


def main(argv=None):
    return cli.main(teach, parse, argv, "stopped; the same command goes on")


def teach(given):
    set_threads(given.threads)
    faces = cli.fer2013(given.data)
    training = faces[faces.usage == "Training"]
    if given.of:
        answers = [load_model(name).predict_proba(training.faces, crops=CROPS) for name in given.of]
        keep(np.mean(answers, axis=0), training, given.answers or OF_NETWORKS)
        return
    fold = folds_of(faces)
    for k in given.folds:
        folder = given.out / f"teacher{k}"
        if not (folder / "answers.npz").exists():
            train(faces, fold, k, folder, replace(RECIPE, epochs=given.epochs))
    answers = [given.out / f"teacher{k}" / "answers.npz" for k in range(FOLDS)]
    if all(path.exists() for path in answers):
        p = unseen([load_arrays(path)["training"] for path in answers], fold)
        keep(p, training, given.answers or ANSWERS)


def keep(p, training, path):
    """Write what was answered to the training images, and say how often it was right."""
    save_arrays(path, dict(probabilities=p.astype(np.float16),
                           checksum=np.array(zlib.crc32(training.faces.tobytes()))), True)
    print(f"{path}: right for {np.mean(p.argmax(axis=1) == training.labels):.3f} of the "
          f"{len(p):,} training images")


def folds_of(faces, seed=0):
    """(N,) for the N images of Training: the fold of each, or NO_FOLD for the study's test images.

    Copies of an image are in one fold.
    """
    training = faces.usage == "Training"
    numbered = replace(faces, opinions=np.repeat(np.arange(len(faces))[:, None],
                                                 len(faces.class_names), axis=1))
    test = prepare(numbered, ("own", "none", "report"), seed).test.opinions[:, 0]
    groups = duplicate_groups(faces.faces[training])
    order = np.random.default_rng([seed, *b"folds"]).permutation(groups.max() + 1)
    fold = order[groups] % FOLDS
    fold[np.isin(np.flatnonzero(training), test)] = NO_FOLD
    return fold


def train(faces, fold, k, folder, recipe):
    """Train the network that does not see fold k, and keep its answers."""
    training = faces[faces.usage == "Training"]
    part, validation = training[(fold != k) & (fold != NO_FOLD)], faces[faces.usage == "PublicTest"]
    model = six_layer_cnn(len(faces.class_names), seed=k, class_names=faces.class_names)
    optimizer = recipe.make_optimizer(model)
    folder.mkdir(parents=True, exist_ok=True)
    done = len(begin(model, optimizer, folder, recipe))
    print(f"teacher {k}: {len(part):,} images, {done} of {recipe.epochs} epochs done", flush=True)
    fit(model, optimizer, part, validation, folder, recipe, progress=Progress())
    p = optimizer.averaged.predict_proba(training.faces, crops=CROPS)
    save_arrays(folder / "answers.npz", dict(training=p))


def unseen(answers, fold):
    """Of each image the answer of the network that has not seen it, or the mean of all five."""
    p = np.mean(answers, axis=0)
    for k in range(FOLDS):
        p[fold == k] = answers[k][fold == k]
    return p


if __name__ == "__main__":
    sys.exit(main())
