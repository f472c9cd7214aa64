"""Sequential: layers in a row, with the names, the table, prediction and saving of the whole."""

import json
import os
from collections import Counter
from collections.abc import Mapping, Sequence

import numpy as np

from tinyfer.core import checks, fusion, inference
from tinyfer.core.kernels.threads import not_waiting_for_cores
from tinyfer.core.layers import Layer, Parameter, checked_layers, walk
from tinyfer.storage.arrays import save_arrays

MOST_CLASSES = 1000


class Sequential:
    """layers[0], then layers[1], ...: the output of each is the input of the next.

    layers: list of Layer; input_shape: (H, W, C) of one image; class_names: one string for each
    output, all different. rng: the np.random.Generator that drives dropout; the layers hold the
    same object, so it is restored through `rng.bit_generator.state`, never replaced.

    window: "corner" or "middle", the part of a face at which the network looks when it looks once;
    that on which it was trained (`Recipe.window`). It is saved with the weights.

    What is stored has names such as "conv2.w": the layer's kind, its number, the array's own name.
    They are made from the layers whenever they are asked for, so layers may change. TypeError for
    what is no layer; ValueError for layers that do not fit together, or where one, or an array of
    one, stands twice.
    """

    made_as: tuple | None = None    # its plan() then
    config: dict | None = None      # how a function rebuilds this model: see networks.register

    def __init__(self, layers: Sequence[Layer], input_shape: Sequence[int] = (48, 48, 1),
                 class_names: Sequence[str] | None = None,
                 rng: np.random.Generator | None = None) -> None:
        self.layers = checked_layers(layers)
        self.input_shape = tuple(checks.count("input_shape", n) for n in input_shape)
        self.rng = rng if rng is None else checks.generator(rng)
        self.window = "corner"
        if len({p.value.dtype for p in self.parameters()}) > 1:
            raise ValueError("the layers are of several dtypes; expected one for all")
        shape = self.input_shape
        for name, layer in zip(self.names(), self.layers):
            says, shape = Layer.output_shape(layer, shape), layer.output_shape(shape)
            if layer.kernel is not None and says[:2] != shape[:2] and len(says) == 3:
                raise ValueError(f"{name} makes {shape} by its output_shape, but {says[:2]} by "
                                 f"its kernel {layer.kernel}, stride {layer.stride} and padding "
                                 f"{layer.padding}; expected these to be the same")
        if class_names is None:
            class_names = [str(k) for k in range(shape[-1])]
        self.class_names = checked_names(class_names)
        if len(self.class_names) != shape[-1]:
            raise ValueError(f"{len(self.class_names)} class names for {shape[-1]} outputs")

    def names(self) -> list[str]:
        """The name of every layer: "conv1", "bn1", "pool1", ..."""
        count: Counter = Counter()
        names = []
        for layer in checked_layers(self.layers):
            count[layer.kind] += 1
            names.append(f"{layer.kind}{count[layer.kind]}")
        if len(set(names)) < len(names):
            raise ValueError(f"two layers have one name in {', '.join(names)}: choose another kind")
        return names

    def parts(self) -> dict:
        """Every layer, and every Parameter and array in one, by its name: a dict."""
        return dict(walk(dict(zip(self.names(), self.layers))))

    @property
    def window(self):
        return self._window

    @window.setter
    def window(self, name):
        if name not in inference.WINDOWS:
            raise ValueError(f"window is {name!r:.60}; expected one of "
                             f"{', '.join(inference.WINDOWS)}")
        self._window = name

    @property
    def dtype(self) -> np.dtype:
        """float32 or float64: of the parameters, and of x."""
        parts = walk(dict(enumerate(self.layers)))      # of which the first parameter is enough
        return next((p.value.dtype for _, p in parts if isinstance(p, Parameter)),
                    np.dtype(np.float32))

    def output_shape(self, shape: tuple[int, ...]) -> tuple[int, ...]:
        """Shape of the output for an input of `shape`, both without N; ValueError if none fits."""
        for layer in self.layers:
            shape = layer.output_shape(shape)
        return shape

    def forward(self, x: np.ndarray, training: bool = False) -> np.ndarray:
        """x (N, H, W, C) in the model's dtype -> logits (N, K), the scores before softmax.

        training: batch statistics in batch norm, and dropout. ValueError for another dtype, an
        empty batch or a shape that some layer does not fit (then no layer has begun).
        """
        if getattr(x, "dtype", self.dtype) != self.dtype:
            raise ValueError(f"x is {str(x.dtype):.40}; this model computes in {self.dtype} "
                             "(tinyfer.to_input scales and converts)")
        x = checks.array("this model", "x", x, ("N", ...), self.dtype)
        shape = self.output_shape(x.shape[1:])
        inference.warn_of_range(x, training)
        with not_waiting_for_cores():
            out = fusion.forward(self.layers, x, training)
        if out.shape[1:] != shape:
            raise ValueError(f"the layers give {out.shape[1:]} where their output_shape says "
                             f"{shape}: one of them says what it does not do")
        return out

    def backward(self, dout: np.ndarray, wants_dx: bool = True) -> np.ndarray | None:
        """dout = d loss / d logits (N, K) -> d loss / d x; fills the `.grad` of every parameter.

        One backward for each forward, in the same thread, with as many rows; else ValueError.
        Training has no use for d loss / d x: with wants_dx=False it may be None, which saves time.
        """
        with not_waiting_for_cores():
            return fusion.backward(self.layers, dout, wants_dx)

    def parameters(self) -> list[Parameter]:
        """Everything that is trained: list of Parameter, from the first layer to the last."""
        found = {name: part for name, part in self.parts().items() if isinstance(part, Parameter)}
        for name, parameter in found.items():
            parameter.name = name
        return list(found.values())

    def num_parameters(self, trainable: bool = False) -> int:
        """Number of stored values (as Keras counts), or of those that are trained."""
        stored = [p.value for p in self.parameters()] if trainable else self.state().values()
        return sum(array.size for array in stored)

    def predict_proba(self, faces: np.ndarray, batch_size: int = 64, crops: int = 1) -> np.ndarray:
        """Probability of each class: faces (N, 48, 48) uint8, or floats in [0, 1] -> (N, K).

        One face (48, 48) -> (K,). N may be 0; the result does not depend on batch_size beyond
        rounding. A training is not disturbed, not even between a forward and its backward or in
        another thread. ValueError for faces of another size or range.

        crops: 1, the model's own `window`; or 2, 10 or 18 for the mean over windows and mirror
        images, for as many times the work: the middle; and the corners; and the edges. Their size
        is what the network sees.
        """
        return inference.predict_proba(self, faces, batch_size, crops)

    def predict(self, faces: np.ndarray, batch_size: int = 64) -> np.ndarray:
        """Number of the most probable class: faces as for predict_proba -> (N,) int64, or one."""
        return self.predict_proba(faces, batch_size).argmax(axis=-1)

    def state(self) -> dict[str, np.ndarray]:
        """Every stored array by its unique name: the arrays themselves, not copies."""
        parts = self.parts().items()
        return ({name: p.value for name, p in parts if isinstance(p, Parameter)}
                | {name: a for name, a in parts if isinstance(a, np.ndarray)})

    def load_state(self, arrays: Mapping[str, np.ndarray]) -> None:
        """Copy a state() in. ValueError, and nothing changed, where names or shapes differ, values
        are no finite floats, or a variance is negative.
        """
        mine = self.state()
        new = checks.state("weights do not fit this model", mine, arrays)
        for name, array in mine.items():
            array[...] = new[name]

    def save(self, path: str | os.PathLike) -> None:
        """Write architecture, class names and weights to one .npz, whole or not at all: every array
        of state() under its name, and "model", JSON as bytes.

        ValueError where `tinyfer.load_model` could not read it: for a model that was not made by an
        architecture function that it knows, or whose layers have changed since.
        """
        if self.config is None:
            raise ValueError("only a model made by an architecture function can be saved, one of "
                             "tinyfer's or your own: see tinyfer.core.networks.register")
        if self.made_as != self.plan():
            raise ValueError(f"the layers are no longer those that {self.config['architecture']} "
                             "makes, so the model could not be loaded; register a function that "
                             "makes these")
        about = json.dumps(self.config | {"class_names": self.class_names,
                                          "window": self.window}).encode()
        save_arrays(path, {"model": np.frombuffer(about, np.uint8)} | self.state())

    def plan(self) -> tuple:
        """What a model must share with another for the weights of one to fit the other."""
        return [repr(layer) for layer in self.layers], {
            name: array.shape for name, array in self.state().items()}

    def __repr__(self):
        shape = self.input_shape
        rows = [("#", "layer", "output", "parameters")]
        for number, layer in enumerate(self.layers, 1):
            shape = layer.output_shape(shape)
            stored = sum(a.size for a in layer.buffers().values())
            stored += sum(p.value.size for p in layer.parameters())
            rows.append((str(number), str(layer), "x".join(map(str, shape)),
                         f"{stored:,}" if stored else ""))
        widths = [max(map(len, column)) for column in zip(*rows)]
        lines = [f"{number:>{widths[0]}}  {label:<{widths[1]}}  {output:<{widths[2]}}  "
                 f"{stored:>{widths[3]}}".rstrip() for number, label, output, stored in rows]
        lines.append(f"{self.num_parameters():,} values stored, "
                     f"{self.num_parameters(trainable=True):,} of them trained; "
                     f"softmax turns the {len(self.class_names)} outputs into probabilities")
        return "\n".join(lines)


def checked_names(names):
    """The class names as a tuple; ValueError where one is no text, or stands there twice."""
    if isinstance(names, str):
        raise ValueError(f"class_names is the text {names!r:.40}; expected a list of texts")
    names = tuple(names)
    for name in names:
        if not isinstance(name, str) or not 0 < len(name) <= 100 or not name.isprintable():
            raise ValueError(f"the class name {name!r:.60} is no text of 1 to 100 characters")
    if not len(set(names)) == len(names) <= MOST_CLASSES:
        raise ValueError(f"{len(names)} class names; expected at most {MOST_CLASSES}, each once")
    return names
