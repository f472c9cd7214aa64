"""The notebooks: their form, their cells, and one of them run through a real kernel."""

import ast
import contextlib
import importlib.util
import io
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import matplotlib
import pytest

matplotlib.use("agg")
ROOT = Path(__file__).resolve().parents[2]
SHORT = "03-layers-and-the-chain-rule"      # a chapter whose cells take no time


def write(out):
    return subprocess.run([sys.executable, "scripts/course/notebooks.py", "--out", str(out)],
                          cwd=ROOT, capture_output=True, text=True, timeout=60)


@pytest.fixture(scope="module")
def notebooks(tmp_path_factory):
    """{name: notebook} and their folder."""
    out = tmp_path_factory.mktemp("course") / "notebooks"
    run = write(out)
    assert run.returncode == 0, run.stderr
    return {path.stem: json.loads(path.read_text(encoding="utf-8"))
            for path in out.glob("*.ipynb")}, out


def sources(notebook, kind):
    return ["".join(cell["source"]) for cell in notebook["cells"] if cell["cell_type"] == kind]


def test_there_is_one_for_each_chapter(notebooks):
    assert sorted(notebooks[0]) == sorted(p.stem for p in (ROOT / "docs").glob("[0-9][0-9]-*.md"))


def test_they_are_of_format_4_5(notebooks):
    for name, made in notebooks[0].items():
        assert (made["nbformat"], made["nbformat_minor"]) == (4, 5)
        ids = [cell["id"] for cell in made["cells"]]
        assert len(set(ids)) == len(ids) and all(re.fullmatch(r"[\w-]{1,64}", i) for i in ids)
        for cell in made["cells"]:
            assert cell["cell_type"] in ("code", "markdown") and cell["metadata"] == {}
            assert all(isinstance(line, str) for line in cell["source"])
            allowed = {"id", "cell_type", "metadata", "source"} | (
                {"outputs", "execution_count"} if cell["cell_type"] == "code" else {"attachments"})
            assert set(cell) <= allowed, name
            if cell["cell_type"] == "code":
                ast.parse("".join(cell["source"]))


def test_pictures_lie_inside_and_formulas_are_formulas(notebooks):
    for name, made in notebooks[0].items():
        page = (ROOT / "docs" / f"{name}.md").read_text(encoding="utf-8")
        attached = {picture for cell in made["cells"] for picture in cell.get("attachments", {})}
        assert attached == set(re.findall(r"\]\(figures/(\S+\.png)\)", page))
        text = "\n".join(sources(made, "markdown"))
        assert "](figures/" not in text and "```math" not in text
        assert text.count("\n$$\n") == 2 * page.count("```math"), name


def test_the_cells_are_the_blocks_of_the_page(notebooks):
    for name, made in notebooks[0].items():
        page = (ROOT / "docs" / f"{name}.md").read_text(encoding="utf-8")
        blocks = re.findall(r"(?<!-->\n)^```python\n(.*?)^```$", page, flags=re.M | re.S)
        cells = sources(made, "code")
        assert cells[:len(blocks)] == [block.strip("\n") for block in blocks], name
        for cell in cells[len(blocks) + 1:]:
            assert re.search(r'^answer\(In\[-1\], "(mynet/\w+|ch\d\d_\w+)"\)$', cell, re.M), cell


def test_links_lead_to_notebooks_and_files(notebooks):
    made, out = notebooks
    for name, notebook in made.items():
        prose = re.sub(r"```.*?```", "", "\n".join(sources(notebook, "markdown")), flags=re.S)
        for target in re.findall(r"(?<!!)\[[^\]]*\]\(([^)\s#]+)", prose):
            if not target.startswith(("http", "mailto:", "attachment:")):
                assert (out / target).exists(), f"{name}: {target}"


def test_what_is_there_is_not_overwritten(notebooks):
    run = write(notebooks[1])
    assert run.returncode == 2 and "exists" in run.stderr


def run_cells(notebook, folder):
    """All code cells in one namespace, by hand: (what is stored, what is printed) of each."""
    before, namespace = os.getcwd(), {"__name__": "__main__"}
    path, modules = sys.path[:], set(sys.modules)
    os.chdir(folder)
    sys.path.insert(0, "")
    try:
        for cell in notebook["cells"]:
            if cell["cell_type"] == "code":
                printed = io.StringIO()
                namespace["In"] = ["".join(cell["source"])]
                with contextlib.redirect_stdout(printed):
                    exec(namespace["In"][-1], namespace)
                yield "".join(line for o in cell["outputs"] for line in o["text"]), printed
    finally:
        os.chdir(before)
        sys.path[:] = path
        for name in set(sys.modules) - modules:
            if name.split(".")[0] in ("mynet", "course", "workspace"):
                del sys.modules[name]


def test_the_cells_print_what_they_show_and_check_exercises(notebooks):
    made, out = notebooks
    results = list(run_cells(made[SHORT], out))
    assert all(printed.getvalue() == stored for stored, printed in results if stored)
    said = [printed.getvalue() for _, printed in results]
    assert sum("not written" in text for text in said) == 8 and "right" not in "".join(said)


def test_answers_in_cells_are_kept_and_checked(tmp_path):
    assert write(tmp_path).returncode == 0
    made = json.loads((tmp_path / f"{SHORT}.ipynb").read_text(encoding="utf-8"))
    before = (tmp_path / "ch03_layers.py").read_text(encoding="utf-8")
    begin = next(cell for cell in made["cells"] if "from course" in "".join(cell["source"]))

    def said(*texts):
        cells = [{"cell_type": "code", "outputs": [], "source": [text]} for text in texts]
        ran = run_cells({"cells": [begin, *cells]}, tmp_path)
        return [printed.getvalue() for _, printed in ran]

    relu = (ROOT / "docs" / "solutions" / "mynet" / "relu.py").read_text(encoding="utf-8")
    silu = ("from math import e\n\ndef sigmoid(x):\n    return 1 / (1 + e ** -x)\n\n"
            "def silu(x):\n    return x * sigmoid(x)\n\nanswer(In[-1], 'ch03_layers')")
    stub = ('def silu(x):\n    """Exercise 3. out = x sigmoid(x), any shape."""\n'
            "    raise NotImplementedError\n\nanswer(In[-1], 'ch03_layers')")
    _, first, second, third = said(relu + "\n\nanswer(In[-1], 'mynet/relu')", silu, stub)
    assert "right  relu" in first and "not written  silu  (ch03_layers.py: silu_backward)" in second
    assert second == third, "a stub that is run takes away an answer"
    kept = (tmp_path / "ch03_layers.py").read_text(encoding="utf-8")
    assert "x * sigmoid(x)" in kept and kept.count("def silu(x)") == 1 and "import e" in kept
    assert kept.count("\ndef ") == before.count("\ndef ") + 1       # sigmoid
    later = said("from functools import cache\n\n@cache\ndef twice(n):\n    return 2 * n\n\n"
                 "def silu_backward(dout, x):\n    s = sigmoid(x)\n    return dout * (s + x * s * "
                 "(1 - s))\n\nanswer(In[-1], 'ch03_layers')")
    assert "right  silu" in later[1], "another session does not find what was kept"
    assert "@cache\ndef twice" in (tmp_path / "ch03_layers.py").read_text(encoding="utf-8")


@pytest.mark.skipif(not all(importlib.util.find_spec(name) for name in ("nbclient", "ipykernel")),
                    reason="Jupyter (nbclient and ipykernel) is not installed")
def test_one_runs_through_a_real_kernel(notebooks):
    import nbclient
    import nbformat

    made, out = notebooks
    for every in made.values():
        nbformat.validate(every)
    notebook = nbformat.reads(json.dumps(made[SHORT]), as_version=4)

    def printed():
        return ["".join(o["text"] for o in cell.outputs if o.output_type == "stream")
                for cell in notebook.cells if cell.cell_type == "code"]

    stored = printed()
    nbclient.NotebookClient(notebook, timeout=120, kernel_name="python3",
                            resources={"metadata": {"path": str(out)}}).execute()
    found = printed()
    assert [text for text, shown in zip(found, stored) if shown] == list(filter(None, stored))
    assert "not written" in found[-1]
