"""Write every chapter of the course as a notebook that opens in Jupyter or a hosted notebook.

    python scripts/course/notebooks.py --out ../course

The folder is a workspace of the course (workspace.py), one that is begun or a new one. A notebook
holds the page's text, its blocks of python as cells in their order with what they print, its
pictures, and its exercises: a cell of those that is run is kept in the workspace's files and is
checked. A block that needs FER-2013 or takes long stays text. The experiment of "Predict, then
run" shows no output before it is run, and then what was expected beside it.
"""

import ast
import base64
import json
import os
import re
import sys
from pathlib import Path

import chapters
import workspace

from tinyfer.commands import cli

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"
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
EXPECTED = '''# Write down what you expect, run this cell, and then the next.
expected = """
...
"""'''


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
            if "## Predict, then run\n" in waiting:
                yield code(EXPECTED)
                yield code(block["text"] + '\nprint("You expected:", expected)')
            else:
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
    """A cell for each piece of mynet and each exercise, as the workspace has it, kept and checked
    by its last line; at last that of the capstone, on the page that sets it.
    """
    def piece(name):
        text = (out / "mynet" / f"{name}.py").read_text(encoding="utf-8")
        return code(f'{text}\n\nanswer(In[-1], "mynet/{name}")')

    chapter = chapters.CHAPTERS[CHAPTERS.index(page)]
    stem = chapter.exercises.stem
    source = (out / f"{stem}.py").read_text(encoding="utf-8")
    nodes = ast.parse(source).body[1:]
    given = [ast.get_source_segment(source, node) for node in nodes
             if not isinstance(node, (ast.FunctionDef, ast.ClassDef))]
    yield code("\n".join(["from course import answer", *given]))
    yield from map(piece, chapter.pieces)
    exercises = {}              # number, or the name of what is given -> functions of it
    for node in nodes:
        if isinstance(node, (ast.FunctionDef, ast.ClassDef)):
            exercises.setdefault(workspace.exercise_of(node) or node.name, []).append(
                ast.get_source_segment(source, node))
    for functions in exercises.values():
        yield code("\n\n\n".join([*functions, f'answer(In[-1], "{stem}")']))
    if "`mynet/six_layer.py`" in page.read_text(encoding="utf-8"):
        yield piece("six_layer")


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
                        help="a workspace, or where to make one")
    return parser.parse_args(argv)


def run(options):
    out = options.out.resolve()
    if there := next(out.glob("[0-9][0-9]-*.ipynb"), None):
        raise ValueError(f"{there} exists, with what was written into it; choose another folder, "
                         "or remove it")
    if not (out / "course.py").exists():
        workspace.start(out)
    for page in CHAPTERS:
        made = json.dumps(notebook(page, out), ensure_ascii=False, indent=1)
        (out / f"{page.stem}.ipynb").write_text(made + "\n", encoding="utf-8")
    print(f"{len(CHAPTERS)} notebooks in {options.out}")


if __name__ == "__main__":
    sys.exit(cli.main(run, parse, sys.argv[1:]))
