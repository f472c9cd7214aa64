"""The notebooks: their form, their cells, and what happens to the answers written in them."""

import ast
import contextlib
import io
import json
import os
import re
import sys
from pathlib import Path

import matplotlib
import pytest

matplotlib.use("agg")
ROOT = Path(__file__).resolve().parents[2]
sys.path.append(str(ROOT / "scripts" / "course"))

import marking  # noqa: E402
import notebooks  # noqa: E402

SHORT = "03-layers-and-the-chain-rule"      # a chapter whose cells take no time
BESIDE = '\n\nprint("You expected:", expected)'


def write(out):
    return notebooks.cli.main(notebooks.run, notebooks.parse, ["--out", str(out)])


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """(folder, {name: notebook})"""
    out = tmp_path_factory.mktemp("course") / "notebooks"
    assert write(out) == 0
    return out, {path.stem: json.loads(path.read_text(encoding="utf-8"))
                 for path in out.glob("*.ipynb")}


def sources(notebook, kind):
    return ["".join(cell["source"]) for cell in notebook["cells"] if cell["cell_type"] == kind]


def test_they_are_of_format_4_5(made):
    assert sorted(made[1]) == sorted(path.stem for path in (ROOT / "docs").glob("[0-9][0-9]-*.md"))
    for name, notebook in made[1].items():
        assert (notebook["nbformat"], notebook["nbformat_minor"]) == (4, 5)
        ids = [cell["id"] for cell in notebook["cells"]]
        assert len(set(ids)) == len(ids) and all(re.fullmatch(r"[\w-]{1,64}", i) for i in ids)
        for cell in notebook["cells"]:
            more = {"code": {"outputs", "execution_count"}, "markdown": {"attachments"}}
            assert set(cell) <= {"id", "cell_type", "metadata", "source"} | more[cell["cell_type"]]
            assert cell["metadata"] == {} and all(isinstance(line, str) for line in cell["source"])
            if cell["cell_type"] == "code":
                ast.parse("".join(cell["source"]))


def test_they_hold_the_pages_blocks_pictures_formulas_and_links(made):
    for name, notebook in made[1].items():
        page = (ROOT / "docs" / f"{name}.md").read_text(encoding="utf-8")
        pictures = {name for cell in notebook["cells"] for name in cell.get("attachments", ())}
        assert pictures == set(re.findall(r"\]\(figures/(\S+\.png)\)", page))
        text, cells = "\n".join(sources(notebook, "markdown")), sources(notebook, "code")
        assert "](figures/" not in text and "```math" not in text
        assert text.count("\n$$\n") == 2 * page.count("```math"), name
        blocks = re.findall(r"(?<!-->\n)^```python\n(.*?)^```$", page, flags=re.M | re.S)
        cells.remove(notebooks.EXPECTED)
        assert [cell.removesuffix(BESIDE) for cell in cells[:len(blocks)]] == [
            block.strip("\n") for block in blocks], name
        for cell in cells[len(blocks) + 1:]:
            assert re.search(r'^answer\(In\[-1\], "(mynet/\w+|ch\d\d_\w+)"\)$', cell, re.M), cell
        prose = re.sub(r"```.*?```", "", text, flags=re.S)
        for target in re.findall(r"(?<!!)\[[^\]]*\]\(([^)\s#]+)", prose):
            if not target.startswith(("http", "mailto:", "attachment:")):
                assert (made[0] / target).exists(), f"{name}: {target}"


def test_what_is_expected_is_asked_before_the_experiment(made):
    for name, notebook in made[1].items():
        texts = ["".join(cell["source"]) for cell in notebook["cells"]]
        place = texts.index(notebooks.EXPECTED)
        assert "## Predict, then run\n" in texts[place - 1], name
        assert texts[place + 1].endswith(BESIDE), name
        assert notebook["cells"][place + 1]["outputs"] == [], "it gives the outcome away"


def test_the_capstone_is_the_last_cell_of_its_chapter(made):
    last = {name: sources(notebook, "code")[-1] for name, notebook in made[1].items()}
    assert [name for name in last if "mynet/six_layer" in last[name]] == ["13-checkpoints"]
    (said,) = run_cells(["from course import answer\n\n" + last["13-checkpoints"]], made[0])
    assert said.count("not written") == len(marking.tests(marking.HERE / "capstone.py"))


def test_what_is_there_is_not_overwritten(made, capsys):
    assert write(made[0]) == 2 and "exists" in capsys.readouterr().err


def run_cells(cells, folder):
    """Code cells in one namespace, by hand: what each prints."""
    before, namespace = os.getcwd(), {"__name__": "__main__"}
    path, modules = sys.path[:], set(sys.modules)
    os.chdir(folder)
    sys.path.insert(0, "")
    try:
        for cell in cells:
            namespace["In"], printed = [cell], io.StringIO()
            with contextlib.redirect_stdout(printed):
                exec(cell, namespace)
            yield printed.getvalue()
    finally:
        os.chdir(before)
        sys.path[:] = path
        for name in set(sys.modules) - modules:
            if name.split(".")[0] in ("mynet", "course"):
                del sys.modules[name]


def test_the_cells_print_what_they_show_and_check_exercises(made):
    notebook = made[1][SHORT]
    said = list(run_cells(sources(notebook, "code"), made[0]))
    shown = ["".join(line for output in cell["outputs"] for line in output["text"])
             for cell in notebook["cells"] if cell["cell_type"] == "code"]
    assert [text for text, stored in zip(said, shown) if stored] == list(filter(None, shown))
    assert sum("not written" in text for text in said) == 8 and "right" not in "".join(said)
    (found,) = [text for text in said if text.endswith("You expected: \n...\n\n")]
    assert found.startswith("squares 4.5\nalpha 0.001: predicted  0.6886, found 0.6887")


def test_answers_in_cells_are_kept_and_checked(tmp_path):
    assert write(tmp_path) == 0
    notebook = json.loads((tmp_path / f"{SHORT}.ipynb").read_text(encoding="utf-8"))
    begin = next(cell for cell in sources(notebook, "code") if "from course" in cell)
    answers, name = tmp_path / "ch03_layers.py", "\n\nanswer(In[-1], 'ch03_layers')"
    before = answers.read_text(encoding="utf-8")
    relu = (ROOT / "docs" / "solutions" / "mynet" / "relu.py").read_text(encoding="utf-8")
    silu = ("from math import e\n\ndef sigmoid(x):\n    return 1 / (1 + e ** -x)\n\n"
            "def silu(x):\n    return x * sigmoid(x)")
    stub = 'def silu(x):\n    """Exercise 3. out = x sigmoid(x), any shape."""\n' \
           "    raise NotImplementedError"
    first, second, third = list(run_cells(
        [begin, relu + "\n\nanswer(In[-1], 'mynet/relu')", silu + name, stub + name], tmp_path))[1:]
    assert "right  relu" in first and "not written  silu  (ch03_layers.py: silu_backward)" in second
    assert second == third, "a stub that is run takes away an answer"
    kept = answers.read_text(encoding="utf-8")
    assert "x * sigmoid(x)" in kept and kept.count("def silu(x)") == 1 and "import e" in kept
    assert kept.count("\ndef ") == before.count("\ndef ") + 1       # sigmoid
    later = ("from functools import cache\n\n@cache\ndef twice(n):\n    return 2 * n\n\n"
             "def silu_backward(dout, x):\n    s = sigmoid(x)\n"
             "    return dout * (s + x * s * (1 - s))")
    said = list(run_cells([begin, later + name], tmp_path))
    assert "right  silu" in said[1], "another session does not find what was kept"
    assert "@cache\ndef twice" in answers.read_text(encoding="utf-8")
