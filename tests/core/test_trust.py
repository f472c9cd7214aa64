"""Only what nobody else can have written is read back: files, folders, and compiled kernels."""

import os
import pickle

import pytest

from tinyfer.core.kernels import compiling
from tinyfer.core.kernels.compiling import kernel
from tinyfer.storage import arrays
from tinyfer.storage.arrays import trusted, trusted_folder, user_folder

NOBODY = 65534
posix = pytest.mark.skipif(arrays.WINDOWS, reason="Windows has no owners and modes of this kind")
root = pytest.mark.skipif(arrays.WINDOWS or os.geteuid() != 0, reason="only root gives files away")


def read(path):
    """What the file holds, or None where it is not trusted."""
    try:
        with open(path, "rb", opener=trusted) as file:
            return file.read()
    except OSError:
        return None


@pytest.fixture
def file(tmp_path):
    """A file that is trusted, in a folder of its own."""
    folder = tmp_path / "folder"
    assert trusted_folder(folder, 0o700)
    (folder / "file").write_bytes(b"mine")
    (folder / "file").chmod(0o644)
    assert read(folder / "file") == b"mine"
    return folder / "file"


@posix
def test_what_others_can_write_is_not_read(file):
    for path, modes in (file, (0o664, 0o646, 0o666)), (file.parent, (0o777, 0o1777, 0o770)):
        before = path.stat().st_mode
        for mode in modes:
            path.chmod(mode)
            assert read(file) is None, f"{path} {mode:o}"
        path.chmod(before)
    assert read(file) == b"mine"


@posix
def test_links_and_what_is_no_file_are_not_read(file, tmp_path):
    (file.parent / "link").symlink_to(file)
    (tmp_path / "link").symlink_to(file.parent)
    os.mkfifo(file.parent / "pipe")
    pipe = os.open(file.parent / "pipe", os.O_RDWR)
    for name in "link", "../link/file", "pipe", ".", "none":
        assert read(file.parent / name) is None, name
    os.close(pipe)


@root
def test_what_another_user_owns_is_not_read(file, monkeypatch):
    """A user believes root and himself alone."""
    for user in 0, 1000:
        monkeypatch.setattr(os, "geteuid", lambda: user)
        for path in file, file.parent:
            assert read(file) == b"mine"
            os.chown(path, NOBODY, NOBODY)
            assert read(file) is None
            os.chown(path, user, user)
        assert read(file) == b"mine"


def test_only_the_home_counts_where_files_have_no_owner(file, monkeypatch):
    """As on Windows."""
    monkeypatch.setattr(arrays, "WINDOWS", True)
    for home, expected in (file.parents[1], b"mine"), (file.parent / "other", None):
        monkeypatch.setattr(arrays.Path, "home", lambda: home)
        assert read(file) == expected


def test_the_users_folder_has_no_relative_name(tmp_path, monkeypatch):
    monkeypatch.setattr(arrays.Path, "home", lambda: tmp_path)
    for name, folder in ((str(tmp_path / "x"), "x"), ("", ".cache"), ("../cache", ".cache")):
        monkeypatch.setenv("XDG_CACHE_HOME", name)
        assert user_folder() == tmp_path / folder / "tinyfer"
    monkeypatch.setattr(arrays.Path, "home", lambda: arrays.Path("."))
    assert user_folder() is None


class Told:
    """A pickle that makes a folder when it is read."""

    def __init__(self, name):
        self.name = name

    def __reduce__(self):
        return os.mkdir, (self.name,)


@root
@pytest.mark.parametrize("what", ["file", "folder"])
def test_a_kernel_of_another_user_is_neither_read_nor_run(tmp_path, monkeypatch, what):
    """Not even unpickled; and what is compiled instead goes to a folder of one's own."""
    shared, own = tmp_path / "shared", tmp_path / "own" / "kernels"
    monkeypatch.setattr(compiling, "_folders", lambda: {shared: 0o755, own: 0o700})

    def plus_one(x):
        return x + 1

    assert kernel()(plus_one)(1.0) == 2
    path, = shared.iterdir()
    content = pickle.dumps(Told(str(tmp_path / "unpickled")))
    path.write_bytes(compiling._checksum(path.name, content) + content)
    os.chown(path if what == "file" else shared, NOBODY, NOBODY)
    assert kernel()(plus_one)(1.0) == 2 and not (tmp_path / "unpickled").exists()
    if what == "folder":
        again = kernel()(plus_one)
        assert again(1.0) == 2 and sum(again.stats.cache_hits.values()) == 1
        assert len(list(own.iterdir())) == 1 and own.stat().st_mode & 0o777 == 0o700
