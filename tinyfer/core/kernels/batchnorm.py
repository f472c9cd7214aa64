"""Batch normalisation over all but the last axis (the channels).

    xhat = (x - mean) / sqrt(var + eps)        out = gamma xhat + beta

mean and var (biased: divided by the count M) are those of the batch. They are taken an image at a
time: the mean, then the squares about it in a second sweep while the image is still in the cache,
so that memory is read once. The second sweep also sums the deviations, which are zero but for
rounding, and corrects by them (Chan, Golub and LeVeque, Algorithms for Computing the Sample
Variance, 1983, the corrected two-pass algorithm). The images are then merged in their order by the
pairwise formula of the same paper. Each iteration of the parallel loops owns one image.
"""

import numpy as np
from numba import prange

from tinyfer.core import checks
from tinyfer.core.kernels.compiling import kernel
from tinyfer.core.kernels.memory import empty


@kernel(parallel=True)
def _image_statistics(x, P, mean, rest, m2):
    N, C = mean.shape
    for n in prange(N):    # owns row n of mean, rest and m2
        centre, left, squares = mean[n], rest[n], m2[n]
        for c in range(C):
            centre[c] = left[c] = squares[c] = 0
        for p in range(n * P, (n + 1) * P):
            for c in range(C):
                centre[c] += x[p, c]
        for c in range(C):
            centre[c] /= x.dtype.type(P)
        for p in range(n * P, (n + 1) * P):
            for c in range(C):
                d = x[p, c] - centre[c]
                left[c] += d
                squares[c] += d * d


@kernel()
def _merge(P, means, m2s):
    """Mean and M2, the squares about it, of all images: they end in the first row of each."""
    mean, m2 = means[0], m2s[0]
    for n in range(1, len(means)):
        share = means.dtype.type(1 / (n + 1))
        cross = means.dtype.type(P * n / (n + 1))
        for c in range(mean.size):
            delta = means[n, c] - mean[c]
            mean[c] += delta * share
            m2[c] += m2s[n, c] + delta * delta * cross


@kernel(parallel=True)
def _apply(x, mean, scale, beta, out):
    M, C = x.shape
    for p in prange(M):    # owns row p of out
        for c in range(C):
            out[p, c] = (x[p, c] - mean[c]) * scale[c] + beta[c]


@kernel(parallel=True)
def _reduce(dout, x, P, mean, sums, sums_moved):
    N, C = sums.shape
    for n in prange(N):    # owns row n of both sums
        first, second = sums[n], sums_moved[n]
        for c in range(C):
            first[c] = second[c] = 0
        for p in range(n * P, (n + 1) * P):
            for c in range(C):
                d = dout[p, c]
                first[c] += d
                second[c] += d * (x[p, c] - mean[c])


@kernel(parallel=True)
def _input_gradient(dout, x, scale, constant, slope, mean, dx):
    M, C = x.shape
    for p in prange(M):    # owns row p of dx
        for c in range(C):
            dx[p, c] = dout[p, c] * scale[c] - (constant[c] + (x[p, c] - mean[c]) * slope[c])


def _flat(x):
    """(N, ..., C) as (M, C): M values of each channel, P = M / N of an image after those before."""
    return x.reshape(-1, x.shape[-1])


def _checked(x, **per_channel):
    """x (N, ..., C) and arrays (C,) of its dtype, fit for the kernels."""
    x = checks.array("batch norm", "x", x, ("N", ..., "C"))
    return x, *(checks.array("batch norm", name, array, x.shape[-1:], x.dtype)
                for name, array in per_channel.items())


def batchnorm_statistics(x):
    """Mean and biased variance of every channel: x (N, ..., C) -> mean (C,), var (C,)."""
    x, = _checked(x)
    N, x = len(x), _flat(x)
    C, P = x.shape[1], len(x) // N
    means, rest, m2s = (np.empty((N, C), x.dtype) for _ in range(3))
    _image_statistics(x, P, means, rest, m2s)
    count = x.dtype.type(P)
    means += rest / count
    m2s -= rest * rest / count
    _merge(P, means, m2s)
    return means[0].copy(), m2s[0] / x.dtype.type(N * P)


def batchnorm_apply(x, mean, inv_std, gamma, beta):
    """out = (x - mean) inv_std gamma + beta; mean, inv_std, gamma, beta (C,)."""
    x, mean, inv_std, gamma, beta = _checked(x, mean=mean, inv_std=inv_std, gamma=gamma, beta=beta)
    out = empty(x.shape, x.dtype)
    _apply(_flat(x), mean, inv_std * gamma, beta, _flat(out))
    return out


def batchnorm_backward(dout, x, mean, inv_std, gamma, batch_statistics):
    """dx, dgamma, dbeta.

        dgamma = sum dout xhat        dbeta = sum dout        (sums over the M values of a channel)
        dx = gamma inv_std (dout - dbeta / M - xhat dgamma / M)     mean and var from this batch
        dx = gamma inv_std dout                                     mean and var are constants

    batch_statistics says which of the two holds. xhat is computed again from x, mean and inv_std.
    """
    norm, dgamma, dbeta = batchnorm_gradient(dout, x, mean, inv_std, gamma, batch_statistics)
    return batchnorm_apply_gradient(dout, x, norm), dgamma, dbeta


def batchnorm_gradient(dout, x, mean, inv_std, gamma, batch_statistics):
    """norm, dgamma, dbeta: norm (4, C) has the rows scale, constant, slope, mean of

        dx = scale dout - (constant + (x - mean) slope)

    so that the layer before can make dx where it reads it, with one pass over memory less.
    """
    x, mean, inv_std, gamma = _checked(x, mean=mean, inv_std=inv_std, gamma=gamma)
    dout = checks.array("batch norm", "dout", dout, x.shape, x.dtype)
    N, x, dout = len(x), _flat(x), _flat(dout)
    M, C = x.shape
    sums, sums_moved = np.empty((N, C), x.dtype), np.empty((N, C), x.dtype)
    _reduce(dout, x, M // N, mean, sums, sums_moved)
    dbeta, dgamma = sums.sum(axis=0), sums_moved.sum(axis=0) * inv_std
    scale = gamma * inv_std
    share = x.dtype.type(1 / M if batch_statistics else 0)
    norm = np.stack([scale, scale * dbeta * share, scale * inv_std * dgamma * share, mean])
    return norm, dgamma, dbeta


def no_norm(channels, dtype):
    """The norm of `batchnorm_gradient` that leaves dout as it is."""
    return np.repeat(np.array([[1], [0], [0], [0]], dtype), channels, axis=1)


def batchnorm_apply_gradient(dout, x, norm):
    """dx of `batchnorm_backward` from the norm of `batchnorm_gradient`."""
    dx = empty(x.shape, x.dtype)
    _input_gradient(_flat(dout), _flat(x), *norm, _flat(dx))
    return dx
