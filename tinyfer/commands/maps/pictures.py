"""The pictures of saliency: faces and their maps, mean maps, and how the maps stood the tests.

In the style of plots.py. Strengths are in 'hot' colours (black, red, yellow, white: lightness grows
with the value, so they survive grey print), signed maps from blue over white to red; one colour bar
a picture. Maps come in raw; each is divided by its own largest value here, unless said otherwise.
"""

import numpy as np
from matplotlib import rc_context
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Normalize
from matplotlib.patches import Rectangle

from tinyfer.explain.randomisation import mean_known
from tinyfer.scores.plots import COLOURS, NAMES, STYLES, new_figure, put_title, save

STRENGTH, SIGNED = "hot", "RdBu_r"
MARKERS = "osD^vP*"


def panel(faces, maps, captions, path, signed=False, overlay=False, title=""):
    """Faces above, their maps below, one row a method.

    faces (N, 48, 48) uint8; maps: dict of method -> (N, 48, 48); captions: N strings, over the
    faces. signed: the maps have signs. overlay: the face shines through where the map is weak.
    """
    N = len(faces)
    with rc_context(NAMES | {"axes.grid": False}):
        height = 1.62 * (1 + len(maps)) + (0.95 if title else 0.45)
        figure = new_figure(max(1.55 * N + 1.2, 4), height)
        figure.get_layout_engine().set(w_pad=0.1)       # or the names of the rows are cut
        grid = figure.subplots(1 + len(maps), N, squeeze=False)
        for axes, face, caption in zip(grid[0], faces, captions):
            _grey(axes, face)
            axes.set_title(caption, fontsize=9, loc="center")
        for row, (method, values) in zip(grid[1:], maps.items()):
            for axes, face, value in zip(row, faces, values):
                image = _map(axes, scaled(value), face if overlay else None,
                             SIGNED if signed else STRENGTH, -1 if signed else 0, 1)
            row[0].set_ylabel(method, fontsize=10)
        # Beside all rows, so that the maps stand under their faces.
        bar = figure.colorbar(image, ax=grid, fraction=0.03, pad=0.02, aspect=22)
        bar.set_label("effect, largest = 1" if signed else "saliency, largest = 1")
        bar.set_ticks([-1, 0, 1] if signed else [0, 0.5, 1])
        put_title(figure, title)
        save(figure, path)


def scaled(values):
    """A map divided by its largest absolute value: within [0, 1], or [-1, 1] with signs."""
    largest = np.abs(values).max()
    return values / largest if largest > 0 else values


def mean_maps(faces, maps, names, masks, captions, path, overlay=False, title=""):
    """Mean face, mean saliency over it, and how it differs from the mean of all; a column each.

    faces, maps: (C, 48, 48) mean faces and mean maps. The last two columns are that of all classes
    and a baseline, such as a random network. Maps sum to 1. masks: regions as of
    `tinyfer.explain.regions.region_masks`, outlined. captions: C strings. overlay: the face shines
    through where the map is weak.
    """
    C = len(names)
    density = maps * maps[0].size       # 1: as much as if it were spread evenly
    difference = density - density[-2]
    with rc_context(NAMES | {"axes.grid": False}):
        figure = new_figure(1.6 * C + 1.3, 6.0 if title else 5.7)
        grid = figure.subplots(3, C, squeeze=False)
        furthest = np.abs(difference).max() or 1
        for c, (top, middle, bottom) in enumerate(grid.T):
            _grey(top, faces[c])
            _outline(top, masks)
            top.set_title(f"{names[c]}\n{captions[c]}", fontsize=9, loc="center")
            hot = _map(middle, density[c], faces[c] if overlay else None, STRENGTH, 0,
                       density.max())
            _outline(middle, masks)
            if c == C - 2:
                _legend_of_regions(bottom)
            else:
                signed = _map(bottom, difference[c], None, SIGNED, -furthest, furthest)
        for row, label in zip(grid[:, 0], ("mean face", "mean saliency", "minus that of all")):
            row.set_ylabel(label, fontsize=10)
        bar = figure.colorbar(hot, ax=grid[1], fraction=0.03, pad=0.02, aspect=14)
        bar.set_label("1 = spread evenly")
        bar = figure.colorbar(signed, ax=grid[2], fraction=0.03, pad=0.02, aspect=14)
        bar.set_label("more (red), less (blue)")
        put_title(figure, title)
        save(figure, path)


def randomisation(stages, methods, absolute, signed, path, title=""):
    """Rank correlation with the trained network's maps, as layers are made random from the top; on
    the right that with the trained map of another face.

    absolute, signed: (methods, stages, N) as of `sanity.randomisation`.
    """
    x = np.arange(len(stages))
    with rc_context(NAMES):
        figure = new_figure(9.6, 4.9)
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
        put_title(figure, title)
        save(figure, path)


def deletion_insertion(share, curves, path, of="probability", title=""):
    """Mean F over the share of pixels blurred (above) or sharp (below), a column for every order.

    curves: as of `tinyfer.explain.audit.audit_faithfulness`. In each column stand the order of the
    face's own map, that of the mean map, and the random one.
    """
    names = [name for name in curves if f"{name}, mean map" in curves]
    with rc_context(NAMES):
        figure = new_figure(1.35 * len(names) + 0.8, 4.6)
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
        put_title(figure, title)
        save(figure, path)


def planted(means, path, title=""):
    """Mean maps of a network for which one patch tells all (left), beside a decoy (right).

    means: dict of name -> (48, 48), none below 0; names in square brackets are no method.
    """
    with rc_context(NAMES | {"axes.grid": False}):
        figure = new_figure(1.45 * len(means) + 0.8, 2.1 if title else 1.8)
        for axes, (name, values) in zip(figure.subplots(1, len(means)), means.items()):
            image = _map(axes, scaled(values), None, STRENGTH, 0, 1)
            axes.set_title(name.strip("[]"), fontsize=9, loc="center")
        bar = figure.colorbar(image, ax=figure.axes, fraction=0.03, pad=0.01, aspect=12)
        bar.set_label("largest = 1")
        put_title(figure, title)
        save(figure, path)


def _grey(axes, face):
    axes.imshow(face, cmap="gray", vmin=0, vmax=255)
    _bare(axes)


def _map(axes, value, face, colours, low, high):
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


OUTLINES = {"eyes": (COLOURS[4], "-"), "mouth": (COLOURS[5], "-"), "border": ("white", ":")}


def _outline(axes, masks):
    for name, (colour, style) in OUTLINES.items():
        rows, columns = np.nonzero(~masks[name] if name == "border" else masks[name])
        corner = columns.min() - 0.5, rows.min() - 0.5
        axes.add_patch(Rectangle(corner, np.ptp(columns) + 1, np.ptp(rows) + 1, fill=False,
                                 edgecolor=colour, linestyle=style, linewidth=1.5))


def _legend_of_regions(axes):
    """In place of a map: which outline is which."""
    axes.set_axis_off()
    handles = [Rectangle((0, 0), 1, 1, facecolor="#8A8A8A", edgecolor=colour, linestyle=style,
                         linewidth=1.5) for colour, style in OUTLINES.values()]
    axes.legend(handles, ["eyes", "mouth", "border (outside)"], loc="center", handlelength=1.6)


def _bare(axes):
    axes.set_xticks([])
    axes.set_yticks([])
    axes.spines[:].set_visible(False)
