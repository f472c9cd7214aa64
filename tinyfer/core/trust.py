"""Caches are read back only where nobody else can have written them.

A compiled kernel is machine code, and cached labels decide a training: whoever could put a file
where one is looked for could have it believed, and a checksum would not tell. So a file counts only
if it and its folder belong to the user or to root, and can be written by their owner alone. Windows
says neither of these in a way that Python reads; there, what lies in the user's home counts, which
other users cannot write to.
"""

import os
import stat
from pathlib import Path

WINDOWS = not hasattr(os, "geteuid")


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
