"""Write every chapter of the course as a notebook that opens in Jupyter or a hosted notebook.

    python scripts/course/notebooks.py --out notebooks

The page's text, its blocks of python as cells in their order with what they print, its pictures
inside the file, and its exercises as cells at the end, with one that checks them. A block that
needs FER-2013 or takes long stays text. Writing them needs the standard library alone.
"""

import ast
import base64
import json
import os
import re
import sys
from pathlib import Path

import chapters

from tinyfer.commands import cli

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"
EXERCISES = DOCS / "exercises"
CHAPTERS = [chapter.page for chapter in chapters.CHAPTERS]
FENCE = re.compile(r"(?:<!-- (?P<remark>[^>]*?) -->\n+)?^```(?P<language>\w*)\n(?P<text>.*?)^```$"
                   r"(?:\n+^```text\n(?P<output>.*?)^```$)?", re.MULTILINE | re.DOTALL)
IMAGE = re.compile(r"!\[(?P<alt>[^\]]*)\]\((?P<path>[^)\s]+\.png)\)")
LINK = re.compile(r"(?<!!)\[(?P<text>[^\]]*)\]\((?P<target>[^)\s]+)\)")
BEGIN = """*This page is a notebook: its cells run from top to bottom in one session. They need
tinyfer, installed in the folder of the repository by*

```sh
pip install -e .
```"""
CHECK = """import marking

marking.check({chapter!r}, globals())"""


def lines(text):
    """A text as notebooks keep it: a list of lines with their ends."""
    return text.splitlines(keepends=True)


def code(text, output=""):
    shown = [{"output_type": "stream", "name": "stdout", "text": lines(output)}] if output else []
    return {"cell_type": "code", "execution_count": None, "metadata": {}, "outputs": shown,
            "source": lines(text.strip("\n"))}


def prose(text, page, out):
    """A cell of text: pictures go into it, links to chapters to their notebooks."""
    pictures = {}

    def attach(match):
        path = page.parent / match["path"]
        data = base64.b64encode(path.read_bytes()).decode()
        pictures[path.name] = {"image/png": data}
        return f"![{' '.join(match['alt'].split())}](attachment:{path.name})"

    def lead(match):
        target, mark, anchor = match["target"].partition("#")
        if target.startswith(("http", "mailto:")) or not target:
            return match[0]
        path = (page.parent / target).resolve()
        if path in CHAPTERS:
            return f"[{match['text']}]({path.stem}.ipynb{mark}{anchor})"
        return f"[{match['text']}]({Path(os.path.relpath(path, out)).as_posix()}{mark}{anchor})"

    text = LINK.sub(lead, IMAGE.sub(attach, text))
    cell = {"cell_type": "markdown", "metadata": {}, "source": lines(text.strip("\n"))}
    return cell | ({"attachments": pictures} if pictures else {})


def cells_of(page, out):
    """The cells of a page, up to its exercises, those, and the rest of it."""
    text = page.read_text(encoding="utf-8")
    waiting, end = "", 0            # text that has not become a cell yet
    for block in FENCE.finditer(text):
        waiting += text[end:block.start()]
        end = block.end()
        if block["language"] == "python" and not block["remark"]:
            if waiting.strip():
                yield prose(waiting, page, out)
            yield code(block["text"], block["output"] or "")
            waiting = ""
        elif block["language"] == "math":
            waiting += f"$$\n{block['text']}$$" + (
                f"\n\n```text\n{block['output']}```" if block["output"] else "")
        else:
            waiting += re.sub(r"^<!--.*?-->\n+", "", block[0])
    waiting += text[end:]
    before, mark, after = waiting.partition("## A mistake seen in real code")
    yield prose(before, page, out)
    yield from exercise_cells(page, out)
    yield prose(mark + after, page, out)


def exercise_cells(page, out):
    """The stubs of the chapter's exercises and of its pieces of mynet, and the check."""
    path = chapters.CHAPTERS[CHAPTERS.index(page)].exercises
    if not path:
        return
    source = path.read_text(encoding="utf-8")
    tree = ast.parse(source).body
    where = Path(os.path.relpath(EXERCISES, out)).as_posix()
    imports = [ast.unparse(node) for node in tree if isinstance(node, (ast.Import, ast.ImportFrom))]
    yield code("\n".join(["import sys", "", f"sys.path.insert(0, {where!r})", *imports]))
    pieces = re.findall(r"exercises/mynet/(\w+)\.py", page.read_text(encoding="utf-8"))
    for piece in [name for name in dict.fromkeys(pieces) if name != "six_layer"]:
        yield code(f"# mynet/{piece}.py: what is right here belongs into that file, for later\n"
                   + (EXERCISES / "mynet" / f"{piece}.py").read_text(encoding="utf-8"))
    for node in tree:
        if "raise NotImplementedError" in (text := ast.get_source_segment(source, node) or ""):
            yield code(text)
    yield code(CHECK.format(chapter=path.stem))


def notebook(page, out):
    """The page as a notebook of format 4.5: a dict for json."""
    cells = [prose(BEGIN, page, out), *cells_of(page, out)]
    for number, cell in enumerate(cells):
        cell["id"] = f"cell-{number}"
    return {"cells": cells, "nbformat": 4, "nbformat_minor": 5,
            "metadata": {"kernelspec": {"display_name": "Python 3", "language": "python",
                                        "name": "python3"},
                         "language_info": {"name": "python"}}}


def parse(argv):
    parser = cli.parser(__doc__.split("\n\n")[0])
    parser.add_argument("--out", type=Path, required=True, metavar="FOLDER",
                        help="where to write them; files that are there are not overwritten")
    return parser.parse_args(argv)


def run(options):
    options.out.mkdir(parents=True, exist_ok=True)
    out = options.out.resolve()
    for page in CHAPTERS:
        target = out / f"{page.stem}.ipynb"
        if target.exists():
            raise ValueError(f"{target} exists, with what was written into it; choose another "
                             "folder, or remove it")
    for page in CHAPTERS:
        made = json.dumps(notebook(page, out), ensure_ascii=False, indent=1)
        (out / f"{page.stem}.ipynb").write_text(made + "\n", encoding="utf-8")
    print(f"{len(CHAPTERS)} notebooks in {options.out}")


if __name__ == "__main__":
    sys.exit(cli.main(run, parse, sys.argv[1:]))
