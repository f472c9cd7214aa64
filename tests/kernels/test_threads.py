"""Threads and processes of the caller: right answers or an error, and no process dies or hangs."""

import os

import numba
import numpy as np
import pytest
from child import python
from test_plain_python import checksum

from tinyfer.core.kernels import threads
from tinyfer.core.kernels.threads import set_threads


def test_set_threads_returns_what_is_in_force(monkeypatch):
    most = numba.config.NUMBA_NUM_THREADS
    assert set_threads() == most == numba.get_num_threads()
    assert set_threads(1) == 1 == numba.get_num_threads()
    assert set_threads(np.int64(most)) == most
    for wrong in 0, -1, 10**6, 2.0, "2", "9" * 1000, np.nan, [1]:
        with pytest.raises(ValueError, match=r"threads must lie in 1\.\.\d+ .*got ") as caught:
            set_threads(wrong)
        assert len(str(caught.value)) < 200 and numba.get_num_threads() == most
    monkeypatch.setattr(numba.config, "NUMBA_NUM_THREADS", 1)
    for value, words in (None, "on this machine"), ("1", "by NUMBA_NUM_THREADS"):
        monkeypatch.delenv("NUMBA_NUM_THREADS", raising=False)
        if value:
            monkeypatch.setenv("NUMBA_NUM_THREADS", value)
        with pytest.raises(ValueError, match=rf"1\.\.1 {words}, got 2"):
            set_threads(2)


def test_the_settings_of_openmp_are_not_left_behind():
    """Neither in os.environ nor in the environment that other processes get."""
    code = ("import os, subprocess, sys, tinyfer\n"
            "print('OMP_WAIT_POLICY' in os.environ, 'GOMP_SPINCOUNT' in os.environ)\n"
            "show = 'import os; print(*os.environ)'\n"
            "print(subprocess.check_output([sys.executable, '-c', show], text=True))")
    seen = python(code, OMP_WAIT_POLICY=None, GOMP_SPINCOUNT=None)
    assert seen.startswith("False False\n") and "OMP_" not in seen and "GOMP_" not in seen
    assert python(code, OMP_WAIT_POLICY="active").startswith("True False\n"), "set by the user"


# Kernels of all kinds, compiled for float64 by other tests too.
WORK = """
import os, sys, threading, warnings
warnings.simplefilter("ignore", DeprecationWarning)     # of fork beside threads, from Python 3.12
import numba, numpy as np
from tinyfer.core.kernels.batchnorm import batchnorm_statistics
from tinyfer.core.kernels.gemm import matmul
from functools import partial
from tinyfer.core.kernels.elementwise import dropout
drop, x = partial(dropout, key=5, rate=0.5), np.random.default_rng(0).normal(size=(64, 96))
def work():
    return [*batchnorm_statistics(x), matmul(x, x.T), drop(x)]
def same(one, other):
    return all(a.tobytes() == b.tobytes() for a, b in zip(one, other))
"""

AT_ONCE = WORK + """
from test_plain_python import checksum, two_steps
def at_once(callers, calls, work):
    def run():
        start.wait()
        results.extend([work() for _ in range(calls)])
    start, results = threading.Barrier(callers), []
    workers = [threading.Thread(target=run) for _ in range(callers)]
    for worker in workers: worker.start()
    for worker in workers: worker.join()
    expected = work()
    return len(results) == callers * calls and all(same(found, expected) for found in results)
print(at_once(4, 150, work), at_once(2, 20, two_steps), numba.threading_layer(), checksum())
"""


@pytest.mark.parametrize("layer", ["omp", "workqueue", "tbb"])
def test_threads_may_compute_at_once(layer):
    """Four callers, from the very first call on, which starts the threads; two that train. And
    with every kind of threads a training has the same bits."""
    if layer != "workqueue":
        pytest.importorskip(f"numba.np.ufunc.{layer}pool", exc_type=ImportError)
    bits = checksum()   # compiles the kernels where they are not yet; the others find them on disk
    assert python(AT_ONCE, NUMBA_THREADING_LAYER=layer) == f"True True {layer} {bits}\n"


FORK = WORK + """
import multiprocessing, signal
signal.alarm(100)                    # nothing here may hang
expected = work()
fork, spawn = (multiprocessing.get_context(how) for how in ("fork", "spawn"))
def there(connection):
    try:
        connection.send(same(work(), expected))
    except Exception as error:
        connection.send(f"{type(error).__name__}: {error}")
ours, theirs = multiprocessing.Pipe()
child = fork.Process(target=there, args=(theirs,))
child.start()
print(ours.recv())
child.join()
print(child.exitcode, same(work(), expected))
with spawn.Pool(1) as pool:
    print(same(pool.map(drop, [x]), [drop(x)]))
if numba.threading_layer() == "omp":
    with fork.Pool(2) as pool:
        try:
            pool.map(drop, [x, x])
        except RuntimeError as error:
            print(error)
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")
@pytest.mark.parametrize("layer", ["workqueue", "omp"])
def test_fork_after_use_computes_or_is_an_error(layer):
    expected = ["True", "0 True", "True"]
    if layer == "omp":
        omppool = pytest.importorskip("numba.np.ufunc.omppool", exc_type=ImportError)
        if omppool.openmp_vendor != "GNU":
            pytest.skip("this OpenMP survives a fork")
        expected = [f"RuntimeError: {threads.FORKED}", "0 True", "True", threads.FORKED]
    assert python(FORK, NUMBA_THREADING_LAYER=layer).splitlines() == expected


@pytest.mark.parametrize("slowed, alone", [(1, 0), (1.5, 0), (2, 0.9), (3, 0.9)])
def test_threads_whose_cores_are_taken_are_done_without(monkeypatch, slowed, alone):
    """Two threads that another program slows so much: in a minute, and when it has gone."""
    clock, patience = [0.0], threads._Patience()
    monkeypatch.setattr(threads.time, "perf_counter", lambda: clock[0])

    def steps(seconds, slowed):
        """What fraction of the steps of a time one thread did alone."""
        count, end = [], clock[0] + seconds
        while clock[0] < end:
            count.append(patience.alone())
            passed = 0.08 if count[-1] else 0.04 * slowed
            clock[0] += passed
            if not count[-1]:
                patience.waited(passed, 0.08)
        return np.mean(count)

    assert steps(60, 1) == 0
    assert steps(60, slowed) >= alone and (alone or steps(60, slowed) == 0)
    steps(20, 1)
    assert steps(60, 1) == 0 and patience.pause == patience.SHORTEST


