"""How a kernel is compiled, and kept on disk so that only the first start has to do it.

`@kernel(...)` is numba's `@njit(...)` with a cache and with the care for threads and processes of
threads.py. numba's own cache knows a function's own file only: after an edit of simd.py it would go
on with what was compiled from the old one. It also fails where a file is damaged or nothing can be
written. Here a compiled kernel lies in a folder

    kernels-<processor with its features, and versions>-<all files of this folder>/

of NUMBA_CACHE_DIR, or of __pycache__ beside the source, or else of the user's cache folder, and is
read only where `trusted` lets it. Whatever goes wrong with a file, the kernel is compiled anew;
where no folder can be written, it is compiled at every start, and nothing else changes.
"""

import os
import pickle
import shutil
import sys
from functools import lru_cache
from hashlib import sha256
from pathlib import Path

import numba
import numpy as np
from numba import config, njit

from tinyfer.core.kernels.threads import guarded
from tinyfer.storage.arrays import atomic_write, trusted, trusted_folder, user_folder

try:
    from numba.core.compiler import CompileResult
    from numba.core.registry import cpu_target
    from numba.core.serialize import dumps
except ImportError:     # another numba, which keeps its results in another way: do without
    CompileResult = None

HERE = Path(__file__).parent
# Of all that numba can make parallel the kernels use loops over prange; to look for nothing else
# saves a sixth of the time to compile.
PRANGE_ONLY = {"prange": True} | dict.fromkeys(
    ("comprehension", "fusion", "inplace_binop", "numpy", "reduction", "setitem", "stencil"), False)


def _digest(*parts):
    return sha256(repr(parts).encode()).hexdigest()[:16]


@lru_cache(maxsize=None)        # read once, while its files are what has just been imported
def _sources(folder):
    return _digest([(file.name, file.read_bytes()) for file in sorted(folder.glob("*.py"))])


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
        compiled = njit(**options | {"parallel": parallel, "no_cfunc_wrapper": True})(function)
        if CompileResult is not None and hasattr(compiled, "_cache"):
            compiled._cache = _Cache(function, options)
        return guarded(compiled) if options.get("parallel") else compiled

    return compiled_when_called


def helper(function):
    """Decorator: a function that kernels call, and nobody else: it gets no way in from Python."""
    return njit(error_model="numpy", no_cpython_wrapper=True, no_cfunc_wrapper=True)(function)


def compiled(what="backward"):
    """True when the cache holds the kernel that takes longest: that of a convolution's "forward",
    for a prediction, or "backward", for a training."""
    return bool(config.DISABLE_JIT) or any(
        trusted_folder(folder) and any(folder.glob(f"winograd._{what}-*.nbc"))
        for folder in _folders())


@lru_cache(maxsize=None)
def _folder_name():
    target = _digest(cpu_target.target_context.codegen().magic_tuple(), config.BOUNDSCHECK,
                     sys.implementation.cache_tag, numba.__version__, np.__version__)
    return f"kernels-{target}-{_sources(HERE)}"


def _folders():
    """Where compiled kernels may lie, and the mode of each folder; the first that can be written
    and trusted gets new ones."""
    if CompileResult is None or not HERE.is_dir():      # or in an archive
        return {}
    named = config.CACHE_DIR if os.path.isabs(config.CACHE_DIR or "") else HERE / "__pycache__"
    places = {Path(named): 0o755, user_folder(): 0o700}
    return {place / _folder_name(): mode for place, mode in places.items() if place}


def cache_folder():
    """Where compiled kernels are kept; None where they are not."""
    return next(iter(_folders()), None)


class _Cache:
    """What numba asks for a kernel's compiled versions, one for each signature, and gives them to.

    An error while reading or writing means one thing only: compile.
    """

    cache_path = None

    def __init__(self, function, options):
        self.name = f"{Path(function.__code__.co_filename).stem}.{function.__name__}"
        known = [each.py_func for each in function.__globals__.values() if hasattr(each, "py_func")]
        try:            # what it calls may lie outside this folder; or in no file, or an archive
            folders = {Path(each.__code__.co_filename).resolve(strict=True).parent
                       for each in (function, *known)}
            self.about = options, *sorted(map(_sources, folders))
        except OSError:
            self.about = None

    def load_overload(self, types, target_context):
        """The compiled version for these types of the arguments, or None."""
        target_context.refresh()        # before anything is rebuilt in it
        for folder in _folders():
            try:
                name = self._file_name(types)
                with open(folder / name, "rb", opener=trusted) as file:
                    checksum, content = file.read(32), file.read()
                if checksum == _checksum(name, content):
                    return CompileResult._rebuild(target_context, *pickle.loads(content))
            except Exception:
                continue
        return None

    def save_overload(self, types, result):
        """Keep a compiled version in the first folder that takes it, if any does."""
        try:
            if self.about is None or result.lifted or result.library.has_dynamic_globals:
                return
            name, content = self._file_name(types), dumps(result._reduce())
        except Exception:
            return
        for folder, mode in _folders().items():
            try:
                _remove_older(folder)
                if trusted_folder(folder, mode):
                    with atomic_write(folder / name, sync=False) as file:
                        file.write(_checksum(name, content) + content)
                    return
            except OSError:
                continue

    def _file_name(self, types):
        return f"{self.name}-{_digest(types, *self.about)}.nbc"

    def enable(self):
        pass

    disable = flush = enable


def _checksum(name, content):
    return sha256(name.encode() + content).digest()


def _remove_older(folder):
    """Before a folder is made: what was compiled from other sources for the same target."""
    if not folder.exists():
        for other in folder.parent.glob(folder.name.rpartition("-")[0] + "-*"):
            if trusted_folder(other):
                shutil.rmtree(other, ignore_errors=True)
