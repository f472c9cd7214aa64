"""Chapter 16: schedules, and what becomes of noise."""

import numpy as np
from figures.style import COLOURS, STYLES, plot

from tinyfer.core.optim import SCHEDULES

STEPS, WALKS = 400, 2000


def rates():
    fig, (left, right) = plot(8, 3.3, 1, 2)
    shares = np.arange(STEPS) / STEPS
    for (name, schedule), colour, style in zip(SCHEDULES.items(), COLOURS, STYLES):
        left.plot(shares, [schedule(s) for s in shares], color=colour, linestyle=style, label=name)
    left.set(xlabel="share of the steps that are done", title="rate, of the highest", ylim=(0, 1.3))
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
    low, _ = walk(lambda s: 0.005)
    falling, _ = walk(lambda s: 0.5 * SCHEDULES["cosine"](s))
    named = (("rate 0.5", high), ("rate 0.005", low), ("0.5, falling", falling),
             ("0.5, running mean", mean))
    for (name, losses), colour, style in zip(named, COLOURS, STYLES):
        right.plot(losses, color=colour, linestyle=style, label=name)
    right.set(yscale="log", xlabel="step", title="loss", ylim=(0.003, 60))
    right.legend(loc="upper right", ncol=2)
    return fig
