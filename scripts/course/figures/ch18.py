"""Chapter 18: the paths of a gradient through three layers with residual connections."""

from itertools import product

from figures.style import BLUE, FAINT, INK, ORANGE, bare, plot


def paths():
    fig, (left, right) = plot(8.4, 3.2, 1, 2, width_ratios=(1, 1.25))
    for x in range(4):
        left.annotate("", (x + 1.2, 0), (x + 0.2, 0), arrowprops=dict(arrowstyle="->", color=INK))
    for x in range(1, 4):
        left.text(x + 0.2, -0.02, f"$f_{x}$", ha="center", va="center", fontsize=13,
                  bbox=dict(boxstyle="square,pad=0.5", facecolor="white", edgecolor=BLUE))
        left.annotate("", (x + 0.68, 0.1), (x - 0.3, 0.02), arrowprops=dict(
            arrowstyle="->", color=ORANGE, linewidth=1.8, connectionstyle="arc3,rad=-0.75"))
        left.text(x + 0.68, -0.01, "+", ha="center", va="center", fontsize=12,
                  bbox=dict(boxstyle="circle,pad=0.15", facecolor="white", edgecolor=INK))
    left.set(xlim=(-0.1, 4.4), ylim=(-1, 1.2))
    left.text(0, 0, "x", ha="center", va="center", fontsize=13)
    bare(left, "three layers, each with a connection round it")
    for row, through in enumerate(product((False, True), repeat=3)):
        right.plot([0, 4], [row, row], color=FAINT if any(through) else ORANGE,
                   linewidth=1.4 if any(through) else 3, zorder=0)
        for k, passes in enumerate(through, 1):
            if passes:
                right.text(k, row, f"$f_{k}$", ha="center", va="center", fontsize=10,
                           bbox=dict(boxstyle="square,pad=0.25", facecolor="white",
                                     edgecolor=BLUE))
        factors = "\\;".join(f"J_{k}^T" for k, passes in enumerate(through, 1) if passes)
        right.text(4.1, row, f"${factors or 'I'}$", va="center", fontsize=11)
    right.set(xlim=(-0.1, 5.2), ylim=(7.6, -0.6))
    bare(right, "multiplied out: $2^3$ paths for the gradient,\none of them past every layer")
    return fig
