"""The pictures of a run: learning curves, confusion matrix, ROC curves, class counts.

One quiet style, made to be read in print, in grey and by colour-blind readers: the Okabe-Ito
colours, a line style of its own for every curve, names beside the curves where there is room, no
letter under 9 points. Figures are drawn without pyplot, so nothing is left behind in the process
and no display is needed.

Each function draws into the file at `path`.
"""

from contextlib import contextmanager
from textwrap import fill

import numpy as np
from matplotlib import rc_context
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure

from tinyfer.scores.metrics import auc, bins_to_draw, macro_roc
from tinyfer.storage.arrays import atomic_write

# Okabe and Ito's colours; grey for their yellow, which is too pale on white. Black is for the mean.
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#7F7F7F")
STYLES = ("-", (0, (5, 1.5)), (0, (1, 1)), (0, (5, 1.5, 1, 1.5)), (0, (8, 2)),
          (0, (3, 1, 1, 1, 1, 1)), (0, (2, 1)))
# White to dark blue: equal steps of the value are equal steps of lightness, to within 15 %.
SHADES = LinearSegmentedColormap.from_list("shades", ["#FFFFFF", "#003B73"])
STYLE = {
    "font.family": "DejaVu Sans", "font.size": 10, "axes.titlesize": 11, "axes.labelsize": 10,
    "xtick.labelsize": 9, "ytick.labelsize": 9, "legend.fontsize": 9, "legend.frameon": False,
    "axes.titlelocation": "left", "axes.spines.top": False, "axes.spines.right": False,
    "axes.edgecolor": "#555555", "axes.grid": True, "grid.color": "#E4E4E4", "grid.linewidth": 0.7,
    "axes.axisbelow": True, "lines.linewidth": 1.6, "savefig.dpi": 150,
}
# Where the names of classes and files stand, "$1" is a name and no formula.
NAMES = STYLE | {"text.parse_math": False}


def learning_curves(history, path, title=""):
    """Loss and accuracy over the epochs, training and validation; a mark at the best epoch.

    history: rows as `tinyfer.training.loop.fit` returns them.
    """
    epochs = [row["epoch"] for row in history]
    best = max(history, key=lambda row: row["val_accuracy"])
    with drawing(path, 9, 4, title) as figure:
        panels = figure.subplots(1, 2)
        for axes, quantity in zip(panels, ("loss", "accuracy")):
            for key, colour, style in (
                (quantity, COLOURS[0], STYLES[1]), (f"val_{quantity}", COLOURS[1], STYLES[0])
            ):
                axes.plot(epochs, [row[key] for row in history], color=colour, linestyle=style,
                          marker="." if len(history) == 1 else None)
            axes.plot(best["epoch"], best[f"val_{quantity}"], "o", color=COLOURS[1], markersize=6,
                      markerfacecolor="white", markeredgewidth=1.6)
            axes.set(xlabel="epoch", ylabel="loss (nats)" if quantity == "loss" else quantity)
            axes.xaxis.get_major_locator().set_params(integer=True)
            axes.set_xlim(*(0.5, 1.5) if len(history) == 1 else (1 - len(history) / 50, None))
        names = ("training", "validation",
                 f"best epoch on validation: {best['epoch']}, accuracy {best['val_accuracy']:.3f}")
        figure.legend(panels[0].lines, names, loc="outside upper right", ncols=3)


def confusion(matrix, class_names, path, title=""):
    """The confusion matrix: counts, and the share of each row (the true class) in per cent.

    matrix: (K, K) counts, rows true, columns predicted. The shade is the row's share.
    """
    matrix, K = np.asarray(matrix), len(class_names)
    support = matrix.sum(axis=1, keepdims=True)
    share = matrix / np.maximum(support, 1)
    with drawing(path, max(4.8, 2.4 + 0.85 * K), 1.5 + 0.72 * K, grid=False) as figure:
        axes = figure.subplots()
        image = axes.imshow(share, cmap=SHADES, vmin=0, vmax=1, aspect="auto")
        for i in range(K):
            for j in range(K):
                ink = "black" if luminance(image.cmap(share[i, j])) > 0.18 else "white"
                axes.text(j, i, f"{matrix[i, j]:,}\n{100 * share[i, j]:.0f} %", ha="center",
                          va="center", color=ink, fontsize=10, linespacing=1.25,
                          fontweight="bold" if i == j else "normal")
        axes.set_xticks(range(K), class_names)
        axes.set_yticks(range(K), [f"{name}\n({n:,})"
                                   for name, n in zip(class_names, support[:, 0])])
        axes.set(xlabel="predicted", ylabel="true (images)")
        axes.tick_params(length=0, labelsize=10)
        axes.spines[:].set_color("#BBBBBB")
        axes.spines[:].set_visible(True)
        bar = figure.colorbar(image, ax=axes, fraction=0.046, pad=0.03)
        bar.set_label("share of the true class (%)")
        bar.set_ticks([0, 0.25, 0.5, 0.75, 1], labels=["0", "25", "50", "75", "100"])
        bar.outline.set_edgecolor("#BBBBBB")
        axes.set_title(fill(title, 44))


def roc(curves, class_names, path, title=""):
    """ROC per class (one against the rest) and their macro mean, with the areas.

    curves: as from `metrics.roc_per_class`; classes without a curve are left out. Of two classes
    only the second is drawn: the first has the same curve, turned, and the same area.
    """
    drawn = [(name, curve) for name, curve in zip(class_names, curves) if curve is not None]
    drawn = drawn[1:] if len(class_names) == 2 else drawn
    with drawing(path, 5.6, 5.4) as figure:
        axes = figure.subplots()
        axes.plot([0, 1], [0, 1], color="#999999", linewidth=1, linestyle=(0, (2, 3)))
        axes.text(0.62, 0.585, "guessing", color="#666666", fontsize=9, rotation=45,
                  rotation_mode="anchor", transform_rotates_text=True, va="top")
        for i, (name, (fpr, tpr, *_)) in enumerate(drawn):
            axes.plot(fpr, tpr, color=COLOURS[i % len(COLOURS)], linestyle=STYLES[i % len(STYLES)],
                      label=f"{name}  {auc(fpr, tpr):.3f}")
        if len(drawn) > 1:
            fpr, tpr = macro_roc(curves)
            axes.plot(fpr, tpr, color="black", linewidth=2.6,
                      label=f"macro mean  {auc(fpr, tpr):.3f}")
        axes.set(xlim=(-0.01, 1.01), ylim=(-0.01, 1.01), aspect="equal")
        axes.set(xlabel="false-positive rate", ylabel="true-positive rate")
        axes.legend(loc="lower right", title="area under the curve", title_fontsize=9,
                    handlelength=3.2, alignment="left")
        axes.set_title(fill(title, 44))


def class_counts(counts, class_names, path, title=""):
    """Images per class in each part, one panel a part.

    counts: dict of part name -> (K,) counts.
    """
    height = 0.34 * len(class_names) + 1.3
    with drawing(path, 3.1 * len(counts) + 0.6, height, title, grid=False) as figure:
        panels = figure.subplots(1, len(counts), sharey=True, squeeze=False)[0]
        rows = np.arange(len(class_names))
        for axes, (part, values) in zip(panels, counts.items()):
            values = np.asarray(values)
            axes.barh(rows, values, color=COLOURS[0], height=0.7)
            for row, n in zip(rows, values):
                axes.text(n, row, f" {n:,}", va="center", fontsize=9)
            axes.set(xlim=(0, max(1, values.max()) * 1.25), xlabel="images")
            axes.set_title(f"{part}: {values.sum():,}")
            axes.spines["left"].set_visible(False)
            axes.tick_params(axis="y", length=0, labelsize=10)
            axes.locator_params(axis="x", nbins=4)
        panels[0].set_yticks(rows, class_names)
        panels[0].invert_yaxis()


def calibration(result, path, title=""):
    """The reliability diagram: accuracy against confidence, and how many images lie where.

    result: the dict of `tinyfer.scores.metrics.reliability`. Bins of a few images get no dot.
    """
    rows = bins_to_draw(result)
    with drawing(path, 5.6, 6) as figure:
        axes, below = figure.subplots(2, 1, sharex=True, height_ratios=(4, 1))
        axes.plot([0, 1], [0, 1], color="#999999", linewidth=1, linestyle=(0, (2, 3)),
                  label="perfectly calibrated")
        axes.plot([row["confidence"] for row in rows], [row["accuracy"] for row in rows],
                  color=COLOURS[0], marker="o", markersize=5,
                  label=f"observed, expected error {result['ece']:.3f}")
        axes.set(xlim=(-0.01, 1.01), ylim=(-0.01, 1.01), ylabel="accuracy")
        axes.legend(loc="upper left")
        axes.set_title(fill(title, 44))
        bins = result["bins"]
        below.bar([(row["low"] + row["high"]) / 2 for row in bins], [row["n"] for row in bins],
                  width=0.9 / len(bins), color=COLOURS[0])
        below.set(ylabel="images", xlabel="confidence: the largest probability")


def over_time(courses, class_names, colours, path):
    """Probabilities over time, one on top of the other: a panel for each of {title: (seconds (n,),
    p (n, K))}."""
    with drawing(path, 9, 1 + 1.6 * len(courses)) as figure:
        panels = figure.subplots(len(courses), sharex=True, squeeze=False)[:, 0]
        for axes, (title, (seconds, p)) in zip(panels, courses.items()):
            areas = axes.stackplot(seconds, p.T, colors=colours, edgecolor="white", linewidth=0.3)
            axes.set(ylim=(0, 1), ylabel=title)
        axes.set_xlabel("seconds")
        figure.legend(areas[::-1], class_names[::-1], loc="outside right upper")


def gallery(images, titles, path, columns=8, title="", grey=(0, 255)):
    """Grey images side by side, each with a line above it.

    images: (N, H, W), shown from grey[0], black, to grey[1], white; titles: N strings.
    """
    rows = max(1, -(-len(images) // columns))
    with drawing(path, 1.15 * columns, 1.38 * rows + 0.4 * bool(title), title) as figure:
        panels = figure.subplots(rows, columns, squeeze=False).ravel()
        for axes in panels:
            axes.set_axis_off()
        for axes, image, name in zip(panels, images, titles):
            axes.imshow(image, cmap="gray", vmin=grey[0], vmax=grey[1])
            axes.set_title(name, fontsize=9, loc="center")


@contextmanager
def drawing(path, width, height, title="", grid=True):
    """A figure to draw on, saved with what has been drawn. width, height: inches."""
    with rc_context(NAMES | {"axes.grid": grid}):
        figure = Figure(figsize=(width, height), layout="constrained")
        FigureCanvasAgg(figure)
        yield figure
        if title:
            figure.suptitle(title, x=0.01, ha="left", fontsize=11)
        save(figure, path)


def luminance(colour):
    """Relative luminance of an sRGB colour: above 0.18, black contrasts more with it than white."""
    rgb = np.asarray(colour[:3])
    linear = np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)
    return linear @ (0.2126, 0.7152, 0.0722)


def save(figure, path):
    """Write a PNG, whole or not at all."""
    with atomic_write(path) as file:
        figure.savefig(file, format="png")
