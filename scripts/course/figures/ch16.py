"""Chapter 16: schedules, and what becomes of noise."""

import numpy as np
from figures.style import COLOURS, STYLES, picture, plot
from PIL import Image

from tinyfer.core.optim import SCHEDULES
from tinyfer.data.drawn import EMOTIONS, draw_face

STEPS, WALKS = 400, 2000


def rates():
    fig, (left, right) = plot(8, 3.3, 1, 2)
    shares = np.arange(STEPS) / STEPS
    for (name, schedule), colour, style in zip(SCHEDULES.items(), COLOURS, STYLES):
        left.plot(shares, [schedule(s) for s in shares], color=colour, linestyle=style, label=name)
    left.set(xlabel="fraction of the steps done", title="rate, of the highest", ylim=(0, 1.3))
    left.legend(loc="upper right", ncol=3)

    def walk(rate):
        """Loss of a valley of curvature 1 with noise of size 1, from 3; and of a running mean."""
        rng = np.random.default_rng(0)
        w, losses, means = np.full(WALKS, 3.0), [], []
        mean = w
        for t in range(STEPS):
            w = w - rate(t / STEPS) * (w + rng.standard_normal(WALKS))
            decay = min(0.98, (t + 1) / (t + 10))
            mean = decay * mean + (1 - decay) * w
            losses.append((w @ w) / (2 * WALKS))
            means.append((mean @ mean) / (2 * WALKS))
        return losses, means

    high, mean = walk(lambda s: 0.5)
    for (name, losses), colour, style in zip((
            ("rate 0.5", high), ("rate 0.005", walk(lambda s: 0.005)[0]),
            ("0.5, falling", walk(lambda s: 0.5 * SCHEDULES["cosine"](s))[0]),
            ("0.5, running mean", mean)), COLOURS, STYLES):
        right.plot(losses, color=colour, linestyle=style, label=name)
    right.set(yscale="log", xlabel="step", title="loss", ylim=(0.003, 60))
    right.legend(loc="upper right", ncol=2)
    return fig


def changed():
    """One face rotated, erased and mixed with another, and the label that goes with each."""
    one, other = draw_face("happy", seed=3), draw_face("surprise", seed=5)
    erased = one.copy()
    erased[22:34, 8:24] = 128
    hard, mixed = np.eye(7)[3], 0.7 * np.eye(7)[3] + 0.3 * np.eye(7)[6]
    shown = (("as it is", one, hard), ("smoothed label", one, 0.9 * hard + 0.1 / 7),
             ("rotated", np.asarray(Image.fromarray(one).rotate(12, fillcolor=160)), hard),
             ("erased", erased, hard), ("mixup", 0.7 * one + 0.3 * other, mixed))
    fig, grid = plot(8.2, 3.2, 2, 5, sharey="row", height_ratios=(3, 2))
    for above, below, (title, image, label) in zip(*grid, shown):
        picture(above, image, title)
        below.bar(range(7), label)
        below.set_xticks(range(7), [name[:3] for name in EMOTIONS], rotation=90)
    return fig
