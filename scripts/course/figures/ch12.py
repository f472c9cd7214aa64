"""Chapter 12: a face as a training batch sees it; what dropout does, and the size of a network."""

import numpy as np
from figures.ch13 import _curves
from figures.small import scores, small_cnn, train
from figures.style import BLUE, ORANGE, STYLES, picture, plot

from tinyfer.data.augment import augment
from tinyfer.data.drawn import draw_face, draw_faces


def augmentation():
    face = draw_face("surprise", seed=4, tilt=0.2, gaze_u=0.06, covered=1, hand_u=0.75, hand_v=0.35)
    batch = augment(np.repeat(face[None], 8, axis=0), np.random.default_rng(5))[..., 0]
    fig, panels = plot(8, 3.4, 2, 5)
    picture(panels[0, 0], face, "as it is")
    panels[1, 0].set_visible(False)
    for axes, x in zip(panels[:, 1:].ravel(), batch):
        picture(axes, x, "", 0, 1)
    return fig


def dropout():
    """Loss over the epochs with and without dropout: 300 faces to learn from, 3 seeds."""
    known, unseen = draw_faces(300, seed=0), draw_faces(1000, seed=1)
    fig, (left, right) = plot(8, 3.3, 1, 2)
    epochs = np.arange(1, 61)
    for rate, colour in ((0.0, ORANGE), (0.5, BLUE)):
        seen = np.mean([train(small_cnn(seed, rate=rate), known, 60,
                              watch=lambda model: (scores(model, known), scores(model, unseen)))
                        for seed in range(3)], axis=0)
        for axes, quantity in ((left, 0), (right, 1)):
            axes.plot(epochs, seen[:, 1, quantity], color=colour, label=f"new faces, rate {rate:g}")
            axes.plot(epochs, seen[:, 0, quantity], color=colour, linestyle=STYLES[1],
                      label=f"training faces, rate {rate:g}")
    left.set_ylim(0, 2.6)
    right.set_ylim(0, 1.02)
    for axes, name in ((left, "loss, without dropout"), (right, "accuracy")):
        axes.set(xlabel="epoch", ylabel=name.replace(", without dropout", " in evaluation mode"))
    fig.legend(*left.get_legend_handles_labels(), loc="outside lower center", ncols=2)
    return fig


def size():
    """Loss on 150 training examples and on 1,500 others after 60 epochs, by width; three draws."""
    widths = 2 ** np.arange(9)
    fig, axes = plot(6.4, 3.4)
    ends = np.array([[[part[-1] for part in _curves(150, 5e-3, width, seed)] for seed in range(3)]
                     for width in widths])
    for k, (name, colour, style) in enumerate((("training", BLUE, "--"), ("new", ORANGE, "-"))):
        axes.plot(widths, ends[..., k].mean(axis=1), style, color=colour, label=name)
        axes.plot(widths, ends[..., k], ".", color=colour)
    axes.set_xscale("log", base=2)
    axes.set(xlabel="neurons in each of two hidden layers", ylabel="loss", ylim=(0, None))
    axes.legend()
    return fig
