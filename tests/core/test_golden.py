"""The numbers that training gave before, held: a change of structure changes none of them.

Two short trainings of the six-layer network on drawn faces. The study's has shuffling, shifts and
mirror images, dropout, class weights, Adam, batch statistics, and prediction on the way; that of
the recipe `best` has every change of faces it makes, crops, smoothed labels, decay, a rate that
rises and falls, and the mean of the weights. The numbers below were printed by
`python tests/core/test_golden.py`; they change with the method and with nothing else. The
tolerances leave room for the rounding of other machines' vectors.
"""

from dataclasses import replace

import numpy as np
import pytest

import tinyfer
from tinyfer.core.losses import soft_cross_entropy
from tinyfer.data import class_weights, draw_faces
from tinyfer.data.augment import augment
from tinyfer.training.recipes import BEST

LOSSES = [2.612488141923475, 3.0727960160300456, 4.182464975867295, 2.7727688513018003]
PROBABILITIES = [0.0192397, 0.02332216, 0.01858045, 0.02460764, 0.01940103, 0.02038884, 0.01777554]
BEST_LOSSES = [2.678994852954708, 3.2635855092596366, 3.05680773114775]
BEST_SUMS = [7408.261465195514, 7062.572158101959, 7774.392438203302]      # of squares, of a batch
BEST_PROBABILITIES = [0.0223401555, 0.0197717700, 0.0192526682, 0.0202604894,
                      0.0206080316, 0.0207432828, 0.0199519001]


def short_training(dtype):
    """(losses of four steps of 12 faces, mean squared probability of each class afterwards)."""
    data = draw_faces(48, seed=7)
    model = tinyfer.six_layer_cnn(classes=7, seed=3, dtype=dtype)
    optimizer = tinyfer.Adam(model.parameters(), lr=1e-4)
    weights, losses = class_weights(data.labels, 7), []
    for batch in model.rng.permutation(len(data)).reshape(4, 12):
        x = augment(data.faces[batch], model.rng, model.dtype)
        logits = model.forward(x, training=True)
        loss, dlogits = tinyfer.softmax_cross_entropy(logits, data.labels[batch], weights)
        model.backward(dlogits)
        optimizer.step()
        losses.append(loss)
    return losses, (model.predict_proba(data.faces) ** 2).mean(axis=0)


def short_best_training(dtype):
    """(losses, sums of the batches as drawn, mean squared probabilities of the mean network) of
    three steps of 16 faces by the recipe `best`."""
    data = draw_faces(48, seed=8)
    model = tinyfer.six_layer_cnn(classes=7, seed=4, dtype=dtype)
    recipe = replace(BEST, lr=1e-5)     # at 2e-3 Adam makes much of a last bit
    optimizer, losses, sums = recipe.make_optimizer(model), [], []
    for step, batch in enumerate(model.rng.permutation(len(data)).reshape(3, 16)):
        x, targets = recipe.batch(data.faces[batch], data.labels[batch], 7, model.rng, model.dtype)
        logits = model.forward(x, training=True)
        loss, dlogits = soft_cross_entropy(logits, targets)
        model.backward(dlogits)
        optimizer.lr = recipe.rate(step, 3)
        optimizer.step()
        losses.append(loss)
        sums.append(float((x.astype(np.float64) ** 2).sum()))
    p = tinyfer.softmax(optimizer.averaged.forward(tinyfer.to_input(data.faces, dtype)))
    return losses, sums, (p ** 2).mean(axis=0)


@pytest.mark.parametrize("dtype, tolerance", [(np.float64, 1e-7), (np.float32, 1e-3)])
def test_short_trainings_give_the_same_numbers(dtype, tolerance):
    losses, probabilities = short_training(dtype)
    assert losses == pytest.approx(LOSSES, rel=tolerance)
    assert probabilities == pytest.approx(PROBABILITIES, rel=10 * tolerance)
    losses, sums, probabilities = short_best_training(dtype)
    assert losses == pytest.approx(BEST_LOSSES, rel=tolerance)
    assert sums == pytest.approx(BEST_SUMS, rel=1e-6)
    assert probabilities == pytest.approx(BEST_PROBABILITIES, rel=10 * tolerance)


if __name__ == "__main__":
    for dtype in (np.float64, np.float32):
        print(*short_training(dtype), *short_best_training(dtype), sep="\n")
