"""What a training says before it begins and after it has ended."""

import sys
import textwrap

from tinyfer.commands import cli
from tinyfer.commands.progress import Line, duration
from tinyfer.data import HOW_TO_GET
from tinyfer.scores.metrics import format_report
from tinyfer.training import runs

RULE = "=" * 78
# By whether the data are FER-2013 as published.
PUBLISHED = {True: "these are the 35,887 images of FER-2013 as published", False:
             "THESE ARE NOT THE IMAGES OF KAGGLE'S ARCHIVE OF FER-2013: scores compare with none"}


def show_reading():
    """What shows how far the reading of pictures is, where they have to be decoded."""
    line = Line()
    return lambda done, total: (line(done, total, "reading pictures") if done < total else
                                line.done(f"read {total:,} pictures"))


def introduce(about, config, folder, history):
    """What is trained on what, where it goes, and how far it is already."""
    counts = ", ".join(f"{part['images']:,} {name}" for name, part in about["parts"].items())
    print(f"{about['source']}: {counts}; classes {', '.join(about['class_names'])}")
    print(f"{about['parameters']:,} values, {about['trainable_parameters']:,} of them trained; "
          f"balance {config.balance}, split {config.split}, seed {config.seed}")
    threads = runs.describe_threads(about["threads"])
    print(f"{about['machine']['cpu']}, {threads}; everything goes to {cli.printable(folder)}")
    if len(history) == config.recipe.epochs:
        print("all its epochs are done already: scoring it again")
    elif history:
        print(f"resuming after epoch {len(history)} of {config.recipe.epochs}")
    if not cli.compiled():
        print("the first step compiles the kernels, once: this takes about a minute")
    sys.stdout.flush()


def conclude(result, folder, config, notes, times):
    """The scores, and what to make of them. times: "once", or "again"."""
    test, best = result["best"]["test"], result["best"]
    print(f"\nbest epoch on validation: {best['epoch']}, accuracy "
          f"{best['validation']['accuracy']:.4f} (last epoch {result['last']['epoch']}: "
          f"{result['last']['validation']['accuracy']:.4f})")
    print(f"test part of {result['source']}, {test['n']:,} images, scored {times} with the "
          f"best epoch:\n{scores_of(test)}\n{verdict(test)}\n")
    print(format_report(test))
    print(f"\ntrained in {duration(result['training_seconds'])}; config.json, history.csv, "
          "metrics.json, best.npz, last.npz,\ncurves.png, confusion.png and roc.png are in "
          f"{cli.printable(folder)}")
    for sentence in notes:
        print(f"note: {sentence}")
    if config.drawn:
        print(f"{RULE}\n  DRAWN FACES, NOT FER-2013: this score says nothing about photographs.\n"
              f"{RULE}")


def verdict(result):
    """The accuracy in a sentence, beside guessing and beside always saying the same."""
    supports = {name: row["support"] for name, row in result["classes"].items()}
    n, K = result["n"], len(supports)
    most = max(supports, key=supports.get)
    (low, high), right = result["accuracy_interval"], 100 * result["accuracy"]
    words = f"Right for {right:.0f} of 100 faces"
    if high < 1 / K:
        return f"{words}: worse than guessing among {K}."
    if low <= 1 / K:
        return f"{words}: no better than guessing among {K}."
    if low <= supports[most] / n:
        return (f"{words}: no better than always saying {most}, right for "
                f"{100 * supports[most] / n:.0f}.")
    return f"{words}; guessing among {K} is right for {100 / K:.0f}."


def scores_of(result):
    """Accuracy and macro scores in two lines."""
    low, high = result["accuracy_interval"]
    return (f"accuracy {result['accuracy']:.4f} (95 % interval {low:.3f} to {high:.3f}),\n"
            f"macro precision {result['macro']['precision']:.4f}, "
            f"macro AUC {four_digits(result['macro']['auc'])}")


def four_digits(value):
    """Or a word, for an AUC of images that are all of one class."""
    return "undefined" if value is None else f"{value:.4f}"


def drawn_notice(sentence):
    """A sentence that nobody overlooks, and how to get the real faces."""
    return f"{RULE}\n  {sentence}\n\n{textwrap.indent(HOW_TO_GET, '  ')}\n{RULE}"
