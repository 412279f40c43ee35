"""The append-only ledger of orders' payments."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from functools import cache
from itertools import groupby
from operator import itemgetter
from typing import Final

from sqlalchemy import bindparam, select

from core.domain.booking import booked, change_of, payments_in
from core.domain.ids import OrderId
from core.domain.order import Order, Payment, PaymentState, Tender
from core.domain.payment import PaymentChange
from core.domain.people import Principal
from core.domain.sale.ledger import Entry, EntryKind, Ledger
from core.instants import advised_us, from_us, to_us
from core.store import drawers
from core.store.sql.statements import Prepared, Row, Transaction
from core.store.tables import ledger

_e = ledger.c
_INSERT: Final = Prepared.insert(ledger)
_ENTRY: Final = (
    *(_e.kind, _e.amount_minor, _e.tender, _e.payment, _e.corrects),
    *(_e.line_id, _e.quantity, _e.tax_minor, _e.in_part, _e.reference, _e.discount_minor, _e.service_minor),
)
_OF: Final = Prepared(
    select(
        *_ENTRY,
        *(_e.version, _e.at, _e.reason, _e.by_name, _e.approver_name, _e.device, _e.client_at),
    )
    .where(_e.order_id == bindparam("order_id"))
    .order_by(_e.number)
)
_VERSION: Final = len(_ENTRY)


def record(
    transaction: Transaction,
    order: Order,
    former: Order | None,
    by: Principal,
    reason: str = "",
    client_at: datetime | None = None,
    drawer: str = "",
) -> None:
    """Append what `by` did when the payment of `order`, or what was refunded of it, became what it is now. `former` is
    the order before that; None for a new one. `drawer`: the session that their till named, if it named one."""
    session = drawers.for_entry(transaction, by, drawer)
    kept = () if former is None else _entries(transaction.all(_OF, order_id=order.id))
    before = _opened((former or order).total_minor, kept).followed_by(kept)
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
                "in_part": entry.in_part,
                "reference": entry.reference,
                "discount_minor": entry.discount,
                "service_minor": entry.service,
                "at": to_us(order.updated_at),
                "reason": reason,
                **by.author_values,
                **by.approver_values,
                "device": by.device_id or "",
                "client_at": advised_us(client_at),
                "drawer": session,
            }
            for number, entry in enumerate(after.entries[len(before.entries) :], len(before.entries))
        ],
    )


def changes(transaction: Transaction, order_id: OrderId, total_minor: int) -> tuple[PaymentChange, ...]:
    """The changes of the payment of an order of that total, oldest first; empty for one that is unpaid as it was
    placed."""
    all_rows = transaction.all(_OF, order_id=order_id)
    ledger = _opened(total_minor, _entries(all_rows))
    found: list[PaymentChange] = []
    for version, rows in groupby(all_rows, itemgetter(_VERSION)):
        together = list(rows)
        entries = _entries(together)
        ledger, state, moved = change_of(ledger, entries)
        at, reason, by, approver, device, client_at = together[0][_VERSION + 1 :]
        tender = found[-1].tender if found else Tender.CASH  # an amendment that moved no money names none
        is_first = not found and (version == 1 or not by)
        found.append(
            PaymentChange(
                version=version,
                source=None if is_first else found[-1].target if found else PaymentState.UNPAID,
                target=state,
                tender=next((Tender(each.tender) for each in reversed(entries) if each.tender), tender),
                charged_minor=sum(entry.amount for entry in entries if entry.kind is EntryKind.CHARGE),
                refunded_minor=-sum(entry.amount for entry in entries if entry.kind is EntryKind.CREDIT),
                taken=moved.taken,
                undone=moved.undone,
                returned=moved.returned,
                at=from_us(at),
                reason=reason,
                by=by,
                approver=approver,
                device=device,
                client_at=from_us(client_at) if client_at is not None else None,
            )
        )
    return tuple(found)


def payments(transaction: Transaction, order_ids: Sequence[str]) -> dict[str, tuple[Payment, ...]]:
    """The payments that stand of each of these orders."""
    ids = {f"id{n}": order_id for n, order_id in enumerate(order_ids)}
    rows = transaction.all(_of_many(len(order_ids)), **ids)
    return {
        order_id: payments_in(Ledger(_entries(row[1:] for row in together)))
        for order_id, together in groupby(rows, itemgetter(0))
    }


@cache
def _of_many(count: int) -> Prepared:
    wanted = _e.order_id.in_([bindparam(f"id{n}") for n in range(count)])
    return Prepared(select(_e.order_id, *_ENTRY).where(wanted).order_by(_e.order_id, _e.number))


def _opened(total_minor: int, kept: Iterable[Entry]) -> Ledger:
    """The ledger of an order of that total as it began: amendments have charged the rest."""
    return Ledger.opened(total_minor - sum(each.amount for each in kept if each.kind is EntryKind.CHARGE))


def _entries(rows: Iterable[Row]) -> tuple[Entry, ...]:
    return tuple(Entry(EntryKind(kind), *rest[: len(_ENTRY) - 1]) for kind, *rest in rows)
