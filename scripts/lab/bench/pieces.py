"""Into how many pieces each stage of a training step is cut, and what more threads can gain.

A parallel kernel is one loop over prange, whose iterations the threads share; nothing else of a
step is shared. The number of iterations is read from the kernel itself: what stands before its
loop is carried out with the arguments of the call, and then the argument of prange evaluated.
"""

import ast
import inspect
import math
import textwrap
import time
from collections import namedtuple
from contextlib import contextmanager

import tinyfer
from bench import task, text
from bench.turns import Worker, workers
from tinyfer.core.kernels import batchnorm, direct, elementwise, gemm, padding, pooling, winograd
from tinyfer.data import affine

KERNELS = affine, batchnorm, direct, elementwise, gemm, padding, pooling, winograd
THREADS = 2, 8, 16, 64
SMALL = 1 << 16     # numbers; a call on fewer takes less time than waking 64 threads

# One call of a kernel: its name, the iterations of its loop, the size of its largest array, its
# seconds, and those that finding out all this took.
Launch = namedtuple("Launch", "stage pieces size seconds looking", defaults=(0,))


def pieces(launch, args):
    """The iterations of a parallel kernel's loop when it is called with args."""
    function = launch.py_func
    body = ast.parse(textwrap.dedent(inspect.getsource(function))).body[0].body
    names = dict(zip(inspect.signature(function).parameters, args))
    for statement in body:
        loop = isinstance(statement, ast.For) and ast.unparse(statement.iter)
        if loop and loop.startswith("prange("):
            return eval(loop[len("prange"):], function.__globals__, names)
        exec(ast.unparse(statement), function.__globals__, names)
    raise ValueError(f"{function.__name__} has no loop over prange")


@contextmanager
def recorded(launches, threads):
    """Every call of a parallel kernel is added to `launches`, cut up as for so many threads."""
    before = []

    def replace(module, name, value):
        before.append((module, name, getattr(module, name)))
        setattr(module, name, value)

    def recorder(stage, launch):
        def record(*args):
            called = time.perf_counter()
            count, size = int(pieces(launch, args)), max(getattr(a, "size", 0) for a in args)
            start = time.perf_counter()
            launch(*args)
            end = time.perf_counter()
            launches.append(Launch(stage, count, size, end - start, start - called))
        return record

    for module in KERNELS:
        for name, value in list(vars(module).items()):
            if hasattr(value, "compiled") and value.py_func.__module__ == module.__name__:
                replace(module, name, recorder(f"{module.__name__.split('.')[-1]}.{name}", value))
            elif name == "get_num_threads":
                replace(module, name, lambda: threads)
    try:
        yield
    finally:
        for module, name, value in before:
            setattr(module, name, value)


class Step:
    """In the worker's process: a training step, on one thread, with its launches."""

    def __init__(self, batch):
        self.model = tinyfer.six_layer_cnn(classes=task.CLASSES)
        self.optimizer = tinyfer.Adam(self.model.parameters(), lr=task.LEARNING_RATE)
        images, self.labels = task.faces(batch)
        self.x = task.to_unit(images)[..., None]

    def run(self, threads):
        """(the launches of one step, cut up as for so many threads; seconds outside them)."""
        launches = []
        with recorded(launches, threads):
            start = time.perf_counter()
            logits = self.model.forward(self.x, training=True)
            _, dlogits = tinyfer.softmax_cross_entropy(logits, self.labels, task.class_weights())
            self.model.backward(dlogits, wants_dx=False)
            self.optimizer.step()
            seconds = time.perf_counter() - start
        return launches, seconds - sum(launch.seconds + launch.looking for launch in launches)


def measure(batch, rounds):
    """dict: stages, rows of dicts (stage, ms on one thread, least pieces for each of THREADS of its
    calls on more than SMALL numbers); alone_ms, what no kernel does; step_ms; speed_up by threads.
    """
    with workers() as started:
        worker = started["pieces"] = Worker("tinyfer", 1, "bench.pieces.Step", batch)
        best = {n: min((worker.call("run", n) for _ in range(1 + rounds)), key=total)
                for n in (1, *THREADS)}
    launches, alone = best[1]
    seconds = total(best[1])
    stages = {launch.stage: dict(stage=launch.stage, ms=0.0, pieces=[]) for launch in launches}
    for launch in launches:
        stages[launch.stage]["ms"] += 1e3 * launch.seconds
    for row in stages.values():
        row["pieces"] = [min((launch.pieces for launch in best[n][0] if launch.size > SMALL
                              and launch.stage == row["stage"]), default=None) for n in THREADS]
    return dict(stages=sorted(stages.values(), key=lambda row: -row["ms"]), alone_ms=1e3 * alone,
                step_ms=1e3 * seconds,
                speed_up={n: seconds / (alone + shared(best[n][0], n)) for n in THREADS})


def total(run):
    launches, alone = run
    return alone + sum(launch.seconds for launch in launches)


def shared(launches, threads):
    """Seconds of so many threads, if a piece takes each of them as long as it takes one alone."""
    return sum(launch.seconds * math.ceil(launch.pieces / threads) / launch.pieces
               for launch in launches)


def table(result, options):
    lines = [[row["stage"], f"{row['ms']:.1f}", f"{100 * row['ms'] / result['step_ms']:.1f}",
              *row["pieces"]] for row in result["stages"]]
    lines.append(["not shared", f"{result['alone_ms']:.1f}",
                  f"{100 * result['alone_ms'] / result['step_ms']:.1f}"] + [1] * len(THREADS))
    lines.append(["speed-up at most", f"{result['step_ms']:.1f}", "100.0",
                  *(f"{result['speed_up'][n]:.1f}" for n in THREADS)])
    return text.table(["stage", "ms", "%", *(f"{n} threads" for n in THREADS)], lines,
                      f"A training step of {options.batch_size} on one thread, and the least number "
                      "of "
                      f"pieces of\na stage's calls on more than {SMALL:,} numbers, when it is cut "
                      "up for so many threads")
