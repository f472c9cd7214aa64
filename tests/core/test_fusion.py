"""What a model computes together is what its layers compute one after the other."""

import numpy as np
import pytest

from tinyfer.core import fusion, layers
from tinyfer.core.kernels.batchnorm import batchnorm_apply_gradient, batchnorm_gradient
from tinyfer.core.kernels.conv import conv2d_backward, conv2d_forward
from tinyfer.core.layers import BatchNorm, Conv2D, Dropout, MaxPool2D, ReLU

BLOCKS = (
    (Conv2D, BatchNorm), (Conv2D, BatchNorm, MaxPool2D), (Conv2D, MaxPool2D), (BatchNorm,),
    (Conv2D, BatchNorm, MaxPool2D, Dropout), (BatchNorm, MaxPool2D), (Conv2D, ReLU, BatchNorm),
    (Conv2D, BatchNorm, BatchNorm), (Conv2D, Conv2D, BatchNorm, Dropout, MaxPool2D))


def random_stack(rng, dtype):
    """Some of BLOCKS on few channels, with running statistics and parameters of all signs."""
    stack, channels = [], int(rng.integers(1, 6))
    first = channels
    for place in rng.integers(len(BLOCKS), size=2):
        for kind in BLOCKS[place]:
            if kind is Conv2D:
                after = int(rng.integers(1, 20))
                stack.append(Conv2D(channels, after, rng, relu=bool(rng.integers(4)), dtype=dtype))
                channels = after
            elif kind is BatchNorm:
                norm = BatchNorm(channels, dtype=dtype)
                norm.gamma.value[:] = rng.standard_normal(channels)
                norm.beta.value[:] = rng.standard_normal(channels)
                norm.mean[:] = rng.standard_normal(channels)
                norm.var[:] = rng.uniform(0.1, 2, channels)
                stack.append(norm)
            elif kind is Dropout:
                stack.append(Dropout(0.3, rng))
                stack[-1].fixed_key = 5
            else:
                stack.append(kind())
    return stack, first


def numbers(stack, forward, backward, x, training, dout):
    """out, dx, every gradient and every buffer; the buffers are set back."""
    before = [{name: a.copy() for name, a in layer.buffers().items()} for layer in stack]
    out = forward(x, training)
    dx = backward(dout(out.shape))
    found = [out.copy(), dx.copy(), *(p.grad.copy() for layer in stack for p in layer.parameters()),
             *(a.copy() for layer in stack for a in layer.buffers().values())]
    for layer, kept in zip(stack, before):
        for name, array in layer.buffers().items():
            array[...] = kept[name]
    return found


@pytest.mark.parametrize("seed", range(30))
def test_fused_equals_one_layer_after_the_other(seed):
    rng = np.random.default_rng(seed)
    dtype, training = np.float64 if seed % 2 else np.float32, seed % 3 > 0
    stack, channels = random_stack(rng, dtype)
    H, W = (int(n) for n in rng.integers(22, 30, 2))
    x = rng.standard_normal((int(rng.integers(1, 5)), H, W, channels)).astype(dtype)

    def dout(shape):
        return np.random.default_rng(seed).standard_normal(shape).astype(dtype)

    def plain_forward(x, training):
        for layer in stack:
            x = layer.forward(x, training)
        return x

    def plain_backward(d):
        for layer in reversed(stack):
            d = layer.backward(d)
        return d

    plain = numbers(stack, plain_forward, plain_backward, x, training, dout)
    fused = numbers(stack, lambda x, training: fusion.forward(stack, x, training),
                    lambda d: fusion.backward(stack, d), x, training, dout)
    # The gradient of a bias before batch norm is 0 but for rounding: measured against all others.
    # A rounding that tips a maximum sends its gradient elsewhere: not with these seeds.
    scale = np.median([np.linalg.norm(expected) for expected in plain])
    for mine, expected in zip(fused, plain, strict=True):
        error = np.linalg.norm(mine - expected)
        assert error <= (1e-12 if dtype is np.float64 else 1e-5) * (scale + np.linalg.norm(expected))


def test_the_saved_passes_are_really_saved(monkeypatch):
    """In conv, batch norm, pooling neither the map nor its gradient is written."""
    def forbidden(*_):
        raise AssertionError("a pass over memory that fusion.py says is saved")

    rng = np.random.default_rng(0)
    stack = [Conv2D(1, 8, rng, relu=True), BatchNorm(8), MaxPool2D()]
    monkeypatch.setattr(layers, "batchnorm_apply", forbidden)
    monkeypatch.setattr(layers, "batchnorm_backward", forbidden)
    out = fusion.forward(stack, rng.random((2, 8, 8, 1), np.float32), True)
    assert fusion.backward(stack, out, wants_dx=False) is None      # of the first layer


@pytest.mark.parametrize("channels", [1, 3, 16], ids="{} channels".format)
def test_a_convolution_makes_the_gradient_before_norm(channels):
    rng = np.random.default_rng(channels)
    x, w = rng.standard_normal((3, 9, 8, channels)), rng.standard_normal((3, 3, channels, 21))
    out = conv2d_forward(x, w, rng.standard_normal(21), relu=True)
    dout, gamma = rng.standard_normal(out.shape), rng.standard_normal(21)
    mean, inv_std = out.mean(axis=(0, 1, 2)), 1 / out.std(axis=(0, 1, 2))
    norm, _, _ = batchnorm_gradient(dout, out, mean, inv_std, gamma, True)
    before = batchnorm_apply_gradient(dout, out, norm)
    for mine, expected in zip(conv2d_backward(dout, x, w, out, norm),
                              conv2d_backward(before, x, w, out)):
        assert mine == pytest.approx(expected, rel=1e-9, abs=1e-10)
    with pytest.raises(ValueError, match="norm is given, but no out"):
        conv2d_backward(dout, x, w, None, norm)
