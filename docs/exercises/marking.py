"""Run the chapters' tests on a folder of answers: on a student's, on the solutions, on a mistake.

A folder holds mynet/ and chNN_*.py. What it lacks is the stub, cut from the solutions; the tests
are the course's own, whatever else the folder holds.
"""

import ast
import io
import json
import linecache
import re
import sys
import traceback
import warnings
from contextlib import contextmanager, redirect_stdout
from functools import lru_cache
from importlib import import_module
from importlib.machinery import ModuleSpec
from pathlib import Path
from types import ModuleType
from typing import NamedTuple

import checker
from checker import WrongArray
from stubs import stub_of

HERE = Path(__file__).resolve().parent
SOLUTIONS = HERE.parent / "solutions"
CHAPTERS = sorted([*HERE.glob("ch[0-9][0-9]_*.py"), HERE / "capstone.py"], key=lambda path: (
    path.stem if path.stem != "capstone" else "ch14"))      # after 13, where its last piece is
PIECES = sorted(path.stem for path in (SOLUTIONS / "mynet").glob("[a-z]*.py"))
HINTS = json.loads((HERE / "hints.json").read_text(encoding="utf-8"))
MISTAKES = json.loads((SOLUTIONS / "mistakes.json").read_text(encoding="utf-8"))
SOURCES = sorted(path.relative_to(SOLUTIONS) for path in SOLUTIONS.rglob("*.py"))


class Outcome(NamedTuple):
    test: str
    result: str         # "passed", "wrong", "unwritten"
    message: str
    mistake: str        # which known mistake, "" if none


@lru_cache(maxsize=None)
def functions_of(path):
    return {node.name: node for node in ast.parse(path.read_text(encoding="utf-8")).body
            if isinstance(node, (ast.FunctionDef, ast.ClassDef))}


def tests(path):
    """Names of a file's tests, in their order; before them that of the numbers worked out by hand,
    for a chapter of which answers.json has some.
    """
    own = [name for name in functions_of(path) if name.startswith("test_")]
    return ["test_by_hand"] * (path.stem[5:] in checker.ANSWERS) + own


def hints(path, test):
    """The three hints of a test."""
    return HINTS[f"{path.stem}.{test}"]


def asks_of(path, test):
    """Names of the answers and of the classes of mynet that a test uses, itself or by a helper, or
    is named for.
    """
    todo, seen = [test, test.removeprefix("test_")], set()
    while todo:
        name = todo.pop()
        if name not in seen:
            seen.add(name)
            if name in functions_of(path):
                todo += [node.id for node in ast.walk(functions_of(path)[name])
                         if isinstance(node, ast.Name)]
    return seen


# Whose work it is

def owner(path):
    """The course's is what still bears the marks of docs/solutions."""
    text = path.read_text(encoding="utf-8") if path.exists() else "raise NotImplementedError"
    if re.search("^ *raise NotImplementedError", text, re.M):
        return "not written"
    return "the course's" if stub_of(text) != text.rstrip() + "\n" else "yours"


def whose_in_words(folder):
    """One line: mynet: losses, dense yours; relu the course's; 10 of 13 pieces not written."""
    of = {piece: owner(folder / "mynet" / f"{piece}.py") for piece in PIECES}
    groups = [f"{', '.join(piece for piece in PIECES if of[piece] == who)} {who}"
              for who in ("yours", "the course's") if who in of.values()]
    missing = list(of.values()).count("not written")
    if missing:
        groups.append(f"{missing} of {len(PIECES)} pieces not written")
    return "mynet: " + "; ".join(groups)


# Running

@lru_cache(maxsize=None)
def compiled(path, text):
    return compile(text, str(path), "exec")


def fill(module, path, source, edit=None):
    """Run the stub of a file of docs/solutions and then, over it, the file that was written.

    edit: (old, new), a change to the text of the latter before it runs.
    """
    module.__file__ = str(path)
    exec(compiled(path, stub_of(source.read_text(encoding="utf-8"))), module.__dict__)
    if path.exists():
        text = path.read_text(encoding="utf-8")
        if edit:
            if text.count(edit[0]) != 1:
                raise ValueError(f"{edit[0]!r} stands {text.count(edit[0])} times in {path.name}")
            text = text.replace(*edit)
        linecache.cache[str(path)] = len(text), None, text.splitlines(keepends=True), str(path)
        exec(compiled(path, text), module.__dict__)


class Finder:
    """Finds `mynet.dense` and the like in one folder, and a chapter's `answers`."""

    def __init__(self, folder, chapter, edits):
        self.folder, self.chapter, self.edits = folder, chapter, dict(edits)

    def find_spec(self, name, path=None, target=None):
        if name == "mynet":
            return ModuleSpec(name, self, is_package=True)
        if name.startswith("mynet.") and name[6:] in PIECES or name == "answers":
            return ModuleSpec(name, self)

    def create_module(self, spec):
        return None

    def exec_module(self, module):
        if module.__name__ != "mynet":
            name = module.__name__.replace("answers", self.chapter).replace(".", "/")
            fill(module, self.folder / f"{name}.py", SOLUTIONS / f"{name}.py",
                 self.edits.get(Path(name).stem))


@contextmanager
def package(folder, chapter="", edits=()):
    """While it lasts, `mynet` and `answers` are those of `folder`, each with its edit."""
    def loaded():
        return [name for name in sys.modules if name.split(".")[0] in ("mynet", "answers")]

    kept = {name: sys.modules.pop(name) for name in loaded()}
    finder, before = Finder(folder, chapter, edits), sys.path[:]
    sys.meta_path.insert(0, finder)
    sys.path.insert(0, str(HERE))
    try:
        yield
    finally:
        for name in loaded():
            del sys.modules[name]
        sys.modules.update(kept)
        sys.meta_path.remove(finder)
        sys.path[:] = before


def outcomes(chapter, folder, edits=(), only=None, settings=()):
    """A chapter's tests on the answers of a folder: list of Outcome.

    edits: {piece or chapter stem: (old, new)}; only: names of tests, by default all; settings:
    {name in the chapter's file: value}, for shorter trials.
    """
    found = raised(chapter, folder, edits, tests(chapter) if only is None else only, settings)
    return [Outcome(name, *told(named(chapter, name, error))) for name, error in found.items()]


def raised(chapter, folder, edits, names, settings=()):
    """{test: what it raises, or None}"""
    with package(folder, chapter.stem, edits):
        course = ModuleType(f"course_{chapter.stem}")
        try:
            exec(compiled(chapter, chapter.read_text(encoding="utf-8")), course.__dict__)
        except (Exception, SystemExit) as error:    # whatever a student's file does when loaded
            return dict.fromkeys(names, error)
        course.test_by_hand = lambda: checker.by_hand(
            chapter.stem[5:], import_module("answers").by_hand())
        course.__dict__.update(settings)
        return {name: error_of(getattr(course, name)) for name in names}


def error_of(test):
    try:
        test()
    except (Exception, SystemExit) as error:        # a student's code may raise anything
        return error


def named(chapter, test, error):
    """The error, with its name where an edited solution makes the same wrong array."""
    if isinstance(error, WrongArray):
        for mistake, other in known(chapter, test):
            if isinstance(other, WrongArray) and error.is_like(other):
                return error.named(mistake)
    return error


@lru_cache(maxsize=None)
def known(chapter, test):
    """[(mistake, what the test raises of the solutions with that mistake), ...]"""
    return [(mistake, raised(chapter, SOLUTIONS, {(*piece, chapter.stem)[0]: (old, new)},
                             [test])[test])
            for *piece, old, new, mistake in MISTAKES.get(f"{chapter.stem}.{test}", ()) if mistake]


def told(error):
    """(result, message, mistake) of what a test raised, or did not."""
    if error is None:
        return "passed", "", ""
    if isinstance(error, NotImplementedError):
        return "unwritten", where(error.__traceback__), ""
    if isinstance(error, AssertionError):
        return "wrong", str(error), getattr(error, "mistake", None) or ""
    said = f"{type(error).__name__}: {error}"
    if not isinstance(error, SyntaxError):          # which says itself where it is
        frame = traceback.extract_tb(error.__traceback__)[-1]
        said += f" ({Path(frame.filename).name}, line {frame.lineno})"
    return "wrong", said, ""


def where(trace):
    """The stub that was met: "mynet/dense.py: Dense.forward"."""
    while trace.tb_next:
        trace = trace.tb_next
    path, frame = Path(trace.tb_frame.f_code.co_filename), trace.tb_frame
    owner = type(frame.f_locals["self"]).__name__ + "." if "self" in frame.f_locals else ""
    folder = "mynet/" if path.parent.name == "mynet" else ""
    return f"{folder}{path.name}: {owner}{frame.f_code.co_name}"


if __name__ == "__main__":      # for scripts/course/mark.py
    answers = Path(sys.argv[1]).resolve()
    with redirect_stdout(io.StringIO()), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        made = [[chapter.stem, *outcome] for chapter in CHAPTERS
                for outcome in outcomes(chapter, answers, only=[
                    test for test in tests(chapter)
                    if "--quick" not in sys.argv or "learns_drawn_faces" not in test])]
    print(json.dumps([[piece for piece in PIECES
                       if owner(answers / "mynet" / f"{piece}.py") == "the course's"], made]))
