"""Chapter 4: the error of a finite difference against its step."""

import numpy as np
from figures.style import BLUE, FAINT, INK, ORANGE, STYLES, plot


def _error(dtype, h, central):
    """Root mean square error over 50 points near 1, where f = f' = f'' = f''' = e."""
    x = np.linspace(0.98, 1.02, 50).astype(dtype)
    up, down = x + dtype(h), x - dtype(h) if central else x
    slope = (np.exp(up) - np.exp(down)) / (up - down)
    return np.sqrt(np.mean((slope.astype(np.float64) - np.exp(x.astype(np.float64))) ** 2))


def step_size():
    fig, axes = plot(7.2, 4.2)
    for dtype, colour, steps in ((np.float32, ORANGE, np.logspace(-6.5, -0.3, 70)),
                                 (np.float64, BLUE, np.logspace(-12.5, -0.3, 120))):
        name = dtype.__name__
        u = float(np.finfo(dtype).eps) / 2
        bend, rounding = np.e / 6 * steps**2, u * np.e / steps
        axes.plot(steps, bend + rounding, color=FAINT, linewidth=5, alpha=0.6)
        for central, style in ((False, STYLES[2]), (True, STYLES[0])):
            errors = [max(_error(dtype, h, central), 1e-14) for h in steps]
            axes.plot(steps, errors, color=colour, linestyle=style,
                      label=f"{'central' if central else 'forward'}, {name}")
    axes.plot([], [], color=FAINT, linewidth=5, alpha=0.6,
              label="$h^2|f'''|/6 + u|f|/h$ (central)")
    axes.text(3e-7, 3, "float32", color=ORANGE, fontsize=11, fontweight="bold")
    axes.text(3e-11, 3e-4, "float64", color=BLUE, fontsize=11, fontweight="bold")
    axes.axvline(1e-5, color="#777777", linewidth=0.8)
    axes.text(1.2e-5, 3e1, "h = 1e-5", fontsize=9, color="#444444", va="top")
    axes.set(xscale="log", yscale="log", ylim=(1e-13, 1e2), xlabel="step h",
             ylabel="error of the slope")
    axes.legend(loc="lower left", handlelength=3)
    return fig


def secant():
    fig, panels = plot(9, 3.2, 1, 3, sharey=True)
    x = np.linspace(-0.15, 2.05, 200)
    for axes, h in zip(panels, (1, 0.5, 0.1)):
        axes.plot(x, x**3, color=INK, linewidth=1.6)
        axes.plot(x, 1 + 3 * (x - 1), color=FAINT, linewidth=5, label="tangent, slope 3")
        for name, left, colour, style in (("forward", 1, ORANGE, STYLES[2]),
                                          ("central", 1 - h, BLUE, STYLES[0])):
            right = 1 + h
            slope = (right**3 - left**3) / (right - left)
            axes.plot(x, left**3 + slope * (x - left), color=colour, linestyle=style,
                      label=f"{name}, slope {slope:.4g}")
            axes.plot([left, right], [left**3, right**3], "o", color=colour, markersize=6)
        axes.set(title=f"h = {h:g}", xlabel="x", ylim=(-2.5, 8.5))
        axes.legend(loc="upper left", fontsize=8.5)
    panels[0].set_ylabel("$x^3$")
    return fig
