"""`orderbell db`: a database moved to another one, row by row the same or not at all; and looked at by rule."""

import itertools
import sqlite3
import subprocess
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import msgspec
import pytest
from sqlalchemy import Engine

from core.admin import db as command
from core.admin.failed import Failed
from core.domain.pictures import picture_id
from core.own_process import python
from core.server.auth.keys import Keys
from core.server.endpoints.examples import KEEP_PICTURE
from core.server.settings import ServerSettings
from core.store import migrate
from core.store.backups import check, copy
from core.store.engine.database import Database, file_url, make_engine
from core.store.engine.owner import Ownership
from core.store.tables import HISTORIES, metadata
from tests.integration import calls
from tests.integration.calls import Caller
from tests.support import databases, shop
from tests.support.server import ServerThread
from tests.support.synced import Screen

BASKET = "01920000-0000-7000-8000-00000000000b"
NAMES = "日本 مطعم \N{ROLLER COASTER} 'quoted' \\ back\u2028slash"


@pytest.fixture
def source(tmp_path: Path) -> Iterator[Engine]:
    """An SQLite shop with orders in it."""
    with databases.standing_on("sqlite"):
        shop.lay_out(tmp_path / "source.db")
        (tmp_path / "source.db").rename(tmp_path / "orderbell.db")
        with ServerThread(tmp_path) as server:
            ada, kim = calls.customer(server, shop.ADA), calls.staff(server, shop.KIM)
            for note in ("", NAMES, "x" * 500):
                kim.move(
                    ada.post("/api/online/orders/", {"lines": [{"item_id": "fries", "note": note}]}).json(), "confirmed"
                )
            kim.post("/api/pos/orders/", {"lines": [{"item_id": "bowl"}], "customer_name": NAMES}, key="k1")
            kim.post("/api/pos/baskets/", {"id": BASKET, "label": "7", "lines": [{"item_id": "bowl"}]}, key="k2")
    engine = make_engine(file_url(tmp_path / "orderbell.db"))
    yield engine
    engine.dispose()


@pytest.fixture
def destination(tmp_path: Path) -> Iterator[Engine]:
    """Empty, of the kind that is tested."""
    engine = make_engine(databases.url(tmp_path / "destination.db"))
    yield engine
    engine.dispose()


def _serving(engine: Engine, directory: Path, keys: Keys | None = None) -> ServerThread:
    url = engine.url.render_as_string(hide_password=False)
    engine.dispose()
    return ServerThread(directory, ServerSettings(port=0, data_dir=str(directory), database_url=url), keys)


def _held(engine: Engine) -> dict[str, copy.Digest]:
    with engine.connect() as connection:
        connection.exec_driver_sql("BEGIN")
        found = {table.name: copy.digest(connection, table) for table in metadata.sorted_tables}
        connection.exec_driver_sql("COMMIT")
    return found


def test_everything_arrives_and_goes_on(source: Engine, destination: Engine, tmp_path: Path) -> None:
    told: list[tuple[int, int]] = []
    copied = copy.copy(source, destination, lambda done, total: told.append((done, total)))
    assert copied == _held(source) == _held(destination)
    assert copied["orders"].rows == 4
    assert told[-1] == (sum(each.rows for each in copied.values()),) * 2
    with destination.connect() as connection:
        assert [each for each in check.invariants(connection) if each.count] == []
    with _serving(destination, tmp_path) as server:
        ada = calls.customer(server, shop.ADA)
        page = ada.get("/api/online/orders/history/").json()
        assert page["total"] == 3
        assert page["orders"][1]["lines"][0]["note"] == NAMES
        assert ada.place()["number"] == "ONLINE-000004"
        kim = calls.staff(server, shop.KIM)
        assert [each["label"] for each in kim.get("/api/pos/baskets/").json()["baskets"]] == ["7"]


def _epoch(screen: Screen) -> str:
    place = screen.api._signed_in.cache.place
    assert place is not None
    return place.epoch


def test_a_screen_goes_on_without_noticing(source: Engine, destination: Engine, tmp_path: Path) -> None:
    """Its cursor is good in the new database: nothing diverged, nothing is sent again."""
    with _serving(source, tmp_path) as server, Screen(server.url, tmp_path / "pos.db") as pos:
        pos.staff()
        pos.until_live()
        taken = pos.take()
        pos.until_sent()
        epoch = _epoch(pos)
        keys = server.keys
    copy.copy(source, destination)
    with _serving(destination, tmp_path, keys) as server, Screen(server.url, tmp_path / "pos.db") as pos:
        assert pos.api.resume() is not None
        pos.until_live()
        assert _epoch(pos) == epoch
        assert not any(changed.whole for changed in pos.told[1:])
        assert pos.take().number != taken.number
        pos.until_sent()


def test_what_is_not_empty_is_left_as_it_is(source: Engine, destination: Engine) -> None:
    copy.copy(source, destination)
    before = _held(destination)
    with pytest.raises(copy.CopyError, match="not empty"):
        copy.copy(source, destination)
    assert _held(destination) == before


def test_what_arrives_changed_is_not_kept(source: Engine, destination: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    digest = copy.digest

    def sees_one_row_less(connection: Any, table: Any) -> copy.Digest:
        found = digest(connection, table)
        return copy.Digest(found.rows - 1, found.hash) if table.name == "order_lines" else found

    monkeypatch.setattr(copy, "digest", sees_one_row_less)
    with pytest.raises(copy.CopyError, match="order_lines"):
        copy.copy(source, destination)
    monkeypatch.undo()
    assert all(held.rows == 0 for held in _held(destination).values())


def test_one_changed_value_changes_the_hash(source: Engine, tmp_path: Path) -> None:
    before = _held(source)
    with source.connect() as connection:
        connection.exec_driver_sql("UPDATE orders SET note = note || '.' WHERE number = 'ONLINE-000001'")
    after = _held(source)
    assert {name for name in before if before[name] != after[name]} == {"orders"}


_DYING = """
import os, sys
from core.store.backups import copy
from core.store.engine.database import make_engine
def die(done, total):
    if done > 20:
        os._exit(9)
copy.copy(make_engine(sys.argv[1]), make_engine(sys.argv[2]), die)
"""


def test_a_kill_leaves_it_empty(source: Engine, destination: Engine) -> None:
    urls = [engine.url.render_as_string(hide_password=False) for engine in (source, destination)]
    source.dispose()
    assert subprocess.run(python("-c", _DYING, *urls), check=False).returncode == 9
    assert all(held.rows == 0 for held in _held(destination).values())
    assert copy.copy(source, destination) == _held(source)


def test_a_row_that_the_other_database_refuses(source: Engine, destination: Engine) -> None:
    with source.connect() as connection:
        connection.exec_driver_sql("UPDATE orders SET note = 'a' || char(0) || 'b' WHERE number = 'ONLINE-000001'")
    if databases.kind() == "sqlite":
        assert copy.copy(source, destination) == _held(source)
    else:
        with pytest.raises(copy.CopyError, match="NUL"):
            copy.copy(source, destination)
        assert all(held.rows == 0 for held in _held(destination).values())


def test_an_older_schema_is_copied_as_it_is(source: Engine, destination: Engine, tmp_path: Path) -> None:
    older = make_engine(file_url(tmp_path / "older.db"))
    migrate.upgrade(older, "0003")
    with older.connect() as connection:
        connection.exec_driver_sql("INSERT INTO shops VALUES ('s', 'Shop', 'EUR', 0, 1, 'UTC', 1, 'epoch', 0, 0)")
    assert copy.copy(older, destination)["shops"].rows == 1
    assert migrate.current(destination) == "0003"
    older.dispose()


# -- the command


def _run(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, Any]:
    capsys.readouterr()
    status = command.main([*arguments, "--json"])
    return status, msgspec.json.decode(capsys.readouterr().out)


def test_the_command_copies_and_shows_both_hashes(
    source: Engine, destination: Engine, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    source.dispose()
    to = destination.url.render_as_string(hide_password=False)
    status, rows = _run(capsys, "copy", str(tmp_path / "orderbell.db"), to)
    assert status == 0
    assert {row["table"]: copy.Digest(row["rows"], row["hash"]) for row in rows} == _held(source)
    with pytest.raises(copy.CopyError, match="not empty"):
        _run(capsys, "copy", str(tmp_path / "orderbell.db"), to)
    with Ownership(file_url(tmp_path / "orderbell.db")), pytest.raises(Failed, match="Stop the server first"):
        _run(capsys, "copy", str(tmp_path / "orderbell.db"), to)
    with pytest.raises(Failed, match="There is no database"):
        _run(capsys, "copy", str(tmp_path / "nothing.db"), to)
    assert not (tmp_path / "nothing.db").exists()


def test_current_upgrade_and_check(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    url = databases.url(tmp_path / "orderbell.db")
    engine = make_engine(url)
    migrate.upgrade(engine, "0003")
    engine.dispose()
    where = ("--data-dir", str(tmp_path), "--database-url", url)
    status, found = _run(capsys, "current", *where)
    assert (status, found["current"], found["newest"]) == (1, "0003", migrate.head())
    with pytest.raises(Failed, match="not upgraded"):
        _run(capsys, "check", *where)
    assert _run(capsys, "upgrade", *where)[0] == 0
    assert _run(capsys, "current", *where)[0] == 0
    status, findings = _run(capsys, "check", *where)
    assert (status, {each["count"] for each in findings}) == (0, {0})


def test_a_newer_database_is_refused_in_a_sentence(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    url = databases.url(tmp_path / "orderbell.db")
    Database(url).close()
    engine = make_engine(url)
    with engine.connect() as connection:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")
    engine.dispose()
    for name in ("current", "upgrade", "check"):
        with pytest.raises(migrate.NewerSchema, match=r"9999.*newer Orderbell"):
            command.main([name, "--data-dir", str(tmp_path), "--database-url", url])
    assert not (tmp_path / "backups").exists()


# -- the rules

BREAKS = {
    "owners": "UPDATE orders SET customer_id = 'nobody' WHERE number = 'ONLINE-000001'",
    "events": "DELETE FROM events WHERE seq = 2",
    "history": "UPDATE status_history SET source = 'ready' WHERE version = 2",
    "status": "UPDATE orders SET status = 'ready' WHERE number = 'ONLINE-000001'",
    "payments": "UPDATE orders SET payment = 'refunded' WHERE number = 'ONLINE-000001'",
    "parts": "UPDATE orders SET in_parts = 1 WHERE number = 'ONLINE-000001'",
    "corrections": (
        "INSERT INTO ledger (order_id, number, version, kind, amount_minor, tender, payment, corrects, line_id, "
        "quantity, tax_minor, in_part, at, reason, by_id, by_name, by_role, device) SELECT id, 9, 1, 'plan', 1, "
        "tender, 0, 1, '', 0, 0, 1, 1, '', '', '', '', '' FROM orders WHERE number = 'ONLINE-000001'"
    ),
    "closed drawers": (
        "INSERT INTO drawer_entries (shop_id, device, place, drawer_session_id, act, amount_minor, denominations, "
        "reason, at, by_id, by_name, by_role, op_id) SELECT id, 'POS1', 1, 'x', 'closed', 0, '[]', '', 0, '', '', "
        "'', '' FROM shops LIMIT 1"
    ),
    "journals": (
        "INSERT INTO z_reports (shop_id, device, place, number, supplement, drawer_session_id, at, content, hash) "
        "SELECT id, 'POS1', 2, 1, 0, 'x', 0, x'', '' FROM shops LIMIT 1"
    ),
    "open": "UPDATE orders SET is_open = 0 WHERE number = 'ONLINE-000001'",
    "amounts": "UPDATE orders SET subtotal_minor = subtotal_minor + 1 WHERE number = 'ONLINE-000001'",
    "lines": "UPDATE order_lines SET quantity = quantity + 1",
    "amendments": "UPDATE orders SET amendments = 1 WHERE number = 'ONLINE-000001'",
    "change requests": "UPDATE orders SET change_request = '{}' WHERE number = 'ONLINE-000001'",
    "refunds": "UPDATE order_lines SET refunded_quantity = quantity + 1 WHERE position = 0",
    "rounding": (  # what a refund takes, another gives
        "INSERT INTO ledger (order_id, number, version, kind, amount_minor, tender, payment, corrects, line_id, "
        "quantity, tax_minor, in_part, at, reason, by_id, by_name, by_role, device) SELECT id, n, 1, kind, minor, "
        "tender, 0, 0, '', 0, 0, 1, 1, '', '', '', '', '' FROM orders, (SELECT 9 AS n, 'credit' AS kind, 0 AS minor "
        "UNION ALL SELECT 10, 'refund', 1 UNION ALL SELECT 11, 'refund', -1) WHERE orders.number = 'ONLINE-000001'"
    ),
    "pictures": "UPDATE menu_items SET picture = '00000000000000000000000000000000'",
    "baskets": "UPDATE held_baskets SET is_gone = 1",
    "counts": "UPDATE customers SET order_count = order_count + 1",
    "words": "DELETE FROM order_words WHERE word = 'n000001'",
    "forgotten": "INSERT INTO order_words (shop_id, word, placed_at) SELECT id, 'n000001', 1 FROM shops",
    "numbers": "UPDATE number_series SET last = 0 WHERE series = 'ONLINE'",
}


def test_every_rule_is_broken_here() -> None:
    assert set(BREAKS) == {rule.name for rule in check.RULES}


@pytest.mark.parametrize("rule", BREAKS)
def test_what_breaks_a_rule_is_found(source: Engine, rule: str) -> None:
    with source.connect() as connection:
        assert {each.rule for each in check.invariants(connection) if each.count} == set()
        connection.exec_driver_sql("PRAGMA foreign_keys = OFF")
        for history, verb in itertools.product(HISTORIES, ("update", "delete")):
            connection.exec_driver_sql(f"DROP TRIGGER {history.name}_no_{verb}")
        connection.exec_driver_sql(BREAKS[rule])
        found = {each.rule: each.examples for each in check.invariants(connection) if each.count}
    assert found[rule]
    assert set(found) <= {rule, "counts"}, "an order of nobody is nobody's to count, too"


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("currency", "XXY"),
        ("time_zone", "Europe/Nowhere"),
        ("country", "XX"),
        ("taxes", '{"entries":[{"category":"standard","taxes":[{"code":"VAT","rate":-1}]}]}'),
        ("discounts", '[{"reason":"Staff meal"}]'),
        ("tenders", "[]"),
        ("roundings", "[{}"),
        ("services", '[{"rate":100001}]'),
        ("changes_until", "noon"),
        ("drawers", "nobody"),
        ("roles", '[{"role":"cashier","rights":[{"act":"refund"},{"act":"refund"}]}]'),
    ],
)
def test_a_setting_that_cannot_be_set_is_found(source: Engine, column: str, value: str) -> None:
    with source.connect() as connection:
        connection.exec_driver_sql(f"UPDATE shops SET {column} = ?", (value,))
        found = {each.rule: each.examples for each in check.invariants(connection) if each.count}
    assert {each.rpartition(": ")[2] for each in found["shops"]} == {column}


@pytest.mark.parametrize("content", [KEEP_PICTURE.content, b"no picture"])
def test_a_picture_that_is_not_what_its_name_says_is_found(source: Engine, content: bytes) -> None:
    add = "INSERT INTO pictures (shop_id, id, kept_at, content) SELECT id, ?, 1, ? FROM shops LIMIT 1"
    with source.connect() as connection:
        connection.exec_driver_sql(add, (picture_id(KEEP_PICTURE.content), KEEP_PICTURE.content))
        assert not [each for each in check.invariants(connection) if each.count]
        connection.exec_driver_sql(add, ("0" * 32, content))
        found = {each.rule: each.examples for each in check.invariants(connection) if each.count}
    assert found == {"picture bytes": ("0" * 32,)}


@pytest.mark.parametrize("table", ["orders", "order_lines"])
def test_a_service_charge_that_no_line_has_is_found(source: Engine, table: str) -> None:
    with source.connect() as connection:
        connection.exec_driver_sql(f"UPDATE {table} SET service_minor = 1")
        found = {each.rule for each in check.invariants(connection) if each.count}
    assert found == {"amounts", *(["charges"] if table == "orders" else [])}, "which is not its rate, either"


def test_a_broken_reference_and_a_broken_page_are_found(source: Engine, tmp_path: Path) -> None:
    with source.connect() as connection:
        assert {each.count for each in check.soundness(connection)} == {0}
    source.dispose()
    path = tmp_path / "orderbell.db"
    with closing(sqlite3.connect(path)) as db:
        db.execute("UPDATE orders SET customer_id = 'nobody' WHERE number = 'ONLINE-000001'")
        db.commit()
        root = db.execute("SELECT rootpage FROM sqlite_schema WHERE name = 'ix_orders_shop'").fetchone()[0]
    content = bytearray(path.read_bytes())
    content[(root - 1) * 4096 : root * 4096] = bytes(4096)
    path.write_bytes(content)
    with source.connect() as connection:
        found = {each.rule: each.count for each in check.soundness(connection)}
    assert found["integrity"] > 0
    assert found["references"] == 1


def test_a_served_database_is_checked_by_whoever_serves_it(place: Any) -> None:
    reply = place.command.get("/api/admin/check/")
    assert reply.status_code == 200
    assert {each["count"] for each in reply.json()["findings"]} == {0}
    assert Caller(place.server.url).get("/api/admin/check/").status_code == 401
