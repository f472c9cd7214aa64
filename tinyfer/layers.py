"""The layers: what each computes, and its gradient by hand.

Every layer is called in two steps. `forward(x, training)` returns the output and keeps what the
gradient will need. `backward(dout)` takes the gradient of the loss with respect to that output,
writes the gradient of each parameter into its `.grad`, and returns dx, the gradient with respect
to x. It uses up what forward kept, so that the memory can serve again: one backward a forward.
Neither step changes x or dout.

Arrays are channels-last: images (N, H, W, C), features (N, C). A layer computes in the dtype of its
parameters; a layer without any, in the dtype of x. Chapter 3 of the course derives the chain rule
used here.
"""

import math

import numpy as np

from tinyfer.kernels.batchnorm import batchnorm_apply, batchnorm_backward, batchnorm_statistics
from tinyfer.kernels.conv import conv2d_backward, conv2d_forward
from tinyfer.kernels.dropout import dropout
from tinyfer.kernels.gemm import matmul
from tinyfer.kernels.pooling import maxpool_backward, maxpool_forward
from tinyfer.kernels.relu import relu_backward, relu_forward


class Parameter:
    """An array that is trained, and the gradient of the loss with respect to it."""

    def __init__(self, name, value):
        self.name = name
        self.value = value
        self.grad = np.zeros_like(value)

    def __repr__(self):
        return f"Parameter({self.name}, {self.value.shape}, {self.value.dtype})"


class Layer:
    """A layer without parameters or state; the others add theirs."""

    kind = None         # a layer of a kind is numbered in its model: "conv1", "conv2"
    _kept = None        # what backward needs from forward

    def forward(self, x, training=False):
        raise NotImplementedError

    def backward(self, dout):
        raise NotImplementedError

    def parameters(self):
        """The trained arrays: list of Parameter."""
        return []

    def buffers(self):
        """State that is saved but not trained: dict of name -> array, changed in place."""
        return {}

    def output_shape(self, shape):
        """Shape of the output for an input of `shape`, both without N; ValueError if none fits."""
        return shape

    def _take(self):
        if self._kept is None:
            raise ValueError(f"{self}: backward needs a forward before it, one for each call")
        kept, self._kept = self._kept, None
        return kept


def glorot_uniform(shape, fan_in, fan_out, rng, dtype):
    """Uniform in +-sqrt(6 / (fan_in + fan_out)). Glorot and Bengio 2010, equation 16; chapter 7."""
    limit = math.sqrt(6 / (fan_in + fan_out))
    return rng.uniform(-limit, limit, shape).astype(dtype)


class Conv2D(Layer):
    """3x3 convolution, stride 1, no padding; with relu=True followed by ReLU in the same pass.

        out[n,i,j,k] = b[k] + sum over u,v,c of x[n,i+u,j+v,c] w[u,v,c,k]

    x (N, H, W, C), w (3, 3, C, K), b (K,) -> out (N, H-2, W-2, K). The gradients, chapter 4:

        dx[n,i,j,c]  = sum over u,v,k of dout[n,i-u,j-v,k] w[u,v,c,k]
        dw[u,v,c,k]  = sum over n,i,j of x[n,i+u,j+v,c] dout[n,i,j,k]
        db[k]        = sum over n,i,j of dout[n,i,j,k]

    with dout 0 outside its range and, after ReLU, wherever out is 0.
    Initially: w Glorot-uniform with fans 9 C and 9 K, b zero.
    """

    kind = "conv"

    def __init__(self, c_in, c_out, rng, relu=False, dtype=np.float32):
        w = glorot_uniform((3, 3, c_in, c_out), 9 * c_in, 9 * c_out, rng, dtype)
        self.w = Parameter("w", w)
        self.b = Parameter("b", np.zeros(c_out, dtype))
        self.relu = relu

    def forward(self, x, training=False):
        out = conv2d_forward(x, self.w.value, self.b.value, self.relu)
        self._kept = x, out if self.relu else None
        return out

    def backward(self, dout):
        x, out = self._take()
        dx, self.w.grad[...], self.b.grad[...] = conv2d_backward(dout, x, self.w.value, out)
        return dx

    def parameters(self):
        return [self.w, self.b]

    def output_shape(self, shape):
        c_in, c_out = self.w.value.shape[2:]
        if len(shape) != 3 or shape[2] != c_in or min(shape[:2]) < 3:
            raise ValueError(f"{self} got an input of shape {shape}; "
                             f"expected (H, W, {c_in}) with H and W at least 3")
        return shape[0] - 2, shape[1] - 2, c_out

    def __str__(self):
        return f"Conv {self.b.value.size}" + (" + ReLU" if self.relu else "")


class ReLU(Layer):
    """out = max(0, x), any shape; dx = dout where out > 0, else 0. Chapter 3."""

    def forward(self, x, training=False):
        out = relu_forward(x)
        self._kept = out
        return out

    def backward(self, dout):
        return relu_backward(dout, self._take())

    def __str__(self):
        return "ReLU"


class BatchNorm(Layer):
    """Batch normalisation of the last axis. Ioffe and Szegedy 2015, algorithm 1; chapter 6.

        xhat = (x - mean) / sqrt(var + epsilon)         out = gamma xhat + beta

    In training mean and var are those of the batch, over all axes but the last (M values each), and

        running <- momentum running + (1 - momentum) batch

    for both. In evaluation they are the running ones, constants to the gradient. var is the biased
    variance (divided by M) in both places, as in Keras 3; PyTorch keeps the unbiased one in
    its running variance. Gradients, with sums over the M values of a channel:

        dgamma = sum dout xhat          dbeta = sum dout
        dx = gamma / sqrt(var + epsilon) (dout - dbeta / M - xhat dgamma / M)     training
        dx = gamma / sqrt(var + epsilon) dout                                     evaluation

    x (N, H, W, C) or (N, C). Initially gamma 1, beta 0, running mean 0, running variance 1.
    """

    kind = "bn"

    def __init__(self, channels, momentum=0.99, epsilon=1e-3, dtype=np.float32):
        self.gamma = Parameter("gamma", np.ones(channels, dtype))
        self.beta = Parameter("beta", np.zeros(channels, dtype))
        self.mean = np.zeros(channels, dtype)
        self.var = np.ones(channels, dtype)
        self.momentum, self.epsilon = momentum, epsilon

    def forward(self, x, training=False):
        mean, var = self.mean.copy(), self.var
        if training:
            mean, var = batchnorm_statistics(x)
            for running, batch in (self.mean, mean), (self.var, var):
                running *= self.momentum
                running += (1 - self.momentum) * batch
        inv_std = 1 / np.sqrt(var + var.dtype.type(self.epsilon))
        self._kept = x, mean, inv_std, training
        return batchnorm_apply(x, mean, inv_std, self.gamma.value, self.beta.value)

    def backward(self, dout):
        x, mean, inv_std, training = self._take()
        dx, self.gamma.grad[...], self.beta.grad[...] = batchnorm_backward(
            dout, x, mean, inv_std, self.gamma.value, batch_statistics=training)
        return dx

    def parameters(self):
        return [self.gamma, self.beta]

    def buffers(self):
        return {"mean": self.mean, "var": self.var}

    def output_shape(self, shape):
        if not shape or shape[-1] != self.mean.size:
            raise ValueError(f"{self} of {self.mean.size} channels got an input of shape {shape}")
        return shape

    def __str__(self):
        return "BatchNorm"


class MaxPool2D(Layer):
    """Maximum of each 2x2 square, stride 2; an odd last row or column is dropped. Chapter 5.

    x (N, H, W, C) -> out (N, H//2, W//2, C). dx is dout at the winner of each square, 0 elsewhere;
    of equal values the first in reading order wins.
    """

    def forward(self, x, training=False):
        out, winner = maxpool_forward(x)
        self._kept = winner, x.shape
        return out

    def backward(self, dout):
        winner, shape = self._take()
        return maxpool_backward(dout, winner, shape)

    def output_shape(self, shape):
        if len(shape) != 3 or min(shape[:2]) < 2:
            raise ValueError(f"{self} got an input of shape {shape}; "
                             "expected (H, W, C) with H and W at least 2")
        return shape[0] // 2, shape[1] // 2, shape[2]

    def __str__(self):
        return "MaxPool 2x2"


class Dropout(Layer):
    """In training, zeroes a share `rate` of x and divides the rest by 1 - rate. Chapter 10.

        out = mask x            dx = mask dout          mask = 0 or 1 / (1 - rate)

    Srivastava et al. 2014, in the inverted form: in evaluation out = x. Each forward draws a key
    from rng, and the mask follows from the key. Set `fixed_key` to an integer to repeat one mask,
    as a gradient check must.
    """

    fixed_key = None

    def __init__(self, rate, rng):
        if not 0 <= rate < 1:
            raise ValueError(f"dropout rate is {rate}; expected 0 <= rate < 1")
        self.rate, self.rng = rate, rng

    def forward(self, x, training=False):
        if not training:
            self._kept = (None,)
            return x
        key = self.fixed_key
        if key is None:
            key = int(self.rng.integers(2**64, dtype=np.uint64))
        self._kept = (key,)
        return dropout(x, key, self.rate)

    def backward(self, dout):
        key, = self._take()
        return dout if key is None else dropout(dout, key, self.rate)

    def __str__(self):
        return f"Dropout {self.rate}"


class Flatten(Layer):
    """(N, H, W, C) -> (N, H W C)."""

    def forward(self, x, training=False):
        self._kept = x.shape
        return x.reshape(len(x), -1)

    def backward(self, dout):
        return dout.reshape(self._take())

    def output_shape(self, shape):
        return (math.prod(shape),)

    def __str__(self):
        return "Flatten"


class Dense(Layer):
    """out = x w + b; with relu=True followed by ReLU. Chapter 3.

    x (N, C), w (C, K), b (K,) -> out (N, K). After ReLU, dout counts only where out > 0. Then

        dx = dout w^T           dw = x^T dout           db = sum over n of dout[n]

    Initially: w Glorot-uniform with fans C and K, b zero.
    """

    kind = "dense"

    def __init__(self, c_in, c_out, rng, relu=False, dtype=np.float32):
        self.w = Parameter("w", glorot_uniform((c_in, c_out), c_in, c_out, rng, dtype))
        self.b = Parameter("b", np.zeros(c_out, dtype))
        self.relu = relu

    def forward(self, x, training=False):
        out = matmul(x, self.w.value)
        out += self.b.value
        if self.relu:
            out = relu_forward(out)
        self._kept = x, out if self.relu else None
        return out

    def backward(self, dout):
        x, out = self._take()
        if out is not None:
            dout = relu_backward(dout, out)
        self.w.grad[...] = matmul(x.T, dout)
        self.b.grad[...] = dout.sum(axis=0)
        return matmul(dout, self.w.value.T)

    def parameters(self):
        return [self.w, self.b]

    def output_shape(self, shape):
        c_in, c_out = self.w.value.shape
        if shape != (c_in,):
            raise ValueError(f"{self} got an input of shape {shape}; expected ({c_in},)")
        return (c_out,)

    def __str__(self):
        return f"Dense {self.b.value.size}" + (" + ReLU" if self.relu else "")
