"""Vehicle routing: from stops to proven routes. `vrp.solve(vrp.read(path))` is the whole story."""

import importlib as _importlib
import sys as _sys
from pathlib import Path as _Path
from types import ModuleType as _ModuleType
from typing import TYPE_CHECKING

# Lets an uninstalled checkout work; no effect in an installed package.
if not (_Path(__file__).resolve().parent / "solvers").is_dir():
    __path__.append(str(_Path(__file__).resolve().parent.parent))

__version__ = "0.1.0"

if TYPE_CHECKING:
    from vrp.api import solve as solve
    from vrp.api import solve_many as solve_many
    from vrp.builder import Builder as Builder
    from vrp.check import Violation as Violation
    from vrp.check import check as check
    from vrp.errors import FormatError as FormatError
    from vrp.errors import MissingExtraError as MissingExtraError
    from vrp.errors import OptionError as OptionError
    from vrp.errors import ProblemError as ProblemError
    from vrp.errors import SolverError as SolverError
    from vrp.errors import UnsupportedError as UnsupportedError
    from vrp.errors import VrpError as VrpError
    from vrp.formats import read as read
    from vrp.formats import read_solution as read_solution
    from vrp.formats import write as write
    from vrp.problem import Problem as Problem
    from vrp.problem import Scenarios as Scenarios
    from vrp.solution import Route as Route
    from vrp.solution import Solution as Solution
    from vrp.solution import Stats as Stats
    from vrp.solution import Status as Status
    from vrp.solution import Step as Step
    from vrp.solution import Unserved as Unserved
    from vrp.vehicles import Break as Break
    from vrp.vehicles import VehicleType as VehicleType

# Public name -> the module that defines it. Loaded on first use, so that `import vrp` costs next to nothing.
_NAMES = {
    "solve": "vrp.api",
    "solve_many": "vrp.api",
    "Builder": "vrp.builder",
    "Violation": "vrp.check",
    "check": "vrp.check",
    "FormatError": "vrp.errors",
    "MissingExtraError": "vrp.errors",
    "OptionError": "vrp.errors",
    "ProblemError": "vrp.errors",
    "SolverError": "vrp.errors",
    "UnsupportedError": "vrp.errors",
    "VrpError": "vrp.errors",
    "read": "vrp.formats",
    "read_solution": "vrp.formats",
    "write": "vrp.formats",
    "Problem": "vrp.problem",
    "Scenarios": "vrp.problem",
    "Route": "vrp.solution",
    "Solution": "vrp.solution",
    "Stats": "vrp.solution",
    "Status": "vrp.solution",
    "Step": "vrp.solution",
    "Unserved": "vrp.solution",
    "Break": "vrp.vehicles",
    "VehicleType": "vrp.vehicles",
}
_FOLDERS = ("baselines", "data", "formats", "solvers", "view")

__all__ = ["__version__", *_NAMES]


class _Package(_ModuleType):
    def __setattr__(self, name: str, value: object) -> None:
        # Importing the module `vrp.check` would hide the function of that name.
        super().__setattr__(name, getattr(value, name) if name in _NAMES and isinstance(value, _ModuleType) else value)


_sys.modules[__name__].__class__ = _Package


def __dir__() -> list[str]:
    return sorted({*__all__, *_FOLDERS, *(name for name in globals() if name.startswith("__"))})


if not TYPE_CHECKING:  # A type checker shall report unknown names.

    def __getattr__(name: str) -> object:
        if name in _FOLDERS:
            return _importlib.import_module(f"vrp.{name}")
        if name not in _NAMES:
            raise AttributeError(f"module 'vrp' has no attribute {name!r}")
        value = globals()[name] = getattr(_importlib.import_module(_NAMES[name]), name)
        return value
