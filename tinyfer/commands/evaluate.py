"""Score a trained run on a part of its data: text, JSON, pictures and a page for the browser.

    python scripts/evaluate.py runs/experiment6-seed0
    python scripts/evaluate.py five-class --data archive.zip
"""

from pathlib import Path
from textwrap import fill

import numpy as np

from tinyfer.commands import cli
from tinyfer.commands.messages import four_digits, scores_of, verdict
from tinyfer.commands.report import write_report
from tinyfer.core.inference import CROPS
from tinyfer.core.kernels.threads import set_threads
from tinyfer.data.load import is_class_folder, load_class_folder
from tinyfer.photo.reading import largest_face
from tinyfer.scores import metrics
from tinyfer.training.evaluation import PARTS, parts_of, score
from tinyfer.training.experiments import OWN
from tinyfer.training.runs import open_run


def parse(argv):
    parser = cli.parser(
        description="Score the best weights of a run on one of its parts, on all images and on "
        "those without an exact copy in training. Writes report.txt, metrics.json, pictures, and "
        "report.html, which shows them all and needs nothing beside it. It shows photographs of "
        "the data set: keep it to yourself.")
    add = parser.add_argument
    add("run", metavar="RUN", help="packaged weights by name, a run folder, or a model file")
    add("--part", choices=PARTS, help="which part to score (default test)")
    add("--data", metavar="PATH", help="FER-2013 (default: where the run found it, TINYFER_DATA, "
        "./data); or a folder of your own pictures, as <class>/* or test/<class>/*, of classes of "
        "the network: all of them are scored")
    add("--find-faces", action="store_true", help="in a folder of your own, take the largest face "
        "found in each picture, and the picture where there is none (default: as the run was "
        "trained; the whole picture for the packaged weights)")
    cli.add_output(parser, "RUN/evaluation-PART, or runs/evaluation-NAME-PART for packaged "
                   "weights; the name of a folder of your own in the place of PART")
    add("--crops", type=int, choices=tuple(CROPS), default=1, help="average the probabilities over "
        "so many windows and mirror images of each face, as predict does over 18 (default 1)")
    cli.add_threads(parser)
    return parser.parse_args(argv)


def main(argv=None):
    return cli.main(evaluate, parse, argv)


def evaluate(given):
    set_threads(given.threads)
    run = open_run(given.run)
    trained_on = run.about and run.config.data and Path(run.config.data).resolve()
    own = is_class_folder(given.data) and trained_on != Path(given.data).resolve()
    if own and given.part:
        raise ValueError("--part needs the data that the network was trained on; of a folder of "
                         "pictures all are scored")
    name = Path(given.data).resolve().name if own else given.part or "test"
    folder = Path(given.out or (run.folder / f"evaluation-{name}" if run.folder else
                                f"runs/evaluation-{Path(given.run).stem}-{name}"))
    cli.check_output(folder, given.force)
    if own:
        find = given.find_faces or run.about and run.config.find_faces
        part, copies = load_class_folder(given.data, run.model.class_names,
                                         largest_face if find else None), None
        cli.warn_of_drawn_faces(run)
    elif given.find_faces:
        raise ValueError("--find-faces needs --data with a folder of pictures that the run was not "
                         "trained on; its own are read as they were then")
    else:
        parts, seen = parts_of(run, given.data, largest_face)
        part, copies = getattr(parts, name), seen.get(name)
    if len(part) == 0:
        raise ValueError(f"the {name} part of {given.run} is empty")
    probabilities = run.model.predict_proba(part.faces, crops=given.crops)
    result = score(part.labels, probabilities, part.class_names, copies) | {"crops": given.crops}
    result = dict(heading=heading(run, own and name), verdict=verdict(result)) | result
    what = part.source if own else f"{name} part of {part.source}"
    result["what"] = f"{what}, {len(part):,} images" + (
        f", the mean over {given.crops} crops of each" * (given.crops > 1))
    text = report_text(part, probabilities, result)
    write_report(folder, run, part, probabilities, result, text)
    print(f"{text}\n\nreport.html, metrics.json and the pictures are in {cli.printable(folder)}")


def heading(run, own):
    """What was scored, in a reader's words. own: the name of a folder that the run has not seen."""
    if own or run.config.classes == OWN:
        return own or Path(run.config.data).name
    experiment = run.experiment
    if experiment.number:
        return f"Experiment {experiment.number}: {experiment.title}"
    return experiment.title[0].upper() + experiment.title[1:]


def report_text(part, probabilities, result):
    lines = [cli.printable(result["heading"]), result["verdict"], "", cli.printable(result["what"]),
             f"{scores_of(result)}, calibration error {result['calibration']['ece']:.4f}"]
    there = part.counts() > 0
    if not there.all():
        alone = np.where(there, probabilities, 0).argmax(axis=1)
        absent = ", ".join(name for name, is_there in zip(part.class_names, there) if not is_there)
        choice = (f"; choosing among the others alone: accuracy "
                  f"{metrics.accuracy(part.labels, alone):.4f}") if there.sum() > 1 else ""
        lines.append(fill(f"no picture is of {absent}{choice}", 79))
    if "copies" in result:
        lines.append(_leakage(result))
    rows = {name: row for name, row in result["classes"].items() if row["support"]}
    return "\n".join([*lines, "", metrics.format_report(result | {"classes": rows})])


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
