"""Writing files: all or nothing, and where the user said."""

import os
from pathlib import Path

import pytest

from vrp.errors import FormatError
from vrp.files import write_text


def test_a_link_stays_a_link(tmp_path: Path) -> None:
    """The file that a link names is replaced, also in another folder, and not the link."""
    real, link = tmp_path / "runs" / "plan.json", tmp_path / "latest.json"
    real.parent.mkdir()
    real.write_text("old")
    real.chmod(0o640)
    link.symlink_to(real)
    assert write_text(link, "new") == link
    assert link.is_symlink()
    assert real.read_text() == "new"
    assert real.stat().st_mode & 0o777 == 0o640
    assert [p.name for p in real.parent.iterdir()] == ["plan.json"]


def test_a_new_file_may_be_read_by_whom_the_user_lets(tmp_path: Path) -> None:
    """It has the permissions that any new file gets; a folder in its place is refused and nothing is left behind."""
    (tmp_path / "plain").write_text("")
    written = write_text(tmp_path / "plan.json", "new")
    assert written.stat().st_mode == (tmp_path / "plain").stat().st_mode
    (tmp_path / "folder").mkdir()
    with pytest.raises(FormatError, match="folder cannot be written"):
        write_text(tmp_path / "folder", "new")
    assert sorted(p.name for p in tmp_path.iterdir()) == ["folder", "plain", "plan.json"]


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no named pipes")
def test_a_pipe_is_written_into(tmp_path: Path) -> None:
    """Whoever reads it gets the text; it stays a pipe."""
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    try:
        assert write_text(pipe, "new") == pipe
        assert os.read(reader, 10) == b"new"
    finally:
        os.close(reader)
    assert pipe.is_fifo()
    assert [p.name for p in tmp_path.iterdir()] == ["pipe"]
