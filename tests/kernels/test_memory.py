"""The pool of large arrays: memory is used again, and never while somebody holds it."""

import gc
import sys
import threading

import numpy as np
import pytest
from child import python

from tinyfer.core.kernels import memory

pooled = pytest.mark.skipif(not memory.POOLED, reason="this interpreter does not count holders")


@pytest.fixture(autouse=True)
def pool(monkeypatch):
    """A pool of the test's own, empty at first."""
    monkeypatch.setattr(memory, "_buffers", [])
    monkeypatch.setattr(memory, "_lock", threading.Lock())
    return memory._buffers


def span(array):
    """First and last address of an array, whatever its strides (none of them negative)."""
    start = array.__array_interface__["data"][0]
    reach = sum((n - 1) * stride for n, stride in zip(array.shape, array.strides))
    return start, start + reach + array.itemsize


def test_no_two_live_arrays_share_memory():
    """Random arrays, and views of arrays that are gone, must never overlap."""
    rng = np.random.default_rng(0)
    alive = []
    for _ in range(400):
        shape = tuple(rng.integers([1, 100, 300], [5, 200, 400]))
        array = memory.empty(shape, rng.choice([np.float32, np.float64, np.uint8]))
        assert array.flags.c_contiguous and array.shape == shape
        view = [array, array[0], array[:, ::2], array.reshape(-1)[5:], array.T,
                np.asarray(memoryview(array))][rng.integers(6)]
        alive.append(view)
        del array, view
        spans = sorted(span(a) for a in alive)
        for (_, end), (start, _) in zip(spans, spans[1:]):
            assert end <= start
        if len(alive) > rng.integers(2, 12):
            del alive[rng.integers(len(alive))]


@pooled
def test_memory_nobody_holds_is_used_again():
    first = memory.empty((512, 1024), np.float32)
    address = span(first)
    view = first[3:5].reshape(-1)
    del first
    other = memory.empty((512, 1024), np.float32)
    assert span(other)[1] <= address[0] or span(other)[0] >= address[1]
    del view
    assert span(memory.empty((512, 1024), np.float32)) == address
    assert address[0] % memory.ALIGNMENT == 0


def test_small_arrays_are_not_pooled():
    before = memory.held()
    arrays = [memory.empty((100, 100), np.float32) for _ in range(10)]
    assert memory.held() == before and len(arrays) == 10
    assert memory.empty((0, 5), np.float32).shape == (0, 5)


def test_the_pool_is_bounded(monkeypatch):
    monkeypatch.setattr(memory, "LIMIT", 4 << 20)
    arrays = [memory.empty((1 << 20,), np.uint8) for _ in range(9)]
    assert memory.held() <= memory.LIMIT
    del arrays
    memory.empty((3 << 20,), np.uint8)
    assert memory.held() <= memory.LIMIT


@pooled
def test_two_threads_never_find_the_same_buffer_free(monkeypatch):
    """Both are stopped where they have seen a buffer free and not yet taken it."""
    memory.empty((1 << 20,), np.uint8)
    both, count, got = threading.Barrier(2), memory._holders, []

    def holders(buffers, i):
        found = count(buffers, i)
        try:
            both.wait(timeout=0.5)
        except threading.BrokenBarrierError:    # the other one is not here, as it should be
            pass
        return found

    monkeypatch.setattr(memory, "_holders", holders)
    threads = [threading.Thread(target=lambda: got.append(memory.empty((1 << 20,), np.uint8)))
               for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(got) == 2 and not np.shares_memory(*got)


@pooled
def test_who_finds_the_pool_in_use_does_not_wait(pool):
    """As after a fork amid an allocation, or in the garbage collection that one set off."""
    memory.empty((1 << 20,), np.uint8)
    with memory._lock:
        array = memory.empty((1 << 20,), np.uint8)
    assert array.shape == (1 << 20,) and not np.shares_memory(array, pool[0])
    with pytest.raises(ValueError):
        memory.empty((1 << 20, -1), np.uint8)
    with pytest.raises(TypeError):
        memory.empty((1 << 20,), object)
    assert memory._lock.acquire(blocking=False)     # given back after an error too


@pooled
def test_an_end_of_life_amid_an_allocation(monkeypatch):
    class Last:
        def __del__(self):
            ended.append(memory.empty((1 << 20,), np.uint8))

    def holders(buffers, i):
        last = Last()
        last.itself = last
        del last
        gc.collect()
        return count(buffers, i)

    ended, count = [], memory._holders
    memory.empty((1 << 20,), np.uint8)
    monkeypatch.setattr(memory, "_holders", holders)
    array = memory.empty((1 << 20,), np.uint8)
    assert ended and not any(np.shares_memory(array, other) for other in ended)


def missing(buffers, i):
    raise AttributeError("sys has no getrefcount")


@pytest.mark.parametrize("holders", [
    missing,                                                        # PyPy
    lambda buffers, i: 2,                                           # whoever holds it
    lambda buffers, i: 3,
    lambda buffers, i: sys.getrefcount(buffers[i]) - 1,             # counts late
    lambda buffers, i: sys.getrefcount(buffers[i]) + 1,             # a debugger's reference
    lambda buffers, i: min(sys.getrefcount(buffers[i]), 2),
    lambda buffers, i: 2**32 - 1,                                   # "immortal"
])
def test_other_counts_of_references_are_recognised(monkeypatch, holders):
    monkeypatch.setattr(memory, "_holders", holders)
    assert not memory._counts_holders()


def test_threads_without_a_global_lock_are_recognised(monkeypatch):
    monkeypatch.setattr(sys, "_is_gil_enabled", lambda: False, raising=False)
    assert not memory._counts_holders()


def test_an_interpreter_without_counts_imports_it():
    assert python("import sys, numpy as np, numba\ndel sys.getrefcount\n"
                  "from tinyfer.core.kernels import memory\n"
                  "a, b = (memory.empty((1 << 20,), np.uint8) for _ in range(2))\n"
                  "print(memory.POOLED, np.shares_memory(a, b))\n") == "False False\n"
