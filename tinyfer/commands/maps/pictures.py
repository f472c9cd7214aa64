"""The pictures of saliency: faces and their maps.

In the style of plots.py. Strengths are in 'hot' colours (black, red, yellow, white: lightness grows
with the value, so they survive grey print), signed maps from blue over white to red. Maps come in
raw; each is divided by its own largest value here.
"""

from textwrap import fill

import numpy as np
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Normalize
from PIL import Image, ImageFilter

from tinyfer.scores.plots import drawing

STRENGTH, SIGNED = "hot", "RdBu_r"
SMOOTH = 1.0        # standard deviation in pixels of 48, of a map that is laid over a face


def panel(faces, maps, captions, sentences, path, signed=False, overlay=False):
    """A row for each face: the face, then its maps, each divided by its largest value; a sentence
    below.

    faces: N grey images of any size; maps: dict of method -> (N, 48, 48); captions, sentences: N
    strings each. signed: the maps have signs. overlay: laid smoothly over the face, red where a
    pixel speaks for the class or matters to it, blue where it speaks against it.
    """
    wide = max(1.5 * (1 + len(maps)), 4.5)
    lines = [fill(sentence, int(15 * wide)) for sentence in sentences]
    heights = [1.84 + (0.06 + 0.16 * len(line.split("\n"))) * bool(line) for line in lines]
    with drawing(path, wide, sum(heights), grid=False) as figure:
        figure.get_layout_engine().set(w_pad=0.02, h_pad=0.05, wspace=0.01)
        rows = figure.subfigures(len(faces), 1, squeeze=False, height_ratios=heights)[:, 0]
        for n, (row, face, caption, line) in enumerate(zip(rows, faces, captions, lines)):
            first, *others = row.subplots(1, 1 + len(maps), squeeze=False)[0]
            draw_grey(first, face)
            first.set_title(caption, fontsize=9, loc="center")
            for axes, (method, values) in zip(others, maps.items()):
                value = scaled(values[n])
                if overlay:
                    draw_over(axes, value, face)
                else:
                    axes.imshow(value, cmap=SIGNED if signed else STRENGTH, vmin=-signed, vmax=1)
                    _bare(axes)
                axes.set_title(method + "\n(all 0)" * (not value.any()), fontsize=9, loc="center")
            if line:
                row.supxlabel(line, x=0.01, ha="left", fontsize=9)


def draw_over(axes, value, face):
    """A map over a face of any size: its colour as strong as the value, without edges of pixels."""
    image = Image.fromarray((127 + np.rint(127 * value)).astype(np.uint8))
    smooth = image.filter(ImageFilter.GaussianBlur(SMOOTH)).resize(
        face.shape[::-1], Image.Resampling.BICUBIC)
    value = scaled(np.asarray(smooth, float) - 127)
    picture = ScalarMappable(Normalize(-1, 1), SIGNED).to_rgba(np.sign(value))
    picture[..., 3] = 0.75 * np.abs(value)
    draw_grey(axes, face)
    axes.imshow(picture)


def scaled(values):
    """A map divided by its largest absolute value: within [0, 1], or [-1, 1] with signs."""
    largest = np.abs(values).max()
    return values / largest if largest > 0 else values


def draw_grey(axes, face):
    axes.imshow(face, cmap="gray", vmin=0, vmax=255)
    _bare(axes)


def _bare(axes):
    axes.set_xticks([])
    axes.set_yticks([])
    axes.spines[:].set_visible(False)
