"""The append-only history of orders' statuses."""

from collections.abc import Sequence
from datetime import datetime
from functools import cache
from typing import Final

from sqlalchemy import bindparam, func, select

from core.domain.ids import OrderId
from core.domain.order import Order, StatusChange
from core.domain.people import Principal, Role
from core.domain.status import OrderStatus
from core.instants import advised_us, from_us, to_us
from core.store.sql.statements import Prepared, Transaction
from core.store.tables import status_history

_h = status_history.c
# A look-up in a dictionary costs a tenth of calling the enum.
_STATUSES: Final = {str(member): member for member in OrderStatus}
_INSERT: Final = Prepared.insert(status_history)
_OF: Final = Prepared(
    select(_h.source, _h.target, _h.at, _h.reason, _h.by_name, _h.approver_name, _h.device, _h.client_at)
    .where(_h.order_id == bindparam("order_id"))
    .order_by(_h.version)
)
_LAST: Final = Prepared(select(func.max(_h.version)).where(_h.order_id == bindparam("order_id")))


def record(
    transaction: Transaction,
    order: Order,
    source: OrderStatus | None,
    by: Principal,
    client_at: datetime | None = None,
    reason: str = "",
) -> None:
    """Record that `by` moved `order` from `source` to its current status, with `reason` or else the order's own."""
    transaction.run(
        _INSERT,
        order_id=order.id,
        version=order.version,
        source=source,
        target=order.status,
        at=to_us(order.updated_at),
        reason=reason or order.reason,
        **by.author_values,
        **by.approver_values,
        device=by.device_id or "",
        client_at=advised_us(client_at),
    )


def of(transaction: Transaction, order_id: OrderId) -> tuple[StatusChange, ...]:
    """The status history of one order, oldest first."""
    return tuple(
        StatusChange(
            source=_STATUSES[source] if source else None,
            target=_STATUSES[target],
            at=from_us(at),
            reason=reason,
            by=by,
            approver=approver,
            device=device,
            client_at=from_us(client_at) if client_at is not None else None,
        )
        for source, target, at, reason, by, approver, device, client_at in transaction.all(_OF, order_id=order_id)
    )


def taken_by(transaction: Transaction, order_ids: Sequence[OrderId]) -> dict[OrderId, str]:
    """The names of the staff who took orders; without those that customers placed."""
    if not order_ids:
        return {}
    ids = {f"id{n}": order_id for n, order_id in enumerate(order_ids)}
    rows = transaction.all(_taken_by(len(order_ids)), customer=Role.CUSTOMER, **ids)
    return {OrderId(order_id): by for order_id, by in rows}


@cache
def _taken_by(count: int) -> Prepared:
    wanted = _h.order_id.in_([bindparam(f"id{n}") for n in range(count)])
    taken = select(_h.order_id, _h.by_name).where(wanted, _h.source.is_(None), _h.by_role != bindparam("customer"))
    return Prepared(taken)


def last_version(transaction: Transaction, order_id: OrderId) -> int:
    """The version that the order's last change of status made."""
    row = transaction.first(_LAST, order_id=order_id)
    return int(row[0]) if row and row[0] is not None else 0
