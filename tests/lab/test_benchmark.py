"""The benchmark: its arithmetic, its workers, and the proof that all contenders compute the same.

The times themselves are not tested: a test that fails on a busy machine is worse than none.
"""

import os
import subprocess
from importlib.util import find_spec

import benchmark
import numpy as np
import pytest
from bench import contest, photographs, race

TINY = ("--rounds", 1, "--threads", 1)


def test_turns_alternate():
    order = []
    seconds = race.take_turns({n: lambda n=n: order.append(n) or 1.0 for n in "ABC"}, 3, pause=0)
    assert order == list("ABCABCABC") and seconds == {n: [1.0] * 3 for n in "ABC"}


def test_ratios_are_paired_by_round():
    # The second round was twice as slow for both: paired, that is no disturbance.
    found = race.compare({"mine": [1.0, 2.0, 1.0, 1.0, 1.0], "other": [3.0, 6.0, 3.0, 2.5, 3.5]})
    assert found["other"] == dict(median=3.0, ratio=3.0, quartiles=[3.0, 3.0])
    assert found["mine"]["ratio"] == 1.0
    assert race.compare({"a": [2.0], "b": [5.0]})["b"]["quartiles"] == [2.5, 2.5]


def test_workers_answer_count_and_fail_as_their_object_does():
    before = dict(os.environ)
    with race.Worker(3, "builtins.list", (1, 2)) as worker:
        assert dict(os.environ) == before
        assert worker.call("index", 2) == 1
        assert 0 <= worker.seconds("append", 3, repeats=4) < 60
        assert worker.call("__len__") == 2 + 1 + 4      # one call before the timed ones
        with pytest.raises(AttributeError, match="no_such_method"):
            worker.call("no_such_method")
    with race.Worker(3, "os.getenv", "NUMBA_NUM_THREADS") as worker:
        assert worker.call("__str__") == "3"


def test_the_neighbour_works_as_long_as_it_is_wanted(monkeypatch):
    started, popen = [], subprocess.Popen
    monkeypatch.setattr(subprocess, "Popen", lambda *a, **k: started.append(popen(*a, **k))
                        or started[-1])
    with race.neighbour(False):
        assert not started
    with race.neighbour():
        assert started[0].poll() is None
    assert started[0].poll() is not None


def test_a_contender_with_other_logits_is_refused():
    logits = np.random.default_rng(0).standard_normal((16, 7))
    contest.validate("A", {"logits": logits * 1.0005}, {"logits": logits})
    with pytest.raises(ValueError, match="A does not compute .* logits is off by 1.0e-02"):
        contest.validate("A", {"logits": logits * 1.01}, {"logits": logits})
    with pytest.raises(ValueError, match="logits is off by nan"):
        contest.validate("A", {"logits": logits * np.nan}, {"logits": logits})


def test_contest(call):
    """One tiny round: PyTorch, where it is installed, must agree with tinyfer and be measured."""
    code, out, err = call(benchmark.main, *TINY, "--batch-size", 4, "--images", 3)
    assert code == 0, err
    step, inference = out.split("\n\nInference, 3 images, 1 thread, 1 rounds in turn")
    assert "Training step, batch of 4" in step
    for part in step, inference:
        rows = {line[:24].strip(): line[24:].split() for line in part.splitlines()}
        assert float(rows["tinyfer"][0]) > 0 and rows["tinyfer"][2] == "1.00"
        if find_spec("torch"):
            assert float(rows["PyTorch, channels last"][2]) > 0
        else:
            assert "PyTorch, channels last: not installed" in part
    assert inference.splitlines()[-2 + (find_spec("torch") is not None)].endswith("  3")


def test_the_fastest_batch_is_measured_in_turn(monkeypatch):
    class Worker:
        asked = []

        def seconds(self, method, size):
            self.asked.append(size)
            noise = 0.5 if len(self.asked) in (2, 3) else 1     # of one turn: the median stands
            return noise * {16: 5, 32: 4, 64: 3, 100: 6}[size]

    monkeypatch.setattr("time.sleep", lambda seconds: None)
    assert contest.fastest_batch(Worker(), images=100) == 64
    assert Worker.asked == [16, 32, 64, 100] * contest.BATCH_TURNS


def test_photographs_and_films_are_timed(call, monkeypatch):
    absent = {"fer": (("no_such_package",), "nowhere.Fer", ())}
    for name, ours in ("OURS", (50,)), ("FINDERS", (24,)):
        monkeypatch.setattr(photographs, name, {"tinyfer": ((), "bench.photographs.Tinyfer", ours)})
    monkeypatch.setattr(photographs, "FER", absent)
    code, out, err = call(benchmark.main, *TINY, "--photographs")
    assert code == 0, err
    assert [line.split()[-1] for line in out.splitlines() if line.startswith("tinyfer  ")] == [
        "1", "30", "8"]
    assert out.count("fer: not installed") == 2 and "A portrait of 473x640 read, 1 thread" in out
