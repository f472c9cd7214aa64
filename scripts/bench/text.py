"""Plain tables, and putting them into a document."""

import re
from pathlib import Path

from tinyfer.files import atomic_write


def table(headings, rows, title):
    """A title and lines of columns, the first aligned left, the others right; None is empty."""
    rows = [["" if cell is None else str(cell) for cell in row] for row in [headings, *rows]]
    widths = [max(map(len, column)) for column in zip(*rows)]
    rows.insert(1, ["-" * width for width in widths])
    lines = []
    for first, *others in rows:
        cells = [first.ljust(widths[0])]
        cells += [cell.rjust(width) for cell, width in zip(others, widths[1:])]
        lines.append("  ".join(cells).rstrip())
    return f"{title}\n\n" + "\n".join(lines)


PLACE = re.compile(r"(<!-- numbers: (\w+)\b[^>]*-->\n).*?(<!-- end -->)", re.DOTALL)


def places(path):
    """Names of the tables that the document at `path` has places for; ValueError if there are none.

    A place is all that stands between the lines `<!-- numbers: NAME ... -->` and `<!-- end -->`.
    """
    names = [found[2] for found in PLACE.finditer(Path(path).read_text(encoding="utf-8"))]
    if not names:
        raise ValueError(f"{path} has no place for a table: expected a line <!-- numbers: NAME --> "
                         "and later <!-- end -->")
    return names


def fill(path, tables):
    """Put those of the tables {name: text} into the document at `path` that it has places for."""
    def put(found):
        start, name, end = found.groups()
        return f"{start}```text\n{tables[name]}\n```\n{end}" if name in tables else found[0]

    text = PLACE.sub(put, Path(path).read_text(encoding="utf-8"))
    with atomic_write(path) as file:
        file.write(text.encode())
