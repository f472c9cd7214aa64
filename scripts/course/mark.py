"""Mark a folder of students' exercises: which tests pass, and which known mistakes were made.

    python scripts/course/mark.py FOLDER --quick

FOLDER holds a workspace for each student, with mynet/ and chNN_*.py. The tests that run are the
course's own, whatever the students' files say; each student's code runs in a process of its own,
with a limit of time. It is their code: mark where it may run. docs/teaching.md says what to set.
"""

import csv
import json
import os
import subprocess
import sys
from collections import Counter
from pathlib import Path

from tinyfer.commands import cli

ROOT = Path(__file__).resolve().parents[2]
MARKING = ROOT / "docs" / "exercises" / "marking.py"


def parse(argv):
    parser = cli.parser(__doc__.split("\n\n")[0])
    parser.add_argument("folder", type=Path, help="with one folder for each student")
    parser.add_argument("--quick", action="store_true", help="without the capstone's training")
    parser.add_argument("--minutes", type=cli.at_least(1), default=10,
                        help="limit for each student (10)")
    parser.add_argument("--csv", type=Path, metavar="FILE", help="write a line for each test, too")
    options = parser.parse_args(argv)
    if options.csv and options.csv.exists():
        parser.error(f"{options.csv} exists and is not overwritten")
    return options


def is_workspace(folder):
    return (folder / "mynet").is_dir() or any(folder.glob("ch[0-9][0-9]_*.py"))


def mark(student, options):
    """{"pieces": {piece: whose}, "chapters": {chapter: [[test, result, message, mistake], ...]}}"""
    arguments = [sys.executable, str(MARKING), str(student)]
    try:
        run = subprocess.run(arguments + ["--quick"] * options.quick, capture_output=True,
                             text=True, errors="replace", timeout=60 * options.minutes,
                             env=os.environ | {"PYTHONPATH": str(ROOT)})
    except subprocess.TimeoutExpired:
        return f"stopped after {options.minutes} minutes"
    if run.returncode:
        return (run.stderr.strip().splitlines() or [f"exit code {run.returncode}"])[-1]
    try:
        return json.loads(run.stdout)
    except ValueError:
        return "their code ended the marking, or printed into it"


def passed(tests):
    return f"{sum(result == 'passed' for _, result, _, _ in tests)}/{len(tests)}"


def table(marks):
    """A row for each student: tests passed of each chapter, and in all."""
    width = max(map(len, ["student", *marks]))
    heads = next((found["chapters"] for found in marks.values() if isinstance(found, dict)), ())
    heads = [f"{chapter.split('_')[0]:>5}" for chapter in heads]
    yield f"{'student':<{width}}  {' '.join(heads)}    all"
    for name, found in marks.items():
        if isinstance(found, dict):
            tests = found["chapters"].values()
            cells = [passed(each).rjust(len(head)) for each, head in zip(tests, heads)]
            found = f"{' '.join(cells)}  {passed(sum(tests, []))}"
        yield f"{name:<{width}}  {found}"


def flat(marks):
    """[student, chapter, test, result, message, mistake] of every test."""
    return [[name, chapter, *test] for name, found in marks.items() if isinstance(found, dict)
            for chapter, tests in found["chapters"].items() for test in tests]


def told(marks):
    """What each student has to know: pieces of the course in use, and each wrong answer."""
    for name, found in marks.items():
        if isinstance(found, dict):
            yield f"\n{name}"
            taken = [piece for piece, whose in found["pieces"].items() if whose == "the course's"]
            if taken:
                yield f"  the course's solution in place of: {', '.join(taken)}"
            for _, chapter, test, result, message, _ in flat({name: found}):
                if result == "wrong":
                    yield f"  {chapter} {test[5:]}: {message.splitlines()[0]}"


def run(options):
    if not options.folder.is_dir():
        raise ValueError(f"{options.folder} is no folder")
    students = [path for path in sorted(options.folder.iterdir()) if path.is_dir()
                and is_workspace(path)]
    if not students:
        raise ValueError(f"{options.folder} holds no folder with a mynet/ or chNN_*.py in it")
    marks = {student.name: mark(student, options) for student in students}
    rows = flat(marks)
    made = Counter(mistake for *_, mistake in rows if mistake).most_common()
    print("\n".join([*table(marks), *told(marks), "\nknown mistakes",
                     *(f"  {n} x {mistake}" for mistake, n in made)]))
    if options.csv:
        with open(options.csv, "x", newline="", encoding="utf-8") as file:
            csv.writer(file).writerows(
                [["student", "chapter", "test", "result", "message", "mistake"], *rows])


if __name__ == "__main__":
    sys.exit(cli.main(run, parse, sys.argv[1:]))
