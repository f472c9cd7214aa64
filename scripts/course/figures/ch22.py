"""Chapter 22: Winograd's tiles on a face, and what they save."""

import numpy as np
from figures.style import BLUE, INK, ORANGE, bare, frame, picture, plot

from tinyfer.core.kernels.tiles import matrices
from tinyfer.data.drawn import draw_face

# Output size, channels in, channels out, and Winograd's m (None: direct) of the six convolutions.
LAYERS = ((46, 1, 32, None), (44, 32, 64, 4), (20, 64, 128, 5), (18, 128, 128, 6),
          (7, 128, 256, 4), (5, 256, 256, 5))


def tiles():
    face = draw_face("happy")
    fig, (left, right) = plot(8, 4, 1, 2)
    m, n, first, left_edge = 4, 6, 28, 16
    picture(left, face, "", face.min(), face.max())
    for row in range(2):
        for column in range(2):
            here = (row, column) == (0, 0)
            frame(left, first + m * row - 0.5, left_edge + m * column - 0.5, n, n,
                  ORANGE if here else BLUE, 2.5 if here else 1.6, "-" if here else "--")
    left.set_title("input: 6x6 tiles, 4 pixels apart,\nneighbours share 2 rows or columns",
                   loc="center", fontsize=10)
    window = face[first:first + 10, left_edge:left_edge + 10].astype(float)
    edges = window[1:9, 2:10] - window[1:9, 0:8]
    picture(right, edges, "", -200, 200)
    for row in range(2):
        for column in range(2):
            here = (row, column) == (0, 0)
            frame(right, m * row - 0.44, m * column - 0.44, m - 0.12, m - 0.12,
                  ORANGE if here else BLUE, 3 if here else 2, "-" if here else "--")
            right.text(m * column + 1.5, m * row + 1.5, "36 products\n16 outputs", ha="center",
                       va="center", fontsize=10, color="black",
                       bbox={"facecolor": "white", "edgecolor": "none", "alpha": 0.85})
    right.set_title("output: 4x4 tiles side by side\n(one 3x3 filter, enlarged)", loc="center",
                    fontsize=10)
    return fig


def multiplications():
    direct = np.array([9 * size ** 2 * C * K for size, C, K, _ in LAYERS]) / 1e6
    winograd = np.array([9 * size ** 2 * C * K if m is None
                         else (-(-size // m) * (m + 2)) ** 2 * C * K
                         for size, C, K, m in LAYERS]) / 1e6
    fig, axes = plot(7, 3)
    place = np.arange(len(LAYERS))
    axes.bar(place - 0.2, direct, 0.38, color="#C9C9C9", edgecolor=INK, linewidth=0.6,
             label="direct")
    axes.bar(place + 0.2, winograd, 0.38, color=BLUE, edgecolor=INK, linewidth=0.6, hatch="//",
             label="Winograd")
    for i in place[1:]:
        axes.text(i + 0.2, winograd[i] + 0.8, f"{winograd[i] / direct[i]:.0%}", ha="center",
                  fontsize=9)
    axes.set_xticks(place, [f"conv{i}\n{size}x{size}\n" + (f"F({m}x{m})" if m else "direct")
                            for i, (size, _, _, m) in enumerate(LAYERS, 1)])
    axes.set_ylabel("million multiply-adds\nforward, an image")
    axes.grid(False, axis="x")
    axes.legend()
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
