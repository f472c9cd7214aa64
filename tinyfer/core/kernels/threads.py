"""How many threads the kernels use, and what threads and processes of the caller they allow.

numba shares out a parallel kernel to threads of one of three kinds. OpenMP's and TBB's serve
several Python threads at once. numba's own, used where both are missing, end the process when two
threads call them at once: with those, kernels take turns. GNU OpenMP, the usual one on Linux, does
not survive a fork, and numba ends a forked process that uses it: that one gets an error instead.
"""

import math
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


class _Cores:
    """How many threads to do without, because another program has their cores.

    A parallel kernel ends with its last thread. Whenever n threads together got less of the
    processor than n - 1 undisturbed ones have, in seconds

        processor time of all threads  <  (n - 1) time that passed

    they waited for the last longer than it helped: the next steps run on n - 1 threads, and after a
    pause one more is tried. Judged are spans of SPAN seconds of steps.
    """

    SPAN, SHORTEST, LONGEST = 0.2, 1.0, 16.0

    def __init__(self):
        self.lost, self.pause, self.until = 0, self.SHORTEST, math.inf
        self._begin()

    def _begin(self):
        self.passed = self.used = self.needed = 0.0

    def threads(self, most):
        """How many of `most` threads the next step is to have."""
        if time.perf_counter() > self.until:
            self.lost, self.until = self.lost - 1, math.inf
            self._begin()
        return max(1, most - self.lost)

    def ran(self, threads, passed, used):
        """A step on so many threads took so much time, and so much of the processor."""
        self.passed += passed
        self.used += used
        self.needed += 0.9 * (threads - 1) * passed
        if self.passed < self.SPAN:
            return
        tried = self.until == math.inf
        if self.used < self.needed:
            self.lost, self.pause = self.lost + 1, min(2 * self.pause, self.LONGEST)
        elif tried:
            self.pause = self.SHORTEST
        if tried and self.lost:
            self.until = time.perf_counter() + self.pause
        self._begin()


_cores = _Cores()


@contextmanager
def cores_that_are_ours():
    """Within it, a step of training, the kernels do without the threads whose cores are taken."""
    before = numba.get_num_threads()
    threads = _cores.threads(before)
    began, used = time.perf_counter(), time.process_time()
    with at_most(threads):
        yield
    _cores.ran(threads, time.perf_counter() - began, time.process_time() - used)
