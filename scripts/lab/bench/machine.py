"""What this machine can do at best, and whether it is busy."""

import os
import timeit
from contextlib import suppress
from importlib.metadata import PackageNotFoundError, version

import numpy as np
from numba import njit, prange

from bench import text
from bench.turns import Worker, workers
from tinyfer.core.kernels import simd
from tinyfer.core.kernels.simd import View
from tinyfer.training.runs import describe_machine, describe_threads

PACKAGES = "torch", "keras", "tensorflow", "onnx", "onnxruntime"
BUSY = 0.5          # other programs at work, on average over the last minute
# A block of Winograd tiles by 128 channels to 128 filters: the product of the middle layers.
ROWS, CHANNELS = 72, 128
ACTIVATION = 32 << 20       # bytes; about the largest of the network at a batch of 64
LARGE = 1 << 30


def cores():
    """Cores this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def describe(threads):
    """What this machine is, and how many programs were at work in the last minute (None where the
    system does not say)."""
    about = describe_machine()
    for name in PACKAGES:
        with suppress(PackageNotFoundError):
            about["versions"][name] = version(name)
    return about | dict(cores=cores(), threads=threads, vector_bits=8 * simd.VECTOR_BYTES,
                        load=os.getloadavg()[0] if hasattr(os, "getloadavg") else None)


@njit(parallel=True)
def _products(a, b, c, times):
    for part in prange(len(a)):
        for _ in range(times):
            simd.product(View(c[part], 0, CHANNELS, 1), View(a[part], 0, CHANNELS, 1),
                         View(b[part], 0, 0, 1), ROWS, CHANNELS, CHANNELS, False)


@njit(parallel=True)
def _double(x, out):
    for i in prange(x.size):
        out[i] = 2 * x[i]


class Limits:
    """In the worker's process: the loops whose best time is a limit of the machine."""

    def __init__(self, threads):
        self.threads = threads

    def numpy_product(self, size=2048):
        """GFLOP/s of NumPy's matmul on large square float32 matrices."""
        a = np.ones((size, size), np.float32)
        return 2 * size**3 / _best(lambda: a @ a) / 1e9

    def own_product(self, times=2000):
        """GFLOP/s of tinyfer's simd.product, each thread on matrices that stay in its cache."""
        a, c = (np.ones((self.threads, (ROWS + simd.MOST_ROWS) * CHANNELS), np.float32)
                for _ in range(2))
        b = np.ones((self.threads, CHANNELS * CHANNELS), np.float32)
        seconds = _best(lambda: _products(a, b, c, times))
        return 2 * ROWS * CHANNELS**2 * times * self.threads / seconds / 1e9

    def copy(self, size):
        """GB/s, read and written together, of out = 2 x over arrays of `size` bytes."""
        x, out = np.ones(size // 4, np.float32), np.ones(size // 4, np.float32)
        return 2 * size / _best(lambda: _double(x, out)) / 1e9


def _best(work):
    """Seconds of the quickest of six times; the first may compile."""
    return min(timeit.repeat(work, number=1, repeat=6))


def measure(options):
    """The best of a few runs each: GFLOP/s of a matrix product, GB/s of memory."""
    with workers() as started:
        worker = Worker("machine limits", options.threads, "bench.machine.Limits", options.threads)
        started["limits"] = worker
        return dict(
            numpy_product=worker.call("numpy_product"),
            own_product=worker.call("own_product"),
            copy_activation=worker.call("copy", ACTIVATION),
            copy_large=worker.call("copy", LARGE),
        )


def table(limits, options):
    rows = [["NumPy matmul, 2048 x 2048 by 2048 x 2048", f"{limits['numpy_product']:.0f} GFLOP/s"],
            [f"tinyfer simd.product, {ROWS} x {CHANNELS} by {CHANNELS} x "
             f"{CHANNELS}, in cache", f"{limits['own_product']:.0f} GFLOP/s"],
            ["out = 2 x over 32 MiB", f"{limits['copy_activation']:.1f} GB/s"],
            ["out = 2 x over 1 GiB", f"{limits['copy_large']:.1f} GB/s"]]
    return text.table(["", "at best"], rows,
                      f"What the machine can do, float32, {describe_threads(options.threads)}")
