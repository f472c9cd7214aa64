"""Softmax, the weighted cross-entropy and Adam, on cases a hand can follow."""

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


@both_dtypes
def test_softmax_does_not_overflow(dtype):
    p = softmax(np.array([[1e4, 0, -1e4], [-1e4, -1e4, -1e4]], dtype))
    assert p == pytest.approx(np.array([[1, 0, 0], [1 / 3, 1 / 3, 1 / 3]]))


@both_dtypes
def test_cross_entropy_by_hand(dtype):
    logits = np.log(np.array([[1, 2, 5], [4, 4, 8]], dtype))     # p = 1/8 2/8 5/8, 1/4 1/4 1/2
    loss, dlogits = softmax_cross_entropy(logits, np.array([0, 2]))
    assert type(loss) is float and dlogits.dtype == dtype
    assert loss == pytest.approx((math.log(8) + math.log(2)) / 2, rel=1e-6)
    assert dlogits == pytest.approx(np.array([[-7, 2, 5], [2, 2, -4]]) / 16, rel=1e-5)
    loss, dlogits = softmax_cross_entropy(logits, np.array([0, 2]), np.array([3, 9, 0.5]))
    assert loss == pytest.approx((3 * math.log(8) + 0.5 * math.log(2)) / 2, rel=1e-6)
    assert dlogits.dtype == dtype
    assert dlogits == pytest.approx(np.array([[-21, 6, 15], [1, 1, -2]]) / 16, rel=1e-5)
    with pytest.raises(ValueError, match="label 3 is out of range; 3 classes have labels 0 to 2"):
        softmax_cross_entropy(logits, np.array([0, 3]))


@both_dtypes
def test_cross_entropy_of_a_hopeless_guess_is_finite(dtype):
    loss, dlogits = softmax_cross_entropy(np.array([[1000, 0]], dtype), np.array([1]))
    assert loss == pytest.approx(1000)
    assert dlogits == pytest.approx(np.array([[1, -1]]))


def test_nan_logits_give_a_nan_loss():
    logits = np.array([[0.0, np.nan], [1.0, 2.0]])
    assert math.isnan(softmax_cross_entropy(logits, np.array([0, 1]))[0])


def test_cross_entropy_leaves_its_arguments_alone():
    logits, labels, weights = np.eye(3), np.arange(3), np.arange(1.0, 4.0)
    softmax_cross_entropy(logits, labels, weights)
    softmax(logits)
    assert np.array_equal(logits, np.eye(3))
    assert labels.tolist() == [0, 1, 2] and weights.tolist() == [1, 2, 3]


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


def test_a_state_that_does_not_fit_changes_nothing():
    optimizer = Adam([parameter(np.ones(4))])
    state = optimizer.state()
    with pytest.raises(ValueError, match="'m.w'"):
        optimizer.load_state({name: a for name, a in state.items() if name != "m.w"})
    with pytest.raises(ValueError, match=r"'v.w' has shape \(3,\), expected \(4,\)"):
        optimizer.load_state(state | {"t": np.array(9), "v.w": np.ones(3)})
    for wrong in ({"m.w": np.array([1, np.nan, 0, 0])}, {"v.w": np.full(4, -1.0)},
                  {"t": np.array(-1)}, {"t": np.array(1.5)}, {"v.w": np.ones(4) + 1j}):
        with pytest.raises(ValueError, match="optimizer state does not fit"):
            optimizer.load_state(state | {"t": np.array(9)} | wrong)
    assert optimizer.t == 0 and not optimizer.m[0].any()


@pytest.mark.parametrize("spoil, message", [
    (lambda p: setattr(p, "grad", np.ones((2, 2))), r"gradient of shape \(2, 2\)"),
    (lambda p: setattr(p, "grad", np.ones((2, 3), np.float32)), "gradient of dtype float32"),
    (lambda p: setattr(p, "value", np.asfortranarray(p.value)), "value as a view"),
    (lambda p: p.value.setflags(write=False), "value as a view or read-only")],
    ids=["shape", "dtype", "Fortran order", "read-only"])
def test_adam_moves_all_parameters_or_none(spoil, message):
    p, q = parameter(np.ones((2, 3)), "p"), parameter(np.ones((2, 3)), "q")
    optimizer = Adam([p, q])
    p.grad[...] = q.grad[...] = 1
    spoil(q)
    with pytest.raises(ValueError, match=f"Adam on q got {message}"):
        optimizer.step()
    assert optimizer.t == 0 and np.array_equal(p.value, np.ones((2, 3)))


@both_dtypes
def test_hard_targets_give_the_hard_loss(dtype):
    rng = np.random.default_rng(0)
    logits, labels = rng.standard_normal((6, 4)).astype(dtype), rng.integers(4, size=6)
    weights = np.array([0.5, 1, 2, 3])
    hard, dhard = softmax_cross_entropy(logits, labels, weights)
    soft, dsoft = soft_cross_entropy(logits, smooth_targets(labels, 4, 0, dtype), weights)
    assert soft == pytest.approx(hard, rel=1e-6) and dsoft.dtype == dtype
    assert dsoft == pytest.approx(dhard, abs=1e-6)


def test_smooth_targets_by_hand():
    targets = smooth_targets(np.array([1, 0]), 4, 0.2, np.float64)
    assert targets == pytest.approx(np.array([[0.05, 0.85, 0.05, 0.05], [0.85, 0.05, 0.05, 0.05]]))


def test_the_smoothed_loss_has_its_minimum_where_it_is_derived():
    """At logits whose probabilities are the targets, the gradient is 0: log((1-e+e/K)/(e/K))."""
    K, e = 7, 0.1
    targets = smooth_targets(np.array([2]), K, e, np.float64)
    logits = np.where(np.arange(K) == 2, np.log((1 - e + e / K) / (e / K)), 0.0)[None]
    assert np.abs(soft_cross_entropy(logits, targets)[1]).max() < 1e-15


@pytest.mark.parametrize("weights", [None, [0.5, 1.0, 2.0]])
@pytest.mark.parametrize("smoothing", [0.0, 0.1])
def test_torch_has_the_same_smoothed_loss(weights, smoothing):
    torch = pytest.importorskip("torch")
    rng = np.random.default_rng(1)
    logits, labels = rng.standard_normal((5, 3)), rng.integers(3, size=5)
    loss, dlogits = soft_cross_entropy(logits, smooth_targets(labels, 3, smoothing, np.float64),
                                       weights)
    z = torch.tensor(logits, requires_grad=True)
    other = torch.nn.functional.cross_entropy(
        z, torch.tensor(labels), torch.tensor(weights, dtype=z.dtype) if weights else None,
        reduction="sum", label_smoothing=smoothing) / 5
    other.backward()
    assert loss == pytest.approx(other.item(), rel=1e-12)
    assert dlogits == pytest.approx(z.grad.numpy(), rel=1e-10)


# Decay, descent and momentum

def steps_of(optimizer, parameters, seed=0):
    rng = np.random.default_rng(seed)
    for _ in range(5):
        for p in parameters:
            p.grad[...] = rng.standard_normal(p.value.shape)
        optimizer.step()


@pytest.mark.parametrize("ours, theirs", [
    (lambda p: Adam(p, 0.01, weight_decay=0.3, eps=1e-30),
     lambda torch, p: torch.optim.AdamW(p, 0.01, weight_decay=0.3, eps=1e-30)),
    (lambda p: SGD(p, 0.01), lambda torch, p: torch.optim.SGD(p, 0.01)),
    (lambda p: SGD(p, 0.01, 0.9), lambda torch, p: torch.optim.SGD(p, 0.01, momentum=0.9)),
], ids=["decay", "sgd", "momentum"])
def test_torch_takes_the_same_steps(ours, theirs):
    torch = pytest.importorskip("torch")
    start = np.random.default_rng(3).standard_normal((4, 3))
    p, other = parameter(start), torch.tensor(start, requires_grad=True)
    optimizer, judge = ours([p]), theirs(torch, [other])
    rng = np.random.default_rng(0)
    for _ in range(6):
        p.grad[...] = rng.standard_normal((4, 3))
        other.grad = torch.tensor(p.grad)
        optimizer.step()
        judge.step()
    assert p.value == pytest.approx(other.detach().numpy(), rel=1e-12)


def test_weights_decay_and_vectors_do_not():
    w, b = parameter(np.ones((2, 2))), parameter(np.ones(2))
    b.name = "b"
    optimizer = Adam([w, b], lr=0.1, weight_decay=0.5)
    optimizer.step()                                        # gradients of zero
    assert w.value == pytest.approx(np.full((2, 2), 0.95)) and np.array_equal(b.value, [1, 1])


@pytest.mark.parametrize("make", [lambda p: SGD(p, 0.1, 0.9), lambda p: Adam(p, 0.1)])
def test_an_optimizer_goes_on_from_its_state(make):
    p, q = parameter(np.ones(3), dtype="f4"), parameter(np.ones(3), dtype="f4")
    one, other = make([p]), make([q])
    steps_of(one, [p])
    q.value[...] = p.value
    other.load_state({name: array.copy() for name, array in one.state().items()})
    steps_of(one, [p], 1)
    steps_of(other, [q], 1)
    assert other.t == 10 and p.value.tobytes() == q.value.tobytes()
