"""Writing files so that nobody ever sees half of one."""

import os
import secrets
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
    """Write a file under a temporary name in the same folder, rename it, and return the path; a link stays a link.

    What is there and no file (a pipe, a device) is written into.

    Raises
    ------
    FormatError
        The folder does not exist or cannot be written to; an earlier file of that name is untouched.
    """
    target = as_path(path)
    temporary = None
    try:
        place = Path(os.path.realpath(target))
        if place.exists() and not place.is_file() and not place.is_dir():
            place.write_bytes(data)
            return target
        with place.with_name(f".{place.name}.{secrets.token_hex(4)}").open("xb") as file:
            temporary = Path(file.name)
            file.write(data)
        if place.exists():
            temporary.chmod(place.stat().st_mode & 0o777)
        temporary.replace(place)
    except (OSError, ValueError) as error:  # A path may hold a zero byte.
        if temporary is not None:
            temporary.unlink(missing_ok=True)
        why = getattr(error, "strerror", None) or error
        raise FormatError(f"{target} cannot be written: {why}. Choose another folder.") from error
    return target
