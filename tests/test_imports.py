"""Importing is quick and light, and the folders know of each other in one direction only."""

import ast
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import vrp

ROOT = Path(__file__).parent.parent

# Never needed to state, solve (with the own search), check or print a problem.
HEAVY = {
    "fast_tsp",
    "hygese",
    "lightning",
    "matplotlib",
    "ortools",
    "pandas",
    "pyvrp",
    "tensordict",
    "torch",
    "torch_geometric",
    "vroom",
}
COMPILED = {"numba", "llvmlite", "scipy"}

# Notes every attempt to import a package, also of one that is not installed and of one that is caught.
WATCH = """
import sys, json
class Watch:
    tried = set()
    def find_spec(self, name, path=None, target=None):
        self.tried.add(name.partition(".")[0])
sys.meta_path.insert(0, Watch())
"""

SOLVE = """
import vrp
problem = vrp.Problem.from_arrays(coords=[[0, 0], [3, 4], [6, 8], [0, 5]], demand=[1, 1, 1], capacity=2)
solution = vrp.solve(problem, solver="search", max_iterations=10, threads=1)
assert solution.status.name == "COMPLETE", solution.status
assert vrp.check(problem, solution) == []
str(solution)
"""


def run(code: str) -> str:
    """Run Python code in a process of its own, from another directory, and return what it prints."""
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT.parent, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def tried_by(code: str) -> set[str]:
    """Top-level packages that some code tries to import."""
    return set(json.loads(run(WATCH + code + "\nprint(json.dumps(sorted(Watch.tried)))").splitlines()[-1]))


def test_import_is_quick() -> None:
    """`import vrp` takes less than 0.3 s; the best of several runs, because the machine may be busy."""
    code = "import time; start = time.perf_counter(); import vrp; print(time.perf_counter() - start)"
    seconds = []
    while len(seconds) < 10 and min(seconds, default=1.0) >= 0.3:
        seconds.append(float(run(code)))
    assert min(seconds) < 0.3


def test_import_is_light() -> None:
    """`import vrp` tries none of the large packages, and neither does using every public name."""
    assert not tried_by("import vrp") & (HEAVY | COMPILED)
    assert not tried_by("import vrp\nfor name in vrp.__all__: getattr(vrp, name)") & (HEAVY | COMPILED)


def test_command_line_is_light() -> None:
    """The command starts without the compiler and the other solvers."""
    help_text = "import contextlib, vrp.cli\nwith contextlib.suppress(SystemExit): vrp.cli.main(['--help'])"
    assert not tried_by(help_text) & (HEAVY | COMPILED)


def test_search_is_light() -> None:
    """A solve with the own search, its check and its summary import no other solver, no learning, no plotting."""
    pytest.importorskip("vrp.solvers.search")
    assert not tried_by(SOLVE) & HEAVY


def test_public_names() -> None:
    """Every public name exists, is listed for type checkers too, and `vrp.check` stays the function."""
    for name in vrp.__all__:
        assert getattr(vrp, name) is not None
        assert name in dir(vrp)
    tree = ast.parse((ROOT / "vrp" / "__init__.py").read_text())
    typed = {
        (alias.name, node.module) for node in ast.walk(tree) if isinstance(node, ast.ImportFrom) for alias in node.names
    }
    assert set(vrp._NAMES.items()) <= typed
    assert run("import vrp.check, vrp; print(callable(vrp.check))") == "True\n"
    with pytest.raises(AttributeError, match="solv"):
        vrp.solv  # noqa: B018


def test_folders_are_no_packages_of_their_own() -> None:
    """`import data` from a checkout says what to import instead of making a second copy."""
    for folder in ("solvers", "data", "baselines"):
        code = f"""
import sys
sys.path.insert(0, {str(ROOT)!r})
try:
    import {folder}
except ImportError as error:
    print(error)
"""
        assert f"Import `vrp.{folder}`" in run(code)


# Who may import whom

FOLDERS = ("vrp", "solvers", "data", "baselines")

# The front doors sit on top of everything.
DOORS = ("vrp.api", "vrp.arguments", "vrp.closing", "vrp.together", "vrp.cli", "vrp.__main__")
# Beside each other on the model; none knows another, but whoever solves speaks the protocol of `vrp.solvers`.
BESIDE = ("vrp.formats", "vrp.view", "vrp.data", "vrp.baselines", "vrp.solvers")
PROTOCOL = "vrp.solvers"

# Generators make their instances on the device that trains on them.
GENERATORS = ("vrp.data.uniform", "vrp.data.clustered", "vrp.data.like_x", "vrp.data.fields")

# Large packages, and the only modules that import them when they are themselves imported.
OWNERS = {
    "numba": ("vrp.solvers.search", "vrp.solvers.policy.vectors"),
    "llvmlite": ("vrp.solvers.search", "vrp.solvers.policy.vectors"),
    "ortools": ("vrp.baselines",),
    "pyvrp": ("vrp.baselines",),
    "vroom": ("vrp.baselines",),
    "hygese": ("vrp.baselines",),
    "matplotlib": ("vrp.view",),
    "torch": ("vrp.solvers.policy", "vrp.solvers.training", *GENERATORS),
    "tensordict": ("vrp.solvers.policy", "vrp.solvers.training"),
    "torch_geometric": ("vrp.solvers.policy", "vrp.solvers.training"),
    "lightning": ("vrp.solvers.training",),
}


def modules() -> dict[str, Path]:
    """Every module of the package under its installed name."""
    found = {}
    for folder in FOLDERS:
        for file in sorted((ROOT / folder).rglob("*.py")):
            parts = ("vrp", *file.relative_to(ROOT).with_suffix("").parts)[folder == "vrp" :]
            found[".".join(p for p in parts if p != "__init__")] = file
    return found


def imported(file: Path) -> Iterator[tuple[str, int]]:
    """Modules that are imported when a file is imported, with the line; late and type-only imports are left out."""
    todo: list[ast.AST] = [ast.parse(file.read_text(encoding="utf-8"))]
    while todo:
        node = todo.pop()
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            continue
        if isinstance(node, ast.If) and ast.unparse(node.test).endswith("TYPE_CHECKING"):
            todo += node.orelse
            continue
        if isinstance(node, ast.Import):
            yield from ((alias.name, node.lineno) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{file}:{node.lineno}: imports are absolute"
            yield from ((f"{node.module}.{alias.name}", node.lineno) for alias in node.names)
        todo += ast.iter_child_nodes(node)


def within(module: str, *packages: str) -> bool:
    """Whether a module is one of the packages or inside one."""
    return any(module == p or module.startswith(p + ".") for p in packages)


MODULES = modules()


@pytest.mark.parametrize("module", MODULES)
def test_one_direction(module: str) -> None:
    """The model imports nothing of the rest, what stands on it imports only the model, the doors import the rest."""
    door = module == "vrp" or within(module, *DOORS)
    for name, line in imported(MODULES[module]):
        place = f"{MODULES[module].relative_to(ROOT)}:{line} imports {name}"
        if not within(name, "vrp"):
            continue
        owner = name if name in MODULES else name.rpartition(".")[0]
        assert owner != "vrp", f"{place}: import from the module that defines it"
        assert door or not within(owner, *DOORS), f"{place}: the doors sit on top"
        if any(within(owner, p) and not within(module, p) for p in BESIDE):
            protocol = owner == PROTOCOL and (door or within(module, "vrp.baselines"))
            assert protocol, f"{place}: import it in the function that needs it, or not at all"


@pytest.mark.parametrize("module", MODULES)
def test_large_packages_have_owners(module: str) -> None:
    """A large package is imported by nobody but the modules that cannot do without it."""
    for name, line in imported(MODULES[module]):
        owners = OWNERS.get(name.partition(".")[0])
        if owners is not None and not within(module, *owners):
            pytest.fail(f"{MODULES[module].relative_to(ROOT)}:{line} imports {name}; only {', '.join(owners)} may")
