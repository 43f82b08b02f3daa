"""Vehicle routing: from stops to proven routes. `vrp.solve(vrp.read(path))` is the whole story."""

from pathlib import Path as _Path

# Lets an uninstalled checkout work; no effect in an installed package.
if not (_Path(__file__).resolve().parent / "solvers").is_dir():
    __path__.append(str(_Path(__file__).resolve().parent.parent))
