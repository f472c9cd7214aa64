"""How many threads the kernels use, and what threads and processes of the caller they allow.

numba shares out a parallel kernel to threads of one of three kinds. OpenMP's and TBB's serve
several Python threads at once. numba's own, used where both are missing, end the process when two
threads call them at once: with those, kernels take turns. GNU OpenMP, the usual one on Linux, does
not survive a fork, and numba ends a forked process that uses it: that one gets an error instead.
"""

import operator
import os
import sys
import time
from contextlib import contextmanager
from functools import wraps
from threading import RLock

import numba

FORKED = ("this process was forked after its parent had computed, which GNU OpenMP does not "
          "survive: start processes by multiprocessing.get_context('spawn')")

def _load_patient_threads():
    """Load GNU OpenMP, numba's usual threads, so that a thread that waits soon goes to sleep.

    By default it spins, for milliseconds. Where another program has one of the cores, it then
    spins on the core that the other thread needs, and a kernel of 0.1 ms takes 10. A short spin of
    some 50 microseconds is enough to catch the next kernel of a training step. OpenMP reads the
    settings from the environment of the process when it is loaded, and at no other time. They stand
    there for that moment alone, since they are not ours to change for other libraries, and never in
    os.environ, which other threads may be reading.
    """
    settings = {"OMP_WAIT_POLICY": "passive", "GOMP_SPINCOUNT": "20000"}
    if settings.keys() & os.environ.keys() or "numba.np.ufunc.omppool" in sys.modules:
        return
    try:
        for name, value in settings.items():
            os.putenv(name, value)
        from numba.np.ufunc import omppool  # noqa: F401
    except ImportError:     # numba has other threads here
        pass
    finally:
        for name in settings:
            os.unsetenv(name)


_load_patient_threads()
_turn = RLock()
_at_once = False        # the threads are known to serve several callers at once
_forked = False         # the threads were left behind by a fork


def guarded(compiled):
    """A parallel kernel as a function that any Python thread of any process may call.

    Raises RuntimeError in a forked process where it cannot work.
    """
    @wraps(compiled.py_func)
    def launch(*args):
        if _forked:
            raise RuntimeError(FORKED)
        if _at_once:
            return compiled(*args)
        with _turn:
            result = compiled(*args)
            _look_at_the_threads()
        return result

    launch.py_func, launch.compiled = compiled.py_func, compiled
    return launch


def layer():
    """"omp", "tbb", "workqueue", or None as long as no parallel kernel has run."""
    try:
        return numba.threading_layer()
    except ValueError:
        return None


def _look_at_the_threads():
    global _at_once
    _at_once = layer() in ("omp", "tbb")


def _survives_forks():
    if layer() != "omp":
        return True
    try:
        from numba.np.ufunc import omppool
        return omppool.openmp_vendor != "GNU"
    except (ImportError, AttributeError):
        return False


def _in_forked_process():
    global _forked
    _turn.release()
    _forked = not _survives_forks()


if hasattr(os, "register_at_fork"):
    # No fork in the middle of a turn, whose end the child would wait for in vain.
    os.register_at_fork(before=_turn.acquire, after_in_parent=_turn.release,
                        after_in_child=_in_forked_process)


def set_threads(n=None):
    """Let the kernels use `n` threads (None: one per core); returns the number in force.

    It changes the speed only: results are the same bit for bit. It holds for the Python thread that
    calls it. Raises ValueError when `n` is no whole number, below 1 or above the number of cores
    (or NUMBA_NUM_THREADS, which numba read when it was imported).
    """
    most = numba.config.NUMBA_NUM_THREADS
    try:
        number = most if n is None else operator.index(n)
    except TypeError:
        number = 0
    if not 1 <= number <= most:
        limit = "by NUMBA_NUM_THREADS" if "NUMBA_NUM_THREADS" in os.environ else "on this machine"
        raise ValueError(f"the number of threads must lie in 1..{most} {limit}, got {n!r:.50}")
    numba.set_num_threads(number)
    return number


@contextmanager
def at_most(n):
    """Within it the kernels use no more than n threads (and one for n below 1): small work is done
    before a second thread has come to help, and on a busy machine long before."""
    before = numba.get_num_threads()
    numba.set_num_threads(max(1, min(n, before)))
    try:
        yield
    finally:
        numba.set_num_threads(before)


class _Patience:
    """Whether to do without other threads for a while, because another program has their cores.

    A parallel kernel ends with its last thread, for which the others wait, and spin. Where all
    together got hardly more of the processor than one has that nobody disturbs, in seconds

        processor time of all threads  <  1.1  time that passed

    one alone is faster, or loses a tenth at most. It then works alone, and after a pause the others
    are tried again: 1 s, and twice as long each time in vain. Judged are spans of SPAN seconds, of
    kernels and what lies between them: on many cores, with one neighbour, it never comes to that.
    """

    SPAN, SHORTEST, LONGEST = 0.2, 1.0, 16.0

    def __init__(self):
        self.pause, self.until, self.passed, self.used = self.SHORTEST, 0.0, 0.0, 0.0

    def alone(self):
        return time.perf_counter() < self.until

    def waited(self, passed, used):
        """All threads were at it so long, and got so much of the processor."""
        self.passed += passed
        self.used += used
        if self.passed < self.SPAN:
            return
        if self.used < 1.1 * self.passed:
            self.until = time.perf_counter() + self.pause
            self.pause = min(2 * self.pause, self.LONGEST)
        else:
            self.pause = self.SHORTEST
        self.passed = self.used = 0.0


_patience = _Patience()


@contextmanager
def not_waiting_for_cores():
    """Within it the kernels use one thread where the others have long been without a core."""
    if _patience.alone():
        with at_most(1):
            yield
        return
    began, used = time.perf_counter(), time.process_time()
    yield
    _patience.waited(time.perf_counter() - began, time.process_time() - used)
