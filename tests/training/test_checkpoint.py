"""Checkpoints: everything comes back bit for bit, and nothing saved is lost to a failure."""

import errno
import json
import os
import tracemalloc
import zipfile

import numpy as np
import pytest
from tiny import tiny_model

from tinyfer.core.networks import load_model
from tinyfer.core.optim import Adam
from tinyfer.storage.arrays import load_arrays, save_arrays
from tinyfer.training.checkpoint import load_checkpoint, save_checkpoint

HISTORY = [dict(epoch=1, loss=1 / 3, accuracy=0.1 + 0.2, val_loss=1e-300, val_accuracy=2 / 3,
                seconds=1.5)]


def stepped(seed, steps=3):
    """A model and optimizer some way into training, with nothing left at its first value."""
    model = tiny_model(seed)
    optimizer = Adam(model.parameters())
    for _ in range(steps):
        model.forward(model.rng.random((4, 48, 48, 1), dtype=np.float32), training=True)
        model.backward(model.rng.normal(size=(4, 3)).astype(np.float32))
        optimizer.step()
    return model, optimizer


def everything(model, optimizer):
    """All that a training goes on from, bit for bit."""
    arrays = model.state() | optimizer.state()
    return {name: (array.dtype, array.tobytes()) for name, array in arrays.items()} | {
        "generator": model.rng.bit_generator.state}


def test_everything_comes_back_bit_for_bit(tmp_path):
    model, optimizer = stepped(seed=0)
    save_checkpoint(tmp_path / "last.npz", model, optimizer, HISTORY)
    expected = everything(model, optimizer)
    other, other_optimizer = stepped(seed=0, steps=1)
    assert load_checkpoint(tmp_path / "last.npz", other, other_optimizer) == HISTORY
    assert everything(other, other_optimizer) == expected and other_optimizer.t == 3
    # Dropout of both goes on with the same numbers: the generator came back too, into the same
    # object that the layers hold.
    x = np.random.default_rng(2).random((4, 48, 48, 1), dtype=np.float32)
    assert np.array_equal(other.forward(x, training=True), model.forward(x, training=True))
    assert other.rng.random() == model.rng.random()
    arrays = load_arrays(tmp_path / "last.npz")         # format 1 tells no settings
    about = json.loads(str(arrays.pop("about"))) | {"format": 1}
    del about["settings"]
    np.savez(tmp_path / "last.npz", about=np.array(json.dumps(about)), **arrays)
    assert load_checkpoint(tmp_path / "last.npz", other, other_optimizer) == HISTORY


def flipped(content, n, seed=0):
    """The bytes with one bit flipped, at n seeded places, among them the first and the last."""
    rng = np.random.default_rng(seed)
    ends = [8 * place for place in (0, len(content) - 1, len(content) - 9, len(content) - 40)]
    for place in (*ends, *rng.integers(0, 8 * len(content), n - len(ends))):
        damaged = bytearray(content)
        damaged[place // 8] ^= 1 << place % 8
        yield bytes(damaged)


def test_a_flipped_bit_anywhere_is_noticed(tmp_path):
    """In a checkpoint, and then nothing of it is loaded; in a model file."""
    model, optimizer = stepped(seed=0)
    save_checkpoint(tmp_path / "last.npz", model, optimizer, HISTORY)
    model.save(tmp_path / "best.npz")
    other, other_optimizer = stepped(seed=0, steps=1)
    before = everything(other, other_optimizer)
    for name, read in (("best.npz", load_model), (
            "last.npz", lambda path: load_checkpoint(path, other, other_optimizer))):
        content = (tmp_path / name).read_bytes()
        for damaged in flipped(content, 200):
            (tmp_path / name).write_bytes(damaged)
            with pytest.raises(ValueError, match=f"{name} cannot be read: it is damaged"):
                read(tmp_path / name)
        (tmp_path / name).write_bytes(content)
    assert everything(other, other_optimizer) == before
    assert load_checkpoint(tmp_path / "last.npz", other, other_optimizer) == HISTORY


def test_files_without_the_checksum_are_read_as_well(tmp_path):
    expected = dict(w=np.asfortranarray(np.eye(2, 3)), empty=np.zeros((0, 4)), one=np.array("x"))
    np.savez(tmp_path / "plain.npz", **expected)
    save_arrays(tmp_path / "signed.npz", expected)
    for name in "plain.npz", "signed.npz":
        found = load_arrays(tmp_path / name)
        assert found.keys() == expected.keys()
        for key, array in expected.items():
            assert np.array_equal(found[key], array) and found[key].dtype == array.dtype


def test_more_arrays_than_memory_are_refused_unread(tmp_path, monkeypatch):
    """A zip that unpacks to more than is allowed, and an array that says it is of 8 GB."""
    monkeypatch.setattr("tinyfer.storage.arrays.MOST_BYTES", 40_000_000)
    np.savez_compressed(tmp_path / "bomb.npz", w=np.zeros(41 << 20, np.uint8))
    header = {"descr": "<f8", "fortran_order": False, "shape": (10**9,)}
    with zipfile.ZipFile(tmp_path / "lies.npz", "w") as archive, archive.open(
            "w.npy", "w") as file:
        np.lib.format.write_array_header_1_0(file, header)
    tracemalloc.start()
    for name in ("bomb.npz", "lies.npz"):
        with pytest.raises(ValueError, match=f"{name} cannot be read"):
            load_arrays(tmp_path / name)
    assert tracemalloc.get_traced_memory()[1] < 1e7
    tracemalloc.stop()


@pytest.mark.parametrize("change, sentence", [
    (lambda a, s: a.update({"model/w": np.zeros(3)}), "'w' is unknown"),
    (lambda a, s: a.update(stray=np.zeros(3)), "holds 'stray', which belongs to no checkpoint"),
    (lambda a, s: a.pop("optimizer/t"), "'t' is missing"),
    (lambda a, s: a.update({"optimizer/t": np.array(-1)}), "'t' holds -1, expected at least 0"),
    (lambda a, s: a["optimizer/m.conv1.b"].fill(np.nan), "'m.conv1.b' holds NaN or infinity"),
    (lambda a, s: a["model/bn1.var"].fill(-1), "'bn1.var' holds -1.0, expected at least 0"),
    (lambda a, s: a.update({"model/conv1.b": np.zeros(3)}), "'conv1.b' is float64; expected float"),
    (lambda a, s: a.update({"model/conv1.b": np.zeros(9, "f4")}), "'conv1.b' has shape (9,)"),
    (lambda a, s: s.update(rng=None), "the state of its random generator is damaged"),
    (lambda a, s: s.update(rng=np.random.default_rng(1).bit_generator.state), "of another seed"),
    (lambda a, s: s.update(settings={"lr": 1.0}), "it was written with {'lr': 1.0}"),
    (lambda a, s: s.update(settings=None), "its settings is None; expected names and values"),
    (lambda a, s: s.update(history={}), "its history is no list"),
    (lambda a, s: s["history"][0].pop("loss"), "row 1 of its history is not epoch, loss"),
    (lambda a, s: s["history"][0].update(loss="x" * 999), "loss of epoch 1 is 'xxx"),
    (lambda a, s: s["history"][0].update(epoch=2), "row 1 of its history is of epoch 2"),
    (lambda a, s: s["history"][0].update(val_accuracy=1.5), "an accuracy above 1"),
    (lambda a, s: s.update(format=99), "has checkpoint format 99, expected 2"),
])
def test_a_checkpoint_is_loaded_whole_or_not_at_all(tmp_path, change, sentence):
    path, settings = tmp_path / "last.npz", {"lr": 1e-3, "batch_size": 8}
    model, optimizer = stepped(seed=0)
    save_checkpoint(path, model, optimizer, HISTORY, settings)
    arrays = load_arrays(path)
    about = json.loads(str(arrays["about"]))
    change(arrays, about)
    save_arrays(path, arrays | {"about": np.array(json.dumps(about))})
    other, other_optimizer = stepped(seed=0, steps=1)
    before = everything(other, other_optimizer)

    def fits(kept):
        if kept != settings:
            raise ValueError(f"it was written with {kept}")

    with pytest.raises(ValueError) as error:
        load_checkpoint(path, other, other_optimizer, fits)
    assert sentence in str(error.value) and len(str(error.value)) - len(str(path)) < 150
    assert everything(other, other_optimizer) == before


def test_other_files_are_named(tmp_path):
    model, optimizer = stepped(seed=0, steps=1)
    (tmp_path / "text.npz").write_text("not an archive")
    np.savez(tmp_path / "evil.npz", a=np.array([{"a": 1}], dtype=object))       # a pickle
    for name in ("text.npz", "evil.npz"):
        with pytest.raises(ValueError, match=f"{name} cannot be read"):
            load_arrays(tmp_path / name)
    model.save(tmp_path / "best.npz")
    with pytest.raises(ValueError, match="best.npz is no checkpoint"):
        load_checkpoint(tmp_path / "best.npz", model, optimizer)


@pytest.mark.parametrize("failure", [OSError(errno.ENOSPC, "No space left on device"),
                                     KeyboardInterrupt()])
@pytest.mark.parametrize("moment", ["fsync", "replace"])
def test_a_failure_while_writing_keeps_the_old_file(tmp_path, monkeypatch, failure, moment):
    path = tmp_path / "last.npz"
    save_arrays(path, {"w": np.arange(5)})

    def fail(*_):
        raise failure

    monkeypatch.setattr(os, moment, fail)
    with pytest.raises(type(failure)):
        save_arrays(path, {"w": np.arange(6)})
    assert load_arrays(path)["w"].tolist() == [0, 1, 2, 3, 4]
    assert [file.name for file in tmp_path.iterdir()] == ["last.npz"]
