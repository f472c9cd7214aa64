"""Chapter 21, exercises: replace every `raise NotImplementedError` until this passes:

    pytest docs/exercises/ch21_speed.py
"""

import checker
import numpy as np
from checker import derivation, same, slope
from numpy.lib.stride_tricks import sliding_window_view


def by_hand():
    """Exercise 1, by hand. Operations per byte of three computations in float32, each array moved
    once; a multiply-add is two operations.

    (a) ReLU with its output written to another array, (b) the last dense layer without its bias,
    64 x 256 by 256 x 7, (c) a product of 512 x 512 by 512 x 512. Return the three numbers, and
    behind them for each 1 if it waits for memory at 160 GFLOP/s and 16 GB/s, else 0.
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

    Then compare, for a matrix of 64 x 64 numbers and a cache of 16 lines of 8: along the rows,
    along the columns, and along the columns within blocks of 8 x 8. Write down your guess first.
    """
    raise NotImplementedError


def test_by_hand():
    checker.by_hand("speed", by_hand())


def test_best_tile():
    for registers in 16, 20, 24, 32:
        def best(fits, gain=lambda R, V: R * V / (R + V)):
            tiles = [(R, V) for R in range(1, 13) for V in range(1, registers) if fits(R, V)]
            return max(tiles, key=lambda tile: gain(*tile))

        same(f"the tile for {registers} registers", best_tile(registers),
             best(lambda R, V: R * V + V + 1 <= registers), {
                 "the sums alone fill the registers: one row of w and a number of x need some, too":
                     lambda: best(lambda R, V: R * V <= registers),
                 "rows and vectors are exchanged":
                     lambda: best(lambda R, V: R * V + V + 1 <= registers)[::-1],
                 "this is the largest tile: what counts is multiply-adds for each load":
                     lambda: best(lambda R, V: R * V + V + 1 <= registers, lambda R, V: R * V)})


def _rows(x, stride, order=(0, 1, 2, 4, 5, 3)):
    windows = sliding_window_view(x, (3, 3), axis=(1, 2))[:, ::stride, ::stride]
    return windows.transpose(order).reshape(-1, 9 * x.shape[3])


def test_im2col():
    x = np.random.default_rng(0).standard_normal((2, 8, 7, 3))
    for stride in 1, 2, 3:
        same(f"rows for stride {stride}", derivation(im2col)(x, stride), _rows(x, stride), {
            "the stride is not used": lambda: _rows(x, 1),
            "the channels come first in a row: the order is u, v, c":
                lambda: _rows(x, stride, (0, 1, 2, 3, 4, 5)),
            "u and v are exchanged": lambda: _rows(x, stride, (0, 1, 2, 5, 4, 3)),
            "the windows come column by column": lambda: _rows(x, stride, (0, 2, 1, 4, 5, 3))})


def test_col2im():
    rng = np.random.default_rng(1)
    x = rng.standard_normal((2, 6, 7, 3))
    for stride in 1, 2, 3:
        drows = rng.standard_normal(_rows(x, stride).shape)
        same(f"dx for stride {stride}", derivation(col2im, [im2col])(drows, x.shape, stride),
             slope(lambda: _rows(x, stride), x, drows, h=0.5), {
                 "windows overlap, and the last one replaces the others: add up (+=)":
                     lambda: _last(drows, x.shape, stride),
                 "overlapping windows are averaged: a number used several times gets the sum":
                     lambda: slope(lambda: _rows(x, stride), x, drows, h=0.5) / np.maximum(
                         slope(lambda: _rows(x, stride), x, np.ones_like(drows), h=0.5), 1)}, 1e-7)


def _last(drows, shape, stride):
    """dx where the last window that holds a pixel wins."""
    places = _rows(np.arange(np.prod(shape)).reshape(shape), stride)
    dx = np.zeros(np.prod(shape))
    for place, row in zip(places, drows):
        dx[place] = row
    return dx.reshape(shape)


def _misses(places, lines, width, used=True):
    """A list of lines, the next to go in front. used: what is used goes to the back."""
    held, fetched = [], 0
    for line in (place // width for place in places):
        if line in held:
            if used:
                held.append(held.pop(held.index(line)))
            continue
        fetched += 1
        held = (held + [line])[-lines:]
    return fetched


def test_fetches():
    few = [0, 1, 2, 3, 0, 8, 0, 16, 8, 0], 2, 4
    place = np.arange(64 * 64).reshape(64, 64)
    blocks = place.reshape(8, 8, 8, 8).transpose(2, 0, 3, 1)        # columns within blocks
    for name, (places, lines, width) in {
            "ten places": few, "rows": (place.ravel().tolist(), 16, 8),
            "columns": (place.T.ravel().tolist(), 16, 8),
            "blocks": (blocks.ravel().tolist(), 16, 8)}.items():
        same(f"lines fetched for {name}", fetches(places, lines, width),
             _misses(places, lines, width), {
                 "the oldest line goes, not the one unused for longest: using a line renews it":
                     _misses(places, lines, width, used=False),
                 "every place is a line of its own: a line holds several":
                     _misses(places, lines, 1),
                 "the cache never gives up a line": len({p // width for p in places}),
                 "these are the places that were there already":
                     len(places) - _misses(places, lines, width)})
