"""Chapter 4, exercises: replace every `raise NotImplementedError` until this passes:

    pytest docs/exercises/ch04_convolution.py
"""

import numpy as np

from tinyfer.gradcheck import numerical_gradient, relative_error
from tinyfer.kernels.reference import conv2d_backward, conv2d_forward  # noqa: F401


def by_hand():
    """Exercise 1, by hand. In one dimension, out[i] = b + sum over u of x[i+u] w[u], with
    x = (1, 2, 3, 4), w = (1, 0, -1), b = 1 and dout = (1, 2).

    Return (out, dx, dw, db) as lists and a number.
    """
    raise NotImplementedError


def output_size(H, R, P=0, S=1):
    """Exercise 2. Rows of the output: H rows, window of R, P rows of padding at either end, step S."""
    raise NotImplementedError


def seen_by_one_output(layers):
    """Exercise 2, too. Rows of the input that one output row depends on (its receptive field).

    layers: list of (R, S), window and step of each layer, from the input on; pooling counts too.
    Work from the output backward.
    """
    raise NotImplementedError


def blind_rows(H, layers):
    """Exercise 2, too. How many of the H input rows no output depends on; layers as above.

    First forward: how many rows does each layer make? Then backward.
    """
    raise NotImplementedError


def conv_step_2(x, w, b):
    """Exercise 3. out[n,i,j,k] = b[k] + sum over u,v,c of x[n,2i+u,2j+v,c] w[u,v,c,k]."""
    raise NotImplementedError


def conv_step_2_backward(dout, x, w):
    """Exercise 3. dx, dw, db."""
    raise NotImplementedError


def influence(rng):
    """Exercise 4, an experiment. (5, 5): how strongly the 5x5 input pixels move one output pixel.

    Two 3x3 convolutions, one channel each, no bias, on a 5x5 image leave a single output; its
    gradient is a 5x5 image. Draw both filters from rng, standard normal, and take the mean of the
    squared gradient over 2000 draws. Use conv2d_backward, imported above (it needs some x for dw;
    dx does not depend on it). Before you run it: all pixels alike, or not?
    """
    raise NotImplementedError


def test_by_hand():
    out, dx, dw, db = by_hand()
    assert np.array_equal(out, [-1, -1])
    assert np.array_equal(dx, [1, 2, -1, -2])
    assert np.array_equal(dw, [5, 8, 11])
    assert db == 3


def test_output_size():
    assert output_size(48, 3) == 46
    assert output_size(48, 3, P=1) == 48
    assert output_size(9, 2, S=2) == 4          # the odd row is dropped
    assert output_size(224, 7, P=3, S=2) == 112


def test_seen_by_one_output():
    assert seen_by_one_output([(3, 1)]) == 3
    assert seen_by_one_output([(3, 1), (3, 1)]) == 5
    assert seen_by_one_output([(3, 1), (3, 1), (2, 2)]) == 6
    assert seen_by_one_output([(3, 1), (3, 1), (2, 2)] * 3) == 36      # our network, of 48
    assert seen_by_one_output([(7, 3), (2, 1)]) == 10


def test_blind_rows():
    assert blind_rows(9, [(2, 2)]) == 1
    ours = [(3, 1), (3, 1), (2, 2)] * 3
    assert [blind_rows(H, ours) for H in (44, 48, 51, 52)] == [0, 4, 7, 0]


def test_step_2():
    rng = np.random.default_rng(0)
    x, w, b = (rng.standard_normal(shape) for shape in ((2, 8, 7, 3), (3, 3, 3, 4), (4,)))
    out = conv_step_2(x, w, b)
    assert np.allclose(out, conv2d_forward(x, w, b)[:, ::2, ::2])
    dout = rng.standard_normal(out.shape)
    dx, dw, db = conv_step_2_backward(dout, x, w)
    assert (dx[:, 7] == 0).all()                # no window reaches the last row
    assert np.isclose((dx * x).sum(), ((out - b) * dout).sum())
    for gradient, array in (dw, w), (db, b):
        assert relative_error(
            gradient, numerical_gradient(lambda: conv_step_2(x, w, b), array, dout)) < 1e-7
    x[0, 0] += 1                                # dx is linear in dout, and does not see x
    assert np.allclose(conv_step_2_backward(2 * dout, x, w)[0], 2 * dx)


def test_influence():
    seen = influence(np.random.default_rng(1))
    rows = np.array([1, 2, 3, 2, 1])
    assert np.allclose(seen, np.outer(rows, rows), rtol=0.35)
