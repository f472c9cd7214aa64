"""Show which pixels a network's reading of a face hangs on.

    python scripts/saliency.py reading.jpg holiday/
    python scripts/saliency.py reading.jpg --method all
    python scripts/saliency.py --audit --data archive.zip

The expression is explained that predict names, first in words: each part of the face is covered in
turn, and the network asked again. Then by maps, laid smoothly over the face, red where a pixel
speaks for the expression or matters to it, blue where it speaks against it. --audit tests whether
to believe the maps: layers made random, pixels taken away in their order, a planted patch.
docs/saliency.md tells what the maps of each method are worth.
"""

import argparse
import os
from pathlib import Path
from textwrap import fill

import numpy as np
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Normalize
from PIL import Image, ImageFilter

from tinyfer.commands import audit, cli
from tinyfer.commands.progress import Line
from tinyfer.core.kernels.threads import set_threads
from tinyfer.data.faces import blank
from tinyfer.data.pictures import grey_of
from tinyfer.explain.regions import in_words, without_parts
from tinyfer.explain.saliency import METHODS, saliency
from tinyfer.photo.reading import DEFAULT, list_pictures, read_photo
from tinyfer.scores.plots import drawing
from tinyfer.storage.arrays import save_arrays
from tinyfer.training.runs import open_run

SIDE = 192          # pixels of a face in the picture
SMOOTH = 1.0        # standard deviation in pixels of 48, of a map that is laid over a face


def parse(argv):
    parser = cli.parser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add = parser.add_argument
    add("images", nargs="*", metavar="IMAGE", help="picture files or folders, as for predict")
    add("--model", default=DEFAULT, metavar="RUN_OR_FILE", help="a run folder (its best.npz is "
        f"taken), a model file, or packaged weights by name (default {DEFAULT})")
    cli.add_place(parser)
    add("--method", choices=(*METHODS, "all"), metavar="METHOD", help=f"{', '.join(METHODS)}; or "
        "all (default occlusion and smoothgrad: plain to see, and smooth; for an audit all)")
    add("--target", metavar="CLASS", help="the class to explain (default: the one predicted)")
    audit.add_options(add)
    cli.add_output(parser, "runs/saliency")
    cli.add_threads(parser)
    given = parser.parse_args(argv)
    given.out = Path(given.out or "runs/saliency")
    if not (given.audit or given.images):
        parser.error("the following arguments are required: IMAGE")
    audit.refuse_what_does_not_fit(given)
    given.method = {None: ["occlusion", "smoothgrad"],
                    "all": sorted(METHODS, key=lambda name: name != "occlusion")}.get(
                        given.method or ("all" if given.audit else None), [given.method])
    return given


def main(argv=None):
    return cli.main(run, parse, argv)


def run(given):
    cli.check_output(given.out, given.force)
    set_threads(given.threads)
    cli.note_first_start()
    opened = open_run(given.model)
    model = opened.model
    if given.target and given.target not in model.class_names:
        raise ValueError(f"there is no class {given.target!r}; there are "
                         + ", ".join(model.class_names))
    if not given.audit or given.images:
        cli.warn_of_drawn_faces(opened)
    found, failed = read_faces(given, model) if given.images else ([], False)
    if given.audit:
        audit.audit_maps(given, opened, [reading.crop for *_, reading in found])
        return int(failed)
    heads, faces, readings = zip(*found)
    targets = [given.target or reading.expression for reading in readings]
    captions = [f"{target} {reading.probabilities[target]:.2f}" + " (unsure)" * reading.unsure
                for target, reading in zip(targets, readings)]
    sentences = []
    for head, target, reading in zip(heads, targets, readings):
        words = in_words(target, reading.probabilities, without_parts(model, reading.crop),
                         model.class_names)
        sentences.append(f"{cli.printable(head)}: {words}")
        print(sentences[-1])
    crops = np.stack([reading.crop for reading in readings])
    maps = {}
    for method in given.method:
        line = Line()
        maps[method] = saliency(     # shares of F keep their signs, by red and blue
            model, crops, targets, method, signed=METHODS[method].shares_of_f,
            progress=lambda done, total: line(done, total, f"{method}, inputs"))
        line.done(f"{method}: {len(crops):,} maps")
        for caption, value in zip(captions, maps[method]):
            if not value.any():
                print(f"{method} is 0 everywhere for {' '.join(caption.split())}: nothing in it "
                      "speaks for the class")
    draw(faces, maps, captions, sentences, given.out / "panel.png")
    save_arrays(given.out / "panel.npz", dict(
        faces=crops, probabilities=model.predict_proba(crops),
        **{f"maps_{method.replace('*', '-')}": values for method, values in maps.items()}),
        compressed=True)
    print(f"panel.png and panel.npz are in {cli.printable(given.out)}")
    return int(failed)


def read_faces(given, model):
    """([(name and number, the face as it is shown, its Reading)], whether a picture failed): what
    cannot be read is noted, and the rest goes on; ValueError where nothing can."""
    found, failed = [], None
    for path in [path for image in given.images for path in list_pictures(image)]:
        try:
            with cli.notes(path):
                grey, readings = grey_of(path), read_photo(path, model, given.box, given.whole)
            if not readings:
                raise ValueError("no face found (--box or --whole would say where it is)")
            for number, reading in enumerate(readings, 1):
                if blank(reading.crop[None]).any():
                    raise ValueError("the face is of a single grey: nothing in it to explain")
                x, y, w, h = reading.box
                face = grey.resize((SIDE, SIDE), box=(x, y, x + w, y + h), reducing_gap=2)
                found.append((f"{Path(path).name[:20]}, {number}", np.asarray(face), reading))
        except (ValueError, OSError) as error:
            failed = ValueError(error if os.fspath(path) in str(error) else f"{path}: {error}")
            if len(given.images) > 1 or os.path.isdir(given.images[0]):
                cli.note(failed)
    if not found:
        raise failed
    return found, failed is not None


def draw(faces, maps, captions, sentences, path):
    """A row for each face: the face, then its maps; a sentence below.

    faces: N grey images of any size; maps: dict of method -> (N, 48, 48); captions, sentences: N
    strings each.
    """
    wide = max(1.5 * (1 + len(maps)), 4.5)
    lines = [fill(sentence, int(15 * wide)) for sentence in sentences]
    heights = [1.84 + (0.06 + 0.16 * len(line.split("\n"))) * bool(line) for line in lines]
    with drawing(path, wide, sum(heights), grid=False) as figure:
        figure.get_layout_engine().set(w_pad=0.02, h_pad=0.05, wspace=0.01)
        rows = figure.subfigures(len(faces), 1, squeeze=False, height_ratios=heights)[:, 0]
        for n, (row, face, caption, line) in enumerate(zip(rows, faces, captions, lines)):
            first, *others = row.subplots(1, 1 + len(maps), squeeze=False)[0]
            first.set_title(caption, fontsize=9, loc="center")
            for axes in (first, *others):
                axes.imshow(face, cmap="gray", vmin=0, vmax=255)
                axes.set_axis_off()
            for axes, (method, values) in zip(others, maps.items()):
                axes.imshow(over(values[n], face.shape))
                axes.set_title(method + "\n(all 0)" * (not values[n].any()), fontsize=9,
                               loc="center")
            if line:
                row.supxlabel(line, x=0.01, ha="left", fontsize=9)


def over(value, shape):
    """The colours (H, W, 4) of a map that is laid over a face of this shape."""
    image = Image.fromarray((127 + np.rint(127 * scaled(value))).astype(np.uint8))
    smooth = image.filter(ImageFilter.GaussianBlur(SMOOTH)).resize(
        shape[::-1], Image.Resampling.BICUBIC)
    value = scaled(np.asarray(smooth, float) - 127)
    colours = ScalarMappable(Normalize(-1, 1), "RdBu_r").to_rgba(np.sign(value))
    colours[..., 3] = 0.75 * np.abs(value)
    return colours


def scaled(values):
    """A map divided by its largest absolute value: within [0, 1], or [-1, 1] with signs."""
    largest = np.abs(values).max()
    return values / largest if largest > 0 else values
