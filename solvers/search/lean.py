"""Each kernel is optimised once, with all the functions in it.

numba optimises every function by itself, translates it to machine code and optimises it again in each function that
calls it, a dozen levels deep. Of what only kernels call, nothing but the last of that is of use. The rest is left out
here, which takes a quarter off the CPU time of a first solve with reloads (45 s to 33 s) and a tenth with loads alone
(29 s to 26 s). Small functions are still optimised before they are copied into larger ones.

This reaches into numba where it has no option for it. Where its inside is another one, all is compiled as usual.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from numba.core import event
from numba.core.registry import cpu_target

_EVENTS: Any = event
_HOOKS = ("_optimize_final_module", "_finalize_final_module", "_finalize_dynamic_globals", "_finalized")


class _Inner(event.Listener):
    """Knows whether the function that is compiled now is one that no Python code calls."""

    def __init__(self) -> None:
        self.stack: list[bool] = []

    def __bool__(self) -> bool:
        return bool(self.stack) and self.stack[-1]

    def on_start(self, event: Any) -> None:
        self.stack.append(bool(event.data["dispatcher"].targetoptions.get("no_cpython_wrapper")))

    def on_end(self, event: Any) -> None:
        self.stack.pop()


def _leave_raw(library: Any) -> None:
    """Let a library of compiled functions be of use to its callers alone."""

    def finalize() -> None:
        library._finalize_dynamic_globals()
        library._finalized = True

    library._optimize_final_module = lambda: None
    library._finalize_final_module = finalize


@contextmanager
def optimised_once() -> Iterator[None]:
    """Compile what only kernels call without optimising it by itself."""
    codegen, inner = cpu_target.target_context.codegen(), _Inner()
    create, set_env = codegen.create_library, codegen.set_env

    def create_library(name: str, **options: Any) -> Any:
        library = create(name, **options)
        if inner and all(hasattr(library, hook) for hook in _HOOKS):
            _leave_raw(library)
        return library

    # A function's environment is set where its machine code is, which is nowhere.
    codegen.create_library = create_library
    codegen.set_env = lambda name, env: None if inner else set_env(name, env)
    _EVENTS.register("numba:compile", inner)
    try:
        yield
    finally:
        _EVENTS.unregister("numba:compile", inner)
        del codegen.create_library, codegen.set_env
