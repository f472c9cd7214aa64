"""Chapter 13: learning curves of small trainings, healthy and not."""

import numpy as np
from figures.style import BLUE, ORANGE, STYLES, figure

from tinyfer.core.layers import Dense
from tinyfer.core.losses import softmax_cross_entropy
from tinyfer.core.model import Sequential
from tinyfer.core.optim import Adam

EPOCHS = 60


def _spirals(n, rng):
    """n points on two spirals, of which a tenth carries the wrong label."""
    labels = rng.integers(0, 2, n)
    turn = rng.uniform(0.5, 2, n) * np.pi
    angle = turn + np.pi * labels
    x = turn[:, None] / np.pi * np.stack([np.cos(angle), np.sin(angle)], axis=1)
    x += 0.12 * rng.standard_normal((n, 2))
    return x.astype(np.float32), np.where(rng.random(n) < 0.1, 1 - labels, labels)


def _curves(n, lr, width=48, seed=0):
    rng = np.random.default_rng(seed)
    x, labels = _spirals(n, rng)
    x_val, labels_val = _spirals(1500, rng)
    model = Sequential([Dense(2, width, rng, relu=True), Dense(width, width, rng, relu=True),
                        Dense(width, 2, rng)], input_shape=(2,), rng=rng)
    optimizer = Adam(model.parameters(), lr=lr)
    training, validation = [], []
    for _ in range(EPOCHS):
        order, total = rng.permutation(n), 0.0
        for first in range(0, n, 20):
            batch = order[first:first + 20]
            loss, dlogits = softmax_cross_entropy(model.forward(x[batch], True), labels[batch])
            model.backward(dlogits)
            optimizer.step()
            total += loss * len(batch)
        training.append(total / n)
        validation.append(softmax_cross_entropy(model.forward(x_val), labels_val)[0])
    return training, validation


def curves():
    fig = figure(8.4, 4.8)
    epochs = np.arange(1, EPOCHS + 1)
    for axes, (title, n, lr) in zip(fig.subplots(2, 2, sharex=True).ravel(), (
        ("healthy", 800, 3e-3), ("overfitting: 60 examples", 60, 2e-2),
        ("rate too small", 800, 2e-5), ("rate too large", 800, 1),
    )):
        training, validation = _curves(n, lr)
        axes.plot(epochs, training, color=BLUE, linestyle=STYLES[1], label="training")
        axes.plot(epochs, validation, color=ORANGE, linestyle=STYLES[0], label="validation")
        axes.axhline(np.log(2), color="#777777", linewidth=0.8)
        axes.set(ylim=(0, 1), title=f"{title} (rate {lr:g})")
    for axes in fig.axes[2:]:
        axes.set_xlabel("epoch")
    for axes in fig.axes[::2]:
        axes.set_ylabel("loss")
    fig.axes[0].text(60, np.log(2) + 0.03, "ln 2", ha="right", fontsize=9)
    fig.axes[0].legend(loc="upper right", bbox_to_anchor=(1, 0.68))
    return fig
