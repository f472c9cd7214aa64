"""The tables of docs/results.md in Markdown, from the records of results.py."""

from pages import table
from study.results import ORDER, recipe_of

from tinyfer.photo.reading import BEST_CROPS
from tinyfer.training.experiments import BINARIZED, EXPERIMENTS
from tinyfer.training.recipes import RECIPES
from tinyfer.training.runs import describe_threads

TOLERANCE = 0.02

# PrivateTest, 3,589 images; accuracy in per cent. Several well-known figures were picked on the
# very images they are reported for.
OTHERS = (
    ("human (Goodfellow et al. 2013)", "", 65, "65 ± 5", ""),
    ("mini-Xception, the model in the `fer` package", "58,423", 65.67, "65.67",
     "measured on the same archive; 64.07 on the 3,301 images without a copy in Training, 84.0 on "
     "the 288 with one"),
    ("8 convolutions, VGG style, from scratch", "about 1.8 M", 67.4, "67.4", "one shot"),
    ("Cotter 2019", "< 0.5 M", 68.43, "68.43", ""),
    ("Tang, winner of the challenge 2013", "", 71.16, "71.16", ""),
    ("Pramerdorfer and Kampel 2016, Inception / VGG", "1.2 M / 1.8 M", 71.6, "71.6 / 72.7",
     "300 epochs, crops averaged"),
    ("Khaireddin and Chen 2021, VGG", "", 73.28, "73.28",
     "epoch picked on PrivateTest, figure on PublicTest"),
    ("ensembles, some with extra data or pretraining", "", 75, "75 to 77", ""),
)

FIGURES = {
    "val_accuracy": "validation accuracy",
    "accuracy": "test accuracy",
    "precision": "macro precision",
    "positive": "precision of positive",
    "auc": "AUC",
}


def results_blocks(records):
    """The blocks of docs/results.md from the records of results.json."""
    study = [r for number in ORDER for r in records.values()
             if r["experiment"] == number and recipe_of(r) == "study"]
    return dict(experiments=experiments_table(study), runs=runs_table(study),
                recipes=recipes_table(records), official=official_table(records))


def experiments_table(study):
    """For each experiment the study's figures, ours, and the difference, marked beyond 0.02."""
    rows = []
    for r in study:
        number, test = r["experiment"], r["test"]
        theirs, title = figures_of_study(number), experiment(number).title
        title += f", seed {r['seed']}" * (r["seed"] > 0)
        ours = figures(test, r["val_accuracy"])
        lines = [["ours", f"{test['n']:,} images", *map(_3, ours.values())]]
        if theirs:
            lines.insert(0, ["study", "", *(_study(theirs.get(name)) for name in FIGURES)])
            lines.append(["difference", "", *(
                _difference(ours[name] - theirs[name])
                if isinstance(theirs.get(name), float) and ours[name] is not None else ""
                for name in FIGURES)])
        if test["without_copies"]:
            lines.append(["ours", f"without the {test['copies']:,} copies",
                          *map(_3, figures(test["without_copies"]).values())])
        heads = [[number, title], *[["", ""]] * len(lines)]
        rows += [head + [", ".join(filter(None, line[:2])), *line[2:]]
                 for head, line in zip(heads, lines)]
    return table(["#", "experiment", "", *FIGURES.values()], rows)


def experiment(number):
    return BINARIZED if number == "6b" else EXPERIMENTS[number]


def figures_of_study(number):
    """The study's figures by the names of FIGURES; a remark stands for the accuracy.

    For 7 and 8 the study gives a precision without saying of what: it is compared with both.
    """
    study = dict(experiment(number).study)
    if "remark" in study:
        study["accuracy"] = study["remark"]
    if number == "6b":
        study["positive"] = study.pop("precision")
    elif experiment(number).classes == 2:
        study["positive"] = study["precision"]
    return {name: value for name, value in study.items() if name in FIGURES}


def figures(test, val_accuracy=None):
    """Our figures, those of FIGURES in its order, from the scores of a test part."""
    positive = test["classes"].get("positive", {})
    return dict(val_accuracy=val_accuracy, accuracy=test["accuracy"],
                precision=test["macro"]["precision"], positive=positive.get("precision"),
                auc=positive.get("auc", test["macro"]["auc"]))


def runs_table(study):
    """How each row was made, and the command that makes it again."""
    rows = [[r["experiment"], " / ".join(f"{n:,}" for n in r["images"].values()), r["seed"],
             f"{r['best_epoch']} of {r['epochs']}", f"{r['minutes']:.0f}", r["date"],
             f"{r['machine']['cpu']}, {describe_threads(r['machine']['threads'])}",
             f"`{command(r)}`"] for r in study if r["experiment"] != "6b"]
    return table(["#", "images (training / validation / test)", "seed", "best epoch", "minutes",
                  "date", "machine", "command"], rows)


def command(record):
    """The command that makes a run again, and its row."""
    recipe = recipe_of(record)
    usual = RECIPES[recipe].epochs
    words = ["python scripts/reproduce.py --experiments", record["experiment"],
             f"--seeds {record['seed']}"]
    words += [f"--recipe {recipe}"] if recipe != "study" else []
    words += ["--data data/archive.zip"]
    words += [record["options"]] if record.get("options") else []
    words += [f"--epochs {record['epochs']}"] if record["epochs"] != usual else []
    words += ["--docs docs"] if record["epochs"] < usual else []
    return " ".join(words)


def official_table(records):
    """The official split among other systems, by accuracy."""
    rows = [(order, [system, size, shown, "", remark])
            for system, size, order, shown, remark in OTHERS]
    ours = [r for r in records.values() if r["experiment"] == "official7"]
    for r, key in [(r, key) for r in ours for key in ("test", "averaged") if key in r]:
        test, clean = r[key], r[key]["without_copies"]
        low, high = test["accuracy_interval"]
        remark = "epoch chosen on PublicTest, scored once on PrivateTest"
        if recipe_of(r) != "study":
            remark += f"; recipe {r['recipe']} {r.get('options', '')}".rstrip()
            remark += f", {r['epochs']} epochs"
        remark += f"; {BEST_CROPS} crops averaged" if key == "averaged" else ""
        if clean and test["copies"]:
            remark += (f"; {100 * clean['accuracy']:.2f} on the {clean['n']:,} images without a "
                       f"copy in Training, {100 * test['accuracy_on_copies']:.1f} on the "
                       f"{test['copies']} with one")
        rows.append((100 * test["accuracy"],
                     [f"**tinyfer, seed {r['seed']}**", f"{r['parameters']:,}",
                      f"**{100 * test['accuracy']:.2f}**",
                      f"{100 * low:.1f} to {100 * high:.1f}", remark]))
    rows.sort(key=lambda row: row[0])
    return table(["system", "parameters", "accuracy (%)", "95 % interval", "remark"],
                 [row for _, row in rows])


def recipes_table(records):
    """Networks by other recipes than the study's, under the study's of the same images."""
    def images(record):
        return record["experiment"], record["seed"]

    rows, others = [], [r for r in records.values() if recipe_of(r) != "study"]
    for which in dict.fromkeys(map(images, others)):
        for r in (r for r in records.values() if images(r) == which):
            test, averaged = r["test"], r.get("averaged")
            low, high = test["accuracy_interval"]
            rows.append([
                r["experiment"], f"{recipe_of(r)} {r.get('options', '')}".strip(),
                r["epochs"], _3(r["val_accuracy"]),
                f"{test['accuracy']:.3f} ({low:.3f} to {high:.3f})", _clean(test),
                _3(averaged and averaged["accuracy"]), _clean(averaged), _3(test["macro"]["auc"]),
                f"{r['minutes']:.0f}, {r['machine']['cpu']}", f"`{command(r)}`"])
    return table(["#", "recipe", "epochs", "validation accuracy", "test accuracy",
                  "without copies", f"{BEST_CROPS} crops averaged", "the same without copies",
                  "macro AUC", "minutes, machine", "command"], rows)


def _difference(d):
    d = round(d, 3) + 0.0       # no -0.000
    if abs(d) <= TOLERANCE:
        return f"{d:+.3f}"
    return f"**{d:+.3f}, {'above' if d > 0 else 'short'}**"


def _study(value):
    return value if isinstance(value, str) else "" if value is None else f"{value:.2f}"


def _clean(scores):
    return _3(scores and scores["without_copies"] and scores["without_copies"]["accuracy"])


def _3(value):
    return "" if value is None else f"{value:.3f}"
