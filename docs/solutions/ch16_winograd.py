"""Chapter 16, solutions."""

import numpy as np

from tinyfer.kernels.winograd import matrices

AT, G, BT = (np.array(L, dtype=float) for L in matrices(4))


def by_hand():
    # q1 = (2 - 1) 4, q2 = (0 + 1) (4 - 2 + 2) / 2, q3 = (1 - 0) (4 + 2 + 2) / 2, q4 = (0 - 3) 2
    q1, q2, q3, q4 = 4, 2, 4, -6
    return q1, q2, q3, q4, q1 + q2 + q3, q2 - q3 - q4


def gradient_by_hand():
    # (4 - 2 z + 2 z^2)(1 + 2 z) = 4 + 6 z - 2 z^2 + 4 z^3; its values are 4, 12, -8, leading 4.
    return (4, 4, 8, 2), (1, 3, -1, 2), (4, 6, -2, 4)


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
            dQ = AT.T @ dout[i:i + 4, j:j + 4] @ AT
            dx[i:i + 6, j:j + 6] += BT.T @ (dQ * U) @ BT
    return dx


def cook_toom(points):
    tau = len(points) - 1
    AT = [[float(p) ** i for p in points] + [float(i == tau - 1)] for i in range(tau)]
    G, BT = [], []
    for p in points:
        others = [q for q in points if q != p]
        G.append([p ** j / np.prod([float(p - q) for q in others]) for j in range(3)])
        BT.append([*np.poly(others)[::-1], 0])
    return np.array(AT), np.array(G + [[0, 0, 1]]), np.array(BT + [np.poly(points)[::-1]])


def rounding(most, rng):
    errors = []
    for tau in range(2, most + 1):
        points = [(-1) ** (i + 1) * ((i + 1) // 2) for i in range(tau + 1)]
        single = [L.astype(np.float32) for L in cook_toom(points)]
        x, g = rng.standard_normal((1000, tau + 2)), rng.standard_normal((1000, 3))
        exact = sum(x[:, u:u + tau] * g[:, u:u + 1] for u in range(3))
        AT, G, BT = single
        y = ((g.astype(np.float32) @ G.T) * (x.astype(np.float32) @ BT.T)) @ AT.T
        errors.append(np.linalg.norm(y - exact) / np.linalg.norm(exact))
    return errors
