"""A folder of one's own for the exercises of the course: `start` makes it, the rest is done in it.

    python scripts/course/workspace.py start FOLDER     stubs of all exercises, and course.py
    cd FOLDER
    python course.py next               what to do next, and where to read; with --all also what
                                        the chapters mark later
    python course.py check 3            are the answers of chapter 3 right? check capstone, too
    python course.py hint 3             a hint for each that is not; with -n 2 and -n 3 more
    python course.py take dense         the course's own piece, to go on without writing it
    python course.py status             every chapter, and whose pieces run

It is a command of the clone, not of the installed package: what it needs stands in docs/, the
chapters, the tests, and the solutions that the stubs are cut from. FOLDER lies outside the clone,
so that nothing a student writes touches a file of the project.
"""

import ast
import re
import shutil
import sys
from pathlib import Path

import chapters

from tinyfer.commands import cli

ROOT = Path(__file__).resolve().parents[2]
sys.path.append(str(ROOT / "docs" / "exercises"))

import marking  # noqa: E402
from stubs import stub_of  # noqa: E402

DOOR = '''"""What the course can do for this folder: python course.py --help"""

import sys

sys.path.insert(0, {scripts!r})

import workspace  # noqa: E402

answer = workspace.answering(__file__)      # for notebooks

if __name__ == "__main__":
    sys.exit(workspace.main(__file__))
'''


def start(folder):
    """Write a workspace into a folder that is new or empty."""
    if ROOT in [folder.resolve(), *folder.resolve().parents]:
        raise ValueError(f"{folder} lies in the clone; choose a folder outside, such as ../course")
    if folder.exists() and any(folder.iterdir()):
        raise ValueError(f"{folder} is not empty; choose a new folder")
    for source in marking.SOURCES:
        (folder / source).parent.mkdir(parents=True, exist_ok=True)
        text = (marking.SOLUTIONS / source).read_text(encoding="utf-8")
        (folder / source).write_text(stub_of(text), encoding="utf-8")
    (folder / "course.py").write_text(DOOR.format(scripts=str(Path(__file__).resolve().parent)),
                                      encoding="utf-8")


NAMES = {path: path.stem[2:4].lstrip("0") if path.stem != "capstone" else path.stem
         for path in marking.CHAPTERS}      # {tests of a chapter: its name on the command line}


def exercise_of(node):
    """The number of the exercise that a function or class answers, or None."""
    said = re.match(r"Exercise (\d+)", ast.get_docstring(node) or "")
    return said and said[1]


def later(path):
    """The tests of the exercises that a chapter's page marks *later*."""
    numbers = [number for chapter in chapters.CHAPTERS if chapter.exercises == path
               for number in re.findall(r"^(\d+)\. \*[A-Z][^*]*, later\b",
                                        chapter.page.read_text(encoding="utf-8"), re.M)]
    answered = marking.functions_of(marking.SOLUTIONS / path.name) if numbers else {}
    answers = {name for name, node in answered.items() if exercise_of(node) in numbers}
    return {test for test in marking.tests(path) if answers & marking.asks_of(path, test)}


def to_do(path, found, everything=False):
    """The outcomes that are not right; those marked *later* only if everything is to be done."""
    left_out = set() if everything else later(path)
    return [outcome for outcome in found
            if outcome.result != "passed" and outcome.test not in left_out]


def outcomes(folder, name=None, everything=False):
    """(path, outcomes) of a chapter, by default of the first in which something is to be done."""
    paths = [path for path in marking.CHAPTERS if name in (None, NAMES[path])]
    if not paths:
        raise ValueError(f"there are exercises of {', '.join(NAMES.values())}; not of {name}")
    whole = marking.owner(folder / "mynet" / "six_layer.py")
    if name is None and whole == "yours":
        paths.remove(marking.HERE / "capstone.py")      # it trains; it is checked by name
    for path in paths:
        if path.stem == "capstone" and whole != "not written":
            print("Your network learns drawn faces: a minute or two.", flush=True)
        found = marking.outcomes(path, folder)
        if to_do(path, found, everything):
            break
    return path, found


def told(outcomes):
    """A line for each test, with what is wrong below it."""
    for test, result, message, _ in outcomes:
        sign = {"passed": "right", "wrong": "WRONG", "unwritten": "not written"}[result]
        yield f"{sign:>11}  {test[5:]}" + (f"  ({message})" if result == "unwritten" else "")
        if result == "wrong":
            yield from (f"{'':13}{line}" for line in message.splitlines())


def check(folder, name, full):
    """Print what the tests of a chapter say."""
    path, found = outcomes(folder, name)
    if full and path.stem == "capstone":
        found += marking.outcomes(path, folder, only=["full_five_steps_of_the_whole_network"])
    right = sum(outcome.result == "passed" for outcome in found)
    print("\n".join([*told(found), f"{path.stem}: {right} of {len(found)}; "
                                   + marking.whose_in_words(folder)]))
    return int(right < len(found))


def hint(folder, name, many):
    """Print hints for what is not solved yet."""
    path, found = outcomes(folder, name)
    for outcome in found:
        if outcome.result != "passed":
            print(outcome.test[5:])
            for n, text in enumerate(marking.hints(path, outcome.test)[:many], 1):
                print(f"  {n} {text}")


def following(folder, name, everything):
    """Print where to read, what to write and how to check it."""
    path, found = outcomes(folder, name, everything)
    todo = to_do(path, found, everything)[:1]
    page = {c.exercises: c.page for c in chapters.CHAPTERS}.get(path, marking.HERE / "README.md")
    name = NAMES[path]
    print("\n".join([f"read   {page}", *told(todo),
                     f"then   python course.py check {name}; stuck: python course.py hint {name}"])
          if todo else "Everything is solved." if everything else
          "Everything is solved that is not marked later; for that: python course.py next --all")


def status(folder):
    """Print how far every chapter is, without the capstone's training."""
    for path in marking.CHAPTERS:
        results = [outcome.result for outcome in marking.outcomes(path, folder, only=[
            test for test in marking.tests(path) if "learns_drawn_faces" not in test])]
        wrong = f"  {results.count('wrong')} wrong" if "wrong" in results else ""
        print(f"{path.stem:<20} {results.count('passed'):>2} of {len(results):>2}{wrong}")
    print(marking.whose_in_words(folder))


def take(folder, piece):
    """Put the course's solution of a piece in place."""
    if piece not in marking.PIECES:
        raise ValueError(f"there are the pieces {', '.join(marking.PIECES)}; no {piece}")
    target = folder / "mynet" / f"{piece}.py"
    if marking.owner(target) == "yours":
        raise ValueError(f"{target} holds what you wrote; move it away first")
    shutil.copy(marking.SOLUTIONS / "mynet" / target.name, target)


# From a notebook

def answering(door):
    """answer(In[-1], "ch03_layers"), in a cell of a notebook beside the door: keep and check it."""
    folder = Path(door).resolve().parent

    def answer(cell, name):
        stub = stub_of((marking.SOLUTIONS / f"{name}.py").read_text(encoding="utf-8"))
        as_given = {ast.unparse(node) for node in ast.parse(stub).body}
        nodes = [node for node in ast.parse(cell).body
                 if isinstance(node, (ast.FunctionDef, ast.ClassDef, ast.Import, ast.ImportFrom))]
        for node in nodes:
            if ast.unparse(node) not in as_given:       # a stub takes no answer away
                keep(folder / f"{name}.py", node, cell.splitlines()[slice(*span(node))])
        pieces = {f"mynet/{p}": c.exercises for c in chapters.CHAPTERS for p in c.pieces}
        pieces["mynet/six_layer"] = marking.HERE / "capstone.py"
        path = pieces.get(name, marking.HERE / f"{name}.py")
        names = {node.name for node in nodes if hasattr(node, "name")}
        only = [test for test in marking.tests(path)
                if path.stem == "capstone" or names & marking.asks_of(path, test)]
        print("\n".join(told(marking.outcomes(path, folder, only=only))))

    return answer


def span(node):
    """The first of its lines, from 0, with decorators, and the one after the last."""
    first = min([node.lineno, *(d.lineno for d in getattr(node, "decorator_list", ()))])
    return first - 1, node.end_lineno


def keep(path, node, source):
    """Write a function, class or import of a cell into a file, in the place of its namesake."""
    text = path.read_text(encoding="utf-8")
    lines, body = text.splitlines(), ast.parse(text).body
    if not hasattr(node, "name"):
        if source[0] not in lines:
            lines[body[0].end_lineno:body[0].end_lineno] = ["", *source]
    elif old := next((n for n in body if getattr(n, "name", None) == node.name), None):
        lines[slice(*span(old))] = source
    else:
        lines += ["", "", *source]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")


# The command

def parse(argv, inside):
    parser = cli.parser(__doc__.split("\n\n")[0])
    orders = parser.add_subparsers(dest="order", required=True, metavar="ORDER")
    if not inside:
        orders.add_parser("start", help="make a workspace").add_argument(
            "folder", type=Path, metavar="FOLDER", help="a new folder outside of the clone")
        return parser.parse_args(argv)
    made = {order: orders.add_parser(order, help=about) for order, about in {
        "next": "what to do next, and where to read", "check": "are the answers right?",
        "hint": "for each that is not", "take": "the course's own piece",
        "status": "every chapter, and whose pieces run"}.items()}
    for order in "next", "check", "hint":
        made[order].add_argument("name", nargs="?", metavar="CHAPTER", help="a number or capstone; "
                                 "by default the first that is not solved")
    made["next"].add_argument("--all", action="store_true", dest="everything",
                              help="what the chapters mark later, too; else it is passed over")
    made["check"].add_argument("--full", action="store_true",
                               help="the capstone with the six-layer network itself, too")
    made["hint"].add_argument("-n", dest="many", type=int, choices=(1, 2, 3), default=1,
                              help="how many hints of each")
    made["take"].add_argument("piece", metavar="PIECE", help="such as dense")
    return parser.parse_args(argv)


def main(door=None, argv=None):
    """The command of the clone or, from a workspace's course.py, that of the workspace."""
    def run(options):
        given = vars(options)
        order = given.pop("order")
        if order == "start":
            start(options.folder)
            print(f"{options.folder} holds the stubs. Go on with\n\n    cd {options.folder}\n"
                  "    python course.py next")
            return 0
        orders = dict(check=check, hint=hint, status=status, take=take) | {"next": following}
        return orders[order](Path(door).resolve().parent, **given)

    return cli.main(run, lambda argv: parse(argv, door), sys.argv[1:] if argv is None else argv)


if __name__ == "__main__":
    sys.exit(main())
