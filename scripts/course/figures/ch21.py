"""Chapter 21: the roofline, im2col and a register tile."""

import json
from pathlib import Path

import numpy as np
from figures.style import BLUE, COLOURS, GREEN, INK, ORANGE, bare, frame, plot, table
from matplotlib.patches import Rectangle

ROOT = Path(__file__).resolve().parents[3]
X = np.array([[1, 2, 0, 1], [0, 1, 3, 1], [2, 1, 0, 0], [1, 0, 1, 2]])      # as in chapter 6
W = np.array([[1, 0, -1], [2, 0, -2], [1, 0, -1]])


def roofline():
    """Operations a second of each layer that multiplies against operations a byte, as measured,
    below what memory and multiplier allow."""
    measured = json.loads((ROOT / "docs" / "speed.json").read_text(encoding="utf-8"))
    limits, marks = measured["limits"], {
        "convolution forward": ("o", COLOURS[0], 9), "convolution backward": ("s", COLOURS[1], 6),
        "dense": ("^", COLOURS[2], 7), "batch norm": ("D", COLOURS[3], 6)}
    peak, points, highest = max(limits["own_product"], limits["numpy_product"]), [], {}
    for row in measured["layers"]:
        if row["gflops"] and row["bytes"] > 1e6:    # smaller ones are over before they are fast
            kind = {"Conv": f"convolution {row['name']}", "Dense": "dense"}.get(
                row["layer"].split()[0], "batch norm")
            points.append((row["operations"] / row["bytes"], row["gflops"], kind))
            if row["layer"].startswith("Conv"):
                highest[row["output"]] = max(highest.get(row["output"], (0, 0)), points[-1][:2],
                                             key=lambda point: point[1])
    fig, axes = plot(8, 6.6)
    low, high = min(points)[0] / 2, max(points)[0] * 6
    for key, style, name in (("copy_large", "-", "memory, 1 GiB"),
                             ("copy_activation", "--", "memory or cache, 32 MiB")):
        axes.plot([low, peak / limits[key], high], [low * limits[key], peak, peak], style,
                  color="black", linewidth=1.4, label=f"{name}: {limits[key]:.0f} GB/s")
    axes.plot([peak / limits["copy_large"], high], [4 * peak, 4 * peak], ":", color="black",
              linewidth=1.2, label="4 x the roof: F(4x4) does a quarter of the products")
    axes.annotate(f"matrix product: {peak:.0f} GFLOP/s",
                  (peak / limits["copy_activation"], peak), (0, 5), ha="right",
                  textcoords="offset points", fontsize=9)
    for kind, (marker, colour, size) in marks.items():      # hollow: none hides another
        mine = [point for point in points if point[2] == kind]
        axes.plot([p[0] for p in mine], [p[1] for p in mine], marker, color=colour, label=kind,
                  linestyle="none", markersize=size, markerfacecolor="none", markeredgewidth=1.5)
    crowded = {"44x44x64": ((-9, -3), "right"), "20x20x128": ((5, 9), "right")}
    for label, point in highest.items():
        offset, side = crowded.get(label, ((9, -3), "left"))
        axes.annotate(label, point, offset, textcoords="offset points", ha=side, fontsize=9)
    axes.set(xscale="log", yscale="log", xlim=(low, high),
             ylim=(min(p[1] for p in points) / 2, 12 * peak),
             xlabel="operations per byte that must move (direct convolution, every array once)",
             ylabel="GFLOP/s, counted as direct convolution")
    fig.legend(loc="outside lower center", ncols=2)
    return fig


def im2col():
    rows = np.lib.stride_tricks.sliding_window_view(X, (3, 3)).reshape(4, 9)
    fig, (image, matrix, column, out) = plot(9, 3.1, 1, 4, width_ratios=(4, 9, 1.3, 1.7))
    table(image, X, "x", size=10)
    table(matrix, rows, "im2col(x): a window in each row", size=10)
    table(column, W.reshape(9, 1), "w", size=8)
    table(out, rows @ W.reshape(9, 1), "out", size=10)
    for place, colour, style in (((0, 0), ORANGE, "-"), ((1, 1), BLUE, "--")):
        frame(image, *place, 3, 3, colour, 2.5, style)
        row = 2 * place[0] + place[1]
        frame(matrix, row, 0, 1, 9, colour, 2.5, style)
        frame(out, row, 0, 1, 1, colour, 2.5, style)
    return fig


def register_tile(rows=6, vectors=4):
    fig, axes = plot(6.6, 3.5)

    def cells(row, column, height, width, colour, lane):
        for i in range(height):
            for j in range(width):
                axes.add_patch(Rectangle((column + lane * j, -(row + i) - 0.85), 0.92 * lane, 0.85,
                                         facecolor=colour, alpha=0.35, edgecolor=INK,
                                         linewidth=0.8))

    cells(0, 3, rows, vectors, BLUE, 2)
    cells(0, 1.4, rows, 1, ORANGE, 0.9)
    cells(-1.7, 3, 1, vectors, GREEN, 2)
    axes.text(7, -rows - 0.15, "c: 24 vectors of 16 sums, kept in registers", ha="center", va="top",
              color=BLUE)
    axes.text(1.2, -rows / 2, "a: 6 numbers,\neach spread over\na whole vector", ha="right",
              va="center", color=ORANGE)
    axes.text(11.3, 1.3, "b: 4 vectors", va="center", color=GREEN)
    axes.text(7, 0.35, "×", ha="center", va="center", fontsize=14)
    axes.set(xlim=(-3.2, 14), ylim=(-rows - 1, 2))
    bare(axes, f"for each k: {rows + vectors} loads, {rows * vectors} fused multiply-adds")
    return fig
