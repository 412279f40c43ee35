"""The outbox as rows: what was done, its state, and its possible actions."""

import base64
from collections.abc import Sequence
from typing import Final

import msgspec
from PySide6.QtCore import QObject, Qt
from typing_extensions import override

from core.client.operations import Kind, Operation, State, target
from core.client.sync.outbox import NUMBER_REFUSED
from core.domain.commands import ChangePayment, ChangeStatus, RecallOrder
from core.domain.errors import DomainError
from core.domain.ids import OrderId
from core.domain.order import PaymentState
from core.domain.payment import check_payment
from core.domain.people import Role
from core.domain.status import Move, target_of, transition
from core.ui.rows import RowsModel
from core.ui.text import _, clock, payment_label, status_label, tender_label
from pos_app.board.card import Own, customer, own_words


class Entry(msgspec.Struct, frozen=True):
    """One operation and its state. `behind`: another of its order waits for a decision first."""

    operation: Operation
    own: Own
    behind: bool = False

    @property
    def state(self) -> str:
        return _("after the one above") if self.behind else own_words(self.own)


def entries(operations: Sequence[Operation], *, online: bool) -> tuple[Entry, ...]:
    """The queue: first what needs a decision, then by acceptance, and last what is for other shops."""
    held: set[OrderId] = {operation.order_id for operation in operations if operation.held}
    rows = [_entry(each, online=online, held=each.order_id in held) for each in operations]
    place = {each.order_id: at for at, each in reversed([*enumerate(operations)]) if each.order_id in held}
    last = len(operations)
    rows.sort(
        key=lambda row: (row.own is Own.ELSEWHERE, place.get(row.operation.order_id, last), row.operation.position)
    )
    return tuple(rows)


def _entry(operation: Operation, *, online: bool, held: bool) -> Entry:
    if operation.state is State.ELSEWHERE:
        return Entry(operation, Own.ELSEWHERE)
    if operation.held:
        return Entry(operation, Own.CONFLICT if operation.state is State.CONFLICT else Own.PARKED)
    return Entry(operation, Own.ON_ITS_WAY if online and not held else Own.WAITING, behind=held)


def did(operation: Operation) -> str:
    """The text of the cashier's change."""
    if operation.kind.makes_order:
        return _("New order taken")
    asked = operation.asked
    if isinstance(asked, ChangePayment):
        tender = asked.tender or operation.seen.tender
        words = payment_label(asked.payment, tender)
        return f"{words} · {tender_label(tender)}" if asked.payment is PaymentState.PAID else words
    to = target(operation)
    words = status_label(to) if to is not None else ""
    if isinstance(asked, RecallOrder):
        return _("Move back to {status}").format(status=words)
    return _("{before} → {after}").format(before=status_label(operation.seen.status), after=words)


def reason(operation: Operation) -> str:
    """The cashier's reason, if given."""
    asked = None if operation.kind.makes_order else operation.asked
    said = asked.reason if isinstance(asked, ChangeStatus | RecallOrder | ChangePayment) else None
    return (said or "").strip()


def again(operation: Operation) -> str:
    """The result of repeating it; empty when the current order does not allow it."""
    theirs = operation.theirs
    if theirs is None:
        return did(operation)
    asked = operation.asked
    if isinstance(asked, ChangeStatus):
        try:
            transition(theirs.status, asked.to, theirs.fulfilment, Role.CASHIER, asked.reason)
        except DomainError:
            return ""
        return status_label(asked.to)
    if isinstance(asked, RecallOrder):
        back = target_of(theirs.status, Move.RECALL, theirs.fulfilment, Role.CASHIER)
        return _("Move back to {status}").format(status=status_label(back)) if back is not None else ""
    if isinstance(asked, ChangePayment):
        try:
            check_payment(theirs, asked.payment, asked.tender or theirs.tender, asked.reason)
        except DomainError:
            return ""
    return did(operation)


def needs_number(operation: Operation) -> bool:
    """Whether it is parked because the server refuses its order's number."""
    return operation.held and operation.outcome == NUMBER_REFUSED


def number(operation: Operation) -> str:
    return operation.seen.number or _("No number yet")


def done_by_another(operation: Operation) -> str:
    """Who made the same payment, and when; empty for other conflicts, or when unknown."""
    theirs, payment = operation.theirs, operation.payment
    if theirs is None or payment is None or operation.kind is not Kind.CHANGE_PAYMENT:
        return ""
    asked = operation.asked
    if not isinstance(asked, ChangePayment) or not theirs.payment is asked.payment is payment.target:
        return ""
    told = {
        PaymentState.UNPAID: _("{name} has already marked it as not paid, at {time}."),
        PaymentState.PAID: _(
            "{name} has already taken the payment, at {time}. If you took it too, the customer has paid twice."
        ),
        PaymentState.REFUNDED: _(
            "{name} has already given it back, at {time}. If you gave it back too, the customer has it twice."
        ),
    }[payment.target]
    return told.format(name=payment.by or _("Somebody else"), time=clock(payment.at))


_KINDS: Final = {
    Kind.TAKE: "order taken",
    Kind.PLACE: "order placed",
    Kind.CHANGE_STATUS: "status",
    Kind.RECALL: "recall",
    Kind.CHANGE_PAYMENT: "payment",
    Kind.CANCEL: "cancel",
}


class Exported(msgspec.Struct, frozen=True, kw_only=True):
    """One operation in an export."""

    op_id: str
    order_id: str
    order: str
    customer: str
    what: str
    accepted_at: str
    state: str
    shop: str
    tries: int
    problem: str
    server_status: str
    request: str
    sealed: str
    """Content that only the server can open, in base64; `request` and `customer` are empty then."""


def exported(operation: Operation) -> Exported:
    return Exported(
        op_id=operation.op_id,
        order_id=operation.order_id,
        order=operation.seen.number,
        customer=operation.seen.customer_name,
        what=_KINDS[operation.kind],
        accepted_at=operation.created_at.isoformat(timespec="seconds"),
        state=operation.state.value,
        shop=operation.shop_name,
        tries=operation.failed_attempts,
        problem=operation.problem,
        server_status=operation.theirs.status.value if operation.theirs is not None else "",
        request=operation.request.decode(),
        sealed=base64.b64encode(operation.sealed).decode(),
    )


class QueueModel(RowsModel[Entry]):
    """One row an operation."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(lambda entry: entry.operation.op_id, parent)

    @override
    def value(self, row: Entry, role: int) -> str | None:
        operation = row.operation
        if role == Qt.ItemDataRole.DisplayRole:
            return number(operation)
        if role == Qt.ItemDataRole.AccessibleTextRole:
            since = _("since {time}").format(time=clock(operation.created_at))
            return ", ".join((number(operation), customer(operation.seen), did(operation), row.state, since))
        return None
