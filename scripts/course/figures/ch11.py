"""Chapter 11: trainings that fail, the signal through the layers, the sweep of the rate."""

import sys
from pathlib import Path

import numpy as np
from figures.style import BLUE, GREEN, INK, ORANGE, STYLES, plot

from tinyfer.core.losses import softmax_cross_entropy
from tinyfer.core.optim import Adam

sys.path.append(str(Path(__file__).resolve().parents[3] / "docs" / "exercises"))

from sabotage import features, network, observe  # noqa: E402


def five():
    fig, panels = plot(10, 4.6, 2, 6, sharey="row", sharex=True)
    for (above, below), letter in zip(panels.T, ("healthy", *"ABCDE")):
        seen = observe(letter)
        steps = np.arange(1, len(seen.loss) + 1)
        above.plot(steps, seen.loss, color=BLUE, linestyle=STYLES[1], linewidth=1.1)
        above.plot(steps[9::10], seen.validation, color=ORANGE)
        above.axhline(np.log(3), color="#777777", linewidth=0.8)
        above.set_ylim(0, 2)
        above.set_title(letter, loc="center")
        for (name, ratios), colour, style in zip(seen.ratios.items(), (BLUE, ORANGE, GREEN),
                                                 STYLES):
            below.plot(steps, np.maximum(ratios, 1e-6), color=colour, linestyle=style,
                       linewidth=1.2, label=name)
        below.set(yscale="log", ylim=(7e-7, 5), xlabel="step")
    panels[0, 0].set_ylabel("loss")
    panels[1, 0].set_ylabel("ratio of update to weight\n(0 drawn at 1e-6)")
    fig.legend(*panels[1, 0].get_legend_handles_labels(), loc="outside lower center", ncols=3)
    return fig


def activations():
    x, y = features(300, 0)
    fig, panels = plot(8.4, 4.6, 2, 3, sharey="row")
    for (above, below), scale in zip(panels.T, (0.3, 1, 3)):
        model = network(0, 5, norm=False)
        for p in model.parameters():
            p.value *= scale if p.name.endswith(".w") else 1
        h, outputs, gradients = x, [], []
        for layer in model.layers:
            h = layer.forward(h, training=True)
            outputs.append(h)
        dout = softmax_cross_entropy(h, y)[1]
        for layer in reversed(model.layers):
            gradients.insert(0, dout)
            dout = layer.backward(dout)
        for axes, arrays in ((above, outputs), (below, gradients)):
            for number, array in enumerate(arrays[:5]):
                values = np.log10(np.abs(array[array != 0]))
                share, edges = np.histogram(values, np.linspace(-11, 4, 121), density=True)
                axes.plot((edges[1:] + edges[:-1]) / 2, share, linewidth=1.3,
                          color=str(0.75 - 0.18 * number))
        above.set_title(f"weights × {scale:g}", loc="center")
        above.set_xlim(-6, 4)
        below.set_xlim(-10, 2)
        above.set_xlabel("log10 of the outputs")
        below.set_xlabel("log10 of the gradients")
    for axes in panels[:, 0]:
        axes.set_ylabel("density")
    panels[0, 2].text(-5.7, 0.8, "light: first\nhidden layer,\ndark: fifth", fontsize=9)
    return fig


def rates(steps=120, seeds=5):
    x, y = features(600, 0)
    tried = np.logspace(-4.5, 0.5, 11)

    def last_loss(lr, norm, falling, seed):
        model, rng = network(seed, 3, norm), np.random.default_rng(seed)
        optimizer, losses = Adam(model.parameters(), lr=lr), []
        for t in range(steps):
            if falling:
                optimizer.lr = lr * (1 + np.cos(np.pi * t / steps)) / 2
            rows = rng.permutation(600)[:64]
            with np.errstate(all="ignore"):
                loss, dlogits = softmax_cross_entropy(model.forward(x[rows], True), y[rows])
            if not np.isfinite(loss):
                return np.inf
            model.backward(dlogits)
            optimizer.step()
            losses.append(loss)
        return np.mean(losses[-20:])

    fig, axes = plot(7.2, 3.7)
    for name, norm, falling, colour, style, marker in (
        ("with batch norm", True, False, BLUE, STYLES[0], "o"),
        ("with batch norm, falling rate", True, True, GREEN, STYLES[3], "^"),
        ("without batch norm", False, False, ORANGE, STYLES[1], "s"),
    ):
        losses = [np.mean([last_loss(lr, norm, falling, seed) for seed in range(seeds)])
                  for lr in tried]
        axes.plot(tried, losses, color=colour, linestyle=style, marker=marker, markersize=4,
                  label=name)
    axes.axhline(np.log(3), color=INK, linewidth=0.8)
    axes.text(3.2e-5, np.log(3) - 0.03, "ln 3", va="top")
    axes.set(xscale="log", ylim=(0, 1.8), xlabel="learning rate",
             ylabel=f"loss of the last 20 of {steps} steps")
    axes.legend(loc="lower right")
    return fig
