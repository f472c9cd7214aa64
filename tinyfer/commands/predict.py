"""Find the faces in photographs, and say what expression each shows, with all probabilities.

    python scripts/predict.py photo.jpg
    python scripts/predict.py holiday/ --csv faces.csv --show marked/
    python scripts/predict.py photo.jpg --box 210,80,160,160
    curl -s https://example.org/photo.jpg | python scripts/predict.py - --json
"""

import json
import sys
import textwrap
from pathlib import Path

from tinyfer.commands import cli
from tinyfer.commands.progress import Line
from tinyfer.core.kernels.threads import set_threads
from tinyfer.photo.reading import list_pictures, read_photos, table_head
from tinyfer.storage.arrays import atomic_write
from tinyfer.training.runs import open_run


def parse(argv):
    parser = cli.parser(
        description="One row for each face of each picture, from left to right. Any picture that "
        "Pillow reads will do, colour or grey, of any size; it is turned upright as its EXIF data "
        "say. The faces are found first, unless --box or --whole says where they are; a picture of "
        "48x48 pixels, or one that a single face fills, is read whole. What is too improbable, or "
        "too near to another expression, is called unsure. A picture that cannot be read is "
        "reported, the rest goes on, and the exit code is 1.",
        epilog="The networks were trained on small grey photographs of faces and are wrong for "
        "about one in three: see docs/model-cards for what they must not be used for.",
    )
    add = parser.add_argument
    add("images", nargs="+", metavar="IMAGE",
        help="picture files, folders of them, or - for a picture from standard input")
    cli.add_reading(parser)
    cli.add_place(parser)
    add("--json", action="store_true", help="print JSON instead of a table")
    add("--csv", type=Path, metavar="FILE", help="also write the rows to a csv file")
    add("--show", type=Path, metavar="PNG_OR_FOLDER", help="also draw boxes and probabilities into "
        "the picture: a file or, for several pictures, a folder of NAME-faces.png")
    add("--force", action="store_true", help="overwrite what --csv and --show name")
    cli.add_threads(parser)
    return parser.parse_args(argv)


def main(argv=None):
    return cli.main(predict, parse, argv, "stopped; the pictures above are done")


def predict(given):
    set_threads(given.threads)
    if given.csv:
        cli.check_output(given.csv, given.force, "--csv")
    pictures = [(name, image) for image in given.images for name in list_pictures(image)]
    files = targets(given, pictures)
    run = open_run(given.model)
    model = run.model                   # read before anything is said of it
    cli.warn_of_drawn_faces(run)
    cli.note_first_start()
    line = Line(sys.stderr) if sys.stderr.isatty() else None
    sources = [sys.stdin.buffer.read() if name == "-" else name for name, _ in pictures]
    found = read_photos(sources, model, box=given.box, whole=given.whole, crops=given.crops,
                        smallest=given.smallest, threshold=given.threshold)
    code = 0
    with Report(given, model.class_names) as report:
        for done, ((name, _), file) in enumerate(zip(pictures, files), 1):
            with cli.notes(name):
                readings = next(found)
            if file and not readings.error:
                readings.error = draw(readings, file)
            if line:
                line.write("", last=False)
            report.add(name, readings)
            if line:
                line.left(done, len(pictures), "pictures")
            code = code or int(bool(readings.error))
    return code


def targets(given, pictures):
    """Where the marked copy of each picture goes, in subfolders as the pictures are; None where
    none was asked for. pictures: pairs of a name and the IMAGE it was given by."""
    if given.show is None:
        return [None] * len(pictures)
    if len(pictures) > 1 and given.show.suffix:
        raise ValueError(f"--show: {len(pictures)} pictures need a folder, not {given.show}")
    chosen = {}                         # in order, and each once
    for name, image in pictures:
        folder = given.show / (Path(name).relative_to(image).parent if name != image else "")
        stem, number = "picture" if name == "-" else Path(name).stem, 2
        file = given.show if given.show.suffix else folder / f"{stem}-faces.png"
        while file in chosen:
            file, number = folder / f"{stem}-faces-{number}.png", number + 1
        cli.check_output(file, given.force, "--show")
        chosen[file] = name
    return list(chosen)


def draw(readings, file):
    """Write the marked copy; returns the sentence why it could not be, or None."""
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        picture = readings.draw()
        with atomic_write(file) as opened:
            picture.save(opened, "png")
    except (ValueError, OSError) as error:
        return cli.sentence(error)


class Report:
    """The rows, printed and written as they come; what is there stays, whatever ends the command.

    A table has a line with the name of a picture, and below it one for each of its faces.
    """

    def __init__(self, given, names):
        self.json, self.names, self.records = given.json, names, 0
        self.csv = cli.Table(given.csv) if given.csv else None

    def __enter__(self):
        print("[" if self.json else table_head(self.names))
        if self.csv:
            self.csv.row(["picture", *"xywh", "face", "prediction", "unsure", *self.names])
        return self

    def __exit__(self, *_):
        if self.csv:
            self.csv.close()
        if self.json:
            print("\n]" if self.records else "]")

    def add(self, name, readings):
        if self.json:
            print(",\n" * (self.records > 0) + as_json(name, readings), end="", flush=True)
        else:
            none = "" if readings else ": not read" if readings.error else ": no face found"
            print(cli.printable(name) + none, *readings.lines(), sep="\n", flush=True)
        if readings.error:
            cli.note(readings.error, name)
        if self.csv:
            for reading in readings:
                self.csv.row([name, *fields(reading)])
            if not readings:
                self.csv.row([name] + [""] * 5 + ["not read" if readings.error else
                                                  "no face found"])
        self.records += 1


def as_json(name, readings):
    """A picture as JSON: in ASCII where the stream is not UTF-8, or a terminal would act on it."""
    record = dict(image=name)
    if readings.error:
        record["error"] = readings.error
    if readings or not readings.error:          # a copy that cannot be drawn loses no answer
        record["faces"] = [as_dict(reading) for reading in readings]
    text = json.dumps(record, indent=2, ensure_ascii=False, allow_nan=False)
    utf8 = (sys.stdout.encoding or "").lower().replace("-", "") == "utf8"
    if not (utf8 and all(line.isprintable() for line in text.split("\n"))):
        text = json.dumps(record, indent=2, allow_nan=False)
    return textwrap.indent(text, "  ")


def as_dict(reading):
    score = reading.face.score
    return dict(box=reading.box, score=None if score is None else round(score, 4),
                prediction=reading.expression, unsure=reading.unsure,
                probabilities={name: round(p, 6) for name, p in reading.probabilities.items()})


def fields(reading):
    """What a row says of a face: box, score, prediction, whether unsure, probabilities."""
    score = reading.face.score
    return [*reading.box, "" if score is None else f"{score:.4f}", reading.expression,
            "unsure" if reading.unsure else "",
            *(f"{p:.6f}" for p in reading.probabilities.values())]
