"""Chapter 2: softmax step by step, and the templates a linear classifier learns."""

import numpy as np
from figures.style import BLUE, INK, figure, picture

from tinyfer.core.losses import softmax, softmax_cross_entropy
from tinyfer.data.drawn import draw_faces


def softmax_steps():
    z = np.array([[1.0, 2.0, 0.0]])
    _, dz = softmax_cross_entropy(z, np.array([0]), [2, 1, 1])
    steps = {"logits z": z[0], "exp(z)": np.exp(z[0]), "p": softmax(z)[0],
             "dz = s (p − one-hot)": dz[0]}
    fig = figure(8, 2.3)
    for axes, (title, values) in zip(fig.subplots(1, 4), steps.items()):
        axes.bar(range(3), values, color=[BLUE, "#9DB7CC", "#9DB7CC"], width=0.65)
        for k, value in enumerate(values):
            above = value >= 0
            axes.annotate(f"{value:.2f}".replace("-", "−"), (k, value), ha="center", fontsize=10,
                          xytext=(0, 2 if above else -2), textcoords="offset points",
                          va="bottom" if above else "top")
        axes.axhline(0, color=INK, linewidth=0.8)
        axes.set_xticks(range(3), ["0 (label)", "1", "2"])
        axes.tick_params(axis="x", length=0)
        axes.set_yticks([])
        axes.grid(False)
        axes.spines[:].set_visible(False)
        axes.margins(y=0.18)
        axes.set_title(title, loc="center")
    return fig


def templates():
    data = draw_faces(3000, seed=1)
    x = data.faces.reshape(len(data), -1) / 255
    x = ((x - x.mean(axis=1, keepdims=True)) / x.std(axis=1, keepdims=True)).astype(np.float32)
    w = np.zeros((2304, 7), np.float32)
    for _ in range(60):
        w -= 0.01 * x.T @ softmax_cross_entropy(x @ w, data.labels)[1]
    fig = figure(8, 1.35)
    limit = np.abs(w).max() * 0.7
    for axes, template, name in zip(fig.subplots(1, 7), w.T, data.class_names):
        picture(axes, template.reshape(48, 48), name, -limit, limit)
    return fig


FIGURES = {"02-softmax": softmax_steps, "02-templates": templates}
