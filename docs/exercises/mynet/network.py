"""Chapter 3: layers in a row."""


class Flatten:
    def __init__(self):
        self.params, self.grads = {}, {}

    def forward(self, x, training=False):
        """(N, H, W, C) -> (N, H W C), in the order in which they lie."""
        raise NotImplementedError

    def backward(self, dout):
        """dx, of the shape that forward was given."""
        raise NotImplementedError


class Network:
    def __init__(self, layers):
        """layers: a list; the output of each is the input of the next."""
        self.layers = list(layers)

    def forward(self, x, training=False):
        """The output of the last layer. `training` is passed on to each."""
        raise NotImplementedError

    def backward(self, dout):
        """d loss / dx from dout = d loss / d output; every layer fills its grads."""
        raise NotImplementedError
