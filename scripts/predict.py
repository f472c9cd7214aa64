"""Say what expression the face in a picture shows, with all class probabilities.

    python scripts/predict.py photo.jpg
    python scripts/predict.py photo.jpg --box 210,80,160,160
    python scripts/predict.py *.png --json
"""

import argparse
import json
import sys
from pathlib import Path

import command
import numpy as np

from tinyfer.architectures import load_model
from tinyfer.datasets.pictures import read_face
from tinyfer.kernels.threads import set_threads

DEFAULT = "five-class"


def parse(argv):
    parser = command.parser(
        description="Class probabilities for the face in each picture. Any picture that Pillow "
        "reads will do, colour or grey, of any size; it is turned upright as its EXIF data say. "
        "There is no face detector here: say where the face is by --box, or cut the picture to it; "
        "otherwise the largest centred square is taken for the face.",
        epilog="The networks were trained on small grey photographs of faces and are wrong for "
        "about one in three: see docs/model-cards for what they must not be used for.",
    )
    add = parser.add_argument
    add("images", nargs="+", metavar="IMAGE", help="picture files")
    add("--model", default=DEFAULT, metavar="RUN_OR_FILE",
        help="a run folder (its best.npz is taken), a model file, or packaged weights by name "
        f"(default {DEFAULT})")
    add("--box", type=box, metavar="x,y,w,h",
        help="the face's place in pixels of the upright picture, from its top left corner; used "
        "for every picture given")
    add("--json", action="store_true", help="print JSON instead of a table")
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
    return command.main(predict, parse, argv)


def predict(given):
    set_threads(given.threads)
    place = Path(given.model)
    model = load_model(place / "best.npz" if place.is_dir() else given.model)
    faces = np.stack([read_face(path, given.box) for path in given.images])
    probabilities = model.predict_proba(faces)
    show = as_json if given.json else as_table
    print(show(given.images, model.class_names, probabilities))


def as_json(images, names, probabilities):
    return json.dumps(
        [
            dict(image=image, prediction=names[p.argmax()],
                 probabilities={name: round(float(v), 6) for name, v in zip(names, p)})
            for image, p in zip(images, probabilities)
        ],
        indent=2, ensure_ascii=False,
    )


def as_table(images, names, probabilities):
    """One line a picture: its name, the prediction, and all probabilities."""
    width = max(len("picture"), *map(len, images))
    longest = max(len("prediction"), *map(len, names))
    lines = [f"{'picture':{width}}  {'prediction':{longest}}  "
             + "  ".join(f"{name:>8}" for name in names)]
    for image, p in zip(images, probabilities):
        values = "  ".join(f"{v:>{max(8, len(name))}.4f}" for name, v in zip(names, p))
        lines.append(f"{image:{width}}  {names[p.argmax()]:{longest}}  {values}")
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(main())
