"""The benchmark: its arithmetic, its contenders, its pictures, and the retired convolutions.

The times themselves are not tested: a test that fails on a busy machine is worse than none.
`python scripts/lab/benchmark.py --check` judges them.
"""

import argparse
import json
import os
import subprocess
from importlib.util import find_spec

import benchmark
import numpy as np
import pytest
import speed_ladder
from bench import contenders, contest, cost, ladder, machine, photographs, sweep, text, turns

import tinyfer
from tinyfer.commands import pages
from tinyfer.core.kernels import reference


def relative_error(a, b):
    return np.linalg.norm(a - b) / np.linalg.norm(b)


# --- the retired convolutions ------------------------------------------------------------------

@pytest.mark.parametrize("relu", [False, True])
@pytest.mark.parametrize("shape", [(2, 9, 7, 5, 3), (1, 6, 6, 1, 4)], ids=str)
@pytest.mark.parametrize("key", ladder.RUNGS)
def test_every_rung_is_the_definition(key, shape, relu):
    N, H, W, C, K = shape
    rng = np.random.default_rng(1)
    x, w = rng.standard_normal((N, H, W, C)), rng.standard_normal((3, 3, C, K))
    b, dout = rng.standard_normal(K), rng.standard_normal((N, H - 2, W - 2, K))
    exact = reference.conv2d_forward(x, w, b)
    if relu:
        exact = np.maximum(exact, 0)
    expected = reference.conv2d_backward(np.where(exact > 0, dout, 0) if relu else dout, x, w)

    arrays = [a.astype(np.float32) for a in (x, w, b, dout)]
    kept = [a.copy() for a in arrays]
    out = ladder.RUNGS[key].forward(*arrays[:3], relu)
    assert out.dtype == np.float32
    assert relative_error(out, exact) <= 1e-5
    gate = exact.astype(np.float32) if relu else None
    found = ladder.RUNGS[key].backward(arrays[3], *arrays[:2], gate)
    for mine, truth in zip(found, expected):
        assert mine.dtype == np.float32
        assert relative_error(mine, truth) <= 1e-5
    assert all((a == b).all() for a, b in zip(arrays, kept))


def test_operations_of_the_network():
    model = tinyfer.six_layer_cnn()
    shape, forward, backward = model.input_shape, 0, 0
    for layer in model.layers:
        if layer.kind in ("conv", "dense"):
            (f, _), (b, _) = cost.cost(layer, shape, images=1)
            forward, backward = forward + f, backward + b
        shape = layer.output_shape(shape)
    assert round(forward / 2e6, 1) == 143.0     # multiply-adds of one image
    assert backward == 2 * forward


def test_bytes_of_a_convolution_by_hand():
    layer = tinyfer.six_layer_cnn().layers[0]
    (_, forward), (_, backward) = cost.cost(layer, (48, 48, 1), images=2)
    x, w, out = 2 * 48 * 48, 9 * 32, 2 * 46 * 46 * 32
    assert forward == 4 * (x + w + out)
    assert backward == 4 * (2 * x + 2 * w + 2 * out)    # x, w, out, dout in; dx, dw out


# --- turns and statistics ----------------------------------------------------------------------

def test_turns_alternate():
    order = []
    seconds = turns.take_turns({n: lambda n=n: order.append(n) or 1.0 for n in "ABC"}, rounds=3,
                               pause=0)
    assert order == list("ABCABCABC") and seconds == {n: [1.0] * 3 for n in "ABC"}


def test_ratios_are_paired_by_round():
    # The second round was twice as slow for both: paired, that is no disturbance.
    found = turns.compare({"mine": [1.0, 2.0, 1.0, 1.0, 1.0], "other": [3.0, 6.0, 3.0, 2.5, 3.5]},
                          "mine")
    assert found["other"]["ratio"] == 3.0
    assert found["other"]["quartiles"] == [3.0, 3.0]
    assert found["other"]["ratio_of_medians"] == 3.0
    assert found["other"]["least"] == 2.5
    assert found["mine"]["ratio"] == 1.0
    found = turns.compare({"mine": [2.0], "other": [5.0]}, "mine")
    assert found["other"]["quartiles"] == [2.5, 2.5]


@pytest.fixture
def worker():
    before = dict(os.environ)
    with turns.workers() as started:
        started["a"] = turns.Worker("a list", 3, "builtins.list", (1, 2))
        assert dict(os.environ) == before
        yield started["a"]


def test_workers_answer_measure_and_fail_by_name(worker):
    ballast = np.ones(300 << 20, np.uint8)
    assert worker.call("index", 2) == 1
    assert 0 <= worker.seconds("append", 3, repeats=4) < 60
    assert worker.call("__len__") == 2 + 1 + 4      # one call before the timed ones
    assert 1 << 20 < worker.peak_memory() < ballast.nbytes      # its own
    with pytest.raises(ValueError, match="a list: AttributeError: .*'no_such_method'"):
        worker.call("no_such_method")


def test_a_worker_that_dies_is_noticed(worker):
    worker._process.kill()
    with pytest.raises(ValueError, match="a list: its process ended with exit code -9"):
        worker.call("__len__")


def test_a_worker_gets_its_number_of_threads():
    with turns.workers() as started:
        worker = started["a"] = turns.Worker("variable", 3, "os.getenv", "NUMBA_NUM_THREADS")
        assert worker.call("__str__") == "3"


# --- validation --------------------------------------------------------------------------------

def test_a_contender_with_other_logits_is_refused():
    judge = contenders.CONTENDERS["onnxruntime"]
    logits = np.random.default_rng(0).standard_normal((16, 7))
    assert contenders.validate(judge, {"logits": logits * 1.0005}, {"logits": logits})
    with pytest.raises(ValueError, match="ONNX Runtime does not .* logits is off by 1.0e-02"):
        contenders.validate(judge, {"logits": logits * 1.01}, {"logits": logits})
    with pytest.raises(ValueError, match="logits is off by nan"):
        contenders.validate(judge, {"logits": logits * np.nan}, {"logits": logits})


def test_contest(tmp_path, capfd):
    """One tiny round: those that are installed must agree with tinyfer and be measured."""
    chosen = [contenders.CONTENDERS[key] for key in ("torch-last", "keras", "onnxruntime")]
    path = tmp_path / "result.json"
    code = benchmark.main(["--rounds", "1", "--batch-size", "4", "--images", "3", "--threads", "1",
                           "--contenders", ",".join(c.key for c in chosen), "--json", str(path)])
    out, err = capfd.readouterr()
    assert code == 0, err
    results = json.loads(path.read_text())
    for kind in ("training", "inference"):
        mine = results[kind].pop("tinyfer")
        assert mine["ratio"] == 1 and mine["median"] > 0 and mine["peak_memory"] > 1 << 20
        assert mine["images_per_s"] == (4 if kind == "training" else 3) / mine["median"]
        assert results[kind].keys() == {c.key for c in chosen if kind in c.tasks}
        for key, entry in results[kind].items():
            absent = contenders.missing(contenders.CONTENDERS[key])
            assert entry.get("missing", []) == absent
            assert absent or entry["ratio"] > 0 and entry["errors"]["logits"] < 1e-3
            assert entry["title"] + (": not installed" if absent else "  ") in out


# --- --check -----------------------------------------------------------------------------------

def made_up(training, inference, onnx=None, mib=400):
    """Results with these ratios, for channels first, channels last and bfloat16."""
    def entries(ratios):
        found = {"tinyfer": dict(title="tinyfer", median=1.0, ratio=1.0, peak_memory=mib << 20)}
        for key, ratio in zip(("torch-first", "torch-last", "torch-bf16"), ratios):
            found[key] = dict(title=key, median=ratio, ratio=ratio)
        return found

    results = {"training": entries(training), "inference": entries(inference)}
    results["inference"]["onnxruntime"] = (
        dict(title="ONNX Runtime", median=onnx, ratio=onnx) if onnx
        else dict(title="ONNX Runtime", missing=["onnxruntime"]))
    return results


@pytest.mark.parametrize("results, passes", [
    (made_up((3.0, 2.4, 1.0), (3.5, 3.2, 0.8)), "11111"),
    (made_up((3.0, 2.39, 1.0), (3.5, 3.2, 0.8)), "01111"),      # the fastest setting counts,
    (made_up((2.39, 3.0, 1.0), (3.1, 3.2, 0.8)), "01011"),      # whichever it is
    (made_up((3.0, 2.4, 0.99), (3.5, 3.2, 0.79)), "10101"),
    (made_up((3.0, 2.4), (3.5, 3.2)), "111"),                   # without bfloat16
    (made_up((3.0, 2.4, 1.0), (3.5, 3.2, 0.8), onnx=1.01), "111111"),
    (made_up((3.0, 2.4, 1.0), (3.5, 3.2, 0.8), onnx=0.99), "111101"),
    (made_up((3.0, 2.4, 1.0), (3.5, 3.2, 0.8), mib=479), "11110"),
])
def test_check(results, passes):
    assert "".join(str(int(passed)) for passed, _ in contest.check(results)) == passes


def test_check_decides_the_exit_code(monkeypatch, capsys):
    for ratio, code in ((2.5, 0), (2.3, 1)):
        results = made_up((ratio, 5.0), (5.0, 5.0))
        monkeypatch.setattr(contest, "measure", lambda kind, given: results[kind])
        monkeypatch.setattr(contest, "table", lambda *_: "")
        monkeypatch.setattr(contest, "compile_kernels", lambda given: None)
        monkeypatch.setattr("benchmark.missing", lambda contender: [])
        assert benchmark.main(["--check"]) == code
    assert "FAIL  training: 2.30 times as fast as torch-first" in capsys.readouterr().out


def test_the_fastest_batch_is_measured_in_turn():
    class Worker:
        asked = []

        def seconds(self, method, size, repeats=1):
            self.asked.append(size)
            noise = 0.5 if len(self.asked) in (2, 3) else 1     # of one turn: the median stands
            return noise * {16: 5, 32: 4, 64: 3, 100: 6}[size]

    assert contest.fastest_batch(Worker(), images=100) == 64
    assert Worker.asked == [16, 32, 64, 100] * contest.BATCH_TURNS


def test_check_needs_pytorch(monkeypatch, capsys):
    monkeypatch.setattr(contenders, "find_spec",
                        lambda name: None if name == "torch" else find_spec(name))
    assert benchmark.main(["--check"]) == 2
    assert capsys.readouterr().err.startswith(
        "error: --check compares with PyTorch, which is not installed")
    assert benchmark.main(["--check", "--contenders", "keras"]) == 2


@pytest.mark.parametrize("arguments, sentence", [
    (["--rounds", "0"], "expected a whole number from 1, got '0'"),
    (["--contenders", "jax"], "there is no contender 'jax'; there are tinyfer, torch-first"),
    (["--fill", "no/such/file.md"], "no/such/file.md"),
])
def test_bad_arguments_get_one_sentence(arguments, sentence, refused):
    assert sentence in refused(benchmark.main, *arguments)


# --- text, pictures, layers ------------------------------------------------------------------

def test_fill_replaces_only_what_it_has(tmp_path):
    path = tmp_path / "speed.md"
    kept = "between\n<!-- begin two -->\nkept\n<!-- end two -->\nafter\n"
    path.write_text("before\n<!-- begin one -->\nold\n<!-- end one -->\n" + kept)
    assert pages.blocks_of(path) == ["one", "two"]
    for _ in range(2):      # a second time changes nothing
        text.fill(path, {"one": r"new \1", "three": "nowhere"})
        assert path.read_text() == (
            "before\n<!-- begin one -->\n```text\nnew \\1\n```\n<!-- end one -->\n" + kept)
    path.write_text("no place")
    with pytest.raises(ValueError, match="speed.md has no block"):
        pages.blocks_of(path)


def test_layers_sweep_and_limits(capsys, tmp_path, monkeypatch):
    monkeypatch.setattr(machine, "LARGE", 1 << 20)
    monkeypatch.setattr(sweep, "SIZES", (2, 3))
    path = tmp_path / "result.json"
    assert benchmark.main(["--layers", "--sweep", "--rounds", "1", "--batch-size", "2", "--threads",
                           "1", "--contenders", "tinyfer", "--json", str(path)]) == 0
    results = json.loads(path.read_text())
    assert [row["batch"] for row in results["sweep"]] == [2, 3]
    rows = results["layers"]
    assert abs(sum(row["share"] for row in rows) - 1) < 1e-9
    assert sum(row["layer"].startswith("Conv") for row in rows) == 12
    assert all(value > 0 for value in results["limits"].values())
    assert "whole step" in capsys.readouterr().out


def test_ladder_measures_and_draws(tmp_path, capsys, monkeypatch):
    made_up = dict(numpy_product=200, own_product=220, copy_activation=30, copy_large=10)
    monkeypatch.setattr(machine, "measure", lambda given: made_up)
    measured, measure = [], speed_ladder.measure
    monkeypatch.setattr(speed_ladder, "measure", lambda given: measured.extend(measure(given))
                        or measured)
    assert speed_ladder.main(["--rounds", "1", "--batch-size", "2", "--threads", "1", "--rungs",
                              "im2col,chosen", "--figures", str(tmp_path)]) == 0
    assert [row["key"] for row in measured] == ["im2col", "chosen"]
    for row in measured:
        assert 0 < row["error"] < 1e-5
        assert min(row["forward_ms"], row["backward_ms"], row["step_ms"]) > 0
    for name in ("speed_ladder.png", "roofline.png"):
        assert (tmp_path / name).read_bytes().startswith(b"\x89PNG")
    assert "im2col and NumPy's matmul" in capsys.readouterr().out


def test_ladder_multiplies_up_what_it_timed():
    plain = ladder.Ladder("python", 64)
    layer_scale, _ = plain.scales()
    # 4 x 4 outputs of 8 channels from 8, one image; against 18 x 18, 128 from 128, 64 images.
    assert layer_scale == 64 * (18 * 18 * 128 * 128) / (4 * 4 * 8 * 8)
    assert ladder.Ladder("im2col", 3).scales() == (1, 1)


def test_photographs_and_films_are_timed(monkeypatch):
    monkeypatch.setattr(photographs, "FRAMES", 2)
    others = {"tinyfer": (photographs.Tinyfer, (50,), ()),
              "fer": (photographs.Fer, (), ("no_such_package",))}
    for name, (what, _) in photographs.TASKS.items():
        monkeypatch.setitem(photographs.TASKS, name, (what, others))
    options = argparse.Namespace(portrait=None, rounds=1, threads=1)
    result = photographs.measure(options)
    assert [result[name]["contenders"]["tinyfer"]["faces"] for name in result] == [1, 2, 8]
    shown = photographs.table(result, options)
    assert shown.count("fer: not installed") == 3 and "A portrait of 473x640 read" in shown


def test_the_neighbour_works_as_long_as_it_is_wanted(monkeypatch):
    started, popen = [], subprocess.Popen
    monkeypatch.setattr(subprocess, "Popen", lambda *a, **k: started.append(popen(*a, **k))
                        or started[-1])
    with turns.neighbour(False):
        assert not started
    with turns.neighbour():
        assert started[0].poll() is None
    assert started[0].poll() is not None
