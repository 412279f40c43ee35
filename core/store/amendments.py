"""The append-only record of orders' amendments: every version that was replaced, and by whom."""

from datetime import datetime
from typing import Final

import msgspec
from sqlalchemy import bindparam, select

from core.decoding import decoder
from core.domain.amendment import Amendment
from core.domain.ids import OrderId
from core.domain.order import Order
from core.domain.people import Principal
from core.instants import advised_us, from_us, to_us
from core.store.sql.statements import Prepared, Transaction
from core.store.tables import amendments

_a = amendments.c
_INSERT: Final = Prepared.insert(amendments)
_OF: Final = Prepared(
    select(_a.version, _a.at, _a.client_at, _a.reason, _a.by_name, _a.approver_name, _a.device, _a.before)
    .where(_a.order_id == bindparam("order_id"))
    .order_by(_a.version)
)
_encode: Final = msgspec.json.Encoder().encode
_order: Final = decoder(Order)


def record(
    transaction: Transaction, former: Order, order: Order, by: Principal, reason: str, client_at: datetime | None
) -> None:
    """Record that `by` made `order` of `former`."""
    transaction.run(
        _INSERT,
        order_id=order.id,
        version=order.version,
        total_minor=former.total_minor,
        before=_encode(former),
        at=to_us(order.updated_at),
        reason=reason,
        **by.author_values,
        **by.approver_values,
        device=by.device_id or "",
        client_at=advised_us(client_at),
    )


def of(transaction: Transaction, order_id: OrderId) -> tuple[Amendment, ...]:
    """The amendments of one order, oldest first."""
    return tuple(
        Amendment(
            version=version,
            at=from_us(at),
            client_at=from_us(client_at) if client_at is not None else None,
            reason=reason,
            by=by,
            approver=approver,
            device=device,
            before=_order.decode(before),
        )
        for version, at, client_at, reason, by, approver, device, before in transaction.all(_OF, order_id=order_id)
    )
