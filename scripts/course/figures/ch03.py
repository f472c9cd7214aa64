"""Chapter 3: values to the right, gradients to the left; what hidden units are for."""

import numpy as np
from figures.style import BLUE, INK, ORANGE, bare, figure, plot
from matplotlib.patches import FancyArrowPatch, FancyBboxPatch

from tinyfer.core.layers import Dense, ReLU
from tinyfer.core.losses import softmax_cross_entropy
from tinyfer.core.model import Sequential
from tinyfer.core.optim import Adam


def _numbers(row):
    return "(" + ", ".join(f"{value:g}".replace("-", "−") for value in np.ravel(row)) + ")"


def chain():
    rng = np.random.default_rng(0)
    first, relu = Dense(2, 3, rng, dtype=np.float64), ReLU()
    second = Dense(3, 2, rng, dtype=np.float64)
    first.w.value[...] = [[1, -1, 2], [0, 0.5, -2]]
    first.b.value[...] = [0, 1, 1]
    second.w.value[...] = [[1, 0], [0, 1], [3, 1]]
    values = [np.array([[1.0, 2.0]])]
    for layer in first, relu, second:
        values.append(layer.forward(values[-1]))
    loss, dz = softmax_cross_entropy(values[-1], np.array([0]))
    gradients = [dz]
    for layer in second, relu, first:
        gradients.insert(0, layer.backward(gradients[0]))

    fig, axes = plot(8.6, 1.65)
    names = ("dense\n$w_1, b_1$", "ReLU", "dense\n$w_2, b_2$", "softmax,\nloss")
    for i, name in enumerate(names):
        axes.add_patch(FancyBboxPatch((2 * i + 1.04, -0.42), 0.72, 0.84, facecolor="#EEEEEE",
                                      edgecolor=INK, boxstyle="round,pad=0,rounding_size=0.1"))
        axes.text(2 * i + 1.4, 0, name, ha="center", va="center", fontsize=9.5)
    right = [_numbers(v) for v in values] + [f"L = {loss:.3f}"]
    left = [_numbers(g) for g in gradients] + ["1"]
    for i, (value, gradient) in enumerate(zip(right, left)):
        start, end = 2 * i - 0.17, 2 * i + 0.97
        for y, a, b, colour, text, at in ((0.24, start, end, BLUE, value, "bottom"),
                                          (-0.24, end, start, ORANGE, gradient, "top")):
            axes.add_patch(FancyArrowPatch((a, y), (b, y), arrowstyle="-|>", mutation_scale=13,
                                           color=colour, linewidth=1.8,
                                           linestyle="-" if y > 0 else "--"))
            axes.text(2 * i + 0.4, y + (0.1 if y > 0 else -0.1), text, ha="center", va=at,
                      color=colour, fontsize=10)
    axes.set(xlim=(-0.4, 9.1), ylim=(-0.72, 0.72))
    bare(axes)
    return fig


def graph():
    """The branching example: u = x w, y = u + x, L = u y at x = 2, w = 3."""
    places = {"x": (0, 1.5), "w": (0, 0), "u": (2.6, 0.75), "y": (5.2, 1.5), "L": (7.8, 0.75)}
    names = {"x": "x = 2", "w": "w = 3", "u": "u = x w = 6", "y": "y = u + x = 8",
             "L": "L = u y = 48"}
    totals = {"x": "6 + 42 = 48", "w": "28", "u": "8 + 6 = 14", "y": "6", "L": "1"}
    arrows = (("x", "u", "42", 0.2), ("w", "u", "28", -0.2), ("x", "y", "6", 0.2),
              ("u", "y", "6", 0.22), ("u", "L", "8", -0.22), ("y", "L", "6", 0.2))
    fig, axes = plot(8.4, 2.7)
    for start, end, share, above in arrows:
        a, b = np.array(places[start]), np.array(places[end])
        way = (b - a) / np.hypot(*(b - a))
        a, b = a + 0.82 * way, b - 0.82 * way
        axes.add_patch(FancyArrowPatch(a, b, arrowstyle="-|>", mutation_scale=13, color=BLUE,
                                       linewidth=1.5))
        axes.text(*((a + b) / 2 + (0, above)), f"← {share}", ha="center", va="center",
                  color=ORANGE, fontsize=10)
    for name, (column, row) in places.items():
        axes.add_patch(FancyBboxPatch((column - 0.78, row - 0.26), 1.56, 0.52, facecolor="#EEEEEE",
                                      edgecolor=INK, boxstyle="round,pad=0,rounding_size=0.1"))
        axes.text(column, row + 0.09, names[name], ha="center", va="center", fontsize=9.5)
        axes.text(column, row - 0.13, f"d{name} = {totals[name]}", ha="center", va="center",
                  fontsize=9, color=ORANGE)
    axes.set(xlim=(-0.9, 8.7), ylim=(-0.35, 1.95))
    bare(axes)
    return fig


def regions(points=80, steps=1500):
    """What softmax over a dense layer calls points in a ring, and with hidden units before it."""
    rng = np.random.default_rng(7)
    labels = np.arange(points) % 2
    radius = np.where(labels, 0.42 * np.sqrt(rng.random(points)), 0.65 + 0.3 * rng.random(points))
    angle = 2 * np.pi * rng.random(points)
    x = radius[:, None] * np.column_stack([np.cos(angle), np.sin(angle)])
    grid = np.linspace(-1.1, 1.1, 120)
    plane = np.array(np.meshgrid(grid, grid)).reshape(2, -1).T
    fig = figure(8, 2.9)
    for axes, hidden in zip(fig.subplots(1, 3), (0, 3, 8)):
        layers = [Dense(2, hidden, rng, dtype=np.float64), ReLU()] if hidden else []
        model = Sequential([*layers, Dense(hidden or 2, 2, rng, dtype=np.float64)], (2,))
        optimizer = Adam(model.parameters(), lr=0.02)
        for _ in range(steps):
            model.backward(softmax_cross_entropy(model.forward(x, training=True), labels)[1])
            optimizer.step()
        called = model.forward(plane).argmax(axis=1).reshape(120, 120)
        axes.contourf(grid, grid, called, levels=[-0.5, 0.5, 1.5], colors=["#F5DCC8", "#CFE0EC"])
        for label, colour, marker in (1, BLUE, "o"), (0, ORANGE, "s"):
            axes.scatter(*x[labels == label].T, color=colour, marker=marker, s=12)
        right = (model.forward(x).argmax(axis=1) == labels).sum()
        axes.set_title(f"{hidden or 'no'} hidden units: {right} of {points} right", fontsize=10)
        axes.set_aspect("equal")
        bare(axes)
    return fig
