"""Find the faces in photographs, and say what expression each shows, with all probabilities.

    python scripts/predict.py photo.jpg
    python scripts/predict.py holiday/ --csv faces.csv --show marked/
    python scripts/predict.py photo.jpg --box 210,80,160,160
    curl -s https://example.org/photo.jpg | python scripts/predict.py - --json
"""

import argparse
import csv
import io
import json
import sys
from functools import lru_cache
from pathlib import Path

from tinyfer.commands import cli
from tinyfer.commands.messages import warn_of_drawn_faces
from tinyfer.core.arrays import atomic_write
from tinyfer.core.kernels.threads import set_threads
from tinyfer.data.pictures import colour_of, grey_of, is_picture
from tinyfer.photo.reading import DEFAULT, faces_to_read, read_faces
from tinyfer.training.runs import open_run


def parse(argv):
    parser = cli.parser(
        description="One row for each face of each picture. Any picture that Pillow reads will do, "
        "colour or grey, of any size; it is turned upright as its EXIF data say. The faces are "
        "found first, unless --box or --whole says where they are; a picture of 48x48 pixels, or "
        "one that a single face fills, is read whole. A picture that cannot be read is reported, "
        "the rest goes on, and the exit code is 1.",
        epilog="The networks were trained on small grey photographs of faces and are wrong for "
        "about one in three: see docs/model-cards for what they must not be used for.",
    )
    add = parser.add_argument
    add("images", nargs="+", metavar="IMAGE",
        help="picture files, folders of them, or - for a picture from standard input")
    add("--model", default=DEFAULT, metavar="RUN_OR_FILE",
        help="a run folder (its best.npz is taken), a model file, or packaged weights by name "
        f"(default {DEFAULT})")
    place = parser.add_mutually_exclusive_group()
    place.add_argument("--box", type=box, metavar="x,y,w,h",
                       help="the face's place in pixels of the upright picture, from its top left "
                       "corner; used for every picture given")
    place.add_argument("--whole", action="store_true",
                       help="the largest centred square of each picture is the face")
    add("--smallest", type=cli.at_least(8), metavar="PIXELS", help="the smallest face to look "
        "for (default 24, or a 60th of a large picture's longer side)")
    add("--threshold", type=float, default=0.5, metavar="P",
        help="the least score of a face, above 0 and below 1 (default 0.5)")
    add("--strict", action="store_true", help="exit code 1 where a picture shows no face")
    add("--json", action="store_true", help="print JSON instead of a table")
    add("--csv", type=Path, metavar="FILE", help="also write the rows to a new csv file")
    add("--show", type=Path, metavar="PNG_OR_FOLDER", help="also draw boxes and probabilities into "
        "the picture: a new file or, for several pictures, a folder of NAME-faces.png")
    add("--threads", type=int, metavar="N", help="threads (default: one per core)")
    return parser.parse_args(argv)


def box(text):
    try:
        x, y, w, h = map(int, text.split(","))
    except ValueError:
        raise argparse.ArgumentTypeError(
            f"expected four whole numbers x,y,w,h, got {text!r}") from None
    return x, y, w, h


def main(argv=None):
    return cli.main(predict, parse, argv)


def predict(given):
    set_threads(given.threads)
    run = open_run(given.model)
    model = run.model
    warn_of_drawn_faces(run)
    if given.csv and given.csv.exists():
        raise ValueError(f"--csv: {given.csv} is there already; choose another name")
    pictures = list_pictures(given.images)
    targets = shown(given.show, pictures)
    rows, failed = [], False
    for name, target in zip(pictures, targets):
        try:
            readings = read(name, model, given)
            if target:
                show(name, readings, target)
        except (ValueError, OSError) as error:
            readings, failed = str(error), True
            cli.note(readings, name)
        rows.append((name, readings))
    print(as_json(rows) if given.json else as_table(rows, model.class_names))
    if given.csv:
        write_csv(given.csv, rows, model.class_names)
    faceless = any(not readings for _, readings in rows)
    return 1 if failed or (given.strict and faceless) else 0


def list_pictures(images):
    """The pictures named: those in a folder in order of their names, whatever Pillow may read."""
    found = []
    for name in images:
        if Path(name).is_dir():
            inside = sorted(str(file) for file in Path(name).rglob("*") if is_picture(file))
            if not inside:
                cli.note(f"there is no picture in the folder {name}")
            found += inside
        else:
            found.append(name)
    return found


def read(name, model, given):
    """A Reading of each face in a picture file."""
    grey = grey_of(source(name))
    faces = faces_to_read(grey, given.box, given.whole, given.smallest, given.threshold)
    with cli.notes(name):
        return read_faces(grey, faces, model)


@lru_cache(maxsize=1)
def standard_input():
    return sys.stdin.buffer.read()


def source(name):
    """What `open_image` opens for a name on the command line."""
    if name != "-":
        return name
    stream = io.BytesIO(standard_input())
    stream.name = "the picture from standard input"
    return stream


def shown(target, pictures):
    """Where the marked copy of each picture goes; None where none was asked for."""
    if target is None:
        return [None] * len(pictures)
    if len(pictures) == 1 and target.suffix:
        targets = [target]
    elif target.suffix:
        raise ValueError(f"--show: {len(pictures)} pictures need a folder, not {target}")
    else:
        targets = [target / f"{'picture' if name == '-' else Path(name).stem}-faces.png"
                   for name in pictures]
    for number, file in enumerate(targets):
        if file.exists() or file in targets[:number]:
            raise ValueError(f"--show: {file} is there already, or two pictures have its name")
    return targets


def show(name, readings, target):
    """A copy of the picture with a box round each face, and what was read in it."""
    from tinyfer.scores import plots  # matplotlib takes a second to load; most calls draw nothing

    target.parent.mkdir(parents=True, exist_ok=True)
    plots.photo(colour_of(source(name)), readings, target)


def as_json(rows):
    return json.dumps([dict(image=name, error=found) if isinstance(found, str) else
                       dict(image=name, faces=[as_dict(reading) for reading in found])
                       for name, found in rows], indent=2, ensure_ascii=False, allow_nan=False)


def as_dict(reading):
    score = reading.face.score
    return dict(box=reading.face.box, score=None if score is None else round(score, 4),
                prediction=reading.expression,
                probabilities={name: round(p, 6) for name, p in reading.probabilities.items()})


def as_table(rows, names):
    """One line a face: its picture, its box, how sure the finder is, and what it shows."""
    head = ["picture", "x,y,w,h", "face", "prediction", *(f"{name:>8}" for name in names)]
    lines = [head]
    for picture, found in rows:
        if isinstance(found, str) or not found:
            lines.append([picture, "not read" if isinstance(found, str) else "no face found"])
            continue
        for face, expression, probabilities in found:
            lines.append([picture, ",".join(map(str, face.box)), certainty(face), expression,
                          *(f"{p:>{max(8, len(name))}.4f}" for name, p in probabilities.items())])
    widths = [max(len(line[k]) for line in lines if len(line) > k) for k in range(len(head))]
    return "\n".join("  ".join(f"{cell:{width}}" for cell, width in zip(line, widths)).rstrip()
                     for line in lines)


def certainty(face):
    return "whole" if face.score is None else f"{face.score:.3f}"


def write_csv(path, rows, names):
    """A line for each face, and one without a box for a picture in which none was found."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["picture", "x", "y", "w", "h", "face", "prediction", *names])
    for name, found in rows:
        if isinstance(found, str) or not found:
            writer.writerow([name] + [""] * 5
                            + ["not read" if isinstance(found, str) else "no face found"])
            continue
        for face, expression, probabilities in found:
            score = "" if face.score is None else f"{face.score:.4f}"
            writer.writerow([name, *face.box, score, expression,
                             *(f"{p:.6f}" for p in probabilities.values())])
    with atomic_write(path) as file:
        file.write(text.getvalue().encode(errors="surrogateescape"))
