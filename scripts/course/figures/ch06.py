"""Chapter 6: windows over a face, the gradient that scatters back, the whole network."""

import chapters
import numpy as np
from figures.style import BLUE, COLOURS, INK, ORANGE, bare, frame, picture, plot, surprised, table
from matplotlib.colors import to_rgb
from matplotlib.patches import Polygon, Rectangle

from tinyfer.core.kernels.reference import conv2d_backward, conv2d_forward
from tinyfer.core.networks import six_layer_cnn

W = np.array([[1, 0, -1], [2, 0, -2], [1, 0, -1.0]])
DOUT = np.array([[1, 0], [2, -1.0]])


def windows():
    face = surprised()
    filter_ = np.array([[-1, -2, -1], [0, 0, 0], [1, 2, 1.0]])
    out = conv2d_forward(face[None, :, :, None] / 255, filter_.reshape(3, 3, 1, 1), np.zeros(1))
    fig, (left, middle, right) = plot(7.8, 3.2, 1, 3, width_ratios=(48, 17, 46))
    picture(left, face, "x: 48 × 48")
    picture(right, out[0, :, :, 0], "out: 46 × 46", -2.5, 2.5)
    table(middle, filter_, "w", np.abs(filter_) / 2)
    for name, row, column, colour in (("A", 16, 30, ORANGE), ("B", 31, 19, BLUE),
                                      ("C", 36, 27, COLOURS[2])):
        for axes, size in ((left, 3), (right, 1)):
            for width, ink in ((4.5, "white"), (2.4, colour)):
                frame(axes, row - 0.5, column - 0.5, size, size, ink, width)
            axes.text(column + size + 0.9, row - 0.8, name, color=colour, fontsize=11,
                      fontweight="bold", va="center",
                      bbox={"facecolor": "white", "edgecolor": "none", "pad": 1, "alpha": 0.9})
    return fig


def scatter():
    zeros = np.zeros((1, 4, 4, 1))
    panels = [("dout", DOUT)]
    places = ((0, 0), (0, 1), (1, 0), (1, 1))
    for i, j in places:
        one = np.zeros((2, 2))
        one[i, j] = DOUT[i, j]
        dx, _, _ = conv2d_backward(one.reshape(1, 2, 2, 1), zeros, W.reshape(3, 3, 1, 1))
        panels.append((f"dout[{i},{j}] = {DOUT[i, j]:g}".replace("-", "−"), dx.reshape(4, 4)))
    panels.append(("sum: dx", sum(array for _, array in panels[1:])))
    fig, grid = plot(9.6, 2.1, 1, 6, width_ratios=(2.2, 4, 4, 4, 4, 4))
    for k, (axes, (title, array)) in enumerate(zip(grid, panels)):
        shade = np.full(array.shape, 0.0)
        if 1 <= k <= 4:
            i, j = places[k - 1]
            shade[i:i + 3, j:j + 3] = 0.6
        table(axes, array.astype(int) + 0, title, shade, size=9 if k else 11)
        if 1 <= k <= 4:
            frame(axes, *places[k - 1], 3, 3, ORANGE, 2)
    return fig


def jacobian():
    """Of a convolution of 8 × 8 pixels with W: a row for each of the 36 outputs."""
    ones = np.eye(64).reshape(64, 8, 8, 1)      # each input by itself
    out = conv2d_forward(ones, W.reshape(3, 3, 1, 1), np.zeros(1)).reshape(64, 36)
    fig, (left, right) = plot(7.2, 3.4, 1, 2, width_ratios=(64, 36))
    picture(left, out.T, "T: 36 outputs by 64 inputs", -2, 2)
    picture(right, out, "backward: its transpose", -2, 2)
    return fig


def network():
    """A row for each layer: a box as wide as its output has rows, as high as it has channels."""
    model = six_layer_cnn(classes=7)
    kinds = {"Conv": (BLUE, "convolution"), "BatchNorm": (COLOURS[2], "batch-norm"),
             "MaxPool": (ORANGE, "pooling"), "Dropout": ("#999999", "generalising"),
             "Flatten": ("white", "layers-and-the-chain-rule"),
             "Dense": (COLOURS[3], "layers-and-the-chain-rule")}
    fig, axes = plot(8.2, 7)
    shape, rows = model.input_shape, [("image", model.input_shape, 0, "white", "seven-faces")]
    for layer in model.layers:
        shape = layer.output_shape(shape)
        values = sum(p.value.size for p in layer.parameters())
        values += sum(b.size for b in layer.buffers().values())
        colour, chapter = kinds[str(layer).split()[0]]
        rows.append((str(layer), shape, values, colour, chapter))
    for i, (name, shape, values, colour, chapter) in enumerate(rows):
        width, height = (shape[0], 0.1 * np.log2(shape[-1]) + 0.1) if len(shape) == 3 else (
            2.4 * np.log2(shape[0]), 0.2)
        axes.add_patch(Rectangle((-width / 2, i - height / 2), width, height, facecolor=colour,
                                 alpha=0.6, edgecolor=INK, linewidth=0.8))
        for place, text, side in ((33, i or "", "right"), (36, name, "left"),
                                  (83, " × ".join(map(str, shape)), "right"),
                                  (105, f"{values:,}" if values else "", "right"),
                                  (119, chapters.of(chapter), "right")):
            axes.text(place, i, text, ha=side, va="center", fontsize=9)
    for place, text, side in ((36, "layer", "left"), (83, "output", "right"),
                              (105, "values stored", "right"), (119, "chapter", "right")):
        axes.text(place, -1.1, text, ha=side, va="center", fontsize=9, fontweight="bold")
    axes.set(xlim=(-25, 120), ylim=(len(rows) - 0.3, -1.6))
    bare(axes)
    return fig


def _box(axes, x, y, size, colour, alpha=0.25, names=("", "", "")):
    """A box of (height, width, depth), and what these are called, whose upper left front corner is
    at x, y; depth runs up and to the right."""
    height, width, depth = size
    back = np.array([0.5, -0.36]) * depth
    front = np.array([(0, 0), (width, 0), (width, height), (0, height)]) + (x, y)
    sides = (front, [front[0], front[1], front[1] + back, front[0] + back],
             [front[1], front[2], front[2] + back, front[1] + back])
    for side in sides:
        axes.add_patch(Polygon(side, facecolor=(*to_rgb(colour), alpha), edgecolor=colour,
                               linewidth=1.2))
    for name, place, across, along in zip(
            names, (front[1] + back + (0.3, height / 2), front[3] + (width / 2, 0.2),
                    front[2] + back / 2 + (0.3, 0.1)),
            ("left", "center", "left"), ("center", "top", "top")):
        axes.text(*place, name, ha=across, va=along, fontsize=9.5)


def volumes():
    fig, axes = plot(8.6, 4)
    _box(axes, 0, 0, (8, 8, 5), INK, 0.05, ("H", "W", "C"))
    _box(axes, 2, 3, (3, 3, 5), ORANGE)
    for k, colour in enumerate(COLOURS[:3]):
        _box(axes, 15, -4 + 5.6 * k, (3, 3, 5), colour, 0.25, ("3", "3", "C"))
    _box(axes, 27, 1, (6, 6, 3), INK, 0.05, ("H − 2", "W − 2", "K"))
    for k in 2, 1, 0:
        _box(axes, 29 + 0.5 * k, 4 - 0.36 * k, (1, 1, 1), COLOURS[k], 0.9)
    for start, end in (((7.9, 3.5), (14.7, 3.5)), ((20.9, 3.5), (29.2, 3.9))):
        axes.annotate("", end, start, arrowprops=dict(arrowstyle="->", color=ORANGE, linewidth=1.6))
    for x, text in ((5, "x: H × W × C\nwith a window of 3 × 3 × C numbers"),
                    (17.7, "w: K = 3 filters,\neach 3 × 3 × C"),
                    (31, "out: (H − 2) × (W − 2) × K, where\na window makes one number a filter")):
        axes.text(x, 11.8, text, ha="center", va="top", fontsize=9.5)
    axes.set(xlim=(-1.5, 38), ylim=(14.2, -6.2), aspect="equal")
    bare(axes)
    return fig
