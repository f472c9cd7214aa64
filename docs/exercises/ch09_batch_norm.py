"""Chapter 9, the tests. The answers: ch09_batch_norm.py of a workspace."""

import checker
import numpy as np
from answers import by_hand, group_norm, group_norm_backward, longer_weights, merge
from checker import derivation, same, slope, true
from mynet.batch_norm import BatchNorm


def test_by_hand():
    """1 mean 2; xhat is -1, -1, 1, 1.
    2 dgamma = sum of dout xhat, dbeta = sum of dout.
    3 dx = 3/2 (dout - dbeta/4 - xhat dgamma/4).
    """
    checker.by_hand("batch_norm", by_hand())


def test_merge():
    """1 Shift both parts' M2 to the common mean.
    2 The common mean is mean_a + delta count_b / count, with delta = mean_b - mean_a.
    3 M2_a + M2_b + delta^2 count_a count_b / count.
    """
    rng = np.random.default_rng(0)
    for first, second in (1, 1), (1, 9), (30, 5):
        parts = rng.normal(50, 1, first), rng.normal(-20, 3, second)
        both = np.concatenate(parts)
        m2 = [((part - part.mean()) ** 2).sum() for part in parts]
        means = [part.mean() for part in parts]
        found = merge(*zip((first, second), means, m2))
        same("count", found[0], len(both))
        same("mean", found[1], both.mean(), {
            "the parts count alike: weigh their means by their sizes": np.mean(means)})
        same("M2", found[2], ((both - both.mean()) ** 2).sum(), {
            "the parts' own means differ from the common one: that part is missing": sum(m2),
            "this is the variance: M2 is the sum": both.var()})
    far = merge((2, 1e9 + 1, 2.0), (2, 1e9 + 3, 2.0))
    same("M2 of numbers near 1e9", far[2], 8.0, {
        "squares of large numbers are subtracted: the digits are gone": lambda: far[2]}, 1e-12)


def _normed(x, axes, epsilon, mean=None, var=None, root=True):
    mean = x.mean(axes, keepdims=True) if mean is None else mean
    var = x.var(axes, keepdims=True) if var is None else var
    return (x - mean) / (np.sqrt(var + epsilon) if root else np.sqrt(var) + epsilon)


def _layer(shape, epsilon=0.3):
    """Batch norm with an epsilon that counts, and nothing at its first value."""
    rng = np.random.default_rng(len(shape))
    layer = BatchNorm(3, 0.9, epsilon)
    for array in (layer.params["gamma"], layer.params["beta"], layer.mean, layer.var):
        array[...] = rng.uniform(0.5, 1.5, 3)
    return layer, rng.normal(1, 0.7, shape), rng.standard_normal(shape)

SHAPES = (2, 3, 4, 3), (6, 3)


def test_batch_norm_in_training():
    """1 All axes but the last: tuple(range(x.ndim - 1)).
    2 The root is of the variance plus epsilon.
    3 running *= momentum; running += (1 - momentum) * batch, in place.
    """
    for shape in SHAPES:
        layer, x, _ = _layer(shape)
        axes, gamma, beta = tuple(range(x.ndim - 1)), layer.params["gamma"], layer.params["beta"]
        before = layer.mean.copy(), layer.var.copy()
        M = x.size // 3
        same("out", layer.forward(x, True), gamma * _normed(x, axes, 0.3) + beta, {
            "epsilon is left out": gamma * _normed(x, axes, 0) + beta,
            "epsilon belongs under the root": gamma * _normed(x, axes, 0.3, root=False) + beta,
            "each pixel has a mean of its own: take it over all axes but the last":
                gamma * _normed(x, 0, 0.3) + beta if x.ndim == 4 else 0,
            "the variance is divided by M - 1":
                gamma * _normed(x, axes, 0.3, var=x.var(axes) * M / (M - 1)) + beta,
            "the running statistics are used, in training":
                gamma * _normed(x, axes, 0.3, *before) + beta})
        for name, found, old, new in (("running mean", layer.mean, before[0], x.mean(axes)),
                                      ("running var", layer.var, before[1], x.var(axes))):
            same(name, found, 0.9 * old + 0.1 * new, {
                "momentum and 1 - momentum are exchanged": 0.1 * old + 0.9 * new,
                "it is not updated": old, "the batch takes its place at once": new,
                "it keeps the variance divided by M - 1": 0.9 * old + 0.1 * new * M / (M - 1)})


def test_batch_norm_in_evaluation():
    """1 Which numbers are constants now?
    2 mean and var are: nothing comes back through them.
    3 dx = gamma / sigma dout, with the running sigma.
    """
    for shape in SHAPES:
        layer, x, dout = _layer(shape)
        axes, gamma, beta = tuple(range(x.ndim - 1)), layer.params["gamma"], layer.params["beta"]
        before = layer.mean.copy(), layer.var.copy()
        same("out", layer.forward(x), gamma * _normed(x, axes, 0.3, *before) + beta, {
            "the batch's statistics are used, in evaluation": gamma * _normed(x, axes, 0.3) + beta,
            "epsilon is left out": gamma * _normed(x, axes, 0, *before) + beta})
        true(np.array_equal(layer.mean, before[0]) and np.array_equal(layer.var, before[1]),
             "evaluation changes the running statistics")
        checker.check_backward(layer, x, dout, known={"dx": {
            "this is the backward of training: in evaluation mean and var are constants":
                lambda: _two_means(layer, x, dout, before)}})


def _two_means(layer, x, dout, before):
    """The training formula with the running statistics, by projecting what evaluation gives."""
    axes = tuple(range(x.ndim - 1))
    dx = layer.params["gamma"] / np.sqrt(before[1] + 0.3) * dout
    xhat = _normed(x, axes, 0.3, *before)
    return dx - dx.mean(axes) - xhat * (dx * xhat).mean(axes)


def test_batch_norm_backward():
    """1 x acts directly, through the mean, and through the variance.
    2 Keep xhat and sigma from forward; dgamma and dbeta are by-products that dx needs.
    3 dx = gamma/sigma (dout - dbeta/M - xhat dgamma/M).
    """
    for shape in SHAPES:
        layer, x, dout = _layer(shape)
        axes, gamma = tuple(range(x.ndim - 1)), layer.params["gamma"].copy()
        mean, var = x.mean(axes, keepdims=True), x.var(axes, keepdims=True)

        def of(**frozen):
            return lambda: slope(lambda: gamma * _normed(x, axes, 0.3, **frozen), x, dout)

        checker.check_backward(layer, x, dout, training=True, known={
            "dx": {"the mean's own gradient is missing": of(mean=mean),
                   "the variance's own gradient is missing": of(var=var),
                   "the gradients of mean and variance are missing": of(mean=mean, var=var),
                   "gamma is missing": lambda: of()() / gamma,
                   "epsilon is left out": lambda: of()() * np.sqrt(var + 0.3) / np.sqrt(var),
                   "the sums are not divided by M": lambda: of(mean=mean, var=var)() + M_times(
                       of()() - of(mean=mean, var=var)(), x)},
            "dgamma": {"this is the sum of dout times out, not times xhat": lambda: (
                           dout * (gamma * _normed(x, axes, 0.3) + layer.params["beta"])).sum(axes),
                       "this is the sum of dout times x, not times xhat":
                           lambda: (dout * x).sum(axes)},
            "dbeta": {"this is the mean: beta is used M times and gets the sum":
                      lambda: dout.mean(axes)}})


def M_times(part, x):
    return x.size // x.shape[-1] * part


def _grouped(x, groups):
    N, H, W, C = x.shape
    return x.reshape(N, H, W, groups, C // groups)


def _group_norm(x, gamma, beta, groups, epsilon, axes=(1, 2, 4), **frozen):
    return gamma * _normed(_grouped(x, groups), axes, epsilon, **frozen).reshape(x.shape) + beta


def test_group_norm():
    """1 Reshape to (N, H, W, groups, C / groups): a group is the axes 1, 2 and 4.
    2 Derive dxhat = dout gamma first, and go on with that, not with dout.
    3 inv_std (dxhat - mean(dxhat) - xhat mean(dxhat xhat)), means over the group.
    """
    rng = np.random.default_rng(1)
    x, dout = rng.normal(1, 2, (2, 3, 2, 6)), rng.standard_normal((2, 3, 2, 6))
    gamma, beta = rng.normal(1, 1, 6), rng.standard_normal(6)
    for groups in 2, 3:
        given = gamma, beta, groups, 0.5
        same("out", group_norm(x, *given), _group_norm(x, *given), {
            "the statistics run over the batch, too": _group_norm(x, *given, axes=(0, 1, 2, 4)),
            "each channel has statistics of its own": _group_norm(x, *given, axes=(1, 2)),
            "each pixel has statistics of its own": _group_norm(x, *given, axes=4),
            "epsilon is left out": _group_norm(x, gamma, beta, groups, 0),
            "epsilon belongs under the root": _group_norm(x, *given, root=False),
            "groups are neighbours: these are every so many channels": lambda: _strided(x, given)})
        found = derivation(group_norm_backward, [group_norm])(dout, x, gamma, groups, 0.5)
        of_group = _grouped(x, groups)
        mean, var = of_group.mean((1, 2, 4), keepdims=True), of_group.var((1, 2, 4), keepdims=True)

        def of(gamma=gamma, dout=dout, **frozen):
            return slope(lambda: _group_norm(x, gamma, beta, groups, 0.5, **frozen), x, dout)

        same("dx", found[0], of(), {
            "gamma stands outside the means: it differs within a group": lambda: gamma * of(1.0),
            "the mean's own gradient is missing": lambda: of(mean=mean),
            "the variance's own gradient is missing": lambda: of(var=var),
            "gamma is missing": lambda: of(1.0)}, 1e-7)
        same("dgamma", found[1],
             slope(lambda: _group_norm(x, *given), gamma, dout), tolerance=1e-7)
        same("dbeta", found[2], slope(lambda: _group_norm(x, *given), beta, dout), tolerance=1e-7)


def _strided(x, given):
    gamma, beta, groups, epsilon = given
    order = np.arange(x.shape[3]).reshape(-1, groups).T.ravel()
    out = np.empty_like(x)
    out[..., order] = _group_norm(x[..., order], 1.0, 0.0, groups, epsilon)
    return gamma * out + beta


def test_longer_weights():
    """1 out does not change. So how fast does it change with w?
    2 dense.forward, norm.forward(..., True), norm.backward, dense.backward.
    3 Return out and dense.grads['w'].
    """
    rng = np.random.default_rng(2)
    x, w, dout = (rng.standard_normal(shape) for shape in ((64, 5), (5, 3), (64, 3)))

    def right(factor):
        return _normed(x @ (factor * w), 0, 1e-12)

    for factor in 0.1, 1.0, 10.0:
        out, dw = longer_weights(x, w, dout, factor)
        moved = factor * w
        same("out", out, right(factor), {"batch norm is not applied": factor * x @ w}, 1e-6)
        same("dw", dw, slope(lambda: _normed(x @ moved, 0, 1e-12), moved, dout), {
            "this is the gradient by w, not by factor * w":
                lambda: factor * slope(lambda: _normed(x @ moved, 0, 1e-12), moved, dout),
            "dout goes past batch norm: send it through its backward": lambda: x.T @ dout}, 1e-6)
