"""Discounts of lines and of orders: what they come to, who may give them, and what comes back with a refund."""

from datetime import UTC, datetime

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.domain import order_sheet
from core.domain.commands import PlaceOrder, RefundLine, RefundOrder, TakeOrder
from core.domain.discount import Discount
from core.domain.errors import CardNumber, DomainError, InvalidOrder, ReasonRequired
from core.domain.ids import ItemId, OrderId
from core.domain.order import NewLine, Order, PaymentState
from core.domain.order_rules import place
from core.domain.pricing import discounts_text, order_taxes
from core.domain.refund import refunded
from core.domain.status import Fulfilment
from tests.unit.orders.test_pricing import offer

NOON = datetime(2026, 11, 29, 12, 0, tzinfo=UTC)
ID = OrderId("0192f0a0-1111-7000-8000-000000000001")
HALF = Discount(rate=50_000, reason="Staff meal")
COMP = Discount(rate=100_000, reason="Cold soup")
FIVER = Discount(amount_minor=500, reason="Regular")


def line(name: str, quantity: int = 1, discount: Discount | None = None) -> NewLine:
    return NewLine(item_id=ItemId(name), quantity=quantity, discount=discount)


def taken(*lines: NewLine, discount: Discount | None = None, included: bool = True) -> Order:
    asked = TakeOrder(lines=lines, fulfilment=Fulfilment.PICKUP, discount=discount)
    return place(asked, offer(included=included), None, order_id=ID, at=NOON)


discounts = (
    st.none()
    | st.builds(Discount, rate=st.integers(1, 100_000), reason=st.just("a"), amount_minor=st.none())
    | st.builds(Discount, amount_minor=st.integers(1, 5_000), reason=st.just("b"), rate=st.none())
)
lines = st.lists(
    st.builds(line, st.sampled_from(["beer", "soup", "book"]), st.integers(1, 9), discounts), min_size=1, max_size=8
)


def test_a_line_and_then_the_order_are_reduced() -> None:
    order = taken(line("soup", 2, HALF), line("beer"), discount=FIVER)
    soup, beer = order.lines
    assert (soup.total_minor, soup.discount_minor, beer.discount_minor) == (1_790, 895, 0)
    assert soup.order_discount_minor + beer.order_discount_minor == 500
    assert (order.subtotal_minor, order.discount_minor, order.total_minor) == (2_180, 1_395, 785)
    assert order.tax_included
    assert [tax.net_minor + tax.tax_minor for tax in order_taxes(order)] == [soup.amount_minor, beer.amount_minor]


def test_a_comp_leaves_nothing_and_no_tax() -> None:
    for included in (True, False):
        order = taken(line("soup", 2), line("beer"), discount=COMP, included=included)
        assert (order.total_minor, order.tax_minor, order.discount_minor) == (0, 0, 2_180)


@given(lines, discounts, st.booleans())
def test_parts_add_up_and_nothing_falls_below_zero(
    sold: list[NewLine], discount: Discount | None, included: bool
) -> None:
    order = taken(*sold, discount=discount, included=included)
    for each in order.lines:
        assert each.discount_minor >= 0
        assert each.order_discount_minor >= 0
        assert each.amount_minor >= 0
    assert order.subtotal_minor - order.discount_minor == sum(each.amount_minor for each in order.lines)
    added_minor = 0 if included else order.tax_minor
    assert order.total_minor == sum(each.amount_minor for each in order.lines) + added_minor
    assert sum(tax.tax_minor for tax in order_taxes(order)) == order.tax_minor
    without = taken(*(msgspec.structs.replace(each, discount=None) for each in sold), included=included)
    assert order.total_minor <= without.total_minor


@given(lines, discounts, st.booleans(), st.data())
def test_refunds_give_back_what_was_paid_and_no_discount(
    sold: list[NewLine], discount: Discount | None, included: bool, data: st.DataObject
) -> None:
    order = taken(*sold, discount=discount, included=included)
    for number in range(len(sold)):
        left = order.lines[number].quantity
        count = data.draw(st.integers(1, left))
        if order.payment is not PaymentState.PAID:
            break
        order = refunded(
            order,
            RefundOrder(version=1, reason="x", lines=(RefundLine(id=order.lines[number].id, quantity=count),)),
        )
        after = order.lines[number]
        paid_minor = after.amount_minor + (0 if included else after.tax_minor)
        assert 0 <= after.refunded_minor <= paid_minor
        if after.refunded_quantity == after.quantity:
            assert after.refunded_minor == paid_minor, "the last one gives the rest"
    assert refunded(order).refunded_minor == order.total_minor


def test_a_customer_gives_themselves_none() -> None:
    asked = PlaceOrder(lines=(line("beer"), line("soup", 1, COMP)))
    with pytest.raises(InvalidOrder, match="at the counter") as refused:
        place(asked, offer(), None, order_id=ID, at=NOON)
    assert refused.value.field == "lines[1].discount"


@pytest.mark.parametrize(
    ("discount", "kind", "field"),
    [
        (Discount(reason="x"), InvalidOrder, ""),
        (Discount(reason="x", rate=1, amount_minor=1), InvalidOrder, ""),
        (Discount(reason="x", rate=100_001), InvalidOrder, ".rate"),
        (Discount(reason="x", rate=0), InvalidOrder, ".rate"),
        (Discount(reason="x", amount_minor=-1), InvalidOrder, ".amount_minor"),
        (Discount(reason="  ", rate=1), ReasonRequired, ".reason"),
        (Discount(reason="4111 1111 1111 1111", rate=1), CardNumber, ".reason"),
    ],
)
def test_what_is_no_discount_is_refused(discount: Discount, kind: type[DomainError], field: str) -> None:
    with pytest.raises(kind) as refused:
        taken(line("beer"), discount=discount)
    assert refused.value.field == f"discount{field}"
    with pytest.raises(kind) as refused:
        taken(line("beer"), line("soup", 1, discount))
    assert refused.value.field == f"lines[1].discount{field}"


def test_they_are_written_down_with_their_reasons() -> None:
    order = taken(line("soup", 1, HALF), line("beer"), discount=FIVER)
    assert discounts_text(order) == "Soup \N{MINUS SIGN}50 %: Staff meal; \N{MINUS SIGN}5.00: Regular"
    header, row = order_sheet.rows([order], {}, None)
    sheet = dict(zip(header, row, strict=True))
    assert (str(sheet["subtotal"]), str(sheet["discount"]), str(sheet["total"])) == ("12.85", "9.48", "3.37")
    assert sheet["discount_reason"] == discounts_text(order)
