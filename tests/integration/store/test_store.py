"""The database itself: group commit, append-only history, and the plans of the hot queries."""

import asyncio
import itertools
import sqlite3
import threading
from collections.abc import Callable, Iterator
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
import psycopg
import pytest
import sqlalchemy

from core.domain.ids import CustomerId, DeviceId, OrderId, ShopId, line_id, new_order_id
from core.domain.order import Channel, Order, OrderLine, PaymentState, Tender
from core.domain.people import Principal, Role
from core.domain.status import Fulfilment, OrderStatus
from core.instants import now
from core.protocol.feed import Cursor
from core.protocol.requests import HistoryQuery, OrderQuery
from core.store import devices, operations, order_pages, order_rows, order_search, order_words, orders, shops
from core.store.engine.database import Database, make_engine
from core.store.engine.writer import GROUP_LIMIT, StoreClosed
from core.store.operations import Done
from core.store.sql.statements import Prepared, Transaction
from core.store.tables import HISTORIES
from tests.support import databases, shop
from tests.support.shop import World

CANCEL_TIMEOUT_S = 20


class Kept:
    """A database with a world in it."""

    def __init__(self, directory: Path) -> None:
        self.path = directory / "orderbell.db"
        self.world: World = shop.lay_out(self.path)
        self.database = Database(databases.url(self.path))
        self._count = 0

    def order(self, **changes: Any) -> Order:
        self._count += 1
        at, order_id = now(), new_order_id()
        every: dict[str, Any] = {
            "id": order_id,
            "shop_id": self.world.shop,
            "number": f"TEST-{self._count:06d}",
            "channel": Channel.ONLINE,
            "status": OrderStatus.PENDING,
            "version": 1,
            "fulfilment": Fulfilment.PICKUP,
            "tender": Tender.CASH,
            "payment": PaymentState.UNPAID,
            "currency": "USD",
            "subtotal_minor": 390,
            "tax_minor": 0,
            "total_minor": 390,
            "placed_at": at,
            "updated_at": at,
            "customer_id": self.world.ada,
            "lines": (OrderLine(shop.FRIES, "Fries", 1, 390, 390, id=line_id(changes.get("id", order_id), 0)),),
        }
        return Order(**(every | changes))

    @property
    def ada(self) -> Principal:
        return Principal(
            subject=self.world.ada, role=Role.CUSTOMER, name="Ada", session_id="s", shop_id=self.world.shop
        )

    def inserting(self, order: Order) -> Callable[[Transaction], OrderId]:
        def work(transaction: Transaction) -> OrderId:
            orders.insert(transaction, order, self.ada)
            return order.id

        return work

    def there(self, order: Order) -> bool:
        return self.database.read_blocking(lambda transaction: orders.get(transaction, order.id)) is not None


@pytest.fixture
def kept(tmp_path: Path) -> Iterator[Kept]:
    made = Kept(tmp_path)
    yield made
    made.database.close()


class _Refused(Exception):
    pass


class _DiskError(Exception):
    pass


def announcing(kept: "Kept", order: Order) -> Callable[[Transaction], OrderId]:
    """Work that others are told of."""

    def work(transaction: Transaction) -> OrderId:
        transaction.appended.append((kept.world.shop, Cursor("epoch", 1, "event")))
        return kept.inserting(order)(transaction)

    return work


def _all_at_once(kept: Kept, works: list[Callable[[Transaction], Any]]) -> list[Any]:
    """Queue all of `works` while the writer is held up, so that one commit carries them."""

    async def run() -> list[Any]:
        hold, held = threading.Event(), threading.Event()

        def hold_up(_: Transaction) -> None:
            held.set()
            assert hold.wait(CANCEL_TIMEOUT_S)

        first = kept.database.write(hold_up)
        await asyncio.to_thread(held.wait, CANCEL_TIMEOUT_S)
        futures = [kept.database.write(work) for work in works]
        hold.set()
        await first
        return list(await asyncio.gather(*futures, return_exceptions=True))

    return asyncio.run(run())


def test_one_that_fails_takes_back_only_itself(kept: Kept) -> None:
    good, bad, also_good = kept.order(), kept.order(), kept.order()

    def failing(transaction: Transaction) -> None:
        orders.insert(transaction, bad, kept.ada)
        raise _Refused("after writing")

    results = _all_at_once(kept, [kept.inserting(good), failing, kept.inserting(also_good)])
    assert results[0] == good.id
    assert isinstance(results[1], _Refused)
    assert results[2] == also_good.id
    assert (kept.there(good), kept.there(bad), kept.there(also_good)) == (True, False, True)


def test_a_group_is_one_commit(kept: Kept, monkeypatch: pytest.MonkeyPatch) -> None:
    said: list[str] = []
    command = Transaction.command

    def heard(transaction: Transaction, sql: str) -> None:
        said.append(sql)
        command(transaction, sql)

    monkeypatch.setattr(Transaction, "command", heard)
    wanted = [kept.order() for _ in range(20)]
    assert _all_at_once(kept, [kept.inserting(order) for order in wanted]) == [order.id for order in wanted]
    assert said.count("COMMIT") == 2, "one that held the writer up, and one for all that waited"
    assert said.count("SAVEPOINT operation") == 21


def test_a_group_has_an_end(kept: Kept, monkeypatch: pytest.MonkeyPatch) -> None:
    commits = 0
    command = Transaction.command

    def heard(transaction: Transaction, sql: str) -> None:
        nonlocal commits
        commits += sql == "COMMIT"
        command(transaction, sql)

    monkeypatch.setattr(Transaction, "command", heard)
    assert len(_all_at_once(kept, [lambda _: None] * (2 * GROUP_LIMIT))) == 2 * GROUP_LIMIT
    assert commits == 3


def test_nothing_is_answered_when_the_commit_fails(kept: Kept, monkeypatch: pytest.MonkeyPatch, caplog: Any) -> None:
    """The disk says no at the last moment: everybody in the group hears it, and the next group works."""
    command = Transaction.command
    broken = True

    def failing(transaction: Transaction, sql: str) -> None:
        if sql == "COMMIT" and broken and wanted_running.is_set():
            raise _DiskError
        command(transaction, sql)

    wanted_running = threading.Event()
    monkeypatch.setattr(Transaction, "command", failing)
    wanted = [kept.order() for _ in range(3)]

    def inserting(order: Order) -> Callable[[Transaction], OrderId]:
        def work(transaction: Transaction) -> OrderId:
            wanted_running.set()
            return kept.inserting(order)(transaction)

        return work

    results = _all_at_once(kept, [inserting(order) for order in wanted])
    assert [type(result) for result in results] == [_DiskError] * 3
    broken = False
    assert not any(kept.there(order) for order in wanted)
    assert kept.database.write_blocking(kept.inserting(wanted[0])) == wanted[0].id
    assert "a group of writes failed" in caplog.text


def test_a_mistake_beside_the_work_ends_no_writer(kept: Kept, caplog: pytest.LogCaptureFixture) -> None:
    """Whatever a listener, or our own code around a group, raises: the group is answered, and the next has its turn."""

    def mistaken() -> None:
        raise ZeroDivisionError

    writer = kept.database.writer
    writer.on_events = mistaken
    wanted = [kept.order() for _ in range(2)]
    for order in wanted:
        assert kept.database.write_blocking(announcing(kept, order)) == order.id
    writer.on_events = None
    kept.database.write_blocking(lambda _: None)  # its turn comes when what was said of those before it is in the log
    assert writer.is_alive
    assert all(kept.there(order) for order in wanted)
    assert "ZeroDivisionError" in caplog.text


def test_closing_finishes_what_was_accepted_and_takes_no_more(tmp_path: Path) -> None:
    kept = Kept(tmp_path)
    hold = threading.Event()

    async def run() -> tuple[list[Any], list[Order]]:
        first = kept.database.write(lambda _: hold.wait(CANCEL_TIMEOUT_S))
        wanted = [kept.order() for _ in range(5)]
        futures = [kept.database.write(kept.inserting(order)) for order in wanted]
        closing = asyncio.create_task(asyncio.to_thread(kept.database.close))
        await asyncio.sleep(0)
        hold.set()
        await closing
        await first
        return list(await asyncio.gather(*futures)), wanted

    answered, wanted = asyncio.run(run())
    assert answered == [order.id for order in wanted]
    with pytest.raises(StoreClosed):
        kept.database.write_blocking(lambda _: None)
    again = make_engine(databases.url(kept.path))
    with again.connect() as connection:
        assert connection.exec_driver_sql("SELECT count(*) FROM orders").scalar() == 5
    again.dispose()


@pytest.mark.parametrize("sql", ["UPDATE {} SET reason = 'x'", "DELETE FROM {}"])
@pytest.mark.parametrize("history", HISTORIES, ids=str)
def test_history_is_written_once(kept: Kept, sql: str, history: sqlalchemy.Table) -> None:
    kept.database.write_blocking(kept.inserting(kept.order(payment=PaymentState.PAID)))

    def rewrite(transaction: Transaction) -> None:
        transaction.connection.exec_driver_sql(sql.format(history.name))

    with pytest.raises(sqlalchemy.exc.IntegrityError, match="append-only"):
        kept.database.write_blocking(rewrite)


def test_readers_cannot_write(kept: Kept) -> None:
    with pytest.raises((sqlite3.OperationalError, psycopg.errors.ReadOnlySqlTransaction), match=r"read-?only"):
        kept.database.read_blocking(kept.inserting(kept.order()))


def test_every_reference_holds(kept: Kept) -> None:
    nowhere = kept.order(customer_id=CustomerId("nobody"))
    with pytest.raises((sqlite3.IntegrityError, psycopg.IntegrityError), match=r"(?i)foreign key"):
        kept.database.write_blocking(kept.inserting(nowhere))
    assert not kept.there(nowhere)


@pytest.mark.sqlite_only("its own settings")
def test_every_write_is_durable(kept: Kept) -> None:
    def settings(transaction: Transaction) -> list[Any]:
        return [
            transaction.connection.exec_driver_sql(f"PRAGMA {name}").scalar()
            for name in ("journal_mode", "synchronous", "foreign_keys", "busy_timeout")
        ]

    expected = ["wal", 2, 1, 5_000]
    assert kept.database.write_blocking(settings) == expected
    assert kept.database.read_blocking(settings) == expected


def plan(kept: Kept, prepared: Prepared, **values: Any) -> str:
    def explain(transaction: Transaction) -> str:
        sql, names, fixed = prepared.text(transaction.connection.dialect)
        bound = tuple((fixed | values)[name] for name in names or ())
        rows = transaction.connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {sql}", bound).fetchall()
        return " | ".join(row[3] for row in rows)

    return kept.database.read_blocking(explain)


@pytest.mark.sqlite_only("plans are told in its own words")
def test_a_history_page_is_one_seek_however_deep(kept: Kept) -> None:
    first = plan(kept, order_pages.HISTORY, customer_id=kept.world.ada, limit=20)
    deep = plan(kept, order_pages.HISTORY_AFTER, customer_id=kept.world.ada, placed_us=1, after_id="x", limit=20)
    for found in (first, deep):
        assert "USING INDEX ix_orders_history (customer_id=?" in found
        assert "SCAN" not in found
        assert "TEMP B-TREE" not in found
    assert "(placed_at,id)<(?,?)" in deep


@pytest.fixture
def plans(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The plan of every statement that is searched with."""
    found: list[str] = []

    def explaining(transaction: Transaction, statement: Any) -> Any:
        rows = transaction.connection.execute(_explained(statement, transaction)).fetchall()
        found.append(" | ".join(row[3] for row in rows))
        return transaction.connection.execute(statement).fetchall()

    monkeypatch.setattr(Transaction, "search", explaining)
    return found


@pytest.mark.sqlite_only("plans are told in its own words")
def test_the_board_reads_only_what_is_open(kept: Kept, plans: list[str]) -> None:
    kept.database.read_blocking(lambda tx: order_pages.search(tx, kept.world.shop, OrderQuery(open=True)))
    assert len(plans) == 2
    for found in plans:
        assert "INDEX ix_orders_open (shop_id=?" in found
        assert "TEMP B-TREE" not in found


@pytest.mark.sqlite_only("plans are told in its own words")
def test_a_scanned_number_is_one_seek(kept: Kept, plans: list[str]) -> None:
    order = kept.order()
    kept.database.write_blocking(kept.inserting(order))
    page = kept.database.read_blocking(
        lambda tx: order_pages.search(tx, kept.world.shop, OrderQuery(q=order.number.lower()))
    )
    assert page.orders == (order,)
    assert all("(shop_id=? AND number=?)" in found for found in plans), plans


TYPED = (" Ada ", "ökt", "ÜNAL", "100%", "_", "o'b", "nobody", "+49 170-12", "170", "٣", "Ada 170")
NUMBERS = ("test-00000", "TEST-000001", "test-000001", "Test-000002", "TEST-0000011")
QUERIES = (
    OrderQuery(),
    *(OrderQuery(q=typed) for typed in TYPED + NUMBERS),
    OrderQuery(open=True),
    OrderQuery(status=(OrderStatus.COMPLETED, OrderStatus.REJECTED)),
    OrderQuery(open=True, status=(OrderStatus.PENDING,), q="ada"),
)


@pytest.mark.parametrize("query", QUERIES, ids=str)
def test_the_database_finds_what_the_query_says_of_each_order(kept: Kept, query: OrderQuery) -> None:
    """A window that is offline asks the orders it holds, and the same is found."""
    kept.database.write_blocking(lambda tx: devices.insert(tx, kept.world.shop, DeviceId("TEST")))
    there = [
        kept.order(customer_name="Ada Ünal", customer_phone="4917012345"),
        kept.order(customer_name="Ünal Öktem", status=OrderStatus.COMPLETED),
        kept.order(customer_name="Grace O'Brien 100%", customer_phone="3", status=OrderStatus.READY),
        kept.order(customer_name="under_score", status=OrderStatus.REJECTED, number="TEST-0000011"),
    ]
    for order in there:
        kept.database.write_blocking(kept.inserting(order))
    kept.database.write_blocking(lambda tx: shops.claim_number(tx, kept.world.shop, "TEST", len(there)))
    found = kept.database.read_blocking(lambda tx: order_pages.search(tx, kept.world.shop, query)).orders
    assert {order.id for order in found} == {order.id for order in query.finds(there)}


class Limits(NamedTuple):
    """How many orders it takes for another way to find them."""

    counted: int
    most: int
    walked: int


WAYS = (
    Limits(counted=500, most=50_000, walked=10_000),  # by their words
    Limits(counted=0, most=50_000, walked=10_000),  # by their words, a page at a time
    Limits(counted=0, most=0, walked=10_000),  # by reading orders
    Limits(counted=0, most=3, walked=0),  # by sorting a word of many
    Limits(counted=2, most=9, walked=4),  # by whichever is the shortest
)
SOUGHT = (
    "ada",
    "ada unal",
    "table 7",
    "4",
    "12",
    "001",
    "0012",
    "test 12",
    "5550",
    "170 12",
    "a",
    "王",
    "明",
    "nobody",
    "a 7",
)


@pytest.mark.slow
def test_pages_of_a_search_are_what_the_query_says_however_they_are_found(
    kept: Kept, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = ("Ada", "Ünal Ada", "Table 7", "7", "", "王小明", "Zoë", "Ada")
    phones = ("", "+49170123456", "15550101234")
    at = now()
    there = [
        kept.order(
            customer_name=names[n % len(names)],
            customer_phone=phones[n % len(phones)],
            fulfilment=Fulfilment.DINE_IN if n % 3 else Fulfilment.PICKUP,
            status=OrderStatus.READY if n % 5 else OrderStatus.COMPLETED,
            placed_at=at + timedelta(seconds=(n * 7) % 23 // 2),  # not by number, and some at the same moment
        )
        for n in range(24)
    ]

    def place(transaction: Transaction) -> None:
        devices.insert(transaction, kept.world.shop, DeviceId("TEST"))
        for order in there:
            kept.inserting(order)(transaction)
        shops.claim_number(transaction, kept.world.shop, "TEST", len(there))

    kept.database.write_blocking(place)
    monkeypatch.setattr(order_search, "_BATCHES", (2, 5))
    for limits, is_open in itertools.product(WAYS, (False, True)):
        for name, value in limits._asdict().items():
            monkeypatch.setattr(order_search, name.upper(), value)
        there.sort(key=lambda order: (order.placed_at, order.id), reverse=not is_open)
        for typed in SOUGHT:
            query = OrderQuery(q=typed, open=is_open, limit=4)
            wanted = [order.id for order in query.finds(there)]
            assert kept.database.read_blocking(partial(_all_pages, kept.world.shop, query)) == wanted, (limits, query)
    assert kept.database.read_blocking(partial(_all_pages, ShopId("other"), OrderQuery(q="ada"))) == []


def _all_pages(shop_id: ShopId, query: OrderQuery, transaction: Transaction) -> list[OrderId]:
    found, counted, cursor = list[OrderId](), set[int](), ""
    while True:
        page = order_pages.search(transaction, shop_id, msgspec.structs.replace(query, cursor=cursor))
        found += [order.id for order in page.orders]
        if not page.total_is_least:
            counted.add(page.total)
        if page.next_cursor is None:
            assert counted <= {len(found)}
            return found
        cursor = page.next_cursor


@pytest.mark.sqlite_only("plans are told in its own words")
def test_few_orders_are_looked_at_by_their_words(kept: Kept, plans: list[str]) -> None:
    """A name, a phone number and a part of any are ranges or single rows of the words, and no order beside is read."""
    for _ in range(3):
        kept.database.write_blocking(kept.inserting(kept.order(customer_name="Ömer", customer_phone="4917012345")))
    kept.database.write_blocking(lambda tx: devices.insert(tx, kept.world.shop, DeviceId("TEST")))
    kept.database.write_blocking(lambda tx: shops.claim_number(tx, kept.world.shop, "TEST", 3))
    for typed in ("ome", "17012", "003"):
        kept.database.read_blocking(lambda tx, q=typed: order_pages.search(tx, kept.world.shop, OrderQuery(q=q)))  # type: ignore[misc]
    assert plans
    seeks = (
        *("(shop_id=? AND placed_at=?)", "(shop_id=? AND number=?)"),
        *("(shop_id=? AND word>? AND word<?)", "(shop_id=? AND word=?)"),
    )
    assert all(any(seek in found for seek in seeks) for found in plans), plans
    words = plan(kept, order_words.COUNT, shop_id=kept.world.shop, low="wome", high="womf", limit=9)
    assert "SEARCH order_words USING PRIMARY KEY (shop_id=? AND word>? AND word<?)" in words


def test_the_database_finds_what_was_placed_when_the_query_says(kept: Kept) -> None:
    there = [kept.order(placed_at=now() - timedelta(hours=hours)) for hours in range(4)]
    for order in there:
        kept.database.write_blocking(kept.inserting(order))
    since, until = there[2].placed_at, there[0].placed_at
    query = OrderQuery(placed_from=since.isoformat(), placed_to=until.isoformat())
    page = kept.database.read_blocking(lambda tx: order_pages.search(tx, kept.world.shop, query, since, until))
    assert [order.id for order in page.orders] == [order.id for order in query.finds(there)]
    assert page.total == 2


def _explained(statement: Any, transaction: Transaction) -> sqlalchemy.TextClause:
    compiled = statement.compile(transaction.connection, compile_kwargs={"literal_binds": True})
    return sqlalchemy.text(f"EXPLAIN QUERY PLAN {compiled}")


def test_a_remembered_order_is_never_an_old_one(kept: Kept) -> None:
    """The same page again after each change, from the connection that remembers."""
    order = kept.order()
    kept.database.write_blocking(kept.inserting(order))

    def shown() -> Order:
        page = kept.database.read_blocking(lambda tx: order_pages.history(tx, kept.world.ada, HistoryQuery(limit=1)))
        return page.orders[0]

    for _ in range(2):  # each of the reading connections
        assert shown() == order
    for status in (OrderStatus.CONFIRMED, OrderStatus.PREPARING, OrderStatus.READY):
        seen, order = order.version, msgspec.structs.replace(order, status=status, version=order.version + 1)
        assert kept.database.write_blocking(updating(order, seen))
        for _ in range(3):
            assert shown() == order


def updating(order: Order, seen: int) -> Callable[[Transaction], bool]:
    return lambda transaction: orders.update_changed(transaction, order, seen)


def test_a_change_of_another_version_is_not_kept(kept: Kept) -> None:
    order = kept.order()
    kept.database.write_blocking(kept.inserting(order))
    assert kept.database.write_blocking(updating(order, 7)) is False


def test_what_is_remembered_is_bounded(kept: Kept, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(order_rows, "REMEMBERED", 4)
    wanted = [kept.order() for _ in range(10)]
    for order in wanted:
        kept.database.write_blocking(kept.inserting(order))

    def read(transaction: Transaction) -> tuple[list[OrderId], int]:
        page = order_pages.history(transaction, kept.world.ada, HistoryQuery(limit=10))
        assert transaction.memory is not None
        return [order.id for order in page.orders], len(transaction.memory)

    for _ in range(4):
        assert kept.database.read_blocking(read) == ([order.id for order in reversed(wanted)], 4)


def test_a_shop_without_orders_has_an_empty_page(kept: Kept) -> None:
    page = kept.database.read_blocking(lambda tx: order_pages.search(tx, ShopId("none"), OrderQuery()))
    assert (page.orders, page.total, page.next_cursor) == ((), 0, None)


def test_operations_of_long_ago_are_forgotten_a_few_at_a_time(kept: Kept) -> None:
    done = Done(b"hash", 200, b"{}")
    for at_us in (30, 10, 20, 40):
        kept.database.write_blocking(partial(operations.keep, subject="ada", key=str(at_us), done=done, at_us=at_us))

    def trim() -> int:
        return kept.database.write_blocking(lambda tx: operations.trim(tx, before_us=40, step=2))

    def known() -> list[str]:
        keys = ("10", "20", "30", "40")
        return kept.database.read_blocking(lambda tx: [key for key in keys if operations.find(tx, "ada", key)])

    assert (trim(), known()) == (2, ["30", "40"])
    assert (trim(), known()) == (1, ["40"])
    assert trim() == 0
