"""The order of the package: imports go as docs/map.md has it, and a plain import stays light."""

import ast
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

import tinyfer

PACKAGE = Path(tinyfer.__file__).parent
MODULES = {".".join(file.relative_to(PACKAGE.parent).with_suffix("").parts): file
           for file in sorted(PACKAGE.rglob("*.py"))}

MAP = PACKAGE.parent / "docs" / "map.md"


def rooms():
    """What each part of the package may import from it, by the tables of docs/map.md."""
    rows = re.findall(r"^\| \[(\w+)(?:/|\.py)\]\(\.\./tinyfer/\S+\) \| [^|]+ \| ([\w ]*)\|$",
                      MAP.read_text(encoding="utf-8"), re.MULTILINE)
    return {room: {room, *imported.split()} for room, imported in rows}


ALLOWED = rooms()
# Of what is not in the standard library, these need NumPy alone.
NUMPY_ONLY = {"checks", "files", "losses", "metrics", "binary", "gradcheck", "optim", "checkpoint",
              "layer", "layers", "inference", "model", "architectures", "training"}
# Where the name of a package is not that of its module.
IMPORTED_AS = {"pillow": "PIL", "opencv-python-headless": "cv2"}


def imports(file):
    """Every module a file imports, wherever in it: full dotted names."""
    names = set()
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
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


@pytest.mark.parametrize("module", [m for m in MODULES if part(m) != "__init__"])
def test_imports_go_as_the_map_has_them(module):
    assert parts_of_tinyfer(MODULES[module]) <= ALLOWED[part(module)]


def test_the_map_has_no_arrow_that_is_not_there():
    found = {room: {room} for room in ALLOWED}
    for module in MODULES.keys() - {"tinyfer.__init__"}:
        found[part(module)] |= parts_of_tinyfer(MODULES[module])
    assert found == ALLOWED


def test_the_map_reads_from_top_to_bottom():
    """Every room imports only what stands above it."""
    above = set()
    for room, imported in ALLOWED.items():
        assert imported - {room} <= above, f"{room} is too high up"
        above.add(room)


def test_the_map_names_what_there_is():
    assert ALLOWED.keys() == {part(module) for module in MODULES} - {"__init__"}
    text = MAP.read_text(encoding="utf-8")
    scripts = PACKAGE.parent / "scripts"
    for place in sorted(scripts.iterdir()):
        if place.name != "__pycache__":
            assert f"(../scripts/{place.name})" in text, f"docs/map.md does not name {place.name}"


def test_nothing_in_the_package_imports_the_scripts():
    assert users_of("scripts") == set()


def test_only_the_kernels_import_numba():
    assert {part(module) for module in users_of("numba")} == {"kernels"}


def test_what_is_private_to_numba_may_be_missing():
    """numba.core and numba.np change: every import from there is in a try that goes on without."""
    private, guarded = set(), set()
    for module in users_of("numba"):
        for node in ast.walk(ast.parse(MODULES[module].read_text())):
            if isinstance(node, ast.Try) and any(
                    "ImportError" in ast.unparse(handler) for handler in node.handlers):
                guarded |= {(module, line.lineno) for line in ast.walk(node)
                            if isinstance(line, (ast.Import, ast.ImportFrom))}
            if isinstance(node, (ast.Import, ast.ImportFrom)):
                names = [getattr(node, "module", None), *(alias.name for alias in node.names)]
                if any(str(name).startswith(("numba.core", "numba.np")) for name in names):
                    private.add((module, node.lineno))
    assert private and private <= guarded


def test_only_the_pictures_import_matplotlib():
    assert users_of("matplotlib") == {"tinyfer.plots"}


@pytest.mark.parametrize("module", [m for m in MODULES if part(m) in NUMPY_ONLY])
def test_the_network_needs_numpy_only(module):
    assert foreign(MODULES[module]) <= {"numpy"}


def foreign(file):
    """What a file imports that comes neither with Python nor from this package."""
    return {name.split(".")[0] for name in imports(file)} - sys.stdlib_module_names - {"tinyfer"}


def declared(*extras):
    """The modules of the packages that pyproject.toml names, with those of some extras."""
    tomllib = pytest.importorskip("tomllib", reason="Python 3.10 cannot read pyproject.toml")
    project = tomllib.loads((PACKAGE.parent / "pyproject.toml").read_text())["project"]
    names = project["dependencies"] + [name for extra in extras
                                       for name in project["optional-dependencies"][extra]]
    names = {re.match(r"[\w-]+", name)[0] for name in names}
    return {IMPORTED_AS.get(name, name) for name in names}


def test_the_declared_packages_are_those_imported():
    assert set().union(*map(foreign, MODULES.values())) == declared()


def test_scripts_import_declared_packages_only():
    scripts = sorted((PACKAGE.parent / "scripts").rglob("*.py"))
    own = {path.stem for folder in ("scripts", "docs/exercises")
           for path in (PACKAGE.parent / folder).iterdir()}
    own.add("MODULE")       # in the template of a training script: the module written beside it
    assert set().union(*map(foreign, scripts)) - own <= declared("bench", "browser")


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


def test_names_of_tests_can_be_read():
    for file in Path(__file__).parent.glob("test_*.py"):
        for name in re.findall(r"^def (test_\w+)", file.read_text(encoding="utf-8"), re.MULTILINE):
            assert len(name) <= 60, f"{file.name}: {name}"


PROOF = ("kernels", "checks", "layer", "layers", "fusion", "model", "losses", "optim", "gradcheck")


def test_readme_says_how_much_there_is_to_read():
    """The lines of the network and its proof, and of the whole package, to the hundred below."""
    readme = (PACKAGE.parent / "README.md").read_text(encoding="utf-8")
    lines = {module: len(file.read_text(encoding="utf-8").splitlines())
             for module, file in MODULES.items()}
    proof = sum(n for module, n in lines.items() if part(module) in PROOF)
    sentence = f"the network and its proof in {proof // 100 * 100:,} lines, the whole package in " \
               f"{sum(lines.values()) // 100 * 100:,}"
    assert sentence in readme, f"README should say: {sentence}"


def test_readme_names_every_room_in_reading_order():
    """Its table has every room of the map, and what it has the map has too."""
    readme = (PACKAGE.parent / "README.md").read_text(encoding="utf-8")
    table = readme.partition("## The code, in reading order")[2].partition("docs/map.md")[0]
    named = set(re.findall(r"\(tinyfer/(\w+)(?:\.py)?\)", table))
    assert named == set(ALLOWED)


def test_it_is_found_from_the_folder_above_a_clone(tmp_path):
    """There the clone's own folder, which is called tinyfer, must not be taken for the package: an
    editable install lies on the path as a folder, and a package there goes before such a one."""
    (tmp_path / "tinyfer").symlink_to(PACKAGE.parent)
    subprocess.run([sys.executable, "-c", "import tinyfer; tinyfer.six_layer_cnn"], cwd=tmp_path,
                   env=os.environ | {"PYTHONPATH": str(PACKAGE.parent)}, check=True)
    settings = (PACKAGE.parent / "pyproject.toml").read_text(encoding="utf-8")
    assert 'package-dir = {"" = "."}' in settings
