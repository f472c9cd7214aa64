"""Chapter 11, the tests. The answers: ch11_debugging.py of a workspace."""

import hashlib

import numpy as np
from answers import dead_units, diagnosis, recommended, update_ratios
from checker import same, true
from sabotage import CAUSES, network, observe

from tinyfer import Adam, softmax_cross_entropy

HASHES = {"A": "f0a1b7a4", "B": "31f3ea74", "C": "6e863638",
          "D": "6771aec9", "E": "f45a2ff4"}


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
         [length(change[name]) / length(before[name]) for name in names], 1e-4)


def test_dead_units():
    for first, second in (16, 48), (0, 0):
        model, x = _after_backward(1)
        model.layers[0].b.value[:first] = -100
        model.layers[2].b.value[:second] = -100
        h = model.layers[0].forward(x)
        h2 = model.layers[2].forward(model.layers[1].forward(h, training=True))
        off = [(h == 0), (h2 == 0)]
        same("shares of dead units", dead_units(model, x), [(o.all(axis=0)).mean() for o in off],
             1e-6)


def test_recommended():
    rates = np.array([0.001, 0.003, 0.01, 0.03, 0.1])
    losses = np.array([[2, 2], [1.5, 1.1], [1, 1.2], [0.1, np.nan], [0.2, 0.2]])
    for best, r, l in (0.01, rates, losses), (0.01, rates[:3], losses[:3, :1]), (
            0.003, rates, np.array([[2, 2], [0.9, 1.1], [0.1, 2.2], [0.1, np.nan], [0.2, 0.2]])):
        same("the rate", recommended(r, l), best / 3, 1e-6)

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
