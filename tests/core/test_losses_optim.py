"""Softmax, the weighted cross-entropy, Adam and SGD, on cases a hand can follow."""

import math

import numpy as np
import pytest

from tinyfer import Adam, softmax, softmax_cross_entropy
from tinyfer.core.layers import Parameter
from tinyfer.core.losses import smooth_targets, soft_cross_entropy
from tinyfer.core.optim import SGD

both_dtypes = pytest.mark.parametrize("dtype", [np.float32, np.float64], ids=["float32", "float64"])


@both_dtypes
def test_softmax_by_hand(dtype):
    p = softmax(np.log(np.array([[1, 2, 5], [4, 4, 8]], dtype)))
    assert p.dtype == dtype
    assert p == pytest.approx(np.array([[1, 2, 5], [2, 2, 4]]) / 8, rel=1e-6)
    p = softmax(np.array([[1e4, 0, -1e4], [-1e4, -1e4, -1e4]], dtype))      # no overflow
    assert p == pytest.approx(np.array([[1, 0, 0], [1 / 3, 1 / 3, 1 / 3]]))


@both_dtypes
def test_cross_entropy_by_hand(dtype):
    logits = np.log(np.array([[1, 2, 5], [4, 4, 8]], dtype))     # p = 1/8 2/8 5/8, 1/4 1/4 1/2
    before, labels, weights = logits.copy(), np.array([0, 2]), np.array([3, 9, 0.5])
    loss, dlogits = softmax_cross_entropy(logits, labels)
    assert type(loss) is float and dlogits.dtype == dtype
    assert loss == pytest.approx((math.log(8) + math.log(2)) / 2, rel=1e-6)
    assert dlogits == pytest.approx(np.array([[-7, 2, 5], [2, 2, -4]]) / 16, rel=1e-5)
    loss, dlogits = softmax_cross_entropy(logits, labels, weights)
    assert loss == pytest.approx((3 * math.log(8) + 0.5 * math.log(2)) / 2, rel=1e-6)
    assert dlogits.dtype == dtype
    assert dlogits == pytest.approx(np.array([[-21, 6, 15], [1, 1, -2]]) / 16, rel=1e-5)
    soft, dsoft = soft_cross_entropy(logits, smooth_targets(labels, 3, 0, dtype), weights)
    assert soft == pytest.approx(loss, rel=1e-6) and dsoft.dtype == dtype
    assert dsoft == pytest.approx(dlogits, abs=1e-6)
    assert np.array_equal(logits, before) and weights.tolist() == [3, 9, 0.5]
    with pytest.raises(ValueError, match="label 3 is out of range; 3 classes have labels 0 to 2"):
        softmax_cross_entropy(logits, np.array([0, 3]))


@both_dtypes
def test_cross_entropy_of_a_hopeless_guess_is_finite(dtype):
    loss, dlogits = softmax_cross_entropy(np.array([[1000, 0]], dtype), np.array([1]))
    assert loss == pytest.approx(1000)
    assert dlogits == pytest.approx(np.array([[1, -1]]))
    assert math.isnan(softmax_cross_entropy(np.array([[np.nan, 0]], dtype), np.array([1]))[0])


def test_smoothed_targets_and_their_loss_by_hand():
    """At logits whose probabilities are the targets, the gradient is 0: log((1-e+e/K)/(e/K))."""
    targets = smooth_targets(np.array([1, 0]), 4, 0.2, np.float64)
    assert targets == pytest.approx(np.array([[0.05, 0.85, 0.05, 0.05], [0.85, 0.05, 0.05, 0.05]]))
    loss, dlogits = soft_cross_entropy(np.log(17) * (targets > 0.5), targets)
    assert np.abs(dlogits).max() < 1e-15
    assert loss == pytest.approx(-0.85 * math.log(0.85) - 0.15 * math.log(0.05))


# Adam, decay, descent and momentum

def parameter(values, name="w", dtype=np.float64):
    return Parameter(name, np.array(values, dtype))


@both_dtypes
def test_the_first_step_of_adam_is_lr_times_the_sign(dtype):
    """At t = 1 the corrections cancel the betas: lr_t m / sqrt(v) = lr g / |g|."""
    p = parameter([1.0, -2.0, 5.0], dtype=dtype)
    p.grad[...] = [10.0, -0.001, 0.0]
    Adam([p], lr=0.1).step()
    assert p.value.dtype == dtype
    assert p.value == pytest.approx(np.array([0.9, -1.9, 5.0]), rel=1e-3)


def test_weights_decay_and_vectors_do_not():
    w, b = parameter(np.ones((2, 2))), parameter(np.ones(2), "b")
    Adam([w, b], lr=0.1, weight_decay=0.5).step()           # gradients of zero
    assert w.value == pytest.approx(np.full((2, 2), 0.95)) and np.array_equal(b.value, [1, 1])


@pytest.mark.parametrize("momentum", [0, 0.9])
def test_descent_by_hand(momentum):
    p = parameter([1.0])
    optimizer = SGD([p], 0.1, momentum)
    for grad, value in (2, 1 - 0.1 * 2), (3, 1 - 0.1 * 2 - 0.1 * (3 + 2 * momentum)):
        p.grad[...] = grad
        optimizer.step()
        assert p.value == pytest.approx(value)


def test_a_state_that_does_not_fit_changes_nothing():
    optimizer = Adam([parameter(np.ones(4))])
    state = optimizer.state()
    with pytest.raises(ValueError, match="'m.w'"):
        optimizer.load_state({name: a for name, a in state.items() if name != "m.w"})
    for wrong, words in (({"v.w": np.ones(3)}, r"'v.w' has shape \(3,\), expected \(4,\)"),
                         ({"v.w": np.full(4, -1.0)}, "'v.w' holds -1"), ({"t": np.array(-1)}, "-1"),
                         ({"t": np.array(1.5)}, "float64")):
        with pytest.raises(ValueError, match=f"optimizer state does not fit.*{words}"):
            optimizer.load_state(state | {"t": np.array(9)} | wrong)
    assert optimizer.t == 0 and not optimizer.m[0].any()


@pytest.mark.parametrize("spoil, message", [
    (lambda p: setattr(p, "grad", np.ones((2, 2))), r"gradient of shape \(2, 2\)"),
    (lambda p: setattr(p, "value", np.asfortranarray(p.value)), "value as a view"),
    (lambda p: p.value.setflags(write=False), "value as a view or read-only")])
def test_adam_moves_all_parameters_or_none(spoil, message):
    p, q = parameter(np.ones((2, 3)), "p"), parameter(np.ones((2, 3)), "q")
    optimizer = Adam([p, q])
    p.grad[...] = q.grad[...] = 1
    spoil(q)
    with pytest.raises(ValueError, match=f"Adam on q got {message}"):
        optimizer.step()
    assert optimizer.t == 0 and np.array_equal(p.value, np.ones((2, 3)))
