"""What a card of the board says: an order, where this till's own change of it stands, and how long it waits."""

from datetime import datetime, timedelta
from enum import Enum
from typing import Final

import msgspec

from core.domain.order import Channel, Order, OrderLine, PaymentState, Tender
from core.domain.people import Role
from core.domain.status import Move, OrderStatus, target_of
from core.ui.text import N_, _, clock, fulfilment_label, money, ngettext, payment_label, status_label

_S = OrderStatus
COLUMNS: Final = (_S.PENDING, _S.CONFIRMED, _S.PREPARING, _S.READY, _S.OUT_FOR_DELIVERY)
"""The board from its first column to its last."""

_TITLES: Final = {
    _S.PENDING: N_("New"),
    _S.CONFIRMED: N_("Confirmed"),
    _S.PREPARING: N_("Preparing"),
    _S.READY: N_("Ready"),
    _S.OUT_FOR_DELIVERY: N_("Out for delivery"),
}
_EMPTY: Final = {
    _S.PENDING: N_("New orders appear here by themselves."),
    _S.CONFIRMED: N_("Nothing waits for the kitchen."),
    _S.PREPARING: N_("Nothing is being prepared."),
    _S.READY: N_("Nothing waits to be handed over."),
    _S.OUT_FOR_DELIVERY: N_("Nothing is on its way."),
}
_STEPS: Final = {
    (_S.PENDING, _S.CONFIRMED): N_("Confirm"),
    (_S.CONFIRMED, _S.PREPARING): N_("Start preparing"),
    (_S.PREPARING, _S.READY): N_("Mark ready"),
    (_S.READY, _S.COMPLETED): N_("Hand over"),
    (_S.READY, _S.OUT_FOR_DELIVERY): N_("Send out"),
    (_S.OUT_FOR_DELIVERY, _S.COMPLETED): N_("Delivered"),
}


class Card(msgspec.Struct, frozen=True):
    """One order on the board. `sending`: the server has not answered yet; `unsent`: it could not be asked."""

    order: Order
    sending: bool = False
    unsent: bool = False

    @property
    def waits_since(self) -> datetime:
        """From when its age counts: placed, until it is ready; then, from when it has been standing there."""
        standing = self.order.status in (_S.READY, _S.OUT_FOR_DELIVERY)
        return self.order.updated_at if standing else self.order.placed_at


class Band(Enum):
    """How an age looks: three shapes, three colours, and a word for the two that matter."""

    FRESH = "fresh"
    SLOW = "slow"
    LATE = "late"


class Thresholds(msgspec.Struct, frozen=True):
    slow_after: timedelta
    late_after: timedelta

    def band(self, waited: timedelta) -> Band:
        if waited >= self.late_after:
            return Band.LATE
        return Band.SLOW if waited >= self.slow_after else Band.FRESH


def column_title(status: OrderStatus) -> str:
    return _(_TITLES[status])


def column_empty(status: OrderStatus) -> str:
    return _(_EMPTY[status])


def target(order: Order, move: Move) -> OrderStatus | None:
    """Where this till may move an order by `move`; None: nowhere. A cashier's moves are an admin's too."""
    return target_of(order.status, move, order.fulfilment, Role.CASHIER)


def step_label(order: Order) -> str:
    """What the next step is called on its button; empty when there is none."""
    following = target(order, Move.ADVANCE)
    return _(_STEPS[order.status, following]) if following is not None else ""


def customer(order: Order) -> str:
    return order.customer_name or (_("Walk-in") if order.channel is Channel.COUNTER else _("Guest"))


def channel_label(channel: Channel) -> str:
    return _("Online") if channel is Channel.ONLINE else _("Counter")


def payment_badge(order: Order) -> tuple[str, str]:
    """The badge's words and the colour token they are written in."""
    if order.payment is PaymentState.PAID:
        return _("Paid"), "ready"
    if order.payment is PaymentState.UNPAID and order.tender is Tender.CASH_ON_DELIVERY:
        return _("On delivery"), "muted"
    return payment_label(order.payment, order.tender), "danger" if order.payment is PaymentState.REFUNDED else "muted"


def item_count(order: Order) -> str:
    return ngettext("{count} item", "{count} items", order.quantity)


def modifiers(line: OrderLine) -> str:
    return ", ".join(modifier.name for modifier in line.modifiers)


def spoken(card: Card) -> str:
    """The whole card in words, for a screen reader and for whoever looks for an order by what it says."""
    order = card.order
    lines = "; ".join(
        " ".join(filter(None, (f"{line.quantity} {line.name}", modifiers(line), line.note))) for line in order.lines
    )
    state = _("sending") if card.sending else _("not sent") if card.unsent else ""
    parts = (
        order.number,
        status_label(order.status),
        customer(order),
        fulfilment_label(order.fulfilment),
        channel_label(order.channel),
        _("placed {time}").format(time=clock(order.placed_at)),
        lines,
        order.note,
        money(order.total_minor, order.currency),
        payment_badge(order)[0],
        state,
    )
    return ", ".join(filter(None, parts))
