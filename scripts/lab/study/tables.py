"""The tables of docs/results.md in Markdown, from the records of results.py."""

from study.results import ORDER, is_trial

from tinyfer.commands.pages import table
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


NOTHING = "*No finished run yet.*"


def results_blocks(records):
    """The blocks of docs/results.md from the records of results.json."""
    return dict(
        summary=summary(records), experiments=experiments_table(records),
        runs=runs_table(records), leakage=leakage_table(records),
        recipes=recipes_table(records), official=official_table(records),
        binarized=binarized_text(records), classes=classes_table(records),
    )


def filled(head, rows):
    return table(head, rows) if rows else NOTHING


def experiments_table(records):
    """For each experiment the study's figures, ours, and the difference, marked beyond 0.02."""
    rows = []
    for number, distinct, group in groups(records):
        study = figures_of_study(number)
        title = experiment(number).title + ", trained without copies" * distinct
        difference = {name: _difference(mean(group, name) - value)
                      for name, value in study.items() if mean(group, name) is not None}
        if experiment(number).study.get("remark") and not distinct:
            study["accuracy"], difference["accuracy"] = _against_one(records, group)
        test = group[0]["test"]
        theirs = ["study", *(_study(study.get(name)) for name in FIGURES)]
        ours = [f"ours, {test['n']:,} images", *(_values(group, name) for name in FIGURES)]
        apart = ["difference", *(difference.get(name, "") for name in FIGURES)]
        clean = [f"ours, without the {test['copies']:,} copies",
                 *(_values(group, name, clean=True) for name in FIGURES)]
        lines = [theirs, ours, apart, clean] if study else [ours, clean]
        heads = [[number, title], ["", _trial(group)], ["", ""], ["", ""]]
        rows += [head + line for head, line in zip(heads, lines)]
    return filled(["#", "experiment", "", *FIGURES.values()], rows)


def summary(records):
    """How many of the study's figures are met, in a sentence, and which are not."""
    differences = {f"{number} {FIGURES[name]}": round(mean(group, name) - value, 3)
                   for number, distinct, group in groups(records) if not distinct
                   for name, value in figures_of_study(number).items()
                   if mean(group, name) is not None}
    if not differences:
        return NOTHING
    above, short = (", ".join(f"{where} ({d:+.3f})" for where, d in differences.items()
                              if sign * d > TOLERANCE) for sign in (1, -1))
    met = sum(d >= -TOLERANCE for d in differences.values())
    text = f"Of {len(differences)} figures of the study, {met} are met within {TOLERANCE} or beaten"
    text += f"; beyond {TOLERANCE} above: {above}" if above else ""
    return text + (f". **Short by more than {TOLERANCE}: {short}.**" if short else ".")


def runs_table(records):
    """How each row was made, and the command that makes it again."""
    rows = []
    for number, distinct, group in groups(records):
        machine = "; ".join(dict.fromkeys(
            f"{r['machine']['cpu']}, {describe_threads(r['machine']['threads'])}" for r in group))
        rows.append([
            number + " without copies" * distinct,
            " / ".join(f"{n:,}" for n in group[0]["images"].values()),
            ", ".join(str(r["seed"]) for r in group),
            ", ".join(f"{r['best_epoch']} of {r['epochs']}" for r in group),
            "those of 6" if number == "6b" else ", ".join(f"{r['minutes']:.0f}" for r in group),
            ", ".join(dict.fromkeys(r["date"] for r in group)), machine, f"`{command(group)}`"])
    return filled(["#", "images (training / validation / test)", "seed", "best epoch", "minutes",
                   "date", "machine", "command"], rows)


def command(group):
    """The command that makes the runs of a group again, and their rows."""
    first = group[0]
    recipe = first.get("recipe", "study")
    words = ["python scripts/reproduce.py --experiments", first["experiment"],
             "--seeds", *(str(r["seed"]) for r in group)]
    words += [f"--recipe {recipe}"] if other_recipe(first) else []
    words += [f"--drawn {first['drawn']}"] if first["drawn"] else ["--data data/archive.zip"]
    words += ["--drop-duplicates"] if first["drop_duplicates"] else []
    words += [first["options"]] if first.get("options") else []
    words += [f"--epochs {first['epochs']}"] if first["epochs"] != RECIPES[recipe].epochs else []
    words += ["--docs docs"] if is_trial(recipe, first["epochs"], first["drawn"]) else []
    return " ".join(words)


def leakage_table(records):
    """Test accuracy on images with and without an exact copy in training."""
    rows = [[number + " without copies" * distinct, r["seed"], f"{test['n']:,}",
             f"{test['copies']:,}", _3(test["accuracy"]), _clean(test),
             _3(test["accuracy_on_copies"])]
            for number, distinct, group in groups(records) for r in group for test in [r["test"]]]
    return filled(["#", "seed", "test images", "with a copy in training", "accuracy, all",
                   "accuracy, without copies", "accuracy, copies alone"], rows)


def classes_table(records):
    """Recall and precision of each class, of the first seed of each experiment."""
    names = ("angry", "disgust", "fear", "happy", "neutral", "sad", "surprise", "negative",
             "positive")
    rows = []
    for number, distinct, group in groups(records):
        classes = group[0]["test"]["classes"]
        rows.append([number + " without copies" * distinct, *(
            f"{_3(classes[n]['recall'])} / {_3(classes[n]['precision'])}" if n in classes else ""
            for n in names)])
    return filled(["#", *names], rows)


def official_table(records):
    """The official split among other systems, by accuracy."""
    rows = [(order, [system, size, shown, "", remark])
            for system, size, order, shown, remark in OTHERS]
    ours = [r for r in records.values() if r["experiment"] == "official7"]
    for r, key in [(r, key) for r in ours for key in ("test", "averaged") if key in r]:
        test, clean = r[key], r[key]["without_copies"]
        low, high = test["accuracy_interval"]
        remark = "epoch chosen on PublicTest, scored once on PrivateTest"
        remark += "; trained without the copies" if r["drop_duplicates"] else ""
        remark += f"; recipe {r['recipe']} {r.get('options', '')}".rstrip() + (
            f", {r['epochs']} epochs") if other_recipe(r) else ""
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
    whole = table(["system", "parameters", "accuracy (%)", "95 % interval", "remark"],
                  [row for _, row in rows])
    return whole if ours else f"{NOTHING}\n\n{whole}"


def recipes_table(records):
    """Networks by other recipes than the study's, under the study's of the same images."""
    def images(record):
        return record["experiment"], record["seed"]

    others, rows = [r for r in records.values() if other_recipe(r)], []
    for which in dict.fromkeys(map(images, others)):
        same = [r for r in records.values() if images(r) == which
                and not other_recipe(r) and not r["drop_duplicates"]]
        for r in (*same, *(r for r in others if images(r) == which)):
            test, averaged = r["test"], r.get("averaged")
            low, high = test["accuracy_interval"]
            rows.append([
                r["experiment"], f"{r.get('recipe', 'study')} {r.get('options', '')}".strip(),
                r["epochs"], _3(r["val_accuracy"]),
                f"{test['accuracy']:.3f} ({low:.3f} to {high:.3f})", _clean(test),
                _3(averaged and averaged["accuracy"]), _clean(averaged), _3(test["macro"]["auc"]),
                f"{r['minutes']:.0f}, {r['machine']['cpu']}", f"`{command([r])}`"])
    return filled(["#", "recipe", "epochs", "validation accuracy", "test accuracy",
                   "without copies", f"{BEST_CROPS} crops averaged", "the same without copies",
                   "macro AUC", "minutes, machine", "command"], rows)


def binarized_text(records):
    """Experiment 6b: the paired comparison with 7 and 8, and the threshold curve."""
    group = [r for r in records.values() if r["experiment"] == "6b"]
    if not group:
        return NOTHING
    rows = [[f"6b and {number}", r["seed"], f"{test['n']:,}", *map(_3, test["accuracies"]),
             _3(test["agreement"]), test["only_one"], test["only_other"], f"{test['p']:.3g}"]
            for r in group for number, test in sorted(r["against"].items())]
    pairs = table(["compared", "seed", "images", "accuracy of 6b", "of the other", "same answer",
                   "only 6b right", "only the other right", "McNemar's exact p"], rows)
    curve = table(["threshold", "accuracy", "precision of positive", "recall of positive"],
                  [[f"{row['threshold']:.2f}", *(_3(row[k]) for k in ("accuracy", "precision",
                                                                      "recall"))]
                   for row in group[0]["thresholds"]])
    return "\n\n".join([pairs] * bool(rows)
                       + [f"Threshold curve (seed {group[0]['seed']}):", curve])


def groups(records):
    """(experiment, without copies?, its records by seed) in the order of the page."""
    for number in ORDER:
        for distinct in (False, True):
            group = [r for r in records.values() if r["experiment"] == number
                     and r["drop_duplicates"] == distinct and not other_recipe(r)]
            if group:
                yield number, distinct, sorted(group, key=lambda r: r["seed"])


def other_recipe(record):
    """Whether a record is of another recipe than the study's."""
    return record.get("recipe", "study") != "study"


def experiment(number):
    return BINARIZED if number == "6b" else EXPERIMENTS[number]


def figures_of_study(number):
    """The study's figures by the names of FIGURES, and nothing else.

    For 7 and 8 the study gives a precision without saying of what: it is compared with both.
    """
    chosen = experiment(number)
    figures = {name: value for name, value in chosen.study.items() if name in FIGURES}
    if number == "6b":
        figures["positive"] = figures.pop("precision")
    elif chosen.classes == 2:
        figures["positive"] = figures["precision"]
    return figures


def value_of(record, name, clean=False):
    """One of FIGURES of a record, or None; clean: over the test images without copies."""
    if name == "val_accuracy":
        return None if clean else record["val_accuracy"]
    test = record["test"]["without_copies"] if clean else record["test"]
    if test is None or name == "accuracy":
        return test and test["accuracy"]
    positive = test["classes"].get("positive")
    if name == "positive":
        return positive and positive["precision"]
    return positive["auc"] if positive and name == "auc" else test["macro"][name]


def mean(group, name, clean=False):
    values = [value_of(record, name, clean) for record in group]
    return None if None in values else sum(values) / len(values)


def _values(group, name, clean=False):
    """The value, or the mean over the seeds with the smallest and the largest."""
    value = mean(group, name, clean)
    if value is None or len(group) == 1:
        return _3(value)
    values = [value_of(record, name, clean) for record in group]
    return f"{value:.3f} ({min(values):.3f} to {max(values):.3f})"


def _difference(d):
    d = round(d, 3) + 0.0       # no -0.000
    if abs(d) <= TOLERANCE:
        return f"{d:+.3f}"
    return f"**{d:+.3f}, {'above' if d > 0 else 'short'}**"


def _against_one(records, group):
    """Experiment 3, of which the study says only that it is worse than 1."""
    first = next((rs for *which, rs in groups(records) if which == ["1", False]), None)
    if not first:
        return "worse than 1", "1 has not been run"
    d = mean(group, "accuracy") - mean(first, "accuracy")
    return "worse than 1", f"{d:+.3f} to 1" if d < 0 else f"**{d:+.3f} to 1, not worse**"


def _trial(group):
    """What tells a row from one run of the study's experiment."""
    first, words = group[0], []
    if first["source"] != "FER-2013":
        words.append(f"**{first['source']}, not FER-2013**")
    if first["epochs"] != 40:
        words.append(f"**{first['epochs']} epochs, not 40**")
    if len(group) > 1:
        words.append(f"mean of {len(group)} seeds (least to most)")
    return ", ".join(words)


def _study(value):
    return value if isinstance(value, str) else "" if value is None else f"{value:.2f}"


def _clean(scores):
    return _3(scores and scores["without_copies"] and scores["without_copies"]["accuracy"])


def _3(value):
    return "" if value is None else f"{value:.3f}"
