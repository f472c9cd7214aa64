"""Chapter 7, the tests. The answers: ch07_pooling.py of a workspace."""

import checker
import numpy as np
from answers import average_pool, average_pool_backward, sharing_backward
from checker import derivation, same, slope
from mynet.pooling import MaxPool
from numpy.lib.stride_tricks import sliding_window_view


def windows(x, size, step):
    """(N, H', W', C, size, size)"""
    return sliding_window_view(x, (size, size), axis=(1, 2))[:, ::step, ::step]


def test_max_pool():
    rng = np.random.default_rng(2)
    for size, step in (2, 2), (3, 2), (3, 1):
        layer, x = MaxPool(size, step), rng.permutation(252).reshape(2, 7, 6, 3) * 0.01
        same(f"out for size {size}, step {step}", layer.forward(x),
             windows(x, size, step).max(axis=(4, 5)))
        dout = rng.standard_normal(layer.forward(x).shape)
        checker.check_backward(layer, x, dout)


def test_the_first_of_equal_values_wins():
    layer = MaxPool()
    layer.forward(np.array([[4, 4, 0, 1.0], [4, 2, 3, 3]]).reshape(1, 2, 4, 1))
    dx = layer.backward(np.array([5, 7.0]).reshape(1, 1, 2, 1))[0, :, :, 0]
    same("dx at ties", dx, [[5, 0, 0, 0], [0, 0, 7, 0]])


def test_average_pool():
    rng = np.random.default_rng(0)
    x = rng.standard_normal((2, 7, 6, 3))
    for size, step in (2, 2), (3, 2), (2, 3):
        def forward(size=size, step=step):
            return windows(x, size, step).mean(axis=(4, 5))

        same(f"out for size {size}, step {step}", average_pool(x, size, step), forward())
        dout = rng.standard_normal(forward().shape)
        backward = derivation(average_pool_backward, [average_pool])
        same("dx", backward(dout, x.shape, size, step), slope(forward, x, dout), 1e-7)


def test_sharing():
    x = np.array([[4, 4, 1, 0], [4, 0, 0, 1], [2, 1, 6, 6], [1, 0, 6, 6.0]]).reshape(1, 4, 4, 1)
    dout = np.array([[3, 1], [5, 8.0]]).reshape(1, 2, 2, 1)
    right = np.array([[1, 1, 0.5, 0], [1, 0, 0, 0.5], [5, 0, 2, 2], [0, 0, 2, 2]])
    same("dx", derivation(sharing_backward)(dout, x)[0, :, :, 0], right)
