"""Chapter 15, exercises: replace every `raise NotImplementedError` until this passes:

    pytest docs/exercises/ch15_debugging.py
"""

import hashlib

import numpy as np
from checker import same, true
from sabotage import CAUSES, network, observe  # noqa: F401

from tinyfer import Adam, softmax_cross_entropy

HASHES = {"A": "f0a1b7a4", "B": "31f3ea74", "C": "6e863638",
          "D": "6771aec9", "E": "f45a2ff4"}


def by_hand():
    """Exercise 1, by hand. Four numbers, to three digits.

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
    found = np.asarray(by_hand(), dtype=float)
    true(found.shape == (4,), f"four numbers are asked for, not {found.size}")
    wide, dense = np.sqrt(2 / (9 * 64 + 9 * 128)), np.sqrt(2 / (256 + 5))
    for name, number, right, known in (
        ("a", found[0], 1e-4 / wide, {"a fan of a 3x3 convolution is 9 times its channels":
                                      1e-4 / np.sqrt(2 / 192), "divide by sigma, not by its square":
                                      1e-4 / wide**2, "this is sigma itself": wide}),
        ("b", found[1], 1e-4 / dense, {"divide by sigma, not by its square": 1e-4 / dense**2,
                                       "this is sigma itself": dense}),
        ("c", found[2], 0.005 * (1 + np.cos(0.75 * np.pi)), {
            "this falls along a straight line": 0.0025, "this is 1 - cos: the rate would rise":
            0.005 * (1 - np.cos(0.75 * np.pi)), "the cosine takes degrees here":
            0.005 * (1 + np.cos(0.75))}),
        ("d", found[3], (1 - 1e-4) ** 2000, {
            "each step takes a share of what is left, not of the beginning": 0.8,
            "the decay is multiplied by the rate": 0.9 ** 2000}),
    ):
        same(name, number, right, known, 0.005)


def _after_backward(seed):
    rng = np.random.default_rng(seed)
    model = network(seed)
    x, labels = rng.standard_normal((20, 144)).astype(np.float32), rng.integers(0, 3, 20)
    model.backward(softmax_cross_entropy(model.forward(x, training=True), labels)[1])
    return model, x


def test_update_ratios():
    model, _ = _after_backward(0)
    before = {p.name: p.value.copy() for p in model.parameters()}
    found = update_ratios(model, Adam([p for p in model.parameters() if p.name != "dense2.w"],
                                      lr=0.01))
    true(any(np.any(p.value != before[p.name]) for p in model.parameters()), "no step was taken")
    names = {name for name, value in before.items() if value.any()}
    true(set(found) <= names, "a parameter that was all zero has no ratio")
    true(set(found) == names, "a parameter is missing")
    for p in model.parameters():
        if p.name in names:
            moved, length = p.value - before[p.name], np.linalg.norm(before[p.name])
            same(p.name, found[p.name], np.linalg.norm(moved) / length, {
                "divide by the length before the step": np.linalg.norm(moved)
                / max(np.linalg.norm(p.value), 1e-9),
                "nothing has moved: was the value copied before the step?": 0.0,
                "this is the gradient's length, not the step's": np.linalg.norm(p.grad) / length,
                "this is the length of the step alone": np.linalg.norm(moved)}, 1e-5)


def test_dead_units():
    model, x = _after_backward(1)
    model.layers[0].b.value[:16] = -100
    model.layers[2].b.value[:48] = -100
    h, dead, zeros = x, [], []
    for layer in model.layers:
        h = layer.forward(h, training=True)
        dead.append(np.mean((h == 0).all(axis=0)))
        zeros.append(np.mean(h == 0))
    found = dead_units(model, x)
    same("shares", found, [dead[0], dead[2]], {
        "this is the share of zeros: a unit is dead if it is 0 for every row": [zeros[0], zeros[2]],
        "these are the living": [1 - dead[0], 1 - dead[2]],
        "these are counts, not shares": [64 * dead[0], 64 * dead[2]]}, 1e-6)


def test_recommended():
    rates = np.array([0.001, 0.003, 0.01, 0.03, 0.1])
    losses = np.array([[2, 2], [1.5, 1.1], [1, 1.2], [0.1, np.nan], [0.2, 0.2]])
    for changed in {}, {1: (0.9, 1.1)}, {0: (0.3, 0.1)}:
        for row, values in changed.items():
            losses[row] = values
        best = rates[losses[:3].mean(axis=1).argmin()]
        same("rate", recommended(rates, losses.copy()), best / 3, {
            "take a third": best, "above a rate that failed none counts": 0.1 / 3,
            "one seed that failed is enough": 0.03 / 3}, 1e-9)


def test_diagnosis():
    found = diagnosis()
    true(sorted(found) == list("ABCDE"), "one verdict for each of A, B, C, D and E is asked for")
    true(set(found.values()) <= set(CAUSES), f"the verdicts are {', '.join(CAUSES)}")
    for letter, digest in HASHES.items():
        answer = hashlib.sha256(f"{letter} {found[letter]}".encode()).hexdigest()[:8]
        true(answer == digest, f"{letter}: not {found[letter]!r}; look at all its instruments again")
