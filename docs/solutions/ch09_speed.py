"""Chapter 9, solutions."""

import numpy as np

from tinyfer.kernels.winograd import matrices

AT, G, BT = (np.array(L, dtype=float) for L in matrices(4))


def by_hand():
    # m1 = (2 - 1) 4, m2 = (0 + 1) (4 - 2 + 2) / 2, m3 = (1 - 0) (4 + 2 + 2) / 2, m4 = (0 - 3) 2
    m1, m2, m3, m4 = 4, 2, 4, -6
    return m1, m2, m3, m4, m1 + m2 + m3, m2 - m3 - m4


def best_tile(registers=16, most_rows=12):
    # 3 or 5 vectors are no divisor of 32, 64, 128 or 256 channels: the last panel would be narrow.
    fitting = [(rows, vectors)
               for rows in range(1, most_rows + 1) for vectors in range(1, registers)
               if rows * vectors + vectors + 1 <= registers]
    return max(fitting, key=lambda tile: tile[0] * tile[1] / (tile[0] + tile[1]))


def convolve(x, g):
    H, W = x.shape
    U = G @ g @ G.T
    out = np.empty((H - 2, W - 2))
    for i in range(0, H - 2, 4):
        for j in range(0, W - 2, 4):
            V = BT @ x[i:i + 6, j:j + 6] @ BT.T
            out[i:i + 4, j:j + 4] = AT @ (U * V) @ AT.T
    return out


def input_gradient(dout, g):
    H, W = dout.shape[0] + 2, dout.shape[1] + 2
    U = G @ g @ G.T
    dx = np.zeros((H, W))
    for i in range(0, H - 2, 4):
        for j in range(0, W - 2, 4):
            dM = AT.T @ dout[i:i + 4, j:j + 4] @ AT
            dx[i:i + 6, j:j + 6] += BT.T @ (dM * U) @ BT
    return dx


def cook_toom(points):
    m = len(points) - 1
    AT = [[float(p) ** i for p in points] + [float(i == m - 1)] for i in range(m)]
    G, BT = [], []
    for p in points:
        others = [q for q in points if q != p]
        G.append([p ** j / np.prod([float(p - q) for q in others]) for j in range(3)])
        BT.append([*np.poly(others)[::-1], 0])
    return np.array(AT), np.array(G + [[0, 0, 1]]), np.array(BT + [np.poly(points)[::-1]])


def rounding(most, rng):
    errors = []
    for m in range(2, most + 1):
        points = [(-1) ** (i + 1) * ((i + 1) // 2) for i in range(m + 1)]
        single = [L.astype(np.float32) for L in cook_toom(points)]
        x, g = rng.standard_normal((1000, m + 2)), rng.standard_normal((1000, 3))
        exact = sum(x[:, u:u + m] * g[:, u:u + 1] for u in range(3))
        AT, G, BT = single
        y = ((g.astype(np.float32) @ G.T) * (x.astype(np.float32) @ BT.T)) @ AT.T
        errors.append(np.linalg.norm(y - exact) / np.linalg.norm(exact))
    return errors
