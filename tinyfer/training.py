"""The training loop: shuffle, augment, forward, loss, backward, step; then look at validation.

Chapter 11 of docs/ walks through it. Everything random (shuffling, augmentation, dropout) is drawn
from `model.rng`, and its state is saved with the weights between epochs: a run that was killed
and resumed ends with the same bits as one that was not.
"""

import time
from pathlib import Path

import numpy as np

from tinyfer.checkpoint import save_checkpoint
from tinyfer.datasets.inputs import augment
from tinyfer.losses import softmax_cross_entropy
from tinyfer.metrics import accuracy, cross_entropy
from tinyfer.runs import write_history


class Diverged(ValueError):
    """The loss became NaN or infinite; the checkpoint of the last whole epoch is untouched."""


def fit(model, optimizer, train, validation, folder, epochs, batch_size=64, class_weights=None,
        history=(), progress=None, settings=None):
    """Train `model` until `epochs` epochs are done, saving into `folder` after each.

    train, validation: `Faces` (uint8 images, labels). class_weights: (K,) or None, they weigh the
    training loss only. history: the rows of the epochs already done, from `load_checkpoint`.
    settings: see `save_checkpoint`.
    progress: an object with `step` and `epoch` methods (as Progress of scripts/progress.py), or None.

    Writes `last.npz` (checkpoint, see `tinyfer.checkpoint`) and `history.csv` before the first step
    and after every epoch, and `best.npz` (a model file) whenever the validation accuracy is higher
    than ever before, so of equal epochs the first is kept.

    Returns the history, one dict per epoch: epoch (from 1), loss and accuracy over the training
    images as they were seen (augmented, with dropout, with weights that move during the epoch; a
    mean over images, so that a short last batch counts by its size), val_loss and val_accuracy in
    evaluation mode (the loss unweighted, as in Keras), seconds (wall clock).

    Raises Diverged (a ValueError) that names epoch and step when a loss is not finite.
    """
    if len(train) == 0 or len(validation) == 0:
        raise ValueError(f"training needs images to learn from and to validate on, "
                         f"got {len(train)} and {len(validation)}")
    if batch_size < 1 or epochs < 0:
        raise ValueError(f"batch size must be at least 1 and epochs at least 0, "
                         f"got {batch_size} and {epochs}")
    folder = Path(folder)
    history = list(history)
    best = max((row["val_accuracy"] for row in history), default=-1.0)
    dtype = model.dtype
    steps = -(-len(train) // batch_size)
    if not history:
        save_checkpoint(folder / "last.npz", model, optimizer, history, settings)
    write_history(folder, history)

    for epoch in range(len(history) + 1, epochs + 1):
        started = time.perf_counter()
        order = model.rng.permutation(len(train))
        loss_sum, right, seen = 0.0, 0, 0
        for step in range(1, steps + 1):
            batch = order[(step - 1) * batch_size : step * batch_size]
            labels = train.labels[batch]
            x = augment(train.faces[batch], model.rng, dtype)
            logits = model.forward(x, training=True)
            loss, dlogits = softmax_cross_entropy(logits, labels, class_weights)
            if not np.isfinite(loss):
                raise _diverged("training", loss, epoch, step, steps, folder)
            model.backward(dlogits)
            optimizer.step()
            loss_sum += float(loss) * len(batch)
            right += int(np.sum(logits.argmax(axis=1) == labels))
            seen += len(batch)
            if progress:
                progress.step(epoch, step, steps, seen, loss_sum / seen, right / seen)

        probabilities = model.predict_proba(validation.faces)
        val_loss = cross_entropy(validation.labels, probabilities)
        if not np.isfinite(val_loss):
            raise _diverged("validation", val_loss, epoch, steps, steps, folder)
        history.append(dict(
            epoch=epoch,
            loss=loss_sum / seen,
            accuracy=right / seen,
            val_loss=val_loss,
            val_accuracy=accuracy(validation.labels, probabilities.argmax(axis=1)),
            seconds=time.perf_counter() - started,
        ))
        if not folder.is_dir():
            raise FileNotFoundError(f"the run folder {folder} is gone: it was deleted or moved "
                                    "while the run was training, and nothing more is saved")
        # The best model goes first: killed between the two, the repeated epoch writes it again.
        if history[-1]["val_accuracy"] > best:
            best = history[-1]["val_accuracy"]
            model.save(folder / "best.npz")
        save_checkpoint(folder / "last.npz", model, optimizer, history, settings)
        write_history(folder, history)
        if progress:
            progress.epoch(history, epochs)
    return history


def _diverged(which, loss, epoch, step, steps, folder):
    return Diverged(
        f"the {which} loss became {loss} in epoch {epoch}, step {step} of {steps}: training has "
        f"diverged, try a smaller learning rate (the checkpoint of epoch {epoch - 1} is kept in "
        f"{folder / 'last.npz'})"
    )
