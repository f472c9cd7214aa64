"""Chapter 23: what one patch attends to, in two faces."""

import re
from contextlib import redirect_stdout
from io import StringIO
from pathlib import Path

import numpy as np
from figures.style import ORANGE, frame, picture, plot, table

PAGE = Path(__file__).resolve().parents[3] / "docs" / "23-attention.md"


def _trained():
    """What the chapter's own blocks define, up to its trained network."""
    names = {}
    with redirect_stdout(StringIO()):
        page = PAGE.read_text(encoding="utf-8").split("## Predict, then run")[0]
        for block in re.findall(r"^```python\n(.*?)^```$", page, re.M | re.S):
            exec(block, names)
    return names


def weights(query=9, chosen=(8, 13)):
    """The weights of one query over the sixteen keys, in each head, for two of the new faces."""
    names = _trained()
    rows = names["new"][list(chosen)]
    p = names["network_forward"](names["tokens"][rows], names["w"])[2][5]   # (2, 4, 16, 16)
    i, j = divmod(query, 4)
    fig, grid = plot(9.6, 4.3, 2, 5)
    for (left, *heads), face, by_head in zip(grid, rows, p[:, :, query]):
        image = names["x"][face]
        picture(left, image, names["data"].class_names[names["labels"][face]], image.min(),
                1.3 * image.max())          # white is left for the lines
        for edge in 5.5, 11.5, 17.5:
            left.axhline(edge, color="white", linewidth=1)
            left.axvline(edge, color="white", linewidth=1)
        frame(left, 6 * i - 0.5, 6 * j - 0.5, 6, 6, ORANGE, 3)
        for number, (axes, weight) in enumerate(zip(heads, by_head), 1):
            weight = weight.reshape(4, 4)
            table(axes, np.round(100 * weight), f"head {number}", 1.4 * weight, size=10)
            frame(axes, i, j, 1, 1, ORANGE, 2)
    return fig
