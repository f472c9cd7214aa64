"""Chapter 10: descent, momentum, division and Adam in two narrow valleys, at every rate."""

import numpy as np
from figures.style import BLUE, FAINT, GREEN, INK, ORANGE, STYLES, figure

CURVATURES = np.diag([1.0, 100.0])
START = np.array([-10.0, 1.0])
STEPS = 100


def _valley(degrees):
    """The valley's matrix and where to start, turned."""
    angle = np.radians(degrees)
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    return turn @ CURVATURES @ turn.T, turn @ START


def _path(H, w, lr, beta1, divide):
    """The steps of Adam, or without the division those of descent with momentum."""
    path = [w]
    m = v = np.zeros(2)
    for t in range(1, STEPS + 1):
        g = H @ w
        m, v = beta1 * m + (1 - beta1) * g, 0.999 * v + 0.001 * g * g
        step = m
        if divide:
            step = np.sqrt(1 - 0.999 ** t) / (1 - beta1 ** t) * m / (np.sqrt(v) + 1e-7)
        w = w - lr * step
        path.append(w)
    return np.array(path)


def _loss(H, w):
    return 0.5 * w @ H @ w


# beta1, whether divided, the rates to try, colour, line style, marker, name
METHODS = (
    (0.0, False, np.logspace(-3, -1.6, 141), ORANGE, STYLES[1], "s", "gradient descent"),
    (0.9, False, np.logspace(-3, -0.4, 201), GREEN, STYLES[3], "^", "momentum"),
    (0.0, True, np.logspace(-2, 1, 201), INK, STYLES[2], "D", "divided"),
    (0.9, True, np.logspace(-2, 1, 201), BLUE, STYLES[0], "o", "Adam: both"),
)


def valley():
    fig = figure(9.6, 5.2)
    grid = fig.subplots(2, 4, sharex="row", sharey="row")
    X, Y = np.meshgrid(*[np.linspace(-12, 12, 241)] * 2)
    for row, degrees in zip(grid, (0, 45)):
        H, start = _valley(degrees)
        loss = 0.5 * (H[0, 0] * X * X + 2 * H[0, 1] * X * Y + H[1, 1] * Y * Y)
        for axes, (beta1, divide, rates, colour, style, marker, name) in zip(row, METHODS):
            axes.contour(X, Y, loss, levels=[1, 5, 15, 40, 100, 250, 600, 1500], colors=FAINT,
                         linewidths=0.8)
            paths = [_path(H, start, lr, beta1, divide) for lr in rates[::4]]
            best = min(paths, key=lambda path: _loss(H, path[-1]))
            axes.plot(*best.T, color=colour, linestyle=style, linewidth=1.1, marker=marker,
                      markersize=3)
            axes.plot(*start, "o", color=INK, markersize=7)
            axes.plot(0, 0, "+", color=INK, markersize=12, markeredgewidth=2)
            axes.set(aspect="equal", xlim=(-11, 4), ylim=(-6, 6) if degrees == 0 else (-10, 4))
            axes.grid(False)
            axes.set_title(name if degrees == 0 else "rotated", loc="center", fontsize=10)
        row[0].set_ylabel("$w_2$")
    for axes in grid[1]:
        axes.set_xlabel("$w_1$")
    return fig


def rates():
    fig = figure(8.2, 3.9)
    for axes, degrees, title in zip(fig.subplots(1, 2, sharey=True), (0, 45),
                                    ("along the axes", "rotated by 45 degrees")):
        H, start = _valley(degrees)
        for beta1, divide, tried, colour, style, _, name in METHODS:
            losses = [_loss(H, _path(H, start, lr, beta1, divide)[-1]) for lr in tried]
            axes.plot(tried, losses, color=colour, linestyle=style, label=name)
        axes.axhline(_loss(H, start), color="#777777", linewidth=0.8)
        axes.set(xscale="log", yscale="log", ylim=(1e-9, 1e4), xlim=(1e-3, 10))
        axes.set(xlabel="learning rate", title=title)
    fig.axes[0].set_ylabel(f"loss after {STEPS} steps")
    fig.axes[0].text(1.2e-3, 2.2e2, "loss at the start", fontsize=9)
    fig.legend(*fig.axes[0].get_legend_handles_labels(), loc="outside lower center", ncols=4)
    return fig
