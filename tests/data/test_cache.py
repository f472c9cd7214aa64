"""The decoded pixels are kept and found again, but not when the source or they have changed."""

import errno
import os
import shutil
import time
from pathlib import Path

import pytest
from realdata import fer2013 as real_fer2013
from realdata import needs_fer2013
from small import FACE, noise, pack, png, same, unpack

from tinyfer.data import cache, find_data, load, load_fer2013


@pytest.fixture
def archive(files, tmp_path):
    (tmp_path / "place").mkdir()
    return pack(files, tmp_path / "place" / "archive.zip")


@pytest.fixture
def reads(monkeypatch):
    """A list that grows by one with every source that is really decoded."""
    reads, read = [], load._read_pictures
    monkeypatch.setattr(load, "_read_pictures", lambda *a: reads.append(a[0]) or read(*a))
    return reads


def caches(tmp_path):
    return sorted(tmp_path.rglob("*.npz"))


def test_the_second_start_decodes_nothing(archive, reads, tmp_path):
    assert same(load_fer2013(archive), load_fer2013(archive))
    assert len(reads) == 1
    assert caches(tmp_path) == [archive.with_name("archive.zip.tinyfer-cache.npz")]
    load_fer2013(archive.parent)
    assert len(reads) == 1, "the folder that holds the zip is the same source"


def test_cache_false_neither_writes_nor_reads_one(archive, reads, tmp_path):
    load_fer2013(archive, cache=False)
    assert not caches(tmp_path)
    load_fer2013(archive)
    load_fer2013(archive, cache=False)
    assert len(reads) == 3


@pytest.mark.parametrize("form, change", [("zip", "content"), ("folder", "content"),
                                          ("folder", "one more"), ("folder", "one less")])
def test_a_changed_source_is_noticed(files, tmp_path, reads, form, change):
    make, path = (pack, unpack)[form == "folder"], tmp_path / "data.zip"
    before = load_fer2013(make(files, path))
    assert same(load_fer2013(path), before) and len(reads) == 1
    if change == "one less":
        (path / FACE).unlink()
    else:
        name = "train/fear/Training_99.png" if change == "one more" else FACE
        make(files | {name: png(noise(999))}, path)
    after = load_fer2013(path)
    assert len(after) - 70 == {"content": 0, "one more": 1, "one less": -1}[change]
    assert len(reads) == 2 and not same(after, before)
    assert (after.faces == noise(999)).all(axis=(1, 2)).sum() == (change != "one less")


def test_a_damaged_cache_is_silently_rebuilt(archive, reads, tmp_path, capsys):
    data = load_fer2013(archive)
    path, = caches(tmp_path)
    whole = path.read_bytes()
    middle = whole.index(data.faces[10].tobytes())
    flipped = bytearray(whole)
    flipped[middle] ^= 1
    damaged = [whole[: len(whole) * part // 10] for part in range(10)]
    for content in (*damaged, bytes(flipped), b"not a cache"):
        path.write_bytes(content)
        count = len(reads)
        assert same(load_fer2013(archive), data)
        assert len(reads) == count + 1 and path.read_bytes() == whole
    assert capsys.readouterr() == ("", "")


@pytest.mark.skipif(os.name != "posix", reason="a folder cannot be marked read-only here")
def test_read_only_data_have_a_cache_each_at_the_users(archive, files, tmp_path, reads):
    other = tmp_path / "other"
    shutil.copytree(archive.parent, other)
    for folder in (archive.parent, other):
        folder.chmod(0o555)
    for _ in range(2):
        load_fer2013(archive)
        load_fer2013(other / "archive.zip")
    for folder in (archive.parent, other):
        folder.chmod(0o755)
    kept = tmp_path / "user-cache" / "tinyfer" / "data"
    assert len(reads) == 2 and [path.parent for path in caches(tmp_path)] == [kept, kept]


def test_no_place_for_a_cache_is_a_notice_not_a_failure(archive, reads, monkeypatch, capsys):
    def full(path, arrays):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(cache, "save_arrays", full)
    assert len(load_fer2013(archive)) == 70
    notice = capsys.readouterr().err
    assert notice.startswith("note: no place to keep") and notice.count("\n") == 1
    assert len(load_fer2013(archive)) == 70 and len(reads) == 2


def test_a_user_without_a_home_has_the_cache_beside_the_data(archive, reads, monkeypatch):
    def homeless():
        raise RuntimeError("Could not determine home directory.")

    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    monkeypatch.setattr(Path, "home", homeless)
    assert len(load_fer2013(archive)) == len(load_fer2013(archive)) == 70 and len(reads) == 1


@needs_fer2013
def test_real_second_start_takes_under_two_seconds():
    data = real_fer2013()
    started = time.process_time()  # processor time: the machine may have more to do than this
    again = load_fer2013(find_data())
    assert time.process_time() - started < 2
    assert same(again, data)
