"""The feed of status displays, which contains nothing of a customer but a first name, where the shop enables it."""

from collections.abc import Iterator, Sequence
from typing import Final

import msgspec

from core.decoding import decoder
from core.domain.ids import ShopId
from core.domain.order import Order
from core.protocol.display import SHOWN, Ticket, TicketMoved, TicketsReply
from core.protocol.events import OrderAmended, OrderPlaced, OrderStatusChanged
from core.server.settings import ServerSettings
from core.store import events, tickets
from core.store.events import Kept
from core.store.sql.statements import Transaction
from core.store.tickets import Rules

_MOVED: Final = OrderStatusChanged.__struct_config__.tag
_AMENDED: Final = OrderAmended.__struct_config__.tag
_PLACED: Final = OrderPlaced.__struct_config__.tag
_encode: Final = msgspec.json.Encoder().encode


class _Kind(msgspec.Struct, frozen=True):
    kind: str


_kind: Final = decoder(_Kind)
_moved: Final = decoder(OrderStatusChanged)
_placed: Final = decoder(OrderPlaced)
_amended: Final = decoder(OrderAmended)


def rules(settings: ServerSettings) -> Rules:
    return Rules(names=settings.board_names, waiting=settings.board_waiting)


def reply(transaction: Transaction, shop_id: ShopId, rules: Rules) -> TicketsReply:
    """The tickets and the cursor they are of, from one snapshot."""
    return TicketsReply(
        tickets=tickets.tickets(transaction, shop_id, rules), cursor=str(events.head(transaction, shop_id))
    )


def moves(transaction: Transaction, found: Sequence[Kept], rules: Rules) -> Iterator[Kept]:
    """The events that change a status display, rewritten for it.

    Other events are not decoded, so one of a newer release's kind does no harm.
    """
    for kept in found:
        kind = _kind.decode(kept.payload).kind
        event = None
        if kind == _MOVED:
            event = _after_move(transaction, _moved.decode(kept.payload), rules)
        elif kind == _PLACED:
            event = _after_placing(_placed.decode(kept.payload).order, rules)
        elif kind == _AMENDED:
            event = _after_amending(_amended.decode(kept.payload).order, rules)
        if event is not None:
            yield Kept(kept.seq, kept.event_id, None, _encode(event))


def _after_move(transaction: Transaction, happened: OrderStatusChanged, rules: Rules) -> TicketMoved | None:
    if not {happened.source, happened.target} & SHOWN:
        return None
    name, fulfilment = tickets.whose(transaction, happened.order_id)
    shown = rules.shows(happened.target, fulfilment)
    if not shown and not rules.shows(happened.source, fulfilment):
        return None
    ticket = Ticket(
        order_id=happened.order_id,
        number=happened.number,
        status=happened.target,
        since=happened.at,
        first_name=rules.name(name),
    )
    return TicketMoved(ticket=ticket, shown=shown)


def _after_amending(order: Order, rules: Rules) -> TicketMoved | None:
    """It may be another's by name now, or be brought instead of called out."""
    if order.status not in SHOWN:
        return None
    return TicketMoved(ticket=_ticket(order, rules), shown=rules.shows(order.status, order.fulfilment))


def _after_placing(order: Order, rules: Rules) -> TicketMoved | None:
    """An order taken at the counter is confirmed already."""
    if not rules.shows(order.status, order.fulfilment):
        return None
    return TicketMoved(ticket=_ticket(order, rules))


def _ticket(order: Order, rules: Rules) -> Ticket:
    name = rules.name(order.customer_name)
    return Ticket(
        order_id=order.id, number=order.number, status=order.status, since=order.status_since, first_name=name
    )
