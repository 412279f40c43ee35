"""Refunds of items and amounts: what they come to, what is left, and what is refused."""

from datetime import UTC, datetime

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.domain.commands import RefundLine, RefundOrder
from core.domain.errors import CardNumber, DomainError, IllegalMove, InvalidOrder, ReasonRequired
from core.domain.ids import ItemId, LineId, OrderId, ShopId, line_id
from core.domain.menu import Menu
from core.domain.money import Tax
from core.domain.order import Channel, Order, OrderLine, PaymentState, Tender
from core.domain.pricing import price
from core.domain.refund import check_refund, left_of, line_ids, refundable_minor, refunded, value_of
from core.domain.status import Fulfilment, OrderStatus

NOW = datetime(2026, 11, 29, 12, 0, tzinfo=UTC)
UNTAXED = Tax()
ID = OrderId("0192f0a0-1111-7000-8000-000000000001")


def an_order(lines: list[tuple[int, int]], tax: Tax = UNTAXED, payment: PaymentState = PaymentState.PAID) -> Order:
    """An order of these (quantity, price of one) lines."""
    sold = tuple(
        OrderLine(ItemId(f"i{at}"), f"Item {at}", quantity, price_minor, quantity * price_minor, id=line_id(ID, at))
        for at, (quantity, price_minor) in enumerate(lines)
    )
    terms = Menu("Shop", "EUR", tax, ()).terms
    amounts = price(sold, terms, Fulfilment.PICKUP, NOW.date())
    return Order(
        id=ID,
        shop_id=ShopId("s"),
        number="POS1-000001",
        channel=Channel.COUNTER,
        status=OrderStatus.CONFIRMED,
        version=3,
        fulfilment=Fulfilment.PICKUP,
        tender=Tender.CARD,
        payment=payment,
        currency="EUR",
        subtotal_minor=amounts.subtotal_minor,
        tax_minor=amounts.tax_minor,
        total_minor=amounts.total_minor,
        placed_at=NOW,
        updated_at=NOW,
        lines=amounts.lines,
    )


def of(order: Order, *counts: int) -> tuple[RefundLine, ...]:
    """So many of the first line, so many of the second…"""
    return tuple(
        RefundLine(id=each, quantity=count) for each, count in zip(line_ids(order), counts, strict=False) if count
    )


def asked(lines: tuple[RefundLine, ...] = (), amount_minor: int | None = None, reason: str = "cold") -> RefundOrder:
    return RefundOrder(version=3, reason=reason, lines=lines, amount_minor=amount_minor)


def test_line_ids_are_uuids_of_the_orders_time_and_the_same_everywhere() -> None:
    order = an_order([(1, 100), (1, 100)])
    first, second = line_ids(order)
    assert first == "0192f0a0-1111-7b6b-847e-bcc622300f31"
    assert first != second
    old = msgspec.structs.replace(
        order, lines=tuple(msgspec.structs.replace(line, id=LineId("")) for line in order.lines)
    )
    assert line_ids(old) == [first, second]


def test_items_of_a_line_come_to_their_share_and_the_last_to_the_rest() -> None:
    order = an_order([(3, 333), (1, 500)], Tax(700, included=False))
    assert (order.tax_minor, order.total_minor) == (105, 1604)  # 70 of it for the three
    first = refunded(order, asked(of(order, 1)))
    assert first.refunded_minor == 333 + 23
    assert (left_of(first.lines[0]), first.lines[0].refunded_tax_minor) == (2, 23)
    second = refunded(first, asked(of(order, 2)))
    assert second.lines[0].refunded_minor == 999 + 70
    assert second.payment is PaymentState.PAID
    assert refundable_minor(second) == 535


def test_an_amount_is_taken_from_every_line_and_counts_for_no_item() -> None:
    order = an_order([(1, 600), (1, 300)])
    after = refunded(order, asked(amount_minor=90))
    assert [line.refunded_minor for line in after.lines] == [60, 30]
    assert [left_of(line) for line in after.lines] == [1, 1]
    assert value_of(after, of(order, 1)) == 540, "what is left of it"


def test_all_that_is_left_ends_it() -> None:
    order = an_order([(2, 600), (1, 300)], Tax(1900))
    by_parts = refunded(refunded(order, asked(of(order, 1))), asked(of(order, 1, 1)))
    at_once = refunded(refunded(order, asked(of(order, 1))))
    assert by_parts == at_once
    assert at_once.payment is PaymentState.REFUNDED
    assert (at_once.refunded_minor, sum(line.refunded_tax_minor for line in at_once.lines)) == (1500, order.tax_minor)


def test_an_amount_that_leaves_nothing_is_the_same_as_all_that_is_left() -> None:
    """Windows are told of it as of a whole refund, and come to the same lines."""
    order = an_order([(2, 600), (1, 300)], Tax(1900, included=False))
    assert refunded(order, asked(amount_minor=order.total_minor)) == refunded(order)
    part = refunded(order, asked(amount_minor=123))
    assert refunded(part, asked(amount_minor=refundable_minor(part))) == refunded(part)


@pytest.mark.parametrize(
    ("request_", "error", "field"),
    [
        (asked(), InvalidOrder, "lines"),
        (asked(amount_minor=901), IllegalMove, "amount_minor"),
        (asked((RefundLine(id=LineId(ID)),)), InvalidOrder, "lines[0].id"),
        (asked((RefundLine(id=line_id(ID, 0), quantity=3),)), IllegalMove, "lines[0].quantity"),
        (asked((RefundLine(id=line_id(ID, 0)),) * 2), InvalidOrder, "lines[1].id"),
        (asked((RefundLine(id=line_id(ID, 0)),), 299), IllegalMove, "amount_minor"),
        (asked((RefundLine(id=line_id(ID, 2)),)), IllegalMove, "lines"),
        (asked(amount_minor=5, reason=" "), ReasonRequired, "reason"),
        (asked(amount_minor=5, reason="\u200b\u2060 \ufeff"), ReasonRequired, "reason"),
        (asked(amount_minor=5, reason="4111 1111 1111 1111"), CardNumber, "reason"),
    ],
)
def test_what_is_refused(request_: RefundOrder, error: type[DomainError], field: str) -> None:
    order = an_order([(2, 300), (1, 300), (1, 0)])
    with pytest.raises(error) as caught:
        check_refund(order, request_)
    assert caught.value.field == field


@pytest.mark.parametrize("payment", [PaymentState.UNPAID, PaymentState.REFUNDED])
def test_only_what_is_paid_can_be_given_back(payment: PaymentState) -> None:
    order = an_order([(1, 300)], payment=payment)
    with pytest.raises(IllegalMove):
        check_refund(order, asked(amount_minor=1))
    assert refundable_minor(order) == 0


@settings(max_examples=150)
@given(st.data())
def test_parts_add_up_to_what_was_paid(data: st.DataObject) -> None:
    """However it is given back: no part below zero, never more than was paid, net and tax to the last unit."""
    lines = data.draw(st.lists(st.tuples(st.integers(1, 9), st.integers(0, 5000)), min_size=1, max_size=5))
    order = an_order(lines, Tax(data.draw(st.integers(0, 3000)), data.draw(st.booleans())))
    whole = order
    while order.payment is PaymentState.PAID and refundable_minor(order):
        before = order
        if data.draw(st.booleans()):
            request = asked(amount_minor=data.draw(st.integers(1, refundable_minor(order))))
        else:
            request = asked(of(order, *(data.draw(st.integers(0, left_of(line))) for line in order.lines)))
        try:
            check_refund(order, request)
        except DomainError:
            request = asked(amount_minor=refundable_minor(order))
        order = refunded(order, request)
        assert order.refunded_minor > before.refunded_minor
        for then, now in zip(before.lines, order.lines, strict=True):
            assert now.refunded_minor >= then.refunded_minor
            assert now.refunded_tax_minor >= then.refunded_tax_minor
            assert now.refunded_quantity <= now.quantity
    assert sum(line.refunded_minor for line in order.lines) == order.refunded_minor == whole.total_minor
    assert sum(line.refunded_tax_minor for line in order.lines) == whole.tax_minor
