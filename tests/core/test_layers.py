"""What each layer computes, by hand where a hand can do it, and what it promises its callers."""

import numpy as np
import pytest

from tinyfer.core.layers import BatchNorm, Conv2D, Dense, Dropout, Flatten, MaxPool2D, ReLU


def rng(seed=0):
    return np.random.default_rng(seed)


ALL = {
    "conv": (lambda dtype: Conv2D(3, 5, rng(), dtype=dtype), (2, 6, 7, 3)),
    "conv with ReLU": (lambda dtype: Conv2D(3, 5, rng(), relu=True, dtype=dtype), (2, 6, 7, 3)),
    "ReLU": (lambda dtype: ReLU(), (2, 6, 7, 3)),
    "batch norm": (lambda dtype: BatchNorm(3, dtype=dtype), (2, 6, 7, 3)),
    "batch norm of features": (lambda dtype: BatchNorm(3, dtype=dtype), (7, 3)),
    "max pool": (lambda dtype: MaxPool2D(), (2, 6, 7, 3)),
    "dropout": (lambda dtype: Dropout(0.4, rng()), (2, 6, 7, 3)),
    "flatten": (lambda dtype: Flatten(), (2, 6, 7, 3)),
    "dense": (lambda dtype: Dense(6, 4, rng(), dtype=dtype), (5, 6)),
    "dense with ReLU": (lambda dtype: Dense(6, 4, rng(), relu=True, dtype=dtype), (5, 6)),
}
every_layer = pytest.mark.parametrize("name", ALL)


@every_layer
@pytest.mark.parametrize("training", [True, False], ids=["training", "evaluation"])
@pytest.mark.parametrize("dtype", [np.float32, np.float64], ids=["float32", "float64"])
def test_shapes_and_dtypes(name, training, dtype):
    build, shape = ALL[name]
    layer, x = build(dtype), rng(1).standard_normal(shape).astype(dtype)
    out = layer.forward(x, training)
    assert out.dtype == dtype
    assert out.shape[1:] == layer.output_shape(shape[1:])
    dx = layer.backward(np.ones_like(out))
    assert dx.dtype == dtype and dx.shape == x.shape
    for parameter in layer.parameters():
        assert parameter.grad.dtype == parameter.value.dtype == dtype
        assert parameter.grad.shape == parameter.value.shape
    assert all(buffer.dtype == dtype for buffer in layer.buffers().values())


@every_layer
def test_backward_writes_gradients_and_does_not_add(name):
    build, shape = ALL[name]
    layer, x = build(np.float64), rng(1).standard_normal(shape)
    if isinstance(layer, Dropout):
        layer.fixed_key = 5
    results = []
    for _ in range(2):
        out = layer.forward(x, training=True)
        dx = layer.backward(rng(2).standard_normal(out.shape))
        results.append([dx.copy(), *(p.grad.copy() for p in layer.parameters())])
    for first, second in zip(*results):
        assert np.array_equal(first, second)


@pytest.mark.parametrize("dtype", [np.float32, np.float64], ids=["float32", "float64"])
@pytest.mark.parametrize("name", ["conv", "dense"])
def test_fused_relu_equals_a_relu_layer_bit_for_bit(name, dtype):
    _, shape = ALL[name]
    fused, plain = ALL[f"{name} with ReLU"][0](dtype), ALL[name][0](dtype)
    relu = ReLU()
    x = rng(1).standard_normal(shape).astype(dtype)
    out = relu.forward(plain.forward(x))
    assert fused.forward(x).tobytes() == out.tobytes()
    assert 0.2 < np.mean(out == 0) < 0.8
    dout = rng(2).standard_normal(out.shape).astype(dtype)
    assert fused.backward(dout).tobytes() == plain.backward(relu.backward(dout)).tobytes()
    for a, b in zip(fused.parameters(), plain.parameters()):
        assert a.grad.tobytes() == b.grad.tobytes()


def test_one_generator_gives_one_set_of_weights_in_both_dtypes():
    a, b = Conv2D(3, 4, rng(7)), Conv2D(3, 4, rng(7), dtype=np.float64)
    assert np.array_equal(a.w.value, b.w.value.astype(np.float32))


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
    assert layer.mean == pytest.approx(0.4)                 # evaluation changes nothing


def test_batch_norm_of_the_state_then_backward_of_the_batch():
    """The gradient belongs to the statistics forward used, though the running ones moved since."""
    layer = BatchNorm(2, dtype=np.float64)
    x = rng().standard_normal((3, 4, 5, 2))
    dout = rng(1).standard_normal(x.shape)
    layer.forward(x)
    before = layer.backward(dout)
    layer.forward(x)
    layer.mean += 1
    layer.var += 1
    assert np.array_equal(layer.backward(dout), before)


def test_dropout_in_evaluation_is_the_identity():
    layer, x = Dropout(0.5, rng()), rng(1).standard_normal((4, 6))
    state = layer.rng.bit_generator.state
    assert np.array_equal(layer.forward(x), x)
    assert np.array_equal(layer.backward(x), x)
    assert layer.rng.bit_generator.state == state           # and draws nothing


def test_dropout_draws_one_number_for_each_forward():
    layer, x = Dropout(0.5, rng(3)), np.ones((50, 60), np.float32)
    twin = rng(3)
    first, second = layer.forward(x, training=True), layer.forward(x, training=True)
    assert not np.array_equal(first, second)
    twin.integers(2**64, size=2, dtype=np.uint64)
    assert twin.bit_generator.state == layer.rng.bit_generator.state
    assert np.array_equal(Dropout(0.5, rng(3)).forward(x, training=True), first)


def test_dropout_backward_uses_the_mask_of_forward():
    layer, x = Dropout(0.3, rng()), np.ones((40, 50))
    out = layer.forward(x, training=True)
    assert np.array_equal(layer.backward(x), out)


def test_dropout_at_the_ends_of_its_range():
    x = np.ones((20, 30))
    assert np.array_equal(Dropout(0.0, rng()).forward(x, training=True), x)
    assert not Dropout(1 - 1e-12, rng()).forward(x, training=True).any()


@pytest.mark.parametrize("layer, shape", [
    (Conv2D(3, 4, rng()), (8, 8, 1)), (Conv2D(3, 4, rng()), (2, 8, 3)),
    (Conv2D(3, 4, rng()), (48,)), (BatchNorm(3), (5, 5, 4)), (MaxPool2D(), (1, 8, 3)),
    (MaxPool2D(), (8,)), (Dense(6, 4, rng()), (5,)), (Dense(6, 4, rng()), (2, 3))], ids=str)
def test_a_shape_that_does_not_fit_is_refused(layer, shape):
    with pytest.raises(ValueError, match=r"got x of shape \(N"):
        layer.output_shape(shape)
