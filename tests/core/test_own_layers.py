"""Layers that a reader writes outside the package: each use of them works, or says why it cannot.

An average pool, a strided convolution with padding and a residual block, one class each.
"""

import copy

import numpy as np
import pytest
from tiny import unsettle

import tinyfer
from tinyfer.core import networks
from tinyfer.core.gradcheck import LIMIT, layer_errors, network_errors
from tinyfer.core.inference import fold_batchnorm, visible_window
from tinyfer.core.layers import (
    BatchNorm,
    Conv2D,
    Dense,
    Dropout,
    Flatten,
    Layer,
    MaxPool2D,
    Parameter,
    ReLU,
    glorot_uniform,
)
from tinyfer.core.losses import softmax_cross_entropy
from tinyfer.core.model import Sequential
from tinyfer.core.networks import load_model, register
from tinyfer.explain.methods import convolutions, unit_places
from tinyfer.explain.randomisation import parameter_groups, randomisation
from tinyfer.explain.saliency import METHODS, saliency


class AveragePool(Layer):
    """Mean of each 2x2 square, stride 2."""

    takes = "N", "H", "W", "C"
    kernel = stride = 2
    relu = False

    def forward(self, x, training=False):
        x = self._checked(x)
        N, H, W, C = x.shape
        out = x[:, :H // 2 * 2, :W // 2 * 2].reshape(N, H // 2, 2, W // 2, 2, C).mean(axis=(2, 4))
        self._keep(out, x.shape)
        return out

    def backward(self, dout):
        dout, shape = self._take(dout)
        dx = np.zeros(shape, dout.dtype)
        wide = dout.repeat(2, axis=1).repeat(2, axis=2) / 4
        dx[:, :wide.shape[1], :wide.shape[2]] = wide
        return dx

    def passes(self, s):
        return True


class StridedConv(Layer):
    """5x5 convolution, stride 2, with two rows and columns of zeros around x."""

    kernel, stride, padding = 5, 2, 2
    relu = False

    def __init__(self, c_in, c_out, rng, dtype=np.float32):
        self.w = Parameter("w", np.empty((5, 5, c_in, c_out), dtype))
        self.takes = "N", "H", "W", c_in
        self.reset(rng)

    def reset(self, rng):
        *_, C, K = shape = self.w.value.shape
        self.w.value[...] = glorot_uniform(shape, 25 * C, 25 * K, rng, self.w.value.dtype)

    def output_shape(self, shape):
        H, W, _ = super().output_shape(shape)
        return H, W, self.w.value.shape[3]

    def windows(self, padded, u, v):
        H, W = (n - 4 for n in padded.shape[1:3])
        return padded[:, u:u + H:2, v:v + W:2]

    def forward(self, x, training=False):
        x = self._checked(x)
        padded = np.pad(x, ((0, 0), (2, 2), (2, 2), (0, 0)))
        out = sum(self.windows(padded, u, v) @ self.w.value[u, v] for u, v in np.ndindex(5, 5))
        self._keep(out, padded)
        return out

    def backward(self, dout):
        dout, padded = self._take(dout)
        dx = np.zeros_like(padded)
        for u, v in np.ndindex(5, 5):
            self.windows(dx, u, v)[...] += dout @ self.w.value[u, v].T
            x = self.windows(padded, u, v)
            self.w.grad[u, v] = np.tensordot(x, dout, axes=((0, 1, 2), (0, 1, 2)))
        return dx[:, 2:-2, 2:-2]


class Residual(Layer):
    """out = norm(conv(x)) + x without the rows and columns that the convolution does not reach."""

    kernel = 3

    def __init__(self, channels, rng, dtype=np.float32):
        self.inner = [Conv2D(channels, channels, rng, relu=True, dtype=dtype),
                      BatchNorm(channels, dtype=dtype)]
        self.takes = "N", "H", "W", channels

    def forward(self, x, training=False):
        out = x = self._checked(x)
        for layer in self.inner:
            out = layer.forward(out, training)
        out = out + x[:, 1:-1, 1:-1]
        self._keep(out)
        return out

    def backward(self, dout):
        dout, = self._take(dout)
        dx = dout
        for layer in reversed(self.inner):
            dx = layer.backward(dx)
        dx = dx.copy()
        dx[:, 1:-1, 1:-1] += dout
        return dx


class Spread(Layer):
    """A layer that says nothing of itself, and computes with all pixels: x minus their mean."""

    def forward(self, x, training=False):
        x = self._checked(x)
        out = x - x.mean(axis=(1, 2), keepdims=True)
        self._keep(out)
        return out

    def backward(self, dout):
        dout, = self._take(dout)
        return dout - dout.mean(axis=(1, 2), keepdims=True)


@register
def own_network(width=3, seed=0, dtype=np.float32, class_names=("a", "b", "c")):
    """16 -> 8 -> 6 -> 3 -> 1: every layer above, and two of the package."""
    rng = np.random.default_rng(seed)
    layers = [StridedConv(1, width, rng, dtype), BatchNorm(width, dtype=dtype),
              Residual(width, rng, dtype), AveragePool(), Dropout(0.2, rng),
              Conv2D(width, width, rng, relu=True, dtype=dtype), BatchNorm(width, dtype=dtype),
              Flatten(), Dense(width, len(class_names), rng, dtype=dtype)]
    return Sequential(layers, (16, 16, 1), class_names, rng)


def rng(seed=0):
    return np.random.default_rng(seed)


@pytest.fixture
def model():
    return unsettle(own_network(dtype=np.float64))


@pytest.fixture
def faces():
    return rng(1).integers(0, 256, (4, 16, 16), dtype=np.uint8)


@pytest.mark.parametrize("layer, shape", [
    (AveragePool(), (2, 5, 6, 3)), (StridedConv(2, 3, rng(), np.float64), (2, 6, 7, 2)),
    (Residual(3, rng(), np.float64), (2, 5, 6, 3)), (Spread(), (2, 4, 5, 3))],
    ids=lambda x: type(x).__name__)
@pytest.mark.parametrize("training", [False, True])
def test_gradients_of_every_array(layer, shape, training):
    x = rng(1).standard_normal(shape)
    dout = rng(2).standard_normal(layer.forward(x, training).shape)
    errors = layer_errors(layer, x, dout, training)
    assert len(errors) == 1 + len(layer.parameters()) and max(errors.values()) < LIMIT
    assert dout.shape[1:] == layer.output_shape(shape[1:])


def test_gradients_of_the_whole_network(model, faces):
    errors = network_errors(model, faces[..., None] / 255, lambda logits: softmax_cross_entropy(
        logits, np.array([0, 2, 1, 0])), rng(4), training=True)
    assert len(errors) == 2 + 13 and max(errors.values()) < 1e-5


def test_the_table_has_every_layer_and_all_its_values(model):
    table = [line.split()[1:] for line in str(model).splitlines()[1:-1]]
    assert [row[0] for row in table] == [
        "StridedConv()", "BatchNorm", "Residual()", "AveragePool()", "Dropout", "Conv", "BatchNorm",
        "Flatten", "Dense"]
    assert [row[1] for row in table[:4]] == ["8x8x3", "8x8x3", "6x6x3", "3x3x3"]
    assert model.num_parameters() == 75 + 12 + (81 + 3 + 12) + (81 + 3) + 12 + 12
    assert {"stridedconv1.w", "residual1.inner.0.w", "residual1.inner.1.var", "bn2.mean",
            "conv1.b"} <= model.state().keys()


def test_prediction_folds_what_it_may_and_shares_no_state(model, faces):
    x = faces[..., None] / 255
    logits = model.forward(x)
    dout = np.ones_like(logits)
    expected = model.backward(dout)
    model.forward(x)
    assert model.predict_proba(faces) == pytest.approx(tinyfer.softmax(logits), rel=1e-10)
    saliency(model, faces[:2])
    assert np.array_equal(model.backward(dout), expected)
    # Batch norm before the residual block stays: who knows what is in there.
    assert [type(layer) for layer in fold_batchnorm(model.layers)].count(BatchNorm) == 1
    # Padding would take the place of a row that is cut; Spread sees every row.
    for layers, shape, visible in ((model.layers, (16, 16, 1), (16, 16)),
                                   ([Conv2D(1, 2, rng()), AveragePool()], (17, 17, 1), (16, 16)),
                                   ([Spread(), MaxPool2D()], (9, 9, 1), (9, 9))):
        assert visible_window(layers, shape) == visible


@pytest.mark.parametrize("method", METHODS)
def test_a_map_by_every_method_or_one_sentence(model, faces, method):
    if method == "guided":      # the block has a ReLU that it does not end with
        with pytest.raises(ValueError, match=r"Residual\(\) does not say whether it has one"):
            saliency(model, faces, method=method)
        return
    maps = saliency(model, faces, 1, method=method, of="logit", signed=True)
    assert maps.shape == faces.shape and maps.any(axis=(1, 2)).all()
    if method == "gradient":
        model.forward(faces[..., None] / 255)
        assert np.allclose(maps, model.backward(np.eye(3)[[1] * 4])[..., 0])


def test_units_stand_where_their_pixels_are(model):
    """The pixels that a unit's gradient reaches are those that its place tells, at every layer."""
    for number in range(1, 8):
        layers, features = model.layers[:number], rng().random((1, 16, 16, 1))
        for layer in layers:
            features = layer.forward(features)
        (first, step, size), i = unit_places(layers), features.shape[1] // 2
        dout = np.zeros_like(features)
        dout[0, i, 0] = 1
        for layer in reversed(layers):
            dout = layer.backward(dout)
        low, high = (first + step * i + side * (size - 1) / 2 for side in (-1, 1))
        rows = np.flatnonzero(dout[0, ..., 0].any(axis=1))
        assert max(low, 0) <= rows[0] <= max(low, 0) + step
        assert min(high, 15) - step <= rows[-1] <= min(high, 15)
    assert unit_places(model.layers[:4]) == (2.0 - 2 + 2 + 1, 4, 5 + 4 + 2)
    assert list(convolutions(model)) == ["stridedconv1", "residual1", "conv1"]


def test_gradcam_of_a_map_of_unknown_place_is_refused(faces):
    model = Sequential([Spread(), Conv2D(1, 2, rng(), relu=True), Flatten(),
                        Dense(392, 2, rng())], (16, 16, 1))
    with pytest.raises(ValueError, match=r"Spread\(\) does not say which pixels"):
        saliency(model, faces, method="gradcam")
    assert saliency(model, faces).any()


def test_randomisation_leaves_nothing_trained(model, faces):
    stages, _ = randomisation(model, faces[:2], ("gradient",))
    assert stages[1:-1] == ["dense1", "conv1", "residual1", "stridedconv1"]
    fresh, mine = copy.deepcopy(model), model.state()
    for layer in (layer for _, layers in parameter_groups(fresh) for layer in layers):
        layer.reset(rng(9))
    assert not any(np.array_equal(array, mine[name]) for name, array in fresh.state().items())
    model.layers[2].inner.append(Frozen())
    with pytest.raises(TypeError, match=r"Frozen has no reset\(rng\) to draw its scale anew"):
        randomisation(model, faces[:2], ("gradient",))


class Frozen(Layer):
    """One factor for everything; it does not say how it begins."""

    def __init__(self):
        self.scale = Parameter("scale", np.full(1, 1.5))

    def forward(self, x, training=False):
        return self.scale.value * x

    def backward(self, dout):
        return self.scale.value * dout


def test_saving_and_loading_once_registered(faces, tmp_path, monkeypatch):
    model = unsettle(own_network(width=2, class_names=("x", "y")))
    model.save(tmp_path / "own.npz")
    loaded = load_model(tmp_path / "own.npz")
    assert loaded.class_names == ("x", "y") and str(loaded) == str(model)
    assert np.array_equal(loaded.predict_proba(faces), model.predict_proba(faces))
    monkeypatch.delitem(networks.ARCHITECTURES, "own_network")
    with pytest.raises(ValueError, match="own.npz .*'own_network' is unknown.* @register"):
        load_model(tmp_path / "own.npz")


def test_what_could_not_be_loaded_is_not_saved(tmp_path):
    changed = own_network()
    changed.layers.insert(1, ReLU())
    for model, words in ((Sequential([Flatten(), Dense(4, 2, rng())], (2, 2, 1)),
                          "own: see tinyfer.core.networks.register"),
                         (changed, "no longer those that own_network makes")):
        with pytest.raises(ValueError, match=words):
            model.save(tmp_path / "m.npz")
    with pytest.raises(TypeError, match="needs an argument class_names"):
        register(lambda seed=0: own_network())
    with pytest.raises(ValueError, match="an architecture six_layer_cnn already"):
        @register
        def six_layer_cnn(class_names):
            pass
    assert not list(tmp_path.iterdir())


class Darkest(MaxPool2D):
    def forward(self, x, training=False):
        return x.reshape(len(x), -1).max(axis=1).reshape(-1, 1, 1, 1) - super().forward(x)


def test_a_subclass_with_another_forward_takes_nothing_over():
    """Its batch norm is not folded through it, no row is cut, no unit placed, by what was said of
    its base."""
    layer = Darkest()
    assert layer.kernel is None and layer.relu is None and not layer.passes(np.ones(1))


class Unpadded(StridedConv):
    padding = 0


class Hidden(Layer):
    def forward(self, x, training=False):
        return x[:, :1]


class Same(Layer):
    kernel = 3

    def output_shape(self, shape):
        return shape


def test_a_layer_that_says_what_it_does_not_do_is_told():
    for layer in Unpadded(1, 2, rng()), Hidden():
        with pytest.raises(ValueError, match="where their output_shape says"):
            Sequential([layer], (8, 8, 1)).forward(np.zeros((1, 8, 8, 1), np.float32))
    with pytest.raises(ValueError, match=r"same1 makes \(8, 8, 1\) .* kernel 3, stride 1 and padd"):
        Sequential([Same()], (8, 8, 1))
