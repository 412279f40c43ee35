"""What a shop has from an earlier release goes on in this one: every row, every waiting operation, wherever an upgrade
is cut off."""

import gzip
import random
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext

from core.client.storage.local_store import LocalStore
from core.protocol.health import BackupKind
from core.server.backups import open_database
from core.server.settings import ServerSettings
from core.store import migrate
from core.store.backups import backup, check, copy
from core.store.engine.database import CannotOpen, file_url, make_engine
from core.store.tables import metadata
from tests.integration import calls
from tests.support import databases, power_cut, shop
from tests.support.server import ServerThread
from tests.support.steps import NEXT
from tests.support.synced import Screen

RELEASES = Path(__file__).parents[2] / "fixtures" / "releases"
VERSIONS = sorted(path.name.removesuffix(".sqlite.gz") for path in RELEASES.glob("*.sqlite.gz"))
IMAGES = 120

RENAMED = {("devices", "kind", "display"): "board"}
"""Values that a migration says in other words: table, column, what it was."""

REPLACED = {("shops", "tax_rate_bp")}
"""Columns whose values a migration keeps in another form, which `test_migrations.py` checks."""

Rows = dict[str, list[dict[str, Any]]]


def _unpack(kept: Path, to: Path) -> Path:
    to.parent.mkdir(parents=True, exist_ok=True)
    to.write_bytes(gzip.decompress(kept.read_bytes()))
    return to


def _rows(path: Path) -> Rows:
    with closing(sqlite3.connect(path)) as db:
        db.row_factory = sqlite3.Row
        tables = [row[0] for row in db.execute("SELECT name FROM sqlite_schema WHERE type = 'table'")]
        return {
            table: sorted((dict(row) for row in db.execute(f'SELECT * FROM "{table}"')), key=repr)
            for table in tables
            if table != migrate.VERSION_TABLE and not table.startswith("sqlite_")
        }


def _seen(rows: Rows, like: Rows) -> Rows:
    """Of `rows` what `like` has tables and columns for, in the words of today."""
    return {
        table: sorted(
            (
                {
                    name: RENAMED.get((table, name, row[name]), row[name])
                    for name in held[0]
                    if (table, name) not in REPLACED
                }
                for row in rows.get(table, [])
            ),
            key=repr,
        )
        for table, held in like.items()
        if held
    }


def _assert_kept(path: Path, before: Rows) -> None:
    """Every row and value of `before` is there, and no row more."""
    assert _seen(_rows(path), before) == _seen(before, before)


@pytest.fixture(params=VERSIONS)
def released(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """A shop's database as a release left it."""
    return _unpack(RELEASES / f"{request.param}.sqlite.gz", tmp_path / "orderbell.db")


@pytest.fixture(params=VERSIONS)
def till(request: pytest.FixtureRequest, tmp_path: Path) -> tuple[Path, Path]:
    """A till's file with waiting operations, and its shop's database."""
    pos = _unpack(RELEASES / f"{request.param}.pos.gz", tmp_path / "pos.db")
    return pos, _unpack(RELEASES / f"{request.param}.sqlite.gz", tmp_path / "orderbell.db")


def test_there_is_a_fixture_with_rows_in_every_table() -> None:
    assert "0.1.0" in VERSIONS
    for version in VERSIONS:
        with gzip.open(RELEASES / f"{version}.sqlite.gz") as kept:
            assert kept.read(15) == b"SQLite format 3"


@pytest.mark.sqlite_only("what was released until now")
def test_every_row_is_there_after_the_upgrade(released: Path) -> None:
    before = _rows(released)
    assert all(before.values()), f"no rows in {[table for table, rows in before.items() if not rows]}"
    engine = make_engine(file_url(released))
    migrate.upgrade(engine)
    with engine.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), metadata) == []
        found = [*check.soundness(connection), *check.invariants(connection)]
        assert [each for each in found if each.count] == []
    engine.dispose()
    _assert_kept(released, before)


@pytest.mark.sqlite_only("what was released until now")
def test_the_shop_goes_on(released: Path) -> None:
    """Opened as `serve` opens it: backed up first, and then as if nothing had happened."""
    before = _rows(released)
    settings = ServerSettings(port=0, data_dir=str(released.parent))
    open_database(settings).close()
    [made] = backup.listed(settings.backup_path)
    assert made.kind is BackupKind.BEFORE_UPGRADE
    assert _rows(settings.backup_path / made.name) == before
    backup.verify(settings.backup_path / made.name)
    open_database(settings).close()
    assert len(backup.listed(settings.backup_path)) == 1, "only when there is something to upgrade"
    with ServerThread(released.parent) as server:
        ada, kim = calls.customer(server, shop.ADA), calls.staff(server, shop.KIM)
        page = ada.get("/api/online/orders/history/").json()
        ids = {row["id"] for row in before["orders"] if row["customer_id"] == ada.signed_in["person"]["id"]}
        assert {order["id"] for order in page["orders"]} == ids
        assert kim.move(ada.place(), NEXT).status_code == 200
        calls.display(server)


@pytest.mark.sqlite_only("what was released until now")
def test_without_a_backup_there_is_no_upgrade(released: Path) -> None:
    (released.parent / "backups").write_text("no directory")
    before = released.read_bytes()
    with pytest.raises(CannotOpen, match="could not be backed up before"):
        open_database(ServerSettings(data_dir=str(released.parent)))
    assert released.read_bytes()[100:] == before[100:]


@pytest.mark.sqlite_only("what was released until now")
@pytest.mark.skipif(not power_cut.can_record(), reason="this SQLite cannot be reached into")
def test_an_upgrade_that_is_cut_off_leaves_the_old_database_or_the_new_one(released: Path, tmp_path: Path) -> None:
    """Wherever the process is killed or the power goes: no row is lost, and trying again gets to the end."""
    before = _rows(released)
    start = released.read_bytes()
    with power_cut.recording(released.parent) as recorder:
        recorder.steps.append(power_cut.Step("write", released.name, 0, start))
        recorder.steps.append(power_cut.Step("sync", released.name))
        engine = make_engine(file_url(released))
        migrate.upgrade(engine)
        engine.dispose()
    steps, generator = len(recorder.steps), random.Random(7)
    schemas = set()
    for number in range(IMAGES):
        image = tmp_path / f"image-{number}"
        image.mkdir()
        recorder.image(generator, 2 + number * (steps - 2) // (IMAGES - 1), image)
        cut = make_engine(file_url(image / released.name))
        schemas.add(migrate.current(cut))
        _assert_kept(image / released.name, before)
        if number % 20 == 0:
            migrate.upgrade(cut)
            _assert_kept(image / released.name, before)
        cut.dispose()
    assert len(schemas) == 2, "some were cut off before the commit, and some after it"


def test_it_moves_to_the_database_that_is_tested(released: Path, tmp_path: Path) -> None:
    source = make_engine(file_url(released))
    migrate.upgrade(source)
    destination = make_engine(databases.url(tmp_path / "destination.db"))
    copied = copy.copy(source, destination)
    assert copied["orders"].rows == len(_rows(released)["orders"])
    source.dispose()
    destination.dispose()


# -- what a till has not sent yet


def test_a_tills_operations_are_kept_and_sent(till: tuple[Path, Path], tmp_path: Path) -> None:
    pos_file, database = till
    before = _rows(pos_file)
    waiting = [row for row in before["operations"] if row["done_at"] is None]
    assert len(waiting) == 3
    store = LocalStore(pos_file)
    store.close()
    _assert_kept(pos_file, {"operations": before["operations"]})
    source = make_engine(file_url(database))
    migrate.upgrade(source)
    place = tmp_path / "server"
    place.mkdir()
    target = make_engine(databases.url(place / "orderbell.db"))
    copy.copy(source, target)
    source.dispose()
    target.dispose()
    with ServerThread(place) as server, Screen(server.url, pos_file) as pos:
        pos.staff()
        pos.until_sent()
        kim = calls.staff(server, shop.KIM)
        for order_id in {row["order_id"] for row in waiting}:
            order = kim.get(f"/api/pos/orders/{order_id}/").json()["order"]
            assert order["version"] == sum(row["order_id"] == order_id for row in waiting)
