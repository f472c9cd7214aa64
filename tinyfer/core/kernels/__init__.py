"""Arrays in, arrays out: the arithmetic, compiled by numba.

reference.py holds the definitions as plain loops; every other file is one fast kernel, or what
fast kernels need: simd (vectors), padding and memory (arrays), compiling and threads. With
NUMBA_DISABLE_JIT=1 all of it is plain Python, slow, to be followed in a debugger step by step.
"""

import os
import sys


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
