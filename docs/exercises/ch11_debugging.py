"""Chapter 11, exercises: replace every `raise NotImplementedError` until this passes:

    pytest docs/exercises/ch11_debugging.py
"""

import hashlib

import checker
import numpy as np
from checker import same, true
from sabotage import CAUSES, network, observe

from tinyfer import Adam, softmax_cross_entropy

HASHES = {"A": "f0a1b7a4", "B": "31f3ea74", "C": "6e863638",
          "D": "6771aec9", "E": "f45a2ff4"}


def by_hand():
    """Exercise 1, by hand. Four numbers, the first three in thousandths; to three decimals.

    (a) and (b): the ratio of Adam's first step with rate 0.0001 for the weights of a convolution
    from 64 to 128 channels and of a dense layer from 256 to 5, both drawn by Glorot's rule.
    (c) The rate of step 75 of 100 along half a cosine that begins at 0.01.
    (d) What is left of a weight of 1 without gradient after 2000 steps with rate 0.001 and weight
    decay 0.1.
    """
    raise NotImplementedError


def update_ratios(model, optimizer):
    """Exercise 2. Take one step of the optimizer (the gradients are there already) and return
    {name: |dw| / |w|} for every parameter of the model that was not all zero before.

    |dw|: length of the change; |w|: length before the step.
    """
    raise NotImplementedError


def dead_units(model, x):
    """Exercise 3. For each layer of the model with ReLU (layer.relu is True), in order, the share
    of its units that are 0 for every row of x; everything in training mode. A list of floats.
    """
    raise NotImplementedError


def recommended(rates, losses):
    """Exercise 4. A third of the rate with the lowest mean loss.

    rates (R,), ascending; losses (R, S): of S seeds each. A rate at which one seed or more ended in
    NaN or infinity does not count, nor does any rate above it.
    """
    raise NotImplementedError


def diagnosis():
    """Exercise 5. What is wrong with the trainings A to E: a dict letter -> key of CAUSES.

    `observe("A")` gives you what the instruments saw, `observe("healthy")` something to compare
    with, and sabotage.CAUSES the possible verdicts, more than five. Note which number convinced
    you. (Reading sabotage.py would tell, and teach nothing.)
    """
    raise NotImplementedError


def test_by_hand():
    checker.by_hand("debugging", by_hand())


def _after_backward(seed):
    rng = np.random.default_rng(seed)
    model = network(seed)
    x, labels = rng.standard_normal((20, 144)).astype(np.float32), rng.integers(0, 3, 20)
    model.backward(softmax_cross_entropy(model.forward(x, training=True), labels)[1])
    return model, x


def test_update_ratios():
    model, _ = _after_backward(0)
    frozen = [p for p in model.parameters() if p.name != "dense2.w"]
    before = {p.name: p.value.copy() for p in model.parameters()}
    ratios = update_ratios(model, Adam(frozen, lr=0.01))
    length = np.linalg.norm
    names = [name for name, value in before.items() if value.any()]
    true(sorted(ratios) == sorted(names), f"ratios of {sorted(ratios)}; expected {sorted(names)}: "
                                          "all that were not zero before the step, "
                                          "of which you keep a copy")
    after = {p.name: p.value for p in model.parameters()}
    change = {name: after[name] - before[name] for name in names}
    true(any(value.any() for value in change.values()), "the optimizer has taken no step")
    same("ratios", [ratios[name] for name in names],
         [length(change[name]) / length(before[name]) for name in names], {
             "this is the difference of the lengths, not the length of the difference":
                 [abs(length(after[name]) - length(before[name])) / length(before[name])
                  for name in names],
             "this is the length of the change: divide by that of the weights":
                 [length(change[name]) for name in names],
             "these are the largest changes, not the lengths":
                 [np.abs(change[name]).max() / np.abs(before[name]).max() for name in names]}, 1e-4)


def test_dead_units():
    for first, second in (16, 48), (0, 0):
        model, x = _after_backward(1)
        model.layers[0].b.value[:first] = -100
        model.layers[2].b.value[:second] = -100
        h = model.layers[0].forward(x)
        h2 = model.layers[2].forward(model.layers[1].forward(h, training=True))
        off = [(h == 0), (h2 == 0)]
        same("shares of dead units", dead_units(model, x), [(o.all(axis=0)).mean() for o in off], {
            "a unit that is 0 for some rows is alive: all rows":
                [(o.any(axis=0)).mean() for o in off],
            "this is the share of zeros, not of units": [o.mean() for o in off],
            "these are the rows without any unit": [(o.all(axis=1)).mean() for o in off],
            "this is the share that is alive": [1 - (o.all(axis=0)).mean() for o in off]}, 1e-6)


def test_recommended():
    rates = np.array([0.001, 0.003, 0.01, 0.03, 0.1])
    losses = np.array([[2, 2], [1.5, 1.1], [1, 1.2], [0.1, np.nan], [0.2, 0.2]])
    for best, r, l in (0.01, rates, losses), (0.01, rates[:3], losses[:3, :1]), (
            0.003, rates, np.array([[2, 2], [0.9, 1.1], [0.1, 2.2], [0.1, np.nan], [0.2, 0.2]])):
        same("the rate", recommended(r, l), best / 3, {
            "a third of it: the best of a sweep lies near the edge": best,
            "a rate above one that fails does not count": 0.1 / 3,
            "a seed that ends in NaN spoils the rate": 0.03 / 3,
            "this is the rate with the best single seed": r[np.unravel_index(
                np.nanargmin(np.where(r[:, None] < 0.03, l, np.inf)), l.shape)[0]] / 3,
            "this is the largest rate that works": r[r <= 0.01].max() / 3}, 1e-6)


CLUES = {"A": "look at the update ratios: one is very plain",
         "B": "compare the loss in training with the one in validation",
         "C": "everything moves, and yet the loss: which number is it?",
         "D": "look at the first ten steps: losses, ratios and dead units",
         "E": "two layers never move: which units, on the way back from the loss, are off?"}


def test_diagnosis():
    found = diagnosis()
    true(sorted(found) == list("ABCDE"), "a diagnosis for each of A, B, C, D and E")
    true(set(found.values()) <= set(CAUSES), "the verdicts are keys of CAUSES")
    for letter, digest in HASHES.items():
        answer = hashlib.sha256(f"{letter} {found[letter]}".encode()).hexdigest()[:8]
        true(answer == digest, f"{letter} has another cause than: {CAUSES[found[letter]]}; "
                               f"{CLUES[letter]}")
    seen = {letter: observe(letter) for letter in "AE"}
    assert seen["A"].loss[-1] < 0.5 and seen["E"].loss[-1] > 1
