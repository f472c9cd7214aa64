"""Types of everything public: they are there, and mypy finds nothing against them."""

import importlib
import inspect
import subprocess
import sys

import pytest
from child import PACKAGE

import tinyfer

CORE = [f"tinyfer.core.{name}" for name in ("layers", "losses", "model", "networks", "optim",
                                            "gradcheck", "inference")]
METHODS = ("__init__", "forward", "backward", "output_shape", "step")       # that the course names
INSIDE = ("RelativeError",)


def signatures():
    """{name: signature} of all that tinyfer exports, with methods, and of classes of the core."""
    found = {name: getattr(tinyfer, name) for name in tinyfer.__all__}
    for module in map(importlib.import_module, CORE):
        found |= {name: thing for name, thing in vars(module).items() if inspect.isclass(thing)
                  and thing.__module__ == module.__name__ and name not in INSIDE}
    for name, thing in list(found.items()):
        if inspect.isclass(thing):
            found |= {f"{name}.{key}": method for key, method in vars(thing).items()
                      if inspect.isfunction(method) and (key in METHODS or key[0] != "_" and (
                          name in tinyfer.__all__))}
            del found[name]
    return {name: inspect.signature(thing) for name, thing in found.items()}


def test_all_that_is_public_has_types():
    found = signatures()
    assert set(tinyfer.__all__) <= {name.split(".")[0] for name in found} and len(found) > 45
    for name, signature in found.items():
        for key, parameter in signature.parameters.items():
            assert key == "self" or parameter.annotation is not parameter.empty, (name, key)
        if name.split(".")[0] in tinyfer.__all__:
            assert signature.return_annotation is not signature.empty, name
    assert (PACKAGE / "py.typed").is_file()


def test_mypy_finds_nothing(tmp_path):
    pytest.importorskip("mypy")
    modules = {*CORE, *(getattr(tinyfer, name).__module__ for name in tinyfer.__all__)}
    done = subprocess.run(
        [sys.executable, "-m", "mypy", "--ignore-missing-imports", "--follow-imports=silent",
         "--cache-dir", str(tmp_path), *(part for name in modules for part in ("-m", name))],
        cwd=PACKAGE.parent, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
