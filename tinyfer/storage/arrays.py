"""Arrays and JSON in files: written whole or not at all, by one process at a time where one asks
for that (`locked`), read within bounds and never unpickled.

Caches are read back only where nobody else can have written them. A compiled kernel is machine
code, and cached labels decide a training: whoever could put a file where one is looked for could
have it believed, and a checksum would not tell. So a file counts only if it and its folder belong
to the user or to root, and can be written by their owner alone. Windows says neither of these in a
way that Python reads; there, what lies in the user's home counts, which others cannot write to.
"""

import errno
import json
import math
import os
import platform
import secrets
import stat
import struct
import time
import zlib
from contextlib import contextmanager, suppress
from pathlib import Path

import numpy as np

try:
    import fcntl
except ImportError:                             # Windows
    import msvcrt

    fcntl = None

WINDOWS = not hasattr(os, "geteuid")
HELD = (errno.EACCES, errno.EAGAIN, errno.EDEADLK)
LEFTOVER_SECONDS = 60                           # a temporary file of that age has lost its writer
PATIENCE = 20                                   # times that Windows is asked to replace a file
LOCK_PLACE = 1 << 30                            # msvcrt locks bytes: one that nobody reads
MOST_BYTES = 400_000_000                # of a file of arrays, and of what it unpacks to
SIGNATURE = b"tinyfer crc32 "           # begins the comment at the end; eight hex digits follow


def brief(value, most=40):
    """The repr of a value for a message: cut in its middle to some `most` characters."""
    text = repr(value)
    return text if len(text) <= most else f"{text[:most * 2 // 3]}...{text[-most // 4:]}"


@contextmanager
def atomic_write(path, sync=True):
    """A binary file to write to; it takes the place of `path` only once it is complete.

    The bytes go to a temporary file in the same folder, with a name of its own, are forced to the
    disk, and the file is then renamed. After an exception, a full disk or a kill, what stood at
    `path` before still stands there, and of two writers the last one wins with a whole file. What
    a kill left behind is removed by a later write: nobody holds its lock any more. Only the owner
    may write to the new file, as a cache wants it. sync=False is for what may be lost.
    OSError, with a sentence that names `path`, where it cannot be written.
    """
    path = Path(path)
    temporary = path.with_name(f".tinyfer-{os.getpid()}-{secrets.token_hex(8)}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        _remove_leftovers(path.parent)
        with open(temporary, "x+b", opener=lambda name, flags: os.open(name, flags, 0o644)) as file:
            hold(file)
            yield file
            file.flush()
            if sync:
                os.fsync(file.fileno())
        _replace(temporary, path)
        if sync:
            _sync_folder(path.parent)
    except BaseException as error:
        with suppress(OSError):
            temporary.unlink(missing_ok=True)
        if isinstance(error, OSError):
            kept = "; the one saved before is kept" if path.exists() else ""
            reason = error.strerror or error
            raise OSError(f"{path} could not be written: {reason}{kept}") from error
        raise


def _replace(temporary, path):
    """os.replace; Windows refuses it while a program has `path` open: that often takes a moment."""
    for attempt in range(1, PATIENCE + 1):
        try:
            return os.replace(temporary, path)
        except PermissionError:
            if fcntl or attempt == PATIENCE:
                raise
            time.sleep(0.05)


def _sync_folder(folder):
    """Force the new name to the disk too, where a folder can be opened."""
    with suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def _remove_leftovers(folder):
    for left in folder.glob(".tinyfer-*.part"):
        with suppress(OSError):
            if time.time() - left.stat().st_mtime > LEFTOVER_SECONDS:
                with open(left, "r+b") as file:
                    abandoned = hold(file)
                if abandoned:
                    left.unlink()


def hold(file):
    """Lock an open file until it is closed; False where another has locked it."""
    try:
        if fcntl:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        else:
            file.seek(LOCK_PLACE)
            msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
            file.seek(0)
    except OSError as error:
        return error.errno not in HELD
    return True


@contextmanager
def locked(path, seconds=0):
    """Hold the lock file `path` against all other processes and threads.

    The lock is the operating system's: it ends with its process, however that ends. The file stays,
    and tells the others its last owner. Where the file system knows no locks nothing is locked.
    seconds: how long to wait for another. BlockingIOError, an OSError, where it holds on longer;
    OSError where the folder cannot be written.
    """
    path = Path(path)
    until = time.monotonic() + seconds
    with open(path, "a+b", buffering=0) as file:
        while not hold(file):
            if time.monotonic() >= until:
                raise BlockingIOError(f"{path.parent} is in use by {_owner(path)}: wait for its "
                                      "end, or stop it")
            time.sleep(0.02)
        with suppress(OSError):         # on a full disk it is locked all the same
            file.truncate(0)
            file.write(f"process {os.getpid()} on {platform.node()} since "
                       f"{time.strftime('%Y-%m-%d %H:%M:%S')}".encode())
        yield


def _owner(path):
    with suppress(OSError, ValueError):
        words = path.read_bytes()[:200].decode()
        if words.startswith("process ") and words.isprintable():
            return words
    return "another process"


def save_arrays(path, arrays, compressed=False):
    """Write a dict of name -> array as an .npz, atomically, with a checksum of the whole file.

    It is the zip's comment, which other readers pass over: zip's own covers the arrays alone.
    """
    with atomic_write(path) as file:
        (np.savez_compressed if compressed else np.savez)(file, **arrays)
        file.seek(-2, os.SEEK_END)                          # the length of the comment, so far 0
        file.write(struct.pack("<H", len(SIGNATURE) + 8) + SIGNATURE)
        checksum = _checksum(file, file.tell())
        file.write(b"%08x" % checksum)


def load_arrays(path, opener=None):
    """Read an .npz as a dict of name -> array. Never unpickles anything.

    opener: of Python's open, such as `trusted`. Raises FileNotFoundError, or ValueError
    when the file is damaged (in any bit of it, if `save_arrays` wrote it), truncated, no .npz of
    plain arrays, or larger than MOST_BYTES, packed or unpacked.
    """
    path = Path(path)
    if not path.is_file():
        raise FileNotFoundError(f"there is no file {path}")
    with open(path, "rb", opener=opener) as file:
        size = os.fstat(file.fileno()).st_size
        if size > MOST_BYTES:
            raise ValueError(f"{path} has {size:,} bytes; expected an .npz file of at most "
                             f"{MOST_BYTES:,}")
        try:
            _check_signature(file, size)
            file.seek(0)
            with np.load(file, allow_pickle=False) as archive:
                members = archive.zip.infolist()
                if sum(member.file_size for member in members) > MOST_BYTES:
                    raise ValueError("too large")
                names = {member.filename for member in members}
                if len(names) < len(members) or max(map(len, names), default=0) > 100:
                    raise ValueError("a name stands twice, or is too long")
                for member in members:
                    _check_header(archive.zip, member)
                return {name: archive[name] for name in archive.files}
        except Exception as error:
            raise ValueError(f"{path} cannot be read: it is damaged, truncated or no .npz file of "
                             "arrays") from error


def _check_header(archive, member):
    """NumPy makes an array as large as its header says; so that must be as large as it is."""
    with archive.open(member) as file:
        read = {(1, 0): np.lib.format.read_array_header_1_0,
                (2, 0): np.lib.format.read_array_header_2_0}[np.lib.format.read_magic(file)]
        shape, _, dtype = read(file)
        if file.tell() + math.prod(shape) * dtype.itemsize != member.file_size:
            raise ValueError("an array is not what it says")


def _check_signature(file, size):
    file.seek(max(0, size - 22))
    end = file.read()
    if end[:4] == b"PK\5\6" and end[-2:] == b"\0\0":
        return                          # a zip without a comment, which save_arrays did not write
    if end != SIGNATURE + b"%08x" % _checksum(file, size - 8):
        raise ValueError("the checksum of the file is wrong")


def _checksum(file, size):
    """crc32 of the first `size` bytes of a file."""
    file.seek(0)
    checksum = 0
    while size > 0 and (chunk := file.read(min(size, 1 << 20))):
        checksum = zlib.crc32(chunk, checksum)
        size -= len(chunk)
    return checksum


def parse_json(text, what):
    """json.loads for text that may be anything; ValueError "`what` is no valid JSON"."""
    def refuse(_):
        raise ValueError
    try:
        return json.loads(text.decode() if isinstance(text, bytes) else text, parse_constant=refuse)
    except (ValueError, RecursionError):
        raise ValueError(f"{what} is no valid JSON") from None


def check_form(value, form, name):
    """ValueError unless a value out of JSON has this form.

    form: a tuple of types, or a dict of the names that must be there, each with its form. `name`
    is what the value is called in the message.
    """
    if isinstance(form, dict):
        if not isinstance(value, dict):
            raise ValueError(f"{name} is {brief(value)}; expected names and values")
        for key, inner in form.items():
            if key not in value:
                raise ValueError(f"{name} has no {key}")
            check_form(value[key], inner, f"{key} of {name}")
    elif type(value) not in form:
        expected = " or ".join("nothing" if kind is type(None) else kind.__name__ for kind in form)
        raise ValueError(f"{name} is {brief(value)}; expected {expected}")


def user_folder():
    """tinyfer's folder in $XDG_CACHE_HOME or ~/.cache, or None where there is no home."""
    named = os.environ.get("XDG_CACHE_HOME", "")
    try:
        home = Path(named) if os.path.isabs(named) else Path.home() / ".cache"
    except RuntimeError:
        return None
    return home / "tinyfer" if home.is_absolute() else None


def trusted_folder(folder, mode=None):
    """Whether nobody but the user or root can have put a file into this folder.

    With a mode it is made first where it is missing; OSError where that is not possible.
    """
    if mode is not None:
        os.makedirs(folder, mode, exist_ok=True)
    try:
        if WINDOWS:
            return Path(os.path.realpath(folder)).is_relative_to(os.path.realpath(Path.home()))
        return stat.S_ISDIR(os.lstat(folder).st_mode) and _own(os.lstat(folder))
    except (OSError, RuntimeError):
        return False


def trusted(path, flags=os.O_RDONLY):
    """The descriptor of a file that nobody but the user or root can have written.

    For `open(path, "rb", opener=trusted)`. The file is judged after it has been opened, so none can
    take its place in between. PermissionError where it is not to be trusted, link or no file.
    """
    if trusted_folder(os.path.dirname(path)):
        descriptor = os.open(path, flags | getattr(os, "O_NOFOLLOW", 0))
        about = os.fstat(descriptor)
        if stat.S_ISREG(about.st_mode) and (WINDOWS or _own(about)):
            return descriptor
        os.close(descriptor)
    raise PermissionError(f"{path} may have been written by another user")


def _own(about):
    """Whether what os.stat says means: of the user or of root, and writable by its owner alone."""
    return about.st_uid in (0, os.geteuid()) and not about.st_mode & (stat.S_IWGRP | stat.S_IWOTH)
