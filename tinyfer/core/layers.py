"""The layers: what each computes, and its gradient by hand; layer.py has what they share.

Every layer is called in two steps. `forward(x, training)` returns the output and keeps what the
gradient will need. `backward(dout)` takes the gradient of the loss with respect to that output,
writes the gradient of each parameter into its `.grad`, and returns dx, the gradient with respect
to x. It uses up what forward kept, so that the memory can serve again: one backward a forward, in
the same thread. Neither step changes x or dout.

Arrays are channels-last: images (N, H, W, C), features (N, C). A layer computes in the dtype of its
parameters, float32 or float64, and takes no other; a layer without any, in the dtype of x. Memory
layout does not matter. TypeError for what is no array, ValueError for an array that does not fit,
an empty batch among them. Chapter 3 of the course derives the chain rule used here.
"""

import math

import numpy as np

from tinyfer.core import checks
from tinyfer.core.kernels.batchnorm import (
    batchnorm_apply,
    batchnorm_backward,
    batchnorm_gradient,
    batchnorm_statistics,
)
from tinyfer.core.kernels.conv import conv2d_backward, conv2d_forward
from tinyfer.core.kernels.elementwise import dropout, relu_backward, relu_forward
from tinyfer.core.kernels.gemm import matmul
from tinyfer.core.kernels.pooling import maxpool_backward, maxpool_forward
from tinyfer.core.layer import Layer, Parameter, glorot_uniform


class Conv2D(Layer):
    """3x3 convolution, stride 1, no padding; with relu=True followed by ReLU in the same pass.

        out[n,i,j,k] = b[k] + sum over u,v,c of x[n,i+u,j+v,c] w[u,v,c,k]

    x (N, H, W, C), w (3, 3, C, K), b (K,) -> out (N, H-2, W-2, K). The gradients, chapter 6:

        dx[n,i,j,c]  = sum over u,v,k of dout[n,i-u,j-v,k] w[u,v,c,k]
        dw[u,v,c,k]  = sum over n,i,j of x[n,i+u,j+v,c] dout[n,i,j,k]
        db[k]        = sum over n,i,j of dout[n,i,j,k]

    with dout 0 outside its range and, after ReLU, wherever out is 0.
    Initially: w Glorot-uniform with fans 9 C and 9 K, b zero.
    """

    kind = "conv"
    least = 3

    def __init__(self, c_in, c_out, rng, relu=False, dtype=np.float32):
        c_in, c_out = checks.count("c_in", c_in), checks.count("c_out", c_out)
        dtype = checks.float_type(dtype)
        w = glorot_uniform((3, 3, c_in, c_out), 9 * c_in, 9 * c_out, rng, dtype)
        self.w = Parameter("w", w)
        self.b = Parameter("b", np.zeros(c_out, dtype))
        self.relu, self.takes = relu, ("N", "H", "W", c_in)

    def forward(self, x, training=False):
        x = self._checked(x)
        out = conv2d_forward(x, self.w.value, self.b.value, self.relu)
        self._keep(out, x, out if self.relu else None)
        return out

    def backward(self, dout, norm=None, wants_dx=True):
        dout, x, out = self._take(dout)
        dx, self.w.grad[...], self.b.grad[...] = conv2d_backward(
            dout, x, self.w.value, out, norm, wants_dx)
        return dx

    def parameters(self):
        return [self.w, self.b]

    def output_shape(self, shape):
        H, W, _ = super().output_shape(shape)
        return H - 2, W - 2, self.b.value.size

    def __str__(self):
        return f"Conv {self.b.value.size}" + (" + ReLU" if self.relu else "")


class ReLU(Layer):
    """out = max(0, x), any shape; dx = dout where out > 0, else 0. Chapter 3."""

    def forward(self, x, training=False):
        out = relu_forward(self._checked(x))
        self._keep(out, out)
        return out

    def backward(self, dout):
        return relu_backward(*self._take(dout))

    def __str__(self):
        return "ReLU"


class BatchNorm(Layer):
    """Batch normalisation of the last axis. Ioffe and Szegedy 2015, algorithm 1; chapter 9.

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
        channels, dtype = checks.count("channels", channels), checks.float_type(dtype)
        if not 0 <= momentum <= 1 or not 0 <= epsilon < math.inf:
            raise ValueError(f"momentum is {momentum} and epsilon {epsilon}; "
                             "expected 0 <= momentum <= 1 and 0 <= epsilon")
        self.takes = "N", ..., channels
        self.gamma = Parameter("gamma", np.ones(channels, dtype))
        self.beta = Parameter("beta", np.zeros(channels, dtype))
        self.mean = np.zeros(channels, dtype)
        self.var = np.ones(channels, dtype)
        self.momentum, self.epsilon = momentum, epsilon

    def forward(self, x, training=False):
        x, mean, inv_std = self._statistics(x, training)
        return batchnorm_apply(x, mean, inv_std, self.gamma.value, self.beta.value)

    def forward_all_but_out(self, x, training):
        """What `MaxPool2D.forward` takes as `norm`, so that it makes out itself: see fusion.py."""
        x, mean, inv_std = self._statistics(x, training)
        return np.stack([mean, inv_std * self.gamma.value, self.beta.value])

    def _statistics(self, x, training):
        x = self._checked(x)
        mean, var = self.mean.copy(), self.var
        if training:
            mean, var = batchnorm_statistics(x)
            for running, batch in (self.mean, mean), (self.var, var):
                running *= self.momentum
                running += (1 - self.momentum) * batch
        inv_std = 1 / np.sqrt(var + var.dtype.type(self.epsilon))
        self._keep(x, x, mean, inv_std, training)
        return x, mean, inv_std

    def backward(self, dout):
        dout, x, mean, inv_std, training = self._take(dout)
        dx, self.gamma.grad[...], self.beta.grad[...] = batchnorm_backward(
            dout, x, mean, inv_std, self.gamma.value, batch_statistics=training)
        return dx

    def backward_all_but_dx(self, dout):
        """What `Conv2D.backward` takes as `norm`, so that it makes dx itself: see fusion.py."""
        dout, x, mean, inv_std, training = self._take(dout)
        norm, self.gamma.grad[...], self.beta.grad[...] = batchnorm_gradient(
            dout, x, mean, inv_std, self.gamma.value, batch_statistics=training)
        return norm

    def parameters(self):
        return [self.gamma, self.beta]

    def buffers(self):
        return {"mean": self.mean, "var": self.var}

    def __str__(self):
        return "BatchNorm"


class MaxPool2D(Layer):
    """Maximum of each 2x2 square, stride 2; an odd last row or column is dropped. Chapter 7.

    x (N, H, W, C) -> out (N, H//2, W//2, C). dx is dout at the winner of each square, 0 elsewhere;
    of equal values the first in reading order wins. That holds for values equal as numbers: where a
    flat area comes out of a convolution, rounding decides among them (kernels/winograd.py).
    """

    takes = "N", "H", "W", "C"
    least = 2

    def forward(self, x, training=False, norm=None):
        x = self._checked(x)
        out, winner = maxpool_forward(x, norm)
        self._keep(out, winner, x.shape)
        return out

    def backward(self, dout):
        return maxpool_backward(*self._take(dout))

    def output_shape(self, shape):
        H, W, C = super().output_shape(shape)
        return H // 2, W // 2, C

    def __str__(self):
        return "MaxPool 2x2"


class Dropout(Layer):
    """In training, zeroes a share `rate` of x and divides the rest by 1 - rate. Chapter 12.

        out = mask x            dx = mask dout          mask = 0 or 1 / (1 - rate)

    Srivastava et al. 2014, in the inverted form: in evaluation out = x. Each forward draws a key
    from rng, and the mask follows from the key. Set `fixed_key` to an integer to repeat one mask,
    as a gradient check must.
    """

    fixed_key = None

    def __init__(self, rate, rng):
        if not 0 <= rate < 1:
            raise ValueError(f"dropout rate is {rate}; expected 0 <= rate < 1")
        self.rate, self.rng = rate, checks.generator(rng)

    def forward(self, x, training=False):
        x = self._checked(x)
        if not training:
            self._keep(x, None)
            return x
        key = self.fixed_key
        if key is None:
            key = int(self.rng.integers(2**64, dtype=np.uint64))
        self._keep(x, key)
        return dropout(x, key, self.rate)

    def backward(self, dout):
        dout, key = self._take(dout)
        return dout if key is None else dropout(dout, key, self.rate)

    def __str__(self):
        return f"Dropout {self.rate}"


class Flatten(Layer):
    """(N, H, W, C) -> (N, H W C)."""

    def forward(self, x, training=False):
        x = self._checked(x)
        out = x.reshape(len(x), -1)
        self._keep(out, x.shape)
        return out

    def backward(self, dout):
        dout, shape = self._take(dout)
        return dout.reshape(shape)

    def output_shape(self, shape):
        return (math.prod(super().output_shape(shape)),)

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
        c_in, c_out = checks.count("c_in", c_in), checks.count("c_out", c_out)
        dtype = checks.float_type(dtype)
        self.w = Parameter("w", glorot_uniform((c_in, c_out), c_in, c_out, rng, dtype))
        self.b = Parameter("b", np.zeros(c_out, dtype))
        self.relu, self.takes = relu, ("N", c_in)

    def forward(self, x, training=False):
        x = self._checked(x)
        out = matmul(x, self.w.value)
        out += self.b.value
        if self.relu:
            out = relu_forward(out)
        self._keep(out, x, out if self.relu else None)
        return out

    def backward(self, dout):
        dout, x, out = self._take(dout)
        if out is not None:
            dout = relu_backward(dout, out)
        self.w.grad[...] = matmul(x.T, dout)
        self.b.grad[...] = dout.sum(axis=0)
        return matmul(dout, self.w.value.T)

    def parameters(self):
        return [self.w, self.b]

    def output_shape(self, shape):
        super().output_shape(shape)
        return (self.b.value.size,)

    def __str__(self):
        return f"Dense {self.b.value.size}" + (" + ReLU" if self.relu else "")
