"""Chapter 7: the winners of max pooling, the gradient that goes back, what one output sees."""

import numpy as np
from figures.style import BLUE, INK, bare, frame, plot, surprised, table
from matplotlib.patches import Rectangle

from tinyfer.core.kernels.reference import conv2d_forward, maxpool_backward, maxpool_forward


def winners():
    face = surprised()[None, :, :, None] / 255
    edges = np.array([[1, 2, 1], [0, 0, 0], [-1, -2, -1.0]]).reshape(3, 3, 1, 1)
    x = np.maximum(0, conv2d_forward(face, edges, np.zeros(1)))[:, 32:40, 23:31]     # the mouth
    x = np.round(5 * x)
    out, winner = maxpool_forward(x)
    dout = np.arange(1.0, 17).reshape(out.shape)
    dx = maxpool_backward(dout, winner, x.shape)
    won = maxpool_backward(np.ones(out.shape), winner, x.shape)[0, :, :, 0]
    fig, (left, middle, right) = plot(8.6, 3.6, 1, 3, width_ratios=(8, 5, 8))
    table(left, x[0, :, :, 0], "x, and the winners", won, size=9)
    table(middle, out[0, :, :, 0], "out", size=10)
    table(right, dx[0, :, :, 0], "dx, for dout = 1, 2, …, 16", won, size=9)
    for axes in left, right:
        for i, j in np.ndindex(4, 4):
            frame(axes, 2 * i, 2 * j, 2, 2, INK, 1.4)
    return fig


def receptive_field():
    layers = [(3, 1), (3, 1), (2, 2)] * 3
    names = ["image"] + ["conv", "conv", "pool"] * 3
    sizes, steps, reach = [48], [1], [1]        # of each layer: rows, step and field in the image
    for R, S in layers:
        sizes.append((sizes[-1] - R) // S + 1)
        reach.append(reach[-1] + (R - 1) * steps[-1])
        steps.append(steps[-1] * S)
    needed = [(1, sizes[-1])]                   # rows that the first output needs, and that all do
    for R, S in reversed(layers):
        needed.insert(0, tuple((rows - 1) * S + R for rows in needed[0]))
    fig, axes = plot(8, 3.6)
    for level, (first, used) in enumerate(needed):
        for i in range(sizes[level]):
            middle = i * steps[level] + reach[level] / 2
            colour = BLUE if i < first else "#F0B27A" if i < used else "white"
            axes.add_patch(Rectangle((middle - 0.42, level - 0.36), 0.84, 0.72, facecolor=colour,
                                     edgecolor=INK, linewidth=0.7))
        axes.text(-1, level, f"{names[level]}, {sizes[level]}", ha="right", va="center")
        axes.text(49.5, level, f"{first}, {used}", va="center")
    axes.text(49.5, 9.8, "needed by one, by both", ha="center", va="center")
    axes.set(xlim=(-6, 54), ylim=(-0.6, 10.2))
    bare(axes)
    return fig
