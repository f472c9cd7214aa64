"""Faces and their maps: one picture, a row for each face, and what it hangs on in words.

A map is laid smoothly over its face, red where a pixel speaks for the class or matters to it, blue
where it speaks against it, and as strong as its value, divided by the largest of the map.
"""

import os
from pathlib import Path
from textwrap import fill

import numpy as np
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Normalize
from PIL import Image, ImageFilter

from tinyfer.commands import cli
from tinyfer.commands.progress import Line
from tinyfer.data.faces import blank
from tinyfer.data.pictures import grey_of
from tinyfer.explain.regions import in_words, without_parts
from tinyfer.explain.saliency import METHODS, saliency
from tinyfer.photo.reading import list_pictures, read_photo
from tinyfer.scores.plots import drawing
from tinyfer.storage.arrays import save_arrays

FACES = 5
SIDE = 192          # pixels of a photograph's face in the picture
SMOOTH = 1.0        # standard deviation in pixels of 48, of a map that is laid over a face


def panel_of_pictures(given, model):
    """A panel of the faces in the pictures given; returns the exit code.

    The class explained is the one that predict names. What cannot be read is noted, and the rest
    goes on."""
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
    write(given, model, faces, crops, targets, captions, sentences)
    return int(failed is not None)


def panel_of_part(given, model, part):
    """A panel of one face of each class in turn, drawn with --seed."""
    order = np.random.default_rng(given.seed).permutation(len(part))
    turn = np.empty(len(part), int)
    for label in range(len(part.class_names)):
        members = order[part.labels[order] == label]
        turn[members] = np.arange(len(members)) * len(part.class_names) + label
    chosen = part[np.argsort(turn)[:given.faces or FACES]]
    targets = [given.target] * len(chosen) if given.target else [
        model.class_names[k] for k in model.predict(chosen.faces)]
    captions = [f"{target}, true: {part.class_names[label]}"
                for target, label in zip(targets, chosen.labels)]
    write(given, model, chosen.faces, chosen.faces, targets, captions, [""] * len(chosen))


def write(given, model, faces, crops, targets, captions, sentences):
    """Write panel.png and panel.npz. faces: as they are shown; crops: as the network sees them."""
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
