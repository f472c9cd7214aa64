"""The ladder as bars, and the roofline: how near to the machine's limits every layer runs."""

from matplotlib import rc_context
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from tinyfer.scores.plots import COLOURS, STYLE, drawing, save


def ladder(rows, path, batch, layer):
    """Bars of milliseconds on a logarithmic axis, the layer and the whole step side by side."""
    with rc_context({"axes.grid.axis": "x"}), drawing(path, 10, 1.6 + 0.36 * len(rows)) as figure:
        left, right = figure.subplots(1, 2, sharey=True)
        _bars(left, [row["forward_ms"] + row["backward_ms"] for row in rows], rows, COLOURS[0])
        _bars(right, [row["step_ms"] for row in rows], rows, COLOURS[1])
        left.set_yticks(range(len(rows)), [row["title"] for row in rows])
        left.invert_yaxis()
        left.set_title(f"One layer, {layer}")
        right.set_title("The whole training step")
        for axes in (left, right):
            axes.set_xlabel(f"milliseconds for {batch} images, logarithmic")
            axes.tick_params(axis="y", length=0)
        figure.supxlabel("~ calculated from less work", x=0.99, ha="right", fontsize=9)


def _bars(axes, values, rows, colour):
    axes.set_xscale("log")
    axes.set_xlim(min(values) / 2, max(values) * 8)
    for place, (value, row) in enumerate(zip(values, rows)):
        axes.barh(place, value, color=colour, height=0.7, hatch="//" if row["scaled"] else None,
                  edgecolor="white")
        axes.text(value, place, f" {'~' * row['scaled']}{_short(value)}", va="center", fontsize=9)


def _short(ms):
    if ms < 100:
        return f"{ms:.1f} ms"
    return f"{ms:.0f} ms" if ms < 10_000 else f"{ms / 1e3:,.0f} s"


def roofline(points, limits, path):
    """The roofline as a file."""
    with rc_context(STYLE):
        save(roofline_figure(points, limits), path)


def roofline_figure(points, limits):
    """Operations a second against operations a byte, below what memory and multiplier allow.

    points: [dict(label, kind, intensity, gflops)]; kind names the colour and the marker. Versions
    slower than a hundredth of the roof lie below the picture: the ladder has them.
    """
    marks = {"convolution forward": ("o", COLOURS[0], 9),
             "convolution backward": ("s", COLOURS[1], 6),
             "dense": ("^", COLOURS[2], 7), "batch norm": ("D", COLOURS[3], 6),
             "earlier versions": ("x", "black", 6)}
    peak = max(limits["own_product"], limits["numpy_product"])
    points = [point for point in points if point["gflops"] > peak / 100]
    low = min(point["intensity"] for point in points) / 2
    high = max(point["intensity"] for point in points) * 6
    figure = Figure(figsize=(8, 6.6), layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.subplots()
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
        if mine := [point for point in points if point["kind"] == kind]:
            axes.plot([p["intensity"] for p in mine], [p["gflops"] for p in mine], marker,
                      color=colour, label=kind, linestyle="none", markersize=size,
                      markerfacecolor="none", markeredgewidth=1.5)
    axes.set_xscale("log")
    axes.set_yscale("log")
    axes.set_xlim(low, high)
    axes.set_ylim(min(point["gflops"] for point in points) / 2, 12 * peak)
    _name_layers(axes, [p for p in points if p["kind"].startswith("convolution")])
    _name_versions(axes, [p for p in points if p["kind"] == "earlier versions"])
    axes.set_xlabel("operations per byte that must move (direct convolution, every array once)")
    axes.set_ylabel("GFLOP/s, counted as direct convolution")
    figure.legend(loc="outside lower center", ncols=2)
    return figure


def _name_layers(axes, points):
    """Above and left of the faster pass of each layer, or right of it where they stand close."""
    highest = {p["label"]: p for p in sorted(points, key=lambda point: point["gflops"])}
    for point in highest.values():
        beside = point["intensity"] > 200
        axes.annotate(point["label"], (point["intensity"], point["gflops"]),
                      (9, -3) if beside else (5, 8), textcoords="offset points", fontsize=9,
                      ha="left" if beside else "right")


def _name_versions(axes, points):
    """To the left, none nearer to the one below than its own height."""
    lowest = 0
    for point in sorted(points, key=lambda point: point["gflops"]):
        height = max(point["gflops"], lowest)
        lowest = height * 10 ** 0.09
        axes.annotate(point["label"], (point["intensity"], height), (-7, -3), ha="right",
                      textcoords="offset points", fontsize=9)
