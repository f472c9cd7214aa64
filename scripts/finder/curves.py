"""The curves of a training of the finder, one column a network."""

import json

from matplotlib.figure import Figure

from tinyfer.checkpoint import load_arrays
from tinyfer.plots import COLOURS


def draw_curves(folder):
    """curves.png: loss, and the shares of faces missed and of others taken for faces."""
    made = Figure(figsize=(9, 5), layout="constrained")
    grid = made.subplots(2, 2, sharex="col")
    for column, name in enumerate(("scan", "look")):
        about = load_arrays(folder / f"{name}-last.npz")["about"]
        rows = json.loads(str(about))["history"]
        epochs = range(1, len(rows) + 1)
        upper, lower = grid[:, column]
        upper.plot(epochs, [r["loss"] for r in rows], "-", color=COLOURS[0], label="training")
        upper.plot(epochs, [r["val_loss"] for r in rows], "--", color=COLOURS[1],
                   label="validation")
        lower.plot(epochs, [100 * r["missed"] for r in rows], "-", color=COLOURS[0],
                   label="faces missed, %")
        lower.plot(epochs, [100 * r["false"] for r in rows], "--", color=COLOURS[1],
                   label="others taken for faces, %")
        for k in range(1, len(rows)):
            if rows[k]["round"] != rows[k - 1]["round"]:
                for axes in (upper, lower):
                    axes.axvline(k + 0.5, color="#BBBBBB", linewidth=0.8)
        upper.set_title(name)
        upper.set_ylabel("loss")
        lower.set_xlabel("epoch; grey lines: a new round of hard windows")
        upper.legend()
        lower.legend()
    made.savefig(folder / "curves.png", dpi=120)
