"""Chapter 6, the tests. The answers: ch06_convolution.py of a workspace."""

import checker
import numpy as np
from answers import output_size, seen_by_one_output, transposed_conv, transposed_conv_backward
from checker import derivation, same, true
from mynet.convolution import Conv
from mynet.gradient_check import largest_relative_error
from numpy.lib.stride_tricks import sliding_window_view


def test_output_size():
    for answer, H, R, P, S, D in ((46, 48, 3, 0, 1, 1), (48, 48, 3, 1, 1, 1), (4, 9, 2, 0, 2, 1),
                                  (112, 224, 7, 3, 2, 1), (44, 48, 3, 0, 1, 2),
                                  (10, 23, 3, 0, 2, 2)):
        same(f"output_size({H}, {R}, P={P}, S={S}, D={D})", output_size(H, R, P, S, D), answer)


def test_seen_by_one_output():
    for right, layers in ((3, [(3, 1)]), (5, [(3, 1)] * 2), (36, [(3, 1), (3, 1), (2, 2)] * 3),
                          (13, [(7, 3), (3, 1)]), (15, [(5, 2), (3, 3), (2, 1)])):
        same(f"rows seen through {layers}", seen_by_one_output(layers), right)


def definition(x, w, b, step=1, dilation=1):
    """The formula of Conv.forward, by windows."""
    R = dilation * (len(w) - 1) + 1
    windows = sliding_window_view(x, (R, R), axis=(1, 2))[:, ::step, ::step, :, ::dilation,
                                                          ::dilation]
    return b + np.einsum("nijcuv,uvck->nijk", windows, w)

SHAPES = (3, 1, 1), (3, 2, 1), (3, 1, 2), (2, 3, 1), (3, 2, 2)         # window, step, dilation


def _layer(R, step, dilation):
    rng = np.random.default_rng(R + 10 * step + 100 * dilation)
    w, b = rng.standard_normal((R, R, 2, 3)), rng.standard_normal(3)
    return Conv(w, b, step, dilation), rng.standard_normal((2, 8, 7, 2)), w, b, rng


def test_convolution_forward():
    for shape in SHAPES:
        layer, x, w, b, _ = _layer(*shape)
        same(f"out for window, step, dilation {shape}", layer.forward(x),
             definition(x, w, b, *shape[1:]))


def test_convolution_backward():
    for shape in SHAPES:
        layer, x, w, b, rng = _layer(*shape)
        dout = rng.standard_normal(definition(x, w, b, *shape[1:]).shape)
        checker.check_backward(layer, x, dout)

    def backward(x, dout):
        layer.forward(x)
        return layer.backward(dout)

    error, place = largest_relative_error(layer.forward, backward, x, dout)
    true(error < 1e-7, f"your own gradient check refuses dx at {place}: {error:.1e}")


def _transposed(x, w, step):
    """By the matrix of a convolution, a row for each pixel it is given, and its transpose."""
    shape = (*(step * (side - 1) + len(w) for side in x.shape[1:3]), w.shape[3])
    pixels = np.eye(np.prod(shape)).reshape(-1, *shape)
    matrix = definition(pixels, w.swapaxes(2, 3), 0, step).reshape(len(pixels), -1)
    return (x.reshape(len(x), -1) @ matrix.T).reshape(len(x), *shape)


def test_transposed_convolution():
    rng = np.random.default_rng(5)
    for R, step in (3, 1), (3, 2), (2, 3):
        x, w = rng.standard_normal((2, 3, 2, 2)), rng.standard_normal((R, R, 2, 3))
        right = _transposed(x, w, step)
        same(f"out for window {R}, step {step}", derivation(transposed_conv)(x, w, step), right)
        dout = rng.standard_normal(right.shape)
        found = derivation(transposed_conv_backward, [transposed_conv])(dout, x, w, step)
        checker.check_gradients(found, lambda: _transposed(x, w, step), dout, h=0.5, x=x, w=w)
