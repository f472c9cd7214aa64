"""Chapter 8: plain descent and Adam in two narrow valleys."""

import numpy as np

from figures.style import BLUE, FAINT, INK, ORANGE, STYLES, figure

CURVATURES = np.diag([1.0, 100.0])
START = np.array([-9.0, 1.2])


def _descent(H, w, lr, steps):
    path = [w]
    for _ in range(steps):
        w = w - lr * H @ w
        path.append(w)
    return np.array(path)


def _adam(H, w, lr, steps):
    path = [w]
    m = v = np.zeros(2)
    for t in range(1, steps + 1):
        g = H @ w
        m, v = 0.9 * m + 0.1 * g, 0.999 * v + 0.001 * g * g
        w = w - lr * np.sqrt(1 - 0.999 ** t) / (1 - 0.9 ** t) * m / (np.sqrt(v) + 1e-7)
        path.append(w)
    return np.array(path)


def valley():
    made = figure(8.2, 4.6)
    for axes, degrees, title in zip(made.subplots(1, 2), (0, 45),
                                    ("along the axes", "turned by 45 degrees")):
        angle = np.radians(degrees)
        turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
        H = turn @ CURVATURES @ turn.T
        grid = np.linspace(-10, 10, 201)
        X, Y = np.meshgrid(grid, grid)
        loss = 0.5 * (H[0, 0] * X * X + 2 * H[0, 1] * X * Y + H[1, 1] * Y * Y)
        axes.contour(X, Y, loss, levels=[1, 5, 15, 40, 100, 250, 600, 1500], colors=FAINT,
                     linewidths=0.8)
        start = turn @ START
        for path, colour, style, marker, name in (
            (_descent(H, start, 0.0194, 60), ORANGE, STYLES[1], "s", "plain descent, 60 steps"),
            (_adam(H, start, 0.5, 60), BLUE, STYLES[0], "o", "Adam, 60 steps"),
        ):
            axes.plot(*path.T, color=colour, linestyle=style, linewidth=1.2, marker=marker,
                      markersize=3, label=name)
        axes.plot(*start, "o", color=INK, markersize=7)
        axes.plot(0, 0, "+", color=INK, markersize=12, markeredgewidth=2)
        axes.set_aspect("equal")
        axes.set_xlim(-10, 4)
        axes.set_ylim((-7, 7) if degrees == 0 else (-10, 4))
        axes.grid(False)
        axes.set_xlabel("$w_1$")
        axes.set_ylabel("$w_2$")
        axes.set_title(title)
    made.legend(*made.axes[0].get_legend_handles_labels(), loc="outside lower center", ncols=2)
    return made


FIGURES = {"08-valley": valley}
