"""Checkpoints: everything comes back bit for bit, and nothing saved is lost to a failure."""

import errno
import json
import os
import subprocess
import sys

import numpy as np
import pytest
from tiny import tiny_model

from tinyfer.checkpoint import load_arrays, load_checkpoint, save_arrays, save_checkpoint
from tinyfer.optim import Adam

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


def test_everything_comes_back_bit_for_bit(tmp_path):
    model, optimizer = stepped(seed=0)
    save_checkpoint(tmp_path / "last.npz", model, optimizer, HISTORY)
    expected = {**model.state(), **optimizer.state()}
    other, other_optimizer = stepped(seed=1, steps=1)
    assert load_checkpoint(tmp_path / "last.npz", other, other_optimizer) == HISTORY
    restored = {**other.state(), **other_optimizer.state()}
    assert restored.keys() == expected.keys()
    for name, value in expected.items():
        assert restored[name].tobytes() == value.tobytes(), name
    assert other_optimizer.t == 3
    # Dropout of both goes on with the same numbers: the generator came back too, into the same
    # object that the layers hold.
    x = np.random.default_rng(2).random((4, 48, 48, 1), dtype=np.float32)
    assert np.array_equal(other.forward(x, training=True), model.forward(x, training=True))
    assert other.rng.random() == model.rng.random()


def test_no_pickle_inside(tmp_path):
    model, optimizer = stepped(seed=0)
    save_checkpoint(tmp_path / "last.npz", model, optimizer, HISTORY)
    with np.load(tmp_path / "last.npz", allow_pickle=False) as file:
        assert all(file[name].dtype != object for name in file.files)


def test_pickles_are_refused(tmp_path):
    np.savez(tmp_path / "evil.npz", a=np.array([{"a": 1}], dtype=object))
    with pytest.raises(ValueError, match="evil.npz cannot be read"):
        load_arrays(tmp_path / "evil.npz")


@pytest.mark.parametrize("share", [0, 0.1, 0.5, 0.9, 0.999])
def test_truncated_file_is_named(tmp_path, share):
    model, optimizer = stepped(seed=0)
    path = tmp_path / "last.npz"
    save_checkpoint(path, model, optimizer, HISTORY)
    content = path.read_bytes()
    path.write_bytes(content[: int(share * len(content))])
    untouched = {name: value.copy() for name, value in model.state().items()}
    with pytest.raises(ValueError, match=r"last\.npz cannot be read: it is damaged"):
        load_checkpoint(path, model, optimizer)
    assert all(np.array_equal(model.state()[name], value) for name, value in untouched.items())


def test_flipped_bit_is_noticed(tmp_path):
    save_arrays(tmp_path / "a.npz", {"w": np.zeros(1000)})
    content = bytearray((tmp_path / "a.npz").read_bytes())
    content[4000] ^= 1
    (tmp_path / "a.npz").write_bytes(content)
    with pytest.raises(ValueError, match="damaged"):
        load_arrays(tmp_path / "a.npz")


def test_other_files_are_named(tmp_path):
    model, optimizer = stepped(seed=0, steps=1)
    (tmp_path / "text.npz").write_text("not an archive")
    np.save(tmp_path / "single.npy", np.zeros(3))
    for name in ("text.npz", "single.npy"):
        with pytest.raises(ValueError, match=f"{name} cannot be read"):
            load_arrays(tmp_path / name)
    with pytest.raises(FileNotFoundError, match="none.npz"):
        load_arrays(tmp_path / "none.npz")
    model.save(tmp_path / "best.npz")
    with pytest.raises(ValueError, match="best.npz is no checkpoint"):
        load_checkpoint(tmp_path / "best.npz", model, optimizer)


def test_other_shape_is_named_and_changes_nothing(tmp_path):
    wide = tiny_model(channels=4)
    save_checkpoint(tmp_path / "last.npz", wide, Adam(wide.parameters()), HISTORY)
    model, optimizer = stepped(seed=0)
    before = {name: value.copy() for name, value in model.state().items()}
    with pytest.raises(ValueError, match=r"last\.npz does not fit this network.*shape"):
        load_checkpoint(tmp_path / "last.npz", model, optimizer)
    assert all(np.array_equal(model.state()[name], value) for name, value in before.items())


def test_other_format_is_named(tmp_path):
    model, optimizer = stepped(seed=0)
    save_checkpoint(tmp_path / "last.npz", model, optimizer, HISTORY)
    arrays = load_arrays(tmp_path / "last.npz")
    about = json.loads(str(arrays["about"])) | {"format": 99}
    save_arrays(tmp_path / "last.npz", arrays | {"about": np.array(json.dumps(about))})
    with pytest.raises(ValueError, match="format 99, expected 1"):
        load_checkpoint(tmp_path / "last.npz", model, optimizer)


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


FULL_DISK = """
import resource, sys
import numpy as np
from tinyfer.checkpoint import save_arrays
resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))   # every write beyond it fails
try:
    save_arrays(sys.argv[1], {"a": np.zeros(30_000), "b": np.zeros(30_000)})
except OSError as error:
    print(error)
"""


def test_a_write_that_really_fails_keeps_the_old_file(tmp_path):
    path = tmp_path / "last.npz"
    save_arrays(path, {"w": np.arange(5)})
    done = subprocess.run([sys.executable, "-c", FULL_DISK, path], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert str(path) in done.stdout
    assert load_arrays(path)["w"].tolist() == [0, 1, 2, 3, 4]
    assert [file.name for file in tmp_path.iterdir()] == ["last.npz"]
