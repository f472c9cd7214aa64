"""Chapter 8: what the first weights do to the signal."""

import numpy as np
from figures.style import BLUE, GREEN, INK, ORANGE, STYLES, plot

from tinyfer.core.inference import to_input
from tinyfer.core.layers import Conv2D, Dense
from tinyfer.core.networks import six_layer_cnn
from tinyfer.data.drawn import draw_faces


def _mean_squares(rule, x, training=False):
    """Mean square of x and after each layer with weights; rule: variance from the two fans."""
    rng = np.random.default_rng(0)
    model = six_layer_cnn(seed=0)
    sizes = [np.mean(x ** 2)]
    for layer in model.layers[:-1]:
        if isinstance(layer, (Conv2D, Dense)):
            w = layer.w.value
            window = np.prod(w.shape[:-2])
            std = np.sqrt(rule(window * w.shape[-2], window * w.shape[-1]))
            w[...] = rng.normal(0, std, w.shape)
        x = layer.forward(x, training)
        if isinstance(layer, (Conv2D, Dense)):
            sizes.append(np.mean(x.astype(np.float64) ** 2))
    return sizes


def signal():
    x = to_input(draw_faces(8, seed=0).faces)
    curves = {
        "with batch norm (Glorot)": (lambda i, o: 2 / (i + o), True, GREEN, STYLES[2]),
        "He, 2 / fan-in": (lambda i, o: 2 / i, False, BLUE, STYLES[0]),
        "Glorot, 2 / (fan-in + fan-out)": (lambda i, o: 2 / (i + o), False, ORANGE, STYLES[1]),
        "standard deviation 0.01": (lambda i, o: 1e-4, False, INK, STYLES[3]),
    }
    fig, axes = plot(7.5, 3.6)
    for name, (rule, training, colour, style) in curves.items():
        sizes = _mean_squares(rule, x, training)
        axes.semilogy(sizes, color=colour, linestyle=style, marker="o", markersize=3.5)
        axes.text(7.15, sizes[-1], name, color=colour, va="center", fontsize=9)
    axes.set_xlim(-0.2, 10.6)
    axes.set_xticks(range(8), ["input", "conv1", "conv2", "conv3", "conv4", "conv5", "conv6",
                               "dense1"])
    axes.set_ylabel("mean square after the ReLU")
    return fig
