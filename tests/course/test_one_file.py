"""docs/one_file.py, the course in one file, beside the package; and one_file_torch.py."""

import importlib
from pathlib import Path

import numpy as np
import pytest
from exporting.torch_module import save_torch

from tinyfer.commands import explore
from tinyfer.core.layers import BatchNorm, Conv2D, Dense, Dropout, Flatten, MaxPool2D
from tinyfer.core.losses import softmax_cross_entropy
from tinyfer.core.model import Sequential
from tinyfer.core.networks import six_layer_cnn
from tinyfer.core.optim import Adam
from tinyfer.data.augment import augment
from tinyfer.data.drawn import draw_faces

NARROW, HIDDEN = (4, 5, 6, 7, 8, 9), 10


@pytest.fixture
def one_file(monkeypatch):
    monkeypatch.syspath_prepend(Path(__file__).parents[2] / "docs")
    return importlib.import_module("one_file")


def narrow(dtype=np.float64):
    """six_layer_cnn with fewer channels, and no value that is still 0 or 1."""
    rng, layers = np.random.default_rng(0), []
    for i, (C, K) in enumerate(zip((1, *NARROW), NARROW), 1):
        layers += [Conv2D(C, K, rng, relu=True, dtype=dtype), BatchNorm(K, dtype=dtype)]
        layers += [MaxPool2D(), Dropout(0.25, rng)] if i % 2 == 0 else []
    layers += [Flatten(), Dense(4 * NARROW[-1], HIDDEN, rng, relu=True, dtype=dtype),
               BatchNorm(HIDDEN, dtype=dtype), Dropout(0.5, rng),
               Dense(HIDDEN, 7, rng, dtype=dtype)]
    model = Sequential(layers, (48, 48, 1), None, rng)
    for name, array in model.state().items():
        array += rng.uniform(0, 0.2, array.shape).astype(dtype)
    return model


def copied(model, one_file, **sizes):
    """The parameters and running means of a model, as one_file holds them."""
    parameters, running = one_file.initial(np.random.default_rng(1), **sizes)
    state = model.state()
    assert state.keys() == parameters.keys() | running.keys()
    for name, array in (parameters | running).items():
        assert array.shape == state[name].shape
        array[...] = state[name]
    return parameters, running


def close(a, b, most=1e-9):
    return np.abs(a - b).max() <= most * max(1, np.abs(b).max())


def test_forward_loss_and_gradients_are_the_packages(one_file, monkeypatch):
    """In training, with the masks that the package's dropout draws, and then in evaluation."""
    copied(six_layer_cnn(), one_file)           # the same shapes
    model, rng = narrow(), np.random.default_rng(2)
    x, y = rng.random((5, 48, 48, 1)), rng.integers(0, 7, 5)
    parameters, running = copied(model, one_file, widths=NARROW, hidden=HIDDEN, dtype=np.float64)
    drops = [layer for layer in model.layers if isinstance(layer, Dropout)]
    for key, layer in enumerate(drops):
        layer.fixed_key = key
    masks = iter(drops)

    def same_mask(x, rate, rng):
        layer = next(masks)
        assert layer.rate == rate
        mask = layer.forward(np.ones_like(x), training=True)
        return mask * x, lambda dout: (mask * dout,)

    monkeypatch.setattr(one_file, "dropout", same_mask)
    logits, backward = one_file.network(parameters, running, x, rng)
    loss, loss_backward = one_file.softmax_cross_entropy(logits, y)
    gradients = backward(*loss_backward(1))

    expected = model.forward(x, training=True)
    expected_loss, dlogits = softmax_cross_entropy(expected, y)
    dx = model.backward(dlogits)
    assert close(logits, expected) and abs(loss - expected_loss) < 1e-9
    assert close(gradients.pop("x"), dx)
    assert gradients.keys() == {p.name for p in model.parameters()}
    for p in model.parameters():
        assert np.abs(p.grad).max() > 1e-6 and close(gradients[p.name], p.grad), p.name
    assert close(one_file.network(parameters, running, x)[0], model.forward(x))

    state, adam = {}, Adam(model.parameters(), lr=1e-3)
    for _ in range(3):
        one_file.adam(parameters, gradients, state, lr=1e-3)
        adam.step()
    assert all(close(parameters[p.name], p.value) for p in model.parameters())


def test_faces_are_changed_as_in_the_package(one_file):
    faces = draw_faces(20, seed=3).faces
    ours = one_file.augment(faces[..., None] / 255, np.random.default_rng(4))
    assert close(ours, augment(faces, np.random.default_rng(4), np.float64))


def test_dropout_drops_its_rate_and_keeps_the_mean(one_file):
    out, _ = one_file.dropout(np.ones(40_000, np.float32), 0.25, np.random.default_rng(0))
    assert abs(np.mean(out == 0) - 0.25) < 0.01 and abs(out.mean() - 1) < 0.015
    assert out.dtype == np.float32


@pytest.mark.parametrize("layer, place", [
    ("conv", 0), ("conv", 1), ("conv", 2), ("relu", 0), ("batch_norm", 0), ("batch_norm", 1),
    ("batch_norm", 2), ("max_pool", 0), ("dropout", 0), ("flatten", 0), ("dense", 0), ("dense", 1),
    ("dense", 2), ("softmax_cross_entropy", 0)])
def test_a_planted_factor_stops_the_training(one_file, monkeypatch, layer, place):
    """Without the network: the check of the layer alone must be enough."""
    right = getattr(one_file, layer)

    def wrong(*given):
        out, backward = right(*given)
        return out, lambda dout: tuple(
            d * 1.001 if i == place else d for i, d in enumerate(backward(dout)))

    monkeypatch.setattr(one_file, "network", lambda named, *_: (
        np.zeros(1), lambda dout: {name: np.zeros_like(a) for name, a in named.items()}))
    monkeypatch.setattr(one_file, layer, wrong)
    with pytest.raises(SystemExit, match="a gradient is wrong"):
        one_file.main("no such file")


def test_a_lost_link_in_the_chain_is_found(one_file, monkeypatch):
    """Layers that are right, put together wrongly: the check of the whole network notices."""
    right = one_file.network

    def wrong(*given):
        logits, backward = right(*given)
        return logits, lambda dout: {name: g * (1.001 if name == "conv3.w" else 1)
                                     for name, g in backward(dout).items()}

    monkeypatch.setattr(one_file, "network", wrong)
    errors = one_file.gradient_errors(np.random.default_rng(0))
    assert len(errors) == 9 and errors.pop("network") > one_file.LIMIT > max(errors.values())


def test_it_loads_what_explore_saves(one_file, call, tmp_path):
    path = tmp_path / "faces.npz"
    code, out, _ = call(explore.main, "--drawn", 70, "--seed", 5, "--save", path)
    assert code == 0 and "70 drawn faces are in" in out
    assert list(tmp_path.iterdir()) == [path], "only the file"
    assert call(explore.main, "--drawn", 70, "--save", path)[0] == 2, "what is there is kept"
    data = draw_faces(70, seed=5)
    training = data.usage == "Training"
    for (x, y), chosen in zip(one_file.load(path), (training, ~training), strict=True):
        assert x.dtype == np.float32 and np.array_equal(y, data.labels[chosen])
        assert np.array_equal(np.rint(x[..., 0] * 255), data.faces[chosen])


def test_a_narrow_network_learns(one_file, monkeypatch, capsys):
    """Two expressions, with the batch's own statistics: 144 steps are few for running means."""
    monkeypatch.setattr(one_file, "dropout", lambda x, rate, rng: (x, lambda dout: (dout,)))
    data, rng = draw_faces(160, seed=5, class_names=("happy", "surprise")), np.random.default_rng(0)
    x, y = (data.faces[..., None] / 255).astype(np.float32), data.labels
    training = data.usage == "Training"
    held_out = x[~training], y[~training]
    parameters, running = one_file.initial(rng, (6, 8, 12, 16, 16, 16), 32, classes=2)
    one_file.train(parameters, running, x[training], y[training], held_out, rng, epochs=9,
                   batch_size=8, lr=1e-2)
    logits = one_file.network(parameters, running, held_out[0], rng)[0]
    assert one_file.softmax_cross_entropy(logits, held_out[1])[0] < 0.4
    assert np.mean(logits.argmax(axis=1) == held_out[1]) > 0.8
    assert all(array.dtype == np.float32 for array in (parameters | running).values())
    assert capsys.readouterr().out.count("held out") == 9


def test_the_torch_file_gives_the_same_logits(one_file, tmp_path):
    torch = pytest.importorskip("torch")
    other = importlib.import_module("one_file_torch")
    model, x = narrow(np.float32), np.random.default_rng(6).random((5, 48, 48, 1), np.float32)
    parameters, running = copied(model, one_file, widths=NARROW, hidden=HIDDEN)
    save_torch(tmp_path, "moved", model, "A test.", 1e-3)
    there = other.network(NARROW, HIDDEN)
    with np.load(tmp_path / "moved.npz") as file:
        there.load_state_dict({name: torch.from_numpy(file[name]) for name in file.files},
                              strict=False)
    with torch.no_grad():
        logits = there.eval()(torch.from_numpy(x).permute(0, 3, 1, 2)).numpy()
    assert close(one_file.network(parameters, running, x)[0], logits, 1e-4)
    part = torch.from_numpy(x).permute(0, 3, 1, 2), torch.arange(5)
    assert 0 <= other.train(there, *part, part, epochs=1, batch_size=4) <= 1
