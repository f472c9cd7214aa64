"""Train the six-layer network on FER-2013, or on drawn faces where FER-2013 is not at hand.

    python scripts/train.py --classes 5 --data archive.zip      a new run
    python scripts/train.py --resume runs/experiment6-seed0     go on with one that was stopped
"""

import shlex
from argparse import SUPPRESS
from dataclasses import fields, replace
from pathlib import Path

from tinyfer.commands import cli
from tinyfer.commands.messages import PUBLISHED, conclude, drawn_notice, introduce, show_reading
from tinyfer.commands.progress import Progress
from tinyfer.core.kernels.threads import set_threads
from tinyfer.core.networks import packaged, six_layer_cnn
from tinyfer.data import class_weights, find_data, is_published
from tinyfer.data.load import own_pictures
from tinyfer.photo.reading import largest_face
from tinyfer.training import experiments, runs
from tinyfer.training.config import Config, usual_recipe
from tinyfer.training.evaluation import score_run
from tinyfer.training.loop import begin, check_data, fit, start_from
from tinyfer.training.recipes import PLAIN, RECIPES, Recipe

DRAWN_FACES = 2000      # where there is no FER-2013
FEW = 5000              # pictures of one's own

# The study's first experiment with so many classes tells how to balance them by default.
FIRST_OF_CLASSES = {}
for _experiment in experiments.EXPERIMENTS.values():
    FIRST_OF_CLASSES.setdefault(_experiment.classes, _experiment)


def train(given):
    threads = set_threads(given.pop("threads", None))
    resumed = given.pop("resume", None)
    if resumed is not None:
        config, folder, numbered = resumed_config(resumed, given), Path(resumed), False
    else:
        config = new_config(given)
        folder, numbered = given.get("out", f"runs/{config.name}"), "out" not in given
    if config.drawn:
        notice = (f"DRAWN FACES, NOT FER-2013: {config.drawn:,} faces of all seven classes that "
                  "tinyfer draws itself.")
        print(notice if "drawn" in given or resumed else drawn_notice(notice))
    train_run(config, folder, numbered, resumed is not None, threads)


def train_run(config, folder, numbered=False, resumed=False, threads=None):
    """Train a network as a Config says, score it, and return the run folder.

    folder: the run folder, new; numbered: or, where it is taken, the first free one of folder-2,
    folder-3, ...; resumed: go on with the run that is in it.
    """
    faces = config.faces(progress=show_reading(), find=largest_face)
    if faces.source == "FER-2013":
        print(PUBLISHED[is_published(faces)])
    parts = config.parts(faces)
    names = parts.train.class_names
    weights = None
    if config.balance == "weights":
        weights = class_weights(parts.train.labels, len(names))

    model = six_layer_cnn(classes=len(names), seed=config.seed, class_names=names)
    if config.start and not (resumed and (folder / "last.npz").exists()):
        begin_with(config, model)
    optimizer = config.recipe.make_optimizer(model)
    check_data(model, parts.train, parts.validation, config.recipe)     # before a folder is made

    about = runs.about_run(config, parts, model, threads or set_threads(None))
    if not resumed:
        folder = runs.new_folder(folder, numbered)
    with runs.owned(folder):
        again, history = (folder / "metrics.json").exists(), []
        if resumed:
            keep_what_is_known(folder, about)
            history = begin(model, optimizer, folder, config.recipe, weights)
        runs.write_json(folder / "config.json", about)
        introduce(about, config, folder, history)
        try:
            history = fit(model, optimizer, parts.train, parts.validation, folder, config.recipe,
                          weights, Progress())
            result = score_run(folder, parts, history)
        except KeyboardInterrupt:
            raise KeyboardInterrupt("stopped; to go on:  python scripts/train.py --resume "
                                    f"{shlex.quote(str(folder))}") from None
    notes = []
    if config.classes == experiments.OWN and not config.start and len(parts.train) < FEW:
        notes.append(f"{len(parts.train):,} pictures are few to learn from scratch: with --from "
                     "seven-class they go further (docs/fine-tuning.md)")
    conclude(result, folder, config, notes, "again" if again else "once")
    return folder


def main(argv=None):
    return cli.main(train, parse, argv, "stopped before the training began: nothing was saved")


def new_config(given):
    """The Config of a new run: what was given by the names of options, and defaults for the rest.
    """
    if "drawn" in given and "data" in given:
        raise ValueError("--drawn and --data contradict each other: give one of them")
    data = None if "drawn" in given else find_data(given.get("data"))
    drawn = None if data else given.get("drawn", DRAWN_FACES)
    recipe = RECIPES[given.get("recipe", usual_recipe(drawn, given.get("start")))]
    chosen = {"classes": Config.classes}
    if own := data and own_pictures(data):
        chosen["classes"] = experiments.OWN
        if len(own.parts) == 3:         # train, val and test, to be used as they are
            chosen["split"] = "official"
    elif "find_faces" in given:
        raise ValueError("--find-faces needs --data with a folder of your own pictures; those of "
                         "FER-2013, and drawn ones, are faces already")
    if "experiment" in given:
        experiment = experiments.EXPERIMENTS[given["experiment"]]
        for name in ("classes", "balance", "split"):
            chosen[name] = getattr(experiment, name)
            if given.get(name, chosen[name]) != chosen[name]:
                raise ValueError(f"--{name} {given[name]} contradicts --experiment "
                                 f"{given['experiment']}, which has {chosen[name]}")
    chosen |= {name: given[name] for name in given.keys() - {"experiment", "out", *PLAIN}}
    if "balance" not in chosen:         # weighing classes would cost the recipe best accuracy
        first = FIRST_OF_CLASSES.get(chosen["classes"])
        chosen["balance"] = ("none" if recipe.name == "best" else
                             first.balance if first else "weights")
    for name in {"start", "teachers"} & chosen.keys():      # a run is resumed from anywhere
        if chosen[name] not in packaged() and Path(chosen[name]).exists():
            chosen[name] = str(Path(chosen[name]).resolve())
    return Config(**chosen | {
        "drawn": drawn, "data": str(data.resolve()) if data else None,
        "recipe": replace(recipe, **{name: given[name] for name in PLAIN if name in given})})


def resumed_config(folder, given):
    """The Config a run was started with, changed as given; ValueError where that may not be."""
    config = runs.read_config(folder)
    for name in given.keys() - {"data", "epochs", "patience"}:
        raise ValueError(f"--{OPTIONS.get(name, name)} cannot be given with --resume: a run goes "
                         "on as it was started")
    epochs, begun = given.get("epochs", config.recipe.epochs), config.recipe.epochs
    if epochs < begun:
        raise ValueError(f"--epochs {epochs} contradicts the run in {folder}, which was started "
                         f"with {begun}: it may be raised, not lowered")
    if epochs != begun and config.recipe.schedule != "constant":
        raise ValueError(f"--epochs {epochs} contradicts the run in {folder}, whose rate falls to "
                         f"0 in its {begun} epochs: start a new one")
    place = config.find(given.get("data"))
    return replace(config, data=str(place.resolve()) if place else None, recipe=replace(
        config.recipe, epochs=epochs, patience=given.get("patience", config.recipe.patience)))


def begin_with(config, model):
    """Put the weights into the model that the configuration says it starts from."""
    run = runs.open_run(config.start)
    left = start_from(model, run.model)
    but = f", but for the weights of {', '.join(left)}, which it does not know" if left else ""
    start = cli.printable(config.start)
    print(f"starting from {start}{but}")
    if run.drawn and not config.drawn:
        print(f"note: the weights in {start} were learnt on drawn faces, not on photographs")


def keep_what_is_known(folder, about):
    """Of a run that goes on: who trained it, though another may score. ValueError where its data
    are not those it was started with."""
    before = runs.read_about(folder)
    for key in ("source", "class_names", "parts", "parameters"):
        if about[key] != before.get(key):
            raise ValueError(f"{folder} cannot be resumed with this data: its {key} differ from "
                             "those the run was started with")
    if (folder / "last.npz").exists():
        about.update({key: before[key] for key in ("machine", "threads")})


OPTIONS = {}        # {name of a setting: that of its option, without dashes}


def parse(argv):
    parser = cli.parser(
        description="Train the six-layer network and score it on the test part. FER-2013 is taken "
        "from --data, else from the TINYFER_DATA variable, else from ./data; where there is none, "
        f"the network trains on {DRAWN_FACES:,} faces that tinyfer draws itself.",
        argument_default=SUPPRESS)
    add = parser.add_argument
    add("--experiment", metavar="NAME", choices=tuple(experiments.EXPERIMENTS),
        help="classes, balance and split of one of the study's experiments by its number: "
        + ", ".join(experiments.EXPERIMENTS))
    add("--recipe", choices=tuple(RECIPES), help="study: as in the study; best: for the highest "
        "accuracy (a rate that rises and falls, weight decay, smoothed labels, more augmentation, "
        "averaged weights, no class weights), in more time; drawn: a few larger steps; "
        "fine-tune: a few careful ones, from weights that are there (default study; drawn on drawn "
        "faces; fine-tune with --from)")
    for each in (*fields(Config), *fields(Recipe)):
        if each.metadata.get("help"):
            cli.add_setting(parser, each, default_of(each))
            OPTIONS[each.name] = cli.option_of(each)
    cli.add_threads(parser)
    add("--out", metavar="FOLDER", help="the run folder, new or empty "
        "(default runs/<experiment>-seed<seed>, with a number at its end if taken)")
    add("--resume", metavar="RUN", help="go on with the run in this folder after its last whole "
        "epoch; of the other options only --epochs (more of them), --patience, --data, --threads")
    return vars(parser.parse_args(argv))


def default_of(each):
    """What a command's help says of the default of a setting."""
    if each.name == "balance":
        return "the study's first choice for --classes: " + ", ".join(
            f"{e.classes} {e.balance}" for e in FIRST_OF_CLASSES.values()) + ", own weights"
    if each.name in PLAIN and each.default is not None:
        values = {name: getattr(recipe, each.name) for name, recipe in RECIPES.items()}
        return "; ".join(f"{value:g} with --recipe {name}" if name != "study" else f"{value:g}"
                         for name, value in values.items())
    return None if each.default is None or each.default is False else each.default
