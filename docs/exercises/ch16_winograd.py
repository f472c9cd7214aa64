"""Chapter 16, exercises: replace every `raise NotImplementedError` until this passes:

    pytest docs/exercises/ch16_winograd.py
"""

import numpy as np

from tinyfer.kernels.reference import conv2d_backward, conv2d_forward
from tinyfer.kernels.winograd import matrices

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

    H - 2 and W - 2 are multiples of 4. Use the module's AT (4, 6), G (6, 3) and BT (6, 6).
    """
    raise NotImplementedError


def input_gradient(dout, g):
    """Exercise 4. dx (H, W) for dout (H-2, W-2), by the transposed steps, tile by tile."""
    raise NotImplementedError


def rounding(most, rng):
    """Exercise 5, an experiment. Relative errors of F(tau, 3) in float32, tau = 2, 3, ..., most.

    For each tau take the points 0, 1, -1, 2, -2, ... (tau + 1 of them, and infinity), make the three
    matrices as the chapter does, draw 1000 inputs x of tau + 2 and filters g of 3 standard normal
    numbers, and compute y = A^T ((G g) * (B^T x)) with everything in float32. Return the list of
    norm(y - exact) / norm(exact), exact being the sums of the definition in float64.
    """
    raise NotImplementedError


def test_by_hand():
    assert by_hand() == (4, 2, 4, -6, 10, 4)


def test_gradient_by_hand():
    g, dy, dx = gradient_by_hand()
    assert tuple(g) == (4, 4, 8, 2) and tuple(dy) == (1, 3, -1, 2)
    assert tuple(dx) == (4, 6, -2, 4)


def test_convolve():
    rng = np.random.default_rng(0)
    for H, W in ((6, 6), (10, 6), (6, 14), (18, 10)):
        x, g = rng.standard_normal((H, W)), rng.standard_normal((3, 3))
        expected = conv2d_forward(x[None, :, :, None], g[:, :, None, None], np.zeros(1))
        np.testing.assert_allclose(convolve(x, g), expected[0, :, :, 0], atol=1e-10)


def test_input_gradient():
    rng = np.random.default_rng(0)
    for H, W in ((6, 6), (10, 6), (18, 10)):
        dout, g = rng.standard_normal((H - 2, W - 2)), rng.standard_normal((3, 3))
        expected, _, _ = conv2d_backward(dout[None, :, :, None], np.zeros((1, H, W, 1)),
                                         g[:, :, None, None])
        np.testing.assert_allclose(input_gradient(dout, g), expected[0, :, :, 0], atol=1e-10)


def test_rounding():
    errors = rounding(12, np.random.default_rng(0))
    assert len(errors) == 11
    assert 1e-8 < errors[0] < 1e-6          # F(2,3): as good as direct
    assert errors[2] < 1e-5                 # F(4,3)
    assert errors[-1] > 1e-3                # F(12,3): useless
    assert errors[-1] > 100 * errors[2] > 100 * errors[0]
