"""Chapter 21, exercises: replace every `raise NotImplementedError`."""

import numpy as np


def by_hand():
    """Exercise 1, by hand. Operations per byte of three computations in float32, each array moved
    once; a multiply-add is two operations.

    (a) ReLU with its output written to another array, (b) the last dense layer without its bias,
    64 x 256 by 256 x 7, (c) a product of 512 x 512 by 512 x 512. Return the three numbers, and
    behind them for each 1 if it waits for memory at 160 GFLOP/s and 16 GB/s, else 0.
    """
    # solution
    # (a) 1 operation for 4 bytes read and 4 written
    # (b) 2 * 64 * 256 * 7 operations for the two factors and the product
    # (c) 2 n^3 / (4 * 3 n^2) = n / 6
    return 1 / 8, 2 * 64 * 256 * 7 / (4 * (64 * 256 + 256 * 7 + 64 * 7)), 512 / 6, 1, 1, 0


def best_tile(registers=16, most_rows=12):
    """Exercise 2, by hand or by trying. (rows, vectors) of the register tile with the most
    multiply-adds for each load, rows x vectors / (rows + vectors), among those with
    rows x vectors + vectors + 1 <= registers.
    (The package takes 6 x 2 and, with 32 registers, 6 x 4. Why, with 32, 64, 128 or 256 channels?)
    """
    # solution
    # A square tile of s x s makes s / 2 and needs s^2 + s + 1 registers: s = 3 of 16, s = 5 of 32.
    # Of 16 that leaves three, enough for a fourth row: 4 x 3 makes 12/7; 5 x 5 needs 31 and makes
    # 5/2. The package's 6 x 2 makes 3/2, its 6 x 4 12/5. But the widths of 3 and 5 vectors are no
    # divisors of 32, 64, 128 or 256 channels: the last panel would be narrow.
    fitting = [(rows, vectors)
               for rows in range(1, most_rows + 1) for vectors in range(1, registers)
               if rows * vectors + vectors + 1 <= registers]
    return max(fitting, key=lambda tile: tile[0] * tile[1] / (tile[0] + tile[1]))


def im2col(x, stride):
    """Exercise 3. The 3x3 windows of x (N, H, W, C), `stride` apart, as rows: (N H' W', 9 C).

    A row holds its window in the order u, v, c, so that im2col(x, 1) @ w.reshape(9 C, K) is the
    convolution.
    """
    # solution
    # w.reshape(9 C, K) has w[u,v,c,k] in row (3 u + v) C + c: there the row of x has x[u,v,c].
    N, H, W, C = x.shape
    rows = [x[:, i:i + 3, j:j + 3].reshape(N, 1, 9 * C)
            for i in range(0, H - 2, stride) for j in range(0, W - 2, stride)]
    return np.concatenate(rows, axis=1).reshape(-1, 9 * C)


def col2im(drows, shape, stride):
    """Exercise 4. The transpose of im2col: dx of `shape` (N, H, W, C) for the gradient of its rows.

    Every number of drows is added to the pixel that im2col copied it from.
    """
    # solution
    # im2col copies, rows[p,q] = x[place of (p,q)], slope 1: dx of a pixel is the sum of drows over
    # all its copies, up to nine.
    N, H, W, C = shape
    dx = np.zeros(shape)
    places = [(i, j) for i in range(0, H - 2, stride) for j in range(0, W - 2, stride)]
    windows = drows.reshape(N, len(places), 3, 3, C)
    for k, (i, j) in enumerate(places):
        dx[:, i:i + 3, j:j + 3] += windows[:, k]
    return dx
