"""An operation of the outbox in words: the change, its reason, and the result of repeating it now."""

from core.client.operations import Kind, Operation, target
from core.client.sync.outbox import NUMBER_REFUSED, RIGHT_REFUSED
from core.domain.commands import (
    AmendOrder,
    ChangePayment,
    ChangeStatus,
    DeclineChange,
    MoneyChange,
    RecallOrder,
    RefundOrder,
    TakePayment,
    UndoPayment,
)
from core.domain.drawers import CloseDrawer, CountDrawer, DrawerCommand, MoveCash, OpenDrawer
from core.domain.errors import DomainError
from core.domain.held_baskets import HoldBasket
from core.domain.order import Order, Payment, PaymentState
from core.domain.order_rules import move_money
from core.domain.payment import PaymentChange, check_payment, needed_minor, paid_minor, payments_of, to_pay_minor
from core.domain.people import Role
from core.domain.refund import money_back, refunded
from core.domain.status import Move, target_of, transition
from core.protocol.approval import claimed
from core.ui.text import _, clock, drawer_act_label, money, payment_label, payment_text, status_label, tender_label
from pos_app.order.card import back_text


def did(operation: Operation) -> str:
    """The text of the cashier's change."""
    if operation.kind.makes_order:
        return _("New order taken")
    if operation.kind.is_of_basket:
        return _done_with_basket(operation)
    asked = operation.asked
    if isinstance(asked, DrawerCommand):
        return _done_at_drawer(asked)
    if isinstance(asked, AmendOrder):
        return _("Change accepted") if asked.answers else _("Order changed")
    if isinstance(asked, DeclineChange):
        return _("Change declined")
    if isinstance(asked, ChangePayment):
        tender = asked.tender or operation.seen.tender
        if asked.payment is PaymentState.REFUNDED:
            return _rest_refunded(operation.seen)
        words = payment_label(asked.payment, tender)
        return f"{words} · {tender_label(tender)}" if asked.payment is PaymentState.PAID else words
    if isinstance(asked, RefundOrder):
        return _("Refunded {amount}").format(amount=money(asked.amount_minor or 0, operation.seen.currency))
    if isinstance(asked, TakePayment):
        amount_minor = to_pay_minor(operation.seen) if asked.amount_minor is None else asked.amount_minor
        return payment_text(Payment(asked.tender, amount_minor, asked.tip_minor), operation.seen.currency)
    if isinstance(asked, UndoPayment):
        return _undone(asked, operation.seen)
    to = target(operation)
    words = status_label(to) if to is not None else ""
    if isinstance(asked, RecallOrder):
        return _("Move back to {status}").format(status=words)
    return _("{before} → {after}").format(before=status_label(operation.seen.status), after=words)


def _done_with_basket(operation: Operation) -> str:
    match operation.kind:
        case Kind.HOLD_BASKET:
            asked = None if operation.sealed else operation.asked
            words, name = _("Basket held"), asked.label if isinstance(asked, HoldBasket) else ""
            return f"{words} · {name}" if name else words
        case Kind.TAKE_BASKET:
            return _("Held basket opened")
        case _:
            return _("Held basket deleted")


def _done_at_drawer(asked: DrawerCommand) -> str:
    match asked:
        case OpenDrawer():
            return _("Drawer opened")
        case MoveCash():
            drawer = _("Drawer")
            return f"{drawer} · {drawer_act_label(asked.act)}"
        case CountDrawer():
            return _("Drawer counted")
        case CloseDrawer():
            return _("Drawer closed")


def reason(operation: Operation) -> str:
    """The cashier's reason, if given."""
    asked = None if operation.kind.is_personal else operation.asked
    return (getattr(asked, "reason", "") or "").strip()


def cash_of(operation: Operation) -> list[str]:
    """Lines for the amount that was handed over for a payment in cash, and its change."""
    asked = None if operation.kind.is_personal else operation.asked
    if not isinstance(asked, TakePayment) or asked.given_minor is None:
        return []
    currency, change_minor = operation.seen.currency, asked.given_minor - _taken_minor(operation.seen, asked)
    given = _("Cash given: {amount}").format(amount=money(asked.given_minor, currency))
    return [given, _("Change: {amount}").format(amount=money(change_minor, currency))]


def _taken_minor(order: Order, asked: TakePayment) -> int:
    return needed_minor(order, asked) + (asked.rounding_minor or 0)


def without_it(operation: Operation) -> str:
    """The money that has changed hands and has no record once the operation is given up, and what to do about it; empty
    for none."""
    order, asked = operation.seen, None if operation.kind.is_personal else operation.asked
    if isinstance(asked, TakePayment):
        taken = {asked.tender: _taken_minor(order, asked)}
    elif isinstance(asked, ChangePayment) and asked.payment is PaymentState.PAID:
        taken = {asked.tender or order.tender: to_pay_minor(order)}
    else:
        taken = {}
    if any(taken.values()):
        told = _("You took {amount}: without this, give it back.")
        return told.format(amount=back_text(taken, order.currency))
    if not payments_of(order):
        back = {}  # nothing was there to be given back
    elif isinstance(asked, RefundOrder):
        back = money_back(order, refunded(order, asked))
    elif isinstance(asked, ChangePayment) and asked.payment is PaymentState.REFUNDED:
        back = money_back(order, refunded(order, None, asked.tender, asked.rounding))
    else:
        back = {}
    if back:
        told = _("You gave back {amount}: without this, it is missing in the books; take it back.")
        return told.format(amount=back_text(back, order.currency))
    return ""


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
    if isinstance(asked, TakePayment | UndoPayment | RefundOrder):
        try:
            move_money(theirs, asked, theirs.updated_at)
        except DomainError:
            return ""
    if isinstance(asked, AmendOrder) and theirs.amendments != operation.seen.amendments:
        return ""
    answers = asked.answers if isinstance(asked, AmendOrder | DeclineChange) else 0
    if answers and (theirs.open_request is None or theirs.open_request.version != answers):
        return ""
    if isinstance(asked, ChangePayment):
        try:
            check_payment(theirs, asked.payment, asked.tender or theirs.tender, asked.reason)
        except DomainError:
            return ""
        if asked.payment is PaymentState.REFUNDED:
            return _rest_refunded(theirs)
    return did(operation)


def _undone(asked: UndoPayment, order: Order) -> str:
    if asked.tender is None:
        return _("Not paid after all")
    payment = Payment(asked.tender, asked.amount_minor, asked.tip_minor)
    return _("Taken back: {payment}").format(payment=payment_text(payment, order.currency))


def _rest_refunded(order: Order) -> str:
    """A refund of all that is left."""
    return _("Refunded {amount}").format(amount=money(order.total_minor - order.refunded_minor, order.currency))


def _paid_meanwhile(seen: Order, theirs: Order, payment: PaymentChange) -> str:
    more_minor = paid_minor(theirs) - paid_minor(seen)
    if more_minor <= 0:
        return ""
    told = _("{name} has taken {amount} meanwhile, at {time}; {left} is left to pay. If you took more, give it back.")
    return told.format(
        name=payment.by or _("Somebody else"),
        amount=money(more_minor, theirs.currency),
        time=clock(payment.at),
        left=money(to_pay_minor(theirs), theirs.currency),
    )


def needs_number(operation: Operation) -> bool:
    """Whether it is parked because the server refuses its order's number."""
    return operation.held and operation.outcome == NUMBER_REFUSED


def needs_approval(operation: Operation) -> bool:
    """Whether it is parked because the person's role may not do it, and nobody has allowed it who may."""
    return operation.held and operation.outcome == RIGHT_REFUSED


def allowed_here(operation: Operation) -> str:
    """The approver at this POS, whom the server has yet to confirm; empty for none."""
    approval = "" if operation.kind.is_personal and operation.sealed else getattr(operation.asked, "approval", "")
    claim = claimed(approval) if approval else None
    if claim is None or not claim.enrolled:
        return ""
    return _("Allowed by {name}, not yet confirmed by the server.").format(name=claim.name)


def number(operation: Operation) -> str:
    return operation.seen.number or _("No number yet")


def done_by_another(operation: Operation) -> str:
    """The author and time of the same payment; empty for other conflicts, or when unknown."""
    theirs, payment = operation.theirs, operation.payment
    asked = None if operation.kind.is_personal else operation.asked
    if theirs is None or payment is None or not isinstance(asked, MoneyChange):
        return ""
    if isinstance(asked, TakePayment):
        return _paid_meanwhile(operation.seen, theirs, payment)
    back_minor = theirs.refunded_minor - operation.seen.refunded_minor
    refunds = isinstance(asked, RefundOrder)
    refunds = refunds or (isinstance(asked, ChangePayment) and asked.payment is PaymentState.REFUNDED)
    if back_minor > 0 and refunds:
        told_back = _("{name} has given back {amount}, at {time}. If you gave it back too, the customer has it twice.")
        amount = money(back_minor, theirs.currency)
        return told_back.format(name=payment.by or _("Somebody else"), amount=amount, time=clock(payment.at))
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
