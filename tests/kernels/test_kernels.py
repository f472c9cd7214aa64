"""The fast kernels against their definitions: odd sizes, both dtypes, any number of threads."""

import numba
import numpy as np
import pytest

import tinyfer
from tinyfer.core.kernels import gemm, reference, winograd
from tinyfer.core.kernels.batchnorm import batchnorm_apply, batchnorm_backward, batchnorm_statistics
from tinyfer.core.kernels.conv import conv2d_backward, conv2d_forward
from tinyfer.core.kernels.elementwise import adam_step, dropout, relu_backward, relu_forward
from tinyfer.core.kernels.gemm import matmul
from tinyfer.core.kernels.pooling import maxpool_backward, maxpool_forward
from tinyfer.core.kernels.threads import set_threads

DTYPES = [np.float32, np.float64]
LIMIT = {np.float32: 1e-5, np.float64: 1e-12}
both_dtypes = pytest.mark.parametrize("dtype", DTYPES, ids=["float32", "float64"])

# (N, H, W, C, K): the six of the network, then the smallest, then sizes that divide by nothing
CONVOLUTIONS = [(2, 48, 48, 1, 32), (2, 46, 46, 32, 64), (2, 22, 22, 64, 128),
                (2, 20, 20, 128, 128), (2, 9, 9, 128, 256), (2, 7, 7, 256, 256),
                (1, 3, 3, 1, 1), (1, 3, 3, 17, 1), (3, 3, 8, 4, 5), (1, 44, 44, 1, 32)]
CONVOLUTIONS += [tuple(int(n) for n in np.random.default_rng(seed).integers(
    [1, 3, 3, 1, 1], [6, 20, 20, 40, 40])) for seed in range(12)]


@pytest.fixture(autouse=True)
def all_threads():
    set_threads()


def error(a, b):
    """Norm of the difference over the norm."""
    return np.linalg.norm(a - b) / np.linalg.norm(b)


def normal(shape, dtype=np.float64, seed=0):
    return np.random.default_rng(seed).standard_normal(shape).astype(dtype)


def convolution(shape, dtype):
    """Random x, w, b and dout of a convolution, the same numbers in any dtype."""
    N, H, W, C, K = shape
    arrays = [normal((N, H, W, C), np.float32, 1), normal((3, 3, C, K), np.float32, 2),
              normal(K, np.float32, 3), normal((N, H - 2, W - 2, K), np.float32, 4)]
    return [a.astype(dtype) for a in arrays]


@both_dtypes
@pytest.mark.parametrize("shape", CONVOLUTIONS, ids=lambda shape: "x".join(map(str, shape)))
def test_convolution(shape, dtype):
    x, w, b, dout = convolution(shape, dtype)
    X, W, B, D = convolution(shape, np.float64)
    out = conv2d_forward(x, w, b)
    assert out.dtype == dtype
    assert error(out, reference.conv2d_forward(X, W, B)) <= LIMIT[dtype]

    for got, expected in zip(conv2d_backward(dout, x, w), reference.conv2d_backward(D, X, W)):
        assert got.dtype == dtype and got.shape == expected.shape
        assert error(got, expected) <= LIMIT[dtype]

    fused = conv2d_forward(x, w, b, relu=True)
    assert fused.tobytes() == relu_forward(out).tobytes()
    masked = conv2d_backward(relu_backward(dout, fused), x, w)
    for got, expected in zip(conv2d_backward(dout, x, w, fused), masked):
        assert got.tobytes() == expected.tobytes()


def test_the_reference_by_hand():
    """A single window: the sum of its products, by plain Python as well."""
    x = np.arange(9.0).reshape(1, 3, 3, 1)
    w = np.zeros((3, 3, 1, 2))
    w[0, 0, 0, 0], w[2, 1, 0, 0], w[1, 1, 0, 1] = 10, 1, -1
    b = np.array([0.5, 0])
    for forward in reference.conv2d_forward, reference.conv2d_forward.py_func, conv2d_forward:
        assert forward(x, w, b).ravel() == pytest.approx([0 * 10 + 7 + 0.5, -4])
    dout = np.array([2.0, 3.0]).reshape(1, 1, 1, 2)
    for backward in reference.conv2d_backward, reference.conv2d_backward.py_func, conv2d_backward:
        dx, dw, db = backward(dout, x, w)
        assert dx.ravel() == pytest.approx([20, 0, 0, 0, -3, 0, 0, 2, 0])
        assert dw[..., 0].ravel() == pytest.approx(2 * np.arange(9))
        assert dw[..., 1].ravel() == pytest.approx(3 * np.arange(9))
        assert db == pytest.approx([2, 3])


@both_dtypes
@pytest.mark.parametrize("channels", [1, 4])
def test_convolution_passes_nan_and_infinity_on(channels, dtype):
    """Where the definition has no number, the fast result has none; in tiles, no further."""
    x, w, b, _ = convolution((2, 14, 14, channels, 3), dtype)
    for value in np.nan, np.inf:
        x[0, 5, 8, 0] = value
        lost = ~np.isfinite(reference.conv2d_forward(x, w, b))
        for out in conv2d_forward(x, w, b), *(winograd.forward(x, w, b, False, m) for m in (4, 6)):
            assert lost.any() and not np.isfinite(out)[lost].any()
            assert np.isfinite(out[0, :, :4]).all() and np.isfinite(out[1]).all()
    x[0, 5, 8, 0] = np.nan
    assert np.isnan(conv2d_forward(x, w, b, True))[lost].all()


def test_the_largest_errors_of_float32_are_those_stated():
    """A batch of 64 in the shape with the longest sums: norm of the difference over the norm."""
    x, w, b, dout = convolution((64, 46, 46, 32, 64), np.float32)
    exact = [a.astype(np.float64) for a in (dout, x, w)]
    for name, got, expected in zip(["dx", "dw", "db"], conv2d_backward(dout, x, w),
                                   conv2d_backward(*exact)):
        assert error(got, expected) <= (2e-5 if name == "dw" else 5e-6), name


@both_dtypes
def test_matmul(dtype):
    rng = np.random.default_rng(0)
    for M, K, N in [(1, 1, 1), (64, 1024, 256), (256, 64, 7), (3, 5, 2),
                    *rng.integers(1, 50, (10, 3))]:
        a, b = normal((M, K), dtype, 1), normal((K, N), dtype, 2)
        exact = a.astype(np.float64) @ b.astype(np.float64)
        for left in a, np.asfortranarray(a):
            for right in b, np.asfortranarray(b):
                got = matmul(left, right)
                assert got.dtype == dtype and got.shape == (M, N)
                assert error(got, exact) <= LIMIT[dtype]


@both_dtypes
@pytest.mark.parametrize("seed", range(20))
def test_pooling_equals_its_definition(seed, dtype):
    rng = np.random.default_rng(seed)
    x = rng.integers(-3, 4, rng.integers([1, 2, 2, 1], [4, 12, 12, 20])).astype(dtype)     # ties
    (out, winner), expected = maxpool_forward(x), reference.maxpool_forward(x)
    assert out.dtype == dtype and winner.dtype == np.uint8
    assert np.array_equal(out, expected[0]) and np.array_equal(winner, expected[1])
    dout = rng.standard_normal(out.shape).astype(dtype)
    dx = maxpool_backward(dout, winner, x.shape)
    assert dx.dtype == dtype
    assert np.array_equal(dx, reference.maxpool_backward(dout, winner, x.shape))


@pytest.mark.parametrize("pool", [maxpool_forward, reference.maxpool_forward,
                                  reference.maxpool_forward.py_func],
                         ids=["fast", "reference", "plain Python"])
def test_pooling_by_hand(pool):
    """Rows and columns beyond the last square are dropped; of equal values the first wins."""
    x = np.array([[1, 5, 2, 2, 9],
                  [5, 0, 2, 2, 9],
                  [0, 0, -1, -2, 9],
                  [7, 0, -3, -1, 9],
                  [9, 9, 9, 9, 9]], np.float64).reshape(1, 5, 5, 1)
    out, winner = pool(x)
    assert out.ravel().tolist() == [5, 2, 7, -1]
    assert winner.ravel().tolist() == [1, 0, 2, 0]
    dx = maxpool_backward(np.array([1.0, 2, 3, 4]).reshape(1, 2, 2, 1), winner, x.shape)
    assert {(i, j): dx[0, i, j, 0] for i, j in np.argwhere(dx[0, :, :, 0]).tolist()} == {
        (0, 1): 1, (0, 2): 2, (3, 0): 3, (2, 2): 4}
    for place in range(4):      # NaN is passed on
        x[0, place // 2, place % 2] = np.nan
        assert np.isnan(pool(x)[0][0, 0, 0]).all()
        x[0, place // 2, place % 2] = 0


@both_dtypes
def test_relu(dtype):
    x = np.array([-2, -0.0, 0, 3, np.nan, np.inf, -np.inf], dtype)
    out = relu_forward(x)
    assert out.dtype == dtype
    assert np.array_equal(out, np.array([0, 0, 0, 3, np.nan, np.inf, 0]), equal_nan=True)
    dx = relu_backward(np.arange(1, 8, dtype=dtype), out)
    assert dx.dtype == dtype and dx.tolist() == [0, 0, 0, 4, 5, 6, 0]


def batchnorm_by_numpy(x, dout, gamma, beta, epsilon):
    """Algorithm 1 of the paper and its gradient."""
    axes = tuple(range(x.ndim - 1))
    mean, var = x.mean(axes), x.var(axes)
    inv_std = 1 / np.sqrt(var + epsilon)
    xhat = (x - mean) * inv_std
    dgamma, dbeta = (dout * xhat).sum(axes), dout.sum(axes)
    dx = gamma * inv_std * (dout - dout.mean(axes) - xhat * (dout * xhat).mean(axes))
    return mean, var, gamma * xhat + beta, dx, dgamma, dbeta


def batchnorm_by_kernels(x, dout, gamma, beta, epsilon):
    mean, var = batchnorm_statistics(x)
    inv_std = 1 / np.sqrt(var + x.dtype.type(epsilon))
    out = batchnorm_apply(x, mean, inv_std, gamma, beta)
    return mean, var, out, *batchnorm_backward(dout, x, mean, inv_std, gamma, True)


@both_dtypes
@pytest.mark.parametrize("shape", [(2, 5, 7, 3), (64, 256), (1, 9, 9, 17), (5, 1, 1, 2),
                                   (3, 46, 46, 32)], ids=str)
def test_batchnorm(shape, dtype):
    given = [normal(shape, dtype, 1) * 2 + 1, normal(shape, dtype, 2),
             normal(shape[-1], dtype, 3), normal(shape[-1], dtype, 4)]
    exact = batchnorm_by_numpy(*(a.astype(np.float64) for a in given), 1e-3)
    for got, expected in zip(batchnorm_by_kernels(*given, 1e-3), exact, strict=True):
        assert got.dtype == dtype and error(got, expected) <= LIMIT[dtype]


def test_variance_far_from_zero():
    """Values near 1000 with a spread of 1: E[x^2] - E[x]^2 would have no digit right in float32."""
    x = (1000 + normal((16, 20, 20, 8))).astype(np.float32)
    mean, var = batchnorm_statistics(x)
    exact = x.astype(np.float64)
    assert mean == pytest.approx(exact.mean(axis=(0, 1, 2)), rel=1e-6)
    assert var == pytest.approx(exact.var(axis=(0, 1, 2)), rel=1e-4)


def kept(key, rate=0.25, n=1 << 20):
    """The mask of n places as 0 and 1."""
    return dropout(np.ones(n, np.float32), key, rate) != 0


@pytest.mark.parametrize("rate", [0.0, 0.1, 0.25, 0.5, 0.9])
def test_dropout_keeps_its_rate_and_the_mean(rate):
    n = 1 << 20
    for key in 0, 1, 2**63 + 12345, 2**64 - 1:
        out = dropout(np.ones(n, np.float32), key, rate)
        assert set(np.unique(out)) <= {np.float32(0), np.float32(1 / (1 - rate))}
        spread = np.sqrt(rate * (1 - rate) / n)     # of the share of zeros
        assert abs(np.mean(out == 0) - rate) <= 5 * spread


def test_dropout_masks_are_independent():
    """Correlations of n pairs scatter by 1/sqrt(n): between places, channels apart, and keys."""
    n = 1 << 20
    mask, places = kept(42, 0.5) - 0.5, np.arange(n)
    pairs = [(mask[distance:], mask[:-distance]) for distance in
             (1, 2, 3, 4, 8, 16, 32, 64, 128, 1408, 4096, 65536)]
    pairs += [(kept(key, 0.5) - 0.5, mask) for key in
              (0, 1, 2, 3, 2**31, 2**32, 2**32 + 1, 2**33, 2**63, 42 ^ 2**40)]
    # Nor may one mask be the other with its places exchanged, which one round of the hash allows.
    pairs += [(kept(42 ^ low ^ 5 << 32, 0.5)[places ^ low] - 0.5, mask) for low in (1, 16, 1024)]
    for number, (one, other) in enumerate(pairs):
        assert abs(4 * np.mean(one * other)) <= 5 / np.sqrt(len(one)), number


@both_dtypes
def test_adam_step(dtype):
    value, grad, m = (normal(1001, dtype, seed) for seed in range(3))
    v = normal(1001, dtype, 3)**2
    exact = [a.astype(np.float64) for a in (value, m, v)]
    adam_step(value, grad, m, v, 0.9, 0.999, 0.01, 1e-7)
    g = grad.astype(np.float64)
    exact[1] = 0.9 * exact[1] + 0.1 * g
    exact[2] = 0.999 * exact[2] + 0.001 * g**2
    exact[0] -= 0.01 * exact[1] / (np.sqrt(exact[2]) + 1e-7)
    for got, expected in zip((value, m, v), exact):
        assert got.dtype == dtype
        assert error(got, expected) <= LIMIT[dtype]


def one_step(dtype):
    """A training step of the network: every kernel in use, and everything it changes."""
    model = tinyfer.six_layer_cnn(seed=0, dtype=dtype)
    optimizer = tinyfer.Adam(model.parameters())
    logits = model.forward(np.abs(normal((5, 48, 48, 1), dtype)), training=True)
    _, dlogits = tinyfer.softmax_cross_entropy(logits, np.arange(5))
    dx = model.backward(dlogits)
    optimizer.step()
    arrays = {"logits": logits, "dlogits": dlogits, "dx": dx}
    arrays |= {f"d {p.name}": p.grad for p in model.parameters()}
    return arrays | model.state() | optimizer.state()


@both_dtypes
def test_a_step_has_the_same_bits_for_any_number_of_threads(dtype):
    set_threads(1)
    alone = one_step(dtype)
    assert alone["t"].dtype.kind == "i" and all(a.dtype == dtype for a in alone.values() if a.ndim)
    for threads in range(2, min(numba.config.NUMBA_NUM_THREADS, 4) + 1):
        set_threads(threads)
        together = one_step(dtype)
        for name, array in alone.items():
            assert array.tobytes() == together[name].tobytes(), (threads, name)


@pytest.mark.parametrize("threads", [3, 64])
def test_the_cut_into_pieces_for_threads_changes_no_bit(threads, monkeypatch):
    x, w, b, dout = convolution((9, 22, 22, 20, 40), np.float64)

    def results():
        out = winograd.forward(x, w, b, True, 5)
        return out, *winograd.backward(dout, x, w, out, 5), matmul(dout[0, 0], w[0, 0].T)

    expected = results()
    for module in winograd, gemm:
        monkeypatch.setattr(module, "get_num_threads", lambda: threads)
    for found, wanted in zip(results(), expected):
        assert found.tobytes() == wanted.tobytes()
