"""Amendments of placed orders: what they come to, what is to be paid or given back, and what is refused."""

import random
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from core.domain import order_rules, order_sheet
from core.domain.acts import Act, Need
from core.domain.amendment import difference_minor
from core.domain.booking import booked, change_of, charges_of, payments_in
from core.domain.commands import (
    AmendedLine,
    AmendOrder,
    CancelOrder,
    ChangePayment,
    ChangeStatus,
    MoneyChange,
    RefundLine,
    RefundOrder,
    TakeOrder,
    TakePayment,
    UndoPayment,
)
from core.domain.discount import Discount
from core.domain.errors import CardNumber, DomainError, IllegalMove, InvalidOrder, ReasonRequired
from core.domain.ids import ItemId, LineId, ModifierId, OrderId, ShopId, line_id
from core.domain.menu import Menu
from core.domain.order import LineChange, NewLine, Order, Payment, PaymentState, Tender
from core.domain.order_rules import Offer, Stale
from core.domain.payment import payments_of, tip_minor, to_give_back_minor, to_pay_minor
from core.domain.people import Role
from core.domain.refund import left_minor, refundable_minor
from core.domain.rights import needs_of
from core.domain.sale.ledger import Entry, EntryKind, Ledger
from core.domain.sale.taxes import Tax, TaxEntry, TaxTable
from core.domain.sale.turnover import Booked, Figures, Part, Sold, figures
from core.domain.status import Fulfilment, OrderStatus
from tests.support.menus import BOWL, CHIPS, MENU, SODA, taxed

NOW = datetime(2026, 11, 29, 12, 0, tzinfo=UTC)
LATER = NOW + timedelta(minutes=5)
ID = OrderId("0192f0a0-1111-7000-8000-000000000001")
CASH, CARD = Tender.CASH, Tender.CARD
UNPAID, PAID, REFUNDED = PaymentState.UNPAID, PaymentState.PAID, PaymentState.REFUNDED
MILD = ModifierId("mild")
TWO_CHIPS = (NewLine(item_id=CHIPS.id, quantity=2), NewLine(item_id=SODA.id))


def offer_of(menu: Menu) -> Offer:
    return Offer(ShopId("s"), msgspec.structs.replace(menu.terms, time_zone="UTC"), menu.items(), "US")


OFFER = offer_of(MENU)


def taken(payment: PaymentState = UNPAID, offer: Offer = OFFER, lines: tuple[NewLine, ...] = TWO_CHIPS) -> Order:
    asked = TakeOrder(lines=lines, payment=payment, tender=CARD, fulfilment=Fulfilment.PICKUP, customer_name="Ada")
    return order_rules.place(asked, offer, None, order_id=ID, number="POS1-000001", at=NOW)


def as_it_is(order: Order, **more: Any) -> AmendOrder:
    """An amendment that changes nothing but `more`."""
    asked = AmendOrder(
        version=order.version,
        lines=tuple(
            AmendedLine(id=line.id, quantity=line.quantity, note=line.note, discount=line.discount)
            for line in order.lines
        ),
        fulfilment=order.fulfilment,
        discount=order.discount,
        customer_name=order.customer_name,
        customer_phone=order.customer_phone,
        address=order.address,
        note=order.note,
        reason="The guest has changed their mind",
    )
    return msgspec.structs.replace(asked, **more)


def refund(order: Order, **what: Any) -> Order:
    asked = RefundOrder(version=order.version, reason="cold", **what)
    return order_rules.change(order, asked, Role.CASHIER, LATER)


def amend(order: Order, offer: Offer = OFFER, at: datetime = LATER, **more: Any) -> Order:
    return order_rules.change(order, as_it_is(order, **more), Role.CASHIER, at, offer=offer)


def without(order: Order, place: int) -> tuple[AmendedLine, ...]:
    kept = as_it_is(order).lines
    return kept[:place] + kept[place + 1 :]


def with_new(order: Order, item_id: ItemId = SODA.id, **more: Any) -> tuple[AmendedLine, ...]:
    return (*as_it_is(order).lines, msgspec.structs.replace(AmendedLine(item_id=item_id), **more))


def test_each_line_is_charged_its_own_difference() -> None:
    offer = offer_of(taxed(included=False))
    before = taken(PAID, offer)
    chips, soda = as_it_is(before).lines
    after = amend(before, offer, lines=(msgspec.structs.replace(chips, quantity=3),))
    more, less = charges_of(before, after)
    assert (more.line, more.quantity, more.amount, more.tax, more.reference) == (chips.id, 1, 445 + 31, 31, "VAT:7000")
    assert (less.line, less.quantity, less.amount, less.tax) == (soda.id, -1, -109 - 21, -21)
    assert less.reference == "VAT:19000"


def test_an_unpaid_order_is_replaced() -> None:
    order = taken()
    after = amend(order, lines=with_new(order))
    assert (after.total_minor, after.payment, to_pay_minor(after)) == (order.total_minor + 109, UNPAID, 999 + 109)
    assert (after.version, after.amendments, after.placed_at, after.updated_at) == (2, 1, NOW, LATER)
    assert [line.quantity for line in after.lines] == [2, 1, 1]
    assert after.changed == (LineChange(after.lines[2].id, SODA.name, 0, 1),)


def test_the_export_says_how_often_an_order_was_changed() -> None:
    order = taken()
    twice = amend(amend(order, lines=with_new(order)), lines=as_it_is(order).lines)
    header, *rows = order_sheet.rows([order, twice], {}, None)
    assert [dict(zip(header, row, strict=True))["amendments"] for row in rows] == [0, 2]


def test_refunds_by_amendments_are_judged_together() -> None:
    """A limit to give money back is for the order."""
    order = taken(PAID)
    after = amend(order, lines=without(order, 1))
    assert needs_of(as_it_is(order), order, after) == (Need(Act.VOID), Need(Act.REFUND, 109))
    halved = msgspec.structs.replace(as_it_is(after).lines[0], quantity=1)
    again = amend(after, lines=(halved,))
    assert needs_of(as_it_is(after), after, again)[-1] == Need(Act.REFUND, 109 + 445)


def test_an_order_keeps_whether_its_prices_contain_the_tax() -> None:
    order = taken()
    assert order.tax_minor
    terms = msgspec.structs.replace(OFFER.terms, inclusive=not OFFER.terms.inclusive)
    changed = OFFER._replace(terms=terms)
    after = amend(order, changed, note="no straw", reason="")
    assert (after.total_minor, after.tax_minor, after.note) == (order.total_minor, order.tax_minor, "no straw")
    less = amend(order, changed, lines=without(order, 1))
    assert less.total_minor == amend(order, lines=without(order, 1)).total_minor
    with pytest.raises(InvalidOrder, match="whether prices contain the tax"):
        amend(order, changed, lines=with_new(order))


def test_what_is_added_to_a_paid_order_is_to_be_paid() -> None:
    order = taken(PAID)
    after = amend(order, lines=with_new(order), reason="")
    assert (after.payment, to_pay_minor(after), payments_of(after)) == (UNPAID, 109, (Payment(CARD, 999),))
    assert difference_minor(order, after) == 109
    paid = order_rules.change(after, TakePayment(version=2, tender=CASH), Role.CASHIER, LATER)
    assert (paid.payment, payments_of(paid)) == (PAID, (Payment(CARD, 999), Payment(CASH, 109)))


def test_what_is_taken_off_a_paid_order_is_given_back_by_what_paid_it() -> None:
    order = taken(PAID)
    after = amend(order, lines=without(order, 0))
    assert (after.total_minor, after.payment, to_pay_minor(after)) == (109, PAID, 0)
    assert after.payments == (Payment(CARD, 999, refunded_minor=890),)
    assert difference_minor(order, after) == -890
    again = amend(after, lines=with_new(after, CHIPS.id))
    assert (again.payment, to_pay_minor(again)) == (UNPAID, 445)
    called_off = order_rules.change(
        again, ChangeStatus(to=OrderStatus.CANCELLED, version=3, reason="x"), Role.CASHIER, LATER
    )
    assert to_give_back_minor(called_off) == 109
    back = order_rules.change(called_off, UndoPayment(version=4, reason="x"), Role.CASHIER, LATER)
    assert (back.payment, to_give_back_minor(back)) == (REFUNDED, 0)
    assert back.payments == (Payment(CARD, 999, refunded_minor=999),)


def test_a_deposit_that_is_enough_now_pays_the_order() -> None:
    order = order_rules.change(taken(), TakePayment(version=1, tender=CASH, amount_minor=500), Role.CASHIER, NOW)
    after = amend(order, lines=without(order, 0))
    assert (after.payment, after.payments) == (PAID, (Payment(CASH, 500, refunded_minor=391),))


def test_it_is_given_back_first_by_the_tender_that_is_named() -> None:
    order = taken()
    for tender, amount in ((CARD, 500), (CASH, None)):
        asked = TakePayment(version=order.version, tender=tender, amount_minor=amount)
        order = order_rules.change(order, asked, Role.CASHIER, NOW)
    by_card = amend(order, lines=without(order, 1))
    assert [each.refunded_minor for each in by_card.payments] == [109, 0]
    in_cash = amend(order, lines=without(order, 1), tender=CASH)
    assert [each.refunded_minor for each in in_cash.payments] == [0, 109]


def test_no_position_is_used_twice() -> None:
    order = taken()
    once = amend(order, lines=with_new(order))
    removed = amend(once, lines=without(once, 2))
    again = amend(removed, lines=with_new(removed))
    ids = {line.id for each in (order, once, removed, again) for line in each.lines}
    assert len(ids) == 4
    assert again.lines[2].id == line_id(ID, 3 * 200)


def test_lines_that_stay_keep_price_and_rates() -> None:
    offer = offer_of(taxed(included=False))
    order = taken(offer=offer)
    dearer = {CHIPS.id: msgspec.structs.replace(CHIPS, price_minor=900), SODA.id: SODA}
    table = TaxTable((TaxEntry("standard", (Tax("VAT", 10_000),)), TaxEntry("drinks", (Tax("VAT", 10_000),))))
    now = Offer(offer.shop_id, msgspec.structs.replace(offer.terms, taxes=table), dearer)
    after = amend(order, now, lines=with_new(order, CHIPS.id))
    assert [line.unit_price_minor for line in after.lines] == [445, 109, 900]
    assert [line.taxes[0].rate for line in after.lines] == [7_000, 19_000, 10_000]
    assert [line.tax_category for line in after.lines] == [line.tax_category for line in order.lines] + [""]
    eaten_here = amend(order, now, fulfilment=Fulfilment.DINE_IN)
    assert [line.taxes[0].rate for line in eaten_here.lines] == [10_000, 10_000], "what differs is looked up"


def test_name_phone_table_note_and_fulfilment() -> None:
    order = taken()
    after = amend(
        order,
        fulfilment=Fulfilment.DELIVERY,
        address=" 1 Main St ",
        customer_name=" 7 ",
        customer_phone="(212) 555-0123",
        note="ring",
        reason="",
    )
    assert (after.fulfilment, after.address, after.customer_name) == (Fulfilment.DELIVERY, "1 Main St", "7")
    assert (after.customer_phone, after.note, after.changed) == ("+12125550123", "ring", ())


def test_a_change_of_nothing_is_none() -> None:
    order = taken(PAID)
    assert amend(order) is order


def test_what_changed_is_told_until_the_next_step() -> None:
    order = taken()
    once = amend(order, lines=(AmendedLine(id=order.lines[0].id, quantity=1, note="hot"), *without(order, 0)))
    assert once.changed == (LineChange(order.lines[0].id, CHIPS.name, 2, 1, (), "hot"),)
    twice = amend(once, lines=with_new(once))
    assert [(each.before, each.now) for each in twice.changed] == [(2, 1), (0, 1)]
    gone = amend(twice, lines=without(twice, 2))
    assert [(each.before, each.now) for each in gone.changed] == [(2, 1)], "added and removed again is nothing"
    none = amend(gone, lines=(AmendedLine(id=order.lines[1].id),))
    assert [(each.name, each.before, each.now) for each in none.changed] == [(CHIPS.name, 2, 0)]
    moved = order_rules.change(none, ChangeStatus(to=OrderStatus.PREPARING, version=5), Role.CASHIER, LATER)
    assert moved.changed == ()


@pytest.mark.parametrize(
    ("more", "error", "field"),
    [
        ({"lines": (AmendedLine(id=line_id(ID, 9)),)}, InvalidOrder, "lines[0].id"),
        ({"lines": (AmendedLine(id=line_id(ID, 0)), AmendedLine(id=line_id(ID, 0)))}, InvalidOrder, "lines[1].id"),
        ({"lines": (AmendedLine(item_id=ItemId("no")),)}, InvalidOrder, "lines[0].item_id"),
        ({"lines": (AmendedLine(item_id=BOWL.id),)}, InvalidOrder, "lines[0].modifier_ids"),
        ({"lines": (AmendedLine(id=line_id(ID, 0), quantity=1),), "reason": " "}, ReasonRequired, "reason"),
        ({"discount": Discount(rate=50_000, reason="x"), "reason": ""}, ReasonRequired, "reason"),
        ({"discount": Discount(reason="x")}, InvalidOrder, "discount"),
        ({"fulfilment": Fulfilment.DELIVERY}, InvalidOrder, "address"),
        ({"note": "4242 4242 4242 4242"}, CardNumber, "note"),
        ({"reason": "4242 4242 4242 4242"}, CardNumber, "reason"),
        ({"version": 7}, Stale, "version"),
    ],
)
def test_what_is_refused(more: dict[str, Any], error: type[DomainError], field: str) -> None:
    with pytest.raises(error) as refused:
        amend(taken(PAID), **more)
    assert refused.value.field == field


def test_only_while_its_business_day_lasts() -> None:
    order = taken()
    night = datetime(2026, 11, 30, 3, 59, tzinfo=UTC)
    assert amend(order, at=night, note="late").note == "late"
    with pytest.raises(IllegalMove, match="business day"):
        amend(order, at=night + timedelta(minutes=1), note="late")
    arrived = amend(order, at=night + timedelta(days=2), note="late", moved_at_client=night)
    assert arrived.note == "late", "it was done in time at a till without a server"


def test_not_once_it_is_called_off_or_all_of_it_was_refunded() -> None:
    order = taken(PAID)
    asked = ChangePayment(version=1, payment=REFUNDED, reason="x")
    online = msgspec.structs.replace(taken(), status=OrderStatus.PENDING)
    older = tuple(msgspec.structs.replace(line, taxes=()) for line in order.lines)
    part = refund(msgspec.structs.replace(order, lines=older), amount_minor=5)
    for each in (
        part,
        order_rules.change(order, asked, Role.CASHIER, NOW),
        order_rules.change(online, CancelOrder(), Role.CUSTOMER, NOW),
    ):
        with pytest.raises(IllegalMove):
            amend(each, note="x")


def test_of_an_order_of_which_a_part_was_refunded_the_rest_is_changed() -> None:
    order = taken(PAID)
    chips = order.lines[0]
    part = refund(order, lines=(RefundLine(id=chips.id),))
    assert part.refunded_minor == 445
    more = amend(part, lines=with_new(part, CHIPS.id), reason="")
    assert more.lines[0] == part.lines[0]
    assert (more.total_minor, more.refunded_minor, more.payment, to_pay_minor(more)) == (999 + 445, 445, UNPAID, 445)
    paid = order_rules.change(more, TakePayment(version=3, tender=CASH), Role.CASHIER, LATER)
    assert (paid.payment, refundable_minor(paid)) == (PAID, 999)
    less = amend(part, lines=without(part, 1))
    assert (less.total_minor, less.payment, refundable_minor(less)) == (890, PAID, 445)
    assert less.payments == (Payment(CARD, 999, refunded_minor=445 + 109),)
    assert needs_of(as_it_is(part), part, less)[-1] == Need(Act.REFUND, 445 + 109), "of the order, all together"
    none = refund(less, lines=(RefundLine(id=chips.id),))
    assert (none.payment, [each.refunded_minor for each in none.payments]) == (REFUNDED, [999])


def test_lines_of_which_something_was_given_back_stay_as_they_are() -> None:
    order = taken(PAID)
    one, goodwill = refund(order, lines=(RefundLine(id=order.lines[0].id),)), refund(order, amount_minor=100)
    fewer = msgspec.structs.replace(as_it_is(one).lines[0], quantity=1)
    cheaper = msgspec.structs.replace(as_it_is(one).lines[0], discount=Discount(rate=1, reason="x"))
    for part, lines in (
        (one, without(one, 0)),
        (one, (fewer, *without(one, 0))),
        (one, (cheaper, *without(one, 0))),
        (goodwill, without(goodwill, 1)),
    ):
        with pytest.raises(InvalidOrder, match="stays as it is"):
            amend(part, lines=lines)
    noted = amend(one, lines=(msgspec.structs.replace(as_it_is(one).lines[0], note="hot"), *without(one, 0)))
    assert (noted.lines[0].note, noted.total_minor, noted.payment) == ("hot", 999, PAID)


def test_what_is_left_of_a_discount_is_for_what_was_not_given_back() -> None:
    """An amount off the order is once that amount; nobody is asked for more for what they have given back."""
    asked = TakeOrder(
        lines=TWO_CHIPS,
        payment=PAID,
        tender=CARD,
        fulfilment=Fulfilment.PICKUP,
        discount=Discount(amount_minor=100, reason="Regular"),
    )
    order = order_rules.place(asked, OFFER, None, order_id=ID, number="POS1-000001", at=NOW)
    part = refund(order, lines=(RefundLine(id=order.lines[0].id, quantity=2),))
    of_chips = order.lines[0].order_discount_minor
    same = amend(part, lines=with_new(part))
    assert (same.discount_minor, to_pay_minor(same)) == (100, 109)
    for other in (None, Discount(amount_minor=10_000, reason="Cold"), Discount(rate=100_000, reason="Comp")):
        with pytest.raises(InvalidOrder, match="its discount stays"):
            amend(part, discount=other)  # what was given back has a share of the one that it was sold with
    assert part.refunded_minor == 890 - of_chips


def test_another_fulfilment_leaves_what_was_given_back_its_taxes() -> None:
    offer = offer_of(taxed(included=False))
    order = taken(PAID, offer)
    part = refund(order, lines=(RefundLine(id=order.lines[0].id),))
    here = amend(part, offer, fulfilment=Fulfilment.DINE_IN)
    assert [line.taxes[0].rate for line in here.lines] == [7_000, 19_000]
    assert here.lines[0] == part.lines[0]


def test_taking_off_all_that_was_not_refunded_refunds_the_order() -> None:
    order = taken(PAID)
    part = refund(order, lines=(RefundLine(id=order.lines[1].id),))
    gone = amend(part, lines=without(part, 0))
    assert (gone.payment, gone.total_minor, gone.refunded_minor) == (REFUNDED, 109, 109)
    assert [each.refunded_minor for each in gone.payments] == [999]


def test_what_is_due_after_a_refund_is_given_back_when_it_is_called_off() -> None:
    order = taken(PAID)
    part = refund(order, lines=(RefundLine(id=order.lines[0].id),))
    more = amend(part, lines=with_new(part, CHIPS.id))
    off = ChangeStatus(to=OrderStatus.CANCELLED, version=more.version, reason="x")
    off_now = order_rules.change(more, off, Role.CASHIER, LATER)
    assert to_give_back_minor(off_now) == 999 - 445
    back = order_rules.change(off_now, UndoPayment(version=off_now.version, reason="x"), Role.CASHIER, LATER)
    assert (back.payment, [each.refunded_minor for each in back.payments]) == (REFUNDED, [999])


def test_all_is_given_back_of_what_was_called_off_alone_and_by_whoever_may_refund() -> None:
    """What is due of it was never paid: nobody gives that back while the order stands."""
    order = taken(PAID)
    part = refund(order, lines=(RefundLine(id=order.lines[0].id),))
    more = amend(part, lines=with_new(part, CHIPS.id))
    undo = UndoPayment(version=more.version, reason="x")
    with pytest.raises(IllegalMove, match="Refund the rest"):
        order_rules.change(more, undo, Role.CASHIER, LATER)
    off = ChangeStatus(to=OrderStatus.CANCELLED, version=more.version, reason="x")
    off_now = order_rules.change(more, off, Role.CASHIER, LATER)
    undo = UndoPayment(version=off_now.version, reason="x")
    back = order_rules.change(off_now, undo, Role.CASHIER, LATER)
    assert needs_of(undo, off_now, back) == (Need(Act.REFUND, 999),)


def test_after_money_was_given_back_no_payment_is_undone() -> None:
    order = taken(PAID)
    after = amend(order, lines=without(order, 0))
    for asked in (
        UndoPayment(version=2, reason="x"),
        UndoPayment(version=2, reason="x", tender=CARD, amount_minor=999),
        ChangePayment(version=2, payment=UNPAID),
    ):
        with pytest.raises(IllegalMove, match="given back"):
            order_rules.change(after, asked, Role.CASHIER, LATER)
    back = order_rules.change(after, ChangePayment(version=2, payment=REFUNDED, reason="x"), Role.CASHIER, LATER)
    assert (back.refunded_minor, [each.refunded_minor for each in back.payments]) == (109, [999])


@settings(max_examples=300)
@given(st.integers(0, 2**32), st.booleans(), st.integers(1, 14))
def test_whatever_is_done_ledger_reports_and_totals_agree(seed: int, included: bool, acts: int) -> None:
    """Held = settled + tips + rounding; balance = charged - settled; payments = turnover + tips - receivable."""
    chance, offer = random.Random(seed), offer_of(taxed(included=included))
    order = taken(offer=offer, lines=(*TWO_CHIPS, NewLine(item_id=BOWL.id, modifier_ids=(MILD,))))
    kept, seen = list[tuple[Entry, ...]](), set[LineId]()
    for _ in range(acts):
        try:
            asked = _any_act(chance, order)
            now = order_rules.change(order, asked, Role.CASHIER, LATER, offer=offer)
        except DomainError:
            continue
        begun = _ledger(order, kept)
        grown = booked(begun, order, now)
        added = grown.entries[len(begun.entries) :]
        kept += [added] if added else []
        ledger = _ledger(now, kept)
        assert ledger.held == ledger.settled + ledger.tips + ledger.rounding
        assert ledger.charged == now.total_minor - now.refunded_minor
        assert ledger.balance == (to_pay_minor(now) if now.payment is UNPAID else 0)
        assert change_of(begun, added)[1] is now.payment or not kept
        assert [_told(each) for each in payments_in(ledger)] == [_told(each) for each in payments_of(now)]
        assert ledger.tips == tip_minor(now)
        assert min(ledger.held_by().values(), default=0) >= 0
        if isinstance(asked, AmendOrder):
            new = {line.id for line in now.lines} - {line.id for line in order.lines}
            assert not new & seen, "no id comes again"
            _as_if_new(now, offer)
        if isinstance(asked, AmendOrder):
            fixed = [replace(line, note="") for line in order.lines if line.is_given_back]
            assert fixed == [replace(line, note="") for line in now.lines if line.is_given_back]
        assert min((each for each in left_minor(now)), default=0) >= 0
        seen |= {line.id for line in now.lines}
        order = now
    _adds_up(chance, order, kept)


def _ledger(order: Order, kept: list[tuple[Entry, ...]]) -> Ledger:
    entries = [each for act in kept for each in act]
    charged = sum(each.amount for each in entries if each.kind is EntryKind.CHARGE)
    return Ledger.opened(order.total_minor - charged).followed_by(entries)


def _told(payment: Payment) -> tuple[Tender, int, int, int]:
    return payment.tender, payment.amount_minor, payment.tip_minor, payment.refunded_minor


def _as_if_new(order: Order, offer: Offer) -> None:
    """The same order, placed anew, comes to the same."""
    if order.refunded_minor:
        return
    lines = tuple(
        NewLine(
            item_id=line.item_id,
            quantity=line.quantity,
            modifier_ids=(MILD,) if line.modifiers else (),
            discount=line.discount,
        )
        for line in order.lines
    )
    asked = TakeOrder(lines=lines, fulfilment=order.fulfilment, discount=order.discount, address="x", payment=UNPAID)
    new = order_rules.place(asked, offer, None, order_id=ID, at=NOW)
    for name in ("subtotal_minor", "discount_minor", "tax_minor", "total_minor"):
        assert getattr(new, name) == getattr(order, name), name


def _adds_up(chance: random.Random, order: Order, kept: list[tuple[Entry, ...]]) -> None:
    """However the acts are divided among drawer sessions, their reports come to the order."""
    sessions = [chance.randrange(2) for _ in kept]
    included = order.tax_included
    parts = tuple(
        Part(
            "+".join(f"{tax.code}:{tax.rate}" for tax in line.taxes),
            line.amount_minor + (0 if included else line.tax_minor),
            line.tax_minor,
        )
        for line in order.lines
    )
    sold = Sold(order.total_minor, order.tax_minor, parts, order.discount_minor)
    groups = {line.id: part.group for line, part in zip(order.lines, parts, strict=True)}

    def of(here: int | None) -> Iterator[Booked]:
        for version, (entries, session) in enumerate(zip(kept, sessions, strict=True)):
            for each in entries:
                group = each.reference if each.kind is EntryKind.CHARGE else groups.get(LineId(each.line), "")
                yield Booked(
                    *(version, str(each.kind), each.amount, each.tender, each.corrects, each.tax),
                    *(here in (None, session), group, each.discount),
                )

    whole, summed = figures([(sold, of(None))]), Figures()
    for found in (whole, *(figures([(sold, of(session))]) for session in range(2))):
        assert found.turnover_minor == found.net_minor + found.tax_minor
        assert sum(found.payments.values()) == found.turnover_minor + found.tips_minor - found.receivable_minor
        assert (sum(found.taxes.values()), sum(found.gross.values())) == (found.tax_minor, found.turnover_minor)
        assert min(found.sales_minor, found.refunds_minor) >= 0
        summed = summed.more(found) if found is not whole else summed
    for name in ("turnover_minor", "tax_minor", "discount_minor", "tips_minor", "receivable_minor"):
        assert getattr(summed, name) == getattr(whole, name), name
    if order.payment is PAID:
        assert whole.turnover_minor == order.total_minor - order.refunded_minor


def _any_act(chance: random.Random, order: Order) -> AmendOrder | MoneyChange:
    what, tender = chance.random(), chance.choice((CASH, CARD))
    if what < 0.5:
        return _any_amendment(chance, order, tender)
    if what < 0.85:
        amount = chance.choice((None, chance.randint(0, to_pay_minor(order) + 1)))
        return TakePayment(
            version=order.version, tender=tender, amount_minor=amount, tip_minor=chance.choice((0, 0, 70))
        )
    if what < 0.93:
        one = chance.choice(payments_of(order) or (Payment(tender, 1),))
        return UndoPayment(
            version=order.version, reason="x", tender=one.tender, amount_minor=one.amount_minor, tip_minor=one.tip_minor
        )
    if what < 0.96:
        return ChangePayment(version=order.version, payment=UNPAID, reason="x")
    if what < 0.98:
        return RefundOrder(version=order.version, reason="x", amount_minor=chance.randint(1, 100))
    line = chance.choice(order.lines)
    items = RefundLine(id=line.id, quantity=chance.randint(1, line.quantity))
    return RefundOrder(version=order.version, reason="x", lines=(items,))


def _any_amendment(chance: random.Random, order: Order, tender: Tender) -> AmendOrder:
    lines = [
        msgspec.structs.replace(each, quantity=chance.choice((each.quantity, each.quantity, chance.randint(1, 4))))
        for each in as_it_is(order).lines
        if chance.random() < 0.8
    ]
    lines += [
        AmendedLine(item_id=chance.choice((SODA.id, CHIPS.id)), quantity=chance.randint(1, 3))
        for _ in range(chance.randint(0, 2))
    ]
    if chance.random() < 0.2:
        lines.append(AmendedLine(item_id=BOWL.id, modifier_ids=(MILD,)))
    half, some = Discount(rate=50_000, reason="y"), Discount(amount_minor=chance.randint(1, 1500), reason="z")
    lines = [
        msgspec.structs.replace(each, discount=chance.choice((half, some))) if chance.random() < 0.1 else each
        for each in lines
    ]
    return as_it_is(
        order,
        lines=tuple(lines),
        discount=chance.choice((order.discount, None, half, some, Discount(rate=100_000, reason="comp"))),
        fulfilment=chance.choice((order.fulfilment, Fulfilment.DINE_IN, Fulfilment.PICKUP)),
        tender=tender,
    )
