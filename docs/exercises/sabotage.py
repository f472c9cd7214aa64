"""Five trainings, A to E, each with one thing wrong. Chapter 11, exercise 5.

To be run, not read: what is wrong stands below in plain words. A small network, two hidden layers
of 64 units with batch norm, learns three expressions from 600 drawn faces in 120 steps of 64;
`observe(letter)` returns what the instruments of the chapter saw.
"""

from types import SimpleNamespace

import numpy as np

from tinyfer import Adam, Sequential, softmax_cross_entropy
from tinyfer.core.layers import BatchNorm, Dense
from tinyfer.data.drawn import draw_faces

CAUSES = {
    "nothing": "nothing is wrong",
    "labels": "the labels are shuffled against the images",
    "rate": "the learning rate is a hundred times too large",
    "input": "the input is a hundred times too large",
    "frozen": "one layer is never updated",
    "dead": "one layer's units are off for every face",
    "statistics": "batch norm never updates its running statistics",
}


def features(n, seed):
    """n drawn faces as rows of 144 grey values, each row with mean 0 and variance 1; labels."""
    data = draw_faces(n, seed, ("angry", "happy", "surprise"))
    x = data.faces.reshape(n, 12, 4, 12, 4).mean(axis=(2, 4)).reshape(n, 144)
    x = (x - x.mean(axis=1, keepdims=True)) / x.std(axis=1, keepdims=True)
    return x.astype(np.float32), data.labels


def network(seed=0, hidden=2, norm=True):
    rng, layers = np.random.default_rng(seed), []
    for C in (144, *[64] * (hidden - 1)):
        layers += [Dense(C, 64, rng, relu=True)] + [BatchNorm(64, momentum=0.8)] * norm
    return Sequential([*layers, Dense(64, 3, rng)], (144,), rng=rng)


def observe(letter, steps=120):
    """The training with this letter, or "healthy" with nothing wrong: a namespace of

    loss            at every step
    validation      loss on 300 other faces every 10 steps, in evaluation mode
    ratios          name of each layer's weights -> |dw| / |w| at every step
    dead            name of each hidden layer -> fraction of its units that are 0 for all faces of
                    the last batch
    """
    cause = {"A": "frozen", "B": "statistics", "C": "labels", "D": "rate", "E": "dead",
             "healthy": None}[letter]
    x, y = features(600, 0)
    unseen, truth = features(300, 1)
    model, rng = network(), np.random.default_rng(1)
    if cause == "dead":
        model.layers[2].b.value -= 30
    moved = [p for p in model.parameters() if cause != "frozen" or p.name != "dense2.w"]
    optimizer = Adam(moved, lr=0.3 if cause == "rate" else 0.003)
    seen = SimpleNamespace(loss=[], validation=[], dead={}, ratios={
        p.name: [] for p in model.parameters() if p.name.endswith(".w")})
    for step in range(steps):
        rows = rng.permutation(600)[:64]
        labels = y[rng.permutation(rows)] if cause == "labels" else y[rows]
        loss, dlogits = softmax_cross_entropy(model.forward(x[rows], training=True), labels)
        model.backward(dlogits)
        before = {p.name: p.value.copy() for p in model.parameters()}
        optimizer.step()
        if cause == "statistics":
            for layer in model.layers[1], model.layers[3]:
                layer.mean[...], layer.var[...] = 0, 1
        seen.loss.append(float(loss))
        for p in model.parameters():
            if p.name in seen.ratios:
                moved_by = np.linalg.norm(p.value - before[p.name])
                seen.ratios[p.name].append(float(moved_by / np.linalg.norm(before[p.name])))
        if step % 10 == 9:
            seen.validation.append(float(softmax_cross_entropy(model.forward(unseen), truth)[0]))
    h = x[rows]
    for number, layer in enumerate(model.layers[:4]):
        h = layer.forward(h, training=True)
        if number % 2 == 0:
            seen.dead[f"dense{number // 2 + 1}"] = float(np.mean((h == 0).all(axis=0)))
    return seen
