"""Short cuts of training and prediction: they change neither what the layers compute nor a step."""

import copy
import threading

import numpy as np
import pytest
from tiny import small_cnn, unsettle

import tinyfer
from tinyfer.core import fusion
from tinyfer.core.inference import fold_batchnorm, seen, to_input, visible_window
from tinyfer.core.layers import (
    BatchNorm,
    Conv2D,
    Dense,
    Dropout,
    Flatten,
    Layer,
    MaxPool2D,
    ReLU,
)
from tinyfer.core.losses import softmax
from tinyfer.core.model import Sequential
from tinyfer.core.networks import load_model
from tinyfer.data.drawn import draw_faces


def random_model(rng, dtype=np.float64):
    """A network of random layers for faces of 9 to 14 pixels, batch norms wherever they may be, and
    often where they usually are."""
    shape = input_shape = (*map(int, rng.integers(9, 15, 2)), 1)
    kinds = ["norm", "norm", "relu", "dropout", "flatten", "pool", "conv", "dense"]
    layers, flat, kind = [], False, "norm"
    for _ in range(rng.integers(2, 9)):
        usual = {"conv": "norm", "norm": "pool", "pool": "conv", "dropout": "conv"}.get(kind)
        kind = usual if usual and rng.integers(4) else kinds[rng.integers(len(kinds))]
        C, K, relu = shape[-1], int(rng.integers(1, 6)), bool(rng.integers(2))
        if kind == "flatten":
            layer, flat = Flatten(), True
        elif kind == "dense" and flat:
            layer = Dense(C, K, rng, relu, dtype)
        elif kind == "conv" and not flat and min(shape[:2]) >= 5:
            layer = Conv2D(C, K, rng, relu, dtype)
        elif kind == "pool" and not flat and min(shape[:2]) >= 5:
            layer = MaxPool2D()
        else:
            layer = {"relu": ReLU(), "dropout": Dropout(0.5, rng)}.get(
                kind, BatchNorm(C, dtype=dtype))
        layers.append(layer)
        shape = layer.output_shape(shape)
    layers += [Flatten(), Dense(int(np.prod(shape)), 3, rng, dtype=dtype)]
    return unsettle(Sequential(layers, input_shape), rng.integers(1000), bool(rng.integers(2)))


def run(layers, x, training=False):
    for layer in layers:
        x = layer.forward(x, training)
    return x


def run_back(layers, dout):
    for layer in reversed(layers):
        dout = layer.backward(dout)
    return dout


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

    stack = copy.deepcopy(model.layers)
    plain = numbers(stack, run(stack, x, training), run_back(stack, dout))
    fused = numbers(model.layers, fusion.forward(model.layers, x, training),
                    fusion.backward(model.layers, dout))
    # The gradient of a bias before batch norm is 0 but for rounding: measured against all others.
    # A rounding that tips a maximum sends its gradient elsewhere: not with these seeds.
    scale = np.median([np.linalg.norm(expected) for expected in plain])
    for mine, expected in zip(fused, plain, strict=True):
        limit = (1e-12 if dtype is np.float64 else 1e-5) * (scale + np.linalg.norm(expected))
        assert np.linalg.norm(mine - expected) <= limit


def test_the_network_sees_44_of_48_rows_and_columns():
    layers = tinyfer.six_layer_cnn(classes=3, seed=1).layers
    for given, visible in ((48, 48), (44, 44)), ((51, 45), (44, 44)), ((52, 44), (52, 44)):
        assert visible_window(layers, (*given, 1)) == visible
    assert visible_window([layers[0], Flatten()], (5, 7, 1)) == (5, 7)      # no pool: everything


def test_folded_equals_plain_for_random_stacks_of_layers():
    """In probabilities, logits and the gradient of the input, with gammas of either sign."""
    rng = np.random.default_rng(0)
    shorter = left_in = 0
    for _ in range(300):
        model = random_model(rng)
        faces, dout = rng.random((3, *model.input_shape[:2])), rng.normal(size=(3, 3))
        logits, dx = model.forward(faces[..., None]), model.backward(dout)
        folded = fold_batchnorm(model.layers)
        np.testing.assert_allclose(run(folded, faces[..., None]), logits, rtol=1e-9, atol=1e-12)
        np.testing.assert_allclose(run_back(folded, dout), dx, rtol=1e-9, atol=1e-12)
        found = model.predict_proba(faces)
        np.testing.assert_allclose(found, softmax(logits), rtol=1e-9, atol=1e-12)
        norms = [sum(isinstance(layer, BatchNorm) for layer in layers)
                 for layers in (model.layers, folded)]
        shorter, left_in = shorter + (norms[1] < norms[0]), left_in + (norms[1] > 0)
    assert shorter > 50 and left_in > 50


def train(model, data, between=lambda: None, steps=4):
    """Every array of a short training, with `between` called wherever a step has a seam."""
    optimizer = tinyfer.Adam(model.parameters(), lr=1e-3)
    found = []
    for step in range(steps):
        faces, labels = data.faces[step::steps], data.labels[step::steps]
        logits = model.forward(tinyfer.to_input(faces), training=True)
        between()
        loss, dlogits = tinyfer.softmax_cross_entropy(logits, labels)
        between()
        dx = model.backward(dlogits)
        between()
        optimizer.step()
        found += [loss, dx, *(p.grad.copy() for p in model.parameters())]
    return found + [a.copy() for a in model.state().values()]


def same_bits(a, b):
    return len(a) == len(b) and all(np.array_equal(x, y) for x, y in zip(a, b))


def test_prediction_and_maps_do_not_disturb_a_backward():
    data, model = draw_faces(35, seed=1), small_cnn()

    def look():
        for n in 1, 9:      # a batch of the training's own size, and another
            model.predict(data.faces[:n])
            for method in "gradient", "gradcam", "guided", "occlusion":
                tinyfer.saliency(model, data.faces[:n:8], method=method)

    assert same_bits(train(model, data, look, 2), train(small_cnn(), data, steps=2))


def test_threads_predict_explain_and_train_at_once():
    data, model, in_training = draw_faces(70, seed=1), small_cnn(), small_cnn()
    faces, ready, wrong = data.faces[:6], threading.Barrier(4), []

    def look():
        return [model.predict_proba(faces), tinyfer.saliency(model, faces),
                tinyfer.saliency(model, faces, method="gradcam")]

    def explain():
        ready.wait()
        wrong.extend("maps" for _ in range(6) if not same_bits(look(), expected))

    def watch():
        ready.wait()
        wrong.extend("prediction in training" for _ in range(12)
                     if not np.isfinite(in_training.predict_proba(faces)).all())

    def learn():
        ready.wait()
        if not same_bits(train(in_training, data), trained):
            wrong.append("training")

    expected, trained = look(), train(small_cnn(), data)
    threads = [threading.Thread(target=target) for target in (explain, explain, watch, learn)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


def test_one_face_needs_no_batch_axis_and_none_a_channel_axis():
    model, faces = small_cnn(), draw_faces(7, seed=1).faces
    p = model.predict_proba(faces[2])
    assert p.shape == (7,) and np.array_equal(p, model.predict_proba(faces[2:3])[0])
    assert model.predict(faces[2]) == p.argmax() and model.predict(faces[2]).ndim == 0
    assert model.predict_proba(faces[:0]).shape == (0, 7)
    for crops in 1, 2:
        expected = model.predict_proba(faces, crops=crops)
        assert np.array_equal(model.predict_proba(faces[..., None], crops=crops), expected)
        assert np.array_equal(model.predict_proba(to_input(faces), crops=crops), expected)
    with pytest.raises(ValueError, match=r"\(48, 48\) for one face"):
        model.predict(faces[2, :40])
    with pytest.raises(ValueError, match=r"maps \(48, 48, 1\) to \(46, 46, 2\)"):
        Sequential([Conv2D(1, 2, np.random.default_rng(0))]).predict(faces)


def test_one_crop_is_the_window_of_the_model(tmp_path):
    """The middle by hand; it is saved with the weights, and another word is refused."""
    model = tinyfer.six_layer_cnn(classes=5, seed=1)
    faces = np.random.default_rng(0).integers(0, 256, (3, 48, 48), dtype=np.uint8)
    corner = model.predict_proba(faces)
    model.window = "middle"
    model.save(tmp_path / "middle.npz")
    again = load_model(tmp_path / "middle.npz")
    assert again.window == "middle" and seen(again) == (2, 2, 44, 44)
    found = again.predict_proba(faces)
    assert found == pytest.approx(softmax(again.forward(to_input(faces[:, 2:, 2:]))), abs=1e-6)
    assert np.abs(found - corner).max() > 1e-4
    with pytest.raises(ValueError, match="window is 'top'; expected one of corner, middle"):
        model.window = "top"
    assert load_model("seven-class").window == "middle"
    assert load_model("five-class-study").window == "corner"


def places(crops, rows, columns):
    """(top, left) of the windows with so many rows and columns to spare: middle, corners, edges."""
    edges = [(top, left) for top in (0, rows // 2, rows) for left in (0, columns // 2, columns)]
    return {2: edges[4:5], 10: edges[::2], 18: edges}[crops]


@pytest.mark.parametrize("crops", [2, 10, 18])
def test_crops_are_the_mean_over_windows_and_mirrors(crops):
    """What windows share is computed once; here they are taken one by one."""
    rng, spare = np.random.default_rng(3), 0
    models = [unsettle(tinyfer.six_layer_cnn(classes=5, seed=1, dtype=np.float64))]
    for model in models + [random_model(rng) for _ in range(60)]:
        faces = rng.random((2, *model.input_shape[:2]))
        H, W = visible_window(model.layers, model.input_shape)
        rows, columns = np.subtract(faces.shape[1:], (H, W))
        expected = [softmax(run(model.layers, face[:, top:top + H, left:left + W, None]))
                    for top, left in places(crops, rows, columns)
                    for face in (faces, faces[:, :, ::-1])]
        assert len(expected) == crops
        found = model.predict_proba(faces, crops=crops)
        np.testing.assert_allclose(found, np.mean(expected, axis=0), rtol=1e-9)
        spare += rows + columns >= 1
    assert spare > 10


def train_a_step(model):
    model.forward(np.random.default_rng(1).random((4, 48, 48, 1), np.float32), training=True)
    model.backward(np.ones((4, 7), np.float32))
    tinyfer.Adam(model.parameters(), lr=0.1).step()


def add_to(index):
    def change(model):
        list(model.state().values())[index].reshape(-1)[0] += 1
    return change


# Every way in which what a prediction is made of may become another.
CHANGES = {
    "optimizer": train_a_step, "first weight": add_to(0), "last running variance": add_to(-1),
    "load_state": lambda model: model.load_state(tinyfer.six_layer_cnn(seed=8).state()),
    "assignment": lambda model: setattr(model.layers[0].w, "value", 2 * model.layers[0].w.value),
    "layer": lambda model: model.layers.__setitem__(0, tinyfer.six_layer_cnn(seed=9).layers[0]),
    "relu": lambda model: setattr(model.layers[0], "relu", False),
    "epsilon": lambda model: setattr(model.layers[1], "epsilon", 0.5),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
@pytest.mark.parametrize("crops", [1, 18])
def test_what_is_kept_is_never_stale(change, crops):
    model = unsettle(tinyfer.six_layer_cnn(seed=4))
    faces = np.random.default_rng(0).random((2, 48, 48), np.float32)
    before = model.predict_proba(faces, crops=crops)
    change(model)
    found = model.predict_proba(faces, crops=crops)
    assert not np.array_equal(found, before)
    del model._plan
    for _ in range(2):      # made anew, and again from what is kept
        assert np.array_equal(found, model.predict_proba(faces, crops=crops))


class Scale(Layer):
    by = {"factor": 1.0}

    def forward(self, x, training=False):
        return x * np.float32(self.by["factor"])


def test_a_layer_of_one_s_own_is_asked_each_time():
    model = Sequential([Flatten(), Scale(), Dense(16, 2, np.random.default_rng(0))], (4, 4, 1))
    faces = np.random.default_rng(0).random((1, 4, 4), np.float32)
    before = model.predict_proba(faces)
    Scale.by["factor"] = 5.0
    assert not np.allclose(model.predict_proba(faces), before)
