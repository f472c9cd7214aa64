"""Run the chapters' tests on a folder of answers: on a student's, on the solutions, on a mistake.

A folder holds mynet/ and chNN_*.py, as docs/exercises does. Its functions are put in the place of
the stubs, and the tests are always the course's own: a test that was edited proves nothing.
"""

import ast
import io
import json
import sys
import traceback
import warnings
from contextlib import contextmanager, redirect_stdout
from functools import lru_cache
from importlib.machinery import ModuleSpec
from pathlib import Path
from types import ModuleType
from typing import NamedTuple

HERE = Path(__file__).resolve().parent
SOLUTIONS = HERE.parent / "solutions"
CHAPTERS = sorted(HERE.glob("ch[0-9][0-9]_*.py")) + [HERE / "capstone.py"]
PIECES = sorted(path.stem for path in (HERE / "mynet").glob("[a-z]*.py"))


class Outcome(NamedTuple):
    test: str
    result: str         # "passed", "wrong", "unwritten"
    message: str = ""
    mistake: str = ""   # which known mistake, "" if none


@lru_cache(maxsize=None)
def body_of(path):
    return ast.parse(path.read_text(encoding="utf-8")).body


def stubs(path):
    """Names of the functions and classes of a file in which something is still to be written."""
    return [node.name for node in body_of(path)
            if isinstance(node, (ast.FunctionDef, ast.ClassDef))
            and any(isinstance(part, ast.Raise) and ast.unparse(part) == "raise NotImplementedError"
                    for part in ast.walk(node))]


def defined(path):
    """Names of all functions and classes of a file."""
    return {node.name for node in body_of(path)
            if isinstance(node, (ast.FunctionDef, ast.ClassDef))}


def tests(path):
    """Names of a file's tests, in their order; those that take minutes, marked full, are left."""
    return [node.name for node in body_of(path)
            if isinstance(node, ast.FunctionDef) and node.name.startswith("test_")
            and not any("full" in ast.unparse(d) for d in node.decorator_list)]


def code_of(path):
    """What a file does, without docstrings and comments: to compare two files."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    documented = ast.Module, ast.FunctionDef, ast.ClassDef
    for node in ast.walk(tree):
        if isinstance(node, documented) and ast.get_docstring(node):
            node.body = node.body[1:]
    return ast.dump(tree)


def whose(folder):
    """{piece: "yours", "the course's" or "not written"} of a folder's mynet."""
    return {piece: owner(folder / "mynet" / f"{piece}.py") for piece in PIECES}


def owner(path):
    try:
        if not path.exists() or stubs(path):
            return "not written"
        same = code_of(path) == code_of(SOLUTIONS / "mynet" / path.name)
    except SyntaxError:
        return "yours"
    return "the course's" if same else "yours"


def whose_in_words(folder):
    """One line: mynet: losses, dense yours; relu the course's; convolution ... not written."""
    of = whose(folder)
    groups = [f"{', '.join(piece for piece in PIECES if of[piece] == who)} {who}"
              for who in ("yours", "the course's") if who in of.values()]
    missing = list(of.values()).count("not written")
    if missing:
        groups.append(f"{missing} of {len(PIECES)} pieces not written")
    return "mynet: " + "; ".join(groups)


@lru_cache(maxsize=None)
def compiled(path, text):
    return compile(text, str(path), "exec")


def module_of(path, name, edit=None):
    """The module of a file. edit: (old, new), a change to its text before it runs."""
    text = path.read_text(encoding="utf-8")
    if edit:
        if text.count(edit[0]) != 1:
            raise ValueError(f"{edit[0]!r} stands {text.count(edit[0])} times in {path.name}")
        text = text.replace(*edit)
    module = ModuleType(name)
    module.__file__ = str(path)
    sys.modules[name] = module
    exec(compiled(path, text), module.__dict__)
    return module


class Finder:
    """Finds `mynet.dense` and the like in one folder, each piece with its edit."""

    def __init__(self, folder, edits):
        self.folder, self.edits = folder / "mynet", dict(edits)

    def find_spec(self, name, path=None, target=None):
        if name == "mynet":
            return ModuleSpec(name, self, is_package=True)
        if name.startswith("mynet."):
            return ModuleSpec(name, self)

    def create_module(self, spec):
        return None

    def exec_module(self, module):
        if module.__name__ != "mynet":
            piece = module.__name__[6:]
            path = self.folder / f"{piece}.py"
            path = path if path.exists() else HERE / "mynet" / path.name        # a stub, then
            sys.modules[module.__name__] = module_of(path, module.__name__, self.edits.get(piece))


@contextmanager
def package(folder, edits=()):
    """While it lasts, `import mynet` means the pieces of `folder`, each with its edit."""
    def loaded():
        return [name for name in sys.modules if name.split(".")[0] == "mynet"]

    kept = {name: sys.modules.pop(name) for name in loaded()}
    finder, before = Finder(folder, edits), sys.path[:]
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
    with package(folder, edits):
        try:
            course = module_of(chapter, f"course_{chapter.stem}")
            course.__dict__.update(settings)
            answers = folder / chapter.name
            if answers.exists() and answers != chapter:
                mine = module_of(answers, f"answers_{chapter.stem}",
                                 dict(edits).get(chapter.stem))
                for name in stubs(chapter):
                    if hasattr(mine, name):
                        setattr(course, name, getattr(mine, name))
        except (Exception, SystemExit) as error:    # whatever a student's file does when loaded
            return [Outcome(name, *told(error)) for name in only or tests(chapter)]
        return [one(name, getattr(course, name)) for name in only or tests(chapter)]


def one(name, test):
    try:
        test()
    except (Exception, SystemExit) as error:        # a student's code may raise anything
        return Outcome(name, *told(error))
    return Outcome(name, "passed")


def told(error):
    """(result, message, mistake) of what a test raised."""
    if isinstance(error, NotImplementedError):
        return "unwritten", where(error.__traceback__), ""
    if isinstance(error, AssertionError):
        return "wrong", str(error), getattr(error, "mistake", None) or ""
    frame = traceback.extract_tb(error.__traceback__)[-1]
    return ("wrong", f"{type(error).__name__}: {error} ({Path(frame.filename).name}, "
                     f"line {frame.lineno})", "")


def where(trace):
    """The stub that was met: "mynet/dense.py: Dense.forward"."""
    while trace.tb_next:
        trace = trace.tb_next
    path, frame = Path(trace.tb_frame.f_code.co_filename), trace.tb_frame
    owner = type(frame.f_locals["self"]).__name__ + "." if "self" in frame.f_locals else ""
    folder = "mynet/" if path.parent.name == "mynet" else ""
    return f"{folder}{path.name}: {owner}{frame.f_code.co_name}"


def check(chapter, names):
    """In a notebook: a chapter's tests on what its cells define, and print what each says.

    names: globals() of the notebook. Pieces that are not written there are those of mynet/.
    """
    path = HERE / f"{chapter}.py"
    with package(HERE):
        course = module_of(path, f"course_{chapter}")
        modules = [course] + [module for name, module in sys.modules.items()
                              if name.startswith("mynet.")]
        for module in modules:
            for name, value in vars(module).items():
                if name in names and is_written(names[name]) and not is_written(value):
                    setattr(module, name, names[name])
        for test in tests(path):
            outcome = one(test, getattr(course, test))
            print(f"{outcome.test}: {outcome.result}"
                  + (f"\n  {outcome.message}" if outcome.message else ""))


def is_written(value):
    """False for a function, or a class with a method, that raises NotImplementedError."""
    parts = vars(value).values() if isinstance(value, type) else [value]
    return not any("NotImplementedError" in part.__code__.co_names
                   for part in parts if hasattr(part, "__code__"))


def mark(folder, quick=False):
    """All chapters on a folder of answers, for scripts/course/mark.py; what they print is left out."""
    with redirect_stdout(io.StringIO()), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return {chapter.stem: outcomes(chapter, folder, only=[
            test for test in tests(chapter) if not (quick and "learns_drawn_faces" in test)])
            for chapter in CHAPTERS}


if __name__ == "__main__":
    answers = Path(sys.argv[1]).resolve()
    print(json.dumps({"pieces": whose(answers), "chapters": mark(answers, "--quick" in sys.argv)}))
