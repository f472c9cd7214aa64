"""Chapter 5: the winners of max pooling, and the gradient that goes back to them."""

import numpy as np
from figures.ch04 import a_face
from figures.style import INK, figure, frame, table

from tinyfer.core.kernels.reference import conv2d_forward, maxpool_backward, maxpool_forward


def winners():
    face = a_face()[None, :, :, None] / 255
    edges = np.array([[1, 2, 1], [0, 0, 0], [-1, -2, -1.0]]).reshape(3, 3, 1, 1)
    x = np.maximum(0, conv2d_forward(face, edges, np.zeros(1)))[:, 32:40, 23:31]     # the mouth
    x = np.round(5 * x)
    out, winner = maxpool_forward(x)
    dout = np.arange(1.0, 17).reshape(out.shape)
    dx = maxpool_backward(dout, winner, x.shape)
    won = maxpool_backward(np.ones(out.shape), winner, x.shape)[0, :, :, 0]
    fig = figure(8.6, 3.6)
    left, middle, right = fig.subplots(1, 3, width_ratios=(8, 5, 8))
    table(left, x[0, :, :, 0], "x, and the winners", won, size=9)
    table(middle, out[0, :, :, 0], "out", size=10)
    table(right, dx[0, :, :, 0], "dx, for dout = 1, 2, …, 16", won, size=9)
    for axes in left, right:
        for i in range(4):
            for j in range(4):
                frame(axes, 2 * i, 2 * j, 2, 2, INK, 1.4)
    return fig


FIGURES = {"05-winners": winners}
