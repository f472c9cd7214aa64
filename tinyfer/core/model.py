"""Sequential: layers in a row, with the names, the table, prediction and saving of the whole."""

import json
from collections import Counter

import numpy as np

from tinyfer.core import checks, fusion, inference
from tinyfer.core.arrays import save_arrays

MOST_CLASSES = 1000


class Sequential:
    """layers[0], then layers[1], ...: the output of each is the input of the next.

    layers: list of Layer; input_shape: (H, W, C) of one image; class_names: one string for each
    output, all different. rng: the np.random.Generator that drives dropout; the layers hold the
    same object, so it is restored through `rng.bit_generator.state`, never replaced. config: how an
    architecture function rebuilds this model (needed by `save`).

    window: "corner" or "middle", the part of a face at which the network looks when it looks once;
    that on which it was trained (`Recipe.window`). It is saved with the weights.

    Parameters get unique names such as "conv2.w": the layer's kind, its number, its own name.
    """

    def __init__(self, layers, input_shape=(48, 48, 1), class_names=None, rng=None, config=None):
        self.layers = list(layers)
        self.input_shape = tuple(input_shape)
        self.rng = rng
        self.config = config
        self.window = "corner"
        outputs = self.output_shape(self.input_shape)
        if class_names is None:
            class_names = [str(k) for k in range(outputs[-1])]
        self.class_names = checked_names(tuple(class_names))
        if len(self.class_names) != outputs[-1]:
            raise ValueError(f"{len(self.class_names)} class names for {outputs[-1]} outputs")
        if len({p.value.dtype for p in self.parameters()}) > 1:
            raise ValueError("the layers are of several dtypes; expected one for all")
        self._buffers = {}
        self._name_everything()

    def _name_everything(self):
        count = Counter()
        for layer in self.layers:
            count[layer.kind] += 1
            name = f"{layer.kind}{count[layer.kind]}"
            for parameter in layer.parameters():
                parameter.name = f"{name}.{parameter.name.split('.')[-1]}"
            for key, array in layer.buffers().items():
                self._buffers[f"{name}.{key}"] = array

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
    def dtype(self):
        return self.parameters()[0].value.dtype

    def output_shape(self, shape):
        """Shape of the output for an input of `shape`, both without N; ValueError if none fits."""
        for layer in self.layers:
            shape = layer.output_shape(shape)
        return shape

    def forward(self, x, training=False):
        """x (N, H, W, C) in the model's dtype -> logits (N, K), the scores before softmax.

        training: batch statistics in batch norm, and dropout. ValueError for another dtype, an
        empty batch or a shape that some layer does not fit (then no layer has begun).
        """
        if getattr(x, "dtype", self.dtype) != self.dtype:
            raise ValueError(f"x is {str(x.dtype):.40}; this model computes in {self.dtype} "
                             "(tinyfer.to_input scales and converts)")
        x = checks.array("this model", "x", x, ("N", ...), self.dtype)
        self.output_shape(x.shape[1:])
        return fusion.forward(self.layers, x, training)

    def backward(self, dout, wants_dx=True):
        """dout = d loss / d logits (N, K) -> d loss / d x; fills the `.grad` of every parameter.

        One backward for each forward, in the same thread, with as many rows; else ValueError.
        Training has no use for d loss / d x: with wants_dx=False it may be None, which saves time.
        """
        return fusion.backward(self.layers, dout, wants_dx)

    def parameters(self):
        """Everything that is trained: list of Parameter, from the first layer to the last."""
        return [p for layer in self.layers for p in layer.parameters()]

    def num_parameters(self, trainable=False):
        """Number of stored values (as Keras counts), or of those that are trained."""
        trained = sum(p.value.size for p in self.parameters())
        return trained if trainable else trained + sum(b.size for b in self._buffers.values())

    def predict_proba(self, faces, batch_size=64, crops=1):
        """Probability of each class: faces (N, 48, 48) uint8, or floats in [0, 1] -> (N, K).

        One face (48, 48) -> (K,). N may be 0. The faces are taken batch_size at a time; the result
        does not depend on it beyond rounding. A training is not disturbed, whether it stands
        between a forward and its backward or runs in another thread. ValueError for faces of
        another size or range.

        crops: 1, the model's own `window`; or 2, 10 or 18 for the mean over windows and mirror
        images, for as many times the work: the middle; and the corners; and the edges. Their size
        is what the network sees.
        """
        return inference.predict_proba(self, faces, batch_size, crops)

    def predict(self, faces, batch_size=64):
        """Number of the most probable class: faces as for predict_proba -> (N,) int64, or one."""
        return self.predict_proba(faces, batch_size).argmax(axis=-1)

    def state(self):
        """Every stored array by its unique name: the arrays themselves, not copies."""
        return {p.name: p.value for p in self.parameters()} | self._buffers

    def load_state(self, arrays):
        """Copy a state() in. ValueError, and nothing changed, where names or shapes differ, values
        are no finite floats, or a variance is negative.
        """
        mine = self.state()
        for name in sorted(mine.keys() ^ arrays.keys()):
            raise ValueError(f"weights do not fit this model: {name!r} is "
                             + ("missing" if name in mine else "unknown"))
        new = {name: checks.stored("weights do not fit this model", name, arrays[name], array,
                                   least=0 if checks.at_least_zero(name) else -np.inf)
               for name, array in mine.items()}
        for name, array in mine.items():
            array[...] = new[name]

    def save(self, path):
        """Write architecture, class names and weights to one .npz, whole or not at all.

        The .npz holds every array of state() under its name, and "model": JSON as bytes.
        `tinyfer.load_model` reads it.
        """
        if self.config is None:
            raise ValueError("only a model made by an architecture function can be saved")
        about = json.dumps(self.config | {"class_names": self.class_names,
                                          "window": self.window}).encode()
        save_arrays(path, {"model": np.frombuffer(about, np.uint8)} | self.state())

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
    """The class names; ValueError where one is no text, or stands there twice."""
    for name in names:
        if not isinstance(name, str) or not 0 < len(name) <= 100 or not name.isprintable():
            raise ValueError(f"the class name {name!r:.60} is no text of 1 to 100 characters")
    if not len(set(names)) == len(names) <= MOST_CLASSES:
        raise ValueError(f"{len(names)} class names; expected at most {MOST_CLASSES}, each once")
    return names
