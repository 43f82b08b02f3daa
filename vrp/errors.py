"""One small tree of errors: everything that the package raises on purpose derives from `VrpError`."""

import difflib
from collections.abc import Iterable, Mapping, Sequence

SHOWN = 40
"""How many allowed values an error lists at most; a problem may have thousands of names."""


class VrpError(ValueError):
    """Wrong input or an impossible request. A hard problem is not an error: it returns a `Solution` with a status."""


class ProblemError(VrpError):
    """The input describes no valid problem; `errors` lists everything that is wrong with it, not just the first."""

    def __init__(self, errors: str | Sequence[str]) -> None:
        self.errors: tuple[str, ...] = (errors,) if isinstance(errors, str) else tuple(errors)
        lines = self.errors if len(self.errors) == 1 else (f"{len(self.errors)} errors:", *self.errors)
        super().__init__("\n  - ".join(lines))

    def reworded(self, words: Mapping[str, str]) -> "ProblemError":
        """Return the same errors with texts replaced: what the user called a field instead of what we call it."""
        errors = []
        for error in self.errors:
            for ours, theirs in words.items():
                error = error.replace(ours, theirs)
            errors.append(error)
        return ProblemError(errors)


class FormatError(VrpError):
    """A file cannot be read as what it claims to be, or holds a field that is not honoured."""


class UnsupportedError(VrpError):
    """A solver, format or metric cannot honour a feature that the problem uses; the message names each one."""


class OptionError(VrpError):
    """An unknown solver or option, or a value outside its range."""


class ArgumentError(OptionError, TypeError):
    """A function or class has no argument of that name; a TypeError too, as Python itself would raise."""


class SolverError(VrpError):
    """A solver returned a plan that the checker rejects: a defect of the solver, not of the input; please report it."""

    def __init__(self, solver: str, violations: Sequence[str], solution: object) -> None:
        self.solution = solution
        """The rejected plan."""
        shown = violations if len(violations) <= 5 else [*violations[:5], f"and {len(violations) - 5} more"]
        super().__init__(
            f"Solver {solver!r} returned a plan that breaks the problem's constraints. This is a defect; please report"
            " it with the problem. Until then use another solver.\n  - " + "\n  - ".join(shown)
        )


class MissingExtraError(VrpError):
    """An optional dependency is not installed; the message gives the command that installs it."""

    def __init__(self, package: str, extra: str) -> None:
        super().__init__(f"{package} is not installed. Install it with `pip install 'neural-vrp[{extra}]'`.")


def suggest(got: object, allowed: Iterable[object]) -> str:
    """Return ` Did you mean 'x'?`, or ` Allowed: ...` where nothing in `allowed` is close to what was got."""
    names = [str(a) for a in allowed]
    same = [name for name in names if name.casefold() == str(got).casefold()]
    close = same or difflib.get_close_matches(str(got), names, n=1)
    if close:
        return f" Did you mean {close[0]!r}?"
    more = f" and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
    return f" Allowed: {', '.join(names[:SHOWN])}{more}."
