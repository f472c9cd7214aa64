"""What is saved is what the layers hold, however the model came about; nothing stands twice."""

import copy
import pickle

import numpy as np
import pytest
from tiny import small_cnn, unsettle

import tinyfer
from tinyfer.core.layers import BatchNorm, Conv2D, Dense, Flatten, Parameter, ReLU
from tinyfer.core.model import Sequential
from tinyfer.core.optim import SGD, Adam

FACES = np.random.default_rng(1).integers(0, 256, (6, 48, 48), dtype=np.uint8)


def through_joblib(model, folder):
    joblib = pytest.importorskip("joblib")
    joblib.dump(model, folder / "model.joblib")
    return joblib.load(folder / "model.joblib")


def new_arrays(model, folder):
    for layer in model.layers:
        if isinstance(layer, BatchNorm):
            layer.mean, layer.var = layer.mean.copy(), layer.var.copy()
    for parameter in model.parameters():
        parameter.value = parameter.value.copy()
    return model


COPIES = {
    "deepcopy": lambda model, folder: copy.deepcopy(model),
    "pickle": lambda model, folder: pickle.loads(pickle.dumps(model)),
    "joblib": through_joblib,
    "arrays put in their place": new_arrays,
    "the same layers in another model": lambda model, folder: Sequential(
        model.layers[:], model.input_shape, model.class_names, model.rng),
    "layers copied one by one": lambda model, folder: Sequential(
        [copy.deepcopy(layer) for layer in model.layers], model.input_shape, None, model.rng),
}


def held(model):
    """The identity of every array that a forward reads, by walking over the layers by hand."""
    return {id(getattr(found, "value", found)) for layer in model.layers
            for name in ("w", "b", "gamma", "beta", "mean", "var")
            if (found := getattr(layer, name, None)) is not None}


@pytest.mark.parametrize("way", COPIES)
def test_a_copy_saves_what_its_layers_hold(way, tmp_path):
    model = COPIES[way](unsettle(small_cnn(3, seed=1)), tmp_path)
    logits = model.forward(tinyfer.to_input(FACES), training=True)
    model.backward(tinyfer.softmax_cross_entropy(logits, np.arange(6) % 3)[1])
    Adam(model.parameters(), lr=1e-2).step()
    state = model.state()
    assert {id(array) for array in state.values()} == held(model)
    fresh = small_cnn(3)
    fresh.load_state(state)
    assert np.array_equal(fresh.predict_proba(FACES), model.predict_proba(FACES))
    if model.config:
        model.save(tmp_path / "model.npz")
        loaded = tinyfer.load_model(tmp_path / "model.npz")
        assert np.array_equal(loaded.predict_proba(FACES), model.predict_proba(FACES))


def test_a_layer_put_in_later_has_a_name_of_its_own():
    rng = np.random.default_rng(0)
    model = Sequential([Conv2D(1, 2, rng), Flatten(), Dense(32, 3, rng)], (6, 6, 1))
    model.layers[1:1] = [BatchNorm(2), ReLU()]
    model.layers.insert(0, BatchNorm(1))
    assert list(model.state()) == ["bn1.gamma", "bn1.beta", "conv1.w", "conv1.b", "bn2.gamma",
                                   "bn2.beta", "dense1.w", "dense1.b", "bn1.mean", "bn1.var",
                                   "bn2.mean", "bn2.var"]
    assert [p.name for p in model.parameters()] == list(model.state())[:8]
    assert model.num_parameters() == 4 + 20 + 8 + 99


def test_what_stands_twice_is_refused():
    rng = np.random.default_rng(0)
    conv, relu, norm = Conv2D(1, 1, rng), ReLU(), BatchNorm(1)
    for layers in [conv, conv], [relu, conv, relu], [norm, norm]:
        with pytest.raises(ValueError, match="stands twice in this model"):
            Sequential(layers, (8, 8, 1))
    tied = Conv2D(1, 1, rng)
    tied.w = conv.w
    with pytest.raises(ValueError, match="conv2.w stands twice"):
        Sequential([conv, tied], (8, 8, 1))
    tied.w = Parameter("w", conv.w.value[:])            # another view of the same numbers
    with pytest.raises(ValueError, match="conv2.w stands twice"):
        Sequential([conv, tied], (8, 8, 1))
    with pytest.raises(ValueError, match="a parameter stands twice"):
        Adam([conv.w, tied.w])
    model = Sequential([conv, norm], (8, 8, 1))
    model.layers.append(conv)
    with pytest.raises(ValueError, match="conv2 stands twice"):
        model.state()
    model.layers[2] = model
    with pytest.raises(TypeError, match=r"layers\[2\] is of type Sequential"):
        model.parameters()
    relu.again = [relu]
    with pytest.raises(ValueError, match="stands twice"):
        Sequential([relu], (2, 2, 1))
    for optimizer in Adam, SGD:
        with pytest.raises(ValueError, match="a parameter stands twice"):
            optimizer(conv.parameters() * 2)


@pytest.mark.parametrize("shape", [(1, 1, 1, 3), (1, 3)])
def test_batch_norm_refuses_a_single_value_in_training(shape):
    """It would be its own mean: out is beta whatever x is, and every gradient before it is 0."""
    layer, x = BatchNorm(3), np.ones(shape, np.float32)
    with pytest.raises(ValueError, match="got a single value of each in training"):
        layer.forward(x, training=True)
    assert not layer.mean.any() and layer.forward(x).shape == shape
    assert layer.forward(np.concatenate([x, x]), training=True).shape == (2, *shape[1:])


def test_grey_values_that_are_not_scaled_once_are_noticed(recwarn):
    model, x = small_cnn(3), tinyfer.to_input(FACES)
    model.forward(x)
    model.forward(np.zeros_like(x))
    tinyfer.saliency(model, FACES, method="integrated")
    assert not recwarn.list
    for wrong in 255 * x, x / 255:
        with pytest.warns(tinyfer.core.checks.Notice, match="expected grey values divided by 255"):
            model.forward(wrong, training=True)
