"""Chapter 3: the rectified linear unit."""

import numpy as np


class ReLU:
    def __init__(self):
        self.params, self.grads = {}, {}

    def forward(self, x, training=False):
        """out = max(0, x), number by number; any shape."""
        # solution
        self.out = np.maximum(x, 0)
        return self.out

    def backward(self, dout):
        """dx = dout where out > 0, elsewhere 0. dout itself stays as it is."""
        # solution
        # Each number of out depends on one of x. Where x > 0, out = x has the slope 1; where
        # x < 0, out = 0 has the slope 0: dx is dout times 1 or 0. At the kink, x = 0, there is no
        # slope, and 0 is taken. out > 0 just where x > 0, so it is enough to keep out.
        return dout * (self.out > 0)
