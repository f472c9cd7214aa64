"""Chapter 3: the rectified linear unit."""



class ReLU:
    def __init__(self):
        self.params, self.grads = {}, {}

    def forward(self, x, training=False):
        """out = max(0, x), number by number; any shape."""
        raise NotImplementedError

    def backward(self, dout):
        """dx = dout where out > 0, elsewhere 0. dout itself stays as it is."""
        raise NotImplementedError
