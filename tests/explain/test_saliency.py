"""Saliency maps are what their docstrings say: by finite differences, by hand, by brute force."""

from types import SimpleNamespace

import numpy as np
import pytest
from tiny import unsettle

import tinyfer
from tinyfer.core.gradcheck import numerical_gradient
from tinyfer.core.inference import to_input
from tinyfer.core.layers import BatchNorm, Conv2D, Dense, Dropout, Flatten, MaxPool2D, ReLU
from tinyfer.core.model import Sequential
from tinyfer.explain.methods import convolutions, smoothgrad, unit_places
from tinyfer.explain.saliency import METHODS, Method, saliency, targets
from tinyfer.explain.score import explained, explained_gradient

SHORT = {"smoothgrad": {"n": 3}, "integrated": {"steps": 4},
         "occlusion": {"size": 16, "stride": 16}}
GRADIENTS = ("gradient", "gradient*input", "smoothgrad", "integrated", "guided")


def faces_of(n, shape=(48, 48), seed=1):
    """Blurry noise: values in [0, 1] that differ from pixel to pixel."""
    return np.random.default_rng(seed).uniform(0.1, 0.9, (n, *shape))


def little(dtype=np.float64, seed=0):
    """Every kind of layer on a 15x14 image; the network sees 14x14 of it."""
    rng = np.random.default_rng(seed)
    layers = [Conv2D(1, 3, rng, relu=True, dtype=dtype), BatchNorm(3, dtype=dtype),
              Conv2D(3, 4, rng, dtype=dtype), ReLU(), MaxPool2D(), Dropout(0.5, rng),
              BatchNorm(4, dtype=dtype), Flatten(), Dense(100, 6, rng, relu=True, dtype=dtype),
              BatchNorm(6, dtype=dtype), Dense(6, 3, rng, dtype=dtype)]
    return unsettle(Sequential(layers, (15, 14, 1), ("a", "b", "c"), rng))


def linear(shape=(5, 4), classes=2, seed=0):
    """Logits that are linear in the pixels: w (pixels, classes), so that every map is known."""
    rng = np.random.default_rng(seed)
    dense = Dense(shape[0] * shape[1], classes, rng, dtype=np.float64)
    return Sequential([Flatten(), dense], (*shape, 1), None, rng), dense.w.value


@pytest.fixture(scope="module")
def six():
    return unsettle(tinyfer.six_layer_cnn(classes=5, seed=0, class_names=tuple("abcde")))


# ---- the number explained, and its gradient

@pytest.mark.parametrize("of", ["probability", "logit"])
def test_the_gradient_of_the_score_is_its_slope(of):
    rng = np.random.default_rng(0)
    logits, target = rng.normal(0, 2, (3, 4)), np.array([2, 0, 3])
    slope = explained_gradient(logits, target, of)
    measured = numerical_gradient(lambda: explained(logits, target, of), logits, np.ones(3))
    assert np.abs(slope - measured).max() < 1e-9 < np.abs(slope).max()


def test_a_certain_network_still_has_a_map():
    """Where p rounds to 1, the difference 1 - p is 0, but the slope is not."""
    logits = np.array([[40.0, 0.0, 1.0]], np.float32)
    slope = explained_gradient(logits, np.array([0]), "probability")
    assert tinyfer.softmax(logits)[0, 0] == 1
    assert slope[0, 0] == pytest.approx(np.exp(-39) + np.exp(-40), rel=1e-6)
    assert slope[0, 2] == pytest.approx(-np.exp(-39), rel=1e-6)


# ---- gradient

@pytest.mark.parametrize("of", ["probability", "logit"])
def test_gradient_is_the_slope_of_every_pixel(of):
    model, faces = little(), faces_of(2, (15, 14), seed=2)      # a seed with no kink within h
    target = np.array([2, 0])
    maps = saliency(model, faces, target, of=of, signed=True)
    x = faces[..., None]
    measured = numerical_gradient(lambda: explained(model.forward(x), target, of), x, np.ones(2))
    assert np.abs(maps - measured[..., 0]).max() < 1e-8 * np.abs(measured).max()
    assert not maps[:, 14:].any() and not measured[:, 14:].any()


# ---- every method on a linear network, where the right answer is known

def test_a_linear_network_has_the_maps_known_by_hand():
    model, w = linear()
    faces, w1 = faces_of(2, (5, 4)), w[:, 1].reshape(5, 4)

    def maps(method, **options):
        return saliency(model, faces, 1, method, "logit", signed=True, **options)

    assert np.allclose(maps("gradient"), w1)
    assert np.allclose(maps("smoothgrad", n=2), w1)
    assert np.allclose(maps("guided"), w1)
    assert np.allclose(maps("gradient*input"), w1 * faces)
    assert np.allclose(maps("integrated", steps=1), w1 * faces)
    mean = faces.mean(axis=0)
    assert np.allclose(maps("integrated", steps=3, baseline=mean), w1 * (faces - mean))
    greys = faces.mean(axis=(1, 2), keepdims=True)
    assert np.allclose(maps("occlusion", size=1, stride=1), w1 * (faces - greys))


# ---- integrated gradients and SmoothGrad

def test_integrated_gradients_add_up():
    """To F(x) - F(b): within one per cent at 64 steps, and the more steps the better."""
    model, faces = little(), faces_of(8, (15, 14))
    baseline = np.broadcast_to(np.linspace(0.3, 0.5, 14), (15, 14))
    difference = model.predict_proba(faces)[:, 0] - model.predict_proba(baseline[None])[:, 0]
    missed = []
    for steps in (8, 64, 512):
        maps = saliency(model, faces, 0, "integrated", signed=True, steps=steps, baseline=baseline)
        missed.append(np.abs(maps.sum(axis=(1, 2)) - difference).sum() / np.abs(difference).sum())
    assert missed[1] < 0.01
    assert missed[2] < missed[1] / 3 < missed[0] / 9


def test_smoothgrad_is_the_mean_over_noise_of_the_size_asked_for():
    model, faces = little(), faces_of(2, (15, 14))
    plain = saliency(model, faces, 0, signed=True)
    assert np.allclose(saliency(model, faces, 0, "smoothgrad", signed=True, sigma=0, n=2), plain)
    one, same, other = (saliency(model, faces, 0, "smoothgrad", n=3, seed=s) for s in (1, 1, 2))
    assert np.array_equal(one, same) and not np.allclose(one, other)
    task = SimpleNamespace(x=faces[..., None], gradients=lambda inputs, weights: np.stack(
        [inputs(np.arange(2), np.array([k, k])) for k in range(len(weights))]))
    noise = (smoothgrad(task, n=40, sigma=0.2, seed=4) - task.x).std(axis=(0, 2, 3, 4))
    assert noise == pytest.approx(0.2 * np.ptp(faces, axis=(1, 2)), rel=0.03)


# ---- Grad-CAM, guided backpropagation, occlusion

def test_gradcam_by_hand():
    """One convolution of two channels; class 0 reads the first of them and class 1 the other."""
    rng = np.random.default_rng(0)
    conv, dense = Conv2D(1, 2, rng, dtype=np.float64), Dense(18, 2, rng, dtype=np.float64)
    model = Sequential([conv, Flatten(), dense], (5, 5, 1), None, rng)
    conv.w.value[...] = 0
    conv.w.value[1, 1, 0] = 1, -2               # channel 0 is the face itself, 1 is -2 times it
    readout = np.zeros((3, 3, 2, 2))
    readout[..., 0, 0] = rng.random((3, 3))
    readout[..., 1, 1] = 1
    dense.w.value[...] = readout.reshape(18, 2)
    face = faces_of(1, (5, 5))
    middle = face[0, 1:4, 1:4]
    for target, alpha in ((0, readout[..., 0, 0].mean()), (1, -2)):
        maps = saliency(model, face, target, "gradcam", "logit", signed=True)
        assert np.allclose(maps[0, 1:4, 1:4], alpha * middle)
        assert np.allclose(maps[0, 0, 1:4], alpha * middle[0] / 2)      # half way to nothing
    assert not saliency(model, face, 1, "gradcam", "logit").any()       # nothing positive in it


def test_units_stand_where_their_pixels_are(six):
    """The pixels a unit depends on, found by its gradient, are those its place tells."""
    assert unit_places(six.layers[:convolutions(six)["conv6"] + 1]) == (15.5, 4, 32)
    model = tinyfer.six_layer_cnn(seed=0)
    for name, place in convolutions(model).items():
        below = model.layers[:place + 1]
        features = to_input(faces_of(1))
        for layer in below:
            features = layer.forward(features.astype(np.float32))
        dout = np.zeros_like(features)
        i = features.shape[1] - 1
        dout[0, i, i - 1] = 1
        for layer in reversed(below):
            dout = layer.backward(dout)
        first, step, size = unit_places(below)
        strong = np.abs(dout[0, ..., 0]) > 1e-5 * np.abs(dout).max()    # above what rounding leaves
        for axis, unit in ((1, i), (0, i - 1)):
            pixels = np.flatnonzero(strong.any(axis=axis))
            reach = (pixels[0], pixels[-1])
            low, high = first + step * unit - (size - 1) / 2, first + step * unit + (size - 1) / 2
            # ReLU and pooling may close the way to an outermost pixel, never open one.
            assert low <= reach[0] <= low + 3 and high - 3 <= reach[1] <= high, name


def test_gradcam_of_any_convolution(six):
    faces = faces_of(2)
    maps = {layer: saliency(six, faces, 0, "gradcam", layer=layer, signed=True)
            for layer in (None, "conv6", "conv1")}
    assert np.array_equal(maps[None], maps["conv6"]) and maps["conv1"].any(axis=(1, 2)).all()
    strengths = saliency(six, faces, 0, "gradcam", layer="conv1")
    assert np.array_equal(np.maximum(maps["conv1"], 0), strengths)


@pytest.mark.parametrize("fused", [True, False])
def test_guided_backpropagation_by_hand(fused):
    """z = -relu(x0) + relu(x1) - relu(relu(x0) + relu(x1)): only the positive way is kept."""
    rng = np.random.default_rng(0)
    first, second = Dense(2, 3, rng, relu=fused), Dense(3, 2, rng)
    first.w.value[...] = [[1, 0, 1], [0, 1, 1]]
    second.w.value[...] = np.array([[-1, 1, -1], [0, 0, 0]]).T
    model = Sequential([Flatten(), first, *[ReLU()] * (not fused), second], (1, 2, 1))
    face = np.array([[[0.5, 0.25]]])
    assert np.allclose(saliency(model, face, 0, "gradient", "logit", True), [[[-2, 0]]])
    assert np.allclose(saliency(model, face, 0, "guided", "logit", True), [[[0, 1]]])


@pytest.mark.parametrize("size, stride", [(8, 4), (3, 2)])
def test_occlusion_against_the_definition(size, stride):
    model, faces = little(), faces_of(1, (15, 14))
    maps = saliency(model, faces, 1, "occlusion", signed=True, size=size, stride=stride)

    seen = faces[0, :14]
    total, times = np.zeros((15, 14)), np.zeros((15, 14))
    starts = list(range(0, 14 - size, stride)) + [14 - size]
    for top in starts:
        for left in starts:
            covered = faces.copy()
            covered[0, top:top + size, left:left + size] = seen.mean()
            drop = model.predict_proba(faces)[0, 1] - model.predict_proba(covered)[0, 1]
            total[top:top + size, left:left + size] += drop
            times[top:top + size, left:left + size] += 1
    assert np.allclose(maps[0, :14], (total / np.maximum(times, 1))[:14], atol=1e-12)
    assert times[:14].all() and not maps[0, 14:].any()


# ---- what holds for all methods

@pytest.mark.parametrize("method", METHODS)
def test_the_blind_border_is_exactly_zero(six, method):
    maps = saliency(six, faces_of(2), 1, method, signed=True, **SHORT.get(method, {}))
    assert maps.shape == (2, 48, 48) and maps.dtype == np.float32
    assert not maps[:, 44:].any() and not maps[:, :, 44:].any()
    assert np.isfinite(maps).all()
    if method in GRADIENTS:
        assert maps[:, 43].any() and maps[:, :, 43].any() and maps[:, 0].any()


@pytest.mark.parametrize("method", METHODS)
def test_maps_lie_where_the_network_looks(method):
    """At the middle: the map of the face moved by two, and moved back."""
    model, faces = unsettle(tinyfer.six_layer_cnn(classes=5, seed=0)), faces_of(1)
    moved = np.zeros_like(faces)
    moved[:, :46, :46] = faces[:, 2:, 2:]
    expected = saliency(model, moved, 3, method, signed=True)[:, :44, :44]
    noise = 1e-5 * float(np.abs(expected).max())
    model.window = "middle"
    maps = saliency(model, faces, 3, method, signed=True)
    assert maps[:, 2:46, 2:46] == pytest.approx(expected, rel=1e-5, abs=noise)
    maps[:, 2:46, 2:46] = 0
    assert not maps.any()


@pytest.mark.parametrize("method", METHODS)
def test_a_batch_gives_what_single_faces_give(six, method):
    faces = (255 * faces_of(3)).astype(np.uint8)
    options = SHORT.get(method, {})
    batch = saliency(six, faces, None, method, signed=True, **options)
    for size in (1, 2):
        other = saliency(six, faces, None, method, signed=True, batch_size=size, **options)
        assert np.allclose(batch, other, rtol=0, atol=1e-5 * np.abs(batch).max())
    single = np.concatenate([saliency(six, faces[i:i + 1], None, method, signed=True, **options)
                             for i in range(3)])
    assert np.allclose(batch, single, rtol=0, atol=1e-5 * np.abs(batch).max())
    strengths = saliency(six, faces, None, method, **options)
    assert np.array_equal(METHODS[method].unsigned(batch), strengths)
    assert np.allclose(saliency(six, faces[0], None, method, **options), strengths[0],
                       rtol=0, atol=1e-5 * np.abs(batch).max())


def test_targets_are_the_classes_predicted_or_given(six):
    faces = faces_of(3)
    assert np.array_equal(targets(six, faces), six.predict(faces))
    assert targets(six, faces, "c").tolist() == [2, 2, 2]
    assert targets(six, faces, ["a", 4, np.int64(1)]).tolist() == [0, 4, 1]
    assert targets(six, faces, np.array(3)).tolist() == [3, 3, 3]
    each = saliency(six, faces, ["a", "b", "c"], signed=True)
    for n, name in enumerate("abc"):
        assert np.allclose(each[n], saliency(six, faces[n:n + 1], name, signed=True)[0],
                           atol=1e-6 * np.abs(each).max())


def test_a_method_is_one_function_and_one_entry(six, monkeypatch):
    """Nothing else has to know of it: neither saliency, nor how its maps are shown."""
    assert tinyfer.explain.METHODS is METHODS and tinyfer.saliency is saliency
    brightness = Method(lambda task, factor=1: factor * task.x[..., 0] - 0.5, shares_of_f=True)
    monkeypatch.setitem(METHODS, "brightness", brightness)
    faces = faces_of(2)
    maps = saliency(six, faces, 0, "brightness", signed=True, factor=2)
    assert np.allclose(maps[:, :44, :44], 2 * faces[:, :44, :44] - 0.5, atol=1e-6)
    assert np.array_equal(saliency(six, faces, 0, "brightness", factor=2), np.abs(maps))


def test_progress_counts_the_inputs(six):
    calls = []
    saliency(six, faces_of(3), 0, "integrated", steps=4, batch_size=5,
             progress=lambda *call: calls.append(call))
    assert calls == [(5, 12), (10, 12), (12, 12)]


def test_faces_of_any_kind(six):
    """None, and grey values or what they are in [0, 1]."""
    assert saliency(six, np.zeros((0, 48, 48), np.uint8)).shape == (0, 48, 48)
    faces = (255 * faces_of(2)).astype(np.uint8)
    assert np.array_equal(saliency(six, faces), saliency(six, faces.astype(np.float32) / 255))


# ---- bad input

@pytest.mark.parametrize("method, options, sentence", [
    ("gradcam", dict(layer="dense1"), "'dense1' is no convolution .* conv1, .*, conv6"),
    ("smoothgrad", dict(n=0), "n = 0"),
    ("smoothgrad", dict(sigma=np.nan), "sigma = nan"),
    ("integrated", dict(steps=0), "steps is 0; expected an integer of at least 1"),
    ("integrated", dict(baseline=np.zeros((44, 44))), r"faces has shape \(1, 44, 44\)"),
    ("integrated", dict(baseline=np.full((48, 48), 2.0)), r"must lie in \[0, 1\]"),
    ("occlusion", dict(size=45), "size <= 44, got size 45"),
    ("occlusion", dict(size=4, stride=5), "stride 5"),
])
def test_bad_options_get_a_sentence(six, method, options, sentence):
    with pytest.raises(ValueError, match=sentence):
        saliency(six, faces_of(2), method=method, **options)


def test_what_has_no_map_gets_a_sentence(six):
    faces = faces_of(3)
    faces[1] = 0.5
    with pytest.raises(ValueError, match="face 1 is of a single grey"):
        saliency(six, faces)
    with pytest.raises(ValueError, match="it has no convolution"):
        saliency(linear()[0], faces_of(1, (5, 4)), method="gradcam")
