"""The cache of compiled kernels: nothing stale, foreign or damaged is ever used."""

import os
import pickle
import shutil

import numpy as np
import pytest
from child import PACKAGE, python
from numba import prange

from tinyfer.core.kernels import compiling
from tinyfer.core.kernels.compiling import kernel


def times_seven(x):
    return 7 * x


def sums(x, out):
    for i in prange(x.shape[0]):
        out[i] = x[i].sum()


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """An empty cache."""
    monkeypatch.setattr(compiling, "_folders", lambda: {tmp_path / "cache": 0o700})
    return tmp_path / "cache"


def fresh(**options):
    """times_seven as a new process would find it: nothing compiled in memory."""
    return kernel(**options)(times_seven)


def hits(compiled):
    return sum(compiled.stats.cache_hits.values())


def test_a_second_look_compiles_nothing(folder):
    first, second, other = fresh(), fresh(), fresh(fastmath=True)
    assert first(6.0) == 42 and hits(first) == 0
    assert second(6.0) == 42 and hits(second) == 1
    assert second(6) == 42 and hits(second) == 1        # another type
    assert other(6.0) == 42 and hits(other) == 0        # other options
    assert len(list(folder.iterdir())) == 3
    x = np.arange(12.0).reshape(3, 4)
    for expected in 0, 1:
        parallel, out = kernel(parallel=True)(sums), np.empty(3)
        parallel(x, out)
        assert out.tolist() == [6, 22, 38] and hits(parallel.compiled) == expected


def test_a_damaged_or_foreign_file_is_compiled_again(folder):
    fresh()(6.0)
    path, = folder.iterdir()
    whole, rng, compiled = path.read_bytes(), np.random.default_rng(0), fresh()
    compiled(6.0)
    types, = compiled.signatures
    assert compiled._cache.load_overload(types, compiled.targetctx)
    for place in rng.integers(len(whole), size=200):
        flipped = bytes([whole[place] ^ 1 << rng.integers(8)])
        for data in (whole[:place], whole + b"\0", whole[:place] + flipped + whole[place + 1:]):
            path.write_bytes(data)
            assert compiled._cache.load_overload(types, compiled.targetctx) is None
    content = pickle.dumps((print, "foreign"))
    for data in b"", content, compiling._checksum(path.name, content) + content:
        path.write_bytes(data)
        compiled = fresh()
        assert compiled(6.0) == 42 and hits(compiled) == 0
        assert path.read_bytes()[32:] and fresh()(6.0) == 42
    path.unlink()
    path.mkdir()
    assert fresh()(6.0) == 42


def test_a_place_that_takes_nothing_costs_time_only(tmp_path, monkeypatch):
    file, last = tmp_path / "file", tmp_path / "last"
    file.touch()
    monkeypatch.setattr(compiling, "_folders", lambda: {file: 0o700, file / "below": 0o700,
                                                        last: 0o700})
    for expected in 0, 1:
        compiled = fresh()
        assert compiled(6.0) == 42 and hits(compiled) == expected
    assert file.read_bytes() == b"" and last.stat().st_mode & 0o077 == 0
    monkeypatch.setattr(compiling, "_folders", lambda: {tmp_path / "full": 0o700})
    monkeypatch.setattr(os, "replace", lambda *_: (_ for _ in ()).throw(OSError("disk full")))
    assert fresh()(6.0) == 42 and list((tmp_path / "full").iterdir()) == []


def test_where_the_folders_are(monkeypatch, tmp_path):
    monkeypatch.setattr(compiling.config, "CACHE_DIR", "")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    beside, users = compiling._folders()
    assert beside.parent == PACKAGE / "core" / "kernels" / "__pycache__"
    assert users == tmp_path / "tinyfer" / beside.name
    monkeypatch.setattr(compiling.config, "CACHE_DIR", str(tmp_path / "named"))
    assert list(compiling._folders()) == [tmp_path / "named" / beside.name, users]
    monkeypatch.setattr(compiling.config, "CACHE_DIR", "relative")
    assert list(compiling._folders()) == [beside, users]


# In processes of their own

HITS = """
import numpy as np
from tinyfer.core.kernels import compiling
from tinyfer.core.kernels.padding import pad, _copy
print(pad(np.ones((1, 2)), (1, 4)), sum(_copy.compiled.stats.cache_hits.values()),
      compiling.compiled())
"""


def test_an_edit_of_a_helper_recompiles_its_users(tmp_path):
    """padding's kernel is compiled again after an edit of simd.py; the older code is removed."""
    package = shutil.copytree(PACKAGE, tmp_path / "tinyfer",
                              ignore=shutil.ignore_patterns("__pycache__", "*.npz"))
    cache = package / "core" / "kernels" / "__pycache__"
    for edit, expected in (("", "0 False"), ("", "1 False"), ("\n", "0 False")):
        before = list(cache.glob("kernels-*"))
        with open(package / "core" / "kernels" / "simd.py", "a") as file:
            file.write(edit)
        assert python(HITS, package, NUMBA_CACHE_DIR=None) == f"[[1. 1. 0. 0.]] {expected}\n"
    after, = cache.glob("kernels-*")
    assert [after] != before
    (after / "winograd._backward-1.nbc").touch()
    assert python(HITS, package, NUMBA_CACHE_DIR=None) == "[[1. 1. 0. 0.]] 1 True\n"
    assert python(HITS, package, NUMBA_CACHE_DIR=None, NUMBA_CPU_NAME="generic",
                  NUMBA_CPU_FEATURES="") == "[[1. 1. 0. 0.]] 0 False\n", "another processor"
