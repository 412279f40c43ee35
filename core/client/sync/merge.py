"""Rules for conflicts: which ones are resolved automatically, and which need a person's decision.

A change is never forced. What is not plainly harmless is asked.
"""

from enum import Enum, auto

from core.client.operations import Kind, Operation, named_version, target
from core.domain.commands import ChangePayment, DeclineChange, TakePayment
from core.domain.order import Order, PaymentState
from core.domain.payment import money_of, to_pay_minor
from core.domain.status import CALLED_OFF, OrderStatus, steps_of


class Verdict(Enum):
    SUPERSEDED = auto()
    """The wanted state was reached, or passed. Never for payments: money was taken or returned whatever another has
    done."""
    AGAIN = auto()
    """The change does not affect this operation: send it again, on the current order."""
    BEHIND = auto()
    """The server has an older version than the person saw: it was restored from a backup. Others have to send their
    operations first."""
    ASK = auto()


def judge(operation: Operation, theirs: Order) -> Verdict:
    """The verdict on a refused `operation`, given the server's order `theirs`."""
    named = named_version(operation.asked)
    if named is not None and theirs.version < named:
        return Verdict.BEHIND
    if operation.kind is Kind.CHANGE_PAYMENT:
        return _payment(operation, theirs)
    if operation.kind is Kind.TAKE_PAYMENT:
        return _more_paid(operation, theirs)
    if operation.kind in (Kind.UNDO_PAYMENT, Kind.REFUND):
        return Verdict.AGAIN if _same_money(operation.seen, theirs) else Verdict.ASK
    if operation.kind is Kind.AMEND:
        # A step of the order leaves its content and its money as they were seen.
        unchanged = theirs.amendments == operation.seen.amendments and _same_money(operation.seen, theirs)
        return Verdict.AGAIN if unchanged and theirs.status not in CALLED_OFF else Verdict.ASK
    if operation.kind is Kind.ASK_CHANGE:
        # A step, a payment and what was asked before leave what is wanted as it is.
        unchanged = theirs.amendments == operation.seen.amendments and theirs.version > operation.seen.version
        return Verdict.AGAIN if unchanged and theirs.status not in CALLED_OFF else Verdict.ASK
    if operation.kind is Kind.DECLINE_CHANGE:
        return _answer(operation, theirs)
    wanted = target(operation)
    if wanted is None:
        return Verdict.ASK
    if theirs.status is wanted and theirs.version > operation.seen.version:
        return Verdict.SUPERSEDED
    if operation.kind is Kind.CHANGE_STATUS and _passed(operation.seen.status, wanted, theirs):
        return Verdict.SUPERSEDED
    # One version further with the same status, or not moved since: its payment has changed. Steps forward are
    # unaffected, but a cancellation has to be confirmed, since there is money to give back, and so has the last step
    # where some is due.
    seen = operation.seen
    unmoved = theirs.moved_at is not None and theirs.moved_at == seen.moved_at and theirs.version > seen.version
    only_payment = theirs.status is seen.status and (unmoved or theirs.version == seen.version + 1)
    unpaid_now = wanted is OrderStatus.COMPLETED and to_pay_minor(theirs) > to_pay_minor(operation.seen)
    # Whoever takes a step has to have seen what was added or removed.
    same_content = theirs.amendments == seen.amendments
    if only_payment and same_content and wanted not in CALLED_OFF and not unpaid_now:
        return Verdict.AGAIN
    return Verdict.ASK


def _answer(operation: Operation, theirs: Order) -> Verdict:
    """Nobody waits for an answer that another has given, or that the order is past. A newer request is another one."""
    asked, waits = operation.asked, theirs.open_request
    assert isinstance(asked, DeclineChange)
    if waits is None:
        return Verdict.SUPERSEDED
    same = waits.version == asked.answers and theirs.version > operation.seen.version
    return Verdict.AGAIN if same else Verdict.ASK


def _passed(source: OrderStatus, wanted: OrderStatus, theirs: Order) -> bool:
    """Whether the operation was a step forward, and the order is already beyond it."""
    steps = steps_of(theirs.fulfilment)
    if not {source, wanted, theirs.status} <= set(steps):
        return False
    return steps.index(source) < steps.index(wanted) <= steps.index(theirs.status)


def _payment(operation: Operation, theirs: Order) -> Verdict:
    asked = operation.asked
    assert isinstance(asked, ChangePayment)
    seen = operation.seen
    tender = asked.tender or seen.tender
    corrects = seen.payment is asked.payment and seen.tender is not tender
    if corrects and (theirs.payment, theirs.tender) == (asked.payment, tender):
        return Verdict.SUPERSEDED
    called_off = theirs.status in CALLED_OFF
    if _same_money(seen, theirs) and not (called_off and asked.payment is PaymentState.PAID):
        return Verdict.AGAIN
    return Verdict.ASK


def _more_paid(operation: Operation, theirs: Order) -> Verdict:
    """Another has taken a payment meanwhile: this one is taken as well while it is no more than is left to pay. Of what
    was to be all that is due, nobody knows whether less was taken."""
    asked = operation.asked
    assert isinstance(asked, TakePayment)
    if theirs.status in CALLED_OFF:
        return Verdict.ASK
    if _same_money(operation.seen, theirs):
        return Verdict.AGAIN
    left_minor = to_pay_minor(theirs)
    fits = asked.amount_minor is not None and 0 < asked.amount_minor <= left_minor
    return Verdict.AGAIN if fits else Verdict.ASK


def _same_money(seen: Order, theirs: Order) -> bool:
    """Whether the order has changed since, and nothing about its money has."""
    return money_of(seen) == money_of(theirs) and theirs.version > seen.version
