"""The networks one can choose on the page. They are loaded at their first use and never changed:
whatever moves weights works on a copy."""

from functools import cached_property

from tinyfer.core.inference import seen, to_input
from tinyfer.core.networks import ARCHITECTURES, load_model, packaged
from tinyfer.data.faces import SIZE

DRAWN_TOO = "drawn-too"     # the network that knows drawn faces, too: the page begins with it


class Network:
    """A network with what the page needs of it beside."""

    def __init__(self, model):
        self.model = model
        self.seen = seen(model)

    def given(self, faces, dtype=None):
        """Faces (N, 48, 48) as the layers are given them: from the first row and column on that
        the network sees."""
        top, left = self.seen[:2]
        return to_input(faces[:, top:, left:], dtype or self.model.dtype)

    @cached_property
    def twin(self):
        """The same network in float64, where finite differences keep their digits."""
        config = self.model.config
        twin = ARCHITECTURES[config["architecture"]](
            **config["arguments"] | dict(dtype="float64"), class_names=self.model.class_names)
        twin.load_state(self.model.state())
        return twin


class Networks:
    """The networks on offer, by the words one chooses them with.

    given: run folders and model files named on the command line; the packaged ones always follow.
    ValueError or OSError where one cannot be read or takes no 48x48 grey face.
    """

    def __init__(self, given=()):
        self._loaded = {}
        self.names = list(dict.fromkeys([*map(str, given), DRAWN_TOO, *packaged()]))
        for name in given:
            self[str(name)]

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
        if name in packaged():
            return "photographs and drawn faces" if name == DRAWN_TOO else "photographs"

    def of(self, question):
        """The Network that a question names."""
        name = question["network"]
        if name not in self.names:
            raise ValueError(f"{name} is none of the networks on offer")
        return self[name]
