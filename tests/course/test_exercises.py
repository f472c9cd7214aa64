"""The exercises: a stub fails, a solution passes, and a planted mistake is caught and named."""

import csv
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
sys.path.append(str(ROOT / "docs" / "exercises"))

import marking  # noqa: E402
import planted_ch00_06 as first  # noqa: E402
import planted_ch07_11 as second  # noqa: E402
import planted_ch12_17 as third  # noqa: E402

PLANTED = first.PLANTED | second.PLANTED | third.PLANTED

CHAPTERS = [path for path in marking.CHAPTERS if path.stem != "capstone"]


def each(paths):
    return pytest.mark.parametrize("path", paths, ids=lambda path: path.stem)


def test_exercises_have_solutions():
    for path in [*CHAPTERS, *(marking.HERE / "mynet").glob("*.py")]:
        solution = marking.SOLUTIONS / path.relative_to(marking.HERE)
        assert not marking.stubs(solution) and set(marking.stubs(path)) <= marking.defined(solution)


@each(CHAPTERS)
def test_solutions_pass(path):
    assert [o for o in marking.outcomes(path, marking.SOLUTIONS) if o.result != "passed"] == []


@each(marking.CHAPTERS)
def test_a_stub_left_as_it_is_fails(path):
    found = marking.outcomes(path, marking.HERE)
    assert found and all(o.result == "unwritten" and o.message for o in found), found


def planted():
    for chapter, tests in PLANTED.items():
        for test, rows in tests.items():
            for number, row in enumerate(rows, 1):
                yield pytest.param(chapter, test, row, id=f"{chapter}-{test[5:]}-{number}")


@pytest.mark.filterwarnings("ignore")       # of overflows and divisions by zero: they are mistakes
@pytest.mark.parametrize("chapter, test, row", list(planted()))
def test_a_planted_mistake_is_named(chapter, test, row):
    *piece, old, new, said = row
    edit = {piece[0] if piece else chapter: (old, new)}
    path = marking.HERE / f"{chapter}.py"
    (found,) = marking.outcomes(path, marking.SOLUTIONS, edit, [test])
    assert found.result == "wrong" and said in found.message, found


@each(CHAPTERS)
def test_every_test_has_three_planted_mistakes(path):
    assert {test: len(rows) >= 3 for test, rows in PLANTED[path.stem].items()} == {
        test: True for test in marking.tests(path)}



# What a student sees

def report(*arguments):
    """What pytest says at a student's terminal (with CI set it would say more)."""
    environment = {name: value for name, value in os.environ.items() if name != "CI"}
    run = subprocess.run([sys.executable, "-m", "pytest", "-p", "no:cacheprovider", *arguments],
                         cwd=ROOT, capture_output=True, text=True, timeout=120,
                         env=environment | {"PYTHONPATH": str(ROOT)})
    return run.returncode, run.stdout.strip().splitlines()


def test_an_untouched_file_reports_in_ten_lines():
    code, lines = report("docs/exercises/ch03_layers.py")
    assert code == 1 and len(lines) <= 10, lines
    assert "mynet/dense.py: Dense.forward" in " ".join(lines)
    assert "12 of 13 pieces not written" in lines[-2] or "13 of 13" in lines[-2], lines


@pytest.fixture
def student(tmp_path):
    """A folder of exercises with some pieces written, one of them wrong."""
    folder = tmp_path / "anna" / "docs" / "exercises"
    shutil.copytree(marking.HERE, folder, ignore=shutil.ignore_patterns("__pycache__"))
    for piece in "gradient_check", "relu", "network":
        shutil.copy(marking.SOLUTIONS / "mynet" / f"{piece}.py", folder / "mynet")
    shutil.copytree(marking.SOLUTIONS, tmp_path / "anna" / "docs" / "solutions")
    dense = (marking.SOLUTIONS / "mynet" / "dense.py").read_text()
    (folder / "mynet" / "dense.py").write_text(dense.replace("dout.sum(axis=0)",
                                                             "dout.mean(axis=0)"))
    return folder


def test_hints_come_in_steps_and_owners_are_named(student):
    code, lines = report(f"{student / 'ch03_layers.py'}", "-k", "dense_backward or by_hand",
                         "--hint", "2")
    assert [sum(f"hint {n}:" in line for line in lines) for n in (1, 2, 3)] == [2, 2, 0], lines
    text = "\n".join(lines)
    assert "db is wrong: this is the mean over the images" in text and "should be" in text
    assert "mynet: dense yours; gradient_check, network, relu the course's; 9 of 13" in text


def test_a_folder_of_students_is_marked_by_one_command(student, tmp_path):
    (tmp_path / "ben" / "mynet").mkdir(parents=True)
    (tmp_path / "ben" / "ch02_linear.py").write_text("def by_hand(:")
    (tmp_path / "ben" / "mynet" / "relu.py").write_text("class ReLU")
    (student / "ch01_faces.py").write_text("def by_hand():\n    print('x')\n    return 0.5,\n")
    (tmp_path / "cara" / "mynet").mkdir(parents=True)
    (tmp_path / "cara" / "ch02_linear.py").write_text("import sys\nsys.exit()\n")
    (tmp_path / "dan" / "mynet").mkdir(parents=True)
    (tmp_path / "dan" / "ch01_faces.py").write_text("import os\nos._exit(0)\n")
    run = subprocess.run([sys.executable, "scripts/course/mark.py", str(tmp_path), "--quick", "--csv",
                          str(tmp_path / "marks.csv")], cwd=ROOT, capture_output=True, text=True,
                         env=os.environ | {"PYTHONPATH": str(ROOT)}, timeout=120)
    assert run.returncode == 0, run.stderr
    assert "ch01_faces by_hand: there are 1 numbers; expected 5" in run.stdout
    assert "the course's solution in place of: gradient_check, network, relu" in run.stdout
    assert "1 x this is the mean over the images" in run.stdout
    assert "ch02_linear softmax: SyntaxError" in run.stdout
    assert "ch03_layers relu: SyntaxError" in run.stdout
    assert "ch02_linear softmax: SystemExit" in run.stdout
    assert re.search("dan +their code ended the marking", run.stdout)
    rows = list(csv.reader(open(tmp_path / "marks.csv", encoding="utf-8")))
    assert len(rows) == 1 + 3 * (sum(len(marking.tests(path)) for path in marking.CHAPTERS) - 1)


@each(marking.CHAPTERS)
def test_every_test_has_three_hints(path):
    hints = json.loads((marking.HERE / "hints.json").read_text(encoding="utf-8"))
    of_topic = hints[path.stem.split("_", 1)[-1]]
    assert {test: len(of_topic.get(test, ())) for test in marking.tests(path)} == {
        test: 3 for test in marking.tests(path)}


# The capstone

CAPSTONE = marking.HERE / "capstone.py"
SHORT = {"FACES": 500, "EPOCHS": 4, "LEAST": 0.5}      # in full: 1500, 15 and 0.9


def test_the_capstone_passes_with_the_solutions():
    found = marking.outcomes(CAPSTONE, marking.SOLUTIONS, settings=SHORT)
    assert [o for o in found if o.result != "passed"] == []


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("piece", marking.PIECES)
def test_the_capstone_notices_a_spoilt(piece):
    old, new, part = third.SPOILT[piece]
    (test,) = [name for name in marking.tests(CAPSTONE) if part in name]
    (found,) = marking.outcomes(CAPSTONE, marking.SOLUTIONS, {piece: (old, new)}, [test])
    assert found.result == "wrong", found


@pytest.mark.parametrize("old, new, said", [
    ("{Conv: \"conv\", Dense: \"dense\", BatchNorm: \"bn\"}", "{Conv: \"conv\", Dense: \"dense\"}",
     "should be"),
    ("if isinstance(layer, BatchNorm):", "if False:", "running statistics"),
    ("count[type(layer)] += 1\n", "count[type(layer)] = 1\n", "")])
def test_wrongly_read_weights_are_named(old, new, said):
    (found,) = marking.outcomes(CAPSTONE, marking.SOLUTIONS, {"six_layer": (old, new)},
                                ["test_it_reads_the_packaged_weights"])
    assert found.result == "wrong" and said in found.message, found
