"""A folder, a zip or a tar(.gz) of files: their names, and their contents, read in memory.

Nothing is ever unpacked. Names have single slashes, those of folders end in one; what is hidden or
left behind by macOS is passed over. All is bounded: names, depth, the bytes of a file and of a tar.
"""

import gzip
import os
import tarfile
from contextlib import contextmanager
from itertools import islice
from pathlib import PurePath, PurePosixPath

from tinyfer.storage.arrays import brief
from tinyfer.storage.files import open_member, open_zip, read_bounded

MOST_NAMES = 400_000
MOST_DEPTH = 12                 # of folders within each other
MOST_UNPACKED = 4_000_000_000   # bytes of a tar
MOST_HEADER = 100_000           # bytes of what a tar says of one file


def names_in(path):
    """The names of the files and folders in a collection. ValueError where it is none, or holds
    more than MOST_NAMES."""
    if path.is_dir():
        real = os.path.realpath(path)
        found = _walk(path, "", (real, *map(str, PurePath(real).parents)))
    elif is_tar(path):
        found = (name for name, _, _ in _tar(path))
    else:
        with _zip(path) as (_, members):
            found = iter(members)
    names = list(islice(found, MOST_NAMES + 1))
    if len(names) > MOST_NAMES:
        raise ValueError(f"{path} holds more than {MOST_NAMES:,} files")
    return [name for name in dict.fromkeys(names) if not _is_hidden(name)]


def contents(path, names, most, read=lambda file: file.read()):
    """(name, bytes) of each of `names`, in whatever order is read fastest, or what `read` makes of
    an open file in an archive. ValueError where one has more than `most` bytes."""
    if path.is_dir():
        for name in names:
            yield name, read_bounded(path / name, most)
    elif is_tar(path):
        wanted = set(names)
        for name, member, tar in _tar(path):
            if name in wanted:
                if member.size > most:
                    raise ValueError(f"{path}: {short(member.name)} has {member.size:,} bytes; "
                                     f"expected at most {most:,}")
                yield name, read(tar.extractfile(member))
    else:
        with _zip(path) as (archive, members):
            for name in names:
                yield name, read(open_member(archive, members[name], most))


def short(name):
    """The name of a file in an archive: as it is where it is plain, else cut and quoted."""
    return name if name.isprintable() and len(name) <= 60 else brief(name, 60)


def _plain(name):
    """The name of a member without a root, a ./ and backslashes, as some programs write them."""
    return "/".join(PurePosixPath("/", name.replace("\\", "/")).parts[1:])


def _is_hidden(name):
    return any(part[:1] == "." or part == "__MACOSX" for part in name.rstrip("/").split("/"))


def _walk(folder, prefix, above):
    """Links are followed, but never into a folder that they lie in, which are `above`."""
    try:
        entries = sorted(os.scandir(folder), key=lambda entry: entry.name)
    except PermissionError:         # as lost+found: what it holds is not there for this user
        return
    for entry in entries:
        name = prefix + entry.name
        if _is_hidden(entry.name):
            continue
        try:
            is_folder, is_file = entry.is_dir(), entry.is_file()
        except OSError:             # a link to itself
            continue
        if is_folder:
            real = os.path.realpath(entry.path)
            if real not in above and prefix.count("/") < MOST_DEPTH:
                yield f"{name}/"
                yield from _walk(entry.path, f"{name}/", (real, *above))
        elif is_file:               # and no pipe, which would be waited for without end
            yield name


@contextmanager
def _zip(path):
    """An open zip, and its members by name."""
    with open(path, "rb") as file, open_zip(file, str(path)) as archive:
        members = {}
        for member in archive.infolist():
            name = _plain(member.filename) + "/" * member.filename.endswith(("/", "\\"))
            if name in members:
                raise ValueError(f"{path} holds {short(name)} twice")
            members[name] = member
        yield archive, members


def is_tar(path):
    """Whether a file is a tar, packed by gzip or not; by its first bytes. ValueError where it is
    no zip either."""
    with open(path, "rb") as file:
        start = file.read(263)
    tar = start[:2] == b"\x1f\x8b" or start[257:262] == b"ustar"
    if not tar and start[:2] != b"PK":
        raise ValueError(f"{path} is no zip, tar or tar.gz by its first bytes, and no csv by its "
                         "name")
    return tar


def _tar(path):
    """(name, TarInfo, open TarFile) of each file and folder, from its beginning to its end."""
    try:
        with open(path, "rb") as file:
            packed = file.read(2) == b"\x1f\x8b"
            file.seek(0)
            stream = _Bounded(gzip.GzipFile(fileobj=file) if packed else file)
            with tarfile.open(fileobj=stream, mode="r|", tarinfo=_Header) as tar:
                for member in tar:
                    if member.isdir():
                        yield f"{_plain(member.name)}/", member, tar
                    elif member.isreg():
                        yield _plain(member.name), member, tar
    except Exception as error:
        raise ValueError(f"{path} is not a whole tar archive ({str(error)[:60]}); perhaps its "
                         "download broke off") from None


class _Bounded:
    """An open file that gives MOST_UNPACKED bytes and no more."""

    def __init__(self, file):
        self.file, self.left = file, MOST_UNPACKED

    def read(self, size):
        content = self.file.read(size)
        self.left -= len(content)
        if self.left < 0:
            raise tarfile.ReadError(f"it unpacks to more than {MOST_UNPACKED:,} bytes")
        return content


class _Header(tarfile.TarInfo):
    """tarfile takes long names and other headers into memory, as large as they say they are, and
    a damaged or missing header for the end."""

    @classmethod
    def frombuf(cls, buf, encoding, errors):
        try:
            header = super().frombuf(buf, encoding, errors)
        except tarfile.EOFHeaderError:
            raise
        except tarfile.HeaderError as error:
            raise tarfile.ReadError(str(error)) from None
        if header.type not in tarfile.SUPPORTED_TYPES or header.type in (
                tarfile.XHDTYPE, tarfile.XGLTYPE, tarfile.SOLARIS_XHDTYPE,
                tarfile.GNUTYPE_LONGNAME, tarfile.GNUTYPE_LONGLINK):
            if header.size > MOST_HEADER:
                raise tarfile.ReadError(f"a header in it has {header.size:,} bytes")
        return header
