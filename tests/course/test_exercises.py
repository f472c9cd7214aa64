"""The exercises: a stub fails, a solution passes, and a planted mistake is caught and named."""

import csv
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

ROOT = Path(__file__).resolve().parents[2]
sys.path.append(str(ROOT / "docs" / "exercises"))

import marking  # noqa: E402
import workspace  # noqa: E402
from stubs import stub_of  # noqa: E402

CHAPTERS = [path for path in marking.CHAPTERS if path.stem != "capstone"]


def each(paths):
    return pytest.mark.parametrize("path", paths, ids=lambda path: path.stem)


@each(CHAPTERS)
def test_solutions_pass(path):
    assert [o for o in marking.outcomes(path, marking.SOLUTIONS) if o.result != "passed"] == []


@each(marking.CHAPTERS)
def test_an_empty_workspace_is_unwritten(path, tmp_path):
    found = marking.outcomes(path, tmp_path)
    assert found and all(o.result == "unwritten" and o.message for o in found), found


@pytest.mark.parametrize("source", marking.SOURCES, ids=str)
def test_stubs_keep_no_answer(source):
    text = (marking.SOLUTIONS / source).read_text(encoding="utf-8")
    stub = stub_of(text)
    assert stub_of(stub) == stub and "# solution" not in stub and "# helper" not in stub
    asked = re.findall("^ +# solution$", text, re.M)
    assert stub.count("raise NotImplementedError\n") == len(asked)


def edited(key, *piece_old_new):
    """The outcome of "chapter.test" on the solutions with one edit, in a piece or in the chapter.
    """
    chapter, test = key.split(".")
    *piece, old, new = piece_old_new
    (found,) = marking.outcomes(marking.HERE / f"{chapter}.py", marking.SOLUTIONS,
                                {(*piece, chapter)[0]: (old, new)}, [test])
    return found


def numbered(rows):
    return [pytest.param(*row, id=f"{n}-{row[0]}") for n, row in enumerate(rows)]


@pytest.mark.filterwarnings("ignore")       # of overflows and divisions by zero: they are mistakes
@pytest.mark.parametrize("key, edit, mistake", numbered(
    (key, edit, mistake) for key, rows in marking.MISTAKES.items() for *edit, mistake in rows))
def test_a_mistake_is_named(key, edit, mistake):
    found = edited(key, *edit)
    assert found.result == "wrong" and mistake in found.message, found


# Right answers, written in another way: [chapter.test, (a piece,) what is replaced, by what].
RIGHT = json.loads((Path(__file__).parent / "right.json").read_text(encoding="utf-8"))


@pytest.mark.parametrize("key, edit", numbered((key, edit) for key, *edit in RIGHT))
def test_what_is_right_in_another_way_passes(key, edit):
    assert edited(key, *edit).result == "passed", edited(key, *edit)


@each(marking.CHAPTERS)
def test_every_test_has_three_hints_and_mistakes(path):
    for test in marking.tests(path):
        assert len(marking.hints(path, test)) == 3, test
        many = len(marking.MISTAKES.get(f"{path.stem}.{test}", ()))
        assert many >= 3 or path.stem == "capstone", test


def test_the_capstone_notices_a_mistake_in_each_piece():
    rows = [row for key, rows in marking.MISTAKES.items() if "capstone" in key for row in rows]
    assert {piece for piece, *_ in rows} == set(marking.PIECES)


# What a student sees

@pytest.fixture
def student(tmp_path, call):
    """A folder with a workspace, anna's, with some pieces in place and one of her own, wrong."""
    folder = tmp_path / "anna"
    assert call(lambda argv: workspace.main(argv=argv), "start", folder)[0] == 0
    for piece in "gradient_check", "relu", "network":
        assert call(lambda argv: workspace.main(folder / "course.py", argv), "take", piece)[0] == 0
    dense = (marking.SOLUTIONS / "mynet" / "dense.py").read_text(encoding="utf-8")
    dense = dense.replace("dout.sum(axis=0)", "dout.mean(axis=0)").replace("# solution", "")
    (folder / "mynet" / "dense.py").write_text(dense)
    return folder


@pytest.fixture
def order(student, call):
    return lambda *given: call(lambda argv: workspace.main(student / "course.py", argv), *given)


def test_a_check_names_the_mistake_and_whose_pieces_run(order):
    code, said, _ = order("check", "3")
    lines = said.splitlines()
    assert code == 1 and "right  dense_forward" in lines[1] and "WRONG  dense_backward" in lines[2]
    assert "db is wrong: this is the mean over the images" in said and "should be" in said
    assert "not written  silu  (ch03_layers.py: silu)" in said
    assert lines[-1] == ("ch03_layers: 3 of 9; mynet: dense yours; gradient_check, network, relu "
                         "the course's; 9 of 13 pieces not written")


def test_hints_come_in_steps_for_what_is_not_solved(order):
    for many in 1, 2, 3:
        _, said, _ = order("hint", "3", "-n", many)
        assert [sum(f"  {n} " in line for line in said.splitlines()) for n in (1, 2, 3)] == [
            6 if n <= many else 0 for n in (1, 2, 3)]
        assert "dense_forward" not in said


def test_next_goes_on_where_something_is_to_be_done(order, student):
    assert "01-seven-faces.md" in order("next")[1] and "check 1" in order("next")[1]
    assert "mynet/six_layer.py" in order("next", "capstone")[1]
    assert "capstone.py" not in order("next", "capstone")[1], "no file of a workspace"
    for source in marking.SOURCES:
        text = (marking.SOLUTIONS / source).read_text(encoding="utf-8")
        if not str(source).startswith("ch22"):
            (student / source).write_text(text)
    text = (marking.SOLUTIONS / "ch02_linear.py").read_text(encoding="utf-8")
    text = text.replace("return p * (", "raise NotImplementedError(")
    (student / "ch02_linear.py").write_text(text)
    assert "22-fewer-multiplications.md" in order("next")[1], "what is left for later is not next"
    assert "next --all" in order("next", "2")[1]
    assert "not written  softmax_backward" in order("next", "2", "--all")[1]
    assert re.search("ch21_speed +4 of  4\nch22_winograd +0 of  5\n", order("status")[1])


def test_what_one_wrote_is_not_overwritten(order, student, refused, tmp_path):
    said = refused(lambda argv: workspace.main(student / "course.py", argv), "take", "dense")
    assert "what you wrote" in said
    for folder in student, ROOT / "docs" / "mine":
        assert "folder" in refused(lambda argv: workspace.main(argv=argv), "start", folder)
    assert "22" in refused(lambda argv: workspace.main(student / "course.py", argv), "check", "99")


def test_a_folder_of_students_is_marked_by_one_command(student, tmp_path):
    (student / "ch01_faces.py").write_text("def by_hand():\n    print('x')\n    return 0.5,\n")
    for name, chapter, text in (("ben", "ch02_linear.py", "def by_hand(:"),
                                ("cara", "ch02_linear.py", "import sys\nsys.exit()\n"),
                                ("dan", "ch01_faces.py", "import os\nos._exit(0)\n")):
        (tmp_path / name / "mynet").mkdir(parents=True)
        (tmp_path / name / chapter).write_text(text)
    (tmp_path / "ben" / "mynet" / "relu.py").write_text("class ReLU")
    run = subprocess.run([sys.executable, "scripts/course/mark.py", str(tmp_path), "--quick",
                          "--csv", str(tmp_path / "marks.csv")], cwd=ROOT, capture_output=True,
                         text=True, env=os.environ | {"PYTHONPATH": str(ROOT)}, timeout=120)
    assert run.returncode == 0, run.stderr
    assert "ch01_faces by_hand: there are 1 numbers; expected 5" in run.stdout
    assert "the course's solution in place of: gradient_check, network, relu" in run.stdout
    assert "1 x this is the mean over the images" in run.stdout
    assert "ch02_linear softmax: SyntaxError" in run.stdout and "marking.py" not in run.stdout
    assert "ch03_layers relu: SyntaxError" in run.stdout
    assert "ch02_linear softmax: SystemExit" in run.stdout
    assert re.search("dan +their code ended the marking", run.stdout)
    rows = list(csv.reader(open(tmp_path / "marks.csv", encoding="utf-8")))
    assert len(rows) == 1 + 3 * (sum(len(marking.tests(path)) for path in marking.CHAPTERS) - 1)


# The capstone

def test_the_capstone_passes_and_shows_what_the_network_reads(capsys):
    found = marking.outcomes(marking.HERE / "capstone.py", marking.SOLUTIONS, settings={
        "FACES": 500, "EPOCHS": 4, "LEAST": 0.5})       # in full: 1500, 15 and 0.9
    assert [o for o in found if o.result != "passed"] == []
    said = capsys.readouterr().out
    score = float(re.match(r"Your network reads (\d+\.\d)% of 300 new faces", said)[1])
    table = np.array([row.split()[1:] for row in said.splitlines()[3:6]], dtype=int)
    assert table.sum() == 300 and abs(table.trace() / 3 - score) < 0.06
    assert len(re.findall(r"(?:happy|sad|surprise), \d+%", said)) == 10
