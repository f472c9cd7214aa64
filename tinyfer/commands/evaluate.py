"""Score a trained run on a part of its data: text, JSON, pictures and a page for the browser.

    python scripts/evaluate.py runs/experiment6-seed0
    python scripts/evaluate.py runs/experiment6-seed0 --binarize --against runs/experiment7-seed0
    python scripts/evaluate.py five-class --data archive.zip
"""

from pathlib import Path

import numpy as np

from tinyfer.commands import cli
from tinyfer.commands.messages import four_digits, warn_of_drawn_faces
from tinyfer.commands.report import write_report
from tinyfer.core.arrays import atomic_write
from tinyfer.core.inference import CROPS
from tinyfer.core.kernels.threads import set_threads
from tinyfer.data.folders import is_class_folder, load_class_folder
from tinyfer.photo.reading import largest_face
from tinyfer.scores import metrics, plots
from tinyfer.training.evaluation import (
    PARTS,
    binarized_scores,
    compare,
    mistakes,
    parts_of,
    reweighed_scores,
    score,
)
from tinyfer.training.runs import open_run, write_json


def parse(argv):
    parser = cli.parser(
        description="Score the best weights of a run on one of its parts, on all images and on "
        "those without an exact copy in training. Writes report.txt, metrics.json, "
        "confusion.png, roc.png, calibration.png and report.html, a page that needs nothing "
        "beside it. It shows photographs of the data set: keep it to yourself.")
    add = parser.add_argument
    add("run", metavar="RUN", help="a run folder, or packaged weights by name")
    add("--part", choices=PARTS, default="test", help="which part to score (default test)")
    add("--data", metavar="PATH", help="FER-2013 (default: where the run found it, TINYFER_DATA, "
        "./data); or a folder of your own pictures, as <class>/* or test/<class>/*, with the "
        "network's classes: all of them are scored, without report.html")
    add("--find-faces", action="store_true", help="in a folder of your own, take the largest face "
        "found in each picture, and the picture where there is none (default: as the run was "
        "trained; the whole picture for the packaged weights)")
    add("--out", metavar="FOLDER", help="default RUN/evaluation-PART, or "
        "runs/evaluation-NAME-PART for packaged weights; what it holds is replaced")
    add("--mistakes", type=cli.at_least(0), default=24, metavar="N",
        help="how many of the most confident mistakes the page shows (default 24)")
    add("--crops", type=int, choices=tuple(CROPS), default=1, help="average the probabilities over "
        "so many windows and mirror images of each face, in as many times the time (default 1)")
    add("--binarize", action="store_true", help="also merge the classes after prediction: positive "
        "= happy + surprise, negative = angry, disgust, fear, sad (experiment 6b)")
    add("--reweigh", action="store_true", help="also score the probabilities multiplied by the "
        "class weights, or divided by them if the run was trained with them (docs, chapter 12)")
    add("--against", nargs="+", default=[], metavar="RUN", help="other runs of these classes, "
        "or of two, and of the same seed: compared on the same images (agreement and McNemar's "
        "exact test)")
    add("--threads", type=cli.at_least(1), metavar="N", help="threads (default: one per core)")
    return parser.parse_args(argv)


def main(argv=None):
    return cli.main(evaluate, parse, argv)


def evaluate(given):
    set_threads(given.threads)
    run = open_run(given.run)
    folder = Path(given.out or (run.folder / f"evaluation-{given.part}" if run.folder else
                                f"runs/evaluation-{Path(given.run).stem}-{given.part}"))
    cli.check_writable(folder)
    find = largest_face if given.find_faces or run.config.find_faces else None
    if is_class_folder(given.data) and not same_place(given.data, run.config.data):
        if given.reweigh or given.against:
            raise ValueError("--reweigh and --against need the data that the network was trained "
                             "on, not a folder of pictures")
        parts, copies = None, {}
        part = load_class_folder(given.data, run.model.class_names, find)
        warn_of_drawn_faces(run)
    elif find and not run.config.find_faces:
        raise ValueError("--find-faces needs --data with a folder of pictures that the run was not "
                         "trained on; its own are read as they were then")
    else:
        parts, copies = parts_of(run, given.data, largest_face)
        part = getattr(parts, given.part)
    if len(part) == 0:
        raise ValueError(f"the {given.part} part of {given.run} is empty")
    probabilities = run.model.predict_proba(part.faces, crops=given.crops)
    result = score(part.labels, probabilities, part.class_names, copies.get(given.part))
    result["crops"] = given.crops
    if given.binarize:
        result["binarized"] = binarized_scores(part.labels, probabilities, part.class_names)
    if given.reweigh:
        result["reweighed"] = reweighed_scores(run, parts.train, part, probabilities)
    if given.against:
        result["against"] = {place: compare(run, part, probabilities, open_run(place))
                             for place in given.against}
    text = report_text(run, part, given.part, result)
    write_all(folder, part, given, probabilities, result, text)
    if parts:
        write_report(folder / "report.html", run, parts, given.part, probabilities, result,
                     mistakes(part, probabilities, given.mistakes), result.get("binarized"))
    page = "report.html, " if parts else ""
    print(f"{text}\n\n{page}metrics.json and the pictures are in {folder}")


def same_place(one, other):
    """Whether two paths, the second None perhaps, are one: a run's own data has three parts."""
    return other is not None and Path(one).resolve() == Path(other).resolve()


def report_text(run, part, name, result):
    low, high = result["accuracy_interval"]
    lines = [f"{run.experiment.title}, seed {run.config.seed}: {name} part of {part.source}, "
             f"{len(part):,} images"
             + f", the mean over {result['crops']} crops of each" * (result["crops"] > 1), "",
             f"accuracy {result['accuracy']:.4f} (95 % interval {low:.3f} to {high:.3f}), "
             f"macro precision {result['macro']['precision']:.4f}, "
             f"macro AUC {four_digits(result['macro']['auc'])}, "
             f"calibration error {result['calibration']['ece']:.4f}"]
    if "copies" in result:
        lines.append(_leakage(result))
    lines += ["", metrics.format_report(result), "", _matrix(result, part.class_names)]
    if "binarized" in result:
        lines += ["", _binarized(result["binarized"])]
    if "reweighed" in result:
        lines += ["", _reweighed(result)]
    if "against" in result:
        lines += ["", _against(result["against"])]
    return "\n".join(lines)


def _leakage(result):
    if not result["copies"]:
        return "no image has an exact copy in training"
    words = (f"{result['copies']:,} images have an exact copy in training (accuracy on them "
             f"{result['accuracy_on_copies']:.4f})")
    clean = result["without_copies"]
    if clean is None:
        return words
    return (f"{words};\nwithout them: accuracy {clean['accuracy']:.4f}, macro precision "
            f"{clean['macro']['precision']:.4f}, macro AUC {four_digits(clean['macro']['auc'])}")


def _matrix(result, names):
    """Counts and, in brackets, per cent of the row; rows true, columns predicted."""
    matrix = np.array(result["confusion_matrix"])
    width = max(12, *(len(name) + 2 for name in names))
    lines = ["true \\ predicted".ljust(18) + "".join(f"{name:>{width}}" for name in names)]
    for name, row in zip(names, matrix):
        cells = (f"{n:,} ({100 * n / max(row.sum(), 1):.0f} %)" for n in row)
        lines.append(f"{name:18}" + "".join(f"{cell:>{width}}" for cell in cells))
    return "\n".join(lines)


def _binarized(binarized):
    test = binarized["scores"]
    lines = [f"merged after prediction, positive where P(happy) + P(surprise) > "
             f"{test['threshold']}: accuracy {test['accuracy']:.4f},",
             f"precision of positive {test['precision']:.4f}, recall {test['recall']:.4f}, "
             f"AUC {test['auc']:.4f}",
             "threshold  accuracy  precision  recall"]
    lines += [f"{row['threshold']:9.2f}  {row['accuracy']:8.4f}  {row['precision']:9.4f}  "
              f"{row['recall']:6.4f}" for row in binarized["thresholds"]]
    return "\n".join(lines)


def _reweighed(result):
    other = result["reweighed"]
    return "\n".join(
        [f"the probabilities as they are, and {other['how']} by the class weights:",
         " " * 12 + "accuracy  macro precision  macro recall"]
        + [f"{name:12}{scores['accuracy']:8.4f}  {scores['macro']['precision']:15.4f}  "
           f"{scores['macro']['recall']:12.4f}"
           for name, scores in (("as they are", result), (other["how"], other["scores"]))])


def _against(others):
    lines = []
    for place, test in others.items():
        mine, other = test["accuracies"]
        lines.append(
            f"against {place}, {test['n']:,} images: accuracy {mine:.4f} and {other:.4f}, equal "
            f"predictions {test['agreement']:.4f};\n  right only here {test['only_one']}, only "
            f"there {test['only_other']}, McNemar's exact p = {test['p']:.3g}")
    return "\n".join(lines)


def write_all(folder, part, given, probabilities, result, text):
    names = part.class_names
    title = f"{part.source}, {given.part} part ({len(part):,} images)"
    write_json(folder / "metrics.json", result)
    with atomic_write(folder / "report.txt") as file:
        file.write(text.encode() + b"\n")
    plots.confusion(np.array(result["confusion_matrix"]), names, folder / "confusion.png",
                    title=title)
    curves = metrics.roc_per_class(part.labels, probabilities)
    if any(curves):
        plots.roc(curves, names, folder / "roc.png", title=title)
    plots.calibration(result["calibration"], folder / "calibration.png", title=title)
    if "binarized" in result:
        plots.thresholds(result["binarized"]["thresholds"], folder / "thresholds.png", title=title)
