"""Chapter 14: ROC and Wilson's interval."""

import numpy as np
from figures.style import BLUE, INK, ORANGE, STYLES, plot

from tinyfer.scores.metrics import roc_curve, wilson_interval


def roc():
    positive = np.array([True, True, True, False, False, False, False])
    scores = np.array([0.9, 0.8, 0.4, 0.7, 0.4, 0.2, 0.1])
    fpr, tpr, _ = roc_curve(positive, scores)
    fig, axes = plot(7.5, 4.4)
    axes.fill_between(fpr, tpr, color=BLUE, alpha=0.15, linewidth=0)
    axes.vlines(np.arange(1, 5) / 4, 0, 1, color="#999999", linewidth=0.8)
    axes.hlines(np.arange(1, 4) / 3, 0, 1, color="#999999", linewidth=0.8)
    axes.plot([0, 1], [0, 1], color=INK, linestyle=STYLES[2], linewidth=1)
    axes.plot(fpr, tpr, color=BLUE, linewidth=2.5, marker="o")
    axes.text(0.125, 5 / 6, "0.4 < 0.7", ha="center", va="center", fontsize=10)
    axes.text(0.405, 5 / 6 - 0.08, "0.4 = 0.4", ha="center", va="center", fontsize=10)
    for i, score in enumerate(scores[~positive]):
        axes.text((i + 0.5) / 4, 1.04, f"{score:g}", ha="center", fontsize=10)
    for j, score in enumerate(scores[positive]):
        axes.text(1.03, (j + 0.5) / 3, f"{score:g}", va="center", fontsize=10)
    axes.text(0.5, 1.13, "score of the negative", ha="center", fontsize=10)
    axes.text(1.12, 0.5, "score of the positive", va="center", ha="center", rotation=90,
              fontsize=10)
    axes.set(xlim=(-0.02, 1.16), ylim=(-0.02, 1.19))
    axes.grid(False)
    axes.set_xticks(np.arange(5) / 4, ["0", "1/4", "1/2", "3/4", "1"])
    axes.set_yticks(np.arange(4) / 3, ["0", "1/3", "2/3", "1"])
    axes.set(xlabel="false-positive rate", ylabel="true-positive rate")
    return fig


def wilson(n=20, k=19, z=1.96):
    p = np.linspace(0, 1, 400)
    width = z * np.sqrt(p * (1 - p) / n)
    fig, (axes, below) = plot(7.5, 5, 2, 1, sharex=True, height_ratios=(5, 1))
    axes.fill_between(p, p - width, p + width, color="#D9D9D9", linewidth=0)
    axes.plot(p, np.column_stack([p - width, p + width]), color=INK, linewidth=1)
    fraction = k / n
    low, high = wilson_interval(k, n)
    usual = z * np.sqrt(fraction * (1 - fraction) / n)
    axes.plot([low, high], [fraction, fraction], color=BLUE, linewidth=4, solid_capstyle="butt")
    axes.text(0.03, fraction, f"observed: {k} of {n}", va="center")
    axes.plot([0.3, low], [fraction, fraction], color=INK, linewidth=0.8, linestyle=STYLES[2])
    axes.text(0.42, 0.42, "pairs that fit together", ha="center", va="center", rotation=28)
    axes.set(ylabel=f"observed fraction, {n} images", ylim=(0, 1.1))
    for height, name, colour, ends in ((1, "Wilson", BLUE, (low, high)),
                                       (0, "usual", ORANGE, (fraction - usual, fraction + usual))):
        below.plot(ends, [height, height], color=colour, linewidth=4, solid_capstyle="butt")
        below.text(0.03, height, f"{name}: {ends[0]:.2f} to {ends[1]:.2f}", color=colour,
                   va="center")
    for end in low, high:
        below.plot([end, end], [1, 1.9], color=BLUE, linewidth=0.8, clip_on=False)
        axes.plot([end, end], [0, fraction], color=BLUE, linewidth=0.8)
    for panel in axes, below:
        panel.axvline(1, color=INK, linewidth=0.8)
    below.grid(False)
    below.spines["left"].set_visible(False)
    below.set(xlabel="true fraction p", xlim=(0, 1.12), ylim=(-0.7, 1.9), yticks=[])
    return fig
