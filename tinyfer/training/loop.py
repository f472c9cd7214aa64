"""The training loop: shuffle, augment, forward, loss, backward, step; then look at validation.

Chapter 13 of docs/ walks through it. Everything random (shuffling, augmentation, dropout) is drawn
from `model.rng`, and its state is saved with the weights between epochs: a run that was killed
and resumed ends with the same bits as one that was not.
"""

import time
from functools import partial
from pathlib import Path

import numpy as np

from tinyfer.core.layers import BatchNorm
from tinyfer.core.losses import soft_cross_entropy, softmax_cross_entropy
from tinyfer.data.faces import Faces
from tinyfer.scores.metrics import accuracy, cross_entropy
from tinyfer.storage.arrays import brief
from tinyfer.training.checkpoint import load_checkpoint, save_checkpoint, write_history
from tinyfer.training.recipes import Recipe


class Diverged(ValueError):
    """The loss or a value of the network became NaN or infinite; the checkpoint of the last whole
    epoch is untouched."""


def fit(model, optimizer, train, validation, folder, recipe, class_weights=None, progress=None):
    """Train `model` by a recipe until its epochs are done, saving into `folder` after each.

    optimizer: from `recipe.make_optimizer(model)`. train, validation: `Faces` (uint8 images,
    labels). class_weights: (K,) or None, they weigh the training loss only. progress: an object
    with `step` and `epoch` methods (as Progress of tinyfer/commands/progress.py), or None.

    Writes `last.npz` (checkpoint, see `tinyfer.training.checkpoint`) and `history.csv` before the
    first step and after every epoch, and `best.npz` (a model file; with an ema, of the mean
    weights) whenever the validation accuracy is higher than ever before. A folder with a checkpoint
    is gone on with: model, its generator and optimizer are then those of its last whole epoch. A
    last batch of a single image joins the one before, for batch norm needs two.

    Returns the history, one dict per epoch: epoch (from 1), loss and accuracy (means over the
    training images as they were seen: augmented, with dropout, with weights that move during the
    epoch; blended images count as the class that weighs most), val_loss and val_accuracy in
    evaluation mode (the loss unweighted, as in Keras), seconds (wall clock).

    Raises Diverged (a ValueError) that names epoch and step when a loss is not finite, or
    at the end of an epoch anything that the checkpoint would hold. ValueError where the checkpoint
    is of another training, and TypeError or ValueError for data that are no Faces, or too few.
    """
    check_data(model, train, validation, recipe)
    folder = Path(folder)
    settings = _settings(recipe, class_weights)
    history = begin(model, optimizer, folder, recipe, class_weights)
    best = max((row["val_accuracy"] for row in history), default=-1.0)
    epochs, classes = recipe.epochs, len(train.class_names)
    judged = model if optimizer.averaged is None else optimizer.averaged
    judged.window = model.window = recipe.window
    starts = batch_starts(len(train), recipe.batch_size)
    steps = len(starts)

    for epoch in range(len(history) + 1, epochs + 1):
        if out_of_patience(history, recipe.patience):
            break
        started = time.perf_counter()
        order = model.rng.permutation(len(train))
        loss_sum, right, seen = 0.0, 0, 0
        for step, batch in enumerate(np.split(order, starts[1:]), 1):
            opinions = None if train.opinions is None else train.opinions[batch]
            x, targets = recipe.batch(train.faces[batch], train.labels[batch], classes, model.rng,
                                      model.dtype, opinions)
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


def batch_starts(images, batch_size):
    """Where the minibatches of an epoch begin; a last one of one image joins the one before."""
    starts = list(range(0, images, batch_size))
    return starts[:-1] if images % batch_size == 1 and len(starts) > 1 else starts


def _settings(recipe, class_weights):
    """What an epoch depends on beside the data, for the checkpoint."""
    weights = None if class_weights is None else np.asarray(class_weights, float).tolist()
    return dict(recipe=recipe.decisive(), class_weights=weights)


def check_data(model, train, validation, recipe):
    """What `fit` asks of its data first; see there."""
    for name, given in (("train", train), ("validation", validation)):
        if not isinstance(given, Faces):
            raise TypeError(f"{name} is of type {type(given).__name__:.40}; expected Faces (for "
                            "arrays of pictures and labels there is tinyfer.train)")
    if len(train) == 0 or len(validation) == 0:
        raise ValueError(f"training needs images to learn from and to validate on, "
                         f"got {len(train)} and {len(validation)}")
    normed = any(isinstance(layer, BatchNorm) for layer in model.layers)
    if normed and min(recipe.batch_size, len(train)) == 1:
        what = "batch_size is 1" if recipe.batch_size == 1 else "there is 1 image to learn from"
        raise ValueError(f"{what}, but batch norm needs two or more: of one it learns nothing")


def begin(model, optimizer, folder, recipe, class_weights=None):
    """What `fit` does first: put the checkpoint of a run folder into model and optimizer, if there
    is one, and return its history; else write the first, and return []. ValueError, and nothing
    changed, where the folder is of another training."""
    last, settings = Path(folder) / "last.npz", _settings(recipe, class_weights)
    if not last.exists():
        for left in ("history.csv", "best.npz", "metrics.json"):
            if last.with_name(left).exists():
                raise ValueError(f"{folder} cannot be resumed: it holds {left}, but no last.npz "
                                 "to go on from")
        save_checkpoint(last, model, optimizer, [], settings)
        history = []
    else:
        history = load_checkpoint(last, model, optimizer, partial(_check_settings, settings))
        if history and not last.with_name("best.npz").exists():
            raise ValueError(f"{folder} cannot be resumed: it holds no best.npz, the network of "
                             "its best epoch")
    write_history(folder, history)
    return history


def _check_settings(mine, kept):
    """ValueError where those of a checkpoint are others; version 0.1 kept its own, or none."""
    if kept.get("class_weights", mine["class_weights"]) != mine["class_weights"]:
        raise ValueError("it was written with other class weights")
    if kept:
        old = kept.get("recipe")
        old = Recipe.read(old) if isinstance(old, dict) else Recipe.of_version_01(kept)
        old, mine = old.decisive(), mine["recipe"]
        for name in old.keys() | mine.keys():
            if old.get(name) != mine.get(name):
                raise ValueError(f"it was written with {name} {brief(old.get(name))}, but the run "
                                 f"has {brief(mine.get(name))}")


def start_from(model, other):
    """Copy into `model` what another network of the same architecture has learnt.

    Of the last layer only the weights of classes that both have, whatever the case of their names;
    those of the others stay as they were drawn. Returns the names of these others. ValueError, and
    nothing changed, where the rest does not fit.
    """
    known = {name.lower(): place for place, name in enumerate(other.class_names)}
    mine = [k for k, name in enumerate(model.class_names) if name.lower() in known]
    its = [known[model.class_names[k].lower()] for k in mine]
    learnt = dict(other.state())
    for parameter in model.layers[-1].parameters():
        name, value = parameter.name, parameter.value.copy()
        if name in learnt and learnt[name].shape[:-1] == value.shape[:-1]:
            value[..., mine] = learnt[name][..., its]
            learnt[name] = value
    model.load_state(learnt)
    return [name for k, name in enumerate(model.class_names) if k not in mine]


def out_of_patience(history, patience):
    """Whether the last `patience` epochs of a history were none of them better than one before."""
    if patience is None or len(history) <= patience:
        return False
    accuracies = [row["val_accuracy"] for row in history]
    return max(accuracies[-patience:]) <= max(accuracies[:-patience])


def _diverged(what, epoch, step, steps, folder):
    return Diverged(f"{what} in epoch {epoch}, step {step} of {steps}: training has diverged, try "
                    f"a smaller learning rate (the checkpoint of epoch {epoch - 1} is kept in "
                    f"{folder / 'last.npz'})")
