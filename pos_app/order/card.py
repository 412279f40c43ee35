"""The content of a card: an order, the state of this till's own change of it, and its waiting time."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from enum import Enum
from typing import Final

import msgspec

from core.domain.order import Channel, LineChange, Order, OrderLine, PaymentState, Tender
from core.domain.payment import to_give_back_minor, to_pay_minor
from core.domain.people import Role
from core.domain.pricing import order_taxes
from core.domain.refund import money_back, refunded
from core.domain.status import OPEN, Move, OrderStatus, look, move_from, steps_of, target_of
from core.ui.text import (
    N_,
    _,
    channel_label,
    clock,
    deductions,
    difference,
    figure,
    fulfilment_label,
    guest_name,
    money,
    ngettext,
    payment_label,
    refund_label,
    request_lines,
    status_label,
    tax_label,
    tender_label,
    tenders_text,
)

_READY: Final = OrderStatus.READY
COLUMNS: Final = tuple(status for status in OrderStatus if status in OPEN)
"""The columns of the order board, first to last."""


class Own(Enum):
    """The state of this till's own change of an order."""

    NONE = "none"
    SENDING = "sending"
    """The press is being handled; another one does nothing."""
    UNSENT = "unsent"
    """It could not be sent, and is not retried by itself."""
    ON_ITS_WAY = "on its way"
    """Accepted: it is in the outbox. The order can be moved on already."""
    WAITING = "waiting"
    """In the outbox, while the server is away."""
    CONFLICT = "conflict"
    """The order has changed since the cashier saw it. They choose."""
    PARKED = "parked"
    """The server refused it. The cashier decides."""
    ELSEWHERE = "elsewhere"
    """For another shop that this till was paired with. It waits until it is again."""


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
    """`sending…`, or another text for the state; empty when there is nothing to show."""
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
        """Whether an operation waits for a decision; until then the order cannot be changed."""
        return self.own in (Own.CONFLICT, Own.PARKED)

    @property
    def button(self) -> str:
        """The label of its big button."""
        if self.held:
            return _("Decide…")
        return _("Try again") if self.unsent else step_label(self.order)

    @property
    def waits_since(self) -> datetime:
        """The start of its age: placed, or once it is ready, since then."""
        line, status = steps_of(self.order.fulfilment), self.order.status
        standing = status in line[line.index(_READY) :]
        return self.order.status_since if standing else self.order.placed_at


class Band(Enum):
    """The look of an age: three shapes, three colours, and a word for the two that matter."""

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


def column_empty(status: OrderStatus) -> str:
    return _(look(status).empty)


def target(order: Order, move: Move) -> OrderStatus | None:
    """The status that `move` leads to at this till; None: not allowed. An admin's moves are a cashier's too."""
    return target_of(order.status, move, order.fulfilment, Role.CASHIER)


def step_label(order: Order) -> str:
    """The label of the next step; empty when there is none."""
    found = move_from(order.status, Move.ADVANCE, order.fulfilment, Role.CASHIER)
    return _(found.step) if found is not None else ""


def customer(order: Order) -> str:
    """The name on the ticket, or else the phone number."""
    unknown = _("Walk-in") if order.channel is Channel.COUNTER else _("Guest")
    return guest_name(order) or order.customer_phone or unknown


def payment_badge(order: Order, *, of_total: bool = False) -> tuple[str, str]:
    """The badge's text and colour token: loud where somebody has money to take, or to give back. `of_total`: with the
    total beside what is left of it to pay, or was given back."""
    if to_give_back_minor(order):
        return _("To give back"), "danger"
    if refund_label(order):
        back, total = (money(minor, order.currency) for minor in (order.refunded_minor, order.total_minor))
        words = _("{back} of {total} given back").format(back=back, total=total)
        return words if of_total else refund_label(order), "danger"
    if order.payment is PaymentState.PAID:
        return _("Paid"), "ready"
    if to_pay_minor(order):
        on_delivery = order.tender is Tender.CASH_ON_DELIVERY
        if order.payments:
            left, total = (money(minor, order.currency) for minor in (to_pay_minor(order), order.total_minor))
            words = _("To pay {left} of {total}") if of_total else _("To pay {left}")
            return words.format(left=left, total=total), "danger"
        return (_("On delivery"), "muted") if on_delivery else (_("To pay"), "danger")
    return payment_label(order.payment, order.tender), "danger" if order.payment is PaymentState.REFUNDED else "muted"


def to_give_back(order: Order) -> str:
    """The amount to give back for a paid order that was called off, and the tender: `$15.97 (Cash)`; of one that was
    paid by several, each amount."""
    if order.payments:
        return tenders_text(_held(order), order.currency)
    how = Tender.CASH if order.tender is Tender.CASH_ON_DELIVERY else order.tender
    return f"{money(order.total_minor - order.refunded_minor, order.currency)} ({tender_label(how)})"


def back_text(back: Mapping[Tender, int], currency: str) -> str:
    """Amounts that go back: `$4.00 (Cash)`; by several tenders, each."""
    if len(back) != 1:
        return tenders_text(back, currency)
    ((tender, minor),) = back.items()
    return f"{money(minor, currency)} ({tender_label(tender)})"


def discount_grows(before: Order, after: Order) -> str:
    """That more is taken off an order than before, as a percentage is of more goods; empty where it is not."""
    was_minor, now_minor = before.discount_minor, after.discount_minor
    if now_minor <= was_minor or not was_minor:
        return ""
    was, now = (money(minor, after.currency) for minor in (was_minor, now_minor))
    return _("The discount grows from {was} to {now}.").format(was=was, now=now)


def _held(order: Order) -> dict[Tender, int]:
    """The refundable money by tender: of an order that is not paid whole, with its tips."""
    if order.payment is PaymentState.PAID:
        return money_back(order, refunded(order))
    held: dict[Tender, int] = {}
    for each in order.payments:
        held[each.tender] = held.get(each.tender, 0) + each.paid_minor - each.returned_minor
    return held


def sums_of(order: Order) -> list[tuple[str, int]]:
    """The rows between the lines and the total, in words and minor units."""
    taxes = order_taxes(order) if order.tax_minor else ()
    told = [(tax_label(tax, included=order.tax_included), tax.tax_minor) for tax in taxes]
    return [*deductions(order, order.currency), *told]


def item_count(order: Order) -> str:
    return ngettext("{count} item", "{count} items", order.quantity)


def change_mark(change: LineChange) -> str:
    """The word beside a changed line for whoever prepares it."""
    if not change.before:
        return _("New")
    if not change.now:
        return _("Removed")
    return _("Changed") if change.before == change.now else _("It was {count}").format(count=figure(change.before))


def request_text(order: Order) -> str:
    """The open change request with its price; empty without one."""
    request = order.open_request
    if request is None:
        return ""
    told = [*request_lines(order, request), difference(order, request.total_minor)]
    return _("Asks for a change: {what}").format(what=" · ".join(filter(None, told)))


def modifiers(line: OrderLine) -> str:
    return ", ".join(modifier.name for modifier in line.modifiers)


def spoken(card: Card) -> str:
    """The whole card as text, for screen readers and for search."""
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
        "; ".join(f"{change_mark(each)}: {each.name}" for each in order.changed),
        request_text(order),
        order.note,
        money(order.total_minor, order.currency),
        payment_badge(order)[0],
        own_words(card.own).rstrip("…"),
    )
    return ", ".join(filter(None, parts))
