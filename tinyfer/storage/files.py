"""Files and archives that may break off or lie: no more is read than a bound that the reader names,
whatever a file says of itself; what is wrong ends in one sentence."""

import os
import struct
import zipfile
from contextlib import contextmanager
from pathlib import Path

from tinyfer.storage.arrays import brief, parse_json

MOST_DIRECTORY = 16_000_000                     # bytes of a zip's list of members


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
