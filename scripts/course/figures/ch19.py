"""Chapter 19: a ring all-reduce."""

import numpy as np
from figures.style import plot, table


def ring(n=4):
    """How many gradients are summed in each part that each machine holds."""
    held, frames = np.ones((n, n), dtype=int), [("at first", np.ones((n, n)))]
    for step in range(2 * (n - 1)):
        sent = [(m, (m - step) % n, held[m, (m - step) % n]) for m in range(n)]
        for m, part, count in sent:
            after = (m + 1) % n
            held[after, part] = held[after, part] + count if step < n - 1 else count
        if step + 1 in (1, n - 1, 2 * (n - 1)):
            frames.append((f"after {step + 1} step{'s' * (step > 0)}", held.copy()))
    fig, grid = plot(8.2, 2.5, 1, 4)
    for axes, (title, counts) in zip(grid, frames):
        table(axes, counts.astype(int), title, counts / n)
        axes.set_yticks(np.arange(n) + 0.5, [f"machine {m + 1}" for m in range(n)]
                        if axes is grid[0] else [""] * n, fontsize=9)
        axes.set_xticks(np.arange(n) + 0.5, "ABCD")
        axes.tick_params(length=0)
    return fig
