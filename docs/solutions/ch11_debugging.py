"""Chapter 11, solutions."""

import numpy as np


def by_hand():
    # Ratio rate / sigma, with sigma^2 = 2 / (9 * 64 + 9 * 128) and 2 / (256 + 5)
    a, b = 0.1 / np.sqrt(2 / 1728), 0.1 / np.sqrt(2 / 261)
    # cos(3 pi / 4) = -0.7071; (1 - 0.0001)^2000, about e^-0.2
    return a, b, 5 * (1 - 0.7071), (1 - 1e-4) ** 2000


def update_ratios(model, optimizer):
    before = {p.name: p.value.copy() for p in model.parameters()}
    optimizer.step()
    return {p.name: float(np.linalg.norm(p.value - before[p.name])
                          / np.linalg.norm(before[p.name]))
            for p in model.parameters() if before[p.name].any()}


def dead_units(model, x):
    shares = []
    for layer in model.layers:
        x = layer.forward(x, training=True)
        if getattr(layer, "relu", False):
            shares.append(float((x == 0).all(axis=0).mean()))
    return shares


def recommended(rates, losses):
    finite = np.isfinite(losses).all(axis=1)
    usable = np.logical_and.accumulate(finite)
    return rates[np.where(usable, np.where(finite[:, None], losses, 0).mean(axis=1),
                          np.inf).argmin()] / 3


def diagnosis():
    return {
        "A": "frozen",          # as good as healthy, but the ratio of dense2.w is exactly 0
        "B": "statistics",      # training as if healthy, validation above ln 3 from the start
        "C": "labels",          # ln 3 for ever, though every layer moves
        "D": "rate",            # first ratios of 2 and 3, loss up before down, a quarter dead
        "E": "dead",            # exactly ln 3, no gradient below dense2, all its units 0
    }
