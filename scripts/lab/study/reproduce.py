"""Run the study's experiments and write docs/results.md from what came out.

    python scripts/reproduce.py --data archive.zip                        all of them: some hours
    python scripts/reproduce.py --experiments 6 8 --data archive.zip      some of them
    python scripts/reproduce.py --experiments 6 --recipe best --data archive.zip
    python scripts/reproduce.py --table                                   only the page
"""

from dataclasses import replace
from pathlib import Path

import pages
from study import cards, results, tables

from tinyfer.commands import cli, train
from tinyfer.commands.messages import four_digits
from tinyfer.core.kernels.threads import set_threads
from tinyfer.core.networks import PACKAGED
from tinyfer.data import find_data
from tinyfer.data.load import WHERE
from tinyfer.training.experiments import EXPERIMENTS
from tinyfer.training.recipes import RECIPES

DOCS = Path(__file__).resolve().parents[3] / "docs"


def parse(argv):
    parser = cli.parser(
        description="Train the study's experiments, one after the other, score them, and write "
        "docs/results.json, docs/results.md and the model cards. Finished runs in --out are not "
        "trained again and stopped ones go on (they are found by their settings, whatever their "
        "folders are called), so the same command can be stopped and given again. Rows "
        "of runs that are gone stay as they are. Two of these may run side by side if they are "
        "given different experiments or seeds.")
    add = parser.add_argument
    add("--experiments", nargs="+", choices=EXPERIMENTS, default=list(EXPERIMENTS), metavar="NAME",
        help=f"which, of: {', '.join(EXPERIMENTS)} (default all)")
    add("--seeds", nargs="+", type=cli.at_least(0), default=[0], metavar="N",
        help="each experiment once for each seed (default 0)")
    add("--data", metavar="PATH", help="FER-2013 (default: TINYFER_DATA, else ./data)")
    add("--recipe", choices=RECIPES, default="study", help="how they are trained (default study); "
        "those by another recipe have a table of their own, and rows there")
    add("--epochs", type=cli.at_least(1), metavar="N",
        help="fewer epochs than the recipe's, to try it out; or more")
    add("--lr", type=float, metavar="RATE", help="another rate than the recipe's")
    for each in results.OPTIONS:
        cli.add_setting(parser, each)
    add("--out", metavar="FOLDER", default="runs", help="where the runs are (default runs)")
    cli.add_threads(parser)
    add("--table", action="store_true", help="run nothing, only write the page from results.json")
    add("--docs", metavar="FOLDER", help="where results.json, results.md and model-cards are "
        "(default: docs; with fewer epochs only OUT/results.json is written)")
    return parser.parse_args(argv)


def main(argv=None):
    return cli.main(reproduce, parse, argv, "stopped: give the same command to go on")


def reproduce(given):
    trial = given.epochs is not None and given.epochs < RECIPES[given.recipe].epochs
    docs = Path(given.docs) if given.docs else None if trial else DOCS
    kept = (docs or Path(given.out)) / "results.json"
    if docs:        # fail now rather than after hours
        pages.rewrite(docs / "results.md", tables.results_blocks(results.read_results(kept)), True)
    for folder in (kept.parent, Path(given.out)):
        cli.check_writable(folder)
    if not given.table:
        train_and_score(given, kept)
    if docs:
        with results.held(kept):
            write_pages(docs, kept)
    else:
        print(f"\na trial: scores in {kept}, docs/ stays as it is")


def train_and_score(given, kept):
    """Train and score what was asked for."""
    if find_data(given.data) is None:
        raise FileNotFoundError(f"FER-2013 is not here: give --data; it can be had from {WHERE}")
    for seed in given.seeds:
        for number in (number for number in EXPERIMENTS if number in given.experiments):
            print(f"\n--- experiment {number}, seed {seed} ---", flush=True)
            record = results.record_of(finish(number, seed, given), given.data)
            results.add_record(kept, record)
            test = record["test"]
            print(f"{results.key_of(record)}: test accuracy {test['accuracy']:.4f}, macro "
                  f"precision {test['macro']['precision']:.4f}, macro AUC "
                  f"{four_digits(test['macro']['auc'])}", flush=True)


def finish(number, seed, given):
    """Train a run to its end, unless it is there already; its folder."""
    config = config_of(number, seed, given)
    folder = results.find_run(given.out, config)
    if folder and results.is_finished(folder):
        print(f"finished already: {folder}", flush=True)
        return folder
    threads = set_threads(given.threads)
    if folder:
        return train.train_run(config, folder, resumed=True, threads=threads)
    return train.train_run(config, Path(given.out) / config.name, numbered=True, threads=threads)


def config_of(number, seed, given):
    options = dict(experiment=number, seed=seed, recipe=given.recipe, data=given.data,
                   epochs=given.epochs, lr=given.lr, start=given.start, teachers=given.teachers,
                   also_drawn=given.also_drawn)
    config = train.new_config({name: value for name, value in options.items() if value is not None})
    return replace(config, start=given.start, teachers=given.teachers)  # as typed, for the cards


def write_pages(docs, kept):
    records, written = results.read_results(kept), [docs / "results.md"]
    pages.rewrite(docs / "results.md", tables.results_blocks(records))
    for weights in sorted(PACKAGED.glob("*.npz")):
        card = docs / "model-cards" / f"{weights.stem}.md"
        if card.is_file():
            pages.rewrite(card, {"facts": cards.card_block(weights.stem, records)})
            written.append(card)
    print("\nwritten: " + ", ".join(map(str, written)))
