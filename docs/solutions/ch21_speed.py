"""Chapter 21, solutions."""

import numpy as np


def by_hand():
    # (a) 1 operation for 4 bytes read and 4 written
    # (b) 2 * 64 * 256 * 7 operations for the two factors and the product
    # (c) 2 n^3 / (4 * 3 n^2) = n / 6
    return 1 / 8, 2 * 64 * 256 * 7 / (4 * (64 * 256 + 256 * 7 + 64 * 7)), 512 / 6, 1, 1, 0


def best_tile(registers=16, most_rows=12):
    # 3 or 5 vectors are no divisor of 32, 64, 128 or 256 channels: the last panel would be narrow.
    fitting = [(rows, vectors)
               for rows in range(1, most_rows + 1) for vectors in range(1, registers)
               if rows * vectors + vectors + 1 <= registers]
    return max(fitting, key=lambda tile: tile[0] * tile[1] / (tile[0] + tile[1]))


def im2col(x, stride):
    N, H, W, C = x.shape
    rows = [x[:, i:i + 3, j:j + 3].reshape(N, 1, 9 * C)
            for i in range(0, H - 2, stride) for j in range(0, W - 2, stride)]
    return np.concatenate(rows, axis=1).reshape(-1, 9 * C)


def col2im(drows, shape, stride):
    N, H, W, C = shape
    dx = np.zeros(shape)
    places = [(i, j) for i in range(0, H - 2, stride) for j in range(0, W - 2, stride)]
    windows = drows.reshape(N, len(places), 3, 3, C)
    for k, (i, j) in enumerate(places):
        dx[:, i:i + 3, j:j + 3] += windows[:, k]
    return dx


def fetches(places, lines, width):
    held, fetched = {}, 0           # a dict keeps its order: the longest unused line stands first
    for place in places:
        line = place // width
        if line not in held:
            fetched += 1
            if len(held) == lines:
                del held[next(iter(held))]
        held.pop(line, None)
        held[line] = True
    return fetched
