"""`orderbell serve` when it cannot: one sentence and a status, never a traceback."""

import socket
import sqlite3
import subprocess
from pathlib import Path

import pytest

from core.store.engine.database import CannotOpen, Database, file_url
from tests.support.processes import orderbell

pytestmark = pytest.mark.sqlite_only("it does not get as far as a server, and a file can be spoilt")


def serve(directory: Path, *flags: str) -> subprocess.CompletedProcess[str]:
    return orderbell("serve", "--data-dir", str(directory), "--port", "0", *flags)


def test_a_port_that_is_taken(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        ended = serve(tmp_path, "--port", str(port))
    assert ended.returncode == 1
    assert f"cannot listen on 127.0.0.1, port {port}" in ended.stderr
    assert "Traceback" not in ended.stderr
    assert not (tmp_path / "keys.json").exists(), "it is asked before anything is made"


@pytest.mark.parametrize(
    "flags", [("--port", "x"), ("--port", "70000"), ("--log-format", "xml"), ("--database-url", "nosuch://")]
)
def test_a_setting_that_cannot_be(tmp_path: Path, flags: tuple[str, str]) -> None:
    ended = serve(tmp_path, *flags)
    assert ended.returncode == (1 if flags[0] == "--database-url" else 2)
    assert flags[1] in ended.stderr
    assert "Traceback" not in ended.stderr


def test_a_file_that_is_no_database(tmp_path: Path) -> None:
    (tmp_path / "orderbell.db").write_bytes(b"the shop's accounts, as it happens" * 100)
    ended = serve(tmp_path)
    assert ended.returncode == 1
    assert "orderbell.db" in ended.stderr
    assert "it is no SQLite database, or is damaged" in ended.stderr
    assert "Traceback" not in ended.stderr
    assert (tmp_path / "orderbell.db").read_bytes().startswith(b"the shop's accounts")


def test_a_database_of_a_newer_release_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "orderbell.db"
    Database(file_url(path)).close()
    file = sqlite3.connect(path)
    with file:
        file.execute("UPDATE alembic_version SET version_num = '9999'")
    file.close()
    with pytest.raises(CannotOpen, match="9999"):
        Database(file_url(path))


def test_a_key_file_that_holds_none(tmp_path: Path) -> None:
    (tmp_path / "keys.json").write_text("{}")
    ended = serve(tmp_path)
    assert (ended.returncode, ended.stdout) == (1, "")
    assert "keys.json" in ended.stderr
    assert "Traceback" not in ended.stderr
