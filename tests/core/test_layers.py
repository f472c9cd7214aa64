"""What each layer computes, by hand where a hand can do it, and what it promises its callers."""

import numpy as np
import pytest

from tinyfer.core.layers import BatchNorm, Conv2D, Dense, Dropout, Flatten, MaxPool2D, ReLU


def rng(seed=0):
    return np.random.default_rng(seed)


def dropout(dtype):
    layer = Dropout(0.4, rng())
    layer.fixed_key = 5
    return layer


IMAGES = (2, 6, 7, 3)
ALL = {
    "conv": (lambda dtype: Conv2D(3, 5, rng(), dtype=dtype), IMAGES),
    "conv with ReLU": (lambda dtype: Conv2D(3, 5, rng(), relu=True, dtype=dtype), IMAGES),
    "ReLU": (lambda dtype: ReLU(), IMAGES),
    "batch norm": (lambda dtype: BatchNorm(3, dtype=dtype), IMAGES),
    "batch norm of features": (lambda dtype: BatchNorm(3, dtype=dtype), (7, 3)),
    "max pool": (lambda dtype: MaxPool2D(), IMAGES),
    "dropout": (dropout, IMAGES),
    "flatten": (lambda dtype: Flatten(), IMAGES),
    "dense": (lambda dtype: Dense(6, 4, rng(), dtype=dtype), (5, 6)),
    "dense with ReLU": (lambda dtype: Dense(6, 4, rng(), relu=True, dtype=dtype), (5, 6)),
}


class Sub(np.ndarray):
    pass


def layouts(a):
    """The same numbers: columns first, with gaps, backwards, read-only, unaligned, a subclass."""
    gaps = tuple(slice(None, None, 2) for _ in a.shape)
    wide = np.zeros([2 * n for n in a.shape], a.dtype)
    wide[gaps] = a
    still = a.copy()
    still.setflags(write=False)
    unaligned = np.zeros(a.nbytes + 1, np.uint8)[1:].view(a.dtype).reshape(a.shape)
    unaligned[...] = a
    return (np.asfortranarray(a), wide[gaps], np.flip(np.flip(a).copy()), still, unaligned,
            a.view(Sub))


@pytest.mark.parametrize("name", ALL)
@pytest.mark.parametrize("training", [True, False], ids=["training", "evaluation"])
@pytest.mark.parametrize("dtype", [np.float32, np.float64], ids=["float32", "float64"])
def test_shapes_and_dtypes_in_any_memory_layout(name, training, dtype):
    build, shape = ALL[name]
    layer, x = build(dtype), rng(1).standard_normal(shape).astype(dtype)
    dout = rng(2).standard_normal(layer.forward(x).shape).astype(dtype)

    def results(x, dout):
        return [layer.forward(x, training), layer.backward(dout),
                *(p.grad.copy() for p in layer.parameters())]

    expected = results(x, dout)
    assert dout.shape[1:] == layer.output_shape(shape[1:])
    for a, like in zip(expected, (dout, x, *(p.value for p in layer.parameters())), strict=True):
        assert a.dtype == dtype and a.shape == like.shape
    assert all(buffer.dtype == dtype for buffer in layer.buffers().values())
    for given in zip(layouts(x), layouts(dout)):
        for a, like in zip(results(*given), expected, strict=True):
            assert type(a) is np.ndarray and a.tobytes() == like.tobytes()


def test_dense_by_hand():
    layer = Dense(2, 3, rng(), relu=True, dtype=np.float64)
    layer.w.value[...] = [[1, 2, -1], [0, -1, 3]]
    layer.b.value[...] = [0.5, 0, -4]
    out = layer.forward(np.array([[1.0, 2.0], [-1, 1]]))
    assert out.tolist() == [[1.5, 0, 1], [0, 0, 0]]         # sums 1.5 0 1 and -0.5 -3 0
    dx = layer.backward(np.array([[1.0, 5, 2], [7, 7, 7]]))     # only 1 and 2 pass
    assert dx.tolist() == [[1 - 2, 6], [0, 0]]
    assert layer.w.grad.tolist() == [[1, 0, 2], [2, 0, 4]]
    assert layer.b.grad.tolist() == [1, 0, 2]


def test_batch_norm_by_hand():
    """Four values 1 3 5 7: mean 4, biased variance 5."""
    layer = BatchNorm(1, momentum=0.9, epsilon=0.0, dtype=np.float64)
    layer.gamma.value[...], layer.beta.value[...] = 2, 10
    x = np.array([1.0, 3, 5, 7]).reshape(1, 2, 2, 1)
    out = layer.forward(x, training=True)
    assert out.ravel() == pytest.approx(10 + 2 * np.array([-3, -1, 1, 3]) / np.sqrt(5))
    assert layer.mean == pytest.approx(0.9 * 0 + 0.1 * 4)
    assert layer.var == pytest.approx(0.9 * 1 + 0.1 * 5)    # biased: the unbiased one is 20/3
    out = layer.forward(x)
    assert out.ravel() == pytest.approx(10 + 2 * (x.ravel() - 0.4) / np.sqrt(1.4))
    layer.mean += 1             # the gradient belongs to the statistics that forward used
    layer.backward(x)
    assert layer.gamma.grad == pytest.approx(np.sum(x * (x - 0.4)) / np.sqrt(1.4))


def test_dropout_draws_one_number_for_each_forward_in_training():
    layer, x, twin = Dropout(0.5, rng(3)), np.ones((50, 60), np.float32), rng(3)
    first, second = layer.forward(x, training=True), layer.forward(x, training=True)
    assert not np.array_equal(first, second) and np.array_equal(layer.forward(x), x)
    twin.integers(2**64, size=2, dtype=np.uint64)
    assert twin.bit_generator.state == layer.rng.bit_generator.state
    assert np.array_equal(Dropout(0.5, rng(3)).forward(x, training=True), first)
    assert np.array_equal(Dropout(0.0, rng()).forward(x, training=True), x)
    assert not Dropout(1 - 1e-12, rng()).forward(x, training=True).any()
