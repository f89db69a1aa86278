"""Writing files so that a reader never finds half of one."""

import contextlib
import os
import tempfile
from pathlib import Path

from deepsense_lib.errors import OutputError


def write_atomically(path: str | os.PathLike, data: bytes) -> Path:
    """Write `data` to `path` as a whole or not at all.

    The bytes go to a temporary file in the same folder, are flushed to the disk, and the file is then
    renamed, which the operating system does in one step. Missing parent folders are created.

    Raises OutputError when the folder is read-only, the disk is full, or the path is a folder; an older
    file of that name is then still intact and the temporary file is gone.
    """
    path = Path(path)
    temporary = None
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, temporary = tempfile.mkstemp(prefix=f".{path.name}.", suffix=".part", dir=path.parent)
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        # mkstemp makes files private; give this one the permissions of any other new file.
        umask = os.umask(0)
        os.umask(umask)
        os.chmod(temporary, 0o666 & ~umask)
        os.replace(temporary, path)
    except BaseException as error:
        if temporary is not None:
            with contextlib.suppress(OSError):
                os.unlink(temporary)
        if not isinstance(error, OSError):
            raise
        raise OutputError(
            f"could not write {path}: {error.strerror or error}. Expected a writable folder with "
            f"{len(data) / 1e6:.1f} MB free. Nothing half-written is left; free some space or choose "
            "another place."
        ) from error
    return path
