"""What the documents show works as shown."""

import re
import shlex
from pathlib import Path

import pytest

import vrp

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")


def blocks(language: str) -> list[str]:
    """Code blocks of the README in a language, each at its own line numbers."""
    found = re.finditer(rf"^```{language}\n(.*?)^```$", README, flags=re.DOTALL | re.MULTILINE)
    return ["\n" * README.count("\n", 0, block.start(1)) + block[1] for block in found]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty working directory with the tables that the README shows."""
    for name, content in re.findall(r"^`(\S+\.csv)`:\n\n```csv\n(.*?)^```$", README, flags=re.DOTALL | re.MULTILINE):
        (tmp_path / name).write_text(content)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_python_blocks_run(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The examples run one after the other, as a reader would type them (in less time)."""
    pytest.importorskip("vrp.solvers.search")
    typed: dict[str, object] = {}
    for block in blocks("python"):
        exec(compile(re.sub(r"time_limit=\d+", "time_limit=0.2", block), "README.md", "exec"), typed)
    assert "market hall" in (folder / "routes.html").read_text(encoding="utf-8")
    assert "cost" in capsys.readouterr().out


def test_commands_run(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Every `vrp` command of the README succeeds on the tables that it shows."""
    pytest.importorskip("vrp.solvers.search")
    from vrp.cli import main

    commands = [line for block in blocks("sh") for line in block.splitlines() if line.startswith("vrp ")]
    assert len(commands) >= 5
    for command in commands:
        code = main(shlex.split(re.sub(r"--time \d+", "--time 0.2", command))[1:])
        assert code == 0, f"{command}\n{capsys.readouterr().err}"
    assert (folder / "plan.html").exists()


def test_links_lead_somewhere() -> None:
    """Files that the documents name exist."""
    for document in ("README.md", "CONTRIBUTING.md"):
        text = (ROOT / document).read_text(encoding="utf-8")
        for path in re.findall(r"`((?:vrp|solvers|data|baselines|tests|experiments)/[\w./]+\.py)`", text):
            assert (ROOT / path).exists(), path


def test_version_is_the_same_everywhere() -> None:
    """Package, citation and changelog speak of the same version."""
    assert f"\nversion: {vrp.__version__}\n" in (ROOT / "CITATION.cff").read_text()
    assert f"## {vrp.__version__}" in (ROOT / "CHANGELOG.md").read_text()
    assert f'\nversion = "{vrp.__version__}"\n' in (ROOT / "pyproject.toml").read_text()
