"""Chapter 7: max pooling, with windows that may overlap."""



class MaxPool:
    def __init__(self, size=2, step=2):
        """Windows of size x size, each `step` from the next; with step < size they overlap."""
        self.params, self.grads = {}, {}
        self.size, self.step = size, step

    def forward(self, x, training=False):
        """out[n,i,j,c] = max over u,v < size of x[n, step i + u, step j + v, c]

        x (N, H, W, C) -> (N, H', W', C); rows and columns that no whole window reaches are dropped.
        """
        raise NotImplementedError

    def backward(self, dout):
        """dx: each dout goes to the winner of its window, of equal values the first in reading
        order. Who wins several windows gets the sum.
        """
        raise NotImplementedError
