"""What this shop's server has made is restored; what somebody else may have changed, only when told so."""

import hashlib
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import msgspec
import pytest

from core.admin import backup as command
from core.admin import setup
from core.admin.failed import Failed
from core.protocol.health import BackupKind
from core.server.auth import keys
from core.store import migrate
from core.store.backups import backup, restore
from core.store.backups.backup import BadBackup, Unproven
from core.store.engine.database import make_engine
from tests.support import databases, shop

ADD_ADMIN = (
    "INSERT INTO staff (id, shop_id, name, name_key, role, pin_hash, created_at) "
    "SELECT 'evil', shop_id, 'Mallory', 'mallory', 'admin', pin_hash, created_at FROM staff LIMIT 1"
)
ADD_TRIGGER = (
    "CREATE TRIGGER quiet AFTER INSERT ON sessions BEGIN UPDATE staff SET role = 'admin' WHERE name = 'Kim'; END"
)
ADD_VIEW = "CREATE VIEW everything AS SELECT * FROM customers"


class Shop:
    """A stopped server with keys of its own, and a backup that it has made."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        directory.mkdir(parents=True, exist_ok=True)
        shop.lay_out(directory / "orderbell.db")
        self.url = databases.url(directory / "orderbell.db")
        setup.open_keys(directory / "keys.json")
        self.key = keys.backup_key_at(directory / "keys.json")
        engine = make_engine(self.url)
        made = backup.create(engine, directory / "backups", BackupKind.MANUAL, key=self.key)
        engine.dispose()
        self.backup = directory / "backups" / made.name

    def restore(self, *more: str) -> int:
        where = ("--data-dir", str(self.directory), "--database-url", self.url)
        return command.main(["restore", str(self.backup), *where, "--yes", *more])

    def staff(self) -> set[str]:
        engine = make_engine(self.url)
        with engine.connect() as connection:
            found = {row[0] for row in connection.exec_driver_sql("SELECT name FROM staff")}
        engine.dispose()
        return found


@pytest.fixture
def stopped(tmp_path: Path, database: databases.Kind) -> Iterator[Shop]:
    with databases.standing_on(database):
        yield Shop(tmp_path / "server")


def tamper(path: Path, *statements: str, key: bytes = b"") -> None:
    """Change a backup, and its manifest so that they fit together; with `key` also its proof."""
    with closing(sqlite3.connect(path)) as db:
        for statement in statements:
            db.execute(statement)
        db.commit()
    manifest = backup.manifest_of(path)
    found = backup.contents(path)
    said = msgspec.json.decode(manifest.read_bytes(), type=backup.Backup)
    said = msgspec.structs.replace(
        said,
        bytes=path.stat().st_size,
        sha256=hashlib.sha256(path.read_bytes()).hexdigest(),
        rows=found.rows,
        shops=found.shops,
    )
    if key:
        said = msgspec.structs.replace(said, proof=backup.proof(said, key))
    manifest.write_bytes(msgspec.json.encode(said))
    backup.verify(path)  # whole, as far as anybody without the key can tell


def test_what_the_server_made_is_proven_wherever_it_has_been(stopped: Shop, tmp_path: Path) -> None:
    there = backup.copy_to(stopped.backup, tmp_path / "stick")
    assert backup.doubts(there, backup.verify(there), stopped.key) == ()
    assert stopped.restore() == 0


def test_an_added_admin_is_found_out_though_everything_was_computed_anew(stopped: Shop) -> None:
    before = stopped.staff()
    tamper(stopped.backup, ADD_ADMIN)
    with pytest.raises(Failed, match="changed after it was made"):
        stopped.restore()
    assert stopped.staff() == before
    with pytest.raises(Unproven):
        restore.restore(stopped.backup, stopped.url, stopped.directory / "backups", key=stopped.key)


def test_it_is_restored_when_told_so_and_says_what_to_go_through(
    stopped: Shop, capsys: pytest.CaptureFixture[str]
) -> None:
    tamper(stopped.backup, ADD_ADMIN)
    assert stopped.restore("--unproven") == 0
    assert "Mallory" in stopped.staff()
    assert "orderbell users list" in capsys.readouterr().out


@pytest.mark.parametrize(("statement", "name"), [(ADD_TRIGGER, "quiet"), (ADD_VIEW, "everything")])
def test_triggers_and_views_of_others_are_named_and_never_brought_in(stopped: Shop, statement: str, name: str) -> None:
    tamper(stopped.backup, statement, key=stopped.key)  # as if it had been in the database already
    with pytest.raises(Failed, match=name):
        stopped.restore()
    assert stopped.restore("--unproven") == 0
    if databases.kind() == "sqlite":
        with closing(sqlite3.connect(stopped.directory / "orderbell.db")) as db:
            assert db.execute("SELECT name FROM sqlite_schema WHERE name = ?", (name,)).fetchall() == []


def test_a_changed_trigger_of_ours_is_noticed(stopped: Shop) -> None:
    tamper(
        stopped.backup,
        "DROP TRIGGER status_history_no_update",
        "CREATE TRIGGER status_history_no_update BEFORE UPDATE ON status_history BEGIN SELECT 1; END",
        key=stopped.key,
    )
    assert "status_history_no_update" in str(backup.doubts(stopped.backup, backup.verify(stopped.backup), stopped.key))


def test_one_of_other_keys_or_of_none_is_not_proven(stopped: Shop, tmp_path: Path) -> None:
    said = backup.verify(stopped.backup)
    assert "other keys" in backup.doubts(stopped.backup, said, b"of another server")[0]
    assert "are not here" in backup.doubts(stopped.backup, said, b"")[0]
    earlier = msgspec.structs.replace(said, proof="")
    assert "earlier release" in backup.doubts(stopped.backup, earlier, stopped.key)[0]


@pytest.mark.parametrize("field", ["name", "made_at", "kind", "schema", "sha256"])
def test_the_proof_is_of_all_that_identifies_a_backup(stopped: Shop, field: str) -> None:
    said = backup.verify(stopped.backup)
    other = {
        "name": "other.backup.db",
        "made_at": said.made_at.replace(microsecond=1),
        "kind": BackupKind.SCHEDULED,
        "schema": "0001",
        "sha256": "0" * 64,
    }
    assert backup.proof(msgspec.structs.replace(said, **{field: other[field]}), stopped.key) != said.proof


@pytest.mark.sqlite_only("schemas are those of a backup's file")
def test_every_schema_has_triggers_to_compare_with() -> None:
    assert all(("trigger", "status_history_no_update") in backup._active(schema) for schema in migrate.revisions())


# -- a file that is swapped while it is looked at


@pytest.fixture
def swapping(stopped: Shop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Somebody who may write where backups lie puts another file in the backup's place once its hash is known."""
    evil = tmp_path / "evil.db"
    shutil.copyfile(stopped.backup, evil)
    with closing(sqlite3.connect(evil)) as db:
        db.execute("UPDATE staff SET name = 'Mallory', name_key = 'mallory' WHERE name = 'Alex'")
        db.commit()
    hashed = backup._sha256

    def swap(path: Path) -> str:
        found = hashed(path)
        shutil.copyfile(evil, tmp_path / "in its place")
        (tmp_path / "in its place").replace(stopped.backup)
        return found

    monkeypatch.setattr(backup, "_sha256", swap)
    return evil


@pytest.mark.usefixtures("swapping")
def test_what_is_restored_is_what_was_proven(stopped: Shop) -> None:
    before = stopped.staff()
    assert stopped.restore() == 0
    assert stopped.staff() == before
    assert not list(stopped.directory.glob(".taken-*"))


def test_what_is_copied_elsewhere_is_what_was_proven(stopped: Shop, swapping: Path, tmp_path: Path) -> None:
    whole = stopped.backup.read_bytes()
    there = backup.copy_to(stopped.backup, tmp_path / "stick", stopped.key)
    assert stopped.backup.read_bytes() == swapping.read_bytes()
    assert there.read_bytes() == whole
    with pytest.raises(BadBackup, match="its bytes have changed"):
        backup.copy_to(stopped.backup, tmp_path / "another", stopped.key)
    assert list((tmp_path / "another").iterdir()) == []


def test_one_that_nothing_proves_is_not_copied_elsewhere_as_checked(stopped: Shop, tmp_path: Path) -> None:
    tamper(stopped.backup, ADD_ADMIN)
    with pytest.raises(Unproven, match="other keys"):
        backup.copy_to(stopped.backup, tmp_path / "stick", stopped.key)
    assert list((tmp_path / "stick").iterdir()) == []


@pytest.mark.usefixtures("swapping")
def test_what_is_verified_is_one_file(stopped: Shop, capsys: pytest.CaptureFixture[str]) -> None:
    with closing(sqlite3.connect(stopped.directory.parent / "evil.db")) as db:
        db.execute(ADD_VIEW)
    where = ("--data-dir", str(stopped.directory), "--database-url", stopped.url)
    assert command.main(["verify", str(stopped.backup), *where]) == 0
    assert f"{stopped.backup.name}: ok" in capsys.readouterr().out
    assert command.main(["verify", str(stopped.backup), *where]) == 1
