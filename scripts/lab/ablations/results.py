"""Finished rungs, as docs/ladder.json holds them, and the table and pictures made of that.

A record is a dict: rung, below, idea, seed, epochs, recipe, parameters, images, best_epoch, n,
accuracy and its interval on the validation part, points (above the rung below, None where that was
not run), answers (the classes it gives, a digit each), against (McNemar's test with the rung below,
or None), curves (loss, accuracy and val_accuracy of each epoch), minutes, date, machine, command.
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
        command=COMMAND + rung.name + f" --seed {seed}" * (seed > 0),
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
        "for the interval of the first; the figures are means of the seeds](figures/ladder.png)", "",
        f"Trained on the {images['train']:,} images of Training, scored on the "
        f"{images['validation']:,} of PublicTest with the best epoch's weights; PrivateTest is not "
        "looked at. In brackets the 95 % interval (Wilson); p of McNemar's exact test against the "
        "rung named, on the same images, where the answers of both are kept.", "",
        *table("Lower rungs: a few epochs each", LOWER, rows), "",
        *table("Upper rungs: the network of the study", UPPER, rows)])


def worth(rows):
    """The block of chapter 16: what each upper rung that was run brought, in points, by seeds."""
    lines = []
    for rung in UPPER:
        seeds = [line(row)[1:7] for row in rows if row["rung"] == rung.name]
        if seeds:
            columns = list(zip(*seeds))
            lines.append([*seeds[0][:3], *("; ".join(filter(None, column))
                                           for column in columns[3:])])
    return pages.table(["what is added", "over", "epochs", "accuracy", "points", "p"], lines)


def table(title, plan, rows):
    lines = []
    for rung in plan:
        mine = [line(row) for row in rows if row["rung"] == rung.name]
        epochs = rung.recipe.epochs if rung.recipe else ""
        lines += mine or [[rung.name, rung.idea, rung.below or "", epochs, "*not run yet*", "", "",
                           "", f"`{COMMAND}{rung.name}`"]]
    head = ["rung", "what it adds", "over", "epochs", "accuracy", "points", "p",
            "minutes, machine", "command"]
    return [f"### {title}", "", pages.table(head, lines)]


def line(row):
    low, high = row["interval"]
    points = "" if row["points"] is None else f"{row['points']:+.1f}"
    p = row["against"]["p"] if row["against"] else None
    p = "" if p is None else "below 0.001" if p < 0.001 else f"{p:.3f}"
    seed = f", seed {row['seed']}" if row["seed"] else ""
    return [row["rung"] + seed, row["idea"], row["below"] or "", row["epochs"] or "",
            f"{100 * row['accuracy']:.1f} ({100 * low:.1f} to {100 * high:.1f})", points, p,
            f"{row['minutes']:.0f}, {row['machine']['cpu']}", f"`{row['command']}`"]
