"""Chapter 6: convolution, with a step and with gaps in the window (a dilation)."""



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
        raise NotImplementedError

    def backward(self, dout):
        """dx from dout (N, H', W', K); dw and db go into grads."""
        raise NotImplementedError
