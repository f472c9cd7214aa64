"""Many threads: every stage of a training step has a piece of work for each of 64."""

import numpy as np
import pytest
from bench import pieces

from tinyfer.core.kernels import gemm, pooling, winograd


def test_every_stage_of_a_step_keeps_64_threads_busy():
    launches, alone = pieces.Step(64).run(64)
    assert alone > 0
    assert {launch.stage for launch in launches} >= {
        "direct._forward", "direct._backward", "winograd._forward", "winograd._backward",
        "winograd._filter_products", "winograd._filter_grads", "winograd._transform_filters",
        "batchnorm._image_statistics", "batchnorm._reduce", "pooling._forward", "gemm._matmul",
        "elementwise._adam"}
    few = [launch for launch in launches if launch.size > pieces.SMALL and launch.pieces < 64]
    assert not few
    assert sum(launch.size > pieces.SMALL for launch in launches) > 60


def test_pieces_are_the_iterations_of_the_loop():
    x = np.zeros((3, 4, 4, 2), np.float32)
    calls = []
    with pieces.recorded(calls, threads=2):
        pooling.maxpool_forward(x)
        gemm.matmul(np.zeros((25, 5), np.float32), np.zeros((5, 16), np.float32))
    assert [(call.stage, call.pieces) for call in calls if call.stage != "padding._copy"] == [
        ("pooling._forward", 3), ("gemm._matmul", 3)]
    assert pooling._forward.compiled        # put back


def test_what_more_threads_gain_by_hand():
    cut = [pieces.Launch("a", 8, 100, 0.8), pieces.Launch("b", 3, 100, 0.3)]
    assert pieces.shared(cut, 1) == pytest.approx(1.1)
    assert pieces.shared(cut, 2) == pytest.approx(0.4 + 0.2)    # one of them takes two of three
    assert pieces.shared(cut, 64) == pytest.approx(0.1 + 0.1)


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
