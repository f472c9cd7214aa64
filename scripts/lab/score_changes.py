"""Score networks on their validation part as it is, and changed so that no face becomes another.

    python scripts/lab/score_changes.py seven-class seven-class-robust --data archive.zip
    python scripts/lab/score_changes.py five-class five-class-robust --data archive.zip

Networks in one table have the same validation part: PublicTest for those of the official split.
A photograph of one's own is cut otherwise, lit otherwise, and often a small face enlarged. The
first six changes are the measure by which recipes are chosen (beside the faces as they are); the
others are reported beside. What is drawn by chance is drawn with a fixed seed. No test part is
looked at.
"""

import io
import sys
from dataclasses import replace

import numpy as np
import options
import pages
from PIL import Image

from tinyfer.commands import cli
from tinyfer.core.kernels.threads import set_threads
from tinyfer.scores.metrics import reliability
from tinyfer.training.runs import open_run

SIZE = 48
BILINEAR = Image.Resampling.BILINEAR


def resized(box=None, through=SIZE):
    """Each face cut to a box (left, top, right, bottom), by way of fewer pixels, to 48x48."""
    def change(faces):
        return np.stack([np.asarray(Image.fromarray(face).resize(2 * (through,), BILINEAR, box)
                                    .resize(2 * (SIZE,), BILINEAR)) for face in faces])
    return change


def larger(faces):
    """Cut eight pixels larger: the border goes on for four."""
    return resized((0, 0, SIZE + 8, SIZE + 8))(padded(faces, 4))


def padded(faces, n):
    return np.pad(faces, ((0, 0), (n, n), (n, n)), mode="edge")


def lit(gain=1.0, gamma=1.0):
    def change(faces):
        return np.clip(255 * (faces / 255) ** gamma * gain, 0, 255).astype(np.uint8)
    return change


def jpeg(faces, quality=20):
    def one(face):
        file = io.BytesIO()
        Image.fromarray(face).save(file, "JPEG", quality=quality)
        return np.asarray(Image.open(file))
    return np.stack([one(face) for face in faces])


def noisy(faces, deviation=0.08):
    noise = np.random.default_rng(0).normal(0, 255 * deviation, faces.shape)
    return np.clip(np.rint(faces + noise), 0, 255).astype(np.uint8)


def tilted(faces, degrees=15):
    """By so many degrees to one side or the other, about the middle; the border goes on."""
    n, signs = SIZE // 2, np.random.default_rng(0).choice((-1, 1), len(faces))
    wide = padded(faces, n)
    return np.stack([np.asarray(Image.fromarray(face).rotate(sign * degrees, BILINEAR))
                     for face, sign in zip(wide, signs)])[:, n:n + SIZE, n:n + SIZE]


CHANGES = {
    "cut 8 pixels larger": larger,
    "cut 8 pixels smaller": resized((4, 4, SIZE - 4, SIZE - 4)),
    "moved by 4 pixels": lambda faces: padded(faces, 4)[:, 4:4 + SIZE, :SIZE],
    "0.4 of the light": lit(0.4),
    "blurred to 24 pixels": resized(through=24),
    "blurred to 16 pixels": resized(through=16),
}
BESIDE = {
    "1.6 of the light": lit(1.6),
    "gamma 0.5": lit(gamma=0.5),
    "gamma 2": lit(gamma=2),
    "JPEG of quality 20": jpeg,
    "noise of 0.08": noisy,
    "tilted by 15 degrees": tilted,
}


def parse(argv):
    return options.parser(__doc__, "networks", "--data", "--crops", "--fill",
                          "--threads").parse_args(argv)


def main(argv=None):
    return cli.main(score, parse, argv)


def score(given):
    set_threads(given.threads)
    faces = cli.fer2013(given.data)
    runs = [open_run(network) for network in given.networks]
    part, *others = (validation_part(run, faces) for run in runs)
    for run, other in zip(runs[1:], others):
        if other.class_names != part.class_names or not np.array_equal(other.faces, part.faces):
            raise ValueError(f"{run.name} has not the validation part of {runs[0].name}")
    columns = [column(run.model, part, given.crops) for run in runs]
    first = ["as it is", *CHANGES, "mean of these six", *BESIDE,
             "calibration error (ECE), as it is", "the same, mean of the six",
             *(f"recall of {name}, as it is" for name in part.class_names)]
    text = pages.table([f"{len(part):,} faces of validation, per cent", *given.networks],
                       zip(first, *columns))
    print(text)
    if given.fill:
        pages.rewrite(given.fill, dict(changes=text))


def validation_part(run, faces):
    """The photographs by which the network's best epoch was chosen."""
    part = replace(run.config, also_drawn=None).parts(faces).validation
    if part.class_names != run.model.class_names:
        raise ValueError(f"{run.name} knows other classes than FER-2013 has")
    return part


def column(model, part, crops):
    """The cells of one network."""
    accuracy, errors = {}, {}
    for name, change in {"as it is": lambda faces: faces, **CHANGES, **BESIDE}.items():
        p = model.predict_proba(change(part.faces), crops=crops)
        accuracy[name] = 100 * float((p.argmax(axis=1) == part.labels).mean())
        errors[name] = reliability(part.labels, p)["ece"]
        if name == "as it is":
            answers = p.argmax(axis=1)
    recalls = [np.mean(answers[part.labels == k] == k) for k in range(len(part.class_names))]
    six = np.mean([accuracy[name] for name in CHANGES])
    return [f"{accuracy['as it is']:.1f}", *(f"{accuracy[name]:.1f}" for name in CHANGES),
            f"**{six:.1f}**", *(f"{accuracy[name]:.1f}" for name in BESIDE),
            f"{errors['as it is']:.3f}", f"{np.mean([errors[name] for name in CHANGES]):.3f}",
            *(f"{recall:.2f}" for recall in recalls)]


if __name__ == "__main__":
    sys.exit(main())
