"""Lines and history by month, on PostgreSQL: each row in its place, and nothing that is asked knows of it."""

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest
import sqlalchemy
from sqlalchemy import Connection, Engine

from core.domain.ids import OrderId, ShopId, new_order_id
from core.domain.order import Order, PaymentState
from core.instants import now
from core.protocol.requests import HistoryQuery
from core.store import migrate, order_pages, order_rows, orders, status_history, tickets
from core.store.backups import copy
from core.store.engine.database import Database, file_url, make_engine
from core.store.engine.writer import Unavailable
from core.store.sql import partitions
from core.store.sql.partitions import Month
from core.store.sql.statements import Transaction
from core.store.tables import HISTORIES, metadata
from tests.integration.store.test_store import Kept
from tests.support import databases, postgres
from tests.support.server import ServerThread

pytestmark = pytest.mark.postgresql_only("SQLite has no partitions, and a file of one shop needs none")
WITHIN_S = 30
FOREIGN = OrderId("7d9f2c1e-5b0a-4c3d-9e8f-0123456789ab")
"""Of another version; as an instant it would be the year 6347."""


@pytest.fixture
def kept(tmp_path: Path) -> Iterator[Kept]:
    made = Kept(tmp_path)
    yield made
    made.database.close()


def _id(at: datetime) -> OrderId:
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr("core.domain.ids.time.time_ns", lambda: int(at.timestamp()) * 1_000_000_000)
        return new_order_id()


def _at(month: Month) -> datetime:
    return datetime(month.year, month.month, 15, tzinfo=UTC)


def _insert(kept: Kept, *order_ids: OrderId) -> list[Order]:
    made = [kept.order(id=order_id, payment=PaymentState.PAID) for order_id in order_ids]  # a row in every history
    for order in made:
        kept.database.write_blocking(kept.inserting(order))
    return made


def _places(engine: Engine, table: str) -> dict[str, str]:
    """Where each order's rows are."""
    with engine.connect() as connection:
        rows = connection.exec_driver_sql(f"SELECT order_id, tableoid::regclass::text FROM {table}")
        return {row[0]: row[1] for row in rows}


def _answers(transaction: Transaction, shop_id: ShopId, ada: Any, order_ids: list[OrderId]) -> list[Any]:
    """What screens are told."""
    return [
        order_pages.history(transaction, ada, HistoryQuery()),
        order_pages.open_or_closed_since(transaction, shop_id, now() - timedelta(days=3_650)),
        tickets.tickets(transaction, shop_id, tickets.Rules(names=True)),
        [orders.get(transaction, order_id) for order_id in order_ids],
        [status_history.of(transaction, order_id) for order_id in order_ids],
        [status_history.last_version(transaction, order_id) for order_id in order_ids],
    ]


def _digests(connection: Connection, schema: sqlalchemy.MetaData) -> list[copy.Digest]:
    """Of the columns that the tables have in `schema`."""
    connection.exec_driver_sql("BEGIN")
    found = [copy.digest(connection, schema.tables[table]) for table in ("order_lines", "status_history")]
    connection.exec_driver_sql("COMMIT")
    return found


THIS = Month.of(now())


def test_rows_lie_with_their_month(kept: Kept) -> None:
    """Those of no month are found all the same."""
    following, long_ago, far_off = THIS.later(1), Month(2020, 5), THIS.later(40)
    wanted = {
        _id(_at(THIS)): "{}_" + f"{THIS.year}_{THIS.month:02}",
        _id(_at(following)): "{}_" + f"{following.year}_{following.month:02}",
        _id(_at(long_ago)): "{}_default",
        _id(_at(far_off)): "{}_default",
        FOREIGN: "{}_default",
    }
    for order in _insert(kept, *wanted):
        assert kept.there(order)
    for table in partitions.TABLES:
        places = {order_id: place.format(table) for order_id, place in wanted.items()}
        assert _places(kept.database.engine, table) == places


def test_an_upgrade_puts_what_is_there_in_its_place(kept: Kept, tmp_path: Path) -> None:
    """Every answer is the same before and after, and so is every row."""
    engine = make_engine(databases.url(tmp_path / "before.db"))
    migrate.upgrade(engine, "0006")
    schema = sqlalchemy.MetaData()
    schema.reflect(engine, only=("order_lines", "status_history"), resolve_fks=False)
    months = [Month(2019, 12), Month(2024, 1), Month(2024, 2), Month(2025, 12), THIS]
    order_ids = [_id(_at(month)) for month in months] + [FOREIGN]
    for order_id in order_ids:
        order = kept.order(id=order_id, payment=PaymentState.PAID)  # which has had no history then
        kept.database.write_blocking(kept.inserting(msgspec.structs.replace(order, moved_at=order.placed_at)))
    with engine.connect() as connection, kept.database.engine.connect() as source:
        before = _answers(Transaction(source), kept.world.shop, kept.world.ada, order_ids)
        for name in ("shops", "customers", "orders", "order_lines", "status_history"):
            rows = source.execute(metadata.tables[name].select()).mappings().all()
            then = {column["name"] for column in sqlalchemy.inspect(engine).get_columns(name)}
            older = [{column: value for column, value in row.items() if column in then} for row in rows]
            if name == "shops":  # 0031 took its one rate away
                older = [{**row, "tax_rate_bp": 825} for row in older]
            connection.execute(_as_it_was(engine, name).insert(), older)
        digests = _digests(connection, schema)
    migrate.upgrade(engine)
    with engine.connect() as connection:
        transaction = Transaction(connection)
        assert _answers(transaction, kept.world.shop, kept.world.ada, order_ids) == before
        assert _digests(connection, schema) == digests
    for table in partitions.TABLES:
        wanted = [month.partition_of(table) for month in months] + [f"{table}_default"]
        wanted[0] = f"{table}_default"
        assert _places(engine, table) == dict(zip(order_ids, wanted, strict=True))
        with engine.connect() as connection:
            made = set(partitions.of(connection, table))
        assert made == {*wanted, *(month.partition_of(table) for month in partitions.ahead(now()))}
    engine.dispose()


def _as_it_was(engine: Engine, name: str) -> sqlalchemy.Table:
    return sqlalchemy.Table(name, sqlalchemy.MetaData(), autoload_with=engine, resolve_fks=False)


def _all_partitions(engine: Engine, table: str) -> list[str]:
    with engine.connect() as connection:
        return [table, *partitions.of(connection, table)]


def test_history_is_written_once_in_every_partition(kept: Kept) -> None:
    """Asked for as a whole or by its own name, made by the migration or later, empty or not."""
    engine = kept.database.engine
    partitions.make_ahead(engine, now() + timedelta(days=365))
    _insert(kept, _id(_at(THIS)), FOREIGN)
    places = [place for history in HISTORIES for place in _all_partitions(engine, history.name)]
    assert len(places) == 2 * (2 + 3 + 3)
    for place in places:
        for sql in (f"UPDATE {place} SET reason = 'ready'", f"DELETE FROM {place}", f"TRUNCATE {place}"):
            with engine.connect() as connection, pytest.raises(sqlalchemy.exc.IntegrityError, match="append-only"):
                connection.exec_driver_sql(sql)


def test_keys_and_references_hold_in_every_partition(kept: Kept) -> None:
    engine = kept.database.engine
    partitions.make_ahead(engine, now() + timedelta(days=365))
    later = Month.of(now() + timedelta(days=365))
    for order_id in (_id(_at(THIS)), _id(_at(later)), FOREIGN):
        line = (
            "INSERT INTO order_lines (order_id, position, item_id, name, quantity, unit_price_minor, total_minor, "
            f"modifiers, note) VALUES ('{order_id}', 0, 'fries', 'Fries', {{}}, 390, 390, '[]', '')"
        )
        with engine.connect() as connection:
            with pytest.raises(sqlalchemy.exc.IntegrityError, match="foreign key"):
                connection.exec_driver_sql(line.format(1))
            _insert(kept, order_id)
            with pytest.raises(sqlalchemy.exc.IntegrityError, match="duplicate key"):
                connection.exec_driver_sql(line.format(1))
            with pytest.raises(sqlalchemy.exc.IntegrityError, match="quantity"):
                connection.exec_driver_sql(line.replace(", 0, 'fries'", ", 1, 'fries'").format(0))
            with pytest.raises(sqlalchemy.exc.IntegrityError, match="foreign key"):
                connection.exec_driver_sql(f"DELETE FROM orders WHERE id = '{order_id}'")


# -- months to come


def test_what_came_before_its_month_moves_there(kept: Kept) -> None:
    """A till's clock that was ahead, or a server that was off for long."""
    month = THIS.later(6)
    order_ids = [_id(_at(month)), _id(_at(month)), _id(_at(month.later(1))), FOREIGN]
    made = _insert(kept, *order_ids)
    engine = kept.database.engine

    def ask() -> list[Any]:
        return kept.database.read_blocking(
            lambda transaction: _answers(transaction, kept.world.shop, kept.world.ada, order_ids)
        )

    before = ask()
    partitions.make_ahead(engine, _at(month.later(-2)))
    for table in partitions.TABLES:
        default = f"{table}_default"
        moved = month.partition_of(table)
        assert _places(engine, table) == dict(zip(order_ids, [moved, moved, default, default], strict=True))
    assert ask() == before
    with pytest.raises(sqlalchemy.exc.IntegrityError, match="append-only"), engine.connect() as connection:
        connection.exec_driver_sql("DELETE FROM status_history_default")
    assert all(kept.there(order) for order in made)


def test_made_again_and_by_two_at_once(kept: Kept) -> None:
    engine = kept.database.engine
    before = _all_partitions(engine, "order_lines")
    partitions.make_ahead(engine, now())
    assert _all_partitions(engine, "order_lines") == before
    together = threading.Barrier(4)

    def make() -> None:
        together.wait(WITHIN_S)
        for _ in range(100):  # one that waited too long for another tries again
            try:
                partitions.make_ahead(engine, now() + timedelta(days=365))
            except sqlalchemy.exc.OperationalError:
                continue
            return

    with ThreadPoolExecutor(4) as pool:
        for done in [pool.submit(make) for _ in range(4)]:
            done.result(WITHIN_S)
    assert len(_all_partitions(engine, "order_lines")) == len(before) + 3


def test_two_start_at_once_on_nothing(tmp_path: Path) -> None:
    url, together = databases.url(tmp_path / "new.db"), threading.Barrier(2)

    def start() -> None:
        together.wait(WITHIN_S)
        database = Database(url)
        partitions.make_ahead(database.engine, now())
        database.close()

    with ThreadPoolExecutor(2) as pool:
        for done in [pool.submit(start) for _ in range(2)]:
            done.result(WITHIN_S)
    engine = make_engine(url)
    assert len(_all_partitions(engine, "status_history")) == 1 + 1 + 3
    engine.dispose()


def test_who_reads_for_long_is_not_waited_for(kept: Kept) -> None:
    """A dump has every table for itself; the shop goes on, and the month is made another time."""
    name = THIS.partition_of("order_lines")
    with kept.database.engine.connect() as connection:
        connection.exec_driver_sql(f"DROP TABLE {name}")
        connection.exec_driver_sql("BEGIN")
        connection.exec_driver_sql("SELECT count(*) FROM order_lines")
        with pytest.raises(Unavailable, match="months have to wait"):
            kept.database.maintain_partitions()
        assert kept.there(_insert(kept, _id(_at(THIS)))[0])
        connection.exec_driver_sql("COMMIT")
    kept.database.maintain_partitions()
    assert set(_places(kept.database.engine, "order_lines").values()) == {name}


def test_the_server_makes_them(kept: Kept, tmp_path: Path) -> None:
    engine, name = kept.database.engine, THIS.later(2).partition_of("status_history")
    with engine.connect() as connection:
        connection.exec_driver_sql(f"DROP TABLE {name}")
    kept.database.close()
    with ServerThread(tmp_path), postgres.server().connect(databases.name(kept.path)) as connection:
        tries = 0
        while connection.execute("SELECT to_regclass(%s)", [name]).fetchone() == (None,):
            tries += 1
            assert tries < 100_000, "nobody made it"


# -- questions


def test_the_planner_knows_all_months_together(kept: Kept) -> None:
    """Once a day: autovacuum would never look at more than one of them."""

    def known() -> dict[str, float]:
        with kept.database.engine.connect() as connection:
            rows = connection.exec_driver_sql("SELECT relname, reltuples FROM pg_class WHERE relkind = 'p'")
            return {row[0]: row[1] for row in rows}

    _insert(kept, _id(_at(THIS)), _id(_at(THIS.later(1))), FOREIGN)
    kept.database.maintain_partitions()
    assert known()["status_history"] == 3
    _insert(kept, _id(_at(THIS)))
    kept.database.maintain_partitions()
    assert known()["status_history"] == 3, "not twice a day"


def test_only_the_months_that_are_asked_for_are_touched(kept: Kept) -> None:
    here = [_id(_at(THIS)) for _ in range(3)]
    _insert(kept, *here, _id(_at(THIS.later(1))), FOREIGN)
    with kept.database.engine.connect() as connection:
        for sql, values in (
            (order_rows._lines_of(3).text(connection.dialect)[0], here),
            (status_history._OF.text(connection.dialect)[0], here[:1]),
        ):
            plan = "\n".join(row[0] for row in connection.exec_driver_sql(f"EXPLAIN {sql}", tuple(values)))
            touched = {
                table for table in _all_partitions(kept.database.engine, "order_lines") if f" on {table} " in plan
            }
            touched |= {
                table for table in _all_partitions(kept.database.engine, "status_history") if f" on {table} " in plan
            }
            assert len(touched) == 1, plan
            assert touched.pop().endswith(f"_{THIS.year}_{THIS.month:02}")


# -- copies


def test_a_copy_from_a_file_lies_by_month(tmp_path: Path) -> None:
    """And back again it is the same."""
    months = [Month(2023, 7), Month(2024, 2), THIS]
    order_ids = [_id(_at(month)) for month in months]
    with databases.standing_on("sqlite"):
        kept = Kept(tmp_path)
        _insert(kept, *order_ids)
        kept.database.close()
    source, there, back = (
        make_engine(url)
        for url in (
            file_url(kept.path),
            databases.url(tmp_path / "there.db"),
            file_url(tmp_path / "back.db"),
        )
    )
    assert copy.copy(source, there) == copy.copy(there, back)
    for _ in ("an empty one", "in place of what it holds"):
        for table in partitions.TABLES:
            wanted = [month.partition_of(table) for month in months]
            assert _places(there, table) == dict(zip(order_ids, wanted, strict=True))
        copy.copy(back, there, replacing=True)
    with there.connect() as connection:  # the planner knows of all that has come
        names = "', '".join(THIS.partition_of(table) for table in partitions.TABLES)
        known = f"SELECT count(*) FROM pg_class WHERE relname IN ('{names}') AND reltuples = 1"
        assert connection.exec_driver_sql(known).scalar_one() == len(partitions.TABLES)
    for history in HISTORIES:
        with pytest.raises(sqlalchemy.exc.IntegrityError, match="append-only"), there.connect() as connection:
            connection.exec_driver_sql(f"TRUNCATE {THIS.partition_of(history.name)}")
    for engine in (source, there, back):
        engine.dispose()


def test_a_partition_is_no_table_of_its_own_to_a_copy(kept: Kept) -> None:
    with kept.database.engine.connect() as connection:
        as_reflected = {table.name for table in copy.tables_of(connection, "of before")}
    assert as_reflected == set(metadata.tables)
