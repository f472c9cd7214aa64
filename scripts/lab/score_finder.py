"""Score the face finder: on composites of faces that were set aside, and on real pictures.

    python scripts/lab/score_finder.py --faces faces.zip --data archive.zip
    python scripts/lab/score_finder.py --faces faces.zip --data archive.zip --test --opencv \\
        --fill docs/results.md

Composites are what everything is chosen on: average precision, false boxes on scenes without a
face, and whether the expression network answers for the found box what it answers for the true
one. --test: the 130 CMU+MIT pictures, which nothing may be chosen on, beside the published figures
of Viola and Jones (2001) and of Rowley, Baluja and Kanade (1998). --opencv: its cascade on the same
pictures and threads, and its time beside ours; pip install -e ".[bench]".
"""

import argparse
import json
import statistics
import sys
import time
from pathlib import Path

import numpy as np
from finder.composites import composites
from finder.score import Curve, match
from finder.sources import read_sources, read_test
from PIL import Image

from tinyfer.commands import cli, pages
from tinyfer.core.kernels.threads import set_threads
from tinyfer.core.networks import load_model
from tinyfer.data.pictures import face_of
from tinyfer.photo.finder import faces_in
from tinyfer.photo.reading import BEST_CROPS, DEFAULT
from tinyfer.training.runs import describe_threads, write_json

ALLOWED = (10, 31, 50, 95, 167)     # false boxes
PUBLISHED = {"Viola and Jones 2001 (507 faces)": (76.1, 88.4, 91.4, 92.9, 93.9),
             "Rowley, Baluja and Kanade 1998": (83.2, 86.0, None, 89.2, 90.1)}
LEAST = 0.01            # the score down to which the curves are drawn
TEST_SMALLEST = 15      # pixels: many faces of the CMU+MIT pictures are tiny
TURNS = 7               # of ours and OpenCV's, one after the other


def parse(argv):
    parser = cli.parser(description=__doc__,
                            formatter_class=argparse.RawDescriptionHelpFormatter)
    add = parser.add_argument
    add("--faces", required=True, metavar="ZIP", help="faces.zip")
    add("--data", required=True, metavar="PATH", help="FER-2013: archive.zip, its folder or csv")
    add("--test", action="store_true", help="also look at the CMU+MIT pictures")
    add("--opencv", action="store_true", help="also run OpenCV's cascade")
    add("--composites", type=cli.at_least(10), default=300, metavar="N",
        help="pictures of each kind to compose (default 300)")
    add("--seed", type=int, default=0, metavar="N", help="of the composites (default 0)")
    add("--out", type=Path, default=Path("runs/finder-score.json"), metavar="FILE",
        help="default runs/finder-score.json; replaced")
    add("--fill", type=Path, metavar="PAGE", help="put the tables into this page, and the curve "
        "into figures/20-curve.json beside it")
    add("--threads", type=int, default=1, metavar="N", help="threads of both (default 1)")
    return parser.parse_args(argv)


def main(argv=None):
    return cli.main(score, parse, argv)


def score(given):
    set_threads(given.threads)
    detector = None
    if given.opencv:
        from finder import opencv

        detector = opencv.cascade()
        opencv.opencv_threads(given.threads)
    _, held = read_sources(given.faces, given.data)
    result = dict(threads=given.threads, composites=on_composites(held, given, detector),
                  expressions=on_portraits(held, given), time=speed(held, given, detector),
                  hard=hard_cases(held, given))
    print_all(result)
    if given.test:
        result["test"] = on_test(read_test(given.faces), detector)
        print(test_table(result["test"]))
    given.out.parent.mkdir(parents=True, exist_ok=True)
    write_json(given.out, result)
    if given.fill:
        blocks = dict(finder=own_table(result))
        if given.test:
            blocks["finder-test"] = test_table(result["test"])
            write_json(given.fill.parent / "figures" / "20-curve.json", result["test"])
        pages.rewrite(given.fill, blocks)


def ours(picture, smallest=None, least=LEAST):
    """(n, 5) left, top, right, bottom, score."""
    faces = faces_in(Image.fromarray(picture), smallest, least)
    return np.array([(f.x, f.y, f.x + f.side, f.y + f.side, f.score) for f in faces],
                    float).reshape(-1, 5)


def on_composites(held, given, detector):
    """Average precision on pasted faces (not drawn ones), and false boxes on empty scenes."""
    made = composites(held, given.composites, given.seed, banks=(0, 1))
    curve = Curve([ours(c.picture, 20) for c in made], [c.boxes for c in made])
    sure = curve.scores >= 0.5
    found = [ours(scene, least=0.5) for scene in held.scenes]
    result = dict(
        pictures=len(made), faces=curve.faces, average_precision=curve.average_precision(),
        detected=float(curve.hits[sure][-1] / curve.faces),
        false_boxes=int(curve.false[sure][-1]),
        scenes=len(held.scenes), scene_megapixels=sum(s.size for s in held.scenes) / 1e6,
        false_on_scenes=sum(map(len, found)))
    if detector:
        from finder.opencv import opencv_boxes

        curve = Curve([opencv_boxes(detector, c.picture) for c in made], [c.boxes for c in made])
        result["opencv"] = dict(
            average_precision=curve.average_precision(),
            false_on_scenes=sum(len(opencv_boxes(detector, s)) for s in held.scenes))
    return result


def on_portraits(held, given):
    """One FER-2013 face a picture, large: the answer for the box found and for the true box."""
    made = composites(held, given.composites, given.seed + 1, most=1, smallest=90, longest=480,
                      banks=(0,))
    model, truth, found, labels = load_model(DEFAULT), [], [], []
    for c in made:
        if not len(c.boxes):
            continue
        grey = Image.fromarray(c.picture)
        boxes = ours(c.picture, least=0.5)
        hit, of = match(boxes, c.boxes)
        left, top, right, _ = map(int, c.boxes[0])
        truth.append(face_of(grey, (left, top, right - left, right - left)))
        labels.append(held.labels[c.faces[0][1]])
        face = None
        if hit.any():
            left, top, right, _ = map(int, boxes[hit.argmax(), :4])
            face = face_of(grey, (left, top, right - left, right - left))
        found.append(face)
    seen = np.array([face is not None for face in found])
    labels = np.array(labels)
    answers, with_found = (model.predict_proba(np.stack(faces), crops=BEST_CROPS).argmax(axis=1)
                           for faces in (truth, [f for f in found if f is not None]))
    return dict(pictures=len(truth), found=int(seen.sum()),
                accuracy_true_box=float((answers == labels)[seen].mean()),
                accuracy_found_box=float((with_found == labels[seen]).mean()),
                same_answer=float((with_found == answers[seen]).mean()))


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


def speed(held, given, detector):
    """Seconds of the processor for a composite of some million pixels, faces from 24 pixels, in
    turns; scaled to one million. A busy machine makes them no longer."""
    picture = composites(held, 1, given.seed + 2, most=8, smallest=40, longest=1155)[0].picture
    turns = {"tinyfer": lambda: ours(picture, 24, 0.5)}
    if detector:
        from finder.opencv import opencv_boxes

        turns["opencv"] = lambda: opencv_boxes(detector, picture, 24)
    seconds = {name: [] for name in turns}
    for number in range(TURNS + 1):
        for name, turn in turns.items():
            start = time.process_time()
            turn()
            if number:          # the first one compiles
                seconds[name].append((time.process_time() - start) / picture.size * 1e6)
    result = {name: statistics.median(values) for name, values in seconds.items()}
    if detector:
        result["ratio"] = statistics.median(a / b for a, b in zip(*seconds.values()))
    return result


def on_test(test, detector):
    """The CMU+MIT pictures: curves of ours and of OpenCV's cascade."""
    pictures, truth = test
    found = {"tinyfer": [ours(p, TEST_SMALLEST) for p in pictures]}
    if detector:
        from finder.opencv import opencv_boxes

        found["OpenCV's cascade"] = [opencv_boxes(detector, p) for p in pictures]
    result = {}
    for name, boxes in found.items():
        result[name] = {}
        for least in (0.3, 0.5):
            curve = Curve(boxes, truth, least)
            result[name][str(least)] = dict(
                average_precision=curve.average_precision(),
                detected=[round(100 * float(curve.detected(n)), 1) for n in ALLOWED],
                curve=[(int(n), round(float(curve.detected(n)), 4)) for n in range(0, 301, 2)])
    return result


def print_all(result):
    print(json.dumps(result, indent=2))


def own_table(result):
    c, e, t = result["composites"], result["expressions"], result["time"]
    rows = [
        ("composites, average precision at overlap 0.3", f"{c['average_precision']:.3f}",
         _other(c, "average_precision", "{:.3f}")),
        (f"the same, of {c['faces']} faces found at score 0.5",
         f"{100 * c['detected']:.1f} %; false boxes: {c['false_boxes']}", ""),
        (f"false boxes on {c['scenes']} scenes without a face "
         f"({c['scene_megapixels']:.1f} megapixels)", str(c["false_on_scenes"]),
         _other(c, "false_on_scenes", "{}")),
        (f"portraits, accuracy with the true box ({e['found']} of {e['pictures']} found)",
         f"{e['accuracy_true_box']:.3f}", ""),
        ("the same with the box found", f"{e['accuracy_found_box']:.3f}", ""),
        ("the same answer with both", f"{100 * e['same_answer']:.1f} %", ""),
        (f"a megapixel, faces from 24 pixels, {describe_threads(result['threads'])}",
         f"{t['tinyfer']:.2f} s", f"{t['opencv']:.2f} s" if "opencv" in t else ""),
    ]
    if "ratio" in t:
        rows.append(("time as a multiple of OpenCV's, median of turns", f"{t['ratio']:.2f}", "1"))
    rows += [(f"found, {name}", f"{100 * share:.0f} %", "")
             for name, share in result["hard"].items()]
    return pages.table(("", "tinyfer", "OpenCV's cascade"), rows)


def _other(part, name, form):
    return form.format(part["opencv"][name]) if "opencv" in part else ""


def test_table(test):
    rows = []
    for name, by_overlap in test.items():
        for least, scores in by_overlap.items():
            rows.append((f"{name}, overlap {least}", f"{scores['average_precision']:.3f}",
                         *(f"{d:.1f} %" for d in scores["detected"])))
    for name, detected in PUBLISHED.items():
        rows.append((f"{name}, as published", "",
                     *("" if d is None else f"{d:.1f} %" for d in detected)))
    return pages.table(("", "average precision",
                      *(f"found at {n} false boxes" for n in ALLOWED)), rows)


if __name__ == "__main__":
    sys.exit(main())
