"""The pictures of saliency: faces and their maps, and how the maps stood the tests.

In the style of plots.py. Strengths are in 'hot' colours (black, red, yellow, white: lightness grows
with the value, so they survive grey print), signed maps from blue over white to red; one colour bar
a picture. Maps come in raw; each is divided by its own largest value here, unless said otherwise.
"""

from textwrap import fill

import numpy as np
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Normalize
from PIL import Image

from tinyfer.explain.faithfulness import blur
from tinyfer.explain.randomisation import mean_known
from tinyfer.scores.plots import COLOURS, STYLES, drawing

STRENGTH, SIGNED = "hot", "RdBu_r"
SMOOTH = 1.0        # standard deviation in pixels of 48, of a map that is laid over a face
MARKERS = "osD^vP*"


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
                    draw_map(axes, value, None, SIGNED if signed else STRENGTH, -signed, 1)
                axes.set_title(method + "\n(all 0)" * (not value.any()), fontsize=9, loc="center")
            if line:
                row.supxlabel(line, x=0.01, ha="left", fontsize=9)


def draw_over(axes, value, face):
    """A map over a face of any size: its colour as strong as the value, without edges of pixels."""
    smooth = np.asarray(Image.fromarray(blur(value[None, ..., None], SMOOTH)[0, ..., 0].astype(
        np.float32)).resize(face.shape[::-1], Image.Resampling.BICUBIC))
    value = np.clip(scaled(smooth), -1, 1)
    picture = ScalarMappable(Normalize(-1, 1), "RdBu_r").to_rgba(np.sign(value))
    picture[..., 3] = 0.75 * np.abs(value)
    draw_grey(axes, face)
    axes.imshow(picture)


def scaled(values):
    """A map divided by its largest absolute value: within [0, 1], or [-1, 1] with signs."""
    largest = np.abs(values).max()
    return values / largest if largest > 0 else values


def randomisation(stages, methods, absolute, signed, path, title=""):
    """Rank correlation with the trained network's maps, as layers are made random from the top; on
    the right that with the trained map of another face.

    absolute, signed: (methods, stages, N) as of `sanity.randomisation`.
    """
    x = np.arange(len(stages))
    with drawing(path, 9.6, 4.9, title) as figure:
        panels = figure.subplots(1, 2, sharey=True)
        for axes, kind, values in zip(panels, ("absolute", "signed"), (absolute, signed)):
            axes.axhline(0, color="#999999", linewidth=1)
            axes.axvline(len(stages) - 1.5, color="#999999", linewidth=1)
            for m, method in enumerate(methods):
                mean = mean_known(values[m])
                how = dict(color=COLOURS[m % 7], marker=MARKERS[m % 7], markersize=5)
                axes.plot(x[:-1], mean[:-1], linestyle=STYLES[m % 7], label=method,
                          linewidth=2.6 if method == "guided" else 1.6, **how)
                axes.plot(x[-1:], mean[-1:], **how)
            axes.set_xticks(x, stages, rotation=45, ha="right")
            axes.set_ylim(-0.35, 1.03)
            axes.set_title(f"{kind} maps")
            axes.set_xlabel("made random so far, from the output down to")
        panels[0].set_ylabel("rank correlation with the trained map")
        figure.legend(*panels[0].get_legend_handles_labels(), loc="outside lower center",
                      ncols=7, columnspacing=1.2, handlelength=2.8)


def deletion_insertion(share, curves, path, of="probability", title=""):
    """Mean F over the share of pixels blurred (above) or sharp (below), a column for every order.

    curves: as of `tinyfer.explain.audit.audit_faithfulness`. In each column stand the order of the
    face's own map, that of the mean map, and the random one.
    """
    names = [name for name in curves if f"{name}, mean map" in curves]
    with drawing(path, 1.35 * len(names) + 0.8, 4.6, title) as figure:
        grid = figure.subplots(2, len(names), sharex=True, sharey=True, squeeze=False)
        for row, kind, changed in zip(grid, ("deletion", "insertion"), ("blurred", "sharp")):
            for axes, name in zip(row, names):
                for order, label, colour, style, width in (
                        ("[random]", "random order", "#7F7F7F", STYLES[2], 1.6),
                        (f"{name}, mean map", "mean map, the same order for every face", COLOURS[1],
                         STYLES[1], 1.6),
                        (name, "the face's own map", COLOURS[0], STYLES[0], 2)):
                    axes.plot(share, curves[order][kind].mean(axis=0), color=colour,
                              linestyle=style, linewidth=width, label=label)
                axes.set_xticks([0, 0.5, 1], ["0", "½", "1"])
            row[0].set_ylabel(f"{of},\n{kind}")
            row[len(names) // 2].set_xlabel(f"share of pixels {changed}")
        for axes, name in zip(grid[0], names):
            axes.set_title(name.strip("[]"), fontsize=10)
        handles, labels = grid[0, 0].get_legend_handles_labels()
        figure.legend(handles[::-1], labels[::-1], loc="outside lower center", ncols=3,
                      handlelength=2.8)


def planted(means, path, title=""):
    """Mean maps of a network for which one patch tells all (left), beside a decoy (right).

    means: dict of name -> (48, 48), none below 0; names in square brackets are no method.
    """
    height = 2.1 if title else 1.8
    with drawing(path, 1.45 * len(means) + 0.8, height, title, grid=False) as figure:
        for axes, (name, values) in zip(figure.subplots(1, len(means)), means.items()):
            image = draw_map(axes, scaled(values), None, STRENGTH, 0, 1)
            axes.set_title(name.strip("[]"), fontsize=9, loc="center")
        bar = figure.colorbar(image, ax=figure.axes, fraction=0.03, pad=0.01, aspect=12)
        bar.set_label("largest = 1")


def draw_grey(axes, face):
    axes.imshow(face, cmap="gray", vmin=0, vmax=255)
    _bare(axes)


def draw_map(axes, value, face, colours, low, high):
    """A map; over a face, if given, with more opacity the stronger it is. Returns what a colour bar
    needs."""
    scale = ScalarMappable(Normalize(low, high), colours)
    picture = scale.to_rgba(value)
    if face is not None:
        axes.imshow(face, cmap="gray", vmin=0, vmax=255)
        picture[..., 3] = 0.1 + 0.8 * np.sqrt(np.abs(value) / high)
    axes.imshow(picture)
    _bare(axes)
    return scale


def _bare(axes):
    axes.set_xticks([])
    axes.set_yticks([])
    axes.spines[:].set_visible(False)
