"""Run the study's experiments and write docs/results.md from what came out.

    python scripts/reproduce.py --data archive.zip                        all of them: some hours
    python scripts/reproduce.py --experiments 6 6b --data archive.zip     some of them
    python scripts/reproduce.py --experiments 6 --recipe best --data archive.zip
    python scripts/reproduce.py --table                                   only the page
"""

from pathlib import Path

from study import cards, results, tables

from tinyfer.commands import cli, pages, train
from tinyfer.commands.messages import four_digits
from tinyfer.core.kernels.threads import set_threads
from tinyfer.core.networks import PACKAGED
from tinyfer.data import find_data
from tinyfer.data.load import WHERE
from tinyfer.training.recipes import RECIPES

DOCS = Path(__file__).resolve().parents[3] / "docs"
# 6b needs no training of its own, but a run of 6, and is compared with 7 and 8 where they are.
MERGED, MERGED_FROM, MERGED_BEFORE = "6b", "6", ("7", "8")


def parse(argv):
    parser = cli.parser(
        description="Train the study's experiments, one after the other, score them, and write "
        "docs/results.json, docs/results.md and the model cards. Finished runs in --out are not "
        "trained again and stopped ones go on (they are found by their settings, whatever their "
        "folders are called), so the same command can be stopped and given again. Rows "
        "of runs that are gone stay as they are. Two of these may run side by side if they are "
        "given different experiments or seeds.")
    add = parser.add_argument
    add("--experiments", nargs="+", choices=(*results.ORDER, "all"), default=["all"],
        metavar="NAME", help=f"which, in this order: {', '.join(results.ORDER)} (default all)")
    add("--seeds", nargs="+", type=cli.at_least(0), default=[0], metavar="N",
        help="each experiment once for each seed (default 0)")
    add("--data", metavar="PATH", help="FER-2013 (default: TINYFER_DATA, else ./data)")
    add("--drawn", type=cli.at_least(1), metavar="N",
        help="try it out on N drawn faces instead")
    add("--drop-duplicates", action="store_true",
        help="train without the images that have an exact copy in validation or test; rows apart")
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
        "(default: docs; with --drawn or fewer epochs only OUT/results.json is written)")
    return parser.parse_args(argv)


def main(argv=None):
    return cli.main(reproduce, parse, argv, "stopped: give the same command to go on")


def reproduce(given):
    trial = results.is_trial(given.recipe, given.epochs, given.drawn)
    docs = Path(given.docs) if given.docs else None if trial else DOCS
    kept = (docs or Path(given.out)) / "results.json"
    if docs:
        pages.rewrite(docs / "results.md", blocks(kept), only_try=True)
    for folder in (kept.parent, Path(given.out)):
        cli.check_writable(folder)
    if not given.table:
        train_and_score(given, kept)
    if docs:
        with results.held(kept):
            write_pages(docs, kept)
    else:
        print(f"\na trial: scores in {kept}, docs/ stays as it is")


def blocks(kept):
    records = results.read_results(kept)
    with results.whole(kept):
        return tables.results_blocks(records)


def train_and_score(given, kept):
    """Train and score what was asked for."""
    if not given.drawn and find_data(given.data) is None:
        raise FileNotFoundError(f"FER-2013 is not here: give --data; it can be had from {WHERE}")
    if given.recipe != "study" and MERGED in given.experiments:
        raise ValueError(f"{MERGED} is merged from the study's recipe alone, not from "
                         f"--recipe {given.recipe}")
    wanted = {*(results.ORDER if "all" in given.experiments else given.experiments)}
    trained = (wanted | {MERGED_FROM} if MERGED in wanted else wanted) - {MERGED}
    for seed in given.seeds:
        for number in sorted(trained, key=results.ORDER.index):
            print(f"\n--- experiment {number}, seed {seed} ---", flush=True)
            keep(kept, results.record_of(finish(number, seed, given), given.data))
        if given.recipe == "study" and {MERGED, MERGED_FROM, *MERGED_BEFORE} & wanted:
            merge(seed, given, kept)


def finish(number, seed, given):
    """Train a run to its end, unless it is there already; its folder."""
    folder, config = run_of(number, seed, given)
    if folder and results.is_finished(folder):
        print(f"finished already: {folder}", flush=True)
        return folder
    threads = set_threads(given.threads)
    if folder:
        return train.train_run(config, folder, resumed=True, threads=threads)
    return train.train_run(config, Path(given.out) / config.name, numbered=True, threads=threads)


def run_of(number, seed, given):
    """The run folder of an experiment, or None, and the Config it has or will have."""
    options = dict(experiment=number, seed=seed, recipe=given.recipe, data=given.data,
                   drawn=given.drawn, epochs=given.epochs, lr=given.lr, start=given.start,
                   teachers=given.teachers, also_drawn=given.also_drawn,
                   drop_duplicates=given.drop_duplicates or None)
    config = train.new_config({name: value for name, value in options.items()
                               if value is not None})
    return results.find_run(given.out, config), config


def merge(seed, given, kept):
    """Experiment 6b, where the run of 6 is finished."""
    folders = {number: run_of(number, seed, given)[0] for number in (MERGED_FROM, *MERGED_BEFORE)}
    done = {number: folder for number, folder in folders.items()
            if folder and results.is_finished(folder)}
    if folder := done.pop(MERGED_FROM, None):
        keep(kept, results.binarized_record(folder, done, given.data, results.read_results(kept)))


def keep(kept, record):
    """Put a record into results.json and print its scores."""
    results.add_record(kept, record)
    test = record["test"]
    clean = test["without_copies"]
    print(f"{results.key_of(record)}: test accuracy {test['accuracy']:.4f}, macro precision "
          f"{test['macro']['precision']:.4f}, macro AUC {four_digits(test['macro']['auc'])}"
          + (f"; without the {test['copies']:,} copies accuracy {clean['accuracy']:.4f}"
             if clean else ""), flush=True)


def write_pages(docs, kept):
    pages.rewrite(docs / "results.md", blocks(kept))
    records, written = results.read_results(kept), [docs / "results.md"]
    for weights in sorted(PACKAGED.glob("*.npz")):
        card = docs / "model-cards" / f"{weights.stem}.md"
        if card.is_file():
            pages.rewrite(card, {"facts": cards.card_block(weights.stem, records)})
            written.append(card)
    print("\nwritten: " + ", ".join(map(str, written)))
