"""Arrays in, arrays out: the arithmetic, compiled by numba, which is imported nowhere else.

reference.py holds the definitions as plain loops; every other file is one fast kernel.
"""

import os


def _load_patient_threads():
    """Load GNU OpenMP, numba's usual threads, so that a thread that waits soon goes to sleep.

    By default it spins, for milliseconds. Where another program has one of the cores, it then
    spins on the core that the other thread needs, and a kernel of 0.1 ms takes 10. A short spin of
    some 50 microseconds is enough to catch the next kernel of a training step. OpenMP reads the
    settings once, when it is loaded; afterwards they are put back, since they are not ours to
    change for other libraries.
    """
    settings = {"OMP_WAIT_POLICY": "passive", "GOMP_SPINCOUNT": "20000"}
    if settings.keys() & os.environ.keys():
        return
    os.environ.update(settings)
    try:
        from numba.np.ufunc import omppool  # noqa: F401
    except ImportError:     # numba has other threads here
        pass
    finally:
        for name in settings:
            del os.environ[name]


_load_patient_threads()
