"""Chapter 6: what batch norm does to channels, and what it takes out of a gradient."""

import numpy as np

from figures.style import BLUE, GREEN, INK, ORANGE, STYLES, figure
from tinyfer.architectures import six_layer_cnn
from tinyfer.augment import to_input
from tinyfer.datasets.toyfaces import draw_faces
from tinyfer.kernels.batchnorm import batchnorm_backward

X = np.array([1, 7, 9, 15.0])
DOUT = np.array([-1, 2, 1, 2.0])


def channels():
    x = to_input(draw_faces(32, seed=0).faces, np.float32)
    model = six_layer_cnn(seed=0)
    before = [x]
    for layer in model.layers[:8]:
        before.append(layer.forward(before[-1], training=True))
    x, out = (a.reshape(-1, a.shape[-1]) for a in before[7:9])
    order = np.argsort(x.mean(axis=0))
    made = figure(8, 3)
    left, right = made.subplots(1, 2)
    for axes, values, low, high, title in ((left, x, 0, 0.35, "before: convolution 3 + ReLU"),
                                           (right, out, -3.5, 4.5, "after batch norm")):
        bins = np.linspace(low, high, 60)
        for c, colour, style in zip(order[[40, 80, -1]], (BLUE, ORANGE, GREEN), STYLES):
            counts, _ = np.histogram(values[:, c], bins)
            axes.plot((bins[1:] + bins[:-1]) / 2, counts / len(values), color=colour,
                      linestyle=style, label=f"channel {c}")
        axes.set_title(title, fontsize=10)
        axes.set_xlabel("value")
    left.set_ylabel("share of the values")
    left.legend()
    return made


def projection():
    xhat = (X - X.mean()) / X.std()
    column = DOUT.reshape(4, 1, 1, 1)
    dx, _, _ = batchnorm_backward(column, X.reshape(4, 1, 1, 1), np.array([X.mean()]),
                                  np.array([1 / X.std()]), np.ones(1), True)
    along_xhat = xhat * np.mean(DOUT * xhat)
    panels = (("dout", DOUT, INK), ("along 1: taken out", np.full(4, DOUT.mean()), BLUE),
              ("along xhat: taken out", along_xhat, ORANGE),
              ("what is left", dx.ravel() * X.std(), GREEN))
    made = figure(8.6, 2.3)
    for axes, (title, values, colour) in zip(made.subplots(1, 4, sharey=True), panels):
        axes.bar(range(4), values, color=colour, width=0.7)
        axes.axhline(0, color=INK, linewidth=0.8)
        for i, value in enumerate(values):
            axes.annotate(f"{value:.1f}".replace("-", "−"), (i, value), ha="center",
                          va="bottom" if value >= 0 else "top", fontsize=9)
        axes.set_xticks(range(4), [f"{x:g}" for x in X])
        axes.set_xlabel("x")
        axes.set_title(title, loc="center", fontsize=10)
        axes.set_ylim(-2.1, 2.6)
    return made


FIGURES = {"06-channels": channels, "06-projection": projection}
