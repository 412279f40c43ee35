"""What becomes of an order: the rules by themselves, said a second time."""

from datetime import UTC, datetime
from functools import partial

import msgspec
import pytest

from core.domain.commands import CancelOrder, Change, ChangePayment, ChangeStatus, PlaceOrder, RecallOrder, TakeOrder
from core.domain.errors import CardNumber, IllegalMove, InvalidOrder, ReasonRequired
from core.domain.ids import CustomerId, OrderId, ShopId, line_id
from core.domain.menu import with_availability
from core.domain.order import Channel, LineTax, NewLine, Order, OrderLine, PaymentState, Tender
from core.domain.order_rules import Offer, PriceChanged, Stale, change, place
from core.domain.people import Customer, Role
from core.domain.status import Fulfilment, OrderStatus
from core.protocol.events import OrderPaymentChanged, OrderPlaced, OrderStatusChanged, event_of
from tests.support.menus import CHIPS, MENU
from tests.support.steps import FIRST, ONLINE

NOON = datetime(2026, 5, 4, 12, tzinfo=UTC)
LATER = datetime(2026, 5, 4, 13, tzinfo=UTC)
OFFER = Offer(ShopId("s"), MENU.terms, MENU.items())
ADA = Customer(id=CustomerId("ada"), name="Ada", phone="555")
LINES = (NewLine(item_id=CHIPS.id, quantity=2),)


def placed(asked: PlaceOrder | TakeOrder, customer: Customer | None = None, offer: Offer = OFFER) -> Order:
    return place(asked, offer, customer, order_id=OrderId("o"), at=NOON)


def order(**given: object) -> Order:
    made = placed(TakeOrder(lines=LINES, payment=PaymentState.UNPAID))
    return msgspec.structs.replace(made, **({"version": 3} | given))


def test_a_customers_own_is_pending_unpaid_and_theirs() -> None:
    made = placed(PlaceOrder(lines=LINES, note="  quick  "), ADA)
    assert (made.channel, made.status, made.payment) == (Channel.ONLINE, OrderStatus.PENDING, PaymentState.UNPAID)
    assert (made.customer_id, made.customer_name, made.customer_phone) == ("ada", "Ada", "555")
    assert (made.version, made.placed_at, made.updated_at, made.note) == (1, NOON, NOON, "quick")
    assert [(line.quantity, line.total_minor) for line in made.lines] == [(2, 2 * CHIPS.price_minor)]


def test_one_taken_at_the_counter_is_confirmed_and_paid_as_it_says() -> None:
    made = placed(TakeOrder(lines=LINES, payment=PaymentState.PAID, tender=Tender.CARD, customer_name="Bo"))
    assert (made.channel, made.status, made.payment) == (Channel.COUNTER, OrderStatus.CONFIRMED, PaymentState.PAID)
    assert (made.customer_id, made.customer_name, made.tender) == (None, "Bo", Tender.CARD)
    assert placed(TakeOrder(lines=LINES), ADA).customer_name == "Ada"
    assert placed(TakeOrder(lines=LINES, customer_name="A."), ADA).customer_name == "A."


def test_what_is_sold_out_is_sold_at_the_counter_alone() -> None:
    gone = Offer(OFFER.shop_id, OFFER.terms, MENU.items())
    sold_out = with_availability(MENU.categories, {CHIPS.id: False})
    gone = gone._replace(items={item.id: item for category in sold_out for item in category.items})
    with pytest.raises(InvalidOrder, match="sold out"):
        placed(PlaceOrder(lines=LINES), ADA, gone)
    assert placed(TakeOrder(lines=LINES), offer=gone).lines[0].name == CHIPS.name


def test_another_price_than_was_told_makes_no_order() -> None:
    total = placed(PlaceOrder(lines=LINES), ADA).total_minor
    assert placed(PlaceOrder(lines=LINES, expected_total_minor=total), ADA).total_minor == total
    for told in (total - 1, total + 1, 0):
        with pytest.raises(PriceChanged) as refused:
            placed(PlaceOrder(lines=LINES, expected_total_minor=told), ADA)
        assert refused.value.order.total_minor == total


@pytest.mark.parametrize(
    ("asked", "becomes"),
    [
        (ChangeStatus(to=FIRST, version=3), FIRST),
        (ChangeStatus(to=OrderStatus.CANCELLED, version=3, reason=" gone "), OrderStatus.CANCELLED),
        (RecallOrder(version=3, reason=" gone "), (OrderStatus.PENDING, *ONLINE)[ONLINE.index(OrderStatus.CONFIRMED)]),
    ],
)
def test_a_move(asked: ChangeStatus | RecallOrder, becomes: OrderStatus) -> None:
    before = order()
    after = change(before, asked, Role.CASHIER, LATER)
    expected = msgspec.structs.replace(
        before, status=becomes, version=4, updated_at=LATER, moved_at=LATER, reason="gone" if asked.reason else ""
    )
    assert after == expected
    assert isinstance(event_of(before, after), OrderStatusChanged)


@pytest.mark.parametrize("version", [2, 4])
def test_an_order_that_is_not_as_it_was_seen_is_changed_by_nothing(version: int) -> None:
    asked: tuple[Change, ...] = (
        ChangeStatus(to=FIRST, version=version),
        RecallOrder(version=version),
        ChangePayment(payment=PaymentState.PAID, version=version),
    )
    for each in asked:
        with pytest.raises(Stale) as refused:
            change(order(), each, Role.CASHIER, LATER)
        assert refused.value.field == "version"


def test_a_move_that_somebody_else_has_made_is_made() -> None:
    there = order(status=FIRST)
    asked = ChangeStatus(to=FIRST, version=2)
    assert change(there, asked, Role.CASHIER, LATER) is there
    assert change(there, asked, Role.CASHIER, LATER, lambda: 3) is there
    for last_moved in (2, 1):  # it was where it is when it was seen, and something else was changed since
        with pytest.raises(Stale):
            change(there, asked, Role.CASHIER, LATER, partial(int, last_moved))
    with pytest.raises(Stale):  # nobody can have seen what is not there yet
        change(there, ChangeStatus(to=FIRST, version=4), Role.CASHIER, LATER)
    with pytest.raises(IllegalMove):  # seen as it is, it is nowhere to be moved to
        change(there, ChangeStatus(to=FIRST, version=3), Role.CASHIER, LATER)


def test_there_is_no_step_back_from_everywhere() -> None:
    with pytest.raises(IllegalMove, match="no step back"):
        change(order(status=OrderStatus.PENDING), RecallOrder(version=3), Role.CASHIER, LATER)
    with pytest.raises(IllegalMove):
        change(order(), RecallOrder(version=3), Role.CUSTOMER, LATER)


def test_a_customer_cancels_what_nobody_has_confirmed_whatever_was_seen() -> None:
    assert change(order(status=OrderStatus.PENDING), CancelOrder(), Role.CUSTOMER, LATER).status is (
        OrderStatus.CANCELLED
    )
    with pytest.raises(IllegalMove):
        change(order(), CancelOrder(), Role.CUSTOMER, LATER)


def test_a_payment() -> None:
    before = order()
    after = change(before, ChangePayment(payment=PaymentState.PAID, version=3, tender=Tender.CARD), Role.CASHIER, LATER)
    expected = msgspec.structs.replace(
        before, payment=PaymentState.PAID, tender=Tender.CARD, version=4, updated_at=LATER
    )
    assert after == expected
    assert isinstance(event_of(before, after), OrderPaymentChanged)
    still_unpaid = ChangePayment(payment=PaymentState.UNPAID, version=3)
    assert change(before, still_unpaid, Role.CASHIER, LATER) is before


def test_money_that_another_took_or_gave_back_is_never_done_twice_unsaid() -> None:
    """Whoever asks has it in their hands. That it is so already is true of a status, and not of money."""
    for state, sentence in (
        (PaymentState.PAID, "Somebody else has already taken the payment."),
        (PaymentState.REFUNDED, "Somebody else has already given the money back."),
        (PaymentState.UNPAID, "Somebody else has already marked it as not paid."),
    ):
        now = order(payment=state, version=4)
        with pytest.raises(Stale, match=sentence):
            change(now, ChangePayment(payment=state, version=3, reason="mine"), Role.CASHIER, LATER)
    for state in (PaymentState.PAID, PaymentState.REFUNDED):
        with pytest.raises(IllegalMove):
            change(order(payment=state), ChangePayment(payment=state, version=3, reason="x"), Role.CASHIER, LATER)
    with pytest.raises(Stale, match=r"^Somebody else has changed it meanwhile\.$"):
        change(order(version=4), ChangePayment(payment=PaymentState.PAID, version=3), Role.CASHIER, LATER)
    refund = ChangePayment(payment=PaymentState.REFUNDED, version=3, reason=" ")
    with pytest.raises(ReasonRequired):
        change(order(payment=PaymentState.PAID), refund, Role.CASHIER, LATER)
    corrected = ChangePayment(payment=PaymentState.PAID, version=3, tender=Tender.CARD)
    assert change(order(payment=PaymentState.PAID), corrected, Role.CASHIER, LATER).tender is Tender.CARD


def test_what_is_told_of_a_new_order_is_the_order() -> None:
    made = order()
    assert event_of(None, made) == OrderPlaced(order=made)


@pytest.mark.parametrize("at_counter", [False, True])
def test_a_new_order_has_everything_that_was_asked_for(at_counter: bool) -> None:
    command = TakeOrder if at_counter else PlaceOrder
    asked = command(
        lines=(NewLine(item_id=CHIPS.id, quantity=2, note=" warm "),),
        fulfilment=Fulfilment.DELIVERY,
        tender=Tender.CASH_ON_DELIVERY,
        address="  1 Main Street ",
        note=" ring ",
    )
    made = place(asked, OFFER, ADA if not at_counter else None, order_id=OrderId("o"), number="POS1-000001", at=NOON)
    total = 2 * CHIPS.price_minor
    assert made == Order(
        id=OrderId("o"),
        shop_id=OFFER.shop_id,
        number="POS1-000001",
        channel=Channel.COUNTER if at_counter else Channel.ONLINE,
        status=OrderStatus.CONFIRMED if at_counter else OrderStatus.PENDING,
        version=1,
        fulfilment=Fulfilment.DELIVERY,
        tender=Tender.CASH_ON_DELIVERY,
        payment=PaymentState.PAID if at_counter else PaymentState.UNPAID,
        currency="USD",
        subtotal_minor=total,
        tax_minor=68,  # 8.25 %, included in 8.90
        total_minor=total,
        placed_at=NOON,
        updated_at=NOON,
        moved_at=NOON,
        customer_id=None if at_counter else ADA.id,
        customer_name="" if at_counter else "Ada",
        customer_phone="" if at_counter else "555",
        address="1 Main Street",
        note="ring",
        tax_date=NOON.date(),
        lines=(
            OrderLine(
                *(CHIPS.id, CHIPS.name, 2, CHIPS.price_minor, total, (), "warm", line_id(OrderId("o"), 0)),
                taxes=(LineTax("TAX", 8_250, 68),),
            ),
        ),
    )


def test_nobody_places_what_cannot_be_delivered_or_was_refunded() -> None:
    for asked, field in (
        (PlaceOrder(lines=LINES, fulfilment=Fulfilment.DELIVERY, address=" "), "address"),
        (TakeOrder(lines=LINES, payment=PaymentState.REFUNDED), "payment"),
    ):
        with pytest.raises(InvalidOrder) as refused:
            placed(asked)
        assert refused.value.field == field


def test_a_refusal_says_what_to_do_and_names_its_field() -> None:
    with pytest.raises(PriceChanged, match=r"^The menu has changed since you saw it\. Please look at") as dearer:
        placed(PlaceOrder(lines=LINES, expected_total_minor=1), ADA)
    assert (dearer.value.field, str(dearer.value)) == ("expected_total_minor", dearer.value.message)
    with pytest.raises(Stale, match=r"^Somebody else has changed it meanwhile\.$") as stale:
        change(order(), RecallOrder(version=1), Role.CASHIER, LATER)
    assert stale.value.field == "version"
    with pytest.raises(IllegalMove, match=r"^There is no step back from here\.$"):
        change(order(status=OrderStatus.PENDING), RecallOrder(version=3), Role.CASHIER, LATER)
    sentence = r"^This looks like a card number\. Please leave it out: it would be kept and shown\.$"
    with pytest.raises(CardNumber, match=sentence) as card:
        placed(TakeOrder(lines=LINES, customer_phone="4242424242424242"))
    assert card.value.field == "customer_phone"
