"""The network of the study, layer by layer; and how a saved one is built again."""

import json
from pathlib import Path

import numpy as np

from tinyfer.checkpoint import load_arrays
from tinyfer.layers import BatchNorm, Conv2D, Dense, Dropout, Flatten, MaxPool2D
from tinyfer.model import Sequential

PACKAGED = Path(__file__).parent / "pretrained"


def six_layer_cnn(classes=7, seed=0, dtype=np.float32, class_names=None):
    """Six convolutions in three blocks, then two dense layers: 23 layers, 1,394,183 values for 7.

    x (N, 48, 48, 1) in [0, 1] -> logits (N, classes). seed: of the generator that draws the
    weights and then drives dropout (and, in training, shuffling and augmentation).
    class_names: `classes` strings, "0", "1", ... by default. dtype: float32 or float64.

    Each pool drops the odd row and column it is given, so in evaluation the network never
    sees the last four rows and columns of an image.
    """
    if not isinstance(classes, (int, np.integer)) or classes < 2:
        raise ValueError(f"classes is {classes!r}; expected an integer of at least 2")
    dtype = np.dtype(dtype)
    rng = np.random.default_rng(seed)

    def conv(c_in, c_out):
        return [Conv2D(c_in, c_out, rng, relu=True, dtype=dtype), BatchNorm(c_out, dtype=dtype)]

    def pool():
        return [MaxPool2D(), Dropout(0.25, rng)]

    layers = [
        *conv(1, 32), *conv(32, 64), *pool(),               # 48 -> 46 -> 44 -> 22
        *conv(64, 128), *conv(128, 128), *pool(),           # 22 -> 20 -> 18 -> 9
        *conv(128, 256), *conv(256, 256), *pool(),          # 9 -> 7 -> 5 -> 2
        Flatten(),
        Dense(1024, 256, rng, relu=True, dtype=dtype), BatchNorm(256, dtype=dtype),
        Dropout(0.5, rng),
        Dense(256, int(classes), rng, dtype=dtype),
    ]
    if class_names is None:
        class_names = [str(k) for k in range(classes)]
    config = {"architecture": "six_layer_cnn",
              "arguments": {"classes": int(classes), "dtype": dtype.name}}
    return Sequential(layers, (48, 48, 1), class_names, rng, config)


ARCHITECTURES = {"six_layer_cnn": six_layer_cnn}


def load_model(path):
    """The model that `model.save(path)` wrote, or packaged weights by name ("five-class").

    It computes in the dtype of the model that was saved (float32 for the packaged ones), whatever
    the dtype of the weights in the file.

    FileNotFoundError where there is no such file or name; ValueError naming the file where it is
    truncated, is no model of this package, or holds weights of other names or shapes.
    """
    path = _packaged_or_path(path)
    arrays = load_arrays(path)
    try:
        about = json.loads(arrays.pop("model").tobytes())
        build = ARCHITECTURES[about["architecture"]]
        arguments, class_names = about["arguments"], about["class_names"]
    except (KeyError, TypeError, ValueError, RecursionError):
        raise ValueError(f"{path} is not a model saved by tinyfer") from None
    try:
        model = build(**arguments, class_names=class_names)
        model.load_state(arrays)
    except (ValueError, TypeError) as error:
        raise ValueError(f"{path}: {error}") from error
    return model


def _packaged_or_path(path):
    names = sorted(file.stem for file in PACKAGED.glob("*.npz"))
    if str(path) in names:
        return PACKAGED / f"{path}.npz"
    if not Path(path).is_file():
        known = ", ".join(names) if names else "none yet"
        raise FileNotFoundError(f"{path} is neither a file nor the name of packaged weights "
                                f"(there are: {known})")
    return Path(path)
