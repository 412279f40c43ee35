"""The feed of status displays, which contains nothing of a customer but a first name, where the shop enables it."""

from collections.abc import Iterator, Sequence
from typing import Final

import msgspec

from core.decoding import decoder
from core.domain.ids import ShopId
from core.domain.people import first_name
from core.protocol.display import SHOWN, Ticket, TicketMoved, TicketsReply
from core.protocol.events import OrderStatusChanged
from core.store import events, tickets
from core.store.engine.statements import Transaction
from core.store.events import Kept

_MOVED: Final = OrderStatusChanged.__struct_config__.tag
_encode: Final = msgspec.json.Encoder().encode


class _Kind(msgspec.Struct, frozen=True):
    kind: str


_kind: Final = decoder(_Kind)
_moved: Final = decoder(OrderStatusChanged)


def reply(transaction: Transaction, shop_id: ShopId, *, names: bool) -> TicketsReply:
    """The tickets and the cursor they are of, from one snapshot."""
    return TicketsReply(
        tickets=tickets.tickets(transaction, shop_id, names=names), cursor=str(events.head(transaction, shop_id))
    )


def moves(transaction: Transaction, found: Sequence[Kept], *, names: bool) -> Iterator[Kept]:
    """The events that change a status display, rewritten for it.

    Other events are not decoded, so one of a newer release's kind does no harm.
    """
    for kept in found:
        if _kind.decode(kept.payload).kind != _MOVED:
            continue
        happened = _moved.decode(kept.payload)
        if {happened.source, happened.target} & SHOWN:
            ticket = Ticket(
                order_id=happened.order_id,
                number=happened.number,
                status=happened.target,
                since=happened.at,
                first_name=first_name(tickets.customer_name(transaction, happened.order_id)) if names else "",
            )
            yield Kept(kept.seq, kept.event_id, None, _encode(TicketMoved(ticket=ticket)))
