"""Chapter 7: max pooling, with windows that may overlap."""

import numpy as np


class MaxPool:
    def __init__(self, size=2, step=2):
        """Windows of size x size, each `step` from the next; with step < size they overlap."""
        self.params, self.grads = {}, {}
        self.size, self.step = size, step

    def forward(self, x, training=False):
        """out[n,i,j,c] = max over u,v < size of x[n, step i + u, step j + v, c]

        x (N, H, W, C) -> (N, H', W', C); rows and columns that no whole window reaches are dropped.
        """
        # solution
        R, S = self.size, self.step
        H, W = ((side - R) // S + 1 for side in x.shape[1:3])
        self.windows = [np.s_[:, u:u + S * (H - 1) + 1:S, v:v + S * (W - 1) + 1:S]
                        for u in range(R) for v in range(R)]
        members = np.stack([x[window] for window in self.windows])
        self.winner, self.shape = members.argmax(axis=0), x.shape     # argmax: the first of equals
        return members.max(axis=0)

    def backward(self, dout):
        """dx: each dout goes to the winner of its window, of equal values the first in reading
        order. Who wins several windows gets the sum.
        """
        # solution
        # If x[m] is larger than all others of its window, it still is after a small change of any:
        # out = x[m] all around, with the slope 1 by x[m] and 0 by the others. So dx[m] is the sum
        # of dout over the windows that m wins. (Of equals none has a slope: raised it raises out,
        # lowered it does not lower it. The first takes all.)
        # winner == number is the slope of all windows by their member of that number; the same
        # pixel may be another member of another window, hence +=.
        dx = np.zeros(self.shape, dout.dtype)
        for number, window in enumerate(self.windows):
            dx[window] += dout * (self.winner == number)
        return dx
