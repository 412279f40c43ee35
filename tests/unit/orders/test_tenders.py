"""The tenders of a shop: which may be in its table, and which a payment may name."""

import msgspec
import pytest

from core.decoding import decode, decode_reply
from core.domain.commands import ChangePayment, Command, NewPayment, PlaceOrder, TakeOrder, TakePayment
from core.domain.drawers import cash_held_minor
from core.domain.errors import DomainError
from core.domain.order import NewLine, Payment, PaymentState, Tender
from core.domain.payment import check_tenders_of, payments_of, taken
from core.domain.tenders import MAX_TENDERS, TENDERS, ShopTender, check_tenders, not_withdrawn, tender_named
from tests.unit.orders.test_part_payments import unpaid

MEAL = tender_named("meal card")
COINS = tender_named("Second currency")
OURS = (
    *TENDERS,
    ShopTender(id=MEAL, needs_reference=True),
    ShopTender(id=COINS, opens_drawer=True, rounds=True),
    ShopTender(id=tender_named("Cheque"), withdrawn=True),
)
LINES = (NewLine(item_id="soda"),)  # type: ignore[arg-type]


def test_a_tender_of_a_shop_is_its_name_in_every_release() -> None:
    assert (MEAL, MEAL.readable, MEAL.is_known) == ("Meal_card", "Meal card", False)
    assert decode('"Meal_card"', Tender) == decode_reply('"Meal_card"', Tender) == MEAL
    assert msgspec.json.encode(MEAL) == b'"Meal_card"'
    assert tender_named(" ON  delivery") is tender_named("cash on delivery") is Tender.CASH_ON_DELIVERY
    assert tender_named("Voucher") is Tender.VOUCHER
    assert tender_named("Gutschein Köln").readable == "Gutschein Köln"
    for wrong in ('""', f'"{"x" * 61}"', '"a\\u0007b"'):
        with pytest.raises(msgspec.ValidationError):
            decode(wrong, Tender)


def test_what_a_shop_begins_with_means_what_it_meant() -> None:
    assert [each.id for each in TENDERS] == list(Tender)
    assert [each.id for each in TENDERS if each.opens_drawer] == [Tender.CASH]
    assert not_withdrawn(()) == list(TENDERS), "of a server of an earlier release"


@pytest.mark.parametrize(
    ("after", "words"),
    [
        (OURS[1:], "Cash stays in the table"),
        ((*OURS, OURS[4]), "two tenders 'Meal card'"),
        ((*OURS, ShopTender(id=Tender.newer("MEAL_card"))), "two tenders 'MEAL card'"),
        ((*OURS, ShopTender(id=Tender.newer("meal_voucher"))), "begins with a capital letter"),
        ((*OURS, ShopTender(id=Tender.newer("Two  words"))), "begins with a capital letter"),
        ((*OURS, ShopTender(id=Tender.newer("=A1"))), "begins with a capital letter"),
        ((*OURS, ShopTender(id=Tender.newer("On_delivery"))), "begins with a capital letter"),
        ((*OURS, ShopTender(id=Tender.newer("4111_1111_1111_1111"))), "card number"),
        ((*OURS, ShopTender(id=Tender.newer("Purse"), opens_drawer=True)), "coins and notes"),
        ((*OURS[:4], msgspec.structs.replace(OURS[4], rounds=True), *OURS[5:]), "stays as it is"),
        (tuple(msgspec.structs.replace(each, withdrawn=True) for each in OURS), "at least one"),
        ((*OURS, *(ShopTender(id=Tender.newer(f"T{n}")) for n in range(MAX_TENDERS))), f"at most {MAX_TENDERS}"),
    ],
)
def test_a_table_that_a_shop_cannot_have(after: tuple[ShopTender, ...], words: str) -> None:
    with pytest.raises(DomainError, match=words):
        check_tenders(after, OURS)


def test_tenders_are_withdrawn_put_in_order_and_asked_for_numbers() -> None:
    check_tenders(tuple(reversed(OURS)), OURS)
    check_tenders(tuple(msgspec.structs.replace(each, needs_reference=True, offline=False) for each in OURS), OURS)


def refused(asked: Command) -> str:
    with pytest.raises(DomainError) as caught:
        check_tenders_of(asked, OURS)
    return f"{caught.value.field}: {caught.value.message}"


def test_a_payment_names_a_tender_of_the_shop_and_its_number() -> None:
    unknown, cheque = Tender.newer("Shells"), tender_named("Cheque")
    assert refused(TakePayment(version=1, tender=unknown)).startswith("tender: This shop has no tender 'Shells'")
    assert refused(ChangePayment(payment=PaymentState.PAID, version=1, tender=unknown)).startswith("tender:")
    assert refused(TakeOrder(lines=LINES, payments=(NewPayment(tender=unknown),))).startswith("payments[0].tender:")
    assert refused(TakePayment(version=1, tender=MEAL, reference=" ")).startswith("reference: Meal card needs its")
    assert refused(TakeOrder(lines=LINES, payments=(NewPayment(tender=MEAL),))).startswith("payments[0].reference:")
    assert refused(TakePayment(version=1, tender=MEAL, amount_minor=5, given_minor=6, reference="1")).startswith(
        "given_minor: Only cash"
    )
    assert "not taken here any more" in refused(PlaceOrder(lines=LINES, tender=cheque))
    check_tenders_of(TakePayment(version=1, tender=cheque), OURS)  # it was taken before the till was told
    check_tenders_of(TakePayment(version=1, tender=COINS, amount_minor=5, given_minor=6), OURS)
    check_tenders_of(TakeOrder(lines=LINES, tender=MEAL), OURS)  # an earlier release's till: it cannot name a number


def test_other_coins_give_change_and_are_in_the_drawer() -> None:
    order = unpaid()
    paid = taken(order, NewPayment(tender=COINS, given_minor=order.total_minor + 500))
    assert payments_of(paid) == (Payment(COINS, order.total_minor, 0, order.total_minor + 500),)
    assert payments_of(paid)[0].change_minor == 500
    assert cash_held_minor(paid) == 0
    assert cash_held_minor(paid, (Tender.CASH, COINS)) == order.total_minor
