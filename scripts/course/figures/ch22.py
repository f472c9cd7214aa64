"""Chapter 22: Winograd's tiles on a face, and the steps of one."""

import numpy as np
from figures.style import BLUE, ORANGE, bare, frame, picture, plot

from tinyfer.core.kernels.tiles import matrices
from tinyfer.data.drawn import draw_face


def tiles():
    face = draw_face("happy")
    fig, (left, right) = plot(8, 4, 1, 2)
    m, n, first, left_edge = 4, 6, 28, 16
    picture(left, face, "", face.min(), face.max())
    left.set_title("input: 6x6 tiles, 4 pixels apart,\nneighbours share 2 rows or columns",
                   loc="center", fontsize=10)
    window = face[first:first + 10, left_edge:left_edge + 10].astype(float)
    edges = window[1:9, 2:10] - window[1:9, 0:8]
    picture(right, edges, "", -200, 200)
    for row, column in np.ndindex(2, 2):
        colour, thin, wide, style = (BLUE, 1.6, 2, "--") if row or column else (ORANGE, 2.5, 3, "-")
        frame(left, first + m * row - 0.5, left_edge + m * column - 0.5, n, n, colour, thin, style)
        frame(right, m * row - 0.44, m * column - 0.44, m - 0.12, m - 0.12, colour, wide, style)
        right.text(m * column + 1.5, m * row + 1.5, "36 products\n16 outputs", ha="center",
                   va="center", fontsize=10, color="black",
                   bbox={"facecolor": "white", "edgecolor": "none", "alpha": 0.85})
    right.set_title("output: 4x4 tiles side by side\n(one 3x3 filter, enlarged)", loc="center",
                    fontsize=10)
    return fig


def pipeline():
    m, face = 4, draw_face("happy").astype(float)
    AT, G, BT = (np.array(matrix, float) for matrix in matrices(m))
    tile = face[20:26, 28:34]
    edge = np.array([[1, 0, -1], [1, 0, -1], [1, 0, -1.0]]) / 3
    u, v = G @ edge @ G.T, BT @ tile @ BT.T
    steps = (("$X$: 6 × 6", tile), ("$B^T X B$", v), ("$G g G^T$", u), ("36 products", u * v),
             ("$Y$: 4 × 4", AT @ (u * v) @ AT.T))
    fig, panels = plot(9.2, 2.4, 1, 5, gridspec_kw={"width_ratios": (6, 6, 6, 6, 4)})
    for axes, (title, values), sign in zip(panels, steps, ("", "→", "⊙", "=", "→")):
        if values is tile:
            axes.imshow(values, cmap="gray")
        else:
            most = np.abs(values).max()
            axes.imshow(np.cbrt(values / most), cmap="PuOr", vmin=-1, vmax=1)
        bare(axes, title)
        axes.text(-0.14, 0.5, sign, transform=axes.transAxes, ha="center", va="center", fontsize=18)
    for axes, note in zip(panels, ("one a place\nand channel", "once for\nall filters",
                                   "once for\nall places", "summed over\nthe channels",
                                   "16 outputs")):
        axes.set_xlabel(note, fontsize=9)
    return fig
