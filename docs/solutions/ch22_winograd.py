"""Chapter 22, exercises: replace every `raise NotImplementedError`."""

import numpy as np

from tinyfer.core.kernels.tiles import matrices

AT, G, BT = (np.array(L, dtype=float) for L in matrices(4))


def by_hand():
    """Exercise 1, by hand: F(2,3) for x = (2, 0, 1, 3) and g = (4, -2, 2).

    Return (q1, q2, q3, q4, y0, y1), with the products as the chapter numbers them.
    """
    # solution
    # q1 = (2 - 1) 4, q2 = (0 + 1) (4 - 2 + 2) / 2, q3 = (1 - 0) (4 + 2 + 2) / 2, q4 = (0 - 3) 2
    q1, q2, q3, q4 = 4, 2, 4, -6
    return q1, q2, q3, q4, q1 + q2 + q3, q2 - q3 - q4


def gradient_by_hand():
    """Exercise 2, by hand: dx of the same filter g = (4, -2, 2) for dy = (1, 2), by polynomials.

    Return three tuples, for the points 0, 1, -1 and infinity: the values of g, those of dy; and the
    four coefficients of the product, which are dx.
    """
    # solution
    # (4 - 2 z + 2 z^2)(1 + 2 z) = 4 + 6 z - 2 z^2 + 4 z^3; its values are 4, 12, -8, leading 4.
    return (4, 4, 8, 2), (1, 3, -1, 2), (4, 6, -2, 4)


def convolve(x, g):
    """Exercise 3. out (H-2, W-2) of x (H, W) with g (3, 3) by F(4x4), one tile after the other.

    H - 2 and W - 2 are multiples of 4. Use the module's AT (4, 6), G (6, 3) and BT (6, 6). What
    depends on x is multiplied by what depends on g 36 times a tile; the sums would take 144.
    """
    # solution
    H, W = x.shape
    U = G @ g @ G.T
    out = np.empty((H - 2, W - 2))
    for i in range(0, H - 2, 4):
        for j in range(0, W - 2, 4):
            V = BT @ x[i:i + 6, j:j + 6] @ BT.T
            out[i:i + 4, j:j + 4] = AT @ (U * V) @ AT.T
    return out


def input_gradient(dout, g):
    """Exercise 4. dx (H, W) for dout (H-2, W-2), by the transposed steps, tile by tile."""
    # solution
    # For one tile, out = A^T (U * (B^T x B)) A. Each step is linear in x. In Y = P X Q, X[a,b]
    # stands in Y[i,j] with the factor P[i,a] Q[b,j], so dX = P^T dY Q^T; and Y = U * X gives
    # dX = U * dY. From the last step to the first: dQ = A dout A^T, U * dQ, dx = B (U * dQ) B^T.
    # Neighbouring tiles share two rows or columns of x: what they send there adds up.
    H, W = dout.shape[0] + 2, dout.shape[1] + 2
    U = G @ g @ G.T
    dx = np.zeros((H, W))
    for i in range(0, H - 2, 4):
        for j in range(0, W - 2, 4):
            dQ = AT.T @ dout[i:i + 4, j:j + 4] @ AT
            dx[i:i + 6, j:j + 6] += BT.T @ (dQ * U) @ BT
    return dx


def cook_toom(points, r):
    """Exercise 5. (A^T, G, B^T) of F(tau, r): filters of r taps, at `points` and infinity.

    points: numbers, all different, r - 1 at least; with n = len(points) + 1, tau = n - r + 1. Then
    A^T ((G g) * (B^T x)) are the sums y[i] = sum over u of x[i+u] g[u]. The chapter's has r = 3.
    """
    # solution
    # The product s of two polynomials, g of r coefficients and y of tau, has n of them, and follows
    # from n - 1 values and the leading coefficient: s = L ((G g) * (A y)). The row of p in G and A
    # holds the powers of p, that of infinity picks the last coefficient; L is by Lagrange,
    #   s(z) = sum over p of s(p) prod_q (z - q) / (p - q) + leading coefficient prod_p (z - p).
    # s_j = sum_i g_{j-i} y_i is linear in y. The transpose of that map, A^T ((G g) * (L^T x)), is
    # sum_j g_{j-i} x_j = sum_u g_u x[i+u], what is asked: B^T = L^T. The 1 / (p - q) go into G.
    tau = len(points) + 2 - r
    AT = [[float(p) ** i for p in points] + [float(i == tau - 1)] for i in range(tau)]
    G, BT = [], []
    for p in points:
        others = [q for q in points if q != p]
        G.append([p**j / np.prod([float(p - q) for q in others]) for j in range(r)])
        BT.append([*np.poly(others)[::-1], 0])
    return (np.array(AT), np.array(G + [[0.0] * (r - 1) + [1.0]]),
            np.array(BT + [np.poly(points)[::-1]]))
