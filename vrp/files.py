"""Writing files so that nobody ever sees half of one."""

import os
import tempfile
from pathlib import Path

from vrp.errors import FormatError


def as_path(path: object) -> Path:
    """Return a path of text.

    Raises
    ------
    FormatError
        It is anything else.
    """
    try:
        return Path(path)  # type: ignore[arg-type]
    except TypeError:
        raise FormatError(f"Expected the path of a file to write, got {type(path).__name__}.") from None


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
    target = as_path(path)
    temporary = ""
    try:
        handle, temporary = tempfile.mkstemp(prefix=f".{target.name}.", dir=target.parent)
        with os.fdopen(handle, "wb") as file:
            file.write(data)
        os.chmod(temporary, _mode(target))
        os.replace(temporary, target)
    except (OSError, ValueError) as error:  # A path may hold a zero byte.
        if temporary:
            Path(temporary).unlink(missing_ok=True)
        why = getattr(error, "strerror", None) or error
        raise FormatError(f"{target} cannot be written: {why}. Choose another folder.") from error
    return target


def _mode(target: Path) -> int:
    """Return the permissions of the file that is replaced, else those that a new file gets (mkstemp's are private)."""
    if target.exists():
        return target.stat().st_mode & 0o777
    mask = os.umask(0)
    os.umask(mask)
    return 0o666 & ~mask
