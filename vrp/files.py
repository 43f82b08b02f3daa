"""Writing files so that nobody ever sees half of one."""

import os
import tempfile
from pathlib import Path

from vrp.errors import FormatError


def write_text(path: str | os.PathLike[str], text: str) -> Path:
    """Write text as UTF-8; see `write_bytes`."""
    return write_bytes(path, text.encode("utf-8"))


def write_bytes(path: str | os.PathLike[str], data: bytes) -> Path:
    """Write a file under a temporary name in the same folder, rename it, and return the path.

    Raises
    ------
    FormatError
        The folder does not exist or cannot be written to; an earlier file of that name is untouched.
    """
    target = Path(path)
    temporary = ""
    try:
        handle, temporary = tempfile.mkstemp(prefix=f".{target.name}.", dir=target.parent)
        with os.fdopen(handle, "wb") as file:
            file.write(data)
        os.chmod(temporary, _mode(target))
        os.replace(temporary, target)
    except OSError as error:
        if temporary:
            Path(temporary).unlink(missing_ok=True)
        raise FormatError(f"{target} cannot be written: {error.strerror or error}. Choose another folder.") from error
    return target


def _mode(target: Path) -> int:
    """Return the permissions of the file that is replaced, else those that a new file gets (mkstemp's are private)."""
    if target.exists():
        return target.stat().st_mode & 0o777
    mask = os.umask(0)
    os.umask(mask)
    return 0o666 & ~mask
