"""Chapter 9: what batch norm does to channels, and what it takes out of a gradient."""

import numpy as np
from figures.style import BLUE, GREEN, INK, ORANGE, bars, figure

from tinyfer.core.inference import to_input
from tinyfer.core.kernels.batchnorm import batchnorm_backward
from tinyfer.core.networks import six_layer_cnn
from tinyfer.data.drawn import draw_faces

X = np.array([1, 7, 9, 15.0])
DOUT = np.array([-1, 2, 1, 2.0])


def before_after():
    x = to_input(draw_faces(64, seed=3).faces)
    model = six_layer_cnn(seed=2)
    for layer in model.layers[:2]:
        x = layer.forward(x, training=True)
    before = model.layers[2].forward(x, training=True)
    after = model.layers[3].forward(before, training=True)
    channels = np.argsort(before.mean(axis=(0, 1, 2)))[::8]
    fig = figure(8, 3)
    for axes, values, title in zip(fig.subplots(1, 2), (before, after),
                                   ("before: after ReLU", "after batch norm")):
        columns = [values[..., c].ravel()[::7] for c in channels]
        axes.boxplot(columns, whis=(5, 95), showfliers=False, showmeans=True, patch_artist=True,
                     boxprops={"facecolor": "#CFE0EC", "edgecolor": BLUE},
                     medianprops={"color": INK}, whiskerprops={"color": BLUE},
                     capprops={"color": BLUE},
                     meanprops={"marker": "o", "markerfacecolor": ORANGE,
                                "markeredgecolor": ORANGE, "markersize": 5})
        axes.set_xticks(range(1, 9), [str(c) for c in channels])
        axes.set(xlabel="channel", ylabel="value", title=title)
    return fig


def projection():
    xhat = (X - X.mean()) / X.std()
    column = DOUT.reshape(4, 1, 1, 1)
    dx, _, _ = batchnorm_backward(column, X.reshape(4, 1, 1, 1), np.array([X.mean()]),
                                  np.array([1 / X.std()]), np.ones(1), True)
    along_xhat = xhat * np.mean(DOUT * xhat)
    panels = (("dout", DOUT, INK), ("along 1: taken out", np.full(4, DOUT.mean()), BLUE),
              ("along xhat: taken out", along_xhat, ORANGE),
              ("what is left", dx.ravel() * X.std(), GREEN))
    fig = figure(8.6, 2.3)
    for axes, (title, values, colour) in zip(fig.subplots(1, 4, sharey=True), panels):
        bars(axes, values, "{:.1f}", 9, color=colour, width=0.7)
        axes.set_xticks(range(4), [f"{x:g}" for x in X])
        axes.set(xlabel="x", ylim=(-2.2, 2.7))
        axes.set_title(title, loc="center", fontsize=10)
    return fig


def shared_means():
    """Which cells of a batch share a mean: images by pixels by channels."""
    fig = figure(8.2, 3.4)
    channel, image = np.arange(6), np.arange(4)[:, None, None]
    parts = {"batch norm": (channel == 2) & (image >= 0),
             "layer norm": (channel >= 0) & (image == 3),
             "group norm": (channel > 2) & (image == 3)}
    for k, (title, shared) in enumerate(parts.items()):
        axes = fig.add_subplot(1, 3, k + 1, projection="3d")
        colours = np.where(np.broadcast_to(shared, (4, 5, 6)), ORANGE, "#EEEEEE")
        axes.voxels(np.ones((4, 5, 6)), facecolors=colours, edgecolor="#777777", linewidth=0.4,
                    shade=False)
        axes.set(title=title, xticks=[], yticks=[], zticks=[], box_aspect=(4, 5, 6))
        axes.set_xlabel("images", labelpad=-12)
        axes.set_ylabel("pixels", labelpad=-12)
        axes.set_zlabel("channels", labelpad=-12)
        axes.view_init(25, -40)
    return fig
