"""What the website's pages need of the package: its networks, the face finder, and the measures of
drawn faces. The modules that read it stand in tinyfer/page/static/network/."""

import json
from pathlib import Path

import numpy as np

from tinyfer.core.inference import fold_batchnorm, seen
from tinyfer.core.networks import PACKAGED, load_model, packaged
from tinyfer.data.drawn import measures
from tinyfer.data.faces import EMOTIONS
from tinyfer.page.faces import describe
from tinyfer.photo import finder

PEOPLE = 12             # drawn people that the pen knows, beside the plain face
CONSTANTS = ("FILL", "UNIT", "STEP", "SMALLEST", "BORDER", "AT_ONCE", "HAND_ON", "MOST", "VIEWS",
             "SCAN_SIZE", "SCAN_STRIDE", "LOOK_SIZE")


def write_all(folder):
    """Write NAME.bin of every packaged network, finder.bin and pen.json into a folder."""
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    for name in packaged():
        write_networks(folder / f"{name}.bin", [load_model(name)])
    scan, look = (load_model(PACKAGED / "finder" / f"{name}.npz") for name in ("scan", "look"))
    for model in scan, look:
        model.layers = fold_batchnorm(model.layers)
    write_networks(folder / "finder.bin", [scan, look],
                   constants={name: getattr(finder, name) for name in CONSTANTS})
    (folder / "pen.json").write_text(json.dumps(
        describe() | dict(people=[person(seed) for seed in range(PEOPLE + 1)]),
        separators=(",", ":")))


def write_networks(path, models, **more):
    """Write models into one file as weights.js reads it; what is `more` stands in its head.

    An array is of float16 where that loses nothing, as most of a packaged network, else of float32.
    """
    head, numbers = [], []
    for model in models:
        layers = []
        for name, layer in zip(model.names(), model.layers):
            arrays = {part.split(".")[-1]: getattr(value, "value", value)
                      for part, value in layer.parts()}
            arrays = {part: _smallest(value) for part, value in arrays.items()}
            numbers += [value.tobytes() for value in arrays.values()]
            layers.append(dict(
                name=name, title=str(layer), kind=type(layer).__name__, relu=layer.relu,
                epsilon=getattr(layer, "epsilon", None),
                arrays={part: (value.shape, value.dtype.name) for part, value in arrays.items()}))
        head.append(more | dict(class_names=model.class_names, window=model.window,
                                seen=seen(model), side=model.input_shape[0], layers=layers))
    head = json.dumps(head, separators=(",", ":")).encode()
    path.write_bytes(np.uint32(len(head)).tobytes() + head + b"".join(numbers))


def _smallest(array):
    half = array.astype("<f2")
    return half if (half == array).all() else array.astype("<f4")


def person(seed):
    """The measures of a drawn person, the plain face for seed 0: those that all expressions share,
    and those of each, as `tinyfer.data.drawn.draw_face` draws it."""
    each = [{name: float(f"{value.item():.7g}") for name, value in vars(measures(
        np.array([k]), np.random.default_rng(seed) if seed else None)).items()}
        for k in range(len(EMOTIONS))]
    shared = {name: value for name, value in each[0].items()
              if all(other[name] == value for other in each)}
    return shared | {emotion: {name: value for name, value in values.items() if name not in shared}
                     for emotion, values in zip(EMOTIONS, each)}
