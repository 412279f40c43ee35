"""What a card of the board says: an order, where this till's own change of it stands, and how long it waits."""

from datetime import datetime, timedelta
from enum import Enum
from typing import Final

import msgspec

from core.domain.order import Channel, Order, OrderLine, PaymentState, Tender
from core.domain.people import Role
from core.domain.status import Move, OrderStatus, look, move_from, steps_of, target_of
from core.ui.text import N_, _, clock, fulfilment_label, money, ngettext, payment_label, status_label

_READY: Final = OrderStatus.READY
COLUMNS: Final = tuple(status for status in OrderStatus if look(status).column)
"""The board from its first column to its last."""


class Own(Enum):
    """Where this till's own change of an order stands."""

    NONE = "none"
    SENDING = "sending"
    """The press is being dealt with; another one does nothing."""
    UNSENT = "unsent"
    """It could not be sent, and nothing sends it by itself."""
    ON_ITS_WAY = "on its way"
    """Accepted: it is in the outbox. The order can be moved on already."""
    WAITING = "waiting"
    """The same, while the server is away."""
    CONFLICT = "conflict"
    """The order was no longer what the cashier saw. They choose."""
    PARKED = "parked"
    """The server does not accept it. The cashier says what becomes of it."""
    ELSEWHERE = "elsewhere"
    """It is another shop's, whose this till was. It waits until it is that shop's again."""


_OWN: Final = {
    Own.NONE: ("", ""),
    Own.SENDING: (N_("sending…"), "confirmed"),
    Own.ON_ITS_WAY: (N_("sending…"), "confirmed"),
    Own.UNSENT: (N_("not sent"), "danger"),
    Own.WAITING: (N_("waiting to send"), "pending"),
    Own.CONFLICT: (N_("conflict"), "danger"),
    Own.PARKED: (N_("not accepted"), "danger"),
    Own.ELSEWHERE: (N_("for another shop"), "pending"),
}
_OWN_ICONS: Final = {
    Own.UNSENT: "warning",
    Own.WAITING: "waiting",
    Own.CONFLICT: "warning",
    Own.PARKED: "warning",
    Own.ELSEWHERE: "waiting",
}


def own_words(own: Own) -> str:
    """`sending…`, or whatever there is to say; empty when there is nothing."""
    words = _OWN[own][0]
    return _(words) if words else ""


def own_look(own: Own) -> tuple[str, str]:
    """The icon (none while all goes well) and the colour that go with `own_words`."""
    return _OWN_ICONS.get(own, ""), _OWN[own][1]


class Card(msgspec.Struct, frozen=True):
    """One order on the board."""

    order: Order
    own: Own = Own.NONE

    @property
    def sending(self) -> bool:
        return self.own is Own.SENDING

    @property
    def unsent(self) -> bool:
        return self.own is Own.UNSENT

    @property
    def held(self) -> bool:
        """Something about it waits for a person; until then nothing else can be done with it."""
        return self.own in (Own.CONFLICT, Own.PARKED)

    @property
    def button(self) -> str:
        """What its big button says."""
        if self.held:
            return _("Decide…")
        return _("Try again") if self.unsent else step_label(self.order)

    @property
    def waits_since(self) -> datetime:
        """From when its age counts: placed, until it is ready; then, from when it has been standing there."""
        line, status = steps_of(self.order.fulfilment), self.order.status
        standing = status in line[line.index(_READY) :]
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
    return _(look(status).column)


def column_empty(status: OrderStatus) -> str:
    return _(look(status).empty)


def target(order: Order, move: Move) -> OrderStatus | None:
    """Where this till may move an order by `move`; None: nowhere. A cashier's moves are an admin's too."""
    return target_of(order.status, move, order.fulfilment, Role.CASHIER)


def step_label(order: Order) -> str:
    """What the next step is called on its button; empty when there is none."""
    found = move_from(order.status, Move.ADVANCE, order.fulfilment, Role.CASHIER)
    return _(found.step) if found is not None else ""


def customer(order: Order) -> str:
    return order.customer_name or (_("Walk-in") if order.channel is Channel.COUNTER else _("Guest"))


def channel_label(channel: Channel) -> str:
    if not channel.is_known:
        return channel.readable
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
        own_words(card.own).rstrip("…"),
    )
    return ", ".join(filter(None, parts))
