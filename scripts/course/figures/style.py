"""What the course's figures share: the look of tinyfer.scores.plots, and ways to draw an array."""

import matplotlib
import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from tinyfer.data.drawn import draw_faces
from tinyfer.scores.plots import COLOURS, STYLE, STYLES  # noqa: F401  (for the chapters' modules)

matplotlib.rcParams.update(STYLE)

BLUE, ORANGE, GREEN = COLOURS[:3]
INK, FAINT = "#333333", "#BBBBBB"


def figure(width, height):
    """A Figure in inches, laid out so that nothing overlaps, without pyplot."""
    fig = Figure(figsize=(width, height), layout="constrained")
    FigureCanvasAgg(fig)
    return fig


def plot(width, height, *grid, **named):
    """Such a Figure and its axes, those of fig.subplots(*grid, **named)."""
    fig = figure(width, height)
    return fig, fig.subplots(*grid, **named)


def picture(axes, image, title="", low=0, high=255):
    """A grey image, without ticks."""
    axes.imshow(image, cmap="gray", vmin=low, vmax=high, interpolation="nearest")
    bare(axes, title)


def bare(axes, title=""):
    axes.grid(False)
    axes.set_xticks([])
    axes.set_yticks([])
    axes.spines[:].set_visible(False)
    axes.set_title(title, loc="center", fontsize=10)


def bars(axes, values, form, size, **named):
    """A bar for each of a few values, which stand at their ends."""
    axes.bar(range(len(values)), values, **named)
    axes.axhline(0, color=INK, linewidth=0.8)
    for i, value in enumerate(values):
        above = value >= 0
        axes.annotate(form.format(value).replace("-", "−"), (i, value), ha="center", fontsize=size,
                      xytext=(0, 2 if above else -2), textcoords="offset points",
                      va="bottom" if above else "top")


def table(axes, values, title="", shade=None, size=12):
    """A small array as squares with their numbers; shade: 0 (white) to 1 (grey) for each square."""
    rows, columns = values.shape
    for i, j in np.ndindex(values.shape):
        level = 1 - 0.35 * float(shade[i, j]) if shade is not None else 1.0
        axes.add_patch(matplotlib.patches.Rectangle(
            (j, i), 1, 1, facecolor=(level, level, level), edgecolor="#777777", linewidth=0.8))
        axes.text(j + 0.5, i + 0.5, f"{values[i, j]:g}".replace("-", "−"), ha="center",
                  va="center", fontsize=size)
    axes.set(xlim=(-0.04, columns + 0.04), ylim=(rows + 0.04, -0.04), aspect="equal")
    bare(axes, title)


def frame(axes, row, column, height, width, colour, linewidth=2.5, linestyle="-"):
    """A rectangle round squares of a `table`, or pixels of a `picture` (shifted by -0.5 there)."""
    axes.add_patch(matplotlib.patches.Rectangle(
        (column, row), width, height, fill=False, edgecolor=colour, linewidth=linewidth,
        linestyle=linestyle, clip_on=False, zorder=5))


def surprised():
    """The face of chapters 6 and 7."""
    data = draw_faces(70, seed=3)
    return data.faces[data.labels == data.class_names.index("surprise")][0]
