"""Change requests of customers: when they may be asked, what they come to, and what becomes of them."""

from collections.abc import Callable
from datetime import timedelta

import msgspec
import pytest

from core.domain import order_rules
from core.domain.acts import Act, Need
from core.domain.change_request import granting, may_ask
from core.domain.commands import (
    AmendedLine,
    AskChange,
    CancelOrder,
    ChangePayment,
    ChangeStatus,
    DeclineChange,
    PlaceOrder,
)
from core.domain.discount import Discount
from core.domain.errors import CardNumber, DomainError, IllegalMove, InvalidOrder, ReasonRequired
from core.domain.ids import CustomerId, ItemId, ModifierId
from core.domain.menu import ChangesUntil, with_availability
from core.domain.order import NewLine, Order, PaymentState, RequestState
from core.domain.order_rules import Offer, Stale
from core.domain.payment import to_pay_minor
from core.domain.people import Customer, Role
from core.domain.rights import needs_of
from core.domain.service import Service
from core.domain.status import Fulfilment, OrderStatus
from core.protocol.events import OrderAmended, OrderRequestChanged, event_of
from tests.support.menus import BOWL, CHIPS, MENU, SODA
from tests.unit.orders.test_amendments import ID, LATER, NOW, OFFER, amend, as_it_is

ADA = Customer(id=CustomerId("ada"), name="Ada")
ALLOWED = OFFER._replace(changes_until=ChangesUntil.PREPARING, menu_version=7)
P = OrderStatus


def placed() -> Order:
    asked = PlaceOrder(lines=(NewLine(item_id=CHIPS.id, quantity=2), NewLine(item_id=SODA.id)))
    return order_rules.place(asked, OFFER, ADA, order_id=ID, number="ONLINE-000001", at=NOW)


def lines_of(order: Order, *more: AmendedLine) -> tuple[AmendedLine, ...]:
    return (*(AmendedLine(id=line.id, quantity=line.quantity) for line in order.lines), *more)


def ask(order: Order, *lines: AmendedLine, note: str = "", offer: Offer = ALLOWED) -> Order:
    asked = AskChange(version=order.version, lines=lines, note=note)
    return order_rules.change(order, asked, Role.CUSTOMER, LATER, offer=offer)


def one_more_soda(order: Order, offer: Offer = ALLOWED) -> Order:
    return ask(order, *lines_of(order, AmendedLine(item_id=SODA.id)), offer=offer)


def accept(order: Order) -> Order:
    assert order.open_request is not None
    return order_rules.change(order, granting(order, order.open_request), Role.CASHIER, LATER, offer=ALLOWED)


def decline(order: Order, reason: str = "It is packed", answers: int = 0) -> Order:
    assert order.change_request is not None
    asked = DeclineChange(version=order.version, answers=answers or order.change_request.version, reason=reason)
    return order_rules.change(order, asked, Role.CASHIER, LATER)


def move(order: Order, to: OrderStatus) -> Order:
    return order_rules.change(order, ChangeStatus(to=to, version=order.version), Role.CASHIER, LATER)


def test_a_request_changes_nothing_of_the_order_but_says_what_it_would_come_to() -> None:
    order = placed()
    after = one_more_soda(order)
    request = after.open_request
    assert request is not None
    assert (request.version, request.total_minor, request.menu_version) == (2, order.total_minor + 109, 7)
    assert [(each.name, each.before, each.now) for each in request.changes] == [(SODA.name, 0, 1)]
    assert msgspec.structs.replace(after, change_request=None, version=1, updated_at=order.updated_at) == order
    assert isinstance(event_of(order, after), OrderRequestChanged)


def test_accepting_it_is_an_amendment_at_the_price_that_was_told() -> None:
    asked = one_more_soda(placed())
    after = accept(asked)
    assert asked.open_request is not None
    assert (after.total_minor, after.amendments) == (asked.open_request.total_minor, 1)
    assert after.changed == asked.open_request.changes
    assert after.change_request is not None
    assert (after.change_request.state, after.open_request) == (RequestState.ACCEPTED, None)
    assert isinstance(event_of(asked, after), OrderAmended)


def test_what_the_customer_takes_off_needs_no_other_reason_but_the_cashiers_right() -> None:
    order = order_rules.change(placed(), ChangePayment(payment=PaymentState.PAID, version=1), Role.CASHIER, LATER)
    asked = ask(order, lines_of(order)[0], note="no straw")
    after = accept(asked)
    assert (after.note, to_pay_minor(after), after.payments[0].refunded_minor) == ("no straw", 0, 109)
    request = asked.open_request
    assert request is not None
    needs = needs_of(granting(asked, request), asked, after)
    assert {str(each.act) for each in needs} == {"void", "refund"}


def test_discounts_of_the_order_stay() -> None:
    order = amend(placed(), discount=Discount(reason="Regular", rate=10_000))
    order = msgspec.structs.replace(order, change_request=None)
    after = accept(one_more_soda(order))
    assert after.discount == order.discount


def test_a_discount_that_grows_by_the_customers_wish_needs_the_right_of_whoever_accepts() -> None:
    order = placed()
    first, second = as_it_is(order).lines
    comp = Discount(reason="Wrong dish", rate=100_000)
    order = amend(order, lines=(msgspec.structs.replace(first, discount=comp), second))
    more = AmendedLine(id=order.lines[0].id, quantity=999)
    asked = ask(order, more, lines_of(order)[1])
    assert asked.open_request is not None
    after = accept(asked)
    assert after.total_minor == order.total_minor, "999 for nothing"
    assert needs_of(granting(asked, asked.open_request), asked, after) == (Need(Act.COMP),)


def test_declining_needs_a_reason_and_leaves_the_order() -> None:
    asked = one_more_soda(placed())
    with pytest.raises(ReasonRequired):
        decline(asked, " ")
    with pytest.raises(CardNumber):
        decline(asked, "4111 1111 1111 1111")
    after = decline(asked)
    assert after.change_request is not None
    assert (after.change_request.state, after.change_request.reason) == (RequestState.DECLINED, "It is packed")
    assert (after.total_minor, after.lines, after.version) == (asked.total_minor, asked.lines, 3)
    with pytest.raises(IllegalMove, match="Nobody waits"):
        decline(after)


def test_the_newest_request_replaces_the_one_before() -> None:
    first = one_more_soda(placed())
    second = ask(first, *lines_of(first, AmendedLine(item_id=SODA.id, quantity=3)))
    assert second.open_request is not None
    assert second.open_request.version == 3
    with pytest.raises(IllegalMove, match="something else"):
        decline(second, answers=2)


def test_the_same_again_changes_nothing() -> None:
    order = placed()
    asked = one_more_soda(order)
    assert one_more_soda(asked) is asked
    assert ask(order, *lines_of(order)) is order, "it is so already"


def test_what_the_order_is_already_withdraws_what_was_asked() -> None:
    asked = one_more_soda(placed())
    after = ask(asked, *lines_of(asked))
    assert after.change_request is not None
    assert (after.change_request.state, after.open_request) == (RequestState.WITHDRAWN, None)


@pytest.mark.parametrize(
    ("until", "allowed"),
    [
        (ChangesUntil.NEVER, ()),
        (ChangesUntil.CONFIRMED, (P.PENDING,)),
        (ChangesUntil.PREPARING, (P.PENDING, P.CONFIRMED)),
        (ChangesUntil.newer("collected"), ()),
    ],
)
def test_the_shop_says_until_when(until: ChangesUntil, allowed: tuple[OrderStatus, ...]) -> None:
    offer = ALLOWED._replace(changes_until=until)
    for status in OrderStatus:
        order = msgspec.structs.replace(placed(), status=status)
        if status in allowed:
            assert one_more_soda(order, offer).open_request is not None
        else:
            with pytest.raises(IllegalMove, match="at the counter"):
                one_more_soda(order, offer)


def test_a_request_that_the_order_is_past_waits_for_nobody() -> None:
    asked = one_more_soda(placed())
    assert move(asked, P.CONFIRMED).open_request is not None, "the cashier decides"
    assert order_rules.change(asked, CancelOrder(), Role.CUSTOMER, LATER).open_request is None
    amended = order_rules.change(asked, as_it_is(asked, note="hot"), Role.CASHIER, LATER, offer=OFFER)
    assert amended.open_request is None
    assert asked.open_request is not None
    late = msgspec.structs.replace(granting(asked, asked.open_request), version=amended.version)
    with pytest.raises(IllegalMove, match="Nobody waits"):
        order_rules.change(amended, late, Role.CASHIER, LATER, offer=OFFER)


def test_what_is_accepted_is_what_was_asked() -> None:
    order = amend(placed(), discount=Discount(reason="Regular", rate=10_000))
    asked = one_more_soda(order)
    assert asked.open_request is not None
    right = granting(asked, asked.open_request)
    others = (
        msgspec.structs.replace(right, lines=right.lines[:2], reason="So"),
        msgspec.structs.replace(right, note="hot", reason="So"),
        msgspec.structs.replace(right, discount=None, reason="So"),
        msgspec.structs.replace(right, discount=Discount(reason="Friend", rate=20_000), reason="So"),
        msgspec.structs.replace(right, customer_name="Eve", reason="So"),
        msgspec.structs.replace(right, fulfilment=Fulfilment.DINE_IN, reason="So"),
        msgspec.structs.replace(right, service=Service(rate=10_000, reason="So"), reason="So"),
    )
    for other in others:
        with pytest.raises(IllegalMove, match="not what the customer has asked for"):
            order_rules.change(asked, other, Role.CASHIER, LATER, offer=ALLOWED)
    dearer = {
        each.id: msgspec.structs.replace(each, price_minor=each.price_minor + 100) for each in ALLOWED.items.values()
    }
    with pytest.raises(IllegalMove, match="not what the customer has asked for"):
        order_rules.change(asked, right, Role.CASHIER, LATER, offer=ALLOWED._replace(items=dearer))
    at_another_till = ALLOWED._replace(items=dearer, menu_version=8)
    order_rules.change(asked, right, Role.CASHIER, LATER, offer=at_another_till)  # the server says what it comes to
    assert accept(asked).total_minor == asked.open_request.total_minor


def test_it_is_withdrawn_as_long_as_the_shop_may_accept_it() -> None:
    asked = msgspec.structs.replace(one_more_soda(placed()), status=P.PREPARING)
    assert one_more_soda(asked) is asked, "it is asked already"
    never = ALLOWED._replace(changes_until=ChangesUntil.NEVER)
    tomorrow = LATER + timedelta(days=1)
    wish = AskChange(version=asked.version, lines=lines_of(asked))
    for offer, at in ((ALLOWED, LATER), (never, LATER), (ALLOWED, tomorrow)):
        after = order_rules.change(asked, wish, Role.CUSTOMER, at, offer=offer)
        assert after.change_request is not None
        assert (after.change_request.state, after.open_request) == (RequestState.WITHDRAWN, None)


def test_an_order_of_an_earlier_day_is_not_the_customers_to_change() -> None:
    order, tomorrow = placed(), LATER + timedelta(days=1)
    assert may_ask(order, ChangesUntil.PREPARING, LATER, "UTC")
    assert not may_ask(order, ChangesUntil.PREPARING, tomorrow, "UTC")
    wish = AskChange(version=1, lines=lines_of(order, AmendedLine(item_id=SODA.id)))
    with pytest.raises(IllegalMove, match="Please ask at the counter"):
        order_rules.change(order, wish, Role.CUSTOMER, tomorrow, offer=ALLOWED)


def test_what_is_sold_out_or_unknown_or_cheaper_cannot_be_asked_for() -> None:
    order = placed()
    items = {each.id: each for group in with_availability(MENU.categories, {SODA.id: False}) for each in group.items}
    with pytest.raises(InvalidOrder, match="sold out"):
        one_more_soda(order, ALLOWED._replace(items=items))
    kept = ask(order, lines_of(order)[1], offer=ALLOWED._replace(items=items))
    assert kept.open_request is not None, "what is in the order may stay"
    with pytest.raises(InvalidOrder):
        ask(order, *lines_of(order, AmendedLine(item_id=ItemId("unicorn"))))
    free = AmendedLine(item_id=SODA.id, discount=Discount(reason="So", rate=100_000))
    with pytest.raises(InvalidOrder, match="at the counter"):
        ask(order, *lines_of(order, free))


def test_whoever_has_not_seen_the_order_as_it_is_asks_again() -> None:
    order = placed()
    asked = AskChange(version=order.version, lines=lines_of(order, AmendedLine(item_id=SODA.id)))
    with pytest.raises(Stale):
        order_rules.change(move(order, P.CONFIRMED), asked, Role.CUSTOMER, LATER, offer=ALLOWED)


def test_a_refusal_says_what_is_wrong_and_where() -> None:
    order = placed()
    sold_out = ALLOWED._replace(items={SODA.id: msgspec.structs.replace(SODA, available=False)})
    free = AmendedLine(item_id=SODA.id, discount=Discount(reason="So", rate=100_000))
    cases: list[tuple[DomainError, Callable[[], Order]]] = [
        (
            IllegalMove("It can no longer be changed from here. Please ask at the counter.", "version"),
            lambda: one_more_soda(move(move(move(order, P.CONFIRMED), P.PREPARING), P.READY)),
        ),
        (
            InvalidOrder("A discount is given at the counter.", "lines[2].discount"),
            lambda: ask(order, *lines_of(order, free)),
        ),
        (InvalidOrder("Canned Soda is sold out.", "lines[2].item_id"), lambda: one_more_soda(order, sold_out)),
        (ReasonRequired("Say why it stays as it is.", "reason"), lambda: decline(one_more_soda(order), " ")),
    ]
    for refused, attempt in cases:
        with pytest.raises(type(refused)) as found:
            attempt()
        assert (found.value.message, found.value.field) == (refused.message, refused.field)


def test_request_and_answer_have_the_time_of_their_own() -> None:
    order = placed()
    asked = one_more_soda(order)
    assert asked.change_request is not None
    assert (asked.updated_at, asked.change_request.at, asked.change_request.answered_at) == (LATER, LATER, None)
    for after in (decline(asked), ask(asked, *lines_of(order))):
        assert after.change_request is not None
        assert (after.updated_at, after.change_request.at, after.change_request.answered_at) == (LATER, LATER, LATER)


def test_options_and_notes_of_what_is_asked_for_are_in_the_order_that_is_accepted() -> None:
    order = placed()
    hot = AmendedLine(item_id=BOWL.id, modifier_ids=(ModifierId("hot"),), note=" no beans ")
    line = accept(ask(order, *lines_of(order, hot))).lines[-1]
    assert (line.item_id, [each.name for each in line.modifiers], line.note) == (BOWL.id, ["Hot salsa"], "no beans")


def test_whom_it_is_for_and_where_it_goes_stay_as_they_are() -> None:
    there = msgspec.structs.replace(
        placed(), fulfilment=Fulfilment.DELIVERY, address="12 Harbour Street", customer_phone="+15550100"
    )
    after = accept(one_more_soda(there))
    kept = (after.fulfilment, after.address, after.customer_name, after.customer_phone)
    assert kept == (Fulfilment.DELIVERY, "12 Harbour Street", "Ada", "+15550100")


def test_the_day_ends_by_the_clock_of_the_shop() -> None:
    """At 02:00 UTC the day of an order of the evening is over in London, and not in New York."""
    order, night = placed(), NOW + timedelta(hours=20)
    assert not may_ask(order, ChangesUntil.PREPARING, night, "Europe/London")
    assert may_ask(order, ChangesUntil.PREPARING, night, "America/New_York")
    there = ALLOWED._replace(terms=msgspec.structs.replace(ALLOWED.terms, time_zone="America/New_York"))
    wish = AskChange(version=1, lines=lines_of(order, AmendedLine(item_id=SODA.id)))
    assert order_rules.change(order, wish, Role.CUSTOMER, night, offer=there).open_request is not None
