"""Chapter 22, the tests. The answers: ch22_winograd.py of a workspace."""

import checker
import numpy as np
from answers import by_hand, convolve, cook_toom, gradient_by_hand, input_gradient, rounding
from checker import Counted, derivation, overwritten, same, slope, true
from numpy.lib.stride_tricks import sliding_window_view


def test_by_hand():
    """1 q1 = (x0 - x2) g0 and q4 = (x1 - x3) g2.
    2 q2 = (x1 + x2)(g0 + g1 + g2)/2 and q3 = (x2 - x1)(g0 - g1 + g2)/2.
    3 y0 = q1 + q2 + q3, y1 = q2 - q3 - q4.
    """
    checker.by_hand("winograd", by_hand())


def test_gradient_by_hand():
    """1 dx is the full convolution of g and dy: the product of two polynomials.
    2 g(z) = 4 - 2 z + 2 z^2 and dy(z) = 1 + 2 z; at infinity the leading coefficient counts.
    3 Multiply out to check: four coefficients.
    """
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
    """1 One tile at a time: 6 x 6 in, 4 x 4 out, steps of 4.
    2 U = G g G^T once; V = B^T X B for each tile.
    3 Y = A^T (U * V) A.
    """
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
    """1 Transpose every step of convolve, in reverse order.
    2 dQ = A dY A^T; times U; then B ( ) B^T.
    3 Tiles overlap by two rows: +=.
    """
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
    """1 In the chapter's program, where does the 3 stand?
    2 n points give n = tau + r - 1: so tau = len(points) + 2 - r.
    3 G has r powers of each point and ends in (0, ..., 0, 1); the rest stays.
    """
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
    """1 Round the matrices and the numbers first, then compute.
    2 x.astype(np.float32) @ BT.T does all trials at once.
    3 exact: sum of x[:, u:u+tau] * g[:, u:u+1] over u, in float64.
    """
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
