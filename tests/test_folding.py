"""Prediction takes short cuts: they must not change what the layers compute."""

import numpy as np
import pytest

import tinyfer
from tinyfer.folding import fold_batchnorm, visible_window
from tinyfer.layers import BatchNorm, Conv2D, Dense, Flatten, MaxPool2D


def trained_like(model, rng, negative=False):
    """Batch norms as after a training: no two channels alike."""
    for layer in model.layers:
        if isinstance(layer, BatchNorm):
            layer.gamma.value[:] = rng.uniform(0.5, 2, layer.mean.size)
            if negative:
                layer.gamma.value[::3] *= -1
            layer.beta.value[:] = rng.normal(size=layer.mean.size)
            layer.mean[:] = rng.normal(size=layer.mean.size)
            layer.var[:] = rng.uniform(0.5, 2, layer.mean.size)
    return model


def run(layers, x):
    for layer in layers:
        x = layer.forward(x)
    return x


@pytest.mark.parametrize("negative", [False, True], ids=["gamma > 0", "some gamma < 0"])
def test_folding_changes_neither_logits_nor_input_gradient(negative):
    rng = np.random.default_rng(0)
    model = trained_like(tinyfer.six_layer_cnn(classes=3, seed=1, dtype=np.float64), rng, negative)
    folded = fold_batchnorm(model.layers)
    x = rng.random((2, 48, 48, 1))
    dout = rng.normal(size=(2, 3))
    logits, dx = model.forward(x), model.backward(dout)
    np.testing.assert_allclose(run(folded, x), logits, rtol=1e-10, atol=1e-10)
    for layer in reversed(folded):
        dout = layer.backward(dout)
    np.testing.assert_allclose(dout, dx, rtol=1e-9, atol=1e-12)


def test_folding_leaves_batch_norm_only_before_a_pool_that_a_negative_gamma_would_turn_round():
    rng = np.random.default_rng(0)
    model = trained_like(tinyfer.six_layer_cnn(classes=3, seed=1), rng)
    assert not any(isinstance(layer, BatchNorm) for layer in fold_batchnorm(model.layers))
    trained_like(model, rng, negative=True)
    folded = fold_batchnorm(model.layers)
    left = [i for i, layer in enumerate(folded) if isinstance(layer, BatchNorm)]
    assert len(left) == 3 and all(isinstance(folded[i + 1], MaxPool2D) for i in left)


def test_folding_does_not_touch_the_model():
    rng = np.random.default_rng(0)
    model = trained_like(tinyfer.six_layer_cnn(classes=3, seed=1), rng)
    before = {name: array.copy() for name, array in model.state().items()}
    model.predict_proba(rng.integers(0, 256, (3, 48, 48), dtype=np.uint8))
    assert all(np.array_equal(array, before[name]) for name, array in model.state().items())


def test_the_network_sees_44_of_48_rows_and_columns():
    model = tinyfer.six_layer_cnn(classes=3, seed=1)
    assert visible_window(model.layers, (48, 48, 1)) == (44, 44)
    assert visible_window(model.layers, (51, 45, 1)) == (44, 44)
    assert visible_window(model.layers, (52, 44, 1)) == (52, 44)


def test_the_window_of_a_network_without_pooling_is_everything():
    rng = np.random.default_rng(0)
    layers = [Conv2D(1, 2, rng), Flatten(), Dense(2 * 3 * 5, 2, rng)]
    assert visible_window(layers, (5, 7, 1)) == (5, 7)


def test_predict_proba_is_the_softmax_of_forward_in_evaluation_mode():
    rng = np.random.default_rng(0)
    model = trained_like(tinyfer.six_layer_cnn(classes=5, seed=2, dtype=np.float64), rng)
    faces = rng.integers(0, 256, (5, 48, 48), dtype=np.uint8)
    logits = model.forward(faces[..., None] / 255)
    expected = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    np.testing.assert_allclose(model.predict_proba(faces), expected, rtol=1e-10)
