"""Line charts as SVG text, for the pages of report.py: sharp at any size, and small.

Drawn for a phone's width and enlarged on a wide screen, so that the letters never get too small.
"""

from html import escape

WIDTH, HEIGHT = 400, 300
LEFT, RIGHT, TOP, BOTTOM = 50, 12, 10, 44


def line_chart(lines, x_label, y_label, x_range, y_range, title, diagonal=False):
    """An <svg> element of 400x300 units.

    lines: dicts of x and y (lists), name, colour, and optionally dash (SVG's stroke-dasharray),
    width, and marks=True for a dot at each point. x_range, y_range: (low, high) of the axes.
    title: what a screen reader says. diagonal: a dotted grey line from corner to corner.
    """
    x_low, x_high = x_range
    y_low, y_high = y_range

    def sx(x):
        return LEFT + (x - x_low) / (x_high - x_low) * (WIDTH - LEFT - RIGHT)

    def sy(y):
        return HEIGHT - BOTTOM - (y - y_low) / (y_high - y_low) * (HEIGHT - TOP - BOTTOM)

    bottom, right = HEIGHT - BOTTOM, WIDTH - RIGHT
    parts = [f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{escape(title)}">']
    for x in ticks(x_low, x_high):
        parts.append(f'<path class="grid" d="M{sx(x):.1f} {TOP}V{bottom}"/>'
                     f'<text x="{sx(x):.1f}" y="{bottom + 16}" class="middle">{x:g}</text>')
    for y in ticks(y_low, y_high):
        parts.append(f'<path class="grid" d="M{LEFT} {sy(y):.1f}H{right}"/>'
                     f'<text x="{LEFT - 6}" y="{sy(y) + 4:.1f}" class="end">{y:g}</text>')
    parts.append(f'<path class="axis" d="M{LEFT} {TOP}V{bottom}H{right}"/>')
    if diagonal:
        parts.append(f'<path class="diagonal" d="M{LEFT} {bottom}L{right} {TOP}"/>')
    for line in lines:
        points = [(sx(x), sy(y)) for x, y in zip(line["x"], line["y"])]
        path = "L".join(f"{x:.1f} {y:.1f}" for x, y in points)
        dash = f' stroke-dasharray="{line["dash"]}"' if line.get("dash") else ""
        parts.append(f'<path d="M{path}" fill="none" stroke="{line["colour"]}" stroke-width='
                     f'"{line.get("width", 2)}"{dash}><title>{escape(line["name"])}</title></path>')
        if line.get("marks"):
            parts += [f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3.5" fill="{line["colour"]}"/>'
                      for x, y in points]
    parts.append(f'<text x="{(LEFT + right) / 2}" y="{HEIGHT - 6}" class="middle">'
                 f'{escape(x_label)}</text><text transform="translate(13 {(TOP + bottom) / 2}) '
                 f'rotate(-90)" class="middle">{escape(y_label)}</text></svg>')
    return "".join(parts)


def legend(lines):
    """The names of the lines beside a sample of each, as an HTML list."""
    items = []
    for line in lines:
        dash = f' stroke-dasharray="{line["dash"]}"' if line.get("dash") else ""
        items.append(f'<li><svg viewBox="0 0 34 10"><path d="M1 5H33" stroke="{line["colour"]}" '
                     f'stroke-width="{line.get("width", 2)}"{dash}/></svg>'
                     f'{escape(line["name"])}</li>')
    return f'<ul class="legend">{"".join(items)}</ul>'


def ticks(low, high, about=5):
    """Round numbers from low to high: steps of 1, 2 or 5 times a power of ten."""
    rough = (high - low) / about
    power = 10.0 ** -20
    while power * 10 <= rough:
        power *= 10
    step = next(m * power for m in (1, 2, 5, 10) if m * power >= rough * 0.999)
    first = -int(-low // step) if low > 0 else int(low / step)
    values = []
    while first * step <= high + step * 1e-9:
        if first * step >= low - step * 1e-9:
            values.append(round(first * step, 10))
        first += 1
    return values


def thinned(x, y, distance=0.001):
    """The points of a curve in the unit square that lie at least `distance` apart, and its end."""
    kept = [0]
    for i in range(1, len(x)):
        last = kept[-1]
        if abs(x[i] - x[last]) + abs(y[i] - y[last]) >= distance or i == len(x) - 1:
            kept.append(i)
    return [float(x[i]) for i in kept], [float(y[i]) for i in kept]
