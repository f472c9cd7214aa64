"""Chapter 6: convolution, with a step and with gaps in the window (a dilation)."""

import numpy as np


class Conv:
    def __init__(self, w, b, step=1, dilation=1):
        """w (R, R, C, K) and b (K,): arrays; step S and dilation D: whole numbers from 1."""
        self.params = {"w": w, "b": b}
        self.grads = {}
        self.step, self.dilation = step, dilation

    def forward(self, x, training=False):
        """out[n,i,j,k] = b[k] + sum over u,v,c of x[n, S i + D u, S j + D v, c] w[u,v,c,k]

        x (N, H, W, C) -> out (N, H', W', K): H' is the number of places where the whole window,
        D (R - 1) + 1 rows, lies in the image when it moves in steps of S. No padding.
        """
        # solution
        self.x = x
        out = np.zeros((len(x), *self._size(), len(self.params["b"])), x.dtype) + self.params["b"]
        for u, v, window in self._windows():
            out += x[window] @ self.params["w"][u, v]
        return out

    def backward(self, dout):
        """dx from dout (N, H', W', K); dw and db go into grads."""
        # solution
        # For fixed (u, v) the factors in out[n,i,j,k] are those of a dense layer: x[n,r,q,c] with
        # r = S i + D u, q = S j + D v stands there with the factor w[u,v,c,k], and w[u,v,c,k] with
        # x[n,r,q,c]. Added over all outputs that they stand in:
        #   dx[n,r,q,c]   = sum over u,v,k of dout[n,i,j,k] w[u,v,c,k], all i,j that meet r,q by u,v
        #   dw[u,v,c,k]   = sum over n,i,j of x[n, S i + D u, S j + D v, c] dout[n,i,j,k]
        #   db[k]         = sum over n,i,j of dout[n,i,j,k]
        # `window` holds the r and q of all i and j, each once, so for one (u, v) += is safe; those
        # of different (u, v) overlap, and their parts add up.
        w = self.params["w"]
        dx, dw = np.zeros_like(self.x), np.zeros_like(w)
        for u, v, window in self._windows():
            dx[window] += dout @ w[u, v].T
            dw[u, v] = np.tensordot(self.x[window], dout, axes=((0, 1, 2), (0, 1, 2)))
        self.grads = {"w": dw, "b": dout.sum(axis=(0, 1, 2))}
        return dx

    # helper
    def _size(self):
        # Window i has its rows from S i to S i + D (R - 1), and the image its last in H - 1:
        # i <= (H - reach) / S, and i = 0 counts, too.
        reach = self.dilation * (self.params["w"].shape[0] - 1) + 1
        return [(side - reach) // self.step + 1 for side in self.x.shape[1:3]]

    # helper
    def _windows(self):
        """u, v and the slice of x that the weights (u, v) meet."""
        (H, W), S, D = self._size(), self.step, self.dilation
        for u, v in np.ndindex(self.params["w"].shape[:2]):
            yield u, v, np.s_[:, D * u:D * u + S * (H - 1) + 1:S, D * v:D * v + S * (W - 1) + 1:S]
