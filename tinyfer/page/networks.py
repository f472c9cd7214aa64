"""The networks one can choose on the page. They are loaded at their first use and never changed:
whatever moves weights or statistics works on a copy."""

import copy
from functools import cached_property

from tinyfer.core.inference import fold_batchnorm, seen, to_input
from tinyfer.core.losses import softmax
from tinyfer.core.networks import ARCHITECTURES, PACKAGED, load_model
from tinyfer.data.faces import SIZE

# Where it is packaged the page begins with the network that knows drawn faces, too; else with that
# of chapter 15, which reads them better than five-class.
DRAWN_TOO, FIRST = "drawn-too", "five-class-study"


class Network:
    """A network with the forms of it that the page needs, each made once."""

    def __init__(self, model):
        self.model = model
        self._folded = fold_batchnorm(model.layers)
        self.seen = seen(model)

    def probabilities(self, faces):
        """What `model.predict_proba` says of faces (N, 48, 48): (N, K)."""
        top, left, h, w = self.seen
        x = to_input(faces[:, top:top + h, left:left + w], self.model.dtype)
        for layer in self._folded:
            x = layer.forward(x)
        return softmax(x)

    def given(self, faces, dtype=None):
        """Faces (N, 48, 48) as the layers are given them: from the first row and column on that
        the network sees."""
        top, left = self.seen[:2]
        return to_input(faces[:, top:, left:], dtype or self.model.dtype)

    def copy(self):
        """A model of the same weights that may be changed."""
        return copy.deepcopy(self.model)

    @cached_property
    def twin(self):
        """The same network in float64, where finite differences keep their digits."""
        config, state = self.model.config, self.model.state()
        arguments = config["arguments"] | dict(dtype="float64")
        twin = ARCHITECTURES[config["architecture"]](
            **arguments, class_names=self.model.class_names)
        twin.load_state(state)
        return twin


class Networks:
    """The networks on offer, by the words one chooses them with.

    given: run folders and model files named on the command line; the packaged ones always follow.
    ValueError or OSError where one cannot be read or takes no 48x48 grey face.
    """

    def __init__(self, given=()):
        self._loaded = {}
        self.names = list(dict.fromkeys(map(str, given)))
        for name in self.names:
            self[name]
        self._packaged = sorted(path.stem for path in PACKAGED.glob("*.npz"))
        self._packaged.sort(key=lambda name: (name != DRAWN_TOO, name != FIRST))
        self.names += [name for name in self._packaged if name not in self.names]

    def __getitem__(self, name):
        if name not in self._loaded:
            model = load_model(name)
            if model.input_shape != (SIZE, SIZE, 1):
                raise ValueError(f"{name} takes inputs of shape {model.input_shape}; the page "
                                 f"has faces of {SIZE}x{SIZE} grey pixels")
            self._loaded[name] = Network(model)
        return self._loaded[name]

    def learnt_from(self, name):
        """What faces a network has learnt from, in words; None of one that is not packaged."""
        if name in self._packaged:
            return "photographs and drawn faces" if name == DRAWN_TOO else "photographs"

    def of(self, question):
        """The Network that a question names."""
        return self[question.choice("network", self.names)]
