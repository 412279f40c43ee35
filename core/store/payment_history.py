"""The append-only history of orders' payments."""

from datetime import datetime
from typing import Final

from sqlalchemy import bindparam, select

from core.domain.ids import OrderId
from core.domain.order import Order, PaymentState, Tender
from core.domain.payment import PaymentChange
from core.domain.people import Principal
from core.instants import advised_us, from_us, to_us
from core.store.engine.statements import Prepared, Transaction
from core.store.tables import payment_history

_h = payment_history.c
_INSERT: Final = Prepared.insert(payment_history)
_OF: Final = Prepared(
    select(_h.version, _h.source, _h.target, _h.tender, _h.at, _h.reason, _h.by_name, _h.device, _h.client_at)
    .where(_h.order_id == bindparam("order_id"))
    .order_by(_h.version)
)


def record(
    transaction: Transaction,
    order: Order,
    source: PaymentState | None,
    by: Principal,
    reason: str = "",
    client_at: datetime | None = None,
) -> None:
    """Record that `by` changed the payment of `order` to what it is now. `source` is None for a new order."""
    transaction.run(
        _INSERT,
        order_id=order.id,
        version=order.version,
        source=source,
        target=order.payment,
        tender=order.tender,
        at=to_us(order.updated_at),
        reason=reason,
        by_id=by.subject,
        by_name=by.name,
        by_role=by.role,
        device=by.device_id or "",
        client_at=advised_us(client_at),
    )


def of(transaction: Transaction, order_id: OrderId) -> tuple[PaymentChange, ...]:
    """The payment history of one order, oldest first; empty for one that is unpaid as it was placed."""
    return tuple(
        PaymentChange(
            version=version,
            source=PaymentState(source) if source else None,
            target=PaymentState(target),
            tender=Tender(tender),
            at=from_us(at),
            reason=reason,
            by=by,
            device=device,
            client_at=from_us(client_at) if client_at is not None else None,
        )
        for version, source, target, tender, at, reason, by, device, client_at in transaction.all(
            _OF, order_id=order_id
        )
    )
