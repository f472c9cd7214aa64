"""Memory for large results, used again as soon as nobody holds it any more.

Every training step makes some twenty arrays of 10 to 30 MB and drops them again. Fresh memory of
that size comes from the operating system, which hands it over page by page, each cleared first: it
costs about as much as the arithmetic that fills it. `empty` therefore keeps the buffers it gave
out and gives one out again when the pool is its only holder. CPython counts the holders: every
array and every view, slice or reshape of it holds its buffer, so a buffer with a single reference
is one that no live array can see. Where an interpreter counts in another way, which a trial at
import shows, `empty` is np.empty.
"""

import sys
from threading import Lock

import numpy as np

SMALLEST = 1 << 18      # bytes; below this np.empty is as fast
LIMIT = 1 << 30         # bytes held at most; beyond, arrays come and go as usual
ALIGNMENT = 64          # bytes: a cache line, and the widest vector register
ALONE = 2               # references to an array that one list holds: the list's, and the call's own

_buffers = []           # owners of memory, the longest unused first
_lock = Lock()


def _holders(buffers, i):
    return sys.getrefcount(buffers[i])


def _counts_holders():
    """Try whether the count of references tells an array that is held from one that is free."""
    if not getattr(sys, "_is_gil_enabled", lambda: True)():
        return False    # threads count apart from each other: a sum may be out of date
    buffers = [np.empty(64, np.uint8)]
    try:
        view = buffers[0][8:]
        held = _holders(buffers, 0)
        del view
        return held > ALONE == _holders(buffers, 0)
    except AttributeError:      # no getrefcount at all, as in PyPy
        return False


POOLED = _counts_holders()


def empty(shape, dtype):
    """An uninitialised C-contiguous array, like np.empty; no two live arrays share memory.

    shape: tuple of int >= 0; dtype: any fixed-size dtype that holds no Python objects. A free
    buffer of up to twice the size needed is used again, so that the smaller last batch of an epoch
    finds memory too. Any thread may call it, at any moment: whoever finds the pool in use, be it by
    a thread that a fork left behind or by the call that a garbage collection interrupted, does not
    wait but gets np.empty.
    """
    dtype = np.dtype(dtype)
    size = dtype.itemsize
    for n in shape:
        size *= int(n)
    if size < SMALLEST or not POOLED or not _lock.acquire(blocking=False):
        return np.empty(shape, dtype)
    try:
        buffer = _take(size + ALIGNMENT)
        start = -buffer.ctypes.data % ALIGNMENT
        return buffer[start:start + size].view(dtype).reshape(shape)
    finally:
        _lock.release()


def _take(size):
    """The best-fitting buffer that is free; otherwise a new one, kept while the limit allows."""
    fitting = [i for i, buffer in enumerate(_buffers) if size <= buffer.nbytes <= 2 * size]
    fitting.sort(key=lambda i: _buffers[i].nbytes)
    for i in fitting:
        if _holders(_buffers, i) == ALONE:
            _buffers.append(_buffers.pop(i))
            return _buffers[-1]
    _forget_unused(LIMIT - size)
    buffer = np.empty(size, np.uint8)
    if held() + size <= LIMIT:
        _buffers.append(buffer)
    return buffer


def _forget_unused(limit):
    """Let go of free buffers, the longest unused first, until at most `limit` bytes are held."""
    i = 0
    while held() > limit and i < len(_buffers):
        if _holders(_buffers, i) == ALONE:
            del _buffers[i]
        else:
            i += 1


def held():
    """Bytes the pool holds, in use or free."""
    return sum(buffer.nbytes for buffer in _buffers)
