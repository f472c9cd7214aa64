"""What a model computes together is what its layers compute one after the other."""

import copy

import numpy as np
import pytest
from tiny import random_model

from tinyfer.core import fusion, layers
from tinyfer.core.kernels.batchnorm import batchnorm_apply_gradient, batchnorm_gradient
from tinyfer.core.kernels.conv import conv2d_backward, conv2d_forward
from tinyfer.core.layers import BatchNorm, Conv2D, MaxPool2D


@pytest.mark.parametrize("seed", range(60))
def test_fused_equals_one_layer_after_the_other(seed):
    rng = np.random.default_rng(seed)
    dtype, training = np.float64 if seed % 2 else np.float32, seed % 3 > 0
    model = random_model(rng, dtype)
    for layer in model.layers:
        layer.fixed_key = 5
    x = rng.random((int(rng.integers(2, 6)), *model.input_shape)).astype(dtype)
    dout = rng.standard_normal((len(x), 3)).astype(dtype)

    def numbers(stack, out, dx):
        return [out, dx, *(p.grad for layer in stack for p in layer.parameters()),
                *(a for layer in stack for a in layer.buffers().values())]

    stack, out, dx = copy.deepcopy(model.layers), x, dout
    for layer in stack:
        out = layer.forward(out, training)
    for layer in reversed(stack):
        dx = layer.backward(dx)
    plain = numbers(stack, out, dx)
    fused = numbers(model.layers, fusion.forward(model.layers, x, training),
                    fusion.backward(model.layers, dout))
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
