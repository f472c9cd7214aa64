"""Faces that the package draws itself: seven expressions told by brows, eyes and mouth.

With no FER-2013 at hand everything still runs, on these. They vary in pose, proportions, hair,
light, noise and in what covers them, so much that no single pixel says much. A score on them shows
that everything works, and nothing about photographs. Here is what is drawn; shapes.py draws it.
"""

from collections.abc import Sequence
from types import SimpleNamespace

import numpy as np

from tinyfer.core.checks import count
from tinyfer.data.faces import EMOTIONS, SIZE, Faces
from tinyfer.data.shapes import draw

# What an expression does to a face, after Ekman and Friesen's action units (1978). Two poses each,
# and a face lies anywhere between the two; the last column is how far faces differ besides.
# Lengths are in units of half a head; the rest are strengths from 0 to 1.
POSES = """
              angry      disgust    fear       happy      neutral    sad        surprise    +-
brow_in     -.15 -.17  -.09 -.10   .17  .20   .02  .04   .00  .02   .15  .20   .18  .20    .02
brow_out     .08  .11  -.02 -.03   .06  .07   .01  .02   .00  .00  -.07 -.09   .17  .19    .02
brow_arch    .00  .00   .00  .00   .00  .00   .08  .09   .04  .06   .00  .00   .10  .12    .02
squeeze      .06  .07   .04  .04   .06  .06   .00  .00   .00  .00   .02  .03   .00  .00    .01
lid_upper    .10  .12   .07  .06   .20  .22   .11  .10   .12  .13   .09  .07   .20  .22    .01
lid_lower    .05  .05   .02  .02   .10  .10   .02  .00   .06  .07   .06  .05   .10  .11    .01
lid_slope    .6   .6    .2   .2   -.1  -.1    .0   .0    .0   .0   -.4  -.5    .0   .0     .08
cheek        .0   .0    .6   .8    .0   .0    .8  1.0    .0   .0    .0   .2    .0   .0     .1
mouth_width  .25  .33   .27  .30   .36  .34   .40  .45   .27  .30   .25  .30   .17  .21    .02
lift        -.06 -.08  -.10 -.12  -.08 -.10   .19  .20   .00  .01  -.15 -.18   .00  .00    .02
open         .00  .28   .02  .16   .11  .26   .02  .34   .00  .03   .00  .08   .26  .48    .00
square       .0  1.0    .0   .0   1.0   .7    .0   .0    .0   .0    .0   .0    .0   .0     .1
sneer        .00  .00   .09  .12   .00  .00   .00  .00   .00  .00   .00  .00   .00  .00    .005
teeth        .0  1.0    .0   .0   1.0   .2    .6  1.0    .0   .0    .0   .0    .0   .0     .0
clench       .0  1.0    .0   .0   1.0   .0    .0   .0    .0   .0    .0   .0    .0   .0     .0
tongue       .00  .00   .00  .14   .00  .00   .00  .06   .00  .00   .00  .00   .00  .03    .0
fold         .2   .6   1.0  1.0    .2   .3    .8  1.0    .0   .1    .3   .5    .0   .0     .1
frown       1.0  1.0    .5   .5    .2   .2    .0   .0    .0   .0    .0   .2    .0   .0     .1
forehead     .0   .0    .0   .0   1.0  1.0    .0   .0    .0   .0    .3   .4    .7  1.0     .1
wrinkle      .1   .3   1.0  1.0    .0   .0    .0   .0    .0   .0    .0   .0    .0   .0     .1
"""
# Images in FER-2013's training folder.
FER_COUNTS = dict(zip(EMOTIONS, (3995, 436, 4097, 7215, 4965, 4830, 3171)))
BLOCK = 12  # faces drawn at a time: so few stay in the processor's cache

_rows = [line.split() for line in POSES.strip().splitlines()[1:]]
MEASURES = tuple(row[0] for row in _rows)
_values = np.array([row[1:] for row in _rows], dtype=float)
_poses, _spread = _values[:, :-1].reshape(-1, len(EMOTIONS), 2), _values[:, -1]


def draw_faces(n: int, seed: int = 0, class_names: Sequence[str] = EMOTIONS,
               imbalanced: bool = False) -> Faces:
    """n drawn faces as Faces, in random order; the same for the same arguments.

    class_names: the expressions to draw, of the seven in EMOTIONS; label c means class_names[c].
    They come equally often or, with `imbalanced`, as often as in FER-2013's training folder.
    Of ten faces of a class eight are Training, one is PublicTest and one PrivateTest, so that the
    report split gives 70, 20 and 10 percent.

    ValueError for an n that is no integer from 0, or a class name that is none of the seven or
    given twice.
    """
    n, class_names = count("n", n, 0), tuple(class_names)
    for name in class_names or [""]:
        if name not in EMOTIONS or class_names.count(name) > 1:
            raise ValueError(f"cannot draw {name!r}: class_names takes {', '.join(EMOTIONS)}, each "
                             "once")
    rng = np.random.default_rng(seed)
    labels = rng.permutation(_labels(n, class_names, imbalanced))
    emotions = np.array([EMOTIONS.index(name) for name in class_names])[labels]
    faces = np.empty((n, SIZE, SIZE), dtype=np.uint8)
    for start in range(0, n, BLOCK):
        block = slice(start, start + BLOCK)
        faces[block] = photograph(draw(measures(emotions[block], rng)), rng)
    return Faces(faces, labels, _usage(labels), class_names, "drawn faces")


def _labels(n, class_names, imbalanced):
    if not imbalanced:
        return np.arange(n) % len(class_names)
    share = np.array([FER_COUNTS[name] for name in class_names], dtype=float)
    # Face i gets the class into whose part of the total (i + 1/2) / n falls.
    return np.searchsorted(np.cumsum(share) / share.sum(), (np.arange(n) + 0.5) / n)


def _usage(labels):
    usage = np.full(len(labels), "Training", dtype="<U11")
    for label in np.unique(labels):
        members = np.flatnonzero(labels == label)
        usage[members[8::10]] = "PublicTest"
        usage[members[9::10]] = "PrivateTest"
    return usage


def draw_face(expression, seed=None, size=SIZE, **given):
    """One face, (size, size) uint8, before a camera adds blur and noise: for pictures.

    expression: one of EMOTIONS. seed: which person, in which pose; None is the plain face, with
    every measure in the middle of its range. Further arguments fix measures (see `measures`) to a
    value: `draw_face("happy", glasses=1, tilt=0.2)`. Raises ValueError for an unknown expression or
    measure.
    """
    if expression not in EMOTIONS:
        raise ValueError(f"expression must be one of {', '.join(EMOTIONS)}, not {expression!r}")
    size = count("size", size)
    rng = None if seed is None else np.random.default_rng(seed)
    m = measures(np.array([EMOTIONS.index(expression)]), rng)
    for name, value in given.items():
        if not hasattr(m, name):
            raise ValueError(f"{name!r} is no measure of a drawn face; those are "
                             + ", ".join(vars(m)))
        setattr(m, name, np.float32(value).reshape(1, 1, 1))
    return _grey(draw(m, size)[0])


def measures(emotions, rng=None):
    """What to draw for each of `emotions` ((n,) indices into EMOTIONS): a namespace of arrays
    (n, 1, 1), float32. rng: the Generator of all variation; with None there is none."""
    n = len(emotions)

    def between(low, high):
        return rng.uniform(low, high, n) if rng else np.full(n, (low + high) / 2)

    def about(middle, spread):
        return middle + spread * rng.standard_normal(n) if rng else np.full(n, middle)

    def sometimes(p, low=1.0, high=1.0):
        return np.where(rng.random(n) < p, between(low, high), 0) if rng else np.zeros(n)

    # The expression: a point between its two poses, more or less intense, and some play besides.
    where, intensity = between(0, 1), between(0.7, 1.1)
    m = {}
    for name, poses, spread in zip(MEASURES, _poses, _spread):
        rest = poses[EMOTIONS.index("neutral"), 0]
        closed, open_ = poses[emotions].T
        m[name] = about(rest + intensity * (closed + where * (open_ - closed) - rest), spread)
    for name in ("lid_upper", "lid_lower", "open", "sneer", "tongue"):
        m[name] = np.maximum(m[name], 0)
    for name in ("cheek", "square", "teeth", "clench", "fold", "frown", "forehead", "wrinkle"):
        m[name] = np.clip(m[name], 0, 1)

    # The person.
    skin = between(0.4, 0.9)
    m.update(
        skin=skin, hair=between(0.05, 0.6) * skin, bald=sometimes(0.1),
        head_width=between(0.7, 0.84), hair_length=sometimes(0.45, 0.1, 0.5),
        forehead_height=between(0.54, 0.74), fringe_curve=between(-0.3, 0.6),
        fringe_wave=between(0, 6.3), eye_distance=between(0.3, 0.37), eye_width=between(0.18, 0.23),
        eye_height=between(0.06, 0.14), brow_height=between(0.22, 0.28), brow=between(0.025, 0.06),
        iris=between(0.1, 0.4), nose_length=between(0.18, 0.28), nose_width=between(0.1, 0.15),
        mouth_height=between(0.48, 0.56), lips=between(0.03, 0.07),
        beard=sometimes(0.15, 0.15, 0.5), beard_line=between(0.35, 0.5),
        moustache=sometimes(0.08, 0.7, 1), glasses=sometimes(0.12),
    )
    # The pose, the place, the light, and a hand before the face.
    m.update(
        x=(SIZE - 1) / 2 + between(-4.5, 4.5), y=SIZE / 2 + between(-4, 4), scale=between(20, 25),
        tilt=about(0, 0.14), turn=between(-0.6, 0.6), nod=between(-0.6, 0.6), skew=about(0, 0.02),
        gaze_u=between(-0.06, 0.06), gaze_v=between(-0.02, 0.03), background=between(0.1, 0.95),
        light_u=between(-0.7, 0.7), light_v=between(-0.7, 0.3), light_out=between(0.5, 1),
        covered=sometimes(0.1), hand=between(0.2, 0.8),
        hand_u=between(-0.6, 0.6), hand_v=between(0.1, 1.0),
    )
    return SimpleNamespace(**{name: value.astype(np.float32).reshape(n, 1, 1)
                              for name, value in m.items()})


def photograph(image, rng):
    """The drawings (n, 48, 48) as a poor camera takes them, drawn with `rng`: uneven light,
    contrast, brightness, some blur, noise. Returns uint8."""
    n = len(image)

    def between(low, high):
        return rng.uniform(low, high, (n, 1, 1)).astype(np.float32)

    y, x = np.mgrid[-1 : 1 : SIZE * 1j, -1 : 1 : SIZE * 1j].astype(np.float32)
    image = image * (1 + between(-0.35, 0.35) * x + between(-0.25, 0.25) * y)
    blurred = np.pad(image, ((0, 0), (1, 1), (1, 1)), mode="edge")
    blurred = (blurred[:, :-2] + 2 * blurred[:, 1:-1] + blurred[:, 2:]) / 4
    blurred = (blurred[:, :, :-2] + 2 * blurred[:, :, 1:-1] + blurred[:, :, 2:]) / 4
    image += between(0, 1) * (blurred - image)
    image = 0.5 + between(0.45, 1.1) * (image - 0.5) + between(-0.15, 0.15)
    image += between(0.07, 0.24) ** 2 * rng.standard_normal(image.shape, dtype=np.float32)
    return _grey(image)


def _grey(image):
    return np.rint(255 * np.clip(image, 0, 1)).astype(np.uint8)
