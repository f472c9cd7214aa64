"""The pool of large arrays: memory is used again, and never while somebody holds it."""

import sys
import threading

import numpy as np
import pytest
from child import python

from tinyfer.core.kernels import memory

pooled = pytest.mark.skipif(not memory.POOLED, reason="this interpreter does not count holders")


@pytest.fixture(autouse=True)
def pool(monkeypatch):
    """A pool of the test's own, with one free buffer."""
    monkeypatch.setattr(memory, "_buffers", [])
    monkeypatch.setattr(memory, "_lock", threading.Lock())
    large()
    return memory._buffers


def large(n=1 << 20):
    return memory.empty((n,), np.uint8)


def test_no_two_live_arrays_share_memory():
    """Random arrays, and views of arrays that are gone, must never overlap."""
    rng, alive = np.random.default_rng(0), []
    for _ in range(400):
        shape = tuple(rng.integers([1, 100, 300], [5, 200, 400]))
        array = memory.empty(shape, rng.choice([np.float32, np.float64, np.uint8]))
        assert array.flags.c_contiguous and array.shape == shape
        assert not any(np.may_share_memory(array, other) for other in alive)
        alive.append([array, array[0], array[:, ::2], array.reshape(-1)[5:], array.T,
                      np.asarray(memoryview(array))][rng.integers(6)])
        del array
        if len(alive) > rng.integers(2, 12):
            del alive[rng.integers(len(alive))]


@pooled
def test_memory_nobody_holds_is_used_again():
    first = large()
    address, view = first.ctypes.data, first[3:5].reshape(-1)
    del first
    assert large().ctypes.data != address and address % memory.ALIGNMENT == 0
    del view
    assert large().ctypes.data == address


def test_the_pool_is_bounded_and_of_large_arrays(monkeypatch):
    before = memory.held()
    arrays = [memory.empty((100, 100), np.float32) for _ in range(10)]
    assert memory.held() == before and memory.empty((0, 5), np.float32).shape == (0, 5)
    monkeypatch.setattr(memory, "LIMIT", 4 << 20)
    arrays += [large() for _ in range(9)]
    assert memory.held() <= memory.LIMIT
    del arrays
    large(3 << 20)
    assert memory.held() <= memory.LIMIT


@pooled
def test_who_finds_the_pool_in_use_does_not_wait(pool):
    """As after a fork amid an allocation, or in the garbage collection that one set off."""
    with memory._lock:
        array = large()
    assert array.shape == (1 << 20,) and not np.shares_memory(array, pool[0])
    with pytest.raises(ValueError):
        memory.empty((1 << 20, -1), np.uint8)
    assert memory._lock.acquire(blocking=False)     # given back after an error too


@pytest.mark.parametrize("holders", [
    lambda buffers, i: buffers.missing,                             # PyPy has no getrefcount
    lambda buffers, i: 2,                                           # whoever holds it
    lambda buffers, i: sys.getrefcount(buffers[i]) - 1,             # counts late
    lambda buffers, i: sys.getrefcount(buffers[i]) + 1,             # a debugger's reference
    lambda buffers, i: 2**32 - 1])                                  # "immortal"
def test_other_counts_of_references_are_recognised(monkeypatch, holders):
    monkeypatch.setattr(memory, "_holders", holders)
    assert not memory._counts_holders()
    monkeypatch.undo()
    monkeypatch.setattr(sys, "_is_gil_enabled", lambda: False, raising=False)
    assert not memory._counts_holders()


def test_an_interpreter_without_counts_imports_it():
    assert python("import sys, numpy as np, numba\ndel sys.getrefcount\n"
                  "from tinyfer.core.kernels import memory\n"
                  "a, b = (memory.empty((1 << 20,), np.uint8) for _ in range(2))\n"
                  "print(memory.POOLED, np.shares_memory(a, b))\n") == "False False\n"
