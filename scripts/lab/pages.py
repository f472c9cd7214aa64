"""Pages of docs/: text written by hand, around blocks that programs write.

A block stands between two comments, which a code host does not show:

    <!-- begin experiments -->
    ...
    <!-- end experiments -->

Only what is between them is replaced, so that no number of a run is ever typed.
"""

import re
from pathlib import Path

from tinyfer.storage.arrays import atomic_write


def rewrite(path, blocks, only_try=False):
    """Replace the blocks of a page: blocks is a dict of name -> text. only_try: write nothing.

    FileNotFoundError where there is no page; ValueError where it lacks one of the blocks.
    """
    path = Path(path)
    if not path.is_file():
        raise FileNotFoundError(f"there is no page {path} to write the tables into")
    text = path.read_text(encoding="utf-8")
    for name, content in blocks.items():
        begin, end = f"<!-- begin {name} -->", f"<!-- end {name} -->"
        pattern = re.compile(re.escape(begin) + ".*?" + re.escape(end), re.DOTALL)
        if not pattern.search(text):
            raise ValueError(f"{path} has no block between {begin!r} and {end!r}")
        replacement = f"{begin}\n{content}\n{end}"
        text = pattern.sub(lambda _: replacement, text, count=1)
    if not only_try:
        with atomic_write(path) as file:
            file.write(text.encode())


def table(head, rows):
    """A table in Markdown."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(str(cell) for cell in line) + " |" for line in lines)
