"""Chapter 5: gradients of batches about their mean."""

import numpy as np
from figures.style import ORANGE, plot


def batch_gradients():
    """Of a logistic classifier with two weights, at 0: 60 batches of each size."""
    rng = np.random.default_rng(0)
    x = rng.standard_normal((1000, 2))
    y = rng.random(1000) < 1 / (1 + np.exp(-2 * x[:, 0] - x[:, 1]))
    steps = (y - 0.5)[:, None] * x              # against the gradient
    fig, grid = plot(8.2, 3, 1, 3, sharex=True, sharey=True)
    for axes, B in zip(grid, (1, 8, 64)):
        drawn = steps[rng.integers(0, 1000, (60, B))].mean(axis=1)
        mean = steps.mean(axis=0)[None]
        for ends, colour, width in (drawn, "#888888", 0.004), (mean, ORANGE, 0.015):
            axes.quiver(*np.zeros((2, len(ends))), *ends.T, color=colour, width=width, angles="xy",
                        scale_units="xy", scale=1)
        axes.set(title=f"batches of {B}", xlim=(-1.2, 1.2), ylim=(-1, 1), aspect="equal",
                 xlabel="$w_1$")
    grid[0].set_ylabel("$w_2$")
    return fig
