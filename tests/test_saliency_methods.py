"""Saliency maps against what they claim to be."""

import numpy as np
import pytest

import tinyfer
from tinyfer.datasets import draw_faces
from tinyfer.saliency import METHODS


@pytest.fixture(scope="module")
def model():
    return tinyfer.six_layer_cnn(classes=3, seed=0, dtype=np.float64)


@pytest.fixture(scope="module")
def faces():
    return 0.01 + 0.98 / 255 * draw_faces(3, seed=1).faces


def test_the_gradient_map_is_the_slope_of_the_probability(model, faces):
    rng = np.random.default_rng(0)
    maps = tinyfer.saliency(model, faces, target=[0, 1, 2], signed=True)
    direction = rng.standard_normal(faces.shape)
    h = 1e-8      # short, to pass no kink of a ReLU
    lower, upper = (model.predict_proba(faces + d * h * direction) for d in (-1, 1))
    numerical = (upper - lower)[range(3), [0, 1, 2]] / (2 * h)
    np.testing.assert_allclose((maps * direction).sum(axis=(1, 2)), numerical, rtol=1e-4)


@pytest.mark.parametrize("method", METHODS)
def test_maps_are_zero_where_the_network_is_blind_and_do_not_depend_on_the_batch(
        model, faces, method):
    options = dict(n=2) if method == "smoothgrad" else {}
    options = dict(steps=4) if method == "integrated" else options
    maps = tinyfer.saliency(model, faces, method=method, **options)
    assert maps.shape == faces.shape and np.abs(maps).max() > 0
    assert not maps[:, 44:].any() and not maps[:, :, 44:].any()
    single = np.concatenate([tinyfer.saliency(model, faces[i:i + 1], method=method, **options)
                             for i in range(3)])
    np.testing.assert_allclose(single, maps, rtol=1e-8, atol=1e-12)


def test_integrated_gradients_add_up_to_the_difference_from_the_baseline(model, faces):
    target = model.predict(faces)
    maps = tinyfer.saliency(model, faces, target=target, method="integrated", steps=64,
                            of="logit", signed=True)
    black = np.zeros((1, 48, 48))
    logits = model.forward(faces[..., None])[range(3), target]
    start = model.forward(black[..., None])[0, target]
    np.testing.assert_allclose(maps.sum(axis=(1, 2)), logits - start, rtol=1e-2)


@pytest.mark.parametrize("wrong, words", [
    (dict(method="magic"), "method is 'magic'"), (dict(of="loss"), "of is 'loss'"),
    (dict(target=7), "7"), (dict(target=[0, 1]), "2"),
    (dict(method="gradcam", layer="bn1"), "bn1")])
def test_bad_input_is_named(model, faces, wrong, words):
    with pytest.raises(ValueError, match=words):
        tinyfer.saliency(model, faces, **wrong)


def test_a_face_of_one_grey_is_refused(model):
    with pytest.raises(ValueError, match="single grey"):
        tinyfer.saliency(model, np.full((1, 48, 48), 0.5))
