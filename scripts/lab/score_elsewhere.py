"""Score networks on faces from elsewhere: do they see a smile, and do they keep to their answer?

    python scripts/lab/score_elsewhere.py --faces faces.zip five-class runs/experiment6-seed0

FER-2013 has its own way of cutting and lighting faces. The Caltech web faces in faces.zip were made
otherwise. They carry no expression, but whether somebody smiles most people agree on:
docs/smiles.json names 271 of them, of 400 drawn at random, on which one rater by eye was sure. One
face in ten is asked twice: an answer should outlast a mirror, another box, dim light, blur.
"""

import json
import sys
from pathlib import Path

import numpy as np
import options
import pages
from finder.sources import CALTECH_BOX, caltech_crops
from PIL import Image

from tinyfer.commands import cli
from tinyfer.core.kernels.threads import set_threads
from tinyfer.core.networks import load_model
from tinyfer.data.pictures import face_of
from tinyfer.scores.metrics import auc, roc_curve

SMILES = Path(__file__).resolve().parents[2] / "docs" / "smiles.json"
SMILE = "happy", "positive"     # the class of a smile
EVERY = 10                      # one face in ten is asked twice


def parse(argv):
    return options.parser(__doc__, "networks", "--faces", "--crops", "--fill",
                          "--threads").parse_args(argv)


def main(argv=None):
    return cli.main(score, parse, argv)


def score(given):
    set_threads(given.threads)
    crops = caltech_crops(given.faces)
    smiling, serious = smiles(crops)
    asked = {name: np.stack([change(crop) for crop in list(crops.values())[::EVERY]])
             for name, change in CHANGES.items()}
    columns = []
    for place in given.networks:
        model = load_model(place)
        column = smile_of(place, model)
        p = [model.predict_proba(faces, crops=given.crops) for faces in (smiling, serious)]
        answers = {name: model.predict_proba(faces, crops=given.crops).argmax(axis=1)
                   for name, faces in asked.items()}
        columns.append([place, *on_smiles(*p, column), *kept(answers)])
    first = ["", "area under the ROC curve of a smile", f"smiles called so, of {len(smiling)}",
             f"other faces called so, of {len(serious)}",
             *(f"same answer, {name}" for name in CHANGES if name != "as it is")]
    head, *rows = zip(first, *columns)
    text = pages.table(head, rows)
    print(text)
    if given.fill:
        pages.rewrite(given.fill, dict(elsewhere=text))


def smiles(crops):
    """The faces (N, 48, 48) of those who smile, and of those who do not."""
    named = {group: [f"caltech_web_crop_{number:05d}.jpg" for number in numbers]
             for group, numbers in json.loads(SMILES.read_text()).items()}
    for name in named["smiling"] + named["not smiling"]:
        if name not in crops:
            raise ValueError(f"--faces: the archive lacks {name}, which docs/smiles.json names")
    return [np.stack([cut(crops[name]) for name in named[group]])
            for group in ("smiling", "not smiling")]


def smile_of(place, model):
    """The column of a network's probabilities that a smile belongs to."""
    for name in SMILE:
        if name in model.class_names:
            return model.class_names.index(name)
    raise ValueError(f"{place} has no class {' or '.join(SMILE)}, only "
                     f"{', '.join(model.class_names)}")


def on_smiles(smiling, serious, column):
    """Cells: the area under the ROC curve of p[:, column], and the shares that get that answer."""
    scores = np.concatenate([smiling[:, column], serious[:, column]])
    area = auc(*roc_curve(np.arange(len(scores)) < len(smiling), scores)[:2])
    called = [np.mean(p.argmax(axis=1) == column) for p in (smiling, serious)]
    return f"{area:.3f}", *(f"{100 * share:.0f} %" for share in called)


def kept(answers):
    """Cells: the share of faces whose answer a change leaves as it is."""
    before = answers["as it is"]
    return [f"{100 * np.mean(after == before):.0f} %" for name, after in answers.items()
            if name != "as it is"]


def cut(crop, right=0, larger=0):
    """The face in an enlarged Caltech crop; the box moved and enlarged by so many pixels of 62."""
    left, top, side = CALTECH_BOX
    side = round(side) + larger
    box = round(left - larger / 2) + right, max(0, round(top - larger / 2)), side, side
    return face_of(Image.fromarray(crop), box)


def blurred(face):
    small = Image.fromarray(face).resize((24, 24), Image.Resampling.BOX)
    return np.asarray(small.resize(face.shape[::-1], Image.Resampling.BILINEAR))


CHANGES = {
    "as it is": cut,
    "mirrored": lambda crop: cut(crop)[:, ::-1],
    "box 3 pixels to the right": lambda crop: cut(crop, right=3),
    "box an eighth larger": lambda crop: cut(crop, larger=6),
    "box an eighth smaller": lambda crop: cut(crop, larger=-6),
    "half the light": lambda crop: cut(crop) // 2,
    "blurred to 24 pixels": lambda crop: blurred(cut(crop)),
}


if __name__ == "__main__":
    sys.exit(main())
