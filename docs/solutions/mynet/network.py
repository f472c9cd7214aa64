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
        # Each number of out is one of x, slope 1: its gradient only has to go back to its place.
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
        # Let x_i be the output of layer i. The loss depends on x_{i-1} only by x_i, so
        #   dL/dx_{i-1} = (d x_i / d x_{i-1})^T dL/dx_i:
        # each layer needs the gradient of its output and returns that of its input, last one first.
        for layer in reversed(self.layers):
            dout = layer.backward(dout)
        return dout
