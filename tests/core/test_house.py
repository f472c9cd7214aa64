"""The order of the package: imports go as docs/map.md has it, and a plain import stays light."""

import ast
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import tinyfer
from tinyfer.commands import predict, train
from tinyfer.data import draw_faces

PACKAGE = Path(tinyfer.__file__).parent
MODULES = {".".join(file.relative_to(PACKAGE.parent).with_suffix("").parts): file
           for file in sorted(PACKAGE.rglob("*.py"))}

MAP = PACKAGE.parent / "docs" / "map.md"


def rows(folder):
    """What each part of a folder may import from it, by a table of docs/map.md."""
    row = rf"^\| \[(\w+)(?:/|\.py)\]\(\.\./{folder}/\w+(?:\.py)?\) \| [^|]+ \| ([\w ]*)\|$"
    found = re.findall(row, MAP.read_text(encoding="utf-8"), re.MULTILINE)
    return {part: set(imported.split()) for part, imported in found}


ROOMS, CORE = rows("tinyfer"), rows("tinyfer/core")
# Where the name of a package is not that of its module.
IMPORTED_AS = {"fonttools": "fontTools", "pillow": "PIL", "opencv-python-headless": "cv2"}


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


def found(prefix):
    """{part of a package: the other parts that it imports}, from the code."""
    parts = {}
    for module, file in MODULES.items():
        part = module.removeprefix(prefix).split(".")[0]
        if module.startswith(prefix) and part not in ("__init__", "__main__"):
            names = {name.removeprefix(prefix).split(".")[0] for name in imports(file)
                     if name.startswith(prefix)}
            parts.setdefault(part, set()).update(names - {part})
    return parts


def users_of(package):
    return {module for module, file in MODULES.items()
            if package in {name.split(".")[0] for name in imports(file)}}


@pytest.mark.parametrize("prefix, table", [("tinyfer.", ROOMS), ("tinyfer.core.", CORE)])
def test_imports_go_as_the_map_has_them(prefix, table):
    """No arrow but those of the map, all of them there, and every one goes upwards."""
    assert found(prefix) == table
    above = set()
    for part, imported in table.items():
        assert imported <= above, f"{part} is too high up"
        above.add(part)


def test_the_map_names_every_script():
    text = MAP.read_text(encoding="utf-8")
    for place in (PACKAGE.parent / "scripts").glob("*/*"):
        if place.suffix == ".py" or place.is_dir() and place.name != "__pycache__":
            assert f"../scripts/{place.relative_to(PACKAGE.parent / 'scripts').as_posix()})" in text


def test_who_imports_scripts_numba_and_matplotlib():
    """Nobody; the kernels of the network, and of pictures the four named here; the pictures."""
    others = {f"tinyfer.{name}" for name in ("data.affine", "data.camera", "photo.boxes",
                                             "photo.chain")}
    assert not users_of("scripts")
    assert {module for module in users_of("numba")
            if not module.startswith("tinyfer.core.kernels.")} <= others | {"tinyfer.core.kernels"}
    assert users_of("matplotlib") == {
        "tinyfer.scores.plots", "tinyfer.commands.saliency", "tinyfer.photo.marking"}


@pytest.mark.parametrize("module", [m for m in MODULES if m.startswith("tinyfer.core.")])
def test_the_core_needs_numpy_and_numba_only(module):
    assert foreign(MODULES[module]) <= {"numpy", "numba"}
    assert all(name.startswith(("tinyfer.core", "tinyfer.storage.arrays"))
               for name in imports(MODULES[module]) if name.startswith("tinyfer"))


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
    assert set().union(*map(foreign, MODULES.values())) - {"playwright"} == declared()


def test_scripts_import_declared_packages_only():
    scripts = sorted((PACKAGE.parent / "scripts").rglob("*.py"))
    own = {path.stem for folder in ("scripts/lab", "scripts/course", "docs/exercises")
           for path in (PACKAGE.parent / folder).iterdir()}
    own.add("MODULE")       # in the template of a training script: the module written beside it
    assert set().union(*map(foreign, scripts)) - own <= declared("bench", "browser", "docs")


def test_a_plain_import_is_light():
    """No plotting, no reference framework; and what the docstring promises is there."""
    code = ("import sys, tinyfer; print(*sys.modules); "
            "assert all(hasattr(tinyfer, name) for name in tinyfer.__all__)")
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True,
                            check=True).stdout.split()
    assert "tinyfer.core.layers" in loaded
    assert not {"matplotlib", "torch", "tensorflow", "keras", "onnxruntime"} & set(loaded)


def test_modules_say_what_they_are_and_tests_have_short_names():
    for module, file in MODULES.items():
        assert ast.get_docstring(ast.parse(file.read_text())), f"{module} has no docstring"
    for file in Path(__file__).parents[1].rglob("test_*.py"):
        for name in re.findall(r"^def (test_\w+)", file.read_text(encoding="utf-8"), re.MULTILINE):
            assert len(name) <= 60, f"{file.name}: {name}"


def files_of(call):
    """The files of the package in which a call executes a function."""
    found = set()

    def look(frame, event, argument):
        found.add(frame.f_code.co_filename)

    sys.setprofile(look)
    try:
        call()
    finally:
        sys.setprofile(None)
    return {str(Path(file).relative_to(PACKAGE)) for file in found if PACKAGE in Path(file).parents}


def test_how_many_files_the_ways_lead_through(tmp_path, monkeypatch):
    """From a photograph to its row, and from `tinyfer train` to its first step, beside the kernels:
    what docs/map.md says."""
    def stop(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr("tinyfer.commands.progress.Progress.step", stop)
    face = np.kron(draw_faces(4, seed=1).faces[3], np.ones((2, 2), np.uint8))
    Image.fromarray(np.pad(face, 60, constant_values=120)).save(tmp_path / "photo.png")
    photo, out = str(tmp_path / "photo.png"), str(tmp_path / "run")
    ways = {"photograph": lambda: tinyfer.read_photo(photo),
            "predict": lambda: predict.main([photo]),
            "train": lambda: train.main(["--drawn", "70", "--out", out])}
    counts = {way: len({file for file in files_of(call) if "kernels" not in file})
              for way, call in ways.items()}
    assert counts["photograph"] <= counts["predict"] <= 15 and counts["train"] <= 25, counts
    text = MAP.read_text(encoding="utf-8")
    assert all(f"leads through {n} files" in text for n in counts.values())


def test_readme_says_how_much_there_is_to_read():
    """The lines of the core, and of the whole package, to the hundred below; and its files."""
    readme = (PACKAGE.parent / "README.md").read_text(encoding="utf-8")
    lines = {module: len(file.read_text(encoding="utf-8").splitlines())
             for module, file in MODULES.items()}
    core = sum(n for module, n in lines.items() if module.startswith("tinyfer.core."))
    sentence = f"the network and its proof in {core // 100 * 100:,} lines, the whole package in " \
               f"{sum(lines.values()) // 100 * 100:,}"
    assert sentence in readme, f"README should say: {sentence}"
    listed = re.findall(r"\(tinyfer/core/([\w/]+)(?:\.py)?\)", readme)
    assert {name.split("/")[0] for name in listed} == CORE.keys()
    assert set(re.findall(r"\(tinyfer/(\w+)\)", readme)) == ROOMS.keys()


@pytest.mark.skipif(not shutil.which("sed"), reason="needs sed")
def test_a_release_gives_every_link_of_readme_an_address(tmp_path):
    root = PACKAGE.parent
    workflow = (root / ".github/workflows/release.yml").read_text(encoding="utf-8")
    command = next(line.strip() for line in workflow.splitlines() if "sed -i" in line)
    shutil.copy(root / "README.md", tmp_path)
    subprocess.run(["bash", "-c", command.replace("sed -i ", "sed -i.bak ")], check=True,
                   cwd=tmp_path, env=os.environ | {"ADDRESS": "https://host/name", "AT": "v1"})
    links = re.findall(r"\]\(([^)]*)\)", (tmp_path / "README.md").read_text("utf-8"))
    assert len(links) > 30 and all(link.startswith("https://host/name/") for link in links)
    assert "https://host/name/raw/v1/docs/figures/astronaut-marked.png" in links
