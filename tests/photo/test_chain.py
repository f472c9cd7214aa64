"""Layers in one pass, piece by piece: held against one layer after the other."""

import numpy as np
import pytest

from tinyfer.photo import chain


def random_chain(rng, dtype):
    """Up to four layers from one channel, and pictures that they fit, one of them very small."""
    layers, C = [], 1
    for _ in range(rng.integers(1, 5)):
        K = int(rng.integers(1, 40))
        w = rng.normal(size=(3, 3, C, K)) / (3 * np.sqrt(C))
        layers.append((w.astype(dtype), rng.normal(size=K).astype(dtype), bool(rng.integers(2)),
                       int(rng.integers(1, 3))))
        C = K
    least = 1
    for *_, pool in reversed(layers):
        least = least * pool + 2
    shapes = least + rng.integers(0, 40, (rng.integers(1, 5), 2))
    shapes[0] = least
    x = rng.random(shapes.prod(axis=1).sum()).astype(dtype)
    return x, shapes, chain.packed(layers)


@pytest.mark.parametrize("dtype, most", [(np.float32, 2e-5), (np.float64, 1e-12)])
def test_a_chain_computes_what_its_layers_do(dtype, most):
    rng = np.random.default_rng(0)
    for _ in range(25):
        x, shapes, made = random_chain(rng, dtype)
        out = chain.forward(x, shapes, made)
        expected = chain.plain(x, shapes, made.layers)
        assert out.dtype == dtype and out.shape == expected.shape
        assert np.abs(out - expected).max() <= most * np.abs(expected).max()


@pytest.mark.parametrize("band, threads", [(1, 1), (1500, 3), (1 << 20, 2)])
def test_no_bit_depends_on_bands_or_threads(band, threads, monkeypatch):
    rng = np.random.default_rng(1)
    for _ in range(6):
        x, shapes, made = random_chain(rng, np.float32)
        expected = chain.forward(x, shapes, made).tobytes()
        with monkeypatch.context() as patch:
            patch.setattr(chain, "BAND", band)
            patch.setattr(chain, "get_num_threads", lambda: threads)
            assert chain.forward(x, shapes, made).tobytes() == expected


def test_a_nan_is_seen_behind_pooling_and_relu():
    w, b = np.ones((3, 3, 1, 2), np.float32), np.zeros(2, np.float32)
    x = np.zeros((12, 12), np.float32)
    x[4, 7] = np.nan
    made = chain.packed([(w, b, True, 2)])
    out = chain.forward(x.ravel(), [(12, 12)], made)
    assert np.array_equal(out, chain.plain(x.ravel(), [(12, 12)], made.layers), equal_nan=True)
    assert 0 < np.isnan(out).sum() < out.size
