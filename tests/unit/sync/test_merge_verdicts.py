"""What becomes of a refused operation: every verdict at its edges, by itself."""

from datetime import UTC, datetime, timedelta

import msgspec
import pytest

from core.client.operations import Kind, Operation, Owner
from core.client.sync.merge import Verdict, judge
from core.domain.commands import (
    CancelOrder,
    Change,
    ChangePayment,
    ChangeStatus,
    DeclineChange,
    RecallOrder,
    TakeOrder,
    TakePayment,
)
from core.domain.ids import OpId, OrderId
from core.domain.order import ChangeRequest, NewLine, Order, Payment, PaymentState, Tender
from core.domain.order_rules import Offer, place
from core.domain.status import Fulfilment, OrderStatus
from tests.support.menus import CHIPS, MENU

S, P, T = OrderStatus, PaymentState, Tender
NOON = datetime(2026, 5, 4, 12, tzinfo=UTC)
KINDS = {
    ChangeStatus: Kind.CHANGE_STATUS,
    RecallOrder: Kind.RECALL,
    CancelOrder: Kind.CANCEL,
    ChangePayment: Kind.CHANGE_PAYMENT,
    TakePayment: Kind.TAKE_PAYMENT,
    DeclineChange: Kind.DECLINE_CHANGE,
}


def order(**given: object) -> Order:
    """Version 3, confirmed, to be collected, unpaid, to be paid in cash."""
    taken = TakeOrder(lines=(NewLine(item_id=CHIPS.id),), payment=P.UNPAID)
    made = place(taken, Offer("s", MENU.terms, MENU.items()), None, order_id=OrderId("o"), at=NOON)  # type: ignore[arg-type]
    return msgspec.structs.replace(made, **({"version": 3} | given))


def operation(asked: Change, seen: Order) -> Operation:
    return Operation(
        position=1,
        op_id=OpId("op"),
        owner=Owner("kim", "s"),
        order_id=seen.id,
        kind=KINDS[type(asked)],
        request=msgspec.json.encode(asked),
        seen=seen,
        created_at=NOON,
    )


def verdict(asked: Change, theirs: Order, **seen: object) -> Verdict:
    return judge(operation(asked, order(**seen)), theirs)


STEP = ChangeStatus(to=S.PREPARING, version=3)
PAY = ChangePayment(payment=P.PAID, version=3)
CORRECT = ChangePayment(payment=P.UNPAID, tender=T.CARD, version=3)


@pytest.mark.parametrize(
    ("asked", "theirs", "expected"),
    [
        # The server knows less than was seen, by the version that the request names; the same version is no less.
        (STEP, order(version=2), Verdict.BEHIND),
        (STEP, order(version=3), Verdict.ASK),
        (PAY, order(version=2), Verdict.BEHIND),
        (CancelOrder(), order(version=2), Verdict.ASK),  # it names no version
        # What was wanted is so already: only if that came after what was seen.
        (STEP, order(status=S.PREPARING, version=4), Verdict.SUPERSEDED),
        (STEP, order(status=S.PREPARING, version=3), Verdict.SUPERSEDED),  # one step forward, and there it is
        (CancelOrder(), order(status=S.CANCELLED, version=4), Verdict.SUPERSEDED),
        (CancelOrder(), order(status=S.CANCELLED, version=3), Verdict.ASK),
        # A step forward that the order has gone beyond.
        (STEP, order(status=S.READY, version=5), Verdict.SUPERSEDED),
        (STEP, order(status=S.PENDING, version=5), Verdict.ASK),
        (STEP, order(status=S.CANCELLED, version=4), Verdict.ASK),
        (RecallOrder(version=3), order(status=S.READY, version=5), Verdict.ASK),
        # One version further with the same status: somebody took the payment.
        (STEP, order(version=4), Verdict.AGAIN),
        (STEP, order(version=5), Verdict.AGAIN),  # two payments: it came to its status when it was seen to
        (STEP, order(version=5, moved_at=NOON + timedelta(minutes=1)), Verdict.ASK),  # moved there and back
        (STEP, order(version=5, moved_at=None), Verdict.ASK),
        (ChangeStatus(to=S.CANCELLED, version=3, reason="x"), order(version=4, payment=P.PAID), Verdict.ASK),
        # Money: never superseded but for a tender that both have corrected in the same way.
        (PAY, order(version=4, status=S.PREPARING), Verdict.AGAIN),
        (PAY, order(version=3), Verdict.ASK),
        (PAY, order(version=4, payment=P.PAID), Verdict.ASK),
        (PAY, order(version=4, tender=T.CARD), Verdict.ASK),
        (PAY, order(version=4, status=S.CANCELLED), Verdict.ASK),  # who takes money for it should know
        (
            ChangePayment(payment=P.UNPAID, tender=T.CARD, version=3),
            order(version=4, tender=T.CARD),
            Verdict.SUPERSEDED,
        ),
        (CORRECT, order(version=4), Verdict.AGAIN),
    ],
)
def test_a_verdict(asked: Change, theirs: Order, expected: Verdict) -> None:
    assert verdict(asked, theirs) is expected


def test_who_gives_money_back_for_a_cancelled_order_may_go_on() -> None:
    asked = ChangePayment(payment=P.REFUNDED, version=3, reason="cold")
    theirs = order(version=4, payment=P.PAID, status=S.REJECTED)
    assert verdict(asked, theirs, payment=P.PAID) is Verdict.AGAIN


def test_a_step_counts_in_the_line_of_the_orders_own_fulfilment() -> None:
    asked = ChangeStatus(to=S.OUT_FOR_DELIVERY, version=3)
    delivery = {"fulfilment": Fulfilment.DELIVERY}
    theirs = order(status=S.COMPLETED, version=5, **delivery)
    assert verdict(asked, theirs, status=S.READY, **delivery) is Verdict.SUPERSEDED


def test_a_move_back_is_never_taken_for_passed() -> None:
    asked = ChangeStatus(to=S.CONFIRMED, version=3)
    assert verdict(asked, order(status=S.READY, version=5), status=S.CONFIRMED) is Verdict.ASK
    assert verdict(asked, order(status=S.READY, version=5), status=S.PREPARING) is Verdict.ASK


@pytest.mark.parametrize(
    ("before", "now", "expected"),
    [
        (P.PAID, P.UNPAID, Verdict.ASK),
        (P.UNPAID, P.PAID, Verdict.AGAIN),
        (P.UNPAID, P.UNPAID, Verdict.AGAIN),
    ],
)
def test_what_became_unpaid_is_not_handed_over_unasked(
    before: PaymentState, now: PaymentState, expected: Verdict
) -> None:
    asked = ChangeStatus(to=S.COMPLETED, version=3)
    assert verdict(asked, order(version=4, status=S.READY, payment=now), status=S.READY, payment=before) is expected


@pytest.mark.parametrize(
    ("amount_minor", "expected"),
    [(1, Verdict.AGAIN), (345, Verdict.AGAIN), (346, Verdict.ASK), (0, Verdict.ASK), (None, Verdict.ASK)],
)
def test_a_payment_beside_anothers_is_taken_while_it_is_no_more_than_is_left(
    amount_minor: int | None, expected: Verdict
) -> None:
    asked = TakePayment(tender=T.CASH, amount_minor=amount_minor, tip_minor=0 if amount_minor else 50, version=3)
    assert verdict(asked, order(version=4, payments=(Payment(T.CARD, 100),))) is expected


@pytest.mark.parametrize(
    ("theirs", "waits", "expected"),
    [
        (4, 2, Verdict.AGAIN),  # a payment has come between
        (3, 2, Verdict.ASK),
        (4, 4, Verdict.ASK),  # another request
        (4, None, Verdict.SUPERSEDED),
    ],
)
def test_an_answer_is_for_the_request_that_was_seen(theirs: int, waits: int | None, expected: Verdict) -> None:
    request = None if waits is None else ChangeRequest(version=waits, at=NOON, lines=(), total_minor=445)
    asked = DeclineChange(version=3, answers=2, reason="too late")
    assert verdict(asked, order(version=theirs, change_request=request)) is expected
