"""How a kernel is compiled, and kept on disk so that only the first start has to do it.

`@kernel(...)` is numba's `@njit(...)` with a cache and with the care for threads and processes of
threads.py. numba's own cache knows a function's own file only: after an edit of simd.py it would go
on with what was compiled from the old one. It also reads what it finds, damaged or not, and refuses
to start where nothing can be written. Here a compiled kernel lies in a file

    <file>.<function>-<target>-<types of the arguments>.nbc

of the folder NUMBA_CACHE_DIR, or of __pycache__ beside the source, or else of the user's cache
folder. The target is the processor with its features and the versions at work. The file begins with
two checksums: of the source files that the kernel is made of, and of what follows. Whatever is
stale, foreign or damaged does not match, is compiled anew and overwritten. Where no folder can be
written, a kernel is compiled at every start, and nothing else changes.
"""

import os
import pickle
import re
import sys
from functools import lru_cache
from hashlib import sha256
from pathlib import Path

import numba
import numpy as np
from numba import config, njit

from tinyfer.core.kernels.threads import guarded

try:
    from numba.core.compiler import CompileResult
    from numba.core.serialize import dumps
except ImportError:     # another numba, which keeps its results in another way: do without
    CompileResult = None

HERE = Path(__file__).parent
IMPORT = re.compile(r"^from tinyfer\.core\.kernels(?:\.(\w+) import|\s+import (.+)$)", re.MULTILINE)
# Of all that numba can make parallel the kernels use loops over prange; to look for nothing else
# saves a sixth of the time to compile.
PRANGE_ONLY = {"prange": True} | dict.fromkeys(
    ("comprehension", "fusion", "inplace_binop", "numpy", "reduction", "setitem", "stencil"), False)
_caches = []


def kernel(**options):
    """Decorator: compile a function of arrays and numbers, with these options of numba's njit.

    Its arguments are given by position. The function itself stays at hand as `py_func`, and is all
    there is with NUMBA_DISABLE_JIT=1. A parallel kernel may be called by any thread.
    """
    def compiled_when_called(function):
        if config.DISABLE_JIT:
            plain = np.errstate(all="ignore")(function)     # compiled code does not warn either
            plain.py_func = function
            return plain
        parallel = PRANGE_ONLY if options.get("parallel") else False
        compiled = njit(**options | {"parallel": parallel})(function)
        if CompileResult is not None and hasattr(compiled, "_cache"):
            compiled._cache = _Cache(compiled, options)
        return guarded(compiled) if options.get("parallel") else compiled

    return compiled_when_called


def compiled():
    """True when the cache holds the kernels that take long to compile, those of simd.py, as of now.

    These are convolutions and matrix products, which every training needs.
    """
    return all(cache.filled() for cache in _caches if cache.takes_long)


@lru_cache(maxsize=None)
def _sources(file):
    """The files that a kernel's file is made of: itself and what it imports of this package."""
    found, new = set(), {file}
    while new:
        found |= new
        texts = [path.read_text(encoding="utf-8") for path in new]
        names = [name.strip() for text in texts for match in IMPORT.findall(text)
                 for name in (match[0] or match[1]).split(",")]
        new = {HERE / f"{name}.py" for name in names} - found
    return sorted(found)


def _checksum_of_sources(file):
    digest = sha256()
    for path in _sources(file):
        text = path.read_bytes()
        digest.update(f"{path.name} {len(text)} ".encode() + text)
    return digest.digest()


def _folders():
    """Where compiled kernels may lie; the first that can be written gets new ones."""
    unique = f"kernels-{sha256(os.fsencode(HERE)).hexdigest()[:16]}"
    if config.CACHE_DIR:
        return [Path(config.CACHE_DIR) / "tinyfer" / unique]
    folders = [HERE / "__pycache__"]
    try:
        home = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
        folders.append(Path(home) / "tinyfer" / unique)
    except RuntimeError:    # no home
        pass
    return folders


class _Cache:
    """What numba asks for a kernel's compiled versions, one for each signature, and gives them to.

    An error while reading or writing means one thing only: compile.
    """

    cache_path = None

    def __init__(self, compiled, options):
        function = compiled.py_func
        self.options = options
        file = Path(function.__code__.co_filename)
        self.name = f"{file.stem}.{function.__name__}"
        try:    # now, while the source is what has just been imported
            self.sources = _checksum_of_sources(file)
            self.takes_long = file.parent == HERE and HERE / "simd.py" in _sources(file)
            self.codegen = compiled.targetctx.codegen
        except (OSError, UnicodeError, AttributeError):     # in an archive, say, or another numba
            self.sources, self.takes_long = None, False
        _caches.append(self)

    def _target(self):
        versions = (sys.implementation.cache_tag, numba.__version__, np.__version__)
        about = (self.codegen().magic_tuple(), versions, config.BOUNDSCHECK, self.options)
        return sha256(repr(about).encode()).hexdigest()[:16]

    def _file_name(self, types):
        arguments = sha256(repr(types).encode()).hexdigest()[:16]
        return f"{self.name}-{self._target()}-{arguments}.nbc"

    def _checksums(self, types, content):
        return self.sources + sha256(repr(types).encode() + content).digest()

    def filled(self):
        """True when there is a version of these sources for this target."""
        pattern = f"{self.name}-{self._target()}-*.nbc"
        for folder in _folders():
            try:
                for path in folder.glob(pattern):
                    with open(path, "rb") as file:
                        if file.read(32) == self.sources:
                            return True
            except OSError:
                continue
        return False

    def load_overload(self, types, target_context):
        """The compiled version for these types of the arguments, or None."""
        if self.sources is None:
            return None
        target_context.refresh()        # before anything is rebuilt in it
        for folder in _folders():
            try:
                data = (folder / self._file_name(types)).read_bytes()
                if data[:64] == self._checksums(types, data[64:]):
                    return CompileResult._rebuild(target_context, *pickle.loads(data[64:]))
            except Exception:
                continue
        return None

    def save_overload(self, types, result):
        """Keep a compiled version in the first folder that takes it, if any does."""
        try:
            if self.sources is None or result.lifted or result.library.has_dynamic_globals:
                return
            content = dumps(result._reduce())
            data = self._checksums(types, content) + content
            name = self._file_name(types)
        except Exception:
            return
        for folder in _folders():
            part = folder / f"{name}.{os.getpid()}.part"
            try:
                folder.mkdir(parents=True, exist_ok=True)
                part.write_bytes(data)
                os.replace(part, folder / name)
                return
            except OSError:
                _remove(part)

    def enable(self):
        pass

    disable = flush = enable


def _remove(path):
    try:
        path.unlink(missing_ok=True)
    except OSError:     # the folder is not even there
        pass
