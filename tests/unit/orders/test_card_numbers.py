"""What is the number of a payment card, and what only looks a little like one."""

import random
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core import cards
from core.domain.commands import PlaceOrder, TakeOrder
from core.domain.errors import CardNumber
from core.domain.ids import ItemId, ShopId, new_order_id, uuid7
from core.domain.menu import Category, Menu, MenuItem
from core.domain.money import Tax
from core.domain.order import NewLine, order_number
from core.domain.order_rules import Offer, place
from core.domain.people import Person, Role
from core.domain.phones import with_plus
from core.domain.status import Fulfilment, OrderStatus, transition

FRIES = NewLine(item_id=ItemId("fries"))
MENU = Menu("Test Kitchen", "USD", Tax(), (Category("sides", "Sides", (MenuItem(ItemId("fries"), "Fries", 390),)),))
KIM = Person(id="kim", role=Role.CASHIER, name="Kim")

CARDS = [
    "4111111111111111",
    "4222222222222",
    "5555555555554444",
    "2223003122003222",
    "378282246310005",
    "30569309025904",
    "6011111111111117",
    "3530111333300000",
    "6200000000000005",
    "6205500000000000004",
    "2200000000000053",
]
"""What the networks publish for testing: nobody's."""


def found(text: str) -> list[str]:
    return [text[start:end] for start, end in cards.numbers(text)]


@pytest.mark.parametrize("card", CARDS)
def test_a_cards_number_is_found_however_it_is_written(card: str) -> None:
    by_fours = [card[at : at + 4] for at in range(0, len(card) - len(card) % 4, 4)]
    by_fours[-1] += card[len(by_fours) * 4 :]
    for written in (card, " ".join(by_fours), "-".join(by_fours), "\u00a0".join(by_fours), "\u2011".join(by_fours)):
        assert found(written) == [written]
        assert found(f"please charge card:{written}, thanks") == [written]
        assert found(f"2 bowls {written} 12/27 123") == [written]
        assert found(f"{written} 1227 123") == [written]


def test_it_is_found_as_it_stands_on_an_american_express() -> None:
    assert found("3782 822463 10005") == ["3782 822463 10005"]


def test_it_is_found_in_the_figures_of_another_script() -> None:
    assert found("٤١١١ ١١١١ ١١١١ ١١١١") == ["٤١١١ ١١١١ ١١١١ ١١١١"]


@pytest.mark.parametrize("card", CARDS)
def test_with_one_digit_wrong_it_is_none(card: str) -> None:
    for at in range(1, len(card)):
        other = card[:at] + str((int(card[at]) + 1) % 10) + card[at + 1 :]
        assert found(other) == []


@pytest.mark.parametrize(
    "text",
    [
        "",
        "no onions, ring twice",
        "+1 555 0100",
        "+4915123456789 or +378282246310005",
        "call 0151 23456789 or 0049 151 23456789",
        "06 12 34 56 78 / 06 98 76 54 32",
        "1 Main Street, 94103-1234, floor 12",
        "2026-11-22 18:30, 2026-11-23 18:30",
        "3 x 12.50, 2 x 4.00, 1 x 11.11",
        "4 5 6 7 4 5 6 7 4 5 6 7 4 5 6 7",
        "0000000000000000",
        "1" * 16,
        "4" * 40,
        "ISBN 9780306406157",
    ],
)
def test_what_people_write_otherwise_is_none(text: str) -> None:
    assert found(text) == []


def test_our_own_numbers_are_none() -> None:
    chance = random.Random(7)
    for series in ("ONLINE", "POS1", "POS4111"):
        assert not any(found(order_number(series, chance.randrange(1, 10**8))) for _ in range(2_000))
    assert not any(found(uuid7()) for _ in range(20_000))
    assert not found("order 01234000-4111-7111-8111-1111aaaaaaaa")
    assert not found("order 0123abcd-4111-1111-1111-111123456789")


def test_at_most_every_tenth_number_of_a_cards_length_is_mistaken_for_one() -> None:
    """Which is what the check digit can do; the first digits keep most of these out, too."""
    chance = random.Random(11)
    mistaken = sum(bool(found(str(chance.randrange(10**15, 10**16)))) for _ in range(5_000))
    assert mistaken < 5_000 // 20


@pytest.mark.parametrize(
    ("asked", "field"),
    [
        (PlaceOrder(id=new_order_id(), lines=(FRIES,), note=f"card {CARDS[0]}"), "note"),
        (PlaceOrder(id=new_order_id(), lines=(FRIES,), address=f"card {CARDS[0]}"), "address"),
        (
            PlaceOrder(id=new_order_id(), lines=(FRIES, NewLine(item_id=ItemId("fries"), note=CARDS[0]))),
            "lines[1].note",
        ),
        (TakeOrder(id=new_order_id(), lines=(FRIES,), customer_name=CARDS[0]), "customer_name"),
    ],
)
def test_a_new_order_has_none(asked: PlaceOrder | TakeOrder, field: str) -> None:
    offer = Offer(ShopId(""), MENU.terms, MENU.items())
    with pytest.raises(CardNumber) as refused:
        place(asked, offer, None, order_id=new_order_id(), at=datetime.now(UTC))
    assert refused.value.field == field


def test_a_reason_has_none() -> None:
    with pytest.raises(CardNumber) as refused:
        transition(OrderStatus.PENDING, OrderStatus.REJECTED, Fulfilment.PICKUP, Role.CASHIER, CARDS[0])
    assert refused.value.field == "reason"


def test_hiding_leaves_the_rest() -> None:
    text = f"first {CARDS[0]}, then 5555 5555 5555 4444 and no more"
    assert cards.hidden(text, "[x]") == "first [x], then [x] and no more"
    assert cards.hidden("nothing here to hide", "[x]") == "nothing here to hide"


@given(st.text(max_size=80))
def test_any_text_may_be_asked_about(text: str) -> None:
    for start, end in cards.numbers(text):
        assert cards.SHORTEST <= sum(character.isdigit() for character in text[start:end]) <= cards.LONGEST


@pytest.mark.parametrize("typed", ["4915112345678", "49 1511 234 5678", "49 (1511) 2345678"])
def test_a_phone_number_without_its_plus_sign_is_no_card(typed: str) -> None:
    """Visa once had cards of 13 digits, and one in ten German mobile numbers is one by its check digit."""
    assert found("4915112345678") == ["4915112345678"]
    asked = TakeOrder(lines=(FRIES,), customer_phone=typed)
    offer = Offer(ShopId(""), MENU.terms, MENU.items(), country="DE")
    order = place(asked, offer, None, order_id=new_order_id(), at=datetime.now(UTC))
    assert order.customer_phone == "+4915112345678"


@pytest.mark.parametrize("card", CARDS)
def test_a_card_is_none_whose_digits_are_typed_for_a_phone(card: str) -> None:
    assert with_plus(card) == card
