"""`orderbell backup restore`: the old database or the new one whenever it dies, and what was there is kept. What
screens make of it is `test_after_a_restore.py`'s."""

import os
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine

from core.admin import backup as command
from core.admin import setup
from core.admin.failed import Failed
from core.protocol.health import BackupKind
from core.server.auth import keys
from core.store import migrate
from core.store.backups import backup, check, restore
from core.store.backups.backup import BadBackup
from core.store.backups.restore import RestoreError
from core.store.engine.database import file_url, make_engine
from core.store.engine.owner import Ownership
from tests.integration import calls
from tests.support import databases, shop
from tests.support.server import ServerThread


def _orders(url: str) -> set[str]:
    engine = make_engine(url)
    with engine.connect() as connection:
        found = {row[0] for row in connection.exec_driver_sql("SELECT id FROM orders")}
        assert [each for each in check.invariants(connection) if each.count] == []
    engine.dispose()
    return found


def _epochs(url: str) -> set[str]:
    engine = make_engine(url)
    with engine.connect() as connection:
        found = {row[0] for row in connection.exec_driver_sql("SELECT epoch FROM shops")}
    engine.dispose()
    return found


class Stopped:
    """A shop whose server is stopped, with a backup of two orders and a database that has a third."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        shop.lay_out(directory / "orderbell.db")
        self.url = databases.url(directory / "orderbell.db")
        setup.open_keys(directory / "keys.json")
        with ServerThread(directory) as server:
            ada = calls.customer(server, shop.ADA)
            self.before = {ada.place()["id"], ada.place()["id"]}
            key = keys.backup_key_at(directory / "keys.json")
            made = backup.create(server.database.engine, directory / "backups", BackupKind.MANUAL, key=key)
            self.after = self.before | {ada.place()["id"]}
        self.backup = directory / "backups" / made.name
        self.epochs = _epochs(self.url)

    def restore(self) -> restore.Restored:
        return restore.restore(
            self.backup, self.url, self.directory / "backups", key=keys.backup_key_at(self.directory / "keys.json")
        )

    def command(self, *more: str) -> int:
        where = ("--data-dir", str(self.directory), "--database-url", self.url)
        return command.main(["restore", self.backup.name, *where, *more])


@pytest.fixture
def stopped(tmp_path: Path) -> Stopped:
    return Stopped(tmp_path)


def test_it_is_as_it_was_with_a_new_epoch_and_what_was_there_is_kept(stopped: Stopped) -> None:
    restored = stopped.restore()
    if databases.kind() == "sqlite":
        file = stopped.directory / "orderbell.db"
        assert file.read_bytes()[18:20] == b"\x01\x01", "it is whole without a log (its header's journal mode)"
        assert os.name != "posix" or file.stat().st_mode & 0o777 == 0o600
    assert _orders(stopped.url) == stopped.before
    assert not _epochs(stopped.url) & stopped.epochs
    assert len(_epochs(stopped.url)) == 2, "each shop its own"
    kept = Path(restored.kept)
    if databases.kind() == "sqlite":
        assert _orders(file_url(kept)) == stopped.after
        assert not list(stopped.directory.glob("*restoring*"))
    else:
        assert backup.verify(kept).kind is BackupKind.BEFORE_RESTORE
        assert _orders(file_url(kept)) == stopped.after
    backup.verify(stopped.backup)


def test_it_asks_and_says_what_would_be_lost(stopped: Stopped, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(Failed, match="Nobody is here to be asked"):
        stopped.command()
    assert "1 orders that were placed since" in capsys.readouterr().out
    assert _orders(stopped.url) == stopped.after
    assert stopped.command("--yes") == 0
    assert "is kept" in capsys.readouterr().out
    assert _orders(stopped.url) == stopped.before


def test_one_that_is_not_whole_replaces_nothing(stopped: Stopped) -> None:
    content = bytearray(stopped.backup.read_bytes())
    content[len(content) // 2] ^= 1
    stopped.backup.write_bytes(content)
    with pytest.raises(backup.BadBackup, match="bytes have changed"):
        stopped.command("--yes")
    assert _orders(stopped.url) == stopped.after
    assert _epochs(stopped.url) == stopped.epochs


def test_lost_keys_come_back_from_beside_the_backup(stopped: Stopped) -> None:
    file = stopped.directory / "keys.json"
    content = file.read_bytes()
    stopped.backup.with_name(stopped.backup.name + command.KEYS).write_bytes(content)
    file.unlink()
    assert stopped.command("--yes", "--unproven") == 0
    assert file.read_bytes() == content


def test_no_keys_are_said_to_be_gone(stopped: Stopped, capsys: pytest.CaptureFixture[str]) -> None:
    (stopped.directory / "keys.json").unlink()
    assert stopped.command("--yes", "--unproven") == 0
    assert "everybody has to sign in again" in capsys.readouterr().out


def test_an_older_backup_is_upgraded(stopped: Stopped, monkeypatch: pytest.MonkeyPatch) -> None:
    """As if the newest migration had come after the backup."""
    upgraded: list[str] = []
    upgrade = migrate.upgrade

    def noticed(engine: Engine, revision: str = "head") -> None:
        if engine.dialect.name == "sqlite" and ".taken-" in str(engine.url):
            upgraded.append(str(engine.url))
        upgrade(engine, revision)

    monkeypatch.setattr(migrate, "upgrade", noticed)
    restored = stopped.restore()
    assert len(upgraded) == 1
    assert restored.schema == migrate.head()


def test_a_database_that_is_served_is_left_alone(stopped: Stopped) -> None:
    with ServerThread(stopped.directory), Ownership(stopped.url), pytest.raises(Failed, match="Stop the server first"):
        stopped.command("--yes")
    assert _orders(stopped.url) == stopped.after


@pytest.mark.sqlite_only("a file that is gone, and one that is damaged")
def test_a_database_that_is_gone_or_damaged_comes_back(stopped: Stopped) -> None:
    file = stopped.directory / "orderbell.db"
    file.unlink()
    assert restore.loss(stopped.url, backup.verify(stopped.backup)) is None
    assert stopped.restore().kept == ""
    assert _orders(stopped.url) == stopped.before
    file.write_bytes(b"what a broken disk left of it" * 1000)
    Path(f"{file}-wal").write_bytes(b"and of its log")
    assert restore.loss(stopped.url, backup.verify(stopped.backup)) is None
    kept = Path(stopped.restore().kept)
    assert _orders(stopped.url) == stopped.before
    assert kept.read_bytes().startswith(b"what a broken disk")
    assert not Path(f"{file}-wal").exists() or Path(f"{file}-wal").read_bytes() != b"and of its log"


@pytest.mark.sqlite_only("its files are swapped one after the other")
@pytest.mark.parametrize("damaged", [False, True])
def test_a_log_that_was_left_is_not_read_into_the_new_file(stopped: Stopped, *, damaged: bool) -> None:
    """A killed server leaves what it has not yet written back; SQLite would read it into whatever lies beside it."""
    file, log = stopped.directory / "orderbell.db", stopped.directory / "orderbell.db-wal"
    with closing(sqlite3.connect(file, isolation_level=None)) as holding:
        holding.execute("PRAGMA journal_mode = WAL")
        holding.execute("PRAGMA wal_checkpoint(TRUNCATE)")  # the first page is not in the log: from that it could heal
        holding.execute("UPDATE shops SET name = 'Renamed'")
        left = log.read_bytes()
        content = file.read_bytes()
    file.write_bytes(b"a disk's idea of it" + content[19:] if damaged else content)
    log.write_bytes(left)
    restored = stopped.restore()
    with closing(sqlite3.connect(file)) as db:
        assert {row[0] for row in db.execute("SELECT name FROM shops")} == {"Test Kitchen", "Other Kitchen"}
    if damaged:
        assert Path(f"{restored.kept}-wal").read_bytes() == left, "what belongs to it is kept with it"
    else:
        assert not Path(f"{restored.kept}-wal").exists(), "what is in it is not read into it again"
        with closing(sqlite3.connect(restored.kept)) as db:
            assert {row[0] for row in db.execute("SELECT name FROM shops")} == {"Renamed"}, "nothing of it is lost"


class _Killed(BaseException):
    """The process is gone at this point; nothing after it is done."""


_STEPS: list[tuple[Any, str]] = [
    (restore, "sync_directory"),
    (restore, "_second_name"),
    (Path, "unlink"),
    (Path, "replace"),
]


@pytest.mark.sqlite_only("a server's rows are exchanged in one transaction; see below")
def test_whenever_it_dies_the_database_is_the_old_one_or_the_new_one(
    stopped: Stopped, monkeypatch: pytest.MonkeyPatch
) -> None:
    outcomes = []
    for die_at in range(1, 30):
        left = die_at

        def dying(call: Callable[..., Any]) -> Callable[..., Any]:
            def counted(*arguments: Any, **named: Any) -> Any:
                nonlocal left
                left -= 1
                if left < 0:  # it is dead: nothing is tidied up
                    raise _Killed
                if left == 0:
                    raise _Killed
                return call(*arguments, **named)

            return counted

        with monkeypatch.context() as patched:
            for owner, name in _STEPS:
                patched.setattr(owner, name, dying(getattr(owner, name)))
            try:
                stopped.restore()
                finished = True
            except _Killed:
                finished = False
        found = _orders(stopped.url)
        assert found in (stopped.before, stopped.after), f"died at step {die_at}"
        outcomes.append(found == stopped.before)
        for left_behind in stopped.directory.glob(".restoring*"):
            left_behind.unlink()
        if finished:
            break
    else:
        pytest.fail("it never got to its end")
    assert len(outcomes) > 5
    assert outcomes[0] is False
    assert outcomes[-1] is True


def test_rows_that_cannot_be_exchanged_leave_those_that_were_there(
    stopped: Stopped, monkeypatch: pytest.MonkeyPatch
) -> None:
    if databases.kind() == "sqlite":
        monkeypatch.setattr(restore, "_replace_file", _refuse)
    else:
        from core.store.backups import copy

        monkeypatch.setattr(copy, "digest", lambda _connection, _table: copy.Digest(0, "not what was sent"))
    with pytest.raises(RestoreError):
        stopped.restore()
    assert _orders(stopped.url) == stopped.after
    assert _epochs(stopped.url) == stopped.epochs
    assert not list(stopped.directory.rglob(".restoring*"))


@pytest.mark.sqlite_only("a server's rows are read back instead")
def test_a_copy_that_was_damaged_on_the_way_replaces_nothing(stopped: Stopped, monkeypatch: pytest.MonkeyPatch) -> None:
    upgrade = migrate.upgrade

    def on_a_bad_disk(engine: Engine, revision: str = "head") -> None:
        upgrade(engine, revision)
        with engine.connect() as connection:
            connection.exec_driver_sql("PRAGMA writable_schema = ON")
            connection.exec_driver_sql("DELETE FROM sqlite_schema WHERE name = 'ix_orders_shop'")

    monkeypatch.setattr(migrate, "upgrade", on_a_bad_disk)
    with pytest.raises(BadBackup, match="damaged"):
        stopped.restore()
    assert _orders(stopped.url) == stopped.after


@pytest.mark.sqlite_only("its files are swapped")
def test_each_step_is_on_the_disk_before_the_next(stopped: Stopped, monkeypatch: pytest.MonkeyPatch) -> None:
    """Or a power cut could leave the new name with nothing behind it."""
    steps: list[str] = []

    def noted(owner: Any, name: str) -> None:
        call = getattr(owner, name)

        def step(*given: Any) -> Any:
            steps.append(name)
            return call(*given)

        monkeypatch.setattr(owner, name, step)

    monkeypatch.setattr(restore, "sync_directory", lambda _directory: steps.append("sync_directory"))
    for owner, name in ((os, "fsync"), (Path, "hardlink_to"), (Path, "replace")):
        noted(owner, name)
    stopped.restore()
    assert steps == ["fsync", "hardlink_to", "sync_directory", "replace", "sync_directory"]


@pytest.mark.sqlite_only("its files are swapped")
def test_without_links_what_was_there_is_copied(stopped: Stopped, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Path, "hardlink_to", _refuse)
    assert _orders(file_url(Path(stopped.restore().kept))) == stopped.after
    assert _orders(stopped.url) == stopped.before


@pytest.mark.sqlite_only("its files are swapped")
def test_a_log_that_nobody_could_close_is_not_read_into_the_new_file(
    stopped: Stopped, monkeypatch: pytest.MonkeyPatch
) -> None:
    file, log = stopped.directory / "orderbell.db", stopped.directory / "orderbell.db-wal"
    with closing(sqlite3.connect(file, isolation_level=None)) as holding:
        holding.execute("PRAGMA journal_mode = WAL")
        holding.execute("UPDATE shops SET name = 'Renamed'")
        content, left = file.read_bytes(), log.read_bytes()
    file.write_bytes(content)
    log.write_bytes(left)
    monkeypatch.setattr(restore, "_closed", lambda _file: False)
    stopped.restore()
    with closing(sqlite3.connect(file)) as db:
        assert {row[0] for row in db.execute("SELECT name FROM shops")} == {"Test Kitchen", "Other Kitchen"}


def _refuse(*_arguments: Any) -> str:
    raise OSError("the disk is full")


def test_a_backup_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(BadBackup):
        restore.restore(tmp_path / "nothing.backup.db", databases.url(tmp_path / "orderbell.db"), tmp_path, key=b"")
