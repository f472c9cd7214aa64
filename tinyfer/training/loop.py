"""The training loop: shuffle, augment, forward, loss, backward, step; then look at validation.

Chapter 13 of docs/ walks through it. Everything random (shuffling, augmentation, dropout) is drawn
from `model.rng`, and its state is saved with the weights between epochs: a run that was killed
and resumed ends with the same bits as one that was not.
"""

import time
from pathlib import Path

import numpy as np

from tinyfer.core.losses import soft_cross_entropy, softmax_cross_entropy
from tinyfer.scores.metrics import accuracy, cross_entropy
from tinyfer.storage.checkpoint import save_checkpoint, write_history


class Diverged(ValueError):
    """The loss or a value of the network became NaN or infinite; the checkpoint of the last whole
    epoch is untouched."""


def fit(model, optimizer, train, validation, folder, recipe, class_weights=None, history=(),
        progress=None, settings=None):
    """Train `model` by a recipe until its epochs are done, saving into `folder` after each.

    optimizer: from `recipe.make_optimizer(model)`. train, validation: `Faces` (uint8 images,
    labels). class_weights: (K,) or None, they weigh the training loss only. history: the rows of
    the epochs already done, from `load_checkpoint`. progress: an object with `step` and `epoch`
    methods (as Progress of tinyfer/commands/progress.py), or None. settings: see `save_checkpoint`.

    Writes `last.npz` (checkpoint, see `tinyfer.storage.checkpoint`) and `history.csv` before the first step
    and after every epoch, and `best.npz` (a model file) whenever the validation accuracy is higher
    than ever before, so of equal epochs the first is kept. Where the recipe averages, the network
    with the mean weights is the one that is validated and saved there. With a patience in the
    recipe, training ends when so many epochs have not been better.

    Returns the history, one dict per epoch: epoch (from 1), loss and accuracy over the training
    images as they were seen (augmented, with dropout, with weights that move during the epoch; a
    mean over images, so that a short last batch counts by its size; blended images count as the
    class that weighs most), val_loss and val_accuracy in evaluation mode (the loss unweighted, as
    in Keras), seconds (wall clock).

    Raises Diverged (a ValueError) that names epoch and step when a loss is not finite, or
    at the end of an epoch anything that the checkpoint would hold.
    """
    if len(train) == 0 or len(validation) == 0:
        raise ValueError(f"training needs images to learn from and to validate on, "
                         f"got {len(train)} and {len(validation)}")
    folder = Path(folder)
    history = list(history)
    best = max((row["val_accuracy"] for row in history), default=-1.0)
    epochs, batch_size, classes = recipe.epochs, recipe.batch_size, len(train.class_names)
    judged = model if optimizer.averaged is None else optimizer.averaged
    judged.window = model.window = recipe.window
    steps = -(-len(train) // batch_size)
    if not history:
        save_checkpoint(folder / "last.npz", model, optimizer, history, settings)
    write_history(folder, history)

    for epoch in range(len(history) + 1, epochs + 1):
        if out_of_patience(history, recipe.patience):
            break
        started = time.perf_counter()
        order = model.rng.permutation(len(train))
        loss_sum, right, seen = 0.0, 0, 0
        for step in range(1, steps + 1):
            batch = order[(step - 1) * batch_size : step * batch_size]
            x, targets = recipe.batch(train.faces[batch], train.labels[batch], classes, model.rng,
                                      model.dtype)
            logits = model.forward(x, training=True)
            if recipe.soft:
                loss, dlogits = soft_cross_entropy(logits, targets, class_weights)
                labels = targets.argmax(axis=1)
            else:
                loss, dlogits = softmax_cross_entropy(logits, targets, class_weights)
                labels = targets
            if not np.isfinite(loss):
                raise _diverged(f"the training loss became {loss}", epoch, step, steps, folder)
            model.backward(dlogits, wants_dx=False)
            optimizer.lr = recipe.rate((epoch - 1) * steps + step - 1, epochs * steps)
            optimizer.step()
            loss_sum += float(loss) * len(batch)
            right += int(np.sum(logits.argmax(axis=1) == labels))
            seen += len(batch)
            if progress:
                progress.step(epoch, step, steps, seen, loss_sum / seen, right / seen)

        probabilities = judged.predict_proba(validation.faces)
        val_loss = cross_entropy(validation.labels, probabilities)
        if not np.isfinite(val_loss):
            raise _diverged(f"the validation loss became {val_loss}", epoch, steps, steps, folder)
        for name, array in (model.state() | optimizer.state()).items():
            if not np.isfinite(array).all():        # the loss may not show it yet
                raise _diverged(f"{name} was no longer finite", epoch, steps, steps, folder)
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
            judged.save(folder / "best.npz")
        save_checkpoint(folder / "last.npz", model, optimizer, history, settings)
        write_history(folder, history)
        if progress:
            progress.epoch(history, epochs)
    return history


def start_from(model, other):
    """Copy into `model` what another network of the same architecture has learnt.

    Everything, where both tell the same classes apart in the same order; otherwise everything but
    the last layer, which stays as it was drawn. Returns the names of the arrays left so.
    ValueError, and nothing changed, where the rest does not fit.
    """
    mine, learnt = model.state(), dict(other.state())
    left = []
    if model.class_names != other.class_names:
        prefix = model.parameters()[-1].name.rpartition(".")[0] + "."
        left = [name for name in mine if name.startswith(prefix)]
        learnt |= {name: mine[name] for name in left}
    model.load_state(learnt)
    return left


def out_of_patience(history, patience):
    """Whether the last `patience` epochs of a history were none of them better than one before."""
    if patience is None or len(history) <= patience:
        return False
    accuracies = [row["val_accuracy"] for row in history]
    return max(accuracies[-patience:]) <= max(accuracies[:-patience])


def warnings(history, labels):
    """What is wrong with a training so far, as sentences: an empty list where nothing is.

    history: rows as `fit` returns them. labels: (N,) of the validation part.
    """
    counts = np.bincount(labels)
    most, classes = counts.max() / counts.sum(), np.count_nonzero(counts)
    found = []
    exploded = [row for row in history if row["loss"] > 2 * np.log(max(classes, 2))]
    if exploded:
        row = exploded[-1]
        found.append(f"the training loss of epoch {row['epoch']} is {row['loss']:.3g}; who knows "
                     f"nothing has {np.log(classes):.3g}: the learning rate is too high")
    best = max((row["val_accuracy"] for row in history), default=1.0)
    if best <= most:
        found.append(f"the best validation accuracy, {best:.3f}, is no better than always naming "
                     f"the most frequent class ({most:.3f}): the network has learnt nothing")
    return found


def _diverged(what, epoch, step, steps, folder):
    return Diverged(
        f"{what} in epoch {epoch}, step {step} of {steps}: training has "
        f"diverged, try a smaller learning rate (the checkpoint of epoch {epoch - 1} is kept in "
        f"{folder / 'last.npz'})"
    )
