"""What is built and installed: the whole package, nothing beside it, and it works where nothing may be written."""

import os
import shutil
import subprocess
import sys
import tarfile
import textwrap
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
FOLDERS = ("vrp", "solvers", "data", "baselines")

# Drops root's right to ignore permissions, then runs Python; fails with 77 where that is forbidden.
UNPRIVILEGED = """
import ctypes, os, sys
if os.getuid() == 0:
    prctl = ctypes.CDLL(None, use_errno=True).prctl
    PR_CAPBSET_DROP, CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH = 24, 1, 2
    if prctl(PR_CAPBSET_DROP, CAP_DAC_OVERRIDE, 0, 0, 0) or prctl(PR_CAPBSET_DROP, CAP_DAC_READ_SEARCH, 0, 0, 0):
        sys.exit(77)
os.execv(sys.executable, [sys.executable, *sys.argv[1:]])
"""


def run(*command: str | Path, cwd: Path, **environment: str) -> str:
    """Run a command without the settings of this process that could lead it back to the checkout."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("PYTHON", "NUMBA", "COVERAGE"))}
    done = subprocess.run(
        [str(part) for part in command], cwd=cwd, env=kept | environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, f"{done.stdout}\n{done.stderr}"
    return done.stdout


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder with the sdist, and the wheel that was built from it."""
    folder = tmp_path_factory.mktemp("built")
    source = folder / "source"
    hidden = shutil.ignore_patterns(".*", "__pycache__", "*.egg-info", "build", "dist")
    shutil.copytree(ROOT, source, ignore=hidden, symlinks=True)
    run(sys.executable, "-m", "build", "--no-isolation", "--outdir", folder, source, cwd=folder)
    return folder


@pytest.fixture(scope="module")
def environment(built: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An environment with the wheel alone; what it depends on is taken from the one that runs the tests."""
    folder = tmp_path_factory.mktemp("environment")
    run(sys.executable, "-m", "venv", "--without-pip", folder, cwd=folder)
    # A path in a .pth file does not bring in that folder's own .pth files, so no editable installation comes along.
    dependencies = "\n".join(path for path in sys.path if path.endswith(("site-packages", "dist-packages")))
    (site_packages(folder) / "dependencies.pth").write_text(dependencies)
    pip = [sys.executable, "-m", "pip", "--python", folder / "bin" / "python", "install", "--no-deps", "--no-index"]
    run(*pip, *built.glob("*.whl"), cwd=folder)
    return folder


def site_packages(environment: Path) -> Path:
    """The folder that packages are installed into."""
    return next(environment.glob("lib/python*/site-packages"))


def package_files() -> set[str]:
    """All files of the package under their installed names."""
    files = {
        ("" if folder == "vrp" else "vrp/") + path.relative_to(ROOT).as_posix()
        for folder in FOLDERS
        for path in (ROOT / folder).rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    assert {"vrp/py.typed", "vrp/data/example.json", "vrp/solvers/search/__init__.py"} <= files
    return files


def test_wheel_holds_the_whole_package(built: Path) -> None:
    """Every file of the four folders, data and nested packages included, is in the wheel, and nothing else is."""
    with zipfile.ZipFile(*built.glob("*.whl")) as wheel:
        names = {name for name in wheel.namelist() if ".dist-info/" not in name}
    assert names == package_files()


def test_sdist_holds_the_project(built: Path) -> None:
    """The source distribution has the tests, the experiments and the documents too."""
    with tarfile.open(*built.glob("*.tar.gz")) as sdist:
        names = {name.partition("/")[2] for name in sdist.getnames()}
    wanted = {
        path.relative_to(ROOT).as_posix()
        for folder in ("tests", "experiments")
        for path in (ROOT / folder).rglob("*.py")
    }
    wanted |= {"Makefile", "README.md", "CHANGELOG.md", "CONTRIBUTING.md", "CITATION.cff", "LICENSE", "setup.py"}
    assert wanted <= names


def test_only_vrp_is_installed(environment: Path) -> None:
    """Nothing named data, solvers, baselines, tests or experiments lands beside other packages."""
    names = {path.name for path in site_packages(environment).iterdir()}
    assert {name for name in names if not name.endswith(".dist-info")} == {"vrp", "dependencies.pth"}


def test_types_are_found(environment: Path) -> None:
    """The package says that it is typed, and its metadata carry name, version and command."""
    code = """
        import importlib.metadata, vrp
        found = importlib.metadata.distribution("neural-vrp")
        assert found.version == vrp.__version__, found.version
        assert [e.value for e in found.entry_points if e.name == "vrp"] == ["vrp.cli:main"]
        print(vrp.__file__)
    """
    where = run(environment / "bin" / "python", "-c", textwrap.dedent(code), cwd=environment).strip()
    assert Path(where).is_relative_to(environment)
    assert Path(where).with_name("py.typed").is_file()


def test_folders_are_found_under_vrp(environment: Path) -> None:
    """The folders are importable as parts of vrp and not on their own."""
    code = """
        import importlib.util
        import vrp.baselines, vrp.data, vrp.solvers
        assert vrp.data.example().num_clients == 60
        for name in ("data", "solvers", "baselines", "experiments"):
            assert importlib.util.find_spec(name) is None, name
    """
    run(environment / "bin" / "python", "-c", textwrap.dedent(code), cwd=environment)


def test_own_files_of_a_user_break_nothing(environment: Path, tmp_path: Path) -> None:
    """A script beside the user's own data.py, solvers.py and others still gets the package whole."""
    for name in ("data", "solvers", "baselines", "tests", "experiments", "formats", "check"):
        (tmp_path / f"{name}.py").write_text(f"mine = {name!r}\n")
    script = tmp_path / "plan.py"
    script.write_text(
        textwrap.dedent("""
            import data, solvers, baselines, tests, experiments, formats, check
            import vrp
            assert (data.mine, solvers.mine, formats.mine) == ("data", "solvers", "formats")
            for name in vrp.__all__:
                getattr(vrp, name)
            problem = vrp.data.example()
            assert vrp.solvers.SOLVERS
            print(problem.name)
        """)
    )
    assert run(environment / "bin" / "python", script, cwd=tmp_path).strip()


def test_command_is_installed(environment: Path, tmp_path: Path) -> None:
    """The command runs from anywhere and names its verbs."""
    text = run(environment / "bin" / "vrp", "--help", cwd=tmp_path)
    for verb in ("solve", "check", "convert", "bench", "doctor"):
        assert verb in text


def test_read_only_installation(environment: Path) -> None:
    """Where neither the package nor the home can be written, it still imports and solves."""
    pytest.importorskip("vrp.solvers.search")
    home = environment / "home"
    home.mkdir()
    code = f"""
        import pathlib
        for folder in ({str(home)!r}, {str(site_packages(environment) / "vrp")!r}):
            try:
                pathlib.Path(folder, "new").touch()
            except PermissionError:
                continue
            raise SystemExit(77)
        import vrp
        problem = vrp.Problem.from_arrays(coords=[[0, 0], [3, 4], [6, 8]], demand=[1, 1], capacity=2)
        solution = vrp.solve(problem, solver="search", max_iterations=10, threads=1)
        print(solution.status.name, solution.cost)
    """
    folders = [home, *(p for p in (site_packages(environment) / "vrp").rglob("*") if p.is_dir())]
    folders.append(site_packages(environment) / "vrp")
    command = [environment / "bin" / "python", "-c", UNPRIVILEGED, "-c", textwrap.dedent(code)]
    kept = {"PATH": os.environ["PATH"], "HOME": str(home)}
    try:
        for folder in folders:
            folder.chmod(0o555)
        done = subprocess.run(command, cwd=home, env=kept, capture_output=True, text=True, check=False)
    finally:
        for folder in folders:
            folder.chmod(0o755)
    if done.returncode == 77:
        pytest.skip("the rights of root cannot be given up here")
    assert done.returncode == 0, done.stderr
    assert done.stdout == "COMPLETE 20.0\n"
