"""The tickets of a status display, read in one seek of the open orders."""

from typing import Final

import msgspec
from sqlalchemy import bindparam, func, literal_column, select
from sqlalchemy.sql.elements import ColumnElement

from core.domain.ids import OrderId, ShopId
from core.domain.people import first_name
from core.domain.status import Fulfilment, OrderStatus, look
from core.instants import from_us
from core.protocol.display import SHOWN, Ticket
from core.store.sql.statements import Prepared, Transaction
from core.store.tables import orders

_c = orders.c
_IS_OPEN: Final[ColumnElement[bool]] = literal_column("is_open = 1")  # worded like the partial index, or it is not used
_FACTS: Final = (_c.id, _c.number, _c.status, func.coalesce(_c.moved_at, _c.updated_at), _c.customer_name)
TICKETS: Final = Prepared(
    select(*_FACTS, _c.fulfilment)
    .where(
        _c.shop_id == bindparam("shop_id"),
        _IS_OPEN,
        _c.status.in_([literal_column(f"'{status}'") for status in sorted(SHOWN)]),
    )
    .order_by(_c.placed_at, _c.id)  # the index's order: without it every order that ever was would be looked at
)
_WHOSE: Final = Prepared(select(_c.customer_name, _c.fulfilment).where(_c.id == bindparam("order_id")))


class Rules(msgspec.Struct, frozen=True):
    """The content that status displays may show. They never get anything about an order's payment."""

    names: bool = False
    """First names, too."""
    waiting: bool = True
    """Orders that wait, too: those that appear under *Waiting*."""

    def shows(self, status: OrderStatus, fulfilment: Fulfilment) -> bool:
        """Whether a status display shows such an order. Deliveries are not collected in the room."""
        if fulfilment is Fulfilment.DELIVERY or status not in SHOWN:
            return False
        return self.waiting or look(status).display is not OrderStatus.CONFIRMED

    def name(self, name: str) -> str:
        return first_name(name) if self.names else ""


def tickets(transaction: Transaction, shop_id: ShopId, rules: Rules) -> tuple[Ticket, ...]:
    """The tickets of a shop, longest in their status first."""
    found = [
        Ticket(
            order_id=order_id,
            number=number,
            status=OrderStatus(status),
            since=from_us(at),
            first_name=rules.name(name),
        )
        for order_id, number, status, at, name, fulfilment in transaction.all(TICKETS, shop_id=shop_id)
        if rules.shows(OrderStatus(status), Fulfilment(fulfilment))
    ]
    return tuple(sorted(found, key=lambda ticket: (ticket.since, ticket.order_id)))


def whose(transaction: Transaction, order_id: OrderId) -> tuple[str, Fulfilment]:
    """The name on an order's ticket, and how it is handed over."""
    row = transaction.first(_WHOSE, order_id=order_id)
    return (row[0], Fulfilment(row[1])) if row is not None else ("", Fulfilment.PICKUP)
