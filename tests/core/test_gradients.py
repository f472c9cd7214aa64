"""Every gradient of the package, held against central differences in float64.

Run with -v this file reads as the list of what is proved. The largest relative error found over all
coordinates stands in the summary at the end, beside the limit it is held to.
"""

from functools import lru_cache

import numpy as np
import pytest
from tiny import unsettle

import tinyfer
from tinyfer.core.gradcheck import (
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

NETWORK = 1e-5      # for a whole network; LIMIT is for a layer
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


def conv(c_in, c_out, values=None, relu=False):
    """With positive x its w are so too; and with ReLU, about half of its sums end below zero."""
    def build(rng):
        layer = Conv2D(c_in, c_out, rng, relu=relu, dtype=FLOAT)
        if values:
            layer.w.value[...] = values(layer.w.value.shape, rng)
            layer.b.value -= 9 * c_in * relu
        return layer
    return build


def norm(rng):
    """Batch norm in the middle of its life: nothing at its initial 0 or 1."""
    layer = BatchNorm(3, dtype=FLOAT)
    for array in layer.gamma.value, layer.beta.value, layer.mean, layer.var:
        array[...] = rng.uniform(0.5, 1.5, 3)
    return layer


def dropout(rng):
    layer = Dropout(0.3, rng)
    layer.fixed_key = 2024
    return layer


def dense(rng, relu=False):
    return Dense(5, 4, rng, relu, FLOAT)


# name: (layer, shape of x, values of x, gradients there are)
CASES = {
    "conv 3x3": (conv(3, 4), (2, 7, 6, 3), normal, "dx dw db"),
    "conv 3x3, one input channel": (conv(1, 4), (2, 5, 6, 1), normal, "dx dw db"),
    "conv 3x3, one output position": (conv(5, 4, positive), (2, 3, 3, 5), positive, "dx dw db"),
    "conv 3x3 with ReLU": (conv(3, 4, relu=True), (2, 5, 6, 3), normal, "dx dw db"),
    "conv 3x3, output 4x7": (conv(5, 3, positive), (2, 6, 9, 5), positive, "dx dw db"),
    "conv 3x3, output 5x10": (conv(4, 3, positive), (2, 7, 12, 4), positive, "dx dw db"),
    "conv 3x3, output 12x6": (conv(4, 3, positive), (2, 14, 8, 4), positive, "dx dw db"),
    "conv 3x3 with ReLU, output 4x7": (
        conv(5, 3, positive, relu=True), (2, 6, 9, 5), positive, "dx dw db"),
    "ReLU": (lambda rng: ReLU(), (2, 5, 4, 3), off_zero, "dx"),
    "batch norm of images, training": (norm, (2, 5, 4, 3), normal, "dx dgamma dbeta"),
    "batch norm of images, evaluation": (norm, (2, 5, 4, 3), normal, "dx dgamma dbeta"),
    "batch norm of features, training": (norm, (5, 3), normal, "dx dgamma dbeta"),
    "batch norm of features, evaluation": (norm, (5, 3), normal, "dx dgamma dbeta"),
    "max pool, even sizes": (lambda rng: MaxPool2D(), (2, 6, 4, 3), permutation, "dx"),
    "max pool, odd sizes": (lambda rng: MaxPool2D(), (2, 7, 5, 3), permutation, "dx"),
    "dropout, training": (dropout, (2, 5, 4, 3), normal, "dx"),
    "dropout, evaluation": (dropout, (2, 5, 4, 3), normal, "dx"),
    "flatten": (lambda rng: Flatten(), (2, 5, 4, 3), normal, "dx"),
    "dense": (dense, (3, 5), normal, "dx dw db"),
    "dense with ReLU": (lambda rng: dense(rng, True), (3, 5), normal, "dx dw db"),
}
GRADIENTS = [(name, gradient) for name, case in CASES.items() for gradient in case[3].split()]


def make(name):
    """(layer, x, dout, training) of a case; biases random, not zero.

    A layer with fused ReLU is drawn again until its sums stay off 0.
    """
    build, shape, values, _ = CASES[name]
    rng, training = np.random.default_rng(list(name.encode())), name.endswith("training")
    while True:
        layer, x = build(rng), values(shape, rng)
        for parameter in layer.parameters():
            if parameter.name == "b":
                parameter.value += rng.standard_normal(parameter.value.shape)
        out = layer.forward(x, training)
        if "with ReLU" not in name:
            break
        layer.relu = False
        off_kink = np.abs(layer.forward(x)).min() > 1e-3
        layer.relu = True
        if off_kink:
            break
    dout = (positive if values is positive else normal)(out.shape, rng)
    return layer, x, dout, training


@lru_cache
def errors_of(name):
    return layer_errors(*make(name))


@pytest.mark.parametrize("name, gradient", GRADIENTS, ids=[f"{n}, {g}" for n, g in GRADIENTS])
def test_layer(name, gradient, record_property):
    error = errors_of(name)[gradient]
    record_property("relative error", f"{error:.1e}, at most {LIMIT:.0e}")
    axes = PLACE_IN_FILTER if name.startswith("conv") and gradient == "dw" else ()
    assert error <= LIMIT, error.told(gradient, axes)


def multiply(layer, factor):
    """Make every gradient of a layer wrong by a factor."""
    def backward(dout, right=layer.backward):
        dx = factor * right(dout)
        for parameter in layer.parameters():
            parameter.grad *= factor
        return dx

    layer.backward = backward


wrong_factor = pytest.mark.parametrize("factor", [1.001, 0], ids=["0.1 % off", "all zero"])


@wrong_factor
@pytest.mark.parametrize("name", CASES)
def test_a_wrong_backward_is_caught(name, factor):
    layer, x, dout, training = make(name)
    multiply(layer, factor)
    errors = layer_errors(layer, x, dout, training)
    assert errors.keys() == set(CASES[name][3].split()) and min(errors.values()) > 1000 * LIMIT


@pytest.mark.parametrize("name", CASES)
def test_x_and_dout_are_left_alone(name):
    layer, x, dout, training = make(name)
    before = x.copy(), dout.copy()
    layer.forward(x, training)
    layer.backward(dout)
    assert np.array_equal(x, before[0]) and np.array_equal(dout, before[1])


@pytest.mark.parametrize("weights", [None, [0.4, 2.5, 1.0, 0.7]], ids=["plain", "weighted"])
@pytest.mark.parametrize("soft", [False, True], ids=["labels", "soft targets"])
def test_cross_entropy(soft, weights, record_property):
    rng = np.random.default_rng(3)
    logits, targets = rng.standard_normal((5, 4)), np.array([0, 3, 1, 1, 2])
    loss = soft_cross_entropy if soft else tinyfer.softmax_cross_entropy
    targets = rng.dirichlet(np.ones(4), 5) if soft else targets
    analytic = loss(logits, targets, weights)[1]
    assert np.abs(analytic.sum(axis=1)).max() < 1e-15      # what constant logits demand
    numerical = numerical_gradient(lambda: loss(logits, targets, weights)[0], logits, np.ones(()))
    error = relative_error(analytic, numerical)
    record_property("relative error", f"{error:.1e}, at most {LIMIT:.0e}")
    assert error <= LIMIT
    for factor in 1.001, 0:
        assert relative_error(factor * analytic, numerical) > 1000 * LIMIT


def small_network(rng):
    """Every kind of layer once, small enough to move each coordinate."""
    layers = [Conv2D(1, 3, rng, relu=True, dtype=FLOAT), norm(rng), MaxPool2D(), dropout(rng),
              Flatten(), Dense(12, 3, rng, relu=True, dtype=FLOAT), norm(rng), dropout(rng),
              Dense(3, 4, rng, dtype=FLOAT)]
    return Sequential(layers, (6, 7, 1), rng=rng)


in_both_modes = pytest.mark.parametrize("training", [True, False], ids=["training", "evaluation"])


@in_both_modes
def test_small_network_every_coordinate(training, record_property):
    rng = np.random.default_rng(0)
    model, x, dout = small_network(rng), normal((5, 6, 7, 1), rng), normal((5, 4), rng)
    errors = layer_errors(model, x, dout, training)
    assert len(errors) == 1 + len(model.parameters()) == 11
    name, error = max(errors.items(), key=lambda item: item[1])
    record_property("relative error", f"{error:.1e}, at most {NETWORK:.0e}")
    assert error <= NETWORK, error.told(name)


def six_layer_network():
    """The network in float64 as after a training, and a batch."""
    model = unsettle(tinyfer.six_layer_cnn(classes=5, seed=1, dtype=FLOAT))
    return model, np.random.default_rng(2).random((4, 48, 48, 1))


def weighted_loss(logits):
    return tinyfer.softmax_cross_entropy(logits, np.array([0, 4, 2, 1]), [0.5, 1.5, 1, 0.8, 2])


@lru_cache
def six_layer_errors(training):
    model, x = six_layer_network()
    return network_errors(model, x, weighted_loss, np.random.default_rng(3), training)


DIRECTIONS = [p.name for p in tinyfer.six_layer_cnn().parameters()] + ["all parameters", "x"]


@in_both_modes
@pytest.mark.parametrize("name", DIRECTIONS)
def test_six_layer_network_along_a_random_direction(name, training, record_property):
    error = six_layer_errors(training)[name]
    record_property("relative error", f"{error:.1e}, at most {NETWORK:.0e}")
    assert error <= NETWORK


@wrong_factor
def test_a_wrong_gradient_of_the_six_layer_network_is_caught(factor):
    model, x = six_layer_network()

    def loss():
        return weighted_loss(model.forward(x))[0]

    dx = model.backward(weighted_loss(model.forward(x))[1])
    for pairs in [(p.value, factor * p.grad) for p in model.parameters()], [(x, factor * dx)]:
        assert direction_error(loss, pairs, np.random.default_rng(4)) > 10 * NETWORK


def test_relative_error_by_hand():
    assert relative_error([1.0, 2.0], [1.0, 2.5]) == pytest.approx(0.2)
    assert relative_error([0.0, 1.0], [1e-9, 1.0]) == pytest.approx(1e-7)   # the floor of 1e-2
    assert relative_error([np.nan, 1.0], [1.0, 1.0]) == np.inf
    with pytest.raises(ValueError, match="shape"):
        relative_error([1.0], [1.0, 2.0])
    layer, x, _, training = make("batch norm of images, training")
    with pytest.raises(ValueError, match="all but zero"):       # which proves nothing
        layer_errors(layer, x, np.ones_like(x), training)


def test_a_failing_check_tells_the_place_and_both_numbers():
    layer, x, dout, training = make("conv 3x3")

    def backward(dout, right=layer.backward):
        dx = right(dout)
        layer.w.grad[2, 0, 1, 3] += 0.5
        return dx

    layer.backward = backward
    error = layer_errors(layer, x, dout, training)["dw"]
    assert error.index == (2, 0, 1, 3) and error.analytic == pytest.approx(error.numerical + 0.5)
    assert error.told("dw", PLACE_IN_FILTER) == (
        "dw[2, 0, 1, 3] (filter row 2, filter column 0, input channel 1, output channel 3): "
        f"backward says {error.analytic:.12g}, measured with h = 1e-05 it is "
        f"{error.numerical:.12g}; relative error {error:.1e}")


def test_what_was_moved_is_put_back_whatever_happens():
    x = np.ones(3)
    with pytest.raises(ZeroDivisionError):
        numerical_gradient(lambda: 1 / 0, x, np.ones(3))
    with pytest.raises(ValueError):
        direction_error(lambda: 1.0, [(x, np.zeros(3))], np.random.default_rng(0))
    assert (x == 1).all()
