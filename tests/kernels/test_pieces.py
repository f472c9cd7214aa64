"""Many threads: every stage of a training step has a piece of work for each of 64.

A parallel kernel is one loop over prange, whose iterations the threads share. Their number is read
from the kernel itself: what stands before its loop is carried out with the arguments of the call,
and then the argument of prange evaluated.
"""

import ast
import inspect
import textwrap
from contextlib import ExitStack, contextmanager
from unittest import mock

import numpy as np
import pytest
from bench import task
from bench.with_tinyfer import Tinyfer

from tinyfer.core.kernels import batchnorm, direct, elementwise, gemm, padding, pooling, winograd
from tinyfer.data import affine

KERNELS = affine, batchnorm, direct, elementwise, gemm, padding, pooling, winograd
SMALL = 1 << 16     # numbers; a call on fewer takes less time than waking 64 threads


def pieces(launch, args):
    """The iterations of a parallel kernel's loop when it is called with args."""
    function = launch.py_func
    body = ast.parse(textwrap.dedent(inspect.getsource(function))).body[0].body
    names = dict(zip(inspect.signature(function).parameters, args))
    for statement in body:
        loop = isinstance(statement, ast.For) and ast.unparse(statement.iter)
        if loop and loop.startswith("prange("):
            return int(eval(loop[len("prange"):], function.__globals__, names))
        exec(ast.unparse(statement), function.__globals__, names)
    raise ValueError(f"{function.__name__} has no loop over prange")


@contextmanager
def recorded(threads):
    """[(kernel, its pieces, the size of its largest array)] of the calls within, cut up as for so
    many threads."""
    launches = []

    def recorder(stage, launch):
        def record(*args):
            launches.append((stage, pieces(launch, args), max(getattr(a, "size", 0) for a in args)))
            launch(*args)
        return record

    with ExitStack() as patches:
        for module in KERNELS:
            own = {name: recorder(f"{module.__name__.split('.')[-1]}.{name}", value)
                   for name, value in vars(module).items()
                   if hasattr(value, "compiled") and value.py_func.__module__ == module.__name__}
            if hasattr(module, "get_num_threads"):
                own["get_num_threads"] = lambda: threads
            patches.enter_context(mock.patch.multiple(module, **own))
        yield launches


def test_every_stage_of_a_step_keeps_64_threads_busy():
    network = Tinyfer()
    network.load(*task.faces(64))
    with recorded(64) as launches:
        network.step()
    assert {stage for stage, *_ in launches} >= {
        "direct._forward", "direct._backward", "winograd._forward", "winograd._backward",
        "winograd._filter_products", "winograd._filter_grads", "winograd._transform_filters",
        "batchnorm._image_statistics", "batchnorm._reduce", "pooling._forward", "gemm._matmul",
        "elementwise._adam"}
    large = [count for _, count, size in launches if size > SMALL]
    assert len(large) > 60 and min(large) >= 64


def test_pieces_are_the_iterations_of_the_loop():
    x = np.zeros((3, 4, 4, 2), np.float32)
    with recorded(2) as launches:
        pooling.maxpool_forward(x)
        gemm.matmul(np.zeros((25, 5), np.float32), np.zeros((5, 16), np.float32))
    assert [(stage, count) for stage, count, _ in launches if stage != "padding._copy"] == [
        ("pooling._forward", 3), ("gemm._matmul", 3)]
    assert pooling._forward.compiled        # put back


@pytest.mark.parametrize("threads", [3, 64])
def test_the_cut_changes_no_bit(threads, monkeypatch):
    rng = np.random.default_rng(5)
    x, dout = rng.standard_normal((9, 22, 22, 20)), rng.standard_normal((9, 20, 20, 40))
    w, b = rng.standard_normal((3, 3, 20, 40)), rng.standard_normal(40)

    def results():
        out = winograd.forward(x, w, b, True, 5)
        return out, *winograd.backward(dout, x, w, out, 5), gemm.matmul(dout[0, 0], w[0, 0].T)

    expected = results()
    for module in winograd, gemm:
        monkeypatch.setattr(module, "get_num_threads", lambda: threads)
    for found, wanted in zip(results(), expected):
        assert found.tobytes() == wanted.tobytes()
