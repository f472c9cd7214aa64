"""The cache of compiled kernels: nothing stale, foreign or damaged is ever used."""

import ast
import importlib
import os
import pickle
import shutil
import sys

import numpy as np
import pytest
from child import PACKAGE, python
from numba import prange

from tinyfer.core.kernels import compiling, direct, gemm, relu, simd, winograd
from tinyfer.core.kernels.compiling import kernel

KERNELS = sorted((PACKAGE / "core" / "kernels").glob("*.py"))


def times_seven(x):
    return 7 * x


def sums(x, out):
    for i in prange(x.shape[0]):
        out[i] = x[i].sum()


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """An empty cache."""
    monkeypatch.setattr(compiling, "_caches", [])
    monkeypatch.setattr(compiling, "_folders", lambda: [tmp_path])
    return tmp_path


def fresh():
    """times_seven as a new process would find it: nothing compiled in memory."""
    return kernel()(times_seven)


def hits(compiled):
    return sum(compiled.stats.cache_hits.values())


HITS = """
import numpy as np
from tinyfer.core.kernels import relu
relu.relu_forward(np.array([-1.0, 2.0]))
print(sum(relu._forward.compiled.stats.cache_hits.values()))
"""


def test_another_process_compiles_nothing(tmp_path):
    assert [python(HITS, NUMBA_CACHE_DIR=str(tmp_path)) for _ in range(2)] == ["0\n", "1\n"]


def test_a_second_look_compiles_nothing(folder):
    first, second = fresh(), fresh()
    assert first(6.0) == 42 and hits(first) == 0
    assert second(6.0) == 42 and hits(second) == 1
    assert second(6) == 42 and hits(second) == 1        # another type
    assert len(list(folder.iterdir())) == 2


def test_parallel_kernels_are_kept_too(folder):
    x = np.arange(12.0).reshape(3, 4)
    for expected in 0, 1:
        compiled, out = kernel(parallel=True)(sums), np.empty(3)
        compiled(x, out)
        assert out.tolist() == [6, 22, 38] and hits(compiled.compiled) == expected


def changed(data, rng):
    """The file of a kernel, damaged in one of the ways that disks and people have."""
    place = int(rng.integers(len(data)))
    flipped = bytes([data[place] ^ 1 << rng.integers(8)])
    yield "a flipped bit", data[:place] + flipped + data[place + 1:]
    yield "cut short", data[:place]
    yield "zeros at the end", data[:place] + bytes(len(data) - place)
    yield "something behind", data + b"\0"


def test_a_damaged_cache_is_compiled_again(folder):
    fresh()(6.0)
    path, = folder.iterdir()
    whole = path.read_bytes()
    rng = np.random.default_rng(0)
    compiled = fresh()
    signature = fresh()
    signature(6.0)
    types, = signature.signatures
    for _ in range(200):
        for how, data in changed(whole, rng):
            path.write_bytes(data)
            assert compiled._cache.load_overload(types, compiled.targetctx) is None, how
    for data in b"", pickle.dumps(print), pickle.dumps("0.1") + pickle.dumps((1, {})), whole[::-1]:
        path.write_bytes(data)
        compiled = fresh()
        assert compiled(6.0) == 42 and hits(compiled) == 0
        assert path.read_bytes()[:32] == whole[:32]
        assert fresh()(6.0) == 42
    path.unlink()
    path.mkdir()
    assert fresh()(6.0) == 42


def test_a_file_of_other_types_is_not_used(folder):
    """Were two files exchanged, the sum of whole numbers would be read as bits of a float."""
    compiled = fresh()
    compiled(6.0), compiled(6)
    one, two = folder.iterdir()
    data = one.read_bytes(), two.read_bytes()
    one.write_bytes(data[1]), two.write_bytes(data[0])
    compiled = fresh()
    assert compiled(6.0) == 42 and type(compiled(6)) is int and hits(compiled) == 0


@pytest.mark.parametrize("other", [("x86_64-unknown-linux-gnu", "haswell", "+avx2"),
                                   ("aarch64-apple-darwin", "apple-m1", "+neon")])
def test_each_target_has_its_own_files(folder, other):
    fresh()(6.0)
    compiled = fresh()
    codegen = compiled._cache.codegen()
    compiled._cache.codegen = lambda: codegen
    assert compiled._cache.filled()
    here, codegen = codegen.magic_tuple(), type("Other", (), {"magic_tuple": lambda self: other})()
    assert here != other and not compiled._cache.filled()
    assert compiled(6.0) == 42 and hits(compiled) == 0
    assert len(list(folder.iterdir())) == 2


def test_other_options_are_another_kernel(folder):
    fresh()(6.0)
    compiled = kernel(fastmath=True)(times_seven)
    assert compiled(6.0) == 42 and hits(compiled) == 0


def test_a_place_that_takes_nothing_costs_time_only(tmp_path, monkeypatch):
    file = tmp_path / "file"
    file.touch()
    monkeypatch.setattr(compiling, "_caches", [])
    monkeypatch.setattr(compiling, "_folders", lambda: [file, file / "below", tmp_path / "last"])
    assert fresh()(6.0) == 42
    compiled = fresh()
    assert compiled(6.0) == 42 and hits(compiled) == 1      # the first folder that takes it
    monkeypatch.setattr(compiling, "_folders", lambda: [file])
    compiled = fresh()
    assert compiled(6.0) == 42 and hits(compiled) == 0
    assert file.read_bytes() == b""
    monkeypatch.setattr(os, "replace", lambda *_: (_ for _ in ()).throw(OSError("disk full")))
    monkeypatch.setattr(compiling, "_folders", lambda: [tmp_path / "full"])
    assert fresh()(6.0) == 42
    assert list((tmp_path / "full").iterdir()) == []


def test_where_the_folders_are(monkeypatch, tmp_path):
    monkeypatch.setattr(compiling.config, "CACHE_DIR", "")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    beside, users = compiling._folders()
    assert beside == PACKAGE / "core" / "kernels" / "__pycache__" and users.is_relative_to(tmp_path)
    monkeypatch.delenv("XDG_CACHE_HOME")
    monkeypatch.setattr(compiling.Path, "home", lambda: (_ for _ in ()).throw(RuntimeError))
    assert compiling._folders() == [beside]
    monkeypatch.setattr(compiling.config, "CACHE_DIR", str(tmp_path / "named"))
    named, = compiling._folders()
    assert named.is_relative_to(tmp_path / "named")


# --- what a kernel is made of ------------------------------------------------------------------

def imported(file):
    """Files of tinyfer.core.kernels that a file imports, read as Python reads it."""
    names = set()
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.ImportFrom) and node.module == "tinyfer.core.kernels":
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module.startswith("tinyfer.core.kernels."):
            names.add(node.module.split(".")[3])
        elif isinstance(node, ast.Import):
            assert not any(alias.name.startswith("tinyfer") for alias in node.names), file
    return {file.with_name(f"{name}.py") for name in names}


@pytest.mark.parametrize("file", KERNELS, ids=lambda file: file.stem)
def test_the_sources_of_a_kernel_are_all_it_imports(file):
    sources = {file}
    while (more := sources | set().union(*map(imported, sources))) != sources:
        sources = more
    assert compiling._sources(file) == sorted(sources)


def test_an_edit_changes_the_checksum_of_its_users(tmp_path, monkeypatch):
    def checksums():
        compiling._sources.cache_clear()
        return {file.stem: compiling._checksum_of_sources(file) for file in tmp_path.glob("*.py")}

    shutil.copytree(PACKAGE / "core" / "kernels", tmp_path, dirs_exist_ok=True,
                    ignore=shutil.ignore_patterns("__pycache__"))
    monkeypatch.setattr(compiling, "HERE", tmp_path)
    users = {"simd": {"winograd", "direct", "gemm", "conv", "tiles", "simd"},
             "padding": {"winograd", "direct", "gemm", "conv", "padding"},
             "pooling": {"pooling"}}
    for name, expected in users.items():
        before = checksums()
        with open(tmp_path / f"{name}.py", "a") as file:
            file.write("\n")
        after = checksums()
        assert {stem for stem in after if after[stem] != before[stem]} == expected
    compiling._sources.cache_clear()


def test_an_edit_of_a_helper_recompiles_its_users(folder, tmp_path_factory, monkeypatch):
    """A helper in one file, a kernel in another, as simd.py and winograd.py are."""
    here = tmp_path_factory.mktemp("edited")
    monkeypatch.setattr(compiling, "HERE", here)
    monkeypatch.setattr("tinyfer.core.kernels.__path__", [*sys.modules["tinyfer.core.kernels"].__path__,
                                                     str(here)])
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    for name in "compiling", "threads":
        shutil.copy(PACKAGE / "core" / "kernels" / f"{name}.py", here)
    (here / "edited_user.py").write_text(
        "from tinyfer.core.kernels.compiling import kernel\nfrom tinyfer.core.kernels import edited_helper\n"
        "\n\n@kernel()\ndef answer(x):\n    return edited_helper.factor(x) * x\n")
    found = []
    for factor in 2, 2, 3:
        (here / "edited_helper.py").write_text(
            f"from numba import njit\n\n\n@njit\ndef factor(x):\n    return {factor}\n")
        compiling._sources.cache_clear()
        importlib.invalidate_caches()
        for name in "edited_helper", "edited_user":
            sys.modules.pop(f"tinyfer.core.kernels.{name}", None)
            vars(sys.modules["tinyfer.core.kernels"]).pop(name, None)
        answer = importlib.import_module("tinyfer.core.kernels.edited_user").answer
        found.append((answer(10.0), hits(answer)))
    assert found == [(20, 0), (20, 1), (30, 0)]
    compiling._sources.cache_clear()


def test_compiled_means_the_newest_source_of_all_that_take_long(folder, monkeypatch):
    quick, slow = kernel()(times_seven), kernel(parallel=True)(sums)
    assert compiling.compiled()
    monkeypatch.setattr(slow.compiled._cache, "takes_long", True)
    assert not compiling.compiled()
    slow(np.ones((2, 3)), np.empty(2))
    assert compiling.compiled() and hits(quick) == 0
    path, = folder.iterdir()
    path.write_bytes(b"older" + path.read_bytes()[5:])
    assert not compiling.compiled()


# --- in processes of their own -----------------------------------------------------------------

def test_the_real_kernels_have_this_cache():
    for launch in winograd._forward, direct._backward, gemm._matmul, relu._forward:
        cache = launch.compiled._cache
        assert cache.sources is not None and launch.py_func
        assert cache.takes_long == (launch is not relu._forward)


PRODUCT = """
import numpy as np
from tinyfer.core.kernels import simd
from tinyfer.core.kernels.gemm import matmul
a, b = np.random.default_rng(0).normal(size=(2, 70, 70))
assert np.abs(matmul(a, b) - a @ b).max() < 1e-12
print(simd.VECTOR_BYTES)
"""


def test_another_processor_gets_its_own_vectors():
    """NUMBA_CPU_NAME=generic, beside kernels of this machine in the same cache."""
    assert int(python(PRODUCT)) == simd.VECTOR_BYTES
    assert int(python(PRODUCT, NUMBA_CPU_NAME="generic")) == 16


RELU = """
import numpy as np
from tinyfer.core.kernels.compiling import compiled
from tinyfer.core.kernels.relu import relu_forward
print(relu_forward(np.array([-1.0, 2.0])), compiled())
"""


def test_it_starts_where_nothing_can_be_written(tmp_path):
    """A read-only install without a home: each folder of a cache would lie under a file."""
    package = tmp_path / "tinyfer"
    shutil.copytree(PACKAGE, package, ignore=shutil.ignore_patterns("__pycache__", "*.npz"))
    (package / "core" / "kernels" / "__pycache__").touch()
    nowhere = {"XDG_CACHE_HOME": str(package / "__init__.py"), "HOME": None,
               "PYTHONDONTWRITEBYTECODE": "1", "NUMBA_CACHE_DIR": None}
    before = sorted(tmp_path.rglob("*"))
    assert python(RELU, package, **nowhere) == "[0. 2.] False\n"
    assert sorted(tmp_path.rglob("*")) == before
