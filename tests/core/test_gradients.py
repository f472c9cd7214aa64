"""Every gradient of the package, held against central differences in float64.

Run with -v this file reads as the list of what is proved. The largest relative error found over all
coordinates stands in the summary at the end, beside the limit it is held to.
"""

from functools import lru_cache

import numpy as np
import pytest

import tinyfer
from tinyfer.core.gradcheck import (
    FLOOR,
    LIMIT,
    PLACE_IN_FILTER,
    direction_error,
    layer_errors,
    network_errors,
    numerical_gradient,
    relative_error,
)
from tinyfer.core.layers import BatchNorm, Conv2D, Dense, Dropout, Flatten, MaxPool2D, ReLU
from tinyfer.core.losses import soft_cross_entropy
from tinyfer.core.model import Sequential

SMOOTH = LIMIT      # for a single layer
NETWORK = 1e-5      # for a whole network
FLOAT = np.float64


def normal(shape, rng):
    return rng.standard_normal(shape)


def off_zero(shape, rng):
    """Values at least 0.1 away from the kink of ReLU."""
    x = rng.standard_normal(shape)
    return x + np.copysign(0.1, x)


def positive(shape, rng):
    """For convolution by Winograd, which rounds every output of a tile when one input moves.

    Sums of positive numbers are never nearly zero, so no coordinate drowns in that rounding.
    """
    return rng.uniform(0.5, 1.5, shape)


def permutation(shape, rng):
    """All values 0.01 apart or more: no two compete for a maximum within h."""
    return rng.permutation(np.prod(shape)).reshape(shape) * 0.01


def positive_conv(c_in, c_out, rng, relu=False):
    """A convolution for positive x; with ReLU, about half of its sums end below zero."""
    layer = Conv2D(c_in, c_out, rng, relu=relu, dtype=FLOAT)
    layer.w.value[...] = positive(layer.w.value.shape, rng)
    layer.b.value -= 9 * c_in if relu else 0
    return layer


def batch_norm(channels, rng):
    """Batch norm in the middle of its life: nothing at its initial 0 or 1."""
    layer = BatchNorm(channels, dtype=FLOAT)
    layer.gamma.value[...] = rng.uniform(0.5, 1.5, channels)
    layer.beta.value[...] = rng.standard_normal(channels)
    layer.mean[...] = rng.standard_normal(channels)
    layer.var[...] = rng.uniform(0.5, 1.5, channels)
    return layer


def dropout(rng):
    layer = Dropout(0.3, rng)
    layer.fixed_key = 2024
    return layer


# name: layer, input shape, values of the input, training, gradients there are
CASES = {
    "conv 3x3": (
        lambda rng: Conv2D(3, 4, rng, dtype=FLOAT), (2, 7, 6, 3), normal, False, "dx dw db"),
    "conv 3x3, one input channel": (
        lambda rng: Conv2D(1, 4, rng, dtype=FLOAT), (2, 5, 6, 1), normal, False, "dx dw db"),
    "conv 3x3, one output position": (
        lambda rng: positive_conv(5, 4, rng), (2, 3, 3, 5), positive, False, "dx dw db"),
    "conv 3x3 with ReLU": (
        lambda rng: Conv2D(3, 4, rng, relu=True, dtype=FLOAT), (2, 5, 6, 3), normal, False,
        "dx dw db"),
    "conv 3x3, output 4x7": (
        lambda rng: positive_conv(5, 3, rng), (2, 6, 9, 5), positive, False, "dx dw db"),
    "conv 3x3, output 5x10": (
        lambda rng: positive_conv(4, 3, rng), (2, 7, 12, 4), positive, False, "dx dw db"),
    "conv 3x3, output 12x6": (
        lambda rng: positive_conv(4, 3, rng), (2, 14, 8, 4), positive, False, "dx dw db"),
    "conv 3x3 with ReLU, output 4x7": (
        lambda rng: positive_conv(5, 3, rng, relu=True), (2, 6, 9, 5), positive, False,
        "dx dw db"),
    "ReLU": (lambda rng: ReLU(), (2, 5, 4, 3), off_zero, False, "dx"),
    "batch norm of images, training": (
        lambda rng: batch_norm(3, rng), (2, 5, 4, 3), normal, True, "dx dgamma dbeta"),
    "batch norm of images, evaluation": (
        lambda rng: batch_norm(3, rng), (2, 5, 4, 3), normal, False, "dx dgamma dbeta"),
    "batch norm of features, training": (
        lambda rng: batch_norm(3, rng), (5, 3), normal, True, "dx dgamma dbeta"),
    "batch norm of features, evaluation": (
        lambda rng: batch_norm(3, rng), (5, 3), normal, False, "dx dgamma dbeta"),
    "max pool, even sizes": (lambda rng: MaxPool2D(), (2, 6, 4, 3), permutation, False, "dx"),
    "max pool, odd sizes": (lambda rng: MaxPool2D(), (2, 7, 5, 3), permutation, False, "dx"),
    "dropout, training": (dropout, (2, 5, 4, 3), normal, True, "dx"),
    "dropout, evaluation": (dropout, (2, 5, 4, 3), normal, False, "dx"),
    "flatten": (lambda rng: Flatten(), (2, 5, 4, 3), normal, False, "dx"),
    "dense": (lambda rng: Dense(5, 4, rng, dtype=FLOAT), (3, 5), normal, False, "dx dw db"),
    "dense with ReLU": (
        lambda rng: Dense(5, 4, rng, relu=True, dtype=FLOAT), (3, 5), normal, False, "dx dw db"),
}
GRADIENTS = [(name, gradient) for name, case in CASES.items() for gradient in case[4].split()]


def make(name):
    """The layer of a case with an input and an upstream gradient; biases random, not zero.

    A layer with fused ReLU is drawn again until its sums stay off 0.
    """
    build, shape, values, training, _ = CASES[name]
    rng = np.random.default_rng(list(name.encode()))
    while True:
        layer, x = build(rng), values(shape, rng)
        for parameter in layer.parameters():
            if parameter.name == "b":
                parameter.value += rng.standard_normal(parameter.value.shape)
        if "with ReLU" not in name or sums_stay_off_zero(layer, x):
            break
    out = layer.forward(x, training)
    dout = positive(out.shape, rng) if values is positive else normal(out.shape, rng)
    return layer, x, dout, training


def sums_stay_off_zero(layer, x):
    layer.relu = False
    z = layer.forward(x)
    layer.relu = True
    return np.abs(z).min() > 1e-3


@lru_cache(maxsize=None)
def errors_of(name):
    return layer_errors(*make(name))


@pytest.mark.parametrize("name, gradient", GRADIENTS, ids=[f"{n}, {g}" for n, g in GRADIENTS])
def test_layer(name, gradient, record_property):
    error = errors_of(name)[gradient]
    record_property("relative error", f"{error:.1e}, at most {SMOOTH:.0e}")
    axes = PLACE_IN_FILTER if name.startswith("conv") and gradient == "dw" else ()
    assert error <= SMOOTH, error.told(gradient, axes)


class Faulty:
    """A layer whose gradients are all off by a factor."""

    def __init__(self, layer, factor):
        self.forward, self.parameters = layer.forward, layer.parameters
        self.layer, self.factor = layer, factor

    def backward(self, dout):
        dx = self.factor * self.layer.backward(dout)
        for parameter in self.parameters():
            parameter.grad *= self.factor
        return dx


@pytest.mark.parametrize("factor", [1.001, 0], ids=["0.1 % off", "all zero"])
@pytest.mark.parametrize("name", CASES)
def test_a_wrong_backward_is_caught(name, factor):
    layer, x, dout, training = make(name)
    errors = layer_errors(Faulty(layer, factor), x, dout, training)
    assert errors.keys() == set(CASES[name][4].split()) and min(errors.values()) > 1000 * SMOOTH


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("name", CASES)
def test_x_and_dout_are_left_alone(name, dtype):
    layer, x, dout, training = make(name)
    for parameter in layer.parameters():
        parameter.value = parameter.value.astype(dtype)
        parameter.grad = parameter.grad.astype(dtype)
    for name, buffer in layer.buffers().items():
        setattr(layer, name, buffer.astype(dtype))
    x, dout = x.astype(dtype), dout.astype(dtype)
    x_before, dout_before = x.copy(), dout.copy()
    layer.forward(x, training)
    layer.backward(dout)
    assert np.array_equal(x, x_before)
    assert np.array_equal(dout, dout_before)


@pytest.mark.parametrize("weights", [None, [0.4, 2.5, 1.0, 0.7]], ids=["plain", "weighted"])
@pytest.mark.parametrize("soft", [False, True], ids=["labels", "soft targets"])
def test_cross_entropy(soft, weights, record_property):
    rng = np.random.default_rng(3)
    logits, targets = rng.standard_normal((5, 4)), np.array([0, 3, 1, 1, 2])
    loss = soft_cross_entropy if soft else tinyfer.softmax_cross_entropy
    targets = rng.dirichlet(np.ones(4), 5) if soft else targets
    analytic = loss(logits, targets, weights)[1]
    assert np.abs(analytic.sum(axis=1)).max() < 1e-15      # what constant logits demand
    numerical = numerical_gradient(lambda: loss(logits, targets, weights)[0], logits,
                                   np.array(1.0))
    error = relative_error(analytic, numerical)
    record_property("relative error", f"{error:.1e}, at most {SMOOTH:.0e}")
    assert error <= SMOOTH
    for factor in 1.001, 0:
        assert relative_error(factor * analytic, numerical) > 1000 * SMOOTH


def small_network(rng):
    """Every kind of layer once, small enough to move each coordinate."""
    layers = [Conv2D(1, 3, rng, relu=True, dtype=FLOAT), batch_norm(3, rng), MaxPool2D(),
              Dropout(0.25, rng), Flatten(), Dense(12, 5, rng, relu=True, dtype=FLOAT),
              batch_norm(5, rng), Dropout(0.5, rng), Dense(5, 4, rng, dtype=FLOAT)]
    for layer in layers:
        if isinstance(layer, Dropout):
            layer.fixed_key = 7
    return Sequential(layers, (6, 7, 1), rng=rng)


@pytest.mark.parametrize("training", [True, False], ids=["training", "evaluation"])
def test_small_network_every_coordinate(training, record_property):
    rng = np.random.default_rng(0)
    model = small_network(rng)
    x, dout = rng.standard_normal((5, 6, 7, 1)), rng.standard_normal((5, 4))
    errors = layer_errors(model, x, dout, training)
    assert len(errors) == 1 + len(model.parameters()) == 11
    name, error = max(errors.items(), key=lambda item: item[1])
    record_property("relative error", f"{error:.1e}, at most {NETWORK:.0e}")
    assert error <= NETWORK, error.told(name)


def six_layer_network():
    """The network in float64 with batch norm away from its initial values, and a batch."""
    model = tinyfer.six_layer_cnn(classes=5, seed=1, dtype=FLOAT)
    rng = np.random.default_rng(2)
    for layer in model.layers:
        if isinstance(layer, BatchNorm):
            layer.gamma.value[...] = rng.uniform(0.5, 1.5, layer.gamma.value.shape)
            layer.beta.value[...] = 0.3 * rng.standard_normal(layer.beta.value.shape)
            layer.momentum = 0.0        # the running statistics become those of the next batch
    model.forward(rng.random((4, 48, 48, 1)), training=True)
    return model, rng.random((4, 48, 48, 1))


def weighted_loss(logits):
    return tinyfer.softmax_cross_entropy(logits, np.array([0, 4, 2, 1]), [0.5, 1.5, 1, 0.8, 2])


@lru_cache(maxsize=None)
def six_layer_errors(training):
    model, x = six_layer_network()
    return network_errors(model, x, weighted_loss, np.random.default_rng(3), training)


DIRECTIONS = [p.name for p in tinyfer.six_layer_cnn().parameters()] + ["all parameters", "x"]


@pytest.mark.parametrize("training", [True, False], ids=["training", "evaluation"])
@pytest.mark.parametrize("name", DIRECTIONS)
def test_six_layer_network_along_a_random_direction(name, training, record_property):
    error = six_layer_errors(training)[name]
    record_property("relative error", f"{error:.1e}, at most {NETWORK:.0e}")
    assert error <= NETWORK


@pytest.mark.parametrize("factor", [1.001, 0], ids=["0.1 % off", "all zero"])
def test_a_wrong_gradient_of_the_six_layer_network_is_caught(factor):
    model, x = six_layer_network()

    def loss():
        return weighted_loss(model.forward(x))[0]

    dx = model.backward(weighted_loss(model.forward(x))[1])
    for pairs in [(p.value, factor * p.grad) for p in model.parameters()], [(x, factor * dx)]:
        assert direction_error(loss, pairs, np.random.default_rng(4)) > 10 * NETWORK


def test_a_check_against_a_zero_gradient_is_refused():
    layer = batch_norm(3, np.random.default_rng(0))
    x = np.random.default_rng(1).standard_normal((2, 5, 4, 3))
    with pytest.raises(ValueError, match="all but zero"):
        layer_errors(layer, x, np.ones_like(x), training=True)


def test_relative_error_by_hand():
    assert relative_error([1.0, 2.0], [1.0, 2.5]) == pytest.approx(0.2)
    assert relative_error([0.0, 1.0], [1e-9, 1.0]) == pytest.approx(1e-7)   # the floor of 1e-2
    assert relative_error([np.nan, 1.0], [1.0, 1.0]) == np.inf
    with pytest.raises(ValueError, match="shape"):
        relative_error([1.0], [1.0, 2.0])


def test_a_failing_check_tells_the_place_and_both_numbers():
    layer, x, dout, training = make("conv 3x3")

    class OneWeight(Faulty):
        def backward(self, dout):
            dx = super().backward(dout)
            self.parameters()[0].grad[2, 0, 1, 3] += 0.5
            return dx

    error = layer_errors(OneWeight(layer, 1), x, dout, training)["dw"]
    assert error.index == (2, 0, 1, 3) and error.analytic == pytest.approx(error.numerical + 0.5)
    assert error.told("dw", PLACE_IN_FILTER) == (
        "dw[2, 0, 1, 3] (filter row 2, filter column 0, input channel 1, output channel 3): "
        f"backward says {error.analytic:.12g}, measured with h = 1e-05 it is "
        f"{error.numerical:.12g}; relative error {error:.1e}")


def test_right_gradients_are_not_refused():
    """Batch norm, which floors of 1e-8 and of 1e-4 refuse in 4 draws of 100."""
    refused = {1e-8: 0, FLOOR: 0}
    for seed in range(60):
        rng = np.random.default_rng(seed)
        layer, x, dout = batch_norm(3, rng), normal((2, 5, 4, 3), rng), normal((2, 5, 4, 3), rng)
        layer.forward(x, training=True)
        dx = layer.backward(dout)
        measured = numerical_gradient(lambda: layer.forward(x, training=True), x, dout)
        for floor in refused:
            refused[floor] += relative_error(dx, measured, floor) > SMOOTH
    assert refused[1e-8] > 0 and refused[FLOOR] == 0


def test_what_was_moved_is_put_back_whatever_happens():
    x = np.ones(3)

    def fails():
        raise KeyError("forward")

    with pytest.raises(KeyError):
        numerical_gradient(fails, x, np.ones(3))
    with pytest.raises(ValueError):
        direction_error(lambda: 1.0, [(x, np.zeros(3))], np.random.default_rng(0))
    assert (x == 1).all()
