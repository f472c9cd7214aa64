"""Programs that take turns on the same cores, each in a process of its own.

Two libraries in one process share its memory and leave threads behind that wait by spinning. Apart,
each has the threads it would have alone, and only one works at a time.
"""

import importlib
import multiprocessing
import os
import statistics
import subprocess
import sys
import time
import timeit
from concurrent.futures import ProcessPoolExecutor
from contextlib import ExitStack, contextmanager
from functools import partial
from importlib.util import find_spec
from unittest import mock

# Read by the libraries when they are loaded.
THREAD_VARIABLES = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS",
                    "NUMBA_NUM_THREADS")
# By then the threads of the one before have stopped spinning (Intel's OpenMP waits 0.2 s).
PAUSE = 0.3
HEADINGS = "", "median ms", "a second", "x the first", "quartiles", ""
_held = None        # in a worker's process: its object


class Worker:
    """A process that holds one object and calls its methods when told to.

    make: "module.Class", imported only over there and called with `arguments`.
    """

    def __init__(self, threads, make, *arguments):
        self._process = ProcessPoolExecutor(1, multiprocessing.get_context("spawn"))
        with mock.patch.dict(os.environ, dict.fromkeys(THREAD_VARIABLES, str(threads))):
            self._process.submit(_hold, make, arguments).result()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._process.shutdown()

    def call(self, method, *arguments):
        """What object.method(*arguments) returns."""
        return self._process.submit(_call, method, arguments).result()

    def seconds(self, method, *arguments, repeats=1):
        """Mean seconds of a call, over `repeats` calls behind one that is not timed."""
        return self._process.submit(_seconds, method, arguments, repeats).result()


def _hold(make, arguments):
    global _held
    module, _, name = make.rpartition(".")
    _held = getattr(importlib.import_module(module), name)(*arguments)


def _call(method, arguments):
    return getattr(_held, method)(*arguments)


def _seconds(method, arguments, repeats):
    _call(method, arguments)
    return timeit.timeit(partial(_call, method, arguments), number=repeats) / repeats


@contextmanager
def neighbour(wanted=True):
    """Beside it, if wanted, a process that multiplies matrices on one core from first to last."""
    if not wanted:
        yield
        return
    code = ("import numpy as np; a = np.ones((512, 512), np.float32)\n"
            "while True: a @ a")
    process = subprocess.Popen([sys.executable, "-c", code],
                               env=os.environ | dict.fromkeys(THREAD_VARIABLES, "1"))
    try:
        yield
    finally:
        process.kill()
        process.wait()


def race(contenders, threads, rounds, prepare, images=1):
    """Time all contenders in turn: the rows of a `table`.

    contenders: {title: (packages, "module.Class", arguments)}, ours first; those whose packages are
    not installed are left out by name. prepare(worker, title) returns a function that takes a turn
    and returns its seconds, and a remark for the last column. images: how many a turn is of.
    """
    turns, remarks = {}, {}
    with ExitStack() as stack:
        for title, (packages, make, arguments) in contenders.items():
            if all(map(find_spec, packages)):
                worker = stack.enter_context(Worker(threads, make, *arguments))
                turns[title], remarks[title] = prepare(worker, title)
        found = compare(take_turns(turns, rounds))
    rows = [[title, f"{1e3 * n['median']:.1f}", f"{images / n['median']:.1f}", f"{n['ratio']:.2f}",
             "{:.2f} to {:.2f}".format(*n["quartiles"]), remarks[title]]
            for title, n in found.items()]
    return rows + [[f"{title}: not installed", *[""] * 5]
                   for title in contenders if title not in found]


def take_turns(turns, rounds, pause=PAUSE):
    """Seconds of every turn in every round: A B C, A B C, ...

    turns: {name: function without arguments that does the work and returns its seconds}.
    Returns {name: list of `rounds` seconds}.
    """
    seconds = {name: [] for name in turns}
    for _ in range(rounds):
        for name, turn in turns.items():
            time.sleep(pause)
            seconds[name].append(turn())
    return seconds


def compare(seconds):
    """Median seconds of each name, and how many times those of the first would fit in.

    `ratio` is the median over the rounds of seconds / seconds of the first in the same round, so
    that what slows a whole round cancels; `quartiles` are those of the same ratios.
    """
    result, first = {}, next(iter(seconds.values()))
    for name, values in seconds.items():
        ratios = [s / b for s, b in zip(values, first)]
        low, _, high = (statistics.quantiles(ratios, n=4, method="inclusive") if len(ratios) > 1
                        else 3 * ratios)
        result[name] = dict(median=statistics.median(values), ratio=statistics.median(ratios),
                            quartiles=[low, high])
    return result


def table(title, rows, remark):
    """A title and lines of columns, the first aligned left, the others right."""
    rows = [[*HEADINGS[:-1], remark], *(list(map(str, row)) for row in rows)]
    widths = [max(map(len, column)) for column in zip(*rows)]
    rows.insert(1, ["-" * width for width in widths])
    lines = ["  ".join([first.ljust(widths[0]), *map(str.rjust, others, widths[1:])]).rstrip()
             for first, *others in rows]
    return f"{title}\n\n" + "\n".join(lines)
