"""The study's network, layer by layer; how networks of your own are known; load_model."""

import functools
import inspect
import os
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import DTypeLike

from tinyfer.core import checks
from tinyfer.core.layers import BatchNorm, Conv2D, Dense, Dropout, Flatten, MaxPool2D
from tinyfer.core.model import Sequential, checked_names
from tinyfer.storage.arrays import brief, check_form, load_arrays, parse_json

PACKAGED = Path(__file__).resolve().parents[1] / "pretrained"

ARCHITECTURES: dict[str, Callable[..., Sequential]] = {}


def register(function: Callable[..., Sequential]) -> Callable[..., Sequential]:
    """Make a function that builds a network known to `load_model`: a decorator.

        @register
        def my_network(width=8, seed=0, class_names=("happy", "sad")):
            return Sequential([...], (48, 48, 1), class_names, rng)

    Its arguments but for seed and class_names are saved with the weights, so they must be what JSON
    holds, or a dtype. A file is read by the function of the same name. TypeError for a function
    that `load_model` could not call, ValueError where another has the name.
    """
    signature, name = inspect.signature(function), function.__name__
    takes, needed = signature.parameters, inspect.Parameter.empty
    if "class_names" not in takes or "seed" in takes and takes["seed"].default is needed:
        raise TypeError(f"{name} needs an argument class_names, and a default for seed, so that "
                        "load_model can call it")
    known = ARCHITECTURES.get(name)
    if known and (known.__module__, known.__qualname__) != (function.__module__,
                                                            function.__qualname__):
        raise ValueError(f"there is an architecture {name} already, in {known.__module__}")

    @functools.wraps(function)
    def build(*args, **kwargs):
        given = signature.bind(*args, **kwargs)
        given.apply_defaults()
        model = function(*args, **kwargs)
        arguments = {key: np.dtype(value).name if key == "dtype" else
                     value.item() if isinstance(value, np.generic) else value
                     for key, value in given.arguments.items()
                     if key not in ("seed", "class_names")}
        model.config, model.made_as = dict(architecture=name, arguments=arguments), model.plan()
        return model

    ARCHITECTURES[name] = build
    return build


@register
def six_layer_cnn(classes: int = 7, seed: int = 0, dtype: DTypeLike = np.float32,
                  class_names: Sequence[str] | None = None) -> Sequential:
    """Six convolutions in three blocks, then two dense layers: 23 layers, 1,394,183 values for 7.

    x (N, 48, 48, 1) in [0, 1] -> logits (N, classes). seed: of the generator that draws the
    weights and then drives dropout (and, in training, shuffling and augmentation).
    class_names: `classes` strings, "0", "1", ... by default. dtype: float32 or float64.

    Each pool drops the odd row and column it is given, so in evaluation the network never
    sees the last four rows and columns of an image.
    """
    classes = checks.count("classes", classes, 2)
    dtype, rng = checks.float_type(dtype), np.random.default_rng(seed)

    def conv(c_in, c_out):
        return conv_norm(c_in, c_out, rng, dtype)

    def pool():
        return [MaxPool2D(), Dropout(0.25, rng)]

    layers = [
        *conv(1, 32), *conv(32, 64), *pool(),               # 48 -> 46 -> 44 -> 22
        *conv(64, 128), *conv(128, 128), *pool(),           # 22 -> 20 -> 18 -> 9
        *conv(128, 256), *conv(256, 256), *pool(),          # 9 -> 7 -> 5 -> 2
        Flatten(),
        Dense(1024, 256, rng, relu=True, dtype=dtype), BatchNorm(256, dtype=dtype),
        Dropout(0.5, rng),
        Dense(256, classes, rng, dtype=dtype),
    ]
    return Sequential(layers, (48, 48, 1), class_names, rng)


def conv_norm(c_in, c_out, rng, dtype):
    return [Conv2D(c_in, c_out, rng, relu=True, dtype=dtype), BatchNorm(c_out, dtype=dtype)]


def packaged():
    """The names of the packaged weights."""
    return sorted(file.stem for file in PACKAGED.glob("*.npz"))


def load_model(place: str | os.PathLike | None = None) -> Sequential:
    """A trained model: packaged weights by name ("five-class"), the best of a run folder, or the
    file that `model.save(path)` wrote. A name of packaged weights goes before a folder or file.

    It computes in the dtype of the model that was saved, whatever that of the weights in the file.
    FileNotFoundError where there is no such file or name; ValueError naming the file where it is
    truncated, is no model of this package, or holds weights of other names or shapes.
    """
    return read_model(find_weights(place))[0]


def find_weights(place):
    """The Path of the file of a network: see `load_model`."""
    names = packaged()
    known = f"packaged are {', '.join(names)}" if names else "none are packaged yet"
    if place is None:
        raise ValueError("load_model needs the name of packaged weights, a run folder or a model "
                         f"file; {known}")
    if place in names:
        return PACKAGED / f"{place}.npz"
    path = Path(place)
    if path.is_dir():
        if not (path / "best.npz").is_file():
            begun = (path / "config.json").is_file()
            raise FileNotFoundError(f"{place} " + (
                "holds no best.npz yet: its first epoch is not over" if begun else
                "is no run folder"))
        path = path / "best.npz"
    if not path.is_file():
        raise FileNotFoundError(f"{place} is neither a file nor the name of packaged weights "
                                f"({known})")
    return path


def read_model(path):
    """(model, about) of a model file: about is the dict that it tells of itself."""
    arrays = load_arrays(path)
    if "about" in arrays:
        raise ValueError(f"{path} is a checkpoint, not a model: give its run folder, or best.npz")
    try:
        about = parse_json(arrays.pop("model", np.zeros(0)).tobytes(), "what it says of itself")
        check_form(about, dict(architecture=(str,), arguments=(dict,), class_names=(list,)), "it")
        build, arguments = ARCHITECTURES.get(about["architecture"]), about["arguments"]
        if not build:
            raise ValueError(f"its network {brief(about['architecture'])} is unknown; one of your "
                             "own is known once its function is made with @register")
        takes = inspect.signature(build).parameters.keys() - {"class_names"}
        for stranger in sorted(arguments.keys() - takes):
            raise ValueError(f"its network {about['architecture']} takes no {brief(stranger)}")
    except ValueError as error:
        raise ValueError(f"{path} is not a model saved by tinyfer: {error}") from None
    try:
        class_names = checked_names(about["class_names"])
        if "classes" in takes and arguments.setdefault("classes", len(class_names)) != len(
                class_names):
            raise ValueError(f"{len(class_names)} class names for {brief(arguments['classes'])} "
                             "classes")
        if arguments.get("dtype", "float32") not in ("float32", "float64"):
            raise ValueError(f"dtype is {brief(arguments['dtype'])}; expected float32 or float64")
        model = build(**arguments, class_names=class_names)
        model.window = about.get("window", "corner")
        model.load_state(arrays)
    except (ValueError, TypeError, OverflowError, MemoryError) as error:
        raise ValueError(f"{path}: {error}") from error
    return model, about
