"""The ladder as a picture, and pairs of learning curves for the chapters."""

import numpy as np
from figures.style import COLOURS, FAINT, INK, STYLES, figure

from tinyfer.scores import plots

# Chapter -> the runs whose curves it shows: rung, seed, and their name in the picture.
SHOWN = {
    "initialisation": (("six-plain", 0, "Glorot's weights"),
                       ("tiny-weights", 0, "weights drawn too small"),
                       ("tiny-weights-norm", 0, "too small, with batch norm")),
    "batch-norm": (("six-plain", 0, "without batch norm"), ("six-norm", 0, "with batch norm"),
                   ("six-plain", 2, "without, another seed")),
    "adam": (("sgd", 0, "descent"), ("momentum", 0, "momentum"), ("six-norm", 0, "Adam")),
    "generalising": (("six-norm", 0, "neither"), ("shift", 0, "shifts and mirror images"),
                     ("dropout", 0, "these and dropout")),
    "what-makes-the-difference": (("study", 0, "the study's recipe"), ("one-cycle", 0, "one cycle"),
                                  ("best-80", 0, "the best")),
}
SMOOTHED = "what-makes-the-difference",     # chapters whose rungs have losses that do not compare


def draw(rows, folder):
    """ladder.png, and ladder-CHAPTER.png for each whose runs are all there."""
    plots.save(ladder(rows), folder / "ladder.png")
    curves_of = {(row["rung"], row["seed"]): row["curves"] for row in rows}
    for chapter, shown in SHOWN.items():
        named = [(label, curves_of.get((rung, seed))) for rung, seed, label in shown]
        if all(values for _, values in named):
            left = "accuracy" if chapter in SMOOTHED else "loss"
            plots.save(curves(named, left), folder / f"ladder-{chapter}.png")


def ladder(rows):
    """Accuracy of every rung that was run, the lowest at the bottom, a group for each length of
    training: a ring for each seed and their mean as a figure, and the interval of the first.
    """
    rungs, epochs = {}, 0
    for row in rows:
        epochs = row["epochs"] or epochs        # crops are of the network of the row before
        rungs.setdefault((epochs, row["idea"]), []).append(row)
    names = sorted(rungs, key=lambda rung: rung[0])
    lengths = sorted({epochs for epochs, _ in names})
    heights = [i + lengths.index(epochs) for i, (epochs, _) in enumerate(names)]
    made = figure(8, 1.2 + 0.3 * heights[-1])
    axes = made.subplots()
    for height, (epochs, idea) in zip(heights, names):
        seeds = [100 * row["accuracy"] for row in rungs[epochs, idea]]
        low, high = (100 * value for value in rungs[epochs, idea][0]["interval"])
        axes.plot([low, high], [height, height], color=COLOURS[0], linewidth=2)
        axes.plot(seeds, [height] * len(seeds), "o", color=INK, markersize=5, fillstyle="none")
        axes.annotate(f"{np.mean(seeds):.1f}", (max(high, *seeds), height), (7, 0),
                      textcoords="offset points", va="center", fontsize=9)
    for epochs in lengths:
        top = max(height for height, name in zip(heights, names) if name[0] == epochs)
        axes.text(0.01, top + 0.85, f"{epochs} epochs", fontsize=9, fontweight="bold", va="center",
                  transform=axes.get_yaxis_transform())
    axes.set_yticks(heights, [idea for _, idea in names])
    axes.set_ylim(-0.7, heights[-1] + 1.3)
    axes.margins(x=0.1)
    axes.set_xlabel("accuracy on PublicTest, %")
    axes.grid(axis="y", visible=False)
    return made


def curves(named, left_key="loss"):
    """Training loss, or accuracy, and validation accuracy over the epochs: list of (name, curves of
    a record)."""
    made = figure(8, 3)
    left, right = made.subplots(1, 2)
    for (name, values), colour, style in zip(named, COLOURS, STYLES):
        for axes, key in (left, left_key), (right, "val_accuracy"):
            shown = np.array(values[key]) * (1 if key == "loss" else 100)
            axes.plot(range(1, len(shown) + 1), shown, color=colour, linestyle=style, marker=".",
                      label=name)
    left.set_title("training loss (nats)" if left_key == "loss" else "accuracy in training, %")
    right.set_title("accuracy on PublicTest, %")
    for axes in (left, right):
        axes.set_xlabel("epoch")
        axes.spines[["left", "bottom"]].set_color(FAINT)
    left.legend()
    return made
