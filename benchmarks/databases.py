"""The benchmarks' shop in an Orderbell database of its own, built once and kept under `.benchmarks/`."""

import hashlib
import sqlite3
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import Any, Final

import msgspec
from argon2 import PasswordHasher
from sqlalchemy import Column, Integer, Table, text

from benchmarks import dataset
from core.domain import search
from core.domain.ids import DeviceId, OrderId, ShopId, StaffId, line_id
from core.domain.menu import Menu
from core.domain.money import Tax
from core.domain.people import Role
from core.domain.search import Facts, name_key
from core.instants import now
from core.store import day_sums, devices, migrate, order_words, people, shops, tables
from core.store.engine.database import file_url, make_engine
from core.store.people import StaffMember
from core.store.sql.statements import Prepared, Transaction

ROOT: Final = Path(__file__).parent.parent
KEPT: Final = ROOT / ".benchmarks"
PASSWORD: Final = "correct horse battery"
PIN: Final = "4821"

_BATCH: Final = 10_000
_UNSORTED: Final = Prepared(text("INSERT INTO unsorted VALUES (:shop_id, :word, :placed_at)"))
_FAST: Final = (
    "PRAGMA journal_mode = OFF",
    "PRAGMA synchronous = OFF",
    "PRAGMA foreign_keys = OFF",
    "PRAGMA cache_size = -1000000",
)


def kept(name: str, count: int, *sources: Path) -> Path:
    """Where a database of so many orders is kept; its name changes with the sources it is built from."""
    KEPT.mkdir(exist_ok=True)
    build = hashlib.sha256(b"".join(source.read_bytes() for source in (*sources, Path(dataset.__file__))))
    return KEPT / f"{name}-{count}-{build.hexdigest()[:10]}.db"


def orderbell(count: int) -> Path:
    """An Orderbell database of `count` orders. It is only ever to be read: take a `copy` to write to."""
    return _kept("orderbell", count, dataset.PENDING_SHARE)


def sold(count: int) -> Path:
    """The same with every order completed and paid by one of three people, in cash or by card; some with a discount, a
    line refunded, or called off. Its orders are not found by words. Every day is added up, as by a server that has had
    the time."""
    return _kept("sold", count, 0)


def _kept(name: str, count: int, pending_share: float) -> Path:
    versions = sorted(Path(migrate.__file__).with_name("migrations").glob("versions/*.py"))
    sources = (tables.__file__, search.__file__, order_words.__file__, __file__)
    path = kept(name, count, *map(Path, sources), *versions)
    if not path.exists():
        print(f"building a shop of {count:,} orders in {path.name} ...", file=sys.stderr, flush=True)
        building = path.with_suffix(".building")
        building.unlink(missing_ok=True)
        _build(building, count, pending_share)
        building.replace(path)
    return path


def copy(path: Path, target: Path) -> Path:
    """A copy to write to, as the database is now."""
    with sqlite3.connect(path) as source, sqlite3.connect(target) as written:
        source.backup(written)
    source.close()
    written.close()
    return target


@contextmanager
def folder(count: int, make: Callable[[int], Path] = orderbell) -> Iterator[Path]:
    """A folder with a shop of so many orders, `orderbell.db`, to write to. It is gone afterwards."""
    with tempfile.TemporaryDirectory(prefix="orderbell-benchmark-") as name:
        copy(make(count), Path(name) / "orderbell.db")
        yield Path(name)


def _build(path: Path, count: int, pending_share: float) -> None:
    engine = make_engine(file_url(path))
    migrate.upgrade(engine)
    with engine.connect() as connection:
        transaction = Transaction(connection)
        for pragma in _FAST:
            transaction.command(pragma)
        transaction.command("BEGIN")
        _insert_shop(transaction)
        _insert_customers(transaction, count)
        if pending_share:
            _insert_orders(transaction, count)
        else:
            _insert_sold(transaction, count)
        transaction.command("COMMIT")
        transaction.command("ANALYZE")
        if not pending_share:
            _add_up(transaction)
        transaction.command("PRAGMA journal_mode = WAL")
    engine.dispose()


def _insert_shop(transaction: Transaction) -> None:
    shop_id = ShopId(dataset.SHOP_ID)
    shops.insert(transaction, shop_id, Menu(dataset.SHOP_NAME, dataset.CURRENCY, Tax(), ()), "UTC")
    devices.insert(transaction, shop_id, DeviceId(dataset.DEVICE))
    pin_hash = PasswordHasher(time_cost=2, memory_cost=19_456, parallelism=1).hash(PIN)
    for staff_id, name, role in (
        (dataset.CASHIER_ID, dataset.CASHIER, Role.CASHIER),
        (dataset.ADMIN_ID, dataset.ADMIN, Role.ADMIN),
    ):
        people.insert_staff(transaction, StaffMember(StaffId(staff_id), shop_id, name, role, pin_hash))


def _insert_customers(transaction: Transaction, count: int) -> None:
    password_hash = PasswordHasher(time_cost=2, memory_cost=19_456, parallelism=1).hash(PASSWORD)
    order_counts = Counter(order.customer.id for order in dataset.orders(count))
    rows = (
        {
            **person._asdict(),
            "name_key": name_key(person.name),
            "password_hash": password_hash,
            "order_count": order_counts[person.id],
            "created_at": 0,
            "home_shop_id": dataset.SHOP_ID,
        }
        for person in dataset.customers(count)
    )
    _insert(transaction, tables.customers, rows)


def _insert_orders(transaction: Transaction, count: int) -> None:
    transaction.command(f"UPDATE number_series SET last = {count} WHERE series = 'ONLINE'")
    transaction.command("CREATE TEMPORARY TABLE unsorted (shop_id, word, placed_at)")
    rest = dataset.orders(count)
    while batch := list(islice(rest, _BATCH)):
        _insert(transaction, tables.orders, map(_order, batch))
        _insert(transaction, tables.order_lines, (row for order in batch for row in _lines(order)))
        _insert(transaction, tables.status_history, (row for order in batch for row in _changes(order)))
        transaction.run_many(_UNSORTED, (row for order in batch for row in words(order)))
    # Sorted, each goes to the end of the table. As they come, each would go to another page of it.
    transaction.command("INSERT INTO order_words SELECT DISTINCT * FROM unsorted ORDER BY 1, 2, 3")
    transaction.command("DROP TABLE unsorted")


def _insert_sold(transaction: Transaction, count: int) -> None:
    transaction.command(f"UPDATE number_series SET last = {count} WHERE series = 'ONLINE'")
    rest = enumerate(dataset.orders(count, pending_share=0))
    while batch := list(islice(rest, _BATCH)):
        _insert(transaction, tables.orders, (_sold(*each) for each in batch))
        _insert(transaction, tables.order_lines, (row for each in batch for row in _sold_lines(*each)))
        _insert(transaction, tables.status_history, (row for each in batch for row in _sold_changes(*each)))
        _insert(transaction, tables.ledger, (row for each in batch for row in _entries(*each)))


def _add_up(transaction: Transaction) -> None:
    shop_id = ShopId(dataset.SHOP_ID)
    transaction.command("BEGIN")
    for day in day_sums.missing(transaction, shop_id, now(), 10_000):
        claimed = day_sums.claim(transaction, shop_id, day)
        day_sums.keep(transaction, shop_id, day, claimed, day_sums.content(transaction, shop_id, day))
    transaction.command("COMMIT")


def _off(position: int, order: dataset.Order) -> int:
    """What is taken off the first line."""
    return order.lines[0].total_minor // 10 if position % 10 == 0 else 0


def _sold(position: int, order: dataset.Order) -> dict[str, Any]:
    row = _order(order) | {"tender": "cash" if position % 3 else "card", "channel": "counter"}
    if position % 50 == 1:
        return row | {"status": "cancelled"}
    off = _off(position, order)
    total = order.total_minor - off
    taxed = {"discount_minor": off, "total_minor": total, "tax_minor": sum(map(_tax, _sold_lines(position, order)))}
    back = _refunded(position, order)
    fulfilment = "dine_in" if position % 4 else "pickup"
    return row | taxed | {"payment": "paid", "refunded_minor": back, "fulfilment": fulfilment}


def _tax(line: dict[str, Any]) -> int:
    return int((line["total_minor"] - line.get("discount_minor", 0)) * 7 // 107)


def _refunded(position: int, order: dataset.Order) -> int:
    return order.lines[-1].unit_price_minor if position % 30 == 7 else 0


def _sold_lines(position: int, order: dataset.Order) -> Iterator[dict[str, Any]]:
    for place, line in enumerate(_lines(order)):
        if place == 0 and (off := _off(position, order)):
            line |= {"discount_minor": off, "discount": '{"reason":"regular","rate":10000}'}
        if place == len(order.lines) - 1 and (back := _refunded(position, order)):
            line |= {"refunded_quantity": 1, "refunded_minor": back, "refunded_tax_minor": back * 7 // 107}
        taxes = [{"code": "VAT", "rate": 7_000, "amount_minor": _tax(line)}]
        yield line | {"taxes": msgspec.json.encode(taxes).decode()}


def _sold_changes(position: int, order: dataset.Order) -> Iterator[dict[str, Any]]:
    changes = list(_changes(order))
    if position % 50 == 1:
        changes[-1] |= {"target": "cancelled", "reason": "nobody came"}
    return iter(changes)


def _entries(position: int, order: dataset.Order) -> Iterator[dict[str, Any]]:
    if position % 50 == 1:
        return
    entry = {
        "order_id": order.id,
        "version": 1,
        "tender": "cash" if position % 3 else "card",
        "at": order.updated_at,
        "by_name": ("Robin", "Kim", "Sam")[position % 3],
        "device": dataset.DEVICE,
    }
    amount_minor = order.total_minor - _off(position, order)
    yield entry | {"number": 1, "kind": "payment", "amount_minor": amount_minor, "payment": 1}
    if back := _refunded(position, order):
        line = line_id(OrderId(order.id), len(order.lines) - 1)
        of_line = {"line_id": line, "quantity": 1, "tax_minor": -(back * 7 // 107)}
        entry |= {"version": 2, "amount_minor": -back, "reason": "cold"}
        yield entry | of_line | {"number": 2, "kind": "credit", "tender": ""}
        yield entry | {"number": 3, "kind": "refund"}


def _insert(transaction: Transaction, table: Table, rows: Iterable[dict[str, Any]]) -> None:
    """Insert whole rows. Columns that a row does not name are null, what the table gives them, 0 or empty."""
    unnamed = {column.name: _unnamed(column) for column in table.columns}
    transaction.run_many(Prepared.insert(table), ({**unnamed, **row} for row in rows))


def _unnamed(column: Column[Any]) -> object:
    if column.nullable:
        return None
    given = getattr(getattr(column.server_default, "arg", None), "text", None)
    if isinstance(column.type, Integer):
        return int(given or 0)
    return (given or "").strip("'")


def _order(order: dataset.Order) -> dict[str, Any]:
    return {
        "id": order.id,
        "shop_id": dataset.SHOP_ID,
        "number": order.number,
        "channel": "online",
        "status": order.status,
        "is_open": int(order.status == "pending"),
        "version": order.version,
        "fulfilment": order.fulfilment,
        "tender": "cash",
        "payment": "unpaid",
        "currency": dataset.CURRENCY,
        "subtotal_minor": order.total_minor,
        "tax_minor": 0,
        "total_minor": order.total_minor,
        "refunded_minor": 0,
        "placed_at": order.placed_at,
        "updated_at": order.updated_at,
        "customer_id": order.customer.id,
        "customer_name": order.customer.name,
        "customer_phone": order.customer.phone,
        "address": "",
        "note": "",
        "reason": "",
    }


def words(order: dataset.Order) -> list[dict[str, Any]]:
    facts = Facts(order.number, order.customer.name, order.customer.phone, order.fulfilment)
    rows = order_words.rows(order.placed_at, facts)
    return [{"shop_id": dataset.SHOP_ID, "word": word, "placed_at": at} for word, at in rows]


def _lines(order: dataset.Order) -> Iterator[dict[str, Any]]:
    for position, line in enumerate(order.lines):
        modifiers = [{"name": name, "price_minor": price_minor} for name, price_minor in line.modifiers]
        yield {
            **line._asdict(),
            "order_id": order.id,
            "position": position,
            "refunded_quantity": 0,
            "refunded_minor": 0,
            "refunded_tax_minor": 0,
            "modifiers": msgspec.json.encode(modifiers).decode(),
        }


def _changes(order: dataset.Order) -> Iterator[dict[str, Any]]:
    for version, change in enumerate(order.history, 1):
        yield {
            **change._asdict(),
            "order_id": order.id,
            "version": version,
            "reason": "",
            "by_id": "",
            "by_name": "",
            "by_role": "",
            "device": "",
        }
