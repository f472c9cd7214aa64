"""Chapter 22, exercises: replace every `raise NotImplementedError` until this passes:

    pytest docs/exercises/ch22_winograd.py
"""

import checker
import numpy as np
from checker import Counted, derivation, overwritten, same, slope, true
from numpy.lib.stride_tricks import sliding_window_view

from tinyfer.core.kernels.tiles import matrices

AT, G, BT = (np.array(L, dtype=float) for L in matrices(4))


def by_hand():
    """Exercise 1, by hand: F(2,3) for x = (2, 0, 1, 3) and g = (4, -2, 2).

    Return (q1, q2, q3, q4, y0, y1), with the products as the chapter numbers them.
    """
    raise NotImplementedError


def gradient_by_hand():
    """Exercise 2, by hand: dx of the same filter g = (4, -2, 2) for dy = (1, 2), by polynomials.

    Return three tuples, for the points 0, 1, -1 and infinity: the values of g, those of dy; and the
    four coefficients of the product, which are dx.
    """
    raise NotImplementedError


def convolve(x, g):
    """Exercise 3. out (H-2, W-2) of x (H, W) with g (3, 3) by F(4x4), one tile after the other.

    H - 2 and W - 2 are multiples of 4. Use the module's AT (4, 6), G (6, 3) and BT (6, 6). What is
    multiplied is counted: 36 numbers by 36 for each tile, and constants do not count.
    """
    raise NotImplementedError


def input_gradient(dout, g):
    """Exercise 4. dx (H, W) for dout (H-2, W-2), by the transposed steps, tile by tile."""
    raise NotImplementedError


def cook_toom(points, r):
    """Exercise 5. (A^T, G, B^T) of F(tau, r): filters of r taps, at `points` and infinity.

    points: numbers, all different, r - 1 at least; with n = len(points) + 1, tau = n - r + 1. Then
    A^T ((G g) * (B^T x)) are the sums y[i] = sum over u of x[i+u] g[u]. The chapter's has r = 3.
    """
    raise NotImplementedError


def rounding(points, x, g):
    """Exercise 6, an experiment. The relative error of F(tau, 3) in float32, tau = len(points) - 1.

    x (M, tau + 2) and g (M, 3), float64: M trials. Make the matrices by your cook_toom, compute
    y = A^T ((G g) * (B^T x)) for each trial with everything in float32, and return
    norm(y - exact) / norm(exact), exact being the sums of the definition in float64. Then try the
    points 0, 1, -1, 2, -2, ...: from which tau on is it worse than 1e-4?
    """
    raise NotImplementedError


def test_by_hand():
    checker.by_hand("winograd", by_hand())


def test_gradient_by_hand():
    checker.by_hand("winograd_gradient", gradient_by_hand())


def _sums(x, g):
    """The definition, by windows."""
    return np.einsum("ijuv,uv->ij", sliding_window_view(x, (3, 3)), g)


def _counted(name, function, first, g, tiles):
    """function(first, g), its multiplications counted: 36 for each tile."""
    Counted.start()
    found = function(Counted.of(first), Counted.of(g))
    true(Counted.total > 0, "no product of the data with the filter is seen: write it with * and "
                            "@, on the arrays that you are given")
    true(Counted.total == 36 * tiles, f"{name} multiplies data by filter {Counted.total} times; by "
         f"F(4x4) it takes 36 for each of {tiles} tiles, {36 * tiles}")
    return np.asarray(found)


def test_convolve():
    rng = np.random.default_rng(0)
    for H, W in (6, 6), (10, 6), (6, 14), (18, 10):
        x, g = rng.standard_normal((H, W)), rng.standard_normal((3, 3))
        found = _counted("convolve", derivation(convolve), x, g, (H - 2) * (W - 2) // 16)
        same("out", found, _sums(x, g), {
            "the filter is turned by 180 degrees": _sums(x, g[::-1, ::-1]),
            "the filter is transposed": _sums(x, g.T),
            "only the first tile is there": lambda: np.pad(
                _sums(x, g)[:4, :4], ((0, H - 6), (0, W - 6)))})


def test_input_gradient():
    rng = np.random.default_rng(0)
    for H, W in (6, 6), (10, 6), (18, 10):
        dout, g, x = (rng.standard_normal(s) for s in ((H - 2, W - 2), (3, 3), (H, W)))
        found = _counted("input_gradient", derivation(input_gradient, [convolve]), dout, g,
                         (H - 2) * (W - 2) // 16)
        same("dx", found, slope(lambda: _sums(x, g), x, dout, h=0.5), {
            "tiles overlap in dx, and the last one replaces the others: add up (+=)":
                lambda: overwritten(_tiles(x, g, H, W), _tiles(x, np.ones((3, 3)), H, W), x, dout),
            "the filter is turned": lambda: slope(lambda: _sums(x, g[::-1, ::-1]), x, dout, h=0.5),
            "the filter is transposed": lambda: slope(lambda: _sums(x, g.T), x, dout, h=0.5)},
            1e-7)


def _tiles(x, g, H, W):
    """The forward in parts, one tile each. What replaces is the whole 6x6 input of the tile."""
    for i in range(0, H - 2, 4):
        for j in range(0, W - 2, 4):
            def part(i=i, j=j):
                out = np.zeros((H - 2, W - 2))
                out[i:i + 4, j:j + 4] = _sums(x[i:i + 6, j:j + 6], g)
                return out
            yield part


def test_cook_toom():
    rng = np.random.default_rng(1)
    for r, points in (3, [0, 1, -1]), (2, [0, 1]), (5, [0, 1, -1, 2, -2]), (3, [0.5, -1, 3, 2]):
        AT, G, BT = derivation(cook_toom)(points, r)
        n = len(points) + 1
        tau = n - r + 1
        for name, matrix, shape in ("A^T", AT, (tau, n)), ("G", G, (n, r)), ("B^T", BT, (n, n)):
            true(np.shape(matrix) == shape, f"{name} for {n} points and {r} taps has the shape "
                                            f"{np.shape(matrix)}; expected {shape}")
        x, g = rng.standard_normal(n), rng.standard_normal(r)
        right = np.convolve(x, g[::-1], "valid")
        same(f"y for {r} taps, points {points}", AT @ ((G @ g) * (BT @ x)), right, {
            "the last output misses the point at infinity: A^T has a 1 there":
                lambda: AT @ ((G @ g) * (BT @ x)) if not AT[-1, -1] else 0,
            "the last tap misses the point at infinity: G has a 1 there":
                lambda: AT @ ((G @ g) * (BT @ x)) if not G[-1, -1] else 0,
            "the division by delta, the product of distances, is missing, in G or B^T":
                lambda: AT @ ((G @ g) * (BT @ x)) if np.allclose(G[:-1, 0], 1) else 0,
            "this is the convolution with the filter turned": np.convolve(x, g, "valid")})


def test_rounding():
    rng = np.random.default_rng(2)
    found = []
    for points in [0, 1, -1], [0, 1, -1, 2, -2], [0, 1, -1, 2, -2, 3, -3, 4, -4, 5, -5, 6, -6]:
        n = len(points) + 1
        x, g = rng.standard_normal((1000, n)), rng.standard_normal((1000, 3))
        error = rounding(points, x, g)
        found.append(error)
        exact = np.array([np.convolve(a, b[::-1], "valid") for a, b in zip(x, g)])
        true(error > 1e-9, "this is float64's error: matrices, numbers and products in float32")
        single = _single(points, x, g)
        right = np.linalg.norm(single - exact) / np.linalg.norm(exact)
        true(not right / 3 < error / np.linalg.norm(exact) < 3 * right,
             "this is the norm of the error: divide by the norm of the exact sums")
        true(right / 3 < error < 3 * right, f"with the points {points} the relative error is "
                                            f"{error:.1e}; measured, it is about {right:.1e}")
    true(found[0] < 1e-6 and found[1] < 1e-5 < 1e-3 < found[2], "the errors must grow")


def _single(points, x, g):
    """By exact matrices, with everything else in float32."""
    AT, G, BT = (np.array(L, np.float32) for L in _matrices(points))
    return ((g.astype(np.float32) @ G.T) * (x.astype(np.float32) @ BT.T)) @ AT.T


def _matrices(points):
    """From the evaluation matrices, inverted by the computer."""
    n = len(points) + 1

    def evaluate(k):
        return np.vstack([np.vander(np.array(points, float), k, increasing=True), np.eye(k)[-1]])

    scale = np.append([np.prod([p - q for q in points if q != p]) for p in points], 1.0)
    return (evaluate(n - 2).T, evaluate(3) / scale[:, None],
            np.linalg.inv(evaluate(n)).T * scale[:, None])
