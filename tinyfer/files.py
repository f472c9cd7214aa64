"""Files that several processes share, that break off, or that lie: how tinyfer writes and reads.

Written: whole or not at all (`atomic_write`), and by one process at a time where a file is read,
changed and written (`locked`). Read: no more than a bound that the reader names, whatever a file
says of itself (`read_bounded`, `read_json`, `open_zip`); what is wrong ends in one sentence.
"""

import errno
import glob
import json
import os
import platform
import secrets
import struct
import time
import zipfile
from contextlib import contextmanager, suppress
from pathlib import Path

try:
    import fcntl
except ImportError:                             # Windows
    import msvcrt

    fcntl = None

HELD = (errno.EACCES, errno.EAGAIN, errno.EDEADLK)
LEFTOVER_SECONDS = 60                           # a temporary file of that age has lost its writer
LOCK_PLACE = 1 << 30                            # msvcrt locks bytes: one that nobody reads
MOST_DIRECTORY = 16_000_000                     # bytes of a zip's list of members


def brief(value, most=40):
    """The repr of a value for a message: cut in its middle to some `most` characters."""
    text = repr(value)
    return text if len(text) <= most else f"{text[:most * 2 // 3]}...{text[-most // 4:]}"


# Writing

@contextmanager
def atomic_write(path):
    """A binary file to write to; it takes the place of `path` only once it is complete.

    The bytes go to a temporary file in the same folder, with a name of its own, are forced to the
    disk, and the file is then renamed. After an exception, a full disk or a kill, what stood at
    `path` before still stands there, and of two writers the last one wins with a whole file. What
    a kill left behind is removed by a later write: nobody holds its lock any more.
    OSError, with a sentence that names `path`, where it cannot be written.
    """
    path = Path(path)
    temporary = path.with_name(f".{path.name}.{os.getpid()}-{secrets.token_hex(4)}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        _remove_leftovers(path)
        with open(temporary, "x+b") as file:
            _hold(file)
            yield file
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)
    except BaseException as error:
        with suppress(OSError):
            temporary.unlink(missing_ok=True)
        if isinstance(error, OSError):
            kept = "; the one saved before is kept" if path.exists() else ""
            reason = error.strerror or error
            raise OSError(f"{path} could not be written: {reason}{kept}") from error
        raise


def _remove_leftovers(path):
    for left in path.parent.glob(f".{glob.escape(path.name)}.*part"):
        with suppress(OSError):
            if time.time() - left.stat().st_mtime > LEFTOVER_SECONDS:
                with open(left, "r+b") as file:
                    abandoned = _hold(file)
                if abandoned:
                    left.unlink()


@contextmanager
def locked(path, seconds=0):
    """Hold the lock file `path` against all other processes and threads.

    The lock is the operating system's: it ends with its process, however that ends. So a lock
    file that a kill left behind locks nothing, whoever has its process id by now, and is taken
    over. The file itself tells process id, host and time, for the message of the others; it is
    removed in the end. Where the file system knows no locks nothing is locked.

    seconds: how long to wait for another. BlockingIOError, an OSError, where it holds on longer;
    OSError where the folder cannot be written.
    """
    path = Path(path)
    until = time.monotonic() + seconds
    while (file := _acquire(path)) is None:
        if time.monotonic() >= until:
            raise BlockingIOError(f"{path.parent} is in use by {_owner(path)}: wait for its end, "
                                  "or stop it")
        time.sleep(0.02)
    with file:
        try:
            about = dict(process=os.getpid(), host=platform.node(),
                         since=time.strftime("%Y-%m-%d %H:%M:%S"))
            file.truncate(0)
            file.write(json.dumps(about).encode())
            file.flush()
            yield
        finally:
            with suppress(OSError):             # Windows removes no open file: it stays, unlocked
                path.unlink()


def _acquire(path):
    """The open lock file, or None where another holds it."""
    file = open(path, "a+b")
    if _hold(file):
        with suppress(OSError):                 # its last owner may have removed it meanwhile
            if os.path.samestat(os.fstat(file.fileno()), os.stat(path)):
                return file
    file.close()
    return None


def _hold(file):
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


def _owner(path):
    try:
        about = read_json(path, 1000)
        return (f"process {int(about['process'])} on {about['host'][:60]} since "
                f"{about['since'][:19]}")
    except (OSError, ValueError, KeyError, TypeError):
        return "another process"


# Reading

def read_bounded(path, most):
    """The bytes of a file of at most `most` of them.

    FileNotFoundError where there is no such file; ValueError where it is larger.
    """
    path = Path(path)
    if not path.is_file():
        raise FileNotFoundError(f"there is no file {path}")
    with open(path, "rb") as file:
        content = file.read(most + 1)
    if len(content) > most:
        raise ValueError(f"{path} is larger than the {most:,} bytes that such a file may have")
    return content


def read_json(path, most):
    """What a JSON file of at most `most` bytes says; ValueError where it is none, or holds NaN."""
    return parse_json(read_bounded(path, most), f"{path} is damaged: it")


def parse_json(text, what):
    """json.loads for text that may be anything; ValueError "`what` is no valid JSON"."""
    def refuse(_):
        raise ValueError
    try:
        if isinstance(text, bytes):
            text = text.decode()
        return json.loads(text, parse_constant=refuse)
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


@contextmanager
def open_zip(file, name):
    """A zipfile.ZipFile to read, of an open binary file that may be damaged or made to do harm.

    Its list of members is bounded before it is read. Whatever zipfile and zlib raise, here and
    in the body, becomes a ValueError that begins with `name`; ValueErrors of the body pass.
    """
    try:
        _check_directory(file)
        with zipfile.ZipFile(file) as archive:
            yield archive
    except UnicodeError:
        raise ValueError(f"{name} is not a whole zip archive (a name in it is damaged)") from None
    except ValueError:
        raise
    except Exception as error:
        raise ValueError(f"{name} is not a whole zip archive ({str(error)[:60]}); perhaps its "
                         "download broke off") from None


def _check_directory(file):
    """zipfile takes the whole list of members into memory: as large as the end of it says."""
    file.seek(0, os.SEEK_END)
    size = file.tell()
    file.seek(max(0, size - (1 << 16) - 42))
    tail = file.read()
    end = len(tail) - 22 if tail[-22:-18] == b"PK\5\6" and tail[-2:] == b"\0\0" else (
        tail.rfind(b"PK\5\6"))
    if end < 0 or len(tail) < end + 22:
        raise zipfile.BadZipFile("it has no end")
    length, = struct.unpack("<L", tail[end + 12:end + 16])
    if tail[max(0, end - 20):end][:4] == b"PK\6\7" or length > MOST_DIRECTORY:
        raise zipfile.BadZipFile("it lists too many members")


def open_member(archive, name, most):
    """A member of a zip as an open file that gives at most `most` bytes, or none at all.

    name: str or ZipInfo. zipfile stops at the size that the archive states, and then compares the
    checksum. ValueError where that size is larger, or where it is encrypted or packed otherwise.
    """
    member = name if isinstance(name, zipfile.ZipInfo) else archive.getinfo(name)
    where = f"{archive.filename}: {brief(member.filename)}"
    if member.flag_bits & 1:
        raise ValueError(f"{where} is encrypted; expected an archive without a password")
    if member.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        raise ValueError(f"{where} is packed by method {member.compress_type}; expected stored or "
                         "deflated")
    if member.file_size > most:
        raise ValueError(f"{where} would unpack to {member.file_size:,} bytes; expected at most "
                         f"{most:,}")
    return archive.open(member)
