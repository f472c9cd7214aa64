"""Weights as they are packaged: small files, read like any other model."""

import json

import numpy as np

from tinyfer.scores.metrics import temperature
from tinyfer.storage.arrays import save_arrays


def half_precision(state):
    """A model's arrays as they are packaged: the weights proper in float16, the rest unchanged.

    Weights are all but 1 % of the values. Biases and batch norm's vectors stay as they are, for a
    running variance may lie outside the range of float16.
    """
    return {name: array.astype(np.float16) if array.ndim > 1 else array
            for name, array in state.items()}


def calibrate(model, part):
    """Divide the last layer's weights and bias by the temperature of what the model answers to a
    part that chose it, so that its probabilities are as sure as they are right; the temperature.

    What is likeliest stays so. Guo et al. 2017; chapter 14.
    """
    T = temperature(part.labels, model.predict_proba(part.faces))
    state = model.state()
    last = {parameter.name for parameter in model.layers[-1].parameters()}
    model.load_state({name: array / np.float32(T) if name in last else array
                      for name, array in state.items()})
    return T


def save_packaged(path, model, trained):
    """Write a model in half precision; it is read by `tinyfer.load_model` like any other.

    trained: a dict for JSON that tells how it was trained; `tinyfer.training.runs.open_run`
    reads it.
    """
    about = model.config | {"class_names": model.class_names, "window": model.window,
                            "trained": trained}
    text = json.dumps(about, allow_nan=False).encode()
    arrays = {"model": np.frombuffer(text, np.uint8)} | half_precision(model.state())
    save_arrays(path, arrays, compressed=True)
