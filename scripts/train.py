"""Train the six-layer network on FER-2013, or on drawn faces where FER-2013 is not at hand.

    python scripts/train.py --classes 5 --data archive.zip      a new run
    python scripts/train.py --resume runs/experiment6-seed0     go on with one that was stopped
"""

import argparse
import sys
import textwrap
from pathlib import Path

import command
import numpy as np
from progress import Progress, duration

from tinyfer import experiments, runs
from tinyfer.architectures import six_layer_cnn
from tinyfer.checkpoint import load_checkpoint
from tinyfer.datasets import HOW_TO_GET, find_data, load_fer2013
from tinyfer.datasets.splits import class_weights
from tinyfer.datasets.toyfaces import draw_faces
from tinyfer.kernels.compiling import compiled
from tinyfer.kernels.threads import set_threads
from tinyfer.metrics import format_report
from tinyfer.recipes import Recipe
from tinyfer.training import fit

DEFAULTS = dict(classes=5, split="report", drop_duplicates=False, epochs=40, batch_size=64,
                lr=1e-4, seed=0, dtype="float32")
# Drawn faces are to end in two minutes: few images, but as many steps as batch norm needs for its
# running means (some hundred, with a momentum of 0.99), and larger ones.
DRAWN_DEFAULTS = dict(drawn=2000, epochs=10, batch_size=16, lr=1e-3)
# What a resumed run may be told anew; none of it changes the result of an epoch.
FREE_ON_RESUME = ("resume", "data", "threads", "epochs")

# The study's first experiment with so many classes tells how to balance them by default.
FIRST_OF_CLASSES = {}
for _experiment in experiments.EXPERIMENTS.values():
    FIRST_OF_CLASSES.setdefault(_experiment.classes, _experiment)

RULE = "=" * 98


def parse(argv):
    parser = command.parser(
        description="Train the six-layer network and score it on the test part. FER-2013 is taken "
        "from --data, else from the TINYFER_DATA variable, else from ./data; where there is none, "
        "the network trains on faces that tinyfer draws itself.",
        argument_default=argparse.SUPPRESS,
    )
    add = parser.add_argument
    add("--classes", type=int, choices=(7, 6, 5, 3, 2),
        help="7: all; 6: no disgust; 5: no disgust, no neutral; 3: happy, neutral, sad; "
        "2: positive against negative, no neutral (default 5)")
    add("--balance", choices=("none", "weights", "undersample"),
        help="none: as they are; weights: rare classes weigh more in the loss; undersample: as "
        "many of each class as the rarest has (default: the study's first choice for --classes: "
        + ", ".join(f"{e.classes} {e.balance}" for e in FIRST_OF_CLASSES.values()) + ")")
    add("--experiment", metavar="NAME", choices=tuple(experiments.EXPERIMENTS),
        help="classes, balance and split of one of the study's experiments by its number: "
        + ", ".join(experiments.EXPERIMENTS))
    add("--split", choices=("report", "official"),
        help="report: the study's 70/20/10 %%, drawn with --seed; official: Training, PublicTest "
        "and PrivateTest, the one that compares with the literature (default report)")
    add("--drop-duplicates", action="store_true",
        help="train without the images that have an exact copy in the validation or test part")
    add("--data", metavar="PATH", help="FER-2013: archive.zip, its folder, or the csv file")
    add("--drawn", type=command.at_least(1), metavar="N",
        help="train on N drawn faces even if FER-2013 is at hand "
        f"(default {DRAWN_DEFAULTS['drawn']:,} where it is not)")
    add("--epochs", type=command.at_least(1), metavar="N", help="times each training image is seen "
        f"(default 40; {DRAWN_DEFAULTS['epochs']} on drawn faces)")
    add("--batch-size", type=command.at_least(1), metavar="N", help="images per step "
        f"(default 64; {DRAWN_DEFAULTS['batch_size']} on drawn faces)")
    add("--lr", type=float, metavar="RATE", help="Adam's learning rate "
        f"(default 1e-4; {DRAWN_DEFAULTS['lr']:g} on drawn faces)")
    add("--seed", type=command.at_least(0), metavar="N",
        help="fixes everything random: split, weights, order, augmentation, dropout (default 0)")
    add("--dtype", choices=("float32", "float64"),
        help="the numbers computed with: float64 takes twice as long and shows what rounding does "
        "to a training: little (default float32)")
    add("--threads", type=command.at_least(1), metavar="N",
        help="threads; changes the speed, not the result (default: one per core)")
    add("--out", metavar="FOLDER", help="the run folder, new or empty "
        "(default runs/<experiment>-seed<seed>, with a number behind if taken)")
    add("--resume", metavar="RUN", help="go on with the run in this folder after its last whole "
        "epoch; needs no other option, but --epochs may be raised")
    return vars(parser.parse_args(argv))


def main(argv=None):
    return command.main(train, parse, argv, "stopped before the training began: nothing was saved")


def train(given):
    settings = resumed_settings(given) if "resume" in given else new_settings(given)
    threads = set_threads(given.get("threads"))
    if settings["drawn"]:
        print(drawn_notice(f"DRAWN FACES, NOT FER-2013: training on {settings['drawn']:,} faces "
                           "that tinyfer draws itself."))
    parts = load_parts(settings)
    names = parts.train.class_names
    model = six_layer_cnn(classes=len(names), seed=settings["seed"], class_names=names,
                          dtype=np.dtype(settings["dtype"]))
    recipe = Recipe(settings["epochs"], settings["batch_size"], lr=settings["lr"])
    optimizer = recipe.make_optimizer(model)
    config = dict(
        settings=settings, experiment=resolve(settings).number, source=parts.train.source,
        class_names=list(names), parts=runs.describe_parts(parts),
        parameters=model.num_parameters(),
        trainable_parameters=model.num_parameters(trainable=True),
        threads=threads, machine=runs.describe_machine(),
    )
    if "resume" in given:
        folder, history = open_run(given["resume"], config, model, optimizer)
    else:
        folder, history = runs.new_folder(given.get("out"), run_name(settings)), []
    runs.write_json(folder / "config.json", config)
    introduce(config, folder, history)

    weights = None
    if settings["balance"] == "weights":
        weights = class_weights(parts.train.labels, len(names))
    try:
        history = fit(model, optimizer, parts.train, parts.validation, folder, recipe, weights,
                      history, Progress())
        result = runs.score(folder, parts, history)
    except KeyboardInterrupt:
        print(f"\nstopped; to go on:  python scripts/train.py --resume {folder}", file=sys.stderr)
        return 130
    conclude(result, folder, settings)


def new_settings(given):
    """Every setting of a new run: what was given, and the defaults for the rest."""
    if "drawn" in given and "data" in given:
        raise ValueError("--drawn and --data contradict each other: give one of them")
    data = None if "drawn" in given else find_data(given.get("data"))
    settings = DEFAULTS | ({"drawn": None} if data else DRAWN_DEFAULTS)
    if "experiment" in given:
        chosen = experiments.EXPERIMENTS[given["experiment"]]
        settings |= dict(classes=chosen.classes, balance=chosen.balance, split=chosen.split)
        for name in ("classes", "balance", "split"):
            if given.get(name, settings[name]) != settings[name]:
                raise ValueError(f"--{name} {given[name]} contradicts --experiment "
                                 f"{given['experiment']}, which has {settings[name]}")
    settings |= {name: given[name] for name in given.keys() - {"experiment", "out", "threads"}}
    settings.setdefault("balance", FIRST_OF_CLASSES[settings["classes"]].balance)
    settings["data"] = str(data.resolve()) if data else None
    return settings


def resolve(settings):
    return experiments.resolve(settings["classes"], settings["balance"], settings["split"])


def run_name(settings):
    """runs/experiment6-seed0; a set-up without a number, or drawn faces, by what it is."""
    experiment = resolve(settings)
    name = f"experiment{experiment.number}"
    if not experiment.number:
        name = f"{experiment.classes}-{experiment.balance}-{experiment.split}"
    drawn = "drawn-" if settings["drawn"] else ""
    distinct = "-distinct" if settings["drop_duplicates"] else ""
    double = "-float64" if settings["dtype"] == "float64" else ""
    return f"{drawn}{name}{distinct}{double}-seed{settings['seed']}"


def resumed_settings(given):
    """The settings a run was started with, after a look for contradictions in what was given."""
    folder = given["resume"]
    settings = runs.read_config(folder)["settings"]
    for name, value in given.items():
        if name == "experiment":
            chosen = experiments.EXPERIMENTS[value]
            agrees = all(settings[key] == getattr(chosen, key)
                         for key in ("classes", "balance", "split"))
        elif name == "out":
            agrees = Path(value).resolve() == Path(folder).resolve()
        else:
            agrees = name in FREE_ON_RESUME or value == settings[name]
        if not agrees:
            raise ValueError(f"--{name.replace('_', '-')} {value} contradicts the run in {folder}: "
                             "leave it out, a run goes on as it was started")
    if given.get("epochs", settings["epochs"]) < settings["epochs"]:
        raise ValueError(f"--epochs {given['epochs']} contradicts the run in {folder}, which was "
                         f"started with {settings['epochs']}: it may be raised, not lowered")
    settings["epochs"] = given.get("epochs", settings["epochs"])
    if not settings["drawn"]:
        usual = settings["data"] if Path(settings["data"]).exists() else None
        data = find_data(given.get("data") or usual)
        if data is None:
            raise FileNotFoundError(f"the data of the run in {folder} is no longer in "
                                    f"{settings['data']}: tell where it is by --data")
        settings["data"] = str(data.resolve())
    elif "data" in given:
        raise ValueError(f"--data contradicts the run in {folder}, which is on drawn faces")
    return settings


def load_parts(settings):
    if settings["drawn"]:
        data = draw_faces(settings["drawn"], seed=settings["seed"])
    else:
        data = load_fer2013(settings["data"], progress=show_reading)
    return experiments.prepare(data, resolve(settings), settings["seed"],
                               settings["drop_duplicates"])


def show_reading(done, total):
    live = sys.stdout.isatty()
    if live or done == total:
        print(f"{chr(13) if live else ''}decoding FER-2013, once: {done:,} of {total:,} images",
              end="\n" if done == total else "", flush=True)


def open_run(folder, config, model, optimizer):
    """The folder and history of a stopped run, its checkpoint put into model and optimizer."""
    folder = Path(folder)
    before = runs.read_config(folder)
    for key in ("source", "class_names", "parts", "parameters"):
        if config[key] != before[key]:
            raise ValueError(f"{folder} cannot be resumed with this data: its {key} differ from "
                             "those the run was started with")
    if not (folder / "last.npz").exists():
        return folder, []  # stopped before the first checkpoint: nothing had been trained
    return folder, load_checkpoint(folder / "last.npz", model, optimizer)


def introduce(config, folder, history):
    settings = config["settings"]
    counts = ", ".join(f"{part['images']:,} {name}" for name, part in config["parts"].items())
    print(f"{config['source']}: {counts}; classes {', '.join(config['class_names'])}")
    print(f"{config['parameters']:,} values, {config['trainable_parameters']:,} of them trained; "
          f"balance {settings['balance']}, split {settings['split']}, seed {settings['seed']}")
    threads = runs.describe_threads(config["threads"])
    print(f"{config['machine']['cpu']}, {threads}; everything goes to {folder}")
    if len(history) == settings["epochs"]:
        print("all its epochs are done already: scoring it again")
    elif history:
        print(f"resuming after epoch {len(history)} of {settings['epochs']}")
    if not compiled():
        print("the first step compiles the kernels, once: this takes about a minute")
    sys.stdout.flush()


def conclude(result, folder, settings):
    test, best = result["best"]["test"], result["best"]
    low, high = test["accuracy_interval"]
    print(f"\nbest epoch on validation: {best['epoch']}, accuracy "
          f"{best['validation']['accuracy']:.4f} (last epoch {result['last']['epoch']}: "
          f"{result['last']['validation']['accuracy']:.4f})")
    print(f"test part of {result['source']}, {test['n']:,} images, scored once with the best "
          f"epoch:\naccuracy {test['accuracy']:.4f} (95 % interval {low:.3f} to {high:.3f}), "
          f"macro precision {test['macro']['precision']:.4f}, "
          f"macro AUC {test['macro']['auc']:.4f}\n")
    print(format_report(test))
    print(f"\ntrained in {duration(result['training_seconds'])}; config.json, history.csv, "
          "metrics.json, best.npz, last.npz,\ncurves.png, confusion.png and roc.png are in "
          f"{folder}")
    if settings["drawn"]:
        print(drawn_notice("DRAWN FACES, NOT FER-2013: this score says nothing about photographs."))


def drawn_notice(sentence):
    return f"{RULE}\n  {sentence}\n\n{textwrap.indent(HOW_TO_GET, '  ')}\n{RULE}"


if __name__ == "__main__":
    sys.exit(main())
