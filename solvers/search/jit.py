"""Compilation of the kernels: once per machine and feature set, kept on disk under a hash of all kernel sources.

numba does not notice a changed function that was inlined from another file, so the folder's name carries the hash of
every file of this package, and for kernels of another package of every file of that one too. Where no folder can be
written, kernels are compiled anew in each process.
"""

import contextlib
import hashlib
import os
import stat
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numba
from numba.core import config, types
from numba.extending import overload

from vrp.errors import OptionError

HERE = Path(__file__).parent
# All of fastmath but "no NaN" and "no infinity": infinity stands for "no limit".
FAST = {"contract", "reassoc", "arcp", "nsz", "afn"}


def compiles() -> bool:
    """Return whether numba compiles at all."""
    return not config.DISABLE_JIT  # type: ignore[attr-defined]


def check_compiler() -> None:
    """Raise an OptionError where numba is told to compile nothing, so that there are no kernels to store."""
    if not compiles():
        raise OptionError("The search needs numba's compiler, which NUMBA_DISABLE_JIT turns off. Unset this variable.")


def source_hash(folder: Path = HERE, *more: Path) -> str:
    """Return a hash of all Python sources in the folder, and of more files."""
    digest = hashlib.sha256(f"{sys.version} {numba.__version__}".encode())
    for path in [*sorted(folder.glob("*.py")), *more]:
        digest.update(path.name.encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()[:16]


def cache_folder(*more: Path) -> Path | None:
    """Return the first folder for compiled kernels that can be written to by us alone, or None; see `source_hash`."""
    for base in _candidates():
        folder = base / source_hash(HERE, *more)
        try:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            # Compiled kernels are code: never load them from a folder that another user could have filled.
            if base.is_symlink() or _writable_by_others(base):
                continue
            with tempfile.TemporaryFile(dir=folder):
                return folder
        except OSError:
            continue
    return None


def _candidates() -> Iterator[Path]:
    yield Path(os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache")) / "neural-vrp"
    # Where no folder for temporary files can be written either, asking for it is an error.
    with contextlib.suppress(OSError):
        yield Path(tempfile.gettempdir()) / f"neural-vrp-{os.getuid() if hasattr(os, 'getuid') else 'user'}"


def _writable_by_others(folder: Path) -> bool:
    info = folder.stat()
    return hasattr(os, "getuid") and (info.st_uid != os.getuid() or bool(info.st_mode & (stat.S_IWGRP | stat.S_IWOTH)))


FOLDER = cache_folder()


# Arrays inside of tuples are counted at each access otherwise, which halves the speed; such code must not allocate.
LEAN: dict[str, Any] = {
    "nogil": True, "fastmath": FAST, "error_model": "numpy", "_nrt": False, "no_cfunc_wrapper": True,
}  # fmt: skip
# Unpacking the tuples of arrays that Python passes is longer than most functions, and Python calls the kernels alone.
INNER = LEAN | {"no_cpython_wrapper": True}


def kernel(function: Callable[..., Any]) -> Any:
    """Compile an entry point that allocates nothing: without the GIL, cached on disk where that is possible."""
    return _compile(function, LEAN)


def allocating_kernel(function: Callable[..., Any]) -> Any:
    """Compile an entry point that makes arrays."""
    return _compile(function, LEAN | {"_nrt": True})


def _compile(function: Callable[..., Any], options: dict[str, Any]) -> Any:
    file = Path(function.__code__.co_filename)
    folder = FOLDER if file.parent == HERE else cache_folder(*sorted(file.parent.glob("*.py")))
    settings: Any = config
    before = settings.CACHE_DIR
    settings.CACHE_DIR = str(folder or "")
    try:
        return numba.njit(cache=folder is not None, **options)(function)
    finally:
        settings.CACHE_DIR = before


def part(function: Callable[..., Any]) -> Any:
    """Compile a function that only kernels call, and that allocates nothing."""
    return numba.njit(forceinline=True, **INNER)(function)


def outlined(function: Callable[..., Any]) -> Any:
    """Compile a function that is called once an iteration or less: too large to be worth copying into its caller.

    A call hands over every array of its tuples, about 150 ns, unless LLVM inlines it after all.
    """
    return numba.njit(**INNER)(function)


def dispatch(function: Callable[..., Any]) -> Callable[[Callable[..., Any]], Any]:
    """Choose the implementation of `function` by the types of its arguments, at compile time."""
    options: Any = INNER | {"forceinline": True}
    return overload(function, strict=False, jit_options=options)


def outlined_dispatch(function: Callable[..., Any]) -> Callable[[Callable[..., Any]], Any]:
    """As `dispatch`, with implementations that are compiled as `outlined` ones are; None leaves others the choice."""
    options: Any = INNER
    return overload(function, strict=False, jit_options=options)


def is_a(numba_type: Any, cls: type) -> bool:
    """Tell whether a numba type is the given NamedTuple class."""
    return isinstance(numba_type, types.NamedTuple | types.NamedUniTuple) and numba_type.instance_class is cls


def has_a(numba_type: Any, field: str, cls: type) -> bool:
    """Tell whether a numba type is a NamedTuple that has the given class as a field."""
    if not isinstance(numba_type, types.NamedTuple | types.NamedUniTuple) or field not in numba_type.fields:
        return False
    return is_a(numba_type.types[numba_type.fields.index(field)], cls)
