"""Compiled kernels are kept on disk, never under an old name, and never where another user could put them."""

import importlib
import inspect
import os
import pkgutil
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from numba.core.typing.templates import builtin_registry

import vrp
from vrp.solvers import search
from vrp.solvers.search import jit
from vrp.solvers.search.jit import HERE, source_hash


def test_any_changed_source_changes_the_folder(tmp_path: Path) -> None:
    """Numba does not notice a changed function of another file, so each file of the package counts."""
    copy = tmp_path / "search"
    shutil.copytree(HERE, copy)
    before = source_hash(copy)
    assert before == source_hash(HERE)
    for path in sorted(copy.glob("*.py")):
        text = path.read_text()
        path.write_text(text + "\n# changed\n")
        assert source_hash(copy) != before, path.name
        path.write_text(text)
    assert source_hash(copy) == before


def test_kernels_elsewhere_count_their_own_package_too(tmp_path: Path) -> None:
    """Instructions that are inlined from a file beside the kernels change their folder."""
    file = tmp_path / "vectors.py"
    file.write_text("one")
    before = source_hash(HERE, file)
    file.write_text("two")
    assert source_hash(HERE, file) != before != source_hash()
    pytest.importorskip("torch")
    from vrp.solvers.policy import kernels

    if jit.FOLDER is not None:
        sources = sorted(Path(kernels.__file__).parent.glob("*.py"))
        assert source_hash(HERE, *sources) in str(kernels.walk.stats.cache_path)


def test_kernels_are_stored_under_the_hash() -> None:
    """What `vrp doctor` shows is the folder whose name is the hash of the sources as they are."""
    from vrp.solvers.search import cache_info

    folder = cache_info()["folder"]
    if folder is None:
        pytest.skip("no folder can be written here")
    assert Path(str(folder)).name == source_hash()


SOLVE = """
import numpy as np, vrp
problem = vrp.Problem.from_arrays(coords=np.random.default_rng(0).random((21, 2)), demand=np.ones(20), capacity=5)
plan = vrp.solve(problem, max_iterations=50, threads=1)
from vrp.solvers.search import jit
print(plan.status.name, plan.cost, jit.FOLDER)
"""


def run(code: str, **environment: str) -> str:
    root = str(Path(vrp.__file__).resolve().parent.parent)
    clean = {k: v for k, v in os.environ.items() if k not in ("XDG_CACHE_HOME", "HOME", "TMPDIR", "NUMBA_CACHE_DIR")}
    done = subprocess.run(
        [sys.executable, "-c", code], env=clean | {"PYTHONPATH": root} | environment, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_second_process_need_not_compile(tmp_path: Path) -> None:
    """The second process on a machine finds the kernels and finds the same plan."""
    timed = SOLVE + "print(plan.stats.compile_seconds)\n"
    first = run(timed, HOME=str(tmp_path)).split()
    second = run(timed, HOME=str(tmp_path)).split()
    assert first[:3] == second[:3]
    assert float(first[3]) > 0
    assert float(second[3]) == 0


def test_folder_of_somebody_else_is_not_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Compiled kernels are code: a shared folder that others may write to is passed over."""
    if not hasattr(os, "getuid"):
        pytest.skip("needs POSIX permissions")
    blocked = tmp_path / "file"
    blocked.write_text("")
    monkeypatch.setenv("XDG_CACHE_HOME", str(blocked))
    monkeypatch.setattr(jit.tempfile, "gettempdir", lambda: str(tmp_path))
    private = tmp_path / f"neural-vrp-{os.getuid()}"
    private.mkdir()
    private.chmod(0o777)
    assert jit.cache_folder() is None
    private.chmod(0o700)
    assert jit.cache_folder() == private / source_hash()


def test_a_compiler_turned_off_is_told_before_anything_is_stored(tmp_path: Path) -> None:
    """A mark that kernels are ready would be false."""
    code = """
import vrp
try: vrp.solve(vrp.Problem.from_arrays(coords=[[0, 0], [1, 0]]), solver="search", max_iterations=1)
except vrp.OptionError as error: print(error)
from vrp.solvers.search import jit
print(list(jit.FOLDER.glob("*.ready")))
"""
    told = run(code, HOME=str(tmp_path), NUMBA_DISABLE_JIT="1")
    assert told.splitlines() == [
        "The search needs numba's compiler, which NUMBA_DISABLE_JIT turns off. Unset this variable.",
        "[]",
    ]


def test_what_is_only_declared_is_implemented() -> None:
    """Each function that is "compiled only" has an implementation that numba finds by it."""
    implemented = [function for function, _ in builtin_registry.globals]
    declared = []
    for found in pkgutil.iter_modules(search.__path__):
        module = importlib.import_module(f"vrp.solvers.search.{found.name}")
        own = [f for f in vars(module).values() if inspect.isfunction(f) and f.__module__ == module.__name__]
        declared += [f for f in own if "compiled only" in f.__code__.co_consts]
    assert len(declared) > 60
    assert [f.__qualname__ for f in declared if f not in implemented] == []
