"""The pool of large arrays: memory is used again, and never while somebody holds it."""

import threading

import numpy as np

from tinyfer.kernels import memory


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
    monkeypatch.setattr(memory, "_buffers", [])
    monkeypatch.setattr(memory, "LIMIT", 4 << 20)
    arrays = [memory.empty((1 << 20,), np.uint8) for _ in range(9)]
    assert memory.held() <= memory.LIMIT
    del arrays
    memory.empty((3 << 20,), np.uint8)
    assert memory.held() <= memory.LIMIT


def test_memory_under_many_threads():
    """No two Python threads get the same buffer."""
    failures = []

    def work(number):
        for _ in range(200):
            array = memory.empty((1 << 18,), np.uint8)
            array[:] = number
            if not (array == number).all():
                failures.append(number)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failures
