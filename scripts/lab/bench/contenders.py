"""Who takes part, and the proof that all of them compute the same."""

from collections import namedtuple
from importlib.util import find_spec

import numpy as np

from bench import task
from bench.turns import Worker

# Largest relative errors. The gradient of the first layer has come through every ReLU, where
# rounding decides about sums near 0, and PyTorch's batch norm, channels last, rounds to 1e-5:
# honest float32 gradients differ by a few per cent, wrong ones by about 1. bfloat16 keeps 8 bits.
LIMITS = {"float32": {"logits": 1e-3, "loss": 1e-3, "gradient": 0.2},
          "bfloat16": {"logits": 0.2, "loss": 0.2, "gradient": float("inf")}}
VALIDATED_IMAGES = 16

Contender = namedtuple("Contender", "key title precision make options packages tasks",
                       defaults=(("training", "inference"),))
TORCH = "bench.with_torch.Torch"

CONTENDERS = {c.key: c for c in (
    Contender("tinyfer", "tinyfer", "float32", "bench.with_tinyfer.Tinyfer", (), ()),
    Contender("torch-first", "PyTorch, channels first", "float32", TORCH, (False,), ("torch",)),
    Contender("torch-last", "PyTorch, channels last", "float32", TORCH, (True,), ("torch",)),
    Contender("torch-compile", "PyTorch, channels last, compiled", "float32", TORCH,
              (True, False, True), ("torch",)),
    Contender("torch-bf16", "PyTorch, channels last", "bfloat16", TORCH,
              (True, True), ("torch",)),
    Contender("keras", "Keras on TensorFlow", "float32", "bench.with_keras.Keras", (),
              ("keras", "tensorflow")),
    Contender("onnxruntime", "ONNX Runtime", "float32", "bench.with_onnx.OnnxRuntime", (),
              ("onnx", "onnxruntime"), ("inference",)),
)}
# Compiling takes PyTorch a C++ compiler and minutes: only when asked for.
USUAL = tuple(key for key in CONTENDERS if key != "torch-compile")


def missing(contender):
    """The packages it needs that are not installed."""
    return [name for name in contender.packages if find_spec(name) is None]


def is_judge(contender):
    """PyTorch in float32, whose fastest setting tinyfer is measured by."""
    return "torch" in contender.packages and contender.precision == "float32"


def start(contender, threads, arrays):
    """Its process, with the network built."""
    return Worker(contender.title, threads, contender.make, arrays, task.class_weights(), threads,
                  *contender.options)


def evidence(worker, kind):
    """What a contender's answers to one small batch are: {quantity: array}."""
    worker.call("load", *task.faces(VALIDATED_IMAGES))
    log_p = np.log(worker.call("predict", VALIDATED_IMAGES).astype(np.float64))
    found = {"logits": log_p - log_p.mean(axis=1, keepdims=True)}
    if kind == "training":
        found["loss"], found["gradient"] = worker.call("gradients_without_dropout")
    return found


def validate(contender, found, expected):
    """The largest relative error against tinyfer's evidence; ValueError where it is too large.

    Logits are compared up to the constant that softmax ignores. Training is compared without
    dropout, whose random masks cannot be shared: the loss, and the gradient of the first
    layer's filters, which every other gradient goes into.
    """
    errors = {}
    for quantity, theirs in found.items():
        ours, limit = expected[quantity], LIMITS[contender.precision][quantity]
        errors[quantity] = float(np.linalg.norm(theirs - ours) / np.linalg.norm(ours))
        if not errors[quantity] <= limit:
            raise ValueError(f"{contender.title} does not compute the same network: its {quantity} "
                             f"is off by {errors[quantity]:.1e} relative to tinyfer's, "
                             f"more than {limit:g}")
    return errors
