"""How many threads the kernels use, and whether they are compiled yet."""

from pathlib import Path

import numba


def set_threads(n=None):
    """Let the kernels use `n` threads (None: one per core); returns the number in force.

    It changes the speed only: results are the same bit for bit. Raises ValueError when `n` is
    below 1 or above the number of cores.
    """
    most = numba.config.NUMBA_NUM_THREADS
    if n is None:
        n = most
    if not 1 <= n <= most:
        raise ValueError(f"the number of threads must lie in 1..{most} on this machine, got {n}")
    numba.set_num_threads(n)
    return n


def compiled():
    """True when numba's cache already holds compiled kernels."""
    cache = numba.config.CACHE_DIR or Path(__file__).parent / "__pycache__"
    return any(Path(cache).rglob("*.nbc"))
