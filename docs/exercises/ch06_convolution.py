"""Chapter 6, the tests. The answers: ch06_convolution.py of a workspace."""

import checker
import numpy as np
from answers import (
    blind_rows,
    by_hand,
    influence,
    output_size,
    seen_by_one_output,
    transposed_conv,
    transposed_conv_backward,
)
from checker import derivation, overwritten, same, slope, true
from mynet.convolution import Conv
from mynet.gradient_check import largest_relative_error
from numpy.lib.stride_tricks import sliding_window_view


def test_by_hand():
    """1 Write both outputs as sums with all their terms.
    2 dx[a] collects from every output whose window contains a, with the weight it met.
    3 dx = 1 (1, 0, -1, 0) + 2 (0, 1, 0, -1).
    """
    checker.by_hand("convolution", by_hand())


def test_output_size():
    """1 Where may the window's first row lie?
    2 It reaches over D (R - 1) + 1 rows, and H + 2 P are there.
    3 floor((H + 2 P - D (R - 1) - 1) / S) + 1.
    """
    for answer, H, R, P, S, D in ((46, 48, 3, 0, 1, 1), (48, 48, 3, 1, 1, 1), (4, 9, 2, 0, 2, 1),
                                  (112, 224, 7, 3, 2, 1), (44, 48, 3, 0, 1, 2),
                                  (10, 23, 3, 0, 2, 2)):
        same(f"output_size({H}, {R}, P={P}, S={S}, D={D})", output_size(H, R, P, S, D), answer, {
            "the padding is at both ends: 2 P": (H + P - D * (R - 1) - 1) // S + 1,
            "the first window counts, too: + 1": (H + 2 * P - D * (R - 1) - 1) // S,
            "a rest that fits no window is dropped: round down":
                -(-(H + 2 * P - D * (R - 1) - 1) // S) + 1,
            "the window reaches over D (R - 1) + 1 rows": (H + 2 * P - R) // S + 1})


def _reached(H, layers):
    """Which input rows each output row depends on, by following every row: list of sets."""
    rows = [{row} for row in range(H)]
    for R, S in layers:
        rows = [set().union(*rows[first:first + R]) for first in range(0, len(rows) - R + 1, S)]
    return rows

STACKS = ([(3, 1)], [(3, 1), (3, 1)], [(3, 1), (3, 1), (2, 2)], [(3, 1), (3, 1), (2, 2)] * 3,
          [(7, 3), (3, 1)], [(5, 2), (3, 3), (2, 1)], [(2, 2), (3, 2), (4, 3)])


def test_seen_by_one_output():
    """1 One row of the output needs R rows of what is before it. And r rows?
    2 Their windows start S apart: (r - 1) S + R.
    3 Start with 1 and go through the layers from the last to the first.
    """
    for layers in STACKS:
        steps = np.prod([S for _, S in layers])
        same(f"rows seen through {layers}", seen_by_one_output(layers),
             len(_reached(120, layers)[0]), {
                 "the steps are not used": 1 + sum(R - 1 for R, _ in layers),
                 "the layers are taken from the input on: begin at the output":
                     lambda: _rows_forward(layers),
                 "the windows do not lie side by side: r of them need (r - 1) S + R rows":
                     np.prod([R for R, _ in layers]),
                 "this is the step of the whole stack": steps})


def _rows_forward(layers):
    rows = 1
    for R, S in layers:
        rows = (rows - 1) * S + R
    return rows


def test_blind_rows():
    """1 The rows needed by all outputs together, by the same formula.
    2 Start with the number of rows that the last layer really makes.
    3 First forward with output_size, then backward, then H minus that.
    """
    for layers in STACKS:
        for H in range(44, 54):
            reached = _reached(H, layers)
            same(f"blind rows of {H} through {layers}", blind_rows(H, layers),
                 H - len(set().union(*reached)), {
                     "this counts what one output does not see: begin with all of them":
                         H - len(reached[0]),
                     "these are the rows that are seen": len(set().union(*reached))})


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
    """1 A loop over u and v, with everything else as array operations, is enough.
    2 The pixels that w[u,v] meets are a slice of x: from D u in steps of S, H' of them.
    3 out += x[:, D u : D u + S (H' - 1) + 1 : S, ...] @ w[u, v].
    """
    for shape in SHAPES:
        layer, x, w, b, _ = _layer(*shape)
        same(f"out for window, step, dilation {shape}", layer.forward(x),
             definition(x, w, b, *shape[1:]), {
                 "the filter is turned by 180 degrees": definition(x, w[::-1, ::-1], b, *shape[1:]),
                 "the filter's rows and columns are exchanged":
                     definition(x, w.swapaxes(0, 1), b, *shape[1:]),
                 "the bias is missing": definition(x, w, 0, *shape[1:]),
                 "the step is not used": lambda: definition(x, w, b, 1, shape[2]),
                 "the dilation is not used": lambda: definition(x, w, b, shape[1], 1)})


def test_convolution_backward():
    """1 In forward each weight met one slice of x. What comes back through it goes where?
    2 dx at that slice += dout @ w[u, v].T. Why += ?
    3 dw[u, v] is the product of that slice and dout, summed over n, i, j.
    """
    for shape in SHAPES:
        layer, x, w, b, rng = _layer(*shape)
        dout = rng.standard_normal(definition(x, w, b, *shape[1:]).shape)

        def parts(w):
            for u, v in np.ndindex(w.shape[:2]):
                only = np.zeros_like(w)
                only[u, v] = w[u, v]
                yield lambda only=only: definition(x, only, 0, *shape[1:])

        checker.check_backward(layer, x, dout, known={
            "dx": {"this is dx with the filter not turned": lambda: slope(
                       lambda: definition(x, w[::-1, ::-1], b, *shape[1:]), x, dout),
                   "u and v are exchanged": lambda: slope(
                       lambda: definition(x, w.swapaxes(0, 1), b, *shape[1:]), x, dout),
                   "windows overlap, and the last one replaces the others: add up (+=)":
                       lambda: overwritten(parts(w), parts(np.ones_like(w)), x, dout)},
            "dw": {"this is dw turned by 180 degrees":
                   lambda: slope(lambda: layer.forward(x), w, dout)[::-1, ::-1],
                   "this is the mean over the images: a weight used N times gets the sum":
                   lambda: slope(lambda: layer.forward(x), w, dout) / 2}})

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
    """1 out += where x's pixels paste their copies: a loop over u and v again.
    2 The slice of out for (u, v) starts at u and v, in steps of S.
    3 dx reads those slices of dout with w[u, v].T: a plain convolution with that step.
    """
    rng = np.random.default_rng(5)
    for R, step in (3, 1), (3, 2), (2, 3):
        x, w = rng.standard_normal((2, 3, 2, 2)), rng.standard_normal((R, R, 2, 3))
        right = _transposed(x, w, step)
        same(f"out for window {R}, step {step}", derivation(transposed_conv)(x, w, step), right, {
            "the filter is turned: each pixel pastes it as it is":
                lambda: _transposed(x, w[::-1, ::-1], step),
            "where copies overlap the last one replaces the others: add up (+=)":
                lambda: _pasted(x, w, step, np.zeros(right.shape)),
            "the step is not used": lambda: _transposed(x, w, 1)})
        dout = rng.standard_normal(right.shape)
        dx, dw = derivation(transposed_conv_backward, [transposed_conv])(dout, x, w, step)
        same("dx", dx, slope(lambda: _transposed(x, w, step), x, dout, h=0.5), {
            "the filter is turned: dx is a plain convolution of dout":
                lambda: slope(lambda: _transposed(x, w[::-1, ::-1], step), x, dout, h=0.5)}, 1e-7)
        same("dw", dw, slope(lambda: _transposed(x, w, step), w, dout, h=0.5), {
            "dw is turned": lambda: slope(lambda: _transposed(x, w, step), w, dout, h=0.5)
            [::-1, ::-1]}, 1e-7)


def _pasted(x, w, step, out):
    """Copies that replace each other, weight by weight."""
    H, W = x.shape[1:3]
    for u, v in np.ndindex(w.shape[:2]):
        out[:, u:u + step * (H - 1) + 1:step, v:v + step * (W - 1) + 1:step] = x @ w[u, v]
    return out


def test_influence():
    """1 Two of your Conv layers in a row, on an image of zeros.
    2 Filters as (3, 3, 1, 1), biases of zero; then backward with a dout of one.
    3 The last backward's dx, [0, :, :, 0].
    """
    rng = np.random.default_rng(1)
    for _ in range(3):
        w1, w2 = rng.standard_normal((2, 3, 3))
        image = np.zeros((1, 5, 5, 1))

        def output(w1, w2):
            hidden = definition(image, w1[:, :, None, None], 0)
            return definition(hidden, w2[:, :, None, None], 0)

        def moved(w1, w2):
            return slope(lambda: output(w1, w2), image, 1.0, h=0.5)[0, :, :, 0]

        same("influence", influence(w1, w2), moved(w1, w2), {
            "one of the two filters is turned": lambda: moved(w1[::-1, ::-1], w2),
            "one of the two filters is turned, the second": lambda: moved(w1, w2[::-1, ::-1]),
            "both filters are turned": lambda: moved(w1[::-1, ::-1], w2[::-1, ::-1]),
            "this is the number of ways, without the filters":
                np.outer([1, 2, 3, 2, 1], [1, 2, 3, 2, 1]),
            "the second filter is not used": lambda: moved(w1, w1)})
