"""The numbers that training gave before, held: a change of structure changes none of them.

A short training of the six-layer network on drawn faces, with everything in it: shuffling,
augmentation, dropout, class weights, Adam, batch statistics, and prediction on the way. The losses
below were printed by `python tests/test_golden.py`; they change with the method and with nothing
else. The tolerances leave room for the rounding of other machines' vectors.
"""

import numpy as np
import pytest

import tinyfer
from tinyfer.datasets import class_weights, draw_faces
from tinyfer.datasets.inputs import augment

LOSSES = [2.612488141923475, 3.0727960160300456, 4.182464975867295, 2.7727688513018003]
PROBABILITIES = [0.0192397, 0.02332216, 0.01858045, 0.02460764, 0.01940103, 0.02038884, 0.01777554]


def short_training(dtype):
    """(losses of four steps of 12 faces, mean squared probability of each class afterwards)."""
    data = draw_faces(48, seed=7)
    model = tinyfer.six_layer_cnn(classes=7, seed=3, dtype=dtype)
    optimizer = tinyfer.Adam(model.parameters(), lr=1e-4)
    weights = class_weights(data.labels, 7)
    order, losses = model.rng.permutation(len(data)), []
    for start in range(0, len(data), 12):
        batch = order[start:start + 12]
        x = augment(data.faces[batch], model.rng, model.dtype)
        logits = model.forward(x, training=True)
        loss, dlogits = tinyfer.softmax_cross_entropy(logits, data.labels[batch], weights)
        model.backward(dlogits)
        optimizer.step()
        losses.append(loss)
    return losses, (model.predict_proba(data.faces) ** 2).mean(axis=0)


@pytest.mark.parametrize("dtype, tolerance", [(np.float64, 1e-7), (np.float32, 1e-3)])
def test_a_short_training_gives_the_same_losses(dtype, tolerance):
    losses, probabilities = short_training(dtype)
    assert losses == pytest.approx(LOSSES, rel=tolerance)
    assert probabilities == pytest.approx(PROBABILITIES, rel=10 * tolerance)


if __name__ == "__main__":
    print(*short_training(np.float64), *short_training(np.float32), sep="\n")
