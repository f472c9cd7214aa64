"""The equations of chapters 8, 10, 12 and 22, as plain NumPy, are what the package computes."""

import math

import numpy as np
import pytest

from tinyfer.core.kernels import reference, tiles, winograd
from tinyfer.core.kernels.conv import conv2d_backward, conv2d_forward
from tinyfer.core.kernels.elementwise import dropout
from tinyfer.core.layers import BatchNorm, Conv2D, Dense, Dropout, Parameter
from tinyfer.core.losses import softmax_cross_entropy
from tinyfer.core.optim import Adam

# Chapter 8: the size of the first weights

def test_initial_weights_are_uniform_with_glorots_limit():
    rng = np.random.default_rng(0)
    for layer, fan_in, fan_out in ((Conv2D(40, 70, rng), 360, 630), (Dense(300, 50, rng), 300, 50)):
        limit = math.sqrt(6 / (fan_in + fan_out))
        w = layer.w.value
        assert 0.999 * limit < np.abs(w).max() <= limit * (1 + 1e-6)
        # A uniform distribution, not only a bounded one: a tenth of the weights in each tenth.
        counts, _ = np.histogram(w, bins=10, range=(-limit, limit))
        np.testing.assert_allclose(counts, w.size / 10, atol=5 * math.sqrt(0.09 * w.size))
        assert not layer.b.value.any()


@pytest.mark.parametrize("fan", ["in", "both"])
def test_initial_signal_is_multiplied_as_derived(fan):
    # E[out^2] = fan_in sigma^2 / 2 E[x^2], even if inputs depend on each other: some are equal.
    rng = np.random.default_rng(1)
    C, K = 64, 128
    layer = Conv2D(C, K, rng, relu=True, dtype=np.float64)
    variance = 2 / (9 * C) if fan == "in" else 2 / (9 * C + 9 * K)
    if fan == "in":
        layer.w.value[...] = rng.normal(0, math.sqrt(variance), layer.w.value.shape)
    x = np.repeat(rng.exponential(size=(8, 5, 5, C)), 2, axis=2)
    out = layer.forward(x)
    expected = 9 * C * variance / 2
    assert np.mean(out ** 2) / np.mean(x ** 2) == pytest.approx(expected, rel=0.15)
    assert expected == (1 if fan == "in" else pytest.approx(1 / 3))


def test_initial_gradient_is_multiplied_by_fan_out_as_derived():
    rng = np.random.default_rng(6)
    C, K = 128, 64
    layer = Conv2D(C, K, rng, dtype=np.float64)
    x, dout = rng.standard_normal((4, 10, 10, C)), rng.standard_normal((4, 8, 8, K))
    layer.forward(x, training=True)
    dx = layer.backward(dout)[:, 2:-2, 2:-2]        # pixels that all nine windows contain
    factor = 9 * K * 2 / (9 * C + 9 * K)
    assert np.mean(dx ** 2) / np.mean(dout ** 2) == pytest.approx(factor, rel=0.1)


def test_initial_logits_in_training_are_as_large_as_derived():
    # Behind batch norm and dropout of 0.5: s^2 = 1024 / (256 + K), and a first loss of 3.25.
    rng = np.random.default_rng(7)
    K = 7
    s = math.sqrt(1024 / (256 + K))
    draws = s * rng.standard_normal((100_000, K))
    expected = np.mean(np.log(np.exp(draws).sum(axis=1)))
    assert expected == pytest.approx(3.25, abs=0.02)
    squares, losses = [], []
    for _ in range(100):
        x = rng.standard_normal((64, 256))
        for layer in (BatchNorm(256, dtype=np.float64), Dropout(0.5, rng),
                      Dense(256, K, rng, dtype=np.float64)):
            x = layer.forward(x, training=True)
        squares.append(np.mean(x ** 2))
        losses.append(softmax_cross_entropy(x, rng.integers(0, K, 64))[0])
    assert np.mean(squares) == pytest.approx(s ** 2, rel=0.03)
    assert np.mean(losses) == pytest.approx(expected, rel=0.03)


# Chapter 10: Adam

def test_adam_equals_the_unrolled_sums():
    rng = np.random.default_rng(2)
    p = Parameter("w", rng.standard_normal(20))
    value = p.value.copy()
    optimizer = Adam([p], lr=0.01, beta1=0.8, beta2=0.95, eps=1e-3)
    grads = []
    for t in range(1, 8):
        grads.append(rng.standard_normal(20) * 10.0 ** rng.integers(-4, 3, 20))
        p.grad[...] = grads[-1]
        optimizer.step()
        m = 0.2 * sum(0.8 ** (t - i) * g for i, g in enumerate(grads, 1))
        v = 0.05 * sum(0.95 ** (t - i) * g ** 2 for i, g in enumerate(grads, 1))
        value -= 0.01 * np.sqrt(1 - 0.95 ** t) / (1 - 0.8 ** t) * m / (np.sqrt(v) + 1e-3)
        np.testing.assert_allclose(p.value, value, rtol=1e-11)


def test_adam_equals_the_papers_form_with_its_epsilon():
    rng = np.random.default_rng(3)
    p = Parameter("w", rng.standard_normal(20))
    value, m, v = p.value.copy(), 0, 0
    optimizer = Adam([p], lr=0.01, eps=1e-3)
    for t in range(1, 8):
        g = rng.standard_normal(20) * 1e-2
        p.grad[...] = g
        optimizer.step()
        m, v = 0.9 * m + 0.1 * g, 0.999 * v + 0.001 * g ** 2
        eps = 1e-3 / np.sqrt(1 - 0.999 ** t)
        value -= 0.01 * m / (1 - 0.9 ** t) / (np.sqrt(v / (1 - 0.999 ** t)) + eps)
        np.testing.assert_allclose(p.value, value, rtol=1e-11)


# Chapter 22: Winograd

def evaluation(points, k):
    """The rows (1, p, p^2, ...) of k coefficients at the points, and the last for infinity."""
    return np.array([[float(p) ** j for j in range(k)] for p in points] + [[0.0] * (k - 1) + [1.0]])


@pytest.mark.parametrize("m", tiles.POINTS)
def test_winograd_is_the_transposed_product_of_polynomials(m):
    points = tiles.POINTS[m]
    AT, G, BT = (np.array(L, dtype=float) for L in tiles.matrices(m))
    # Up to N_i, which stands in the rows of G instead of those of B^T.
    N = np.array([np.prod([float(p - q) for q in points if q != p]) for p in points] + [1.0])
    np.testing.assert_allclose(AT, evaluation(points, m).T, rtol=1e-12)
    np.testing.assert_allclose(G * N[:, None], evaluation(points, 3), rtol=1e-12)
    np.testing.assert_allclose(BT / N[:, None], np.linalg.inv(evaluation(points, m + 2)).T,
                               rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("m", tiles.POINTS)
def test_winograd_steps_and_their_transposes_are_the_layer(m):
    rng = np.random.default_rng(m)
    AT, G, BT = (np.array(L, dtype=float) for L in tiles.matrices(m))
    C, K = 3, 2
    X, g, dY = (rng.standard_normal(s) for s in ((m + 2, m + 2, C), (3, 3, C, K), (m, m, K)))

    V = np.einsum("pi,qj,ijc->pqc", BT, BT, X)
    U = np.einsum("pu,qv,uvck->pqck", G, G, g)
    M = np.einsum("pqc,pqck->pqk", V, U)
    Y = np.einsum("ip,jq,pqk->ijk", AT, AT, M)

    dM = np.einsum("ip,jq,ijk->pqk", AT, AT, dY)
    dX = np.einsum("pi,qj,pqc->ijc", BT, BT, np.einsum("pqk,pqck->pqc", dM, U))
    dg = np.einsum("pu,qv,pqck->uvck", G, G, np.einsum("pqc,pqk->pqck", V, dM))
    one = tiles.POINTS[m].index(1)
    derived = Y, dX, dg, dM[one, one]

    b = np.zeros(K)
    for forward, backward in ((reference.conv2d_forward, reference.conv2d_backward),
                              (lambda x, w, b: winograd.forward(x, w, b, False, m),
                               lambda dout, x, w: winograd.backward(dout, x, w, None, m)),
                              (conv2d_forward, conv2d_backward)):
        dx, dw, db = backward(dY[None], X[None], g)
        for mine, its in zip(derived, (forward(X[None], g, b)[0], dx[0], dw, db)):
            np.testing.assert_allclose(mine, its, rtol=1e-9, atol=1e-10)


# Chapter 12: dropout

def lowbias32(h):
    """The hash, in Python's integers: nothing can overflow, each step is cut to 32 bits."""
    h ^= h >> 16
    h = h * 0x7feb352d % 2**32
    h ^= h >> 15
    h = h * 0x846ca68b % 2**32
    return h ^ h >> 16


def test_dropout_is_the_hash_of_key_and_place():
    x = np.random.default_rng(4).standard_normal(500)
    for rate in (0.25, 0.5, 0.9):
        for key in (0, 1, 0xdeadbeef, 2**63 + 12345):
            low, high = key % 2**32, key >> 32
            kept = np.array([lowbias32(lowbias32(i ^ low) ^ high) >= round(rate * 2**32)
                             for i in range(500)])
            np.testing.assert_allclose(dropout(x, key, rate), kept * x / (1 - rate), rtol=1e-12)
