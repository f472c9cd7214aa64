"""Arrays in, arrays out: the arithmetic, compiled by numba, which is imported nowhere else.

reference.py holds the definitions as plain loops; every other file is one fast kernel.
"""

import os


def _load_threads_that_sleep():
    """Load GNU OpenMP, numba's usual threads, so that a thread that waits for another sleeps.

    By default it spins, for milliseconds. Where another program has one of the cores, it then
    spins on the core that the other thread needs, and a kernel of 0.1 ms takes 10. OpenMP reads the
    setting once, when it is loaded; afterwards it is put back, since it is not ours to change for
    other libraries.
    """
    name = "OMP_WAIT_POLICY"
    if name in os.environ:
        return
    os.environ[name] = "passive"
    try:
        from numba.np.ufunc import omppool  # noqa: F401
    except ImportError:     # numba has other threads here
        pass
    finally:
        del os.environ[name]


_load_threads_that_sleep()
