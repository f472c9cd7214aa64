"""Chapter 21, the tests. The answers: ch21_speed.py of a workspace."""

import checker
import numpy as np
from answers import best_tile, by_hand, col2im, fetches, im2col
from checker import derivation, same, slope, true
from numpy.lib.stride_tricks import sliding_window_view


def test_by_hand():
    """1 Count the operations, then the bytes that each array brings.
    2 float32: four bytes a number; a product of n x n has 2 n^3 operations and 3 n^2 numbers.
    3 16 GB/s feed 160 GFLOP/s at ten operations a byte: below that it waits.
    """
    checker.by_hand("speed", by_hand())


def test_best_tile():
    """1 Try all rows and vectors that fit.
    2 Registers: rows x vectors sums, one row of vectors of w, one number of x.
    3 max over the pairs, by rows x vectors / (rows + vectors).
    """
    for registers, best in {16: 1.5, 20: 12 / 7, 24: 2.0, 32: 2.4}.items():
        R, V = best_tile(registers)
        said = f"{R} x {V} for {registers} registers"
        true(R * V + V + 1 <= registers or V * R + R + 1 > registers or R * V / (R + V) < best,
             f"{said}: rows and vectors are exchanged")
        true(R * V + V + 1 <= registers, f"{said}: the sums alone fill the registers: one row of w "
                                         "and a number of x need some, too")
        true(R * V / (R + V) > best - 1e-9, f"{said} makes {R * V / (R + V):.3g} multiply-adds for "
             f"each load; there is one with {best:.3g} (not the largest tile, that is)")


def _rows(x, stride, order=(0, 1, 2, 4, 5, 3)):
    windows = sliding_window_view(x, (3, 3), axis=(1, 2))[:, ::stride, ::stride]
    return windows.transpose(order).reshape(-1, 9 * x.shape[3])


def test_im2col():
    """1 The windows in reading order, image by image.
    2 x[:, i:i+3, j:j+3] is one window of every image.
    3 Reshape each to (N, 1, 9 C), concatenate along axis 1, reshape to rows.
    """
    x = np.random.default_rng(0).standard_normal((2, 8, 7, 3))
    for stride in 1, 2, 3:
        same(f"rows for stride {stride}", derivation(im2col)(x, stride), _rows(x, stride), {
            "the stride is not used": lambda: _rows(x, 1),
            "the channels come first in a row: the order is u, v, c":
                lambda: _rows(x, stride, (0, 1, 2, 3, 4, 5)),
            "u and v are exchanged": lambda: _rows(x, stride, (0, 1, 2, 5, 4, 3)),
            "the windows come column by column": lambda: _rows(x, stride, (0, 2, 1, 4, 5, 3))})


def test_col2im():
    """1 Go through the same windows as im2col.
    2 A pixel lies in several windows.
    3 dx[:, i:i+3, j:j+3] += that window's rows, as (N, 3, 3, C).
    """
    rng = np.random.default_rng(1)
    x = rng.standard_normal((2, 6, 7, 3))
    for stride in 1, 2, 3:
        drows = rng.standard_normal(_rows(x, stride).shape)
        same(f"dx for stride {stride}", derivation(col2im, [im2col])(drows, x.shape, stride),
             slope(lambda: _rows(x, stride), x, drows, h=0.5), {
                 "windows overlap, and the last one replaces the others: add up (+=), and with a "
                 "list of places by np.add.at, for dx[places] += drows counts each place once":
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
    """1 Which line does a place lie in?
    2 Keep the lines in the order of their last use.
    3 A dict keeps its order: take a line out and put it in again, and the first one is the
      next to go.
    """
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
