"""Chapter 2: softmax step by step, and the templates a linear classifier learns."""

import numpy as np
from figures.style import BLUE, bars, figure, picture

from tinyfer.core import losses
from tinyfer.data.drawn import draw_faces


def softmax():
    z = np.array([[1.0, 2.0, 0.0]])
    _, dz = losses.softmax_cross_entropy(z, np.array([0]), [2, 1, 1])
    steps = {"logits z": z[0], "exp(z)": np.exp(z[0]), "p": losses.softmax(z)[0],
             "dz = s (p − one-hot)": dz[0]}
    fig = figure(8, 2.3)
    for axes, (title, values) in zip(fig.subplots(1, 4), steps.items()):
        bars(axes, values, "{:.2f}", 10, color=[BLUE, "#9DB7CC", "#9DB7CC"], width=0.65)
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
        w -= 0.01 * x.T @ losses.softmax_cross_entropy(x @ w, data.labels)[1]
    fig = figure(8, 1.35)
    limit = np.abs(w).max() * 0.7
    for axes, template, name in zip(fig.subplots(1, 7), w.T, data.class_names):
        picture(axes, template.reshape(48, 48), name, -limit, limit)
    return fig
