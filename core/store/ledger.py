"""The append-only ledger of orders' payments."""

from collections.abc import Iterable
from datetime import datetime
from itertools import groupby
from operator import itemgetter
from typing import Final

from sqlalchemy import bindparam, select

from core.domain.ids import OrderId
from core.domain.order import Order, PaymentState, Tender
from core.domain.payment import PaymentChange, booked, state_after
from core.domain.people import Principal
from core.domain.sale.ledger import Entry, EntryKind, Ledger
from core.instants import advised_us, from_us, to_us
from core.store.sql.statements import Prepared, Row, Transaction
from core.store.tables import ledger

_e = ledger.c
_INSERT: Final = Prepared.insert(ledger)
_OF: Final = Prepared(
    select(
        *(_e.kind, _e.amount_minor, _e.tender, _e.payment, _e.corrects, _e.line_id, _e.quantity, _e.tax_minor),
        *(_e.version, _e.at, _e.reason, _e.by_name, _e.device, _e.client_at),
    )
    .where(_e.order_id == bindparam("order_id"))
    .order_by(_e.number)
)
_VERSION: Final = 8


def record(
    transaction: Transaction,
    order: Order,
    former: Order | None,
    by: Principal,
    reason: str = "",
    client_at: datetime | None = None,
) -> None:
    """Append what `by` did when the payment of `order`, or what was refunded of it, became what it is now. `former` is
    the order before that; None for a new one."""
    kept = () if former is None else _entries(transaction.all(_OF, order_id=order.id))
    before = Ledger.opened(order.total_minor).followed_by(kept)
    after = booked(before, former, order)
    transaction.run_many(
        _INSERT,
        [
            {
                "order_id": order.id,
                "number": number,
                "version": order.version,
                "kind": entry.kind,
                "amount_minor": entry.amount,
                "tender": entry.tender,
                "payment": entry.payment,
                "corrects": entry.corrects,
                "line_id": entry.line,
                "quantity": entry.quantity,
                "tax_minor": entry.tax,
                "at": to_us(order.updated_at),
                "reason": reason,
                "by_id": by.subject,
                "by_name": by.name,
                "by_role": by.role,
                "device": by.device_id or "",
                "client_at": advised_us(client_at),
            }
            for number, entry in enumerate(after.entries[len(before.entries) :], len(before.entries))
        ],
    )


def changes(transaction: Transaction, order_id: OrderId, total_minor: int) -> tuple[PaymentChange, ...]:
    """What became of the payment of an order of that total, oldest first; empty for one that is unpaid as it was
    placed."""
    left_minor = total_minor
    found: list[PaymentChange] = []
    for version, rows in groupby(transaction.all(_OF, order_id=order_id), itemgetter(_VERSION)):
        together = list(rows)
        entries = _entries(together)
        at, reason, by, device, client_at = together[0][_VERSION + 1 :]
        back_minor = -sum(entry.amount for entry in entries if entry.kind is EntryKind.CREDIT)
        left_minor -= back_minor
        is_first = not found and (version == 1 or not by)
        found.append(
            PaymentChange(
                version=version,
                source=None if is_first else found[-1].target if found else PaymentState.UNPAID,
                target=state_after(entries, left_minor),
                tender=Tender(entries[-1].tender),
                refunded_minor=back_minor,
                at=from_us(at),
                reason=reason,
                by=by,
                device=device,
                client_at=from_us(client_at) if client_at is not None else None,
            )
        )
    return tuple(found)


def _entries(rows: Iterable[Row]) -> tuple[Entry, ...]:
    return tuple(
        Entry(EntryKind(kind), amount, tender, payment, corrects, line, quantity, tax)
        for kind, amount, tender, payment, corrects, line, quantity, tax, *_ in rows
    )
