"""Programs that take turns on the same cores, each in a process of its own.

Two libraries in one process share its memory and leave threads behind that wait by spinning. Apart,
each has the threads and the peak memory it would have alone, and only one works at a time.
"""

import importlib
import multiprocessing
import os
import statistics
import subprocess
import sys
import time
import timeit
from contextlib import contextmanager
from unittest import mock

# Read by the libraries when they are loaded.
THREAD_VARIABLES = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS",
                    "NUMBA_NUM_THREADS")
# By then the threads of the one before have stopped spinning (Intel's OpenMP waits 0.2 s).
PAUSE = 0.3
STEPS_A_TURN = 2


class Worker:
    """A process that holds one object and calls its methods when told to.

    make: "module.Class", imported only over there and called with `arguments`.
    A failure over there is a ValueError here, with `title` in it.
    """

    def __init__(self, title, threads, make, *arguments):
        context = multiprocessing.get_context("spawn")
        self.title = title
        self._pipe, theirs = context.Pipe()
        self._process = context.Process(target=_serve, args=(theirs, make, arguments), daemon=True)
        with mock.patch.dict(os.environ, dict.fromkeys(THREAD_VARIABLES, str(threads))):
            self._process.start()
        theirs.close()
        self._answer()

    def call(self, method, *arguments):
        """What object.method(*arguments) returns."""
        return self._answer(method, arguments, None)

    def seconds(self, method, *arguments, repeats=1):
        """Mean seconds of a call, over `repeats` calls behind one that is not timed."""
        return self._answer(method, arguments, repeats)

    def peak_memory(self):
        """The most memory the process ever held, in bytes."""
        return self._answer("peak_memory", (), None)

    def stop(self):
        self._pipe.close()
        self._process.join(timeout=10)
        if self._process.is_alive():
            self._process.kill()

    def _answer(self, *question):
        try:
            if question:
                self._pipe.send(question)
            succeeded, value = self._pipe.recv()
        except (EOFError, ConnectionError):
            self._process.join()
            raise ValueError(f"{self.title}: its process ended with exit code "
                             f"{self._process.exitcode}") from None
        if not succeeded:
            self.stop()
            raise ValueError(f"{self.title}: {value}")
        return value


def _serve(pipe, make, arguments):
    try:
        try:
            module, _, name = make.rpartition(".")
            held = getattr(importlib.import_module(module), name)(*arguments)
            pipe.send((True, None))
            while True:
                method, arguments, repeats = pipe.recv()
                call = _peak_memory if method == "peak_memory" else getattr(held, method)
                answer = call(*arguments)
                if repeats:
                    answer = timeit.timeit(lambda: call(*arguments), number=repeats) / repeats
                pipe.send((True, answer))
        except Exception as error:
            if not isinstance(error, EOFError):     # the other end has closed: the end
                pipe.send((False, f"{type(error).__name__}: {error}"))
    except (KeyboardInterrupt, BrokenPipeError):
        pass


def _peak_memory():
    """Bytes; nan on Windows. On Linux not ru_maxrss, which a process takes over from the one that
    started it."""
    if sys.platform == "linux":
        with open("/proc/self/status", encoding="ascii") as file:
            return 1024 * next(int(line.split()[1]) for line in file if line.startswith("VmHWM:"))
    if sys.platform == "win32":
        return float("nan")
    import resource

    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin"
                                                                 else 1024)


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


@contextmanager
def workers():
    """A dict to put workers into, by name; all are stopped at the end, whatever happens."""
    started = {}
    try:
        yield started
    finally:
        for worker in started.values():
            worker.stop()


def take_turns(turns, rounds, pause=PAUSE, show=None):
    """Seconds of every turn in every round: A B C, A B C, ...

    turns: {name: function without arguments that does the work and returns its seconds}.
    Returns {name: list of `rounds` seconds}. show(round) is called before each round.
    """
    seconds = {name: [] for name in turns}
    for number in range(1, rounds + 1):
        if show:
            show(number)
        for name, turn in turns.items():
            time.sleep(pause)
            seconds[name].append(turn())
    return seconds


def compare(seconds, base):
    """Median and least seconds of each name, and how many times `base` would fit in.

    `ratio` is the median over the rounds of seconds / seconds of `base` in the same round, so that
    what slows a whole round cancels; `quartiles` are those of the same ratios.
    """
    result = {}
    for name, values in seconds.items():
        ratios = [s / b for s, b in zip(values, seconds[base])]
        low, _, high = (statistics.quantiles(ratios, n=4, method="inclusive") if len(ratios) > 1
                        else 3 * ratios)
        result[name] = dict(median=statistics.median(values), least=min(values),
                            ratio=statistics.median(ratios), quartiles=[low, high],
                            ratio_of_medians=statistics.median(values)
                            / statistics.median(seconds[base]), seconds=values)
    return result


def training_turn(worker):
    """A turn for take_turns: seconds of a training step."""
    return lambda: worker.seconds("step", repeats=STEPS_A_TURN)


def progress(what, rounds):
    return lambda number: note(f"{what}: round {number} of {rounds}")


def note(message):
    """Say on one line of the terminal what is going on; nothing where there is no terminal."""
    if sys.stderr.isatty():
        print(f"\r{message:<79}", end="\r", file=sys.stderr, flush=True)
