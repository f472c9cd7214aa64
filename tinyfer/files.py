"""Writing files so that a reader never meets half of one."""

import os
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def atomic_write(path):
    """A binary file to write to; it takes the place of `path` only once it is complete.

    The bytes go to a temporary file in the same folder, are forced to the disk, and the file is
    then renamed. After an exception, a full disk or a kill, what stood at `path` before still
    stands there; a temporary file left by a kill is overwritten by the next write.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.part")
    try:
        with open(temporary, "wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
