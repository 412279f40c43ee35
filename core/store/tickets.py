"""The tickets of a status display, read in one seek of the open orders."""

from typing import Final

from sqlalchemy import bindparam, func, literal_column, select
from sqlalchemy.sql.elements import ColumnElement

from core.domain.ids import OrderId, ShopId
from core.domain.people import first_name
from core.domain.status import OrderStatus
from core.instants import from_us
from core.protocol.display import SHOWN, Ticket
from core.store.engine.statements import Prepared, Transaction
from core.store.tables import orders, status_history

_c = orders.c
_h = status_history.c
_IS_OPEN: Final[ColumnElement[bool]] = literal_column("is_open = 1")  # worded like the partial index, or it is not used
_last = status_history.alias("last_change")
_LAST_CHANGE: Final = (
    select(func.max(_last.c.version)).where(_last.c.order_id == _c.id).correlate(orders).scalar_subquery()
)
TICKETS: Final = Prepared(
    select(_c.id, _c.number, _c.status, _h.at, _c.customer_name)
    .select_from(orders.join(status_history, (_h.order_id == _c.id) & (_h.version == _LAST_CHANGE)))
    .where(
        _c.shop_id == bindparam("shop_id"),
        _IS_OPEN,
        _c.status.in_([literal_column(f"'{status}'") for status in sorted(SHOWN)]),
    )
    .order_by(_c.placed_at, _c.id)  # the index's order: without it every order that ever was would be looked at
)
_NAME: Final = Prepared(select(_c.customer_name).where(_c.id == bindparam("order_id")))


def tickets(transaction: Transaction, shop_id: ShopId, *, names: bool) -> tuple[Ticket, ...]:
    """The tickets of a shop's orders in preparation and ready, longest in their status first; with first names only
    when `names`."""
    found = [
        Ticket(
            order_id=order_id,
            number=number,
            status=OrderStatus(status),
            since=from_us(at),
            first_name=first_name(name) if names else "",
        )
        for order_id, number, status, at, name in transaction.all(TICKETS, shop_id=shop_id)
    ]
    return tuple(sorted(found, key=lambda ticket: (ticket.since, ticket.order_id)))


def customer_name(transaction: Transaction, order_id: OrderId) -> str:
    """The name of an order's customer; empty when none is known."""
    row = transaction.first(_NAME, order_id=order_id)
    return row[0] if row is not None else ""
