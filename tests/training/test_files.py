"""Files of the storage: several processes at one, what a kill leaves, bounds on reading."""

import errno
import os
import subprocess
import sys
import zipfile
from types import SimpleNamespace

import numpy as np
import pytest

from tinyfer.storage import arrays
from tinyfer.storage.arrays import atomic_write, locked
from tinyfer.storage.files import open_member, open_zip, read_bounded, read_json

WRITE = """
import sys
from tinyfer.storage.arrays import atomic_write
for n in range(30):
    with atomic_write(sys.argv[1]) as file:
        file.write(bytes([int(sys.argv[2])]) * 50_000)
"""
HOLD = """
import sys
from tinyfer.storage.arrays import locked
with locked(sys.argv[1]):
    print("held", flush=True)
    sys.stdin.read()
"""


def start(code, *arguments, **pipes):
    return subprocess.Popen([sys.executable, "-c", code, *map(str, arguments)], text=True, **pipes)


def test_writers_side_by_side_never_mix(tmp_path):
    writers = [start(WRITE, tmp_path / "file", n) for n in (1, 2)]
    seen = set()
    while any(writer.poll() is None for writer in writers):
        if (tmp_path / "file").exists():
            content = (tmp_path / "file").read_bytes()
            assert len(content) == 50_000 and len(set(content)) == 1
            seen.add(content[0])
    assert [writer.returncode for writer in writers] == [0, 0] and seen == {1, 2}
    assert [file.name for file in tmp_path.iterdir()] == ["file"]
    arrays.save_arrays(tmp_path / ("n" * 251 + ".npz"), {"a": np.arange(3)})     # as long as any


def test_what_a_killed_writer_left_is_removed(tmp_path):
    """By a write of any file in the folder; but not the file of a writer at work, nor a young one.
    """
    code = ("import sys, time\nfrom tinyfer.storage.arrays import atomic_write\n"
            "with atomic_write(sys.argv[1]) as file:\n file.write(b'half'); file.flush()\n"
            " print('begun', flush=True); time.sleep(60)")
    killed, working = (start(code, tmp_path / "a", stdout=subprocess.PIPE) for _ in range(2))
    for writer in (killed, working):
        assert writer.stdout.readline() == "begun\n"
    killed.kill()
    killed.wait()
    parts = {int(file.name.split("-")[1]): file for file in tmp_path.iterdir()}
    (tmp_path / ".another.part").touch()
    with atomic_write(tmp_path / "b") as file:
        file.write(b"whole")
    assert len(list(tmp_path.iterdir())) == 4, "they are young"
    for file in tmp_path.iterdir():
        os.utime(file, (0, 0))
    with atomic_write(tmp_path / "b") as file:
        file.write(b"whole")
    assert {file.name for file in tmp_path.iterdir()} == {
        "b", ".another.part", parts[working.pid].name}
    working.kill()
    working.communicate()
    assert (tmp_path / "b").read_bytes() == b"whole"


def on_windows(monkeypatch, locking):
    """Whose msvcrt locks single bytes from where the file stands."""
    monkeypatch.setattr(arrays, "fcntl", None)
    monkeypatch.setattr(arrays, "msvcrt", SimpleNamespace(locking=locking, LK_NBLCK=2),
                        raising=False)


@pytest.mark.parametrize("held", [3, 99])
def test_windows_is_asked_again_while_a_file_is_open(tmp_path, monkeypatch, held):
    """It refuses to replace one that another program has open; after a second that is said."""
    tries, replace = [], os.replace

    def refuse(source, target):
        tries.append(source)
        if len(tries) <= held:
            raise PermissionError(errno.EACCES, "Access is denied")
        replace(source, target)

    monkeypatch.setattr(os, "replace", refuse)
    monkeypatch.setattr(arrays.time, "sleep", lambda seconds: None)
    on_windows(monkeypatch, lambda *_: None)
    (tmp_path / "a").write_bytes(b"before")
    try:
        with atomic_write(tmp_path / "a") as file:
            file.write(b"after")
    except OSError as error:
        assert "Access is denied; the one saved before is kept" in str(error)
    assert (tmp_path / "a").read_bytes() == (b"after" if held < 9 else b"before")
    assert [file.name for file in tmp_path.iterdir()] == ["a"]


def test_a_lock_names_its_owner_and_dies_with_it(tmp_path):
    """Whoever has its process id afterwards: 1 is alive everywhere."""
    path = tmp_path / "run" / ".lock"
    path.parent.mkdir()
    with start(HOLD, path, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as owner:
        assert owner.stdout.readline() == "held\n"
        with pytest.raises(BlockingIOError, match=f"run is in use by process {owner.pid} on "):
            with locked(path, seconds=0.2):
                pass
        owner.kill()
    for content in path.read_text(), "", "process 1 on h since s":
        path.write_text(content)
        with locked(path):
            assert path.read_text().startswith(f"process {os.getpid()} on ")
    assert path.exists(), "another may be waiting for it"


def test_locks_where_there_is_no_fcntl(tmp_path, monkeypatch):
    fcntl, places = arrays.fcntl, []

    def locking(descriptor, mode, count):
        places.append(os.lseek(descriptor, 0, os.SEEK_CUR))
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise PermissionError(errno.EACCES, "Permission denied") from None

    on_windows(monkeypatch, locking)
    with locked(tmp_path / ".lock"), pytest.raises(BlockingIOError, match="in use by process"):
        with locked(tmp_path / ".lock"):
            pass
    assert set(places) == {arrays.LOCK_PLACE}


def test_reading_is_bounded(tmp_path):
    (tmp_path / "a").write_bytes(bytes(100))
    assert read_bounded(tmp_path / "a", 100) == bytes(100)
    with open(tmp_path / "sparse", "wb") as file:
        file.truncate(5 << 30)
    for name, most in (("a", 99), ("sparse", 1000)):
        with pytest.raises(ValueError, match=f"{name} is larger than the {most:,} bytes"):
            read_json(tmp_path / name, most)
    for name in ("none", "."):
        with pytest.raises(FileNotFoundError, match="there is no file"):
            read_bounded(tmp_path / name, 9)
    for text in "", "{", "[" * 100_000, "NaN", "[Infinity]", "\xff", "1" * 5000:
        (tmp_path / "a.json").write_bytes(text.encode("latin-1"))
        with pytest.raises(ValueError, match=r"a\.json is damaged: it is no valid JSON$"):
            read_json(tmp_path / "a.json", 1_000_000)


def test_members_of_a_zip(tmp_path):
    path = tmp_path / "a.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("small", b"x" * 100)
        archive.writestr("bzip2", b"x" * 100, zipfile.ZIP_BZIP2)
        archive.writestr("bomb", bytes(20_000_000), zipfile.ZIP_DEFLATED)
    for name, most, sentence in (
            ("bomb", 10_000_000, "'bomb' would unpack to 20,000,000 bytes; expected at most 10,"),
            ("bzip2", 100, "'bzip2' is packed by method 12; expected stored or deflated"),
            ("gone", 100, "is not a whole zip archive")):
        with pytest.raises(ValueError, match=sentence):
            with open(path, "rb") as file, open_zip(file, str(path)) as archive:
                open_member(archive, name, most)
    with open(path, "rb") as file, open_zip(file, str(path)) as archive:
        assert open_member(archive, "small", 100).read() == b"x" * 100
