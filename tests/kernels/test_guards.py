"""No kernel reads or writes outside its arrays: each of them lies between two pages of no access.

Whatever a kernel is given, allocates or returns, through `memory.empty` or NumPy, is put against
the guard page behind it, or the one before it, and filled with NaN first. One step too far ends the
process; a number read before it was written shows in the result, which must have the bits of the
result in ordinary memory.
"""

import ctypes
import mmap
import sys
from contextlib import ExitStack, nullcontext
from itertools import product
from unittest import mock

import numpy as np
import pytest
from child import python

from tinyfer.core.kernels import (
    batchnorm,
    conv,
    direct,
    elementwise,
    gemm,
    padding,
    pooling,
    winograd,
)
from tinyfer.core.kernels.elementwise import adam_step
from tinyfer.core.kernels.threads import set_threads
from tinyfer.data import affine
from tinyfer.photo import boxes

MODULES = affine, batchnorm, boxes, direct, elementwise, gemm, padding, pooling, winograd


class Guarded:
    """NumPy with arrays between guard pages; `behind`: against the page behind them."""

    def __init__(self, behind):
        self.behind = behind
        self.protect = ctypes.CDLL(None, use_errno=True).mprotect
        self.protect.argtypes = ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int

    def __getattr__(self, name):
        return getattr(np, name)

    def empty(self, shape, dtype=np.float64):
        shape, dtype = tuple(np.atleast_1d(shape).tolist()), np.dtype(dtype)
        count = int(np.prod(shape))
        size, page = count * dtype.itemsize, mmap.PAGESIZE
        pages = mmap.mmap(-1, -(-size // page) * page + 2 * page)
        start = ctypes.addressof(ctypes.c_char.from_buffer(pages))
        for guard in start, start + len(pages) - page:
            assert self.protect(guard, page, 0) == 0
        offset = len(pages) - page - size if self.behind else page
        a = np.frombuffer(pages, dtype, count, offset).reshape(shape)
        a[...] = np.nan if dtype.kind == "f" else 7
        return a

    def zeros(self, shape, dtype=np.float64):
        a = self.empty(shape, dtype)
        a[...] = 0
        return a

    def copy_of(self, a):
        """a in guarded memory, in the order of axes that it has."""
        if a.ndim == 2 and not a.flags.c_contiguous:
            return self.copy_of(a.T).T
        copy = self.empty(a.shape, a.dtype)
        copy[...] = a
        return copy


def results(call, arrays):
    found = call(*arrays)
    return [a.tobytes() for a in (found if isinstance(found, tuple) else (found,))]


def sizes(rng, largest):
    """Rows of sizes: each dimension takes every size from 1 to 70 once, while the others stay at
    most `largest`."""
    for axis in range(len(largest)):
        for n in rng.permutation(70) + 1:
            row = [int(rng.integers(1, most + 1)) for most in largest]
            row[axis] = int(n)
            yield row


def calls(rng):
    """(what, function, arrays): every kernel, every size from 1 to 70 in every dimension."""
    def normal(*shape):
        return rng.standard_normal(shape).astype(dtype)

    for n, (N, H, W, C, K) in enumerate(sizes(rng, (2, 5, 5, 8, 8))):
        dtype = (np.float32, np.float64)[n % 2]
        H, W, what = H + 2, W + 2, (N, H + 2, W + 2, C, K)
        x, w, b = normal(N, H, W, C), normal(3, 3, C, K), normal(K)
        dout = normal(N, H - 2, W - 2, K)
        fused = bool(n // 2 % 2)
        yield ("convolution", *what), lambda *a: conv.conv2d_forward(*a, fused), (x, w, b)
        out = [normal(*dout.shape)] * fused
        yield ("convolution backward", *what), conv.conv2d_backward, (dout, x, w, *out)
        if n % 3 == 0:      # methods that conv would not choose for this shape
            m = 4 + n // 3 % 3
            yield ("Winograd", m, *what), lambda *a: winograd.forward(*a, True, m), (x, w, b)
            yield (("Winograd backward", m, *what), lambda *a: winograd.backward(*a, None, m),
                   (dout, x, w))
            yield ("direct backward", *what), direct.backward, (dout, x, w)
    for n, (N, H, W, h, w) in enumerate(sizes(rng, (2, 5, 5, 5, 5))):
        pictures = rng.random((N, H, W)) if n % 2 else rng.integers(0, 256, (N, H, W), np.uint8)
        yield (("affine", N, H, W, h, w), lambda *a: affine.affine(*a, (h, w), np.float64),
               (pictures, rng.normal(0, 2, (N, 2, 2)), rng.normal(0, 9, (N, 2)), np.ones(N),
                np.zeros(N), np.tile([0, h, 0, w], (N, 1))))
        yield ("boxes", h * w), lambda b: boxes.kept_boxes(b, 0.4), (rng.random((h * w, 4)),)
    for n, (N, H, W, C) in enumerate(sizes(rng, (2, 5, 5, 8))):
        dtype, what = (np.float32, np.float64)[n % 2], (N, H, W, C)
        x, C_values = normal(N, H, W, C), [normal(C) for _ in range(4)]
        yield ("statistics", *what), batchnorm.batchnorm_statistics, (x,)
        yield ("batch norm", *what), batchnorm.batchnorm_apply, (x, *C_values)
        yield (("batch norm backward", *what), lambda *a: batchnorm.batchnorm_backward(*a, True),
               (x + 1, x, *C_values[:3]))
        yield ("ReLU", *what), elementwise.relu_forward, (x,)
        yield ("ReLU backward", *what), elementwise.relu_backward, (x, x + 1)
        yield ("dropout", *what), lambda x: elementwise.dropout(x, 5, 0.3), (x,)
        yield (("Adam", *what), lambda *a: (adam_step(*a, 0.9, 0.999, 0.01, 1e-7), *a)[1:],
               (x, x + 1, x + 2, x**2))
        x, half = normal(N, H + 1, W + 1, C), normal(N, (H + 1) // 2, (W + 1) // 2, C)
        winner = rng.integers(0, 4, half.shape).astype(np.uint8)
        yield ("pool", *what), pooling.maxpool_forward, (x,)
        yield (("pool backward", *what), lambda *a: pooling.maxpool_backward(*a, x.shape),
               (half, winner))
    for n, (M, K, N) in enumerate(sizes(rng, (9, 9, 9))):
        dtype = (np.float32, np.float64)[n % 2]
        a = normal(K, M).T if n // 2 % 2 else normal(M, K)
        b = normal(N, K).T if n // 4 % 2 else normal(K, N)
        yield ("matmul", M, K, N), gemm.matmul, (a, b)


def walk_between_guards():
    """In a child: print each call before it is made. The two guards take turns."""
    guards = Guarded(behind=True), Guarded(behind=False)
    for n, (what, call, arrays) in enumerate(calls(np.random.default_rng(0))):
        print(*what, flush=True)
        set_threads(1 if n % 8 else None)
        expected = results(call, [a.copy(order="K") for a in arrays])   # compiles, if need be
        guard = guards[n % 2]
        inside = [guard.copy_of(a) for a in arrays]
        with ExitStack() as guarded:
            for module, (name, own) in product(MODULES, (("np", guard), ("empty", guard.empty))):
                if hasattr(module, name):
                    guarded.enter_context(mock.patch.object(module, name, own))
            assert results(call, inside) == expected, ("other bits", what)


def read_beyond(place):
    """In a child: what the guards are for. Ends it, or prints."""
    a = Guarded(behind=place >= 0).empty((70,), np.float32)
    print(ctypes.c_float.from_address(a.ctypes.data + 4 * place).value)


needs_mprotect = pytest.mark.skipif(sys.platform == "win32", reason="needs mmap and mprotect")


@needs_mprotect
def test_no_kernel_leaves_its_arrays():
    made = python("import test_guards; test_guards.walk_between_guards()", minutes=10)
    assert len(made.splitlines()) > 3500


@needs_mprotect
@pytest.mark.parametrize("place, ends", [(0, False), (69, False), (70, True), (-1, True)])
def test_one_step_too_far_ends_the_process(place, ends):
    with pytest.raises(AssertionError) if ends else nullcontext():
        python(f"import test_guards; test_guards.read_beyond({place})")
