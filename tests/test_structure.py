"""The shape of the repository: what lies at its top, and that no file grows beyond reading."""

import ast
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
CODE = ("vrp", "solvers", "data", "baselines", "experiments")

FILES = {
    "pyproject.toml",
    "setup.py",
    "Makefile",
    "README.md",
    "CHANGELOG.md",
    "CONTRIBUTING.md",
    "LICENSE",
    "MANIFEST.in",
    "CITATION.cff",
}
FOLDERS = {"vrp", "solvers", "data", "baselines", "tests", "experiments"}


def tracked() -> list[Path]:
    """Files that git knows, relative to the root."""
    if not (ROOT / ".git").exists() or shutil.which("git") is None:
        pytest.skip("not a git checkout")
    # The checkout may belong to another user, as in containers.
    command = ["git", "-c", f"safe.directory={ROOT}", "ls-files", "-z"]
    listed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    return [Path(name) for name in listed.split("\0") if name]


def sources() -> Iterator[Path]:
    """Python files outside the tests."""
    for folder in CODE:
        yield from (ROOT / folder).rglob("*.py")


def test_top_level() -> None:
    """The top level holds these files and folders, dot files, and nothing else."""
    names = {path.parts[0] for path in tracked() if not path.parts[0].startswith(".")}
    assert names == FILES | FOLDERS


def test_tests_follow_the_tree() -> None:
    """Every folder of tests stands for a folder of the project."""
    for folder in (ROOT / "tests").rglob("*/"):
        if folder.name not in ("__pycache__", "tests"):
            assert (ROOT / folder.relative_to(ROOT / "tests")).is_dir(), folder


@pytest.mark.parametrize("path", sorted(sources()), ids=lambda path: str(path.relative_to(ROOT)))
def test_files_stay_readable(path: Path) -> None:
    """No file has more than 400 lines, no function more than 80, and no module collects odds and ends."""
    text = path.read_text(encoding="utf-8")
    assert text.count("\n") <= 400
    assert path.stem not in ("utils", "util", "helpers", "misc", "common")
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            assert node.end_lineno is not None
            assert node.end_lineno - node.lineno < 80, f"{node.name} in line {node.lineno}"


def test_no_large_files() -> None:
    """Data and results stay small enough to be read in review; only trained weights may be larger."""
    for path in tracked():
        if path.parts[0] in ("vrp", "solvers", "data", "baselines"):
            most = 6_000_000 if path.suffix == ".safetensors" else 300_000
            assert (ROOT / path).stat().st_size < most, path
