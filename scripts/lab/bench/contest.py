"""The contest: training step and inference of the same network, tinyfer and PyTorch in turn."""

import statistics
from functools import partial

import numpy as np

from bench import task
from bench.race import race, table, take_turns
from tinyfer.training.runs import describe_threads

CONTENDERS = {"tinyfer": ((), "bench.with_tinyfer.Tinyfer", ()),
              "PyTorch, channels last": (("torch",), "bench.with_torch.Torch", (False,))}
# Takes a C++ compiler and minutes: only when asked for.
COMPILED = {"PyTorch, channels last, compiled": (("torch",), "bench.with_torch.Torch", (True,))}
# Largest relative errors. The gradient of the first layer has come through every ReLU, where
# rounding decides about sums near 0, and PyTorch's batch norm, channels last, rounds to 1e-5:
# honest float32 gradients differ by a few per cent, wrong ones by about 1.
LIMITS = {"logits": 1e-3, "loss": 1e-3, "gradient": 0.2}
VALIDATED_IMAGES = 16
# Fewer images at a time stay in a cache, more of them share what is done once a batch: which is the
# faster differs from one contender to the next. Each is measured in so many turns.
INFERENCE_BATCHES = (16, 32, 64, 128, 256)
BATCH_TURNS = 3
STEPS_A_TURN = 2


def measure(given):
    """Yield a table for the training step and one for inference."""
    arrays = task.weights()
    contenders = {title: (packages, make, (arrays, task.class_weights(), given.threads, *options))
                  for title, (packages, make, options)
                  in (CONTENDERS | (COMPILED if given.compiled else {})).items()}
    for training, n, what in ((True, given.batch_size, "Training step, batch of {}"),
                              (False, given.images, "Inference, {} images")):
        expected = {}

        def prepare(worker, title):
            found = evidence(worker, training)
            expected.update(expected or found)      # tinyfer comes first
            validate(title, found, expected)
            worker.call("load", *task.faces(n))
            if training:
                return partial(worker.seconds, "step", repeats=STEPS_A_TURN), ""
            size = fastest_batch(worker, n)
            return partial(worker.seconds, "predict", size), size

        rows = race(contenders, given.threads, given.rounds, prepare, n)
        yield table(f"{what.format(n)}, {describe_threads(given.threads)}, {given.rounds} rounds "
                    "in turn", rows, "" if training else "batch")


def evidence(worker, training):
    """What a contender's answers to one small batch are: {quantity: array}."""
    worker.call("load", *task.faces(VALIDATED_IMAGES))
    log_p = np.log(worker.call("predict", VALIDATED_IMAGES).astype(np.float64))
    found = {"logits": log_p - log_p.mean(axis=1, keepdims=True)}
    if training:
        found["loss"], found["gradient"] = worker.call("gradients_without_dropout")
    return found


def validate(title, found, expected):
    """ValueError where a contender's evidence is too far from tinyfer's.

    Logits are compared up to the constant that softmax ignores. Training is compared without
    dropout, whose random masks cannot be shared: the loss, and the gradient of the first
    layer's filters, which every other gradient goes into.
    """
    for quantity, theirs in found.items():
        ours, limit = expected[quantity], LIMITS[quantity]
        error = float(np.linalg.norm(theirs - ours) / np.linalg.norm(ours))
        if not error <= limit:
            raise ValueError(f"{title} does not compute the same network: its {quantity} is off by "
                             f"{error:.1e} relative to tinyfer's, more than {limit:g}")


def fastest_batch(worker, images):
    """The batch of the least median, the candidates taken in turn."""
    candidates = sorted({min(size, images) for size in INFERENCE_BATCHES})
    seconds = take_turns({size: partial(worker.seconds, "predict", size) for size in candidates},
                         BATCH_TURNS)
    return min(candidates, key=lambda size: statistics.median(seconds[size]))
