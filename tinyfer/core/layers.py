"""The layers: what each computes, and its gradient by hand; first what they all share.

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
from threading import get_ident

import numpy as np
from numpy.typing import DTypeLike

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


class Parameter:
    """An array that is trained, and the gradient of the loss with respect to it."""

    def __init__(self, name: str, value: np.ndarray) -> None:
        checks.changeable(f"Parameter {name}", "value", value, (...,))
        self.name, self.value = name, value
        self.grad = np.zeros(value.shape, value.dtype)

    def __repr__(self):
        return f"Parameter({self.name}, {self.value.shape}, {self.value.dtype})"


class Layer:
    """What all layers share. A layer of your own is one class with a forward and a backward.

    forward begins with `x = self._checked(x)` and ends with `self._keep(out, ...)`; backward begins
    with `dout, ... = self._take(dout)`: dout, checked, and what forward kept, once.
    Parameters, and arrays that are saved with them but not trained, are found among its attributes,
    in lists and inner layers too; an array whose name begins with _ is neither. What else the
    package must know of it stands below: what is left out is unknown, and never guessed.
    """

    kind: str | None = None # "conv" makes "conv1.w"; where None, the name of the class
    takes: tuple = ("N", ...)   # the axes of x; see checks.py
    # Row i of the output depends on `kernel` rows of x, from stride i - padding on; so do columns.
    kernel: int | None = None
    stride = 1
    padding = 0
    relu: bool | None = None    # True where its one ReLU comes last, False where it has none
    _kept: tuple | None = None  # what backward needs from forward

    def __init_subclass__(cls):
        """What a class says of its forward is not said of a subclass with another forward."""
        cls.kind = cls.kind or cls.__name__.lower()
        if "forward" in vars(cls):
            for name in {"kernel", "stride", "padding", "relu", "passes"} - vars(cls).keys():
                setattr(cls, name, vars(Layer)[name])

    def forward(self, x: np.ndarray, training: bool = False) -> np.ndarray:
        raise NotImplementedError

    def backward(self, dout: np.ndarray) -> np.ndarray | None:
        raise NotImplementedError

    def reset(self, rng: np.random.Generator) -> None:
        """Draw all values anew, as when the layer was made."""
        inner: tuple[str, ...] = ()
        for name, part in self.parts():
            if isinstance(part, Layer) and not name.startswith(inner):
                part.reset(rng)
                inner += (f"{name}.",)
            elif not name.startswith(inner):
                raise TypeError(f"{type(self).__name__} has no reset(rng) to draw its {name} anew")

    def parts(self):
        """(name, part) of every Parameter, array and layer in it: ("w", ...), ("first.w", ...).

        ValueError where one stands twice: it would be trained twice, or hold what two layers keep.
        """
        return walk(vars(self))

    def parameters(self) -> list[Parameter]:
        """The trained arrays: list of Parameter."""
        return [part for _, part in self.parts() if isinstance(part, Parameter)]

    def buffers(self) -> dict[str, np.ndarray]:
        """State that is saved but not trained: dict of name -> array."""
        return {name: part for name, part in self.parts() if isinstance(part, np.ndarray)}

    def passes(self, s: np.ndarray) -> bool:
        """Whether s out + t follows from s x + t, for s and t of each channel, in evaluation."""
        return False

    def output_shape(self, shape: tuple[int, ...]) -> tuple[int, ...]:
        """Shape of the output for an input of `shape`, both without N; ValueError if none fits."""
        checks.shape(self._name(), "x", ("N", *shape), self.takes, self._minimum())
        if self.kernel is None or len(shape) != 3:
            return shape
        H, W, C = shape
        return *(1 + (n + 2 * self.padding - self.kernel) // self.stride for n in (H, W)), C

    def _minimum(self):
        return max(1, (self.kernel or 1) - 2 * self.padding)        # rows and columns of x

    def _checked(self, x):
        trained = next((p for _, p in self.parts() if isinstance(p, Parameter)), None)
        dtype = None if trained is None else trained.value.dtype
        return checks.array(self._name(), "x", x, self.takes, dtype, self._minimum())

    def _keep(self, out, *kept):
        self._kept = get_ident(), out.shape, out.dtype, kept

    def _take(self, dout):
        if self._kept is None:
            raise ValueError(f"{self._name()}: backward needs a forward before it, one each time")
        thread, shape, dtype, kept = self._kept
        if thread != get_ident():
            raise ValueError(f"{self._name()}: another thread has called forward since; "
                             "one thread at a time can train a model")
        dout = checks.array(self._name(), "dout", dout, shape, dtype)
        self._kept = None
        return dout, *kept

    def _name(self):
        C = self.takes[-1]
        return type(self).__name__ + ("" if C in ("C", ...) else f" of {C} channel{'s' * (C > 1)}")

    def __repr__(self):
        return f"{type(self).__name__}()"


def walk(held, name="", seen=None):
    """The parts of what is held, a dict by name, as in `Layer.parts`; the outermost layers too."""
    seen = set() if seen is None else seen
    for key, part in held.items():
        if key == "_kept":
            continue
        path = f"{name}.{key}" if name else str(key)
        if isinstance(part, (Parameter, Layer)) or (
                isinstance(part, np.ndarray) and "._" not in f".{path}"):
            for each in (part, part.value) if isinstance(part, Parameter) else (part,):
                place = checks.memory(each) if isinstance(each, np.ndarray) else id(each)
                if place in seen:
                    raise ValueError(f"{path} stands twice in this model; expected each layer and "
                                     "each of its arrays once")
                seen.add(place)
            yield path, part
        if isinstance(part, (Layer, dict, list, tuple)):
            inner = (vars(part) if isinstance(part, Layer) else part if isinstance(part, dict)
                     else dict(enumerate(part)))
            yield from walk(inner, path, seen)


def checked_layers(layers):
    """layers, a list of Layer; TypeError where one is none."""
    for place, layer in enumerate(layers if isinstance(layers, (list, tuple)) else [layers]):
        if not isinstance(layer, Layer):
            raise TypeError(f"layers[{place}] is of type {type(layer).__name__:.40}; expected a "
                            "tinyfer.core.layers.Layer")
    return list(layers)


def glorot_uniform(shape: tuple[int, ...], fan_in: int, fan_out: int, rng: np.random.Generator,
                   dtype: DTypeLike) -> np.ndarray:
    """Uniform in +-sqrt(6 / (fan_in + fan_out)). Glorot and Bengio 2010, equation 16; chapter 8."""
    checks.generator(rng)
    limit = math.sqrt(6 / (fan_in + fan_out))
    return rng.uniform(-limit, limit, shape).astype(dtype)


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
    kernel = 3
    transformed = None      # in prediction, {tile: w as winograd.py multiplies with it}

    def __init__(self, c_in: int, c_out: int, rng: np.random.Generator, relu: bool = False,
                 dtype: DTypeLike = np.float32) -> None:
        c_in, c_out = checks.count("c_in", c_in), checks.count("c_out", c_out)
        dtype = checks.float_type(dtype)
        self.w = Parameter("w", np.empty((3, 3, c_in, c_out), dtype))
        self.b = Parameter("b", np.empty(c_out, dtype))
        self.relu, self.takes = checks.flag("relu", relu), ("N", "H", "W", c_in)
        self.reset(rng)

    def reset(self, rng: np.random.Generator) -> None:
        *_, C, K = shape = self.w.value.shape
        self.w.value[...] = glorot_uniform(shape, 9 * C, 9 * K, rng, self.w.value.dtype)
        self.b.value[...] = 0

    def forward(self, x: np.ndarray, training: bool = False) -> np.ndarray:
        x = self._checked(x)
        out = conv2d_forward(x, self.w.value, self.b.value, self.relu, self.transformed)
        self._keep(out, x, out if self.relu else None)
        return out

    def backward(self, dout: np.ndarray, norm: np.ndarray | None = None,
                 wants_dx: bool = True) -> np.ndarray | None:
        dout, x, out = self._take(dout)
        dx, self.w.grad[...], self.b.grad[...] = conv2d_backward(
            dout, x, self.w.value, out, norm, wants_dx)
        return dx

    def output_shape(self, shape: tuple[int, ...]) -> tuple[int, ...]:
        H, W, _ = super().output_shape(shape)
        return H, W, self.b.value.size

    def __repr__(self):
        return f"Conv {self.b.value.size}" + (" + ReLU" if self.relu else "")


class ReLU(Layer):
    """out = max(0, x), any shape; dx = dout where out > 0, else 0. Chapter 3."""

    kernel = 1
    relu = True

    def forward(self, x: np.ndarray, training: bool = False) -> np.ndarray:
        out = relu_forward(self._checked(x))
        self._keep(out, out)
        return out

    def backward(self, dout: np.ndarray) -> np.ndarray:
        return relu_backward(*self._take(dout))

    def __repr__(self):
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
    kernel = 1
    relu = False
    momentum = checks.attribute("momentum", "[0, 1]")
    epsilon = checks.attribute("epsilon", "[0, inf)")

    def __init__(self, channels: int, momentum: float = 0.99, epsilon: float = 1e-3,
                 dtype: DTypeLike = np.float32) -> None:
        channels, dtype = checks.count("channels", channels), checks.float_type(dtype)
        self.momentum, self.epsilon = momentum, epsilon
        self.gamma = Parameter("gamma", np.empty(channels, dtype))
        self.beta = Parameter("beta", np.empty(channels, dtype))
        self.mean, self.var = np.empty(channels, dtype), np.empty(channels, dtype)
        self.takes = "N", ..., channels
        self.reset()

    def reset(self, rng: np.random.Generator | None = None) -> None:
        self.gamma.value[...] = self.var[...] = 1
        self.beta.value[...] = self.mean[...] = 0

    def forward(self, x: np.ndarray, training: bool = False) -> np.ndarray:
        x, mean, inv_std = self._statistics(x, training)
        return batchnorm_apply(x, mean, inv_std, self.gamma.value, self.beta.value)

    def forward_all_but_out(self, x, training):
        """What `MaxPool2D.forward` takes as `affine`, to make out itself: see fusion.py."""
        x, mean, inv_std = self._statistics(x, training)
        return np.stack([mean, inv_std * self.gamma.value, self.beta.value])

    def _statistics(self, x, training):
        x = self._checked(x)
        for name in "mean", "var":
            checks.array(self._name(), name, getattr(self, name), self.takes[-1:], x.dtype)
        mean, var = self.mean.copy(), self.var
        if training and x.size == x.shape[-1]:
            raise ValueError(f"{self._name()} got a single value of each in training, which is "
                             "its own mean, so nothing would be learnt; expected a larger batch")
        if training:
            mean, var = batchnorm_statistics(x)
            for running, batch in (self.mean, mean), (self.var, var):
                running *= self.momentum
                running += (1 - self.momentum) * batch
        inv_std = 1 / np.sqrt(var + var.dtype.type(self.epsilon))
        self._keep(x, x, mean, inv_std, training)
        return x, mean, inv_std

    def backward(self, dout: np.ndarray) -> np.ndarray:
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

    def __repr__(self):
        return "BatchNorm"


class MaxPool2D(Layer):
    """Maximum of each 2x2 square, stride 2; an odd last row or column is dropped. Chapter 7.

    x (N, H, W, C) -> out (N, H//2, W//2, C). dx is dout at the winner of each square, 0 elsewhere;
    of equal values the first in reading order wins. That holds for values equal as numbers: where a
    flat area comes out of a convolution, rounding decides among them (kernels/winograd.py).
    """

    kind = "pool"
    takes = "N", "H", "W", "C"
    kernel = stride = 2
    relu = False

    def forward(self, x: np.ndarray, training: bool = False,
                affine: np.ndarray | None = None) -> np.ndarray:
        x = self._checked(x)
        out, winner = maxpool_forward(x, affine)
        self._keep(out, winner, x.shape)
        return out

    def backward(self, dout: np.ndarray) -> np.ndarray:
        return maxpool_backward(*self._take(dout))

    def passes(self, s: np.ndarray) -> bool:
        return bool((s >= 0).all())

    def __repr__(self):
        return "MaxPool 2x2"


class Dropout(Layer):
    """In training, zeroes a share `rate` of x and divides the rest by 1 - rate. Chapter 12.

        out = mask x            dx = mask dout          mask = 0 or 1 / (1 - rate)

    Srivastava et al. 2014, in the inverted form: in evaluation out = x. Each forward draws a key
    from rng, and the mask follows from the key. Set `fixed_key` to an integer to repeat one mask,
    as a gradient check must.
    """

    kind = "drop"
    kernel = 1
    relu = False
    fixed_key = None
    rate = checks.attribute("rate", "[0, 1)")

    def __init__(self, rate: float, rng: np.random.Generator) -> None:
        self.rate, self.rng = rate, checks.generator(rng)

    def forward(self, x: np.ndarray, training: bool = False) -> np.ndarray:
        x = self._checked(x)
        if not training:
            self._keep(x, None)
            return x
        key = self.fixed_key
        if key is None:
            key = int(self.rng.integers(2**64, dtype=np.uint64))
        self._keep(x, key)
        return dropout(x, key, self.rate)

    def backward(self, dout: np.ndarray) -> np.ndarray:
        dout, key = self._take(dout)
        return dout if key is None else dropout(dout, key, self.rate)

    def passes(self, s: np.ndarray) -> bool:
        return True

    def __repr__(self):
        return f"Dropout {self.rate}"


class Flatten(Layer):
    """(N, H, W, C) -> (N, H W C)."""

    relu = False

    def forward(self, x: np.ndarray, training: bool = False) -> np.ndarray:
        x = self._checked(x)
        out = x.reshape(len(x), -1)
        self._keep(out, x.shape)
        return out

    def backward(self, dout: np.ndarray) -> np.ndarray:
        dout, shape = self._take(dout)
        return dout.reshape(shape)

    def output_shape(self, shape: tuple[int, ...]) -> tuple[int, ...]:
        return (math.prod(super().output_shape(shape)),)

    def passes(self, s: np.ndarray) -> bool:
        return True

    def __repr__(self):
        return "Flatten"


class Dense(Layer):
    """out = x w + b; with relu=True followed by ReLU. Chapter 3.

    x (N, C), w (C, K), b (K,) -> out (N, K). After ReLU, dout counts only where out > 0. Then

        dx = dout w^T           dw = x^T dout           db = sum over n of dout[n]

    Initially: w Glorot-uniform with fans C and K, b zero.
    """

    kind = "dense"

    def __init__(self, c_in: int, c_out: int, rng: np.random.Generator, relu: bool = False,
                 dtype: DTypeLike = np.float32) -> None:
        c_in, c_out = checks.count("c_in", c_in), checks.count("c_out", c_out)
        dtype = checks.float_type(dtype)
        self.w = Parameter("w", np.empty((c_in, c_out), dtype))
        self.b = Parameter("b", np.empty(c_out, dtype))
        self.relu, self.takes = checks.flag("relu", relu), ("N", c_in)
        self.reset(rng)

    def reset(self, rng: np.random.Generator) -> None:
        C, K = shape = self.w.value.shape
        self.w.value[...] = glorot_uniform(shape, C, K, rng, self.w.value.dtype)
        self.b.value[...] = 0

    def forward(self, x: np.ndarray, training: bool = False) -> np.ndarray:
        x = self._checked(x)
        out = matmul(x, self.w.value)
        out += self.b.value
        if self.relu:
            out = relu_forward(out)
        self._keep(out, x, out if self.relu else None)
        return out

    def backward(self, dout: np.ndarray) -> np.ndarray:
        dout, x, out = self._take(dout)
        if out is not None:
            dout = relu_backward(dout, out)
        self.w.grad[...] = matmul(x.T, dout)
        self.b.grad[...] = dout.sum(axis=0)
        return matmul(dout, self.w.value.T)

    def output_shape(self, shape: tuple[int, ...]) -> tuple[int, ...]:
        super().output_shape(shape)
        return (self.b.value.size,)

    def __repr__(self):
        return f"Dense {self.b.value.size}" + (" + ReLU" if self.relu else "")
