"""Chapter 3: the dense layer.

Every layer of mynet has this form. `params` holds its trained arrays by name, `grads` their
gradients under the same names after a backward. forward(x, training) returns out and keeps what
backward will need; backward(dout) returns dx. Neither changes x or dout.
"""


class Dense:
    def __init__(self, w, b):
        """w (C, K) and b (K,): arrays, used as they are (not copied)."""
        self.params = {"w": w, "b": b}
        self.grads = {}

    def forward(self, x, training=False):
        """out[n,k] = b[k] + sum over c of x[n,c] w[c,k]; x (N, C) -> out (N, K)."""
        # solution
        self.x = x
        return x @ self.params["w"] + self.params["b"]

    def backward(self, dout):
        """dx (N, C) from dout (N, K); dw (C, K) and db (K,) go into grads["w"] and grads["b"]."""
        # solution
        # In out[n,k] stand x[n,c] with the factor w[c,k] and w[c,k] with the factor x[n,c]. The
        # chain rule adds dout times factor over all outputs in which a number stands:
        #   dx[n,c] = sum over k of dout[n,k] w[c,k]    row n of dout by row c of w: dout w^T
        #   dw[c,k] = sum over n of x[n,c] dout[n,k]    column c of x by column k of dout: x^T dout
        #   db[k]   = sum over n of dout[n,k]           b[k] has the factor 1 in every row
        self.grads = {"w": self.x.T @ dout, "b": dout.sum(axis=0)}
        return dout @ self.params["w"].T
