"""Chapter 11, exercises: replace every `raise NotImplementedError`."""

import numpy as np


def by_hand():
    """Exercise 1, by hand. Four numbers, the first three in thousandths; to three decimals.

    (a) and (b): the ratio of Adam's first step with rate 0.0001 for the weights of a convolution
    from 64 to 128 channels and of a dense layer from 256 to 5, both drawn by Glorot's rule.
    (c) The rate of step 75 of 100 along half a cosine that begins at 0.01.
    (d) What is left of a weight of 1 without gradient after 2000 steps with rate 0.001 and weight
    decay 0.1.
    """
    # solution
    # Adam's first step is the rate, up or down, for each of n weights: |dw| = rate sqrt(n), and
    # |w| is about sigma sqrt(n).
    # Ratio rate / sigma, with sigma^2 = 2 / (9 * 64 + 9 * 128) and 2 / (256 + 5)
    a, b = 0.1 / np.sqrt(2 / 1728), 0.1 / np.sqrt(2 / 261)
    # cos(3 pi / 4) = -0.7071; (1 - 0.0001)^2000, about e^-0.2
    return a, b, 5 * (1 - 0.7071), (1 - 1e-4) ** 2000


def update_ratios(model, optimizer):
    """Exercise 2. Take one step of the optimizer (the gradients are there already) and return
    {name: |dw| / |w|} for every parameter of the model that was not all zero before.

    |dw|: length of the change; |w|: length before the step.
    """
    # solution
    before = {p.name: p.value.copy() for p in model.parameters()}
    optimizer.step()
    return {p.name: float(np.linalg.norm(p.value - before[p.name])
                          / np.linalg.norm(before[p.name]))
            for p in model.parameters() if before[p.name].any()}


def dead_units(model, x):
    """Exercise 3. For each layer of the model with ReLU (layer.relu is True), in order, the
    fraction of its units that are 0 for every row of x; everything in training mode. A list of
    floats.
    """
    # solution
    shares = []
    for layer in model.layers:
        x = layer.forward(x, training=True)
        if getattr(layer, "relu", False):
            shares.append(float((x == 0).all(axis=0).mean()))
    return shares


def recommended(rates, losses):
    """Exercise 4. A third of the rate with the lowest mean loss.

    rates (R,), ascending; losses (R, S): of S seeds each. A rate at which one seed or more ended in
    NaN or infinity does not count, nor does any rate above it.
    """
    # solution
    finite = np.isfinite(losses).all(axis=1)
    usable = np.logical_and.accumulate(finite)
    return rates[np.where(usable, np.where(finite[:, None], losses, 0).mean(axis=1),
                          np.inf).argmin()] / 3


def diagnosis():
    """Exercise 5. What is wrong with the trainings A to E: a dict letter -> key of CAUSES.

    `observe("A")` gives you what the instruments saw, `observe("healthy")` something to compare
    with, and sabotage.CAUSES the possible verdicts, more than five. Note which number convinced
    you. (Reading sabotage.py would tell, and teach nothing.)
    """
    # solution
    return {
        "A": "frozen",          # as good as healthy, but the ratio of dense2.w is exactly 0
        "B": "statistics",      # training as if healthy, validation above ln 3 from the start
        "C": "labels",          # ln 3 for ever, though every layer moves
        "D": "rate",            # first ratios of 2 and 3, loss up before down, a quarter dead
        "E": "dead",            # exactly ln 3, no gradient below dense2, all its units 0
    }
