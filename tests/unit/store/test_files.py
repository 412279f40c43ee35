"""Files are written whole, whoever owned the one before, and where a person said."""

import os
import sys
from pathlib import Path

import pytest

from core.files import write_for_person
from core.store.engine import mark
from core.store.engine.mark import Mark


@pytest.mark.skipif(sys.platform == "win32", reason="a file of Windows has no such owner")
@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="only root gives files away")
def test_another_users_file_is_replaced_by_a_process_that_cannot_give_files_away(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A mark that `sudo orderbell doctor` made, or a colleague's export in a shared folder."""
    marks, export = tmp_path / "orderbell.db.mark", tmp_path / "orders.csv"
    for path in (marks, export):
        path.write_bytes(b"{}")
        os.chown(path, 12345, 12345)

    def chown(path: Path, _uid: int, _gid: int) -> None:
        raise PermissionError(1, "Operation not permitted", str(path))

    monkeypatch.setattr(os, "chown", chown)
    mark.write([marks], Mark(believed_us=7))
    write_for_person(export, b"number\n")
    assert [found.believed_us for found in mark.read([marks])] == [7]
    assert export.read_bytes() == b"number\n"
    assert len(list(tmp_path.iterdir())) == 2


@pytest.mark.skipif(sys.platform == "win32", reason="making a link needs a right there")
def test_no_directory_is_made_behind_a_link_either(tmp_path: Path) -> None:
    """A stick that is not plugged in."""
    link, stick = tmp_path / "orders.csv", tmp_path / "stick"
    link.symlink_to(stick / "orders.csv")
    with pytest.raises(FileNotFoundError, match="stick"):
        write_for_person(link, b"number\n")
    assert not stick.exists()
    stick.mkdir()
    write_for_person(link, b"number\n")
    assert (stick / "orders.csv").read_bytes() == b"number\n"
