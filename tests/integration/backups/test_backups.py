"""Backups: of one moment while the shop works, whole or not there, proven by their manifest, and made by the clock."""

import asyncio
import os
import sqlite3
import subprocess
import threading
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest
from sqlalchemy import Engine

from core.admin import backup as command
from core.domain.ids import ShopId
from core.instants import now
from core.own_process import python
from core.protocol.health import BackupKind
from core.server.backups import Backups
from core.server.http.limits import Rate
from core.server.settings import ServerSettings
from core.store.backups import backup, check
from core.store.backups.backup import BackupError, BadBackup
from core.store.engine.database import Database, file_url, make_engine
from tests.integration import calls
from tests.integration.calls import Caller
from tests.integration.conftest import Place
from tests.support import databases, shop
from tests.support.server import ServerThread

MANUAL, SCHEDULED = BackupKind.MANUAL, BackupKind.SCHEDULED


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    """A small shop's database."""
    shop.lay_out(tmp_path / "orderbell.db")
    made = make_engine(databases.url(tmp_path / "orderbell.db"))
    yield made
    made.dispose()


@pytest.fixture
def made(engine: Engine, tmp_path: Path) -> Path:
    """A good backup."""
    return tmp_path / "kept" / backup.create(engine, tmp_path / "kept", MANUAL).name


def test_it_is_of_one_moment_while_the_shop_works(tmp_path: Path) -> None:
    shop.lay_out(tmp_path / "orderbell.db")
    with ServerThread(tmp_path) as server:
        ada = calls.customer(server, shop.ADA)
        acknowledged: list[str] = []
        enough, done = threading.Event(), threading.Event()

        def order() -> None:
            while not done.is_set():
                acknowledged.append(ada.place()["id"])
                if len(acknowledged) == 5:
                    enough.set()

        busy = threading.Thread(target=order)
        busy.start()
        assert enough.wait(60)
        before = list(acknowledged)
        found = backup.create(server.database.engine, tmp_path / "kept", MANUAL)
        done.set()
        busy.join()
    engine = make_engine(file_url(tmp_path / "kept" / found.name))
    with engine.connect() as connection:
        assert [each for each in check.invariants(connection) if each.count] == []
        kept = {row[0] for row in connection.exec_driver_sql("SELECT id FROM orders")}
    engine.dispose()
    assert set(before) <= kept
    assert found.rows["orders"] == len(kept)


@pytest.mark.sqlite_only("pages are copied; a copy of rows reads in one transaction, see test_copy")
def test_a_commit_meanwhile_neither_gets_in_nor_starts_it_again(
    engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(backup, "STEP_PAGES", 1)
    monkeypatch.setattr(backup, "STEP_PAUSE_S", 0.0)
    pages = (tmp_path / "orderbell.db").stat().st_size // 4096
    steps: list[int] = []
    with closing(sqlite3.connect(tmp_path / "orderbell.db", isolation_level=None)) as busy:

        def write_meanwhile(done: int, _total: int) -> None:
            steps.append(done)
            assert len(steps) < 4 * pages, "it starts again and again"
            busy.execute("UPDATE shops SET name = ?", (f"Renamed {len(steps)}",))

        found = backup.create(engine, tmp_path / "kept", MANUAL, write_meanwhile)
    assert len(steps) > pages // 2
    assert steps == sorted(steps), "it never started again"
    assert {each.name for each in found.shops} == {"Test Kitchen", "Other Kitchen"}


def test_only_its_owner_can_read_it_and_it_is_one_file(made: Path) -> None:
    assert sorted(path.name for path in made.parent.iterdir()) == [made.name, f"{made.name}.json"]
    if os.name == "posix":
        modes = {path.stat().st_mode & 0o777 for path in made.parent.iterdir()}
        assert modes == {0o600}
        assert made.parent.stat().st_mode & 0o777 == 0o700
    backup.verify(made)
    assert len(list(made.parent.iterdir())) == 2, "looking at it writes nothing"


def _flip(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


def _other_manifest(path: Path) -> None:
    manifest = backup.manifest_of(path)
    told = msgspec.json.decode(manifest.read_bytes(), type=backup.Backup)
    rows = told.rows | {"orders": told.rows["orders"] + 1}
    manifest.write_bytes(msgspec.json.encode(msgspec.structs.replace(told, rows=rows)))


SPOILT = {
    "a bit": (_flip, "bytes have changed"),
    "its end": (lambda path: path.write_bytes(path.read_bytes()[:-4096]), "bytes have changed"),
    "its manifest": (lambda path: backup.manifest_of(path).unlink(), "no manifest"),
    "what the manifest says": (lambda path: backup.manifest_of(path).write_text("{"), "cannot be read"),
    "what the manifest counts": (_other_manifest, "does not have what its manifest says"),
    "itself": (lambda path: path.unlink(), "cannot be read"),
}


@pytest.mark.parametrize("what", SPOILT)
def test_one_that_is_not_what_was_made_is_refused(made: Path, what: str) -> None:
    backup.verify(made)
    spoil, says = SPOILT[what]
    spoil(made)
    with pytest.raises(BadBackup, match=says):
        backup.verify(made)


def _sqlite_file(path: Path, *statements: str) -> Path:
    with closing(sqlite3.connect(path)) as db:
        for each in statements:
            db.execute(each)
        db.commit()
    return path


def test_a_file_of_something_else_or_of_a_newer_release_is_refused(made: Path, tmp_path: Path) -> None:
    with pytest.raises(BadBackup, match="no backup of an Orderbell database"):
        backup.contents(_sqlite_file(tmp_path / "notes.db", "CREATE TABLE notes (text)"))
    (tmp_path / "text.db").write_text("an old list of orders" * 100)
    with pytest.raises(BadBackup, match="cannot be read"):
        backup.contents(tmp_path / "text.db")
    with pytest.raises(BadBackup, match="newer Orderbell"):
        backup.contents(_sqlite_file(made, "UPDATE alembic_version SET version_num = '9999'"))


def test_a_damaged_page_is_found_though_the_hash_was_taken_of_it(made: Path) -> None:
    content = bytearray(made.read_bytes())
    content[8192:12288] = bytes(4096)
    made.write_bytes(content)
    with pytest.raises(BadBackup, match=r"damaged|cannot be read"):
        backup.contents(made)


_DYING = """
import os, sys
from pathlib import Path
from core.store.backups import backup
from core.store.engine.database import make_engine
def die(done, total):
    os._exit(9)
backup.create(make_engine(sys.argv[1]), Path(sys.argv[2]), backup.BackupKind.MANUAL, die)
"""


def test_a_kill_leaves_nothing_that_looks_like_a_backup(engine: Engine, tmp_path: Path) -> None:
    kept, url = tmp_path / "kept", engine.url.render_as_string(hide_password=False)
    status = subprocess.run(python("-c", _DYING, url, str(kept)), check=False).returncode
    assert status == 9
    [left] = [path for path in kept.iterdir() if path.suffix == backup.PART]
    assert backup.listed(kept) == []
    assert list(kept.glob(f"*{backup.SUFFIX}")) == []
    os.utime(left, (0, 0))
    found = backup.create(engine, kept, MANUAL)
    assert [each.name for each in backup.listed(kept)] == [found.name]
    assert not left.exists(), "what a kill left long ago is cleared away"


def test_one_that_fails_leaves_nothing_and_says_why(engine: Engine, tmp_path: Path) -> None:
    def full(_done: int, _total: int) -> None:
        raise OSError("No space left on device")

    with pytest.raises(BackupError, match="No space left"):
        backup.create(engine, tmp_path / "kept", MANUAL, full)
    assert list((tmp_path / "kept").iterdir()) == []


def test_only_scheduled_ones_are_forgotten(engine: Engine, tmp_path: Path) -> None:
    kept = tmp_path / "kept"
    scheduled = [backup.create(engine, kept, SCHEDULED).name for _ in range(3)]
    others = [backup.create(engine, kept, kind).name for kind in (MANUAL, BackupKind.BEFORE_UPGRADE)]
    assert [each.name for each in backup.prune(kept, 1)] == [scheduled[1], scheduled[0]]
    assert [each.name for each in backup.listed(kept)] == [*reversed(others), scheduled[2]]
    assert not (kept / scheduled[0]).exists()
    backup.verify(kept / scheduled[2])


def test_one_from_the_future_neither_goes_nor_takes_anothers_place(
    engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept = tmp_path / "kept"
    right = [backup.create(engine, kept, SCHEDULED).name for _ in range(2)]
    with monkeypatch.context() as ahead:
        ahead.setattr(backup, "now", lambda: datetime.now(UTC) + timedelta(days=400))
        future = backup.create(engine, kept, SCHEDULED).name
    assert [each.name for each in backup.prune(kept, 2)] == []
    with monkeypatch.context() as behind:
        behind.setattr(backup, "now", lambda: datetime.now(UTC) - timedelta(days=400))
        assert backup.prune(kept, 1) == [], "a clock that is behind takes none either"
    assert [each.name for each in backup.prune(kept, 1)] == [right[0]]
    assert [each.name for each in backup.listed(kept)] == [future, right[1]]


# -- by the clock


@pytest.fixture
def scheduled(tmp_path: Path) -> Iterator[Backups]:
    shop.lay_out(tmp_path / "orderbell.db")
    database = Database(databases.url(tmp_path / "orderbell.db"))
    yield Backups(database, ServerSettings(data_dir=str(tmp_path), backup_keep=2, backup_every_h=24), b"a key")
    database.close()


def test_it_is_made_when_it_is_time(scheduled: Backups) -> None:
    at = now()
    assert scheduled.due_at(None) <= now()
    assert scheduled.due_at(at) == at + timedelta(hours=24)
    assert scheduled.due_at(at + timedelta(days=3650)) <= now(), "a clock that was set back stops nothing"

    async def thrice() -> None:
        for _ in range(3):
            scheduled.last = None
            await scheduled._when_due()

    asyncio.run(thrice())
    assert [each.kind for each in scheduled.all()] == [SCHEDULED, SCHEDULED]
    assert scheduled.last == scheduled.all()[0]


def test_a_failure_is_told_and_tried_again_later(
    scheduled: Backups, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "backups").write_text("no directory")
    asyncio.run(scheduled._when_due())
    assert "backups" in scheduled.problem
    assert "no backup was made" in caplog.text
    assert scheduled._not_before > now()
    (tmp_path / "backups").unlink()
    scheduled._not_before = now()
    asyncio.run(scheduled._when_due())
    assert (scheduled.problem, len(scheduled.all())) == ("", 1)


def test_a_stop_gives_up_what_is_being_made(scheduled: Backups, monkeypatch: pytest.MonkeyPatch) -> None:
    begun = threading.Event()
    create = backup.create

    def slowly(
        engine: Engine, directory: Path, kind: BackupKind, advance: backup.Advance, *, key: bytes
    ) -> backup.Backup:
        def wait_for_the_stop(done: int, total: int) -> None:
            begun.set()
            assert scheduled._stopping.wait(60)
            advance(done, total)

        return create(engine, directory, kind, wait_for_the_stop, key=key)

    monkeypatch.setattr(backup, "create", slowly)

    async def stop_in_the_middle() -> BaseException | None:
        async with scheduled.running():
            making = asyncio.create_task(scheduled.make(MANUAL))
            await asyncio.to_thread(begun.wait, 60)
        return (await asyncio.gather(making, return_exceptions=True))[0]  # type: ignore[return-value]

    error = asyncio.run(stop_in_the_middle())
    assert isinstance(error, BackupError)
    assert scheduled.all() == []


# -- over the wire, and as a command


def test_the_operator_makes_one_and_sees_it(place: Place) -> None:
    made = place.command.post("/api/admin/backups/", {})
    assert made.status_code == 201, made.text
    listed = place.command.get("/api/admin/backups/").json()
    assert listed["backups"][0] == made.json()
    assert listed["problem"] == ""
    assert "shops" not in listed["backups"][0], "it names other shops"


def test_backups_that_are_asked_for_are_bounded(place: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In their number, how often they are made, and in bytes: a disk that is full of them takes no orders."""
    kept = place.server.services.backups
    monkeypatch.setattr(kept, "_asked", Rate(2, 3_600, "Enough."))
    assert place.command.post("/api/admin/backups/", {}).status_code == 201
    fewest = msgspec.structs.replace(place.server.settings, backup_manual_max=1)
    with monkeypatch.context() as patched:
        patched.setattr(kept, "_settings", fewest)
        refused = place.command.post("/api/admin/backups/", {})
        assert (refused.status_code, refused.json()["type"]) == (429, "too_many")
        assert "backup_manual_max" in refused.json()["detail"]
    refused = place.command.post("/api/admin/backups/", {})
    assert (refused.status_code, refused.json()["detail"]) == (429, "Enough.")
    monkeypatch.setattr(kept, "_asked", Rate(2, 3_600, "Enough."))
    monkeypatch.setattr(kept, "_expected_bytes", lambda _: 1 << 60)
    refused = place.command.post("/api/admin/backups/", {})
    assert (refused.status_code, refused.json()["type"]) == (503, "no_backup")
    assert "Make room" in refused.json()["detail"]


def test_a_backup_that_cannot_be_made_is_a_refusal(tmp_path: Path) -> None:
    shop.lay_out(tmp_path / "orderbell.db")
    (tmp_path / "backups").write_text("no directory")
    with ServerThread(tmp_path) as server:
        token = server.services.access.sign_local("orderbell", ShopId(""))
        refused = Caller(server.url, {"access_token": token}).post("/api/admin/backups/", {})
    assert (refused.status_code, refused.json()["type"]) == (503, "no_backup")


@pytest.fixture
def run(engine: Engine, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Any:
    """`orderbell backup …` on a shop that nobody serves; gives exit status and what it said as JSON."""
    from core.admin import setup

    setup.open_keys(tmp_path / "keys.json")
    url = engine.url.render_as_string(hide_password=False)

    def command_(*arguments: str) -> tuple[int, Any]:
        capsys.readouterr()
        status = command.main([*arguments, "--json", "--data-dir", str(tmp_path), "--database-url", url])
        return status, msgspec.json.decode(capsys.readouterr().out)

    return command_


def test_the_command_makes_lists_copies_and_verifies(run: Any, tmp_path: Path) -> None:
    status, made = run("create", "--to", str(tmp_path / "stick"), "--with-keys")
    assert status == 0
    name = made["name"]
    stick = tmp_path / "stick" / name
    backup.verify(stick)
    assert (tmp_path / "stick" / f"{name}.keys.json").read_bytes() == (tmp_path / "keys.json").read_bytes()
    assert not (tmp_path / "backups" / f"{name}.keys.json").exists()
    assert [each["name"] for each in run("list")[1]] == [name]
    assert run("verify", "--all", str(stick)) == (0, [{"name": name, "problem": "", "doubts": []}] * 2)
    _flip(stick)
    status, found = run("verify", "--all", str(stick))
    assert status == 1
    assert [bool(each["problem"]) for each in found] == [True, False]
