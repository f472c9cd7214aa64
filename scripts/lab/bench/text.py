"""Plain tables, and putting them into a page."""

from tinyfer.commands import pages


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


def fill(path, tables):
    """Put those of the tables {name: text} into the page at `path` that it has blocks for."""
    blocks = pages.blocks_of(path)
    pages.rewrite(path, {name: f"```text\n{content}\n```" for name, content in tables.items()
                         if name in blocks})
