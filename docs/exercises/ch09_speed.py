"""Chapter 9, exercises: replace every `raise NotImplementedError` until this passes:

    pytest docs/exercises/ch09_speed.py
"""

import numpy as np

from tinyfer.kernels.reference import conv2d_backward, conv2d_forward


def intensities():
    """Exercise 1, by hand. Operations per byte of three computations in float32, each array moved
    once; a multiply-add is two operations.

    (a) ReLU with its output written to another array, (b) the last dense layer without its bias,
    64 x 256 by 256 x 7, (c) a product of 512 x 512 by 512 x 512. Return the three numbers, and
    behind them a string of the letters of those that wait for memory at 160 GFLOP/s and 16 GB/s.
    """
    raise NotImplementedError


def best_tile(registers=16, most_rows=12):
    """Exercise 2, by hand or by trying. (rows, vectors) of the register tile with the most
    multiply-adds for each load, rows x vectors / (rows + vectors), among those with
    rows x vectors + vectors + 1 <= registers.
    (The package takes 6 x 2 and, with 32 registers, 6 x 4. Why, with 32, 64, 128 or 256 channels?)
    """
    raise NotImplementedError


def im2col(x, stride):
    """Exercise 3. The 3x3 windows of x (N, H, W, C), `stride` apart, as rows: (N H' W', 9 C).

    A row holds its window in the order u, v, c, so that im2col(x, 1) @ w.reshape(9 C, K) is the
    convolution.
    """
    raise NotImplementedError


def col2im(drows, shape, stride):
    """Exercise 4. The transpose of im2col: dx of `shape` (N, H, W, C) for the gradient of its rows.

    Every number of drows is added to the pixel that im2col copied it from.
    """
    raise NotImplementedError


def fetches(places, lines, width):
    """Exercise 5, an experiment. How many lines a cache fetches when `places` are read in order.

    Memory is cut into lines of `width` numbers: place a lies in line a // width. The cache holds
    `lines` of them; a line that is not there is fetched, and takes the place of the one that was
    not used for the longest time. Return how many were fetched.

    Then compare, for a matrix of 64 x 64 numbers and a cache of 16 lines of 8: along the rows, along
    the columns, and along the columns within blocks of 8 x 8. Write down your guess first.
    """
    raise NotImplementedError


def test_intensities():
    *numbers, waiting = intensities()
    assert np.allclose(numbers, [1 / 8, 2 * 64 * 256 * 7 / (4 * (64 * 256 + 256 * 7 + 64 * 7)),
                                 512 / 6])
    assert waiting == "ab"


def test_best_tile():
    assert best_tile() == (4, 3)
    assert best_tile(32) == (5, 5)


def test_im2col():
    rng = np.random.default_rng(0)
    x, w = rng.standard_normal((2, 8, 7, 3)), rng.standard_normal((3, 3, 3, 4))
    expected = conv2d_forward(x, w, np.zeros(4))
    for stride in 1, 2, 3:
        part = expected[:, ::stride, ::stride]
        rows = im2col(x, stride)
        assert rows.shape == (part[..., 0].size, 27)
        np.testing.assert_allclose(rows @ w.reshape(27, 4), part.reshape(-1, 4), atol=1e-12)


def test_col2im():
    rng = np.random.default_rng(1)
    x, w, dout = (rng.standard_normal(s) for s in ((2, 6, 7, 3), (3, 3, 3, 4), (2, 4, 5, 4)))
    dx, _, _ = conv2d_backward(dout, x, w)
    drows = dout.reshape(-1, 4) @ w.reshape(27, 4).T
    np.testing.assert_allclose(col2im(drows, x.shape, 1), dx, atol=1e-12)
    for stride, windows in (2, 2 * 2 * 3), (3, 2 * 2 * 2):
        drows = rng.standard_normal((windows, 27))
        dx = col2im(drows, x.shape, stride)
        assert np.isclose(np.sum(im2col(x, stride) * drows), np.sum(x * dx))    # the adjoint


def test_fetches():
    assert fetches([0, 1, 2, 3, 0, 8, 0, 16, 8, 0], lines=2, width=4) == 5
    place = np.arange(64 * 64).reshape(64, 64)
    blocks = place.reshape(8, 8, 8, 8).transpose(2, 0, 3, 1)        # columns within blocks
    assert fetches(place.ravel().tolist(), 16, 8) == 512
    assert fetches(place.T.ravel().tolist(), 16, 8) == 4096
    assert fetches(blocks.ravel().tolist(), 16, 8) == 512
