"""The order of the package, held: imports go one way, and a plain import stays light.

    kernels <- layers <- model, architectures <- training <- scripts
"""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import tinyfer

PACKAGE = Path(tinyfer.__file__).parent
MODULES = {".".join(file.relative_to(PACKAGE.parent).with_suffix("").parts): file
           for file in sorted(PACKAGE.rglob("*.py"))}

# What each part of the package may import from it; what is not listed may import everything.
ALLOWED = {
    "kernels": {"kernels"},
    "losses": set(),
    "metrics": set(),
    "gradcheck": set(),
    "optim": {"kernels"},
    "files": set(),
    "checkpoint": {"files"},
    "datasets": {"checkpoint", "datasets", "files"},
    "layers": {"kernels"},
    "inference": {"datasets", "layers", "losses"},
    "model": {"checkpoint", "inference"},
    "architectures": {"checkpoint", "layers", "model"},
}
NUMPY_ONLY = ALLOWED.keys() - {"kernels", "datasets"}      # of what is not in the standard library
THIRD_PARTY = {"numpy", "numba", "PIL", "matplotlib", "llvmlite"}


def imports(file):
    """Every module a file imports, wherever in it: full dotted names."""
    names = set()
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        if isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{file}: relative import"
            names |= {f"{node.module}.{alias.name}" for alias in node.names}
    return names


def parts_of_tinyfer(file):
    """The parts of this package that a file imports: {"layers", "kernels", ...}."""
    return {name.split(".")[1] for name in imports(file) if name.startswith("tinyfer.")}


def users_of(package):
    return {module for module, file in MODULES.items()
            if package in {name.split(".")[0] for name in imports(file)}}


def part(module):
    """"tinyfer.kernels.conv" -> "kernels"; "tinyfer.__init__" -> "__init__"."""
    return module.split(".")[1]


@pytest.mark.parametrize("module", [m for m in MODULES if part(m) in ALLOWED])
def test_imports_go_one_way(module):
    assert parts_of_tinyfer(MODULES[module]) <= ALLOWED[part(module)]


def test_the_list_names_what_there_is():
    assert ALLOWED.keys() <= {part(module) for module in MODULES}


def test_nothing_in_the_package_imports_the_scripts():
    assert users_of("scripts") == set()


def test_only_the_kernels_import_numba():
    assert {part(module) for module in users_of("numba")} == {"kernels"}
    assert {part(module) for module in users_of("llvmlite")} <= {"kernels"}


def test_only_the_pictures_import_matplotlib():
    assert users_of("matplotlib") == {"tinyfer.plots"}


@pytest.mark.parametrize("module", [m for m in MODULES if part(m) in NUMPY_ONLY])
def test_the_network_needs_numpy_only(module):
    assert {name.split(".")[0] for name in imports(MODULES[module])} & THIRD_PARTY <= {"numpy"}


def test_only_declared_packages_are_imported():
    known = sys.stdlib_module_names | THIRD_PARTY | {"tinyfer"}
    foreign = {(module, name) for module, file in MODULES.items() for name in imports(file)
               if name.split(".")[0] not in known}
    assert foreign == set()


def test_a_plain_import_is_light():
    """No plotting, no reference framework; and what the docstring promises is there."""
    code = ("import sys, tinyfer; print(*sys.modules); "
            "assert all(hasattr(tinyfer, name) for name in tinyfer.__all__)")
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True,
                            check=True).stdout.split()
    assert "tinyfer.layers" in loaded
    assert not {"matplotlib", "torch", "tensorflow", "keras", "onnxruntime"} & set(loaded)


def test_every_module_says_what_it_is():
    for module, file in MODULES.items():
        assert ast.get_docstring(ast.parse(file.read_text())), f"{module} has no docstring"
