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
        dx = np.zeros(self.shape, dout.dtype)
        for number, window in enumerate(self.windows):
            dx[window] += dout * (self.winner == number)
        return dx
