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


def mark(student, options):
    """([piece of the course's, ...], [[chapter, test, result, message, mistake], ...]), or a string
    that says why there is none."""
    arguments = [sys.executable, str(MARKING), str(student)] + ["--quick"] * options.quick
    try:
        run = subprocess.run(arguments, capture_output=True, text=True, errors="replace",
                             timeout=60 * options.minutes,
                             env=os.environ | {"PYTHONPATH": str(ROOT)})
        return json.loads(run.stdout)
    except subprocess.TimeoutExpired:
        return f"stopped after {options.minutes} minutes"
    except ValueError:
        return f"their code ended the marking, or printed into it {run.stderr.strip()[-80:]}"


def row(tests):
    """Of each chapter the tests that pass, and in all."""
    every = Counter(chapter.split("_")[0] for chapter, *_ in tests)
    passed = Counter(chapter.split("_")[0] for chapter, _, result, *_ in tests
                     if result == "passed")
    cells = [f"{chapter} {passed[chapter]}/{count}" for chapter, count in every.items()]
    return "  ".join([f"all {passed.total()}/{len(tests)}", *cells])


def run(options):
    if not options.folder.is_dir():
        raise ValueError(f"{options.folder} is no folder")
    students = [path for path in sorted(options.folder.iterdir())
                if (path / "mynet").is_dir() or any(path.glob("ch[0-9][0-9]_*.py"))]
    if not students:
        raise ValueError(f"{options.folder} holds no folder with a mynet/ or chNN_*.py in it")
    rows = []
    for student in students:
        found = mark(student, options)
        if isinstance(found, str):
            print(f"{student.name}  {found}\n")
            continue
        taken, tests = found
        print(f"{student.name}  {row(tests)}")
        if taken:
            print(f"  the course's solution in place of: {', '.join(taken)}")
        for chapter, test, result, message, _ in tests:
            if result == "wrong":
                print(f"  {chapter} {test[5:]}: {message.splitlines()[0]}")
        print()
        rows += [[student.name, *test] for test in tests]
    print("known mistakes")
    for mistake, count in Counter(mistake for *_, mistake in rows if mistake).most_common():
        print(f"  {count} x {mistake}")
    if options.csv:
        with open(options.csv, "x", newline="", encoding="utf-8") as file:
            csv.writer(file).writerows(
                [["student", "chapter", "test", "result", "message", "mistake"], *rows])


if __name__ == "__main__":
    sys.exit(cli.main(run, parse, sys.argv[1:]))
