"""Chapter 3: layers in a row."""


class Flatten:
    def __init__(self):
        self.params, self.grads = {}, {}

    def forward(self, x, training=False):
        """(N, H, W, C) -> (N, H W C), in the order in which they lie."""
        # solution
        self.shape = x.shape
        return x.reshape(len(x), -1)

    def backward(self, dout):
        """dx, of the shape that forward was given."""
        # solution
        return dout.reshape(self.shape)


class Network:
    def __init__(self, layers):
        """layers: a list; the output of each is the input of the next."""
        self.layers = list(layers)

    def forward(self, x, training=False):
        """The output of the last layer. `training` is passed on to each."""
        # solution
        for layer in self.layers:
            x = layer.forward(x, training)
        return x

    def backward(self, dout):
        """d loss / dx from dout = d loss / d output; every layer fills its grads."""
        # solution
        for layer in reversed(self.layers):
            dout = layer.backward(dout)
        return dout
