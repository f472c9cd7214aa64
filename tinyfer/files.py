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
    OSError, with a sentence that names `path`, where it cannot be written.
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
    except BaseException as error:
        temporary.unlink(missing_ok=True)
        if isinstance(error, OSError):
            kept = "; the one saved before is kept" if path.exists() else ""
            reason = error.strerror or error
            raise OSError(f"{path} could not be written: {reason}{kept}") from error
        raise
