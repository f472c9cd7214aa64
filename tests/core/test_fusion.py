"""What a model computes together is what its layers compute one after the other."""

import copy

import numpy as np
import pytest
from tiny import random_model

from tinyfer.core import fusion


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
        limit = (1e-12 if dtype is np.float64 else 1e-5) * (scale + np.linalg.norm(expected))
        assert np.linalg.norm(mine - expected) <= limit
