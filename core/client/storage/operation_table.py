"""The table of operations. Each function runs in its caller's transaction."""

import sqlite3
from collections.abc import Iterable
from datetime import datetime
from typing import Any, Final

import msgspec

from core.client.operations import Kind, Operation, Owner, State
from core.client.storage.lease import Store
from core.decoding import reader
from core.domain.ids import OpId, OrderId
from core.domain.numbers import AHEAD, LAST, count_of, may_count
from core.domain.order import Order, order_number
from core.domain.payment import PaymentChange
from core.instants import from_us, to_us
from core.protocol.headers import Outcome

_COLUMNS: Final = (
    "position, op_id, subject, shop, shop_name, order_id, kind, request, seen, state, outcome, tries, problem, "
    "theirs, payment, created_at, sealed, number, made"
)
_SELECT: Final = f"SELECT {_COLUMNS} FROM operations "  # noqa: S608
OPEN: Final = f"{_SELECT} WHERE done_at IS NULL"
"""All unanswered operations, of any person."""
_OWN: Final = "subject = ? AND shop = ?"
_encode: Final = msgspec.json.Encoder().encode
_order: Final = reader(Order).decode
_payment: Final = reader(PaymentChange).decode


def waiting_of_others(store: Store, owner: Owner) -> int:
    """The number of operations that wait for another person to sign in again at this shop."""
    with store.reading() as db:
        query = "SELECT count(*) FROM operations WHERE subject <> ? AND shop IN (?, '') AND done_at IS NULL"
        count: int = db.execute(query, owner).fetchone()[0]
    return count


def elsewhere(store: Store, shop: str) -> tuple[Operation, ...]:
    """Operations for other shops, accepted by anybody."""
    with store.reading() as db:
        rows = db.execute(_SELECT + "WHERE shop NOT IN (?, '') AND done_at IS NULL ORDER BY position", (shop,))
        return tuple(msgspec.structs.replace(operation(row), state=State.ELSEWHERE) for row in rows)


def adopt(db: sqlite3.Connection, owner: Owner) -> None:
    """Assign operations of this person from an earlier release, which stored no shop, to this one."""
    for table in ("operations", "witnesses"):
        db.execute(f"UPDATE OR REPLACE {table} SET shop = ? WHERE subject = ? AND shop = ''", owner[::-1])  # noqa: S608


def open_ones(db: sqlite3.Connection, owner: Owner) -> list[Operation]:
    """The unanswered operations, in order of acceptance."""
    rows = db.execute(f"{_SELECT} WHERE {_OWN} AND done_at IS NULL ORDER BY position", owner)
    return [operation(row) for row in rows]


def find(db: sqlite3.Connection, owner: Owner, op_id: OpId) -> Operation | None:
    row = db.execute(f"{_SELECT} WHERE {_OWN} AND op_id = ?", (*owner, op_id)).fetchone()
    return operation(row) if row else None


def reopen(db: sqlite3.Connection, owner: Owner) -> list[Operation]:
    """Make all answered operations wait again; returns them, in order of acceptance."""
    rows = db.execute(f"{_SELECT} WHERE {_OWN} AND state = ? ORDER BY position", (*owner, State.DONE))
    done = [operation(row) for row in rows]
    db.execute(
        f"UPDATE operations SET state = ?, tries = 0, done_at = NULL WHERE {_OWN} AND state = ?",  # noqa: S608
        (State.WAITING, *owner, State.DONE),
    )
    return [msgspec.structs.replace(each, state=State.WAITING, failed_attempts=0) for each in done]


def set_number_proof(db: sqlite3.Connection, op_id: OpId, number: str) -> None:
    """Store the server's proof of a new order's number."""
    db.execute("UPDATE operations SET number = ? WHERE op_id = ?", (number, op_id))


def close(
    db: sqlite3.Connection, op_ids: Iterable[OpId], state: State, outcome: str, problem: str, at: datetime
) -> None:
    """Mark operations as answered."""
    db.executemany(
        "UPDATE operations SET state = ?, outcome = ?, problem = ?, theirs = NULL, payment = NULL, done_at = ? "
        "WHERE op_id = ?",
        [(state, outcome, problem, to_us(at), op_id) for op_id in op_ids],
    )


def forget_before(db: sqlite3.Connection, at: datetime) -> None:
    db.execute("DELETE FROM operations WHERE done_at < ?", (to_us(at),))


def last_done_s(db: sqlite3.Connection) -> float:
    """When the last accepted answered operation was answered, seconds since 1970; 0 for none."""
    row = db.execute(
        "SELECT done_at FROM operations WHERE done_at IS NOT NULL ORDER BY position DESC LIMIT 1"
    ).fetchone()
    return float(row[0]) / 1e6 if row else 0.0


def series_at(db: sqlite3.Connection, series: str, confirmed: int) -> None:
    """The server's last number of `series` is `confirmed`. It may be lower than before: it was restored, or had been
    sent an impossible number. Numbers of waiting operations stay issued."""
    row = db.execute("SELECT last FROM number_series WHERE name = ?", (series,)).fetchone()
    last = row[0] if row else 0
    if last > confirmed + AHEAD:
        last = _highest_waiting(db, series)
    db.execute(
        "INSERT INTO number_series (name, last, told) VALUES (?, ?, ?) "
        "ON CONFLICT (name) DO UPDATE SET last = excluded.last, told = excluded.told",
        (series, max(last, confirmed), confirmed),
    )


def _highest_waiting(db: sqlite3.Connection, series: str) -> int:
    rows = db.execute(
        "SELECT json_extract(CAST(seen AS TEXT), '$.number') FROM operations WHERE kind = ? AND done_at IS NULL",
        (Kind.TAKE,),
    )
    counts = (count_of(number, series) for (number,) in rows)
    return max((count for count in counts if count is not None and count <= LAST), default=0)


def number_seen(db: sqlite3.Connection, number: str) -> None:
    """The server has an order of that number: advance the till's series to it."""
    series = number.rpartition("-")[0]
    count = count_of(number, series)
    if count is not None and count <= LAST:
        db.execute(
            "UPDATE number_series SET last = max(last, ?1), told = max(told, ?1) WHERE name = ?2 AND told < ?1",
            (count, series),
        )


def insert(db: sqlite3.Connection, new: Operation, cash_minor: int = 0) -> int:
    """Insert an operation, which moves that much cash in the drawer session that it names; returns its position."""
    row = db.execute(
        "INSERT INTO operations (op_id, subject, shop, shop_name, order_id, kind, request, seen, state, outcome, "
        "tries, problem, created_at, drawer, cash_minor, made) "
        "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, '', 0, '', ?, ?, ?, ?) RETURNING position",
        (
            new.op_id,
            *new.owner,
            new.shop_name,
            new.order_id,
            new.kind,
            new.request,
            _encode(new.seen),
            State.WAITING,
            to_us(new.created_at),
            getattr(new.asked, "drawer", ""),
            cash_minor,
            _row(new.made),
        ),
    ).fetchone()
    position: int = row[0]
    return position


def cash_of(db: sqlite3.Connection, drawer: str) -> int:
    """The cash that operations of this window, anybody's, have moved in a drawer session."""
    query = "SELECT coalesce(sum(cash_minor), 0) FROM operations WHERE drawer = ? AND drawer <> '' AND state <> ?"
    total: int = db.execute(f"{query} AND outcome <> ?", (drawer, State.DISCARDED, Outcome.SUPERSEDED)).fetchone()[0]
    return total


def next_number(db: sqlite3.Connection, series: str) -> str:
    """The next number of this till's series; empty while the server's last number is unknown, or this till has counted
    as far beyond it as it may: then the server gives one."""
    row = db.execute("SELECT last, told FROM number_series WHERE name = ?", (series,)).fetchone()
    if row is None or not may_count(*row):
        return ""
    db.execute("UPDATE number_series SET last = last + 1 WHERE name = ?", (series,))
    return order_number(series, row[0] + 1)


def rewrite(db: sqlite3.Connection, changed: Operation) -> None:
    """Update an open operation. One that was sealed meanwhile, because its person has left, is not changed, and neither
    is one that has ended."""
    db.execute(
        "UPDATE operations SET request = ?, seen = ?, state = ?, outcome = ?, tries = ?, problem = ?, theirs = ?, "
        "payment = ? WHERE op_id = ? AND sealed = ? AND done_at IS NULL",
        (
            changed.request,
            _encode(changed.seen),
            changed.state,
            changed.outcome,
            changed.failed_attempts,
            changed.problem,
            *_conflict(changed),
            changed.op_id,
            changed.sealed,
        ),
    )


def sealing_key(db: sqlite3.Connection, shop: str, public: bytes) -> None:
    """Store the public key to which operations of `shop` are sealed."""
    db.execute("INSERT OR REPLACE INTO sealing_keys VALUES (?, ?)", (shop, public))


def seal(db: sqlite3.Connection, present: Owner | None) -> int:
    """Seal every operation of persons other than `present`, as far as their server's key is known. Returns their
    number."""
    rows = db.execute(
        f"SELECT public, {_COLUMNS} FROM operations JOIN sealing_keys USING (shop) "  # noqa: S608
        "WHERE sealed = x'' AND NOT (subject = ? AND shop = ?)",
        present or ("", ""),
    ).fetchall()
    for public, *row in rows:
        _keep_content(db, operation(row).closed(public))
    return len(rows)


def unseal(db: sqlite3.Connection, opened: Operation) -> None:
    """Store an operation that the server has opened."""
    _keep_content(db, opened)


def _keep_content(db: sqlite3.Connection, changed: Operation) -> None:
    db.execute(
        "UPDATE operations SET request = ?, seen = ?, problem = ?, theirs = ?, payment = ?, made = ?, sealed = ? "
        "WHERE op_id = ?",
        (
            *(changed.request, _encode(changed.seen), changed.problem, *_conflict(changed)),
            *(_row(changed.made), changed.sealed, changed.op_id),
        ),
    )


def _conflict(operation: Operation) -> tuple[bytes | None, bytes | None]:
    """The columns of its conflict: `theirs` and `payment`."""
    payment = operation.payment
    return _row(operation.theirs), _encode(payment) if payment is not None else None


def _row(order: Order | None) -> bytes | None:
    return _encode(order) if order is not None else None


def operation(row: Iterable[Any]) -> Operation:
    position, op_id, subject, shop, shop_name, order_id, kind, request, seen, state, *rest = row
    outcome, tries, problem, theirs, payment, created_at, sealed, number, made = rest
    return Operation(
        position=position,
        op_id=OpId(op_id),
        owner=Owner(subject, shop),
        shop_name=shop_name,
        order_id=OrderId(order_id),
        kind=Kind(kind),
        request=request,
        seen=_order(seen),
        state=State(state),
        outcome=outcome,
        failed_attempts=tries,
        problem=problem,
        theirs=_order(theirs) if theirs is not None else None,
        payment=_payment(payment) if payment is not None else None,
        created_at=from_us(created_at),
        sealed=sealed,
        number=number,
        made=_order(made) if made is not None else None,
    )
