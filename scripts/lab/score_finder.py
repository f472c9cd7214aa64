"""Score the face finder: on composites of faces that were set aside, and on real pictures.

    python scripts/lab/score_finder.py --faces faces.zip --data archive.zip
    python scripts/lab/score_finder.py --faces faces.zip --data archive.zip --test --opencv \\
        --fill docs/results.md

Composites are what everything is chosen on: average precision, false boxes on scenes without a
face, and whether the expression network answers for the found box what it answers for the true
one. --test: the 130 CMU+MIT pictures, which nothing may be chosen on, beside the published figures
of Viola and Jones (2001) and of Rowley, Baluja and Kanade (1998). --opencv: its cascade on the same
pictures; pip install -e ".[bench]". benchmark.py --photographs times both.
"""

import json
import sys

import numpy as np
import options
import pages
from finder import opencv
from finder.composites import composites
from finder.score import Curve, match
from finder.sources import read_sources, read_test
from PIL import Image

from tinyfer.commands import cli
from tinyfer.core.kernels.threads import set_threads
from tinyfer.core.networks import load_model
from tinyfer.data.pictures import face_of
from tinyfer.photo.finder import faces_in
from tinyfer.photo.reading import BEST_CROPS, DEFAULT
from tinyfer.training.runs import write_json

ALLOWED = (10, 31, 50, 95, 167)     # false boxes
PUBLISHED = {"Viola and Jones 2001 (507 faces)": (76.1, 88.4, 91.4, 92.9, 93.9),
             "Rowley, Baluja and Kanade 1998": (83.2, 86.0, None, 89.2, 90.1)}
LEAST = 0.01            # the score down to which the curves are drawn
TEST_SMALLEST = 15      # pixels: many faces of the CMU+MIT pictures are tiny


def parse(argv):
    parser = options.parser(__doc__, "--faces", "--data", "--seed", "--fill", "--threads",
                            threads=1)
    add = parser.add_argument
    add("--test", action="store_true", help="also look at the CMU+MIT pictures")
    add("--opencv", action="store_true", help="also run OpenCV's cascade")
    add("--composites", type=cli.at_least(10), default=300, metavar="N",
        help="pictures of each kind to compose (default 300)")
    return parser.parse_args(argv)


def main(argv=None):
    return cli.main(score, parse, argv)


def score(given):
    set_threads(given.threads)
    finders = {"tinyfer": ours}
    if given.opencv:
        detector = opencv.cascade()
        opencv.opencv_threads(given.threads)
        finders["OpenCV's cascade"] = lambda picture, smallest=None, least=None: (
            opencv.opencv_boxes(detector, picture, max(smallest or 20, 20)))
    _, held = read_sources(given.faces, given.data)
    result = dict(composites=on_composites(held, given, finders),
                  expressions=on_portraits(held, given), hard=hard_cases(held, given))
    print(json.dumps(result, indent=2))
    blocks = dict(finder=own_table(result))
    if given.test:
        curves = on_test(read_test(given.faces), finders)
        blocks["finder-test"] = test_table(curves)
        print(blocks["finder-test"])
    if given.fill:
        pages.rewrite(given.fill, blocks)
        if given.test:
            write_json(given.fill.parent / "figures" / "20-curve.json", curves)


def ours(picture, smallest=None, least=LEAST):
    """(n, 5) left, top, right, bottom, score."""
    faces = faces_in(Image.fromarray(picture), smallest, least)
    return np.array([(f.x, f.y, f.x + f.side, f.y + f.side, f.score) for f in faces],
                    float).reshape(-1, 5)


def on_composites(held, given, finders):
    """Average precision on pasted faces (not drawn ones), and false boxes on empty scenes."""
    made = composites(held, given.composites, given.seed, banks=(0, 1))
    curves = {name: Curve([find(c.picture, 20) for c in made], [c.boxes for c in made])
              for name, find in finders.items()}
    mine = curves["tinyfer"]
    sure = mine.scores >= 0.5
    return dict(
        faces=mine.faces, detected=float(mine.hits[sure][-1] / mine.faces),
        false_boxes=int(mine.false[sure][-1]), scenes=len(held.scenes),
        scene_megapixels=sum(s.size for s in held.scenes) / 1e6,
        average_precision={name: curve.average_precision() for name, curve in curves.items()},
        false_on_scenes={name: sum(len(find(scene, least=0.5)) for scene in held.scenes)
                         for name, find in finders.items()})


def on_portraits(held, given):
    """One FER-2013 face a picture, large: the answer for the box found and for the true box."""
    made = [c for c in composites(held, given.composites, given.seed + 1, most=1, smallest=90,
                                  longest=480, banks=(0,)) if len(c.boxes)]
    truth, found, labels = [], [], []
    for c in made:
        boxes = ours(c.picture, least=0.5)
        hit, _ = match(boxes, c.boxes)
        if hit.any():
            truth.append(face_at(c, c.boxes[0]))
            found.append(face_at(c, boxes[hit.argmax()]))
            labels.append(held.labels[c.faces[0][1]])
    model = load_model(DEFAULT)
    with_true, with_found = (model.predict_proba(np.stack(faces), crops=BEST_CROPS).argmax(axis=1)
                             for faces in (truth, found))
    return dict(pictures=len(made), found=len(found),
                accuracy_true_box=float((with_true == labels).mean()),
                accuracy_found_box=float((with_found == labels).mean()),
                same_answer=float((with_found == with_true).mean()))


def face_at(composite, box):
    left, top, right = map(int, box[:3])
    return face_of(Image.fromarray(composite.picture), (left, top, right - left, right - left))


def hard_cases(held, given):
    """The share of single faces found at score 0.5 when tilted, or covered by grey on one half."""
    made = [c for c in composites(held, given.composites, given.seed + 3, most=1, smallest=40,
                                  longest=320, banks=(0, 1)) if len(c.boxes)]
    cases = {f"tilted by {angle} degrees": tilted(angle) for angle in (0, 15, 30, 45, 90)}
    cases |= {f"the {half} half covered": covered(half) for half in ("lower", "upper", "left")}
    return {name: float(np.mean([match(ours(change(c), least=0.5), c.boxes)[0].any()
                                 for c in made])) for name, change in cases.items()}


def tilted(angle):
    def change(c):
        middle = tuple((c.boxes[0, :2] + c.boxes[0, 2:]) / 2)
        return np.asarray(Image.fromarray(c.picture).rotate(angle, Image.Resampling.BILINEAR,
                                                            center=middle))
    return change


def covered(half):
    def change(c):
        left, top, right, bottom = map(int, c.boxes[0])
        x, y = (left + right) // 2, (top + bottom) // 2
        part = dict(lower=np.s_[y:bottom, left:right], upper=np.s_[top:y, left:right],
                    left=np.s_[top:bottom, left:x])[half]
        picture = c.picture.copy()
        picture[part] = picture[part].mean()
        return picture
    return change


def on_test(test, finders):
    """The CMU+MIT pictures: curves of ours and of OpenCV's cascade."""
    pictures, truth = test
    result = {}
    for name, find in finders.items():
        boxes = [find(p, TEST_SMALLEST) for p in pictures]
        curves = {str(least): Curve(boxes, truth, least) for least in (0.3, 0.5)}
        result[name] = {least: dict(
            average_precision=curve.average_precision(),
            detected=[round(100 * float(curve.detected(n)), 1) for n in ALLOWED],
            curve=[(int(n), round(float(curve.detected(n)), 4)) for n in range(0, 301, 2)])
            for least, curve in curves.items()}
    return result


def own_table(result):
    c, e = result["composites"], result["expressions"]

    def row(words, values, form):
        return words, *(form.format(values[name]) if name in values else ""
                        for name in ("tinyfer", "OpenCV's cascade"))

    rows = [
        row("composites, average precision at overlap 0.3", c["average_precision"], "{:.3f}"),
        (f"the same, of {c['faces']} faces found at score 0.5",
         f"{100 * c['detected']:.1f} %; false boxes: {c['false_boxes']}", ""),
        row(f"false boxes on {c['scenes']} scenes without a face "
            f"({c['scene_megapixels']:.1f} megapixels)", c["false_on_scenes"], "{}"),
        (f"portraits, accuracy with the true box ({e['found']} of {e['pictures']} found)",
         f"{e['accuracy_true_box']:.3f}", ""),
        ("the same with the box found", f"{e['accuracy_found_box']:.3f}", ""),
        ("the same answer with both", f"{100 * e['same_answer']:.1f} %", ""),
        *((f"found, {name}", f"{100 * share:.0f} %", "") for name, share in result["hard"].items()),
    ]
    return pages.table(("", "tinyfer", "OpenCV's cascade"), rows)


def test_table(test):
    rows = [(f"{name}, overlap {least}", f"{scores['average_precision']:.3f}",
             *(f"{d:.1f} %" for d in scores["detected"]))
            for name, by_overlap in test.items() for least, scores in by_overlap.items()]
    for name, detected in PUBLISHED.items():
        rows.append((f"{name}, as published", "",
                     *("" if d is None else f"{d:.1f} %" for d in detected)))
    return pages.table(("", "average precision",
                      *(f"found at {n} false boxes" for n in ALLOWED)), rows)


if __name__ == "__main__":
    sys.exit(main())
