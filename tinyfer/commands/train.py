"""Train the six-layer network on FER-2013, or on drawn faces where FER-2013 is not at hand.

    python scripts/train.py --classes 5 --data archive.zip      a new run
    python scripts/train.py --resume runs/experiment6-seed0     go on with one that was stopped
"""

import argparse
import shlex
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np

from tinyfer.commands import cli
from tinyfer.commands.messages import conclude, drawn_notice, introduce, show_reading
from tinyfer.commands.progress import Progress
from tinyfer.core.kernels.threads import set_threads
from tinyfer.core.networks import load_model, six_layer_cnn
from tinyfer.data import class_weights, find_data, verify
from tinyfer.data.fer2013 import own_pictures
from tinyfer.storage.checkpoint import load_checkpoint
from tinyfer.training import experiments, runs
from tinyfer.training.config import Settings
from tinyfer.training.evaluation import score_run
from tinyfer.training.loop import fit, start_from, warnings
from tinyfer.training.recipes import RECIPES

# The study's recipe. Every line can be changed here, or by the option of its name; --recipe best
# takes epochs, batch size and rate, and what else it does otherwise, from tinyfer/training/recipes.py.
DEFAULTS = dict(
    classes=5,              # without disgust, too rare to learn, and neutral: the study's choice
    split="report",         # its 70/20/10 %; "official" is the one that others report on
    drop_duplicates=False,  # the data as they come, though some test images are also in training
    epochs=40,              # the score on validation is flat by then, at this rate
    batch_size=64,          # images a step: gradient noise against the number of steps
    lr=1e-4,                # Adam's rate, the same from the first step to the last
    seed=0,                 # of the split, weights, order, augmentation and dropout
    dtype="float32",        # float64 takes twice as long, and changes little
)
# Drawn faces are to end in two minutes: few images, but as many steps as batch norm needs for its
# running means (some hundred, with a momentum of 0.99), and larger ones.
DRAWN_DEFAULTS = dict(drawn=2000, epochs=10, batch_size=16, lr=1e-3)

# The study's first experiment with so many classes tells how to balance them by default.
FIRST_OF_CLASSES = {}
for _experiment in experiments.EXPERIMENTS.values():
    FIRST_OF_CLASSES.setdefault(_experiment.classes, _experiment)

# What a resumed run may be told anew; none of it changes the result of an epoch.
FREE_ON_RESUME = ("resume", "data", "threads", "epochs", "patience")


def train(given):
    settings = resumed_settings(given) if "resume" in given else new_settings(given)
    threads = set_threads(given.get("threads"))
    if settings.drawn:
        notice = (f"DRAWN FACES, NOT FER-2013: {settings.drawn:,} faces of all seven classes that "
                  "tinyfer draws itself.")
        asked_for = "drawn" in given or "resume" in given
        print(notice if asked_for else drawn_notice(notice))

    faces = settings.faces(progress=show_reading())
    if faces.source == "FER-2013":
        print(verify.sentence(faces))
    parts = settings.parts(faces)
    names = parts.train.class_names
    weights = None
    if settings.balance == "weights":
        weights = class_weights(parts.train.labels, len(names))

    model = six_layer_cnn(classes=len(names), seed=settings.seed, class_names=names,
                          dtype=np.dtype(settings.dtype))
    checkpoint = "resume" in given and (Path(given["resume"]) / "last.npz").exists()
    if settings.start and not checkpoint:
        begin_with(settings, model)
    recipe = settings.training
    optimizer = recipe.make_optimizer(model)

    config = runs.config_of(settings, parts, model, threads)
    if "resume" in given:
        folder = Path(given["resume"])
    else:
        folder = runs.new_folder(given.get("out", f"runs/{settings.name}"), "out" not in given)
    with runs.owned(folder):
        again = (folder / "metrics.json").exists()
        history = []
        if "resume" in given:
            history = resume(folder, settings, config, model, optimizer)
        runs.write_json(folder / "config.json", config)
        introduce(config, folder, history)
        try:
            history = fit(model, optimizer, parts.train, parts.validation, folder, recipe, weights,
                          history, Progress(), settings.decisive())
            result = score_run(folder, parts, history)
        except KeyboardInterrupt:
            print("\nstopped; to go on:  python scripts/train.py --resume "
                  f"{shlex.quote(str(folder))}", file=sys.stderr)
            return 130
    conclude(result, folder, settings, warnings(history, parts.validation.labels),
             "again" if again else "once")


def main(argv=None):
    return cli.main(train, parse, argv, "stopped before the training began: nothing was saved")


def new_settings(given):
    """Every setting of a new run: what was given, and the defaults for the rest."""
    if "drawn" in given and "data" in given:
        raise ValueError("--drawn and --data contradict each other: give one of them")
    data = None if "drawn" in given else find_data(given.get("data"))
    chosen = DEFAULTS | of_recipe(given.get("recipe"))
    chosen |= {"drawn": None} if data else DRAWN_DEFAULTS
    own = own_pictures(data) is not None
    if own:
        chosen["classes"] = experiments.OWN
    elif "find_faces" in given:
        raise ValueError("--find-faces needs --data with a folder of your own pictures; those of "
                         "FER-2013, and drawn ones, are faces already")
    if "experiment" in given:
        chosen |= of_experiment(given["experiment"])
        for name in ("classes", "balance", "split"):
            if given.get(name, chosen[name]) != chosen[name]:
                raise ValueError(f"--{name} {given[name]} contradicts --experiment "
                                 f"{given['experiment']}, which has {chosen[name]}")
    chosen |= {name: given[name] for name in given.keys() - {"experiment", "out", "threads"}}
    first = FIRST_OF_CLASSES.get(chosen["classes"])
    chosen.setdefault("balance", first.balance if first else "weights")
    if "start" in chosen and Path(chosen["start"]).exists():
        chosen["start"] = str(Path(chosen["start"]).resolve())
    return Settings.read(chosen | {"data": str(data.resolve()) if data else None})


def of_recipe(name):
    """What another recipe than the study's decides; weighing classes would cost it accuracy."""
    if name in (None, "study"):
        return {}
    return {key: getattr(RECIPES[name], key) for key in ("epochs", "batch_size", "lr")} | {
        "balance": "none"}


def of_experiment(number):
    experiment = experiments.EXPERIMENTS[number]
    return {name: getattr(experiment, name) for name in ("classes", "balance", "split")}


def resumed_settings(given):
    """The settings a run was started with, after a look for contradictions in what was given."""
    folder = given["resume"]
    settings = runs.read_settings(folder)
    for name, value in given.items():
        if name == "experiment":
            agrees = all(getattr(settings, key) == expected
                         for key, expected in of_experiment(value).items())
        elif name == "out":
            agrees = Path(value).resolve() == Path(folder).resolve()
        else:
            agrees = name in FREE_ON_RESUME or value == getattr(settings, name)
        if not agrees:
            option = "from" if name == "start" else name.replace("_", "-")
            raise ValueError(f"--{option} {value} contradicts the run in {folder}: "
                             "leave it out, a run goes on as it was started")
    epochs = given.get("epochs", settings.epochs)
    if epochs < settings.epochs:
        raise ValueError(f"--epochs {epochs} contradicts the run in {folder}, which was started "
                         f"with {settings.epochs}: it may be raised, not lowered")
    if epochs != settings.epochs and settings.training.schedule != "constant":
        raise ValueError(f"--epochs {epochs} contradicts the run in {folder}, whose rate falls to "
                         f"0 in its {settings.epochs} epochs: start a new one")
    place = settings.find(given.get("data"))
    return replace(settings, epochs=epochs, data=str(place.resolve()) if place else None,
                   patience=given.get("patience", settings.patience))


def begin_with(settings, model):
    """Put the weights into the model that the settings say it starts from."""
    folder = Path(settings.start)
    if folder.is_dir():
        run = runs.open_run(folder)
        other, drawn = run.model, run.settings.drawn
    else:
        other, drawn = load_model(settings.start), None
    left = start_from(model, other)
    print(f"starting from {settings.start}" + (f", but for {' and '.join(left)}" if left else ""))
    if drawn and not settings.drawn:
        print(f"note: the weights in {folder} were learnt on drawn faces, not on photographs")


def resume(folder, settings, config, model, optimizer):
    """The history of a stopped run, its checkpoint put into model and optimizer."""
    before = runs.read_config(folder)
    for key in ("source", "class_names", "parts", "parameters"):
        if config[key] != before.get(key):
            raise ValueError(f"{folder} cannot be resumed with this data: its {key} differ from "
                             "those the run was started with")
    kept = before.get("recipe", config["recipe"])
    if not isinstance(kept, dict) or any(
            kept.get(key) != value for key, value in config["recipe"].items()
            if key not in ("epochs", "patience")):
        raise ValueError(f"{folder} cannot be resumed: the recipe {settings.recipe} has changed")
    if not (folder / "last.npz").exists():
        for left in ("history.csv", "best.npz", "metrics.json"):
            if (folder / left).exists():
                raise ValueError(f"{folder} cannot be resumed: it holds {left}, but no last.npz "
                                 "to go on from")
        return []       # stopped before the first checkpoint: nothing had been trained
    for key in "machine", "threads":        # who trained, though another may score
        config[key] = before.get(key, config[key])
    return load_checkpoint(folder / "last.npz", model, optimizer, settings.decisive())


def parse(argv):
    parser = cli.parser(
        description="Train the six-layer network and score it on the test part. FER-2013 is taken "
        "from --data, else from the TINYFER_DATA variable, else from ./data; where there is none, "
        "the network trains on faces that tinyfer draws itself.",
        argument_default=argparse.SUPPRESS,
    )
    add = parser.add_argument
    add("--classes", type=int, choices=(7, 6, 5, 3, 2),
        help="7: all; 6: no disgust; 5: no disgust, no neutral; 3: happy, neutral, sad; "
        "2: positive against negative, no neutral (default 5; with a folder of your own, the "
        "classes that its folders name)")
    add("--balance", choices=("none", "weights", "undersample"),
        help="none: as they are; weights: rare classes weigh more in the loss; undersample: as "
        "many of each class as the rarest has (default: the study's first choice for --classes: "
        + ", ".join(f"{e.classes} {e.balance}" for e in FIRST_OF_CLASSES.values())
        + ", your own weights)")
    add("--experiment", metavar="NAME", choices=tuple(experiments.EXPERIMENTS),
        help="classes, balance and split of one of the study's experiments by its number: "
        + ", ".join(experiments.EXPERIMENTS))
    add("--split", choices=("report", "official"),
        help="report: the study's 70/20/10 %%, drawn with --seed; official: Training, PublicTest "
        "and PrivateTest, the one that compares with the literature (default report)")
    add("--drop-duplicates", action="store_true",
        help="train without the images that have an exact copy in the validation or test part")
    add("--data", metavar="PATH", help="FER-2013: archive.zip, its folder, or the "
        "csv file; or a folder of your own pictures, of any two or more classes: train/CLASS/* and "
        "test/CLASS/*, or CLASS/*, of which 70/20/10 %% are drawn with --seed (80/10/10 %% with "
        "--split official)")
    add("--find-faces", action="store_true", help="in a folder of your own, take the largest face "
        "found in each picture, and the picture where there is none (default: the whole picture)")
    add("--drawn", type=cli.at_least(1), metavar="N",
        help="train on N drawn faces even if FER-2013 is at hand "
        f"(default {DRAWN_DEFAULTS['drawn']:,} where it is not)")
    add("--recipe", choices=tuple(RECIPES), help="study: as in the study; best: for the "
        "highest accuracy (a rate that rises and falls, decay, smoothed labels, more augmentation, "
        "averaged weights, no class weights), in more time (default study)")
    add("--epochs", type=cli.at_least(1), metavar="N", help="times each training image is seen "
        f"(default 40; {RECIPES['best'].epochs} with --recipe best; "
        f"{DRAWN_DEFAULTS['epochs']} on drawn faces)")
    add("--patience", type=cli.at_least(1), metavar="N",
        help="stop when the validation accuracy has not risen for N epochs (default: never)")
    add("--limit", type=cli.at_least(1), metavar="N", help="use only N images of each part: a "
        "run that shows whether everything works, and nothing else")
    add("--from", dest="start", metavar="WEIGHTS", help="start from packaged weights by name "
        "(five-class), a model file or a run folder; the last layer is drawn anew where the "
        "classes differ")
    add("--batch-size", type=cli.at_least(1), metavar="N", help="images per step "
        f"(default 64; {RECIPES['best'].batch_size} with --recipe best; "
        f"{DRAWN_DEFAULTS['batch_size']} on drawn faces)")
    add("--lr", type=float, metavar="RATE", help="Adam's learning rate, or the "
        f"highest, where it changes (default 1e-4; {RECIPES['best'].lr:g} with --recipe best; "
        f"{DRAWN_DEFAULTS['lr']:g} on drawn faces)")
    add("--seed", type=cli.at_least(0), metavar="N",
        help="fixes everything random: split, weights, order, augmentation, dropout (default 0)")
    add("--dtype", choices=("float32", "float64"),
        help="the numbers computed with: float64 takes twice as long and shows what rounding does "
        "to a training: little (default float32)")
    add("--threads", type=cli.at_least(1), metavar="N",
        help="threads; changes the speed, not the result (default: one per core)")
    add("--out", metavar="FOLDER", help="the run folder, new or empty "
        "(default runs/<experiment>-seed<seed>, with a number behind if taken)")
    add("--resume", metavar="RUN", help="go on with the run in this folder after its last whole "
        "epoch; needs no other option, but --epochs may be raised")
    return vars(parser.parse_args(argv))
