"""Chapter 5: gradients of batches about their mean; what one layer divides, and what two."""

import numpy as np
from figures.ch13 import _spirals
from figures.style import BLUE, FAINT, ORANGE, plot

from tinyfer.core.layers import Dense
from tinyfer.core.losses import softmax, softmax_cross_entropy
from tinyfer.core.model import Sequential
from tinyfer.core.optim import Adam


def batch_gradients():
    """Of a logistic classifier with two weights, at 0: 60 batches of each size."""
    rng = np.random.default_rng(0)
    x = rng.standard_normal((1000, 2))
    y = rng.random(1000) < 1 / (1 + np.exp(-2 * x[:, 0] - x[:, 1]))
    steps = (y - 0.5)[:, None] * x              # against the gradient
    fig, grid = plot(8.2, 3, 1, 3, sharex=True, sharey=True)
    for axes, B in zip(grid, (1, 8, 64)):
        drawn = steps[rng.integers(0, 1000, (60, B))].mean(axis=1)
        for ends, colour, width in (drawn, FAINT, 0.004), (steps.mean(axis=0)[None], ORANGE, 0.015):
            axes.quiver(*np.zeros((2, len(ends))), *ends.T, color=colour, width=width, angles="xy",
                        scale_units="xy", scale=1)
        axes.set(title=f"batches of {B}", xlim=(-1.2, 1.2), ylim=(-1, 1), aspect="equal")
    return fig


def regions():
    """Where a linear classifier and one with a hidden layer answer which class."""
    x, labels = _spirals(400, np.random.default_rng(1), noise=0)
    sides = np.linspace(-2.5, 2.5, 150, dtype=np.float32)
    points = np.stack(np.meshgrid(sides, sides), axis=-1).reshape(-1, 2)
    fig, grid = plot(7.2, 3.6, 1, 2, sharex=True, sharey=True)
    for axes, title, hidden in zip(grid, ("linear", "one hidden layer of 32"), (0, 32)):
        rng = np.random.default_rng(0)
        layers = [Dense(2, hidden, rng, relu=True)] if hidden else []
        model = Sequential([*layers, Dense(hidden or 2, 2, rng)], (2,), rng=rng)
        optimizer = Adam(model.parameters(), lr=0.02)
        for _ in range(1500):
            model.backward(softmax_cross_entropy(model.forward(x, True), labels)[1])
            optimizer.step()
        p = softmax(model.forward(points))[:, 1].reshape(150, 150)
        axes.contourf(sides, sides, p, levels=np.linspace(0, 1, 11), cmap="PuOr", alpha=0.5)
        for c, colour, marker in (0, ORANGE, "o"), (1, BLUE, "^"):
            axes.plot(*x[labels == c].T, marker, color=colour, markersize=3)
        right = (model.forward(x).argmax(axis=1) == labels).mean()
        axes.set(title=f"{title}: {right:.0%} right", aspect="equal")
    return fig
