"""Types of everything public in the core: they are there, and mypy finds nothing against them."""

import importlib
import inspect
import subprocess
import sys

import pytest
from child import PACKAGE

SURFACE = ["layers", "losses", "model", "networks", "optim", "gradcheck", "inference"]
INSIDE = {"walk", "checked_layers", "checked_names", "register", "RelativeError",
          "find_weights", "read_model"}


def public(module):
    """The functions, classes and methods that the course and README name."""
    for name, thing in vars(module).items():
        if name.startswith("_") or getattr(thing, "__module__", "") != module.__name__:
            continue
        if inspect.isclass(thing) and name not in INSIDE:
            yield from ((f"{name}.{key}", method) for key, method in vars(thing).items()
                        if inspect.isfunction(method) and key in (
                            "__init__", "forward", "backward", "step", "state", "load_state",
                            "save", "predict", "predict_proba", "parameters", "output_shape"))
        elif inspect.isfunction(thing) and name not in INSIDE and module.__name__.endswith(
                ("losses", "networks")) and inspect.signature(thing).parameters:
            yield name, thing


@pytest.mark.parametrize("name", SURFACE)
def test_every_argument_has_a_type(name):
    for called, thing in public(importlib.import_module(f"tinyfer.core.{name}")):
        for key, parameter in inspect.signature(thing).parameters.items():
            assert key == "self" or parameter.annotation is not parameter.empty, (called, key)
    assert (PACKAGE / "py.typed").is_file()


def test_mypy_finds_nothing(tmp_path):
    pytest.importorskip("mypy")
    modules = [part for name in SURFACE for part in ("-m", f"tinyfer.core.{name}")]
    done = subprocess.run(
        [sys.executable, "-m", "mypy", "--ignore-missing-imports", "--follow-imports=silent",
         "--cache-dir", str(tmp_path), *modules],
        cwd=PACKAGE.parent, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
