"""Finished rungs, as docs/ladder.json holds them, and the table and pictures made of that.

A record is a dict: rung, below, idea, seed, epochs, recipe, parameters, images, best_epoch, n,
accuracy and its interval on the validation part, points (above the rung below, None where that was
not run), answers (the classes it gives, a digit each), against (McNemar's test with the rung below,
or None), curves (loss, accuracy and val_accuracy of each epoch), minutes, date, machine.
The true classes stand beside the rungs, as labels.
"""

import json
import time
from pathlib import Path

import numpy as np
import pages
from ablations import pictures
from ablations.climb import read_rung
from ablations.plan import LOWER, RUNGS, UPPER
from study.results import held

from tinyfer.scores.metrics import mcnemar, wilson_interval
from tinyfer.storage.arrays import load_arrays
from tinyfer.training import runs
from tinyfer.training.checkpoint import read_history

DOCS = Path(__file__).resolve().parents[3] / "docs"
COMMAND = "python scripts/lab/ablation.py --rung "
T = {2: 12.71, 3: 4.303, 4: 3.182, 5: 2.776}    # Student's t, 97.5 %, of so many seeds; of more, 5


def write(out):
    """docs/ladder.json with the finished rungs of `out` added, the pages, the pictures."""
    with held(DOCS / "ladder.json"):
        labels, records = read(DOCS / "ladder.json")
        folders = list(finished(out))
        if not folders and not records:
            raise FileNotFoundError(f"{out} holds no finished rung on FER-2013 yet")
        for folder in folders:
            found, answers = answers_of(folder)
            if labels is not None and not np.array_equal(labels, found):
                raise ValueError(f"{folder} was scored on other images than docs/ladder.json")
            labels, record = found, record_of(folder, found, answers)
            records[record["rung"], record["seed"]] = record
        compare(labels, records)
        order = list(RUNGS)
        rows = sorted(records.values(), key=lambda r: (order.index(r["rung"]), r["seed"]))
        runs.write_json(DOCS / "ladder.json", dict(labels=digits(labels), rungs=rows))
        pages.rewrite(DOCS / "results.md", dict(ladder=page(rows)))
        pages.rewrite(DOCS / "16-what-makes-the-difference.md", dict(worth=worth(rows)))
        pictures.draw(rows, DOCS / "figures")
    print(f"{len(folders)} rungs of {out}, {len(rows)} in all: docs/ladder.json, docs/results.md "
          "and the pictures are written")


def read(path):
    """(labels or None, the records by (rung, seed)) of ladder.json; none where there is no file."""
    if not path.exists():
        return None, {}
    content = json.loads(path.read_text())
    labels = content.get("labels")
    return (labels if labels is None else classes(labels),
            {(r["rung"], r["seed"]): r for r in content["rungs"]})


def compare(labels, records):
    """Set `points` of every record, and `against` where both rungs' answers are kept; what the
    plan says of a rung now holds for old records, too."""
    for (name, seed), record in records.items():
        if record["below"] != RUNGS[name].below:
            record["against"] = None
        record.update(below=RUNGS[name].below, idea=RUNGS[name].idea)
        below = records.get((record["below"], seed), {})
        record["points"] = 100 * (record["accuracy"] - below["accuracy"]) if below else None
        if "answers" in record and "answers" in below:
            record["against"] = mcnemar(labels, classes(record["answers"]),
                                        classes(below["answers"]))


def digits(labels):
    return None if labels is None else "".join(map(str, labels))


def classes(digits):
    return np.array(list(map(int, digits)))


def finished(out):
    """Folders of rungs that are trained to their end, on FER-2013."""
    for answers in sorted(Path(out).glob("*/validation.npz")):
        config = read_rung(answers.parent)
        if config["source"] == "FER-2013" and config["settings"]["rung"] in RUNGS:
            yield answers.parent


def record_of(folder, labels, answers):
    config = read_rung(folder)
    rung, seed = RUNGS[config["settings"]["rung"]], config["settings"]["seed"]
    right = int(np.sum(answers == labels))
    history = read_history(folder) if (folder / "history.csv").exists() else []
    best = max(history, key=lambda row: row["val_accuracy"], default={})
    return dict(
        rung=rung.name, below=rung.below, idea=rung.idea, seed=seed, epochs=len(history),
        recipe=config["recipe"], parameters=config["parameters"], images=config["images"],
        best_epoch=best.get("epoch"), n=len(labels), accuracy=right / len(labels),
        interval=list(wilson_interval(right, len(labels))), answers=digits(answers), against=None,
        curves={key: [round(row[key], 5) for row in history]
                for key in ("loss", "accuracy", "val_accuracy")},
        minutes=sum(row["seconds"] for row in history) / 60,
        date=time.strftime("%Y-%m-%d", time.gmtime((folder / "validation.npz").stat().st_mtime)),
        machine=config["machine"],
    )


def answers_of(folder):
    """(labels, the most probable classes) of the validation part."""
    arrays = load_arrays(folder / "validation.npz")
    return arrays["labels"], arrays["probabilities"].argmax(axis=1)


def page(rows):
    """The block of docs/results.md: the two tables, rungs that are not run yet named as such."""
    images = rows[0]["images"]
    return "\n".join([
        "![Accuracy of the rungs that were run, one above the other: a ring for each seed, a bar "
        "for the interval of the first; the figures are means of the seeds]"
        "(figures/ladder.png)", "",
        f"Trained on the {images['train']:,} images of Training, scored on the "
        f"{images['validation']:,} of PublicTest with the best epoch's weights; PrivateTest is not "
        "looked at. Accuracy: of each seed, or of the one with its 95 % interval (Wilson). Points: "
        "over the rung named with the same seed; of several seeds the mean, with its 95 % interval "
        "by Student's t. p: of McNemar's exact test, on the same images, for each seed for which "
        "the answers of both are kept. The command trains seed 0; `--seed 1` the next.", "",
        *table("Lower rungs: a few epochs each", LOWER, rows), "",
        *table("Upper rungs: the network of the study", UPPER, rows)])


def worth(rows):
    """The block of chapter 16: what each upper rung that was run brought, in points."""
    lines = [line(rung, rows)[1:7] for rung in UPPER if any(r["rung"] == rung.name for r in rows)]
    return pages.table(["what is added", "over", "epochs", "accuracy", "points", "p"], lines)


def table(title, plan, rows):
    head = ["rung", "what it adds", "over", "epochs", "accuracy", "points", "p",
            "minutes, machine", "command"]
    return [f"### {title}", "", pages.table(head, [line(rung, rows) for rung in plan])]


def line(rung, rows):
    """A rung's line, of all its seeds."""
    mine = [row for row in rows if row["rung"] == rung.name]
    named = [rung.name, rung.idea, rung.below or "", rung.recipe.epochs if rung.recipe else ""]
    command = f"`{COMMAND}{rung.name}`"
    if not mine:
        return [*named, "*not run yet*", "", "", "", command]
    accuracy = ", ".join(f"{100 * row['accuracy']:.1f}" for row in mine)
    if len(mine) == 1:
        low, high = mine[0]["interval"]
        accuracy += f" ({100 * low:.1f} to {100 * high:.1f})"
    low, high = (f"{limit(row['minutes'] for row in mine):.0f}" for limit in (min, max))
    machines = ", ".join(sorted({row["machine"]["cpu"] for row in mine}))
    return [*named, accuracy, gain([row["points"] for row in mine if row["points"] is not None]),
            ", ".join(p_value(row["against"]["p"]) for row in mine if row["against"]),
            f"{low} to {high}, {machines}" if low != high else f"{low}, {machines}", command]


def gain(points):
    """The mean, with its 95 % interval where there are several seeds."""
    if len(points) < 2:
        return "".join(f"{one:+.1f}" for one in points)
    mean, n = np.mean(points), len(points)
    off = T[min(n, 5)] * np.std(points, ddof=1) / n ** 0.5
    return f"{mean:+.1f} ({mean - off:.1f} to {mean + off:.1f})"


def p_value(p):
    return "<0.001" if p < 0.001 else f"{p:.3f}"
