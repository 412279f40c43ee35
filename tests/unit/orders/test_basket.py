"""The basket: what is the same line, what it comes to, and what it refuses."""

from datetime import date

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.domain.errors import InvalidOrder
from core.domain.ids import ItemId, ModifierId
from core.domain.menu import Category, Menu, MenuItem
from core.domain.money import Tax
from core.domain.order import MAX_LINES, MAX_QUANTITY, NewLine, price_lines
from core.domain.pricing import price
from core.ui.ordering.basket import Basket, Trouble
from tests.support.menus import BOWL, CHIPS, MENU, SODA, SOUP

HOT, MILD = ModifierId("hot"), ModifierId("mild")
GUACAMOLE, CHEESE = ModifierId("guacamole"), ModifierId("cheese")


def bowl(*extras: ModifierId, quantity: int = 1, note: str = "") -> NewLine:
    return NewLine(item_id=BOWL.id, quantity=quantity, modifier_ids=(HOT, *extras), note=note)


def chips(quantity: int = 1) -> NewLine:
    return NewLine(item_id=CHIPS.id, quantity=quantity)


def without(*gone: ItemId) -> Menu:
    """The menu, some of its items no longer on it."""
    categories = tuple(
        msgspec.structs.replace(category, items=tuple(item for item in category.items if item.id not in gone))
        for category in MENU.categories
    )
    return msgspec.structs.replace(MENU, categories=categories)


@pytest.fixture
def basket() -> Basket:
    made = Basket()
    made.use(MENU)
    return made


def test_the_same_choices_in_any_order_are_one_line(basket: Basket) -> None:
    first = basket.add(bowl(GUACAMOLE, CHEESE))
    again = basket.add(bowl(CHEESE, GUACAMOLE, quantity=2, note="  "))
    assert again == first
    assert [line.wanted.quantity for line in basket.lines] == [3]


def test_another_choice_or_note_is_another_line(basket: Basket) -> None:
    basket.add(bowl())
    basket.add(bowl(CHEESE))
    basket.add(bowl(note="no rice"))
    assert [line.wanted.quantity for line in basket.lines] == [1, 1, 1]


def test_it_comes_to_what_the_server_will_say(basket: Basket) -> None:
    basket.add(bowl(GUACAMOLE, quantity=2))
    basket.add(chips(3))
    assert [line.priced.total_minor for line in basket.lines] == [2 * (849 + 195), 3 * 445]
    amounts = basket.amounts()
    assert (amounts.subtotal_minor, amounts.tax_minor, amounts.total_minor) == (3423, 261, 3423)
    assert basket.quantities() == {BOWL.id: 2, CHIPS.id: 3}
    assert basket.quantity == 5


@given(
    st.lists(
        st.tuples(st.sampled_from([chips(), bowl(), bowl(CHEESE), NewLine(item_id=SODA.id)]), st.integers(1, 40)),
        min_size=1,
        max_size=30,
    )
)
def test_merging_never_changes_what_is_asked_for(asked: list[tuple[NewLine, int]]) -> None:
    basket = Basket()
    basket.use(MENU)
    lines = [msgspec.structs.replace(line, quantity=count) for line, count in asked]
    try:
        for line in lines:
            basket.add(line)
    except InvalidOrder:
        assert basket.quantity > MAX_QUANTITY - 40
        return
    alone = price(price_lines(MENU.items(), lines), MENU.terms, basket.fulfilment, date(2026, 11, 29))
    amounts = basket.amounts()
    assert (amounts.total_minor, amounts.tax_minor) == (alone.total_minor, alone.tax_minor)
    assert [line.total_minor for line in price_lines(MENU.items(), basket.wanted)] == [
        line.priced.total_minor for line in basket.lines
    ]


@pytest.mark.parametrize(
    ("wanted", "field"),
    [
        (NewLine(item_id=BOWL.id), "lines[0].modifier_ids"),
        (NewLine(item_id=BOWL.id, modifier_ids=(HOT, MILD)), "lines[0].modifier_ids"),
        (NewLine(item_id=SOUP.id), "lines[0].item_id"),
        (NewLine(item_id=ItemId("cake")), "lines[0].item_id"),
    ],
)
def test_what_the_server_would_refuse_does_not_go_in(basket: Basket, wanted: NewLine, field: str) -> None:
    basket.add(chips())
    with pytest.raises(InvalidOrder) as refused:
        basket.add(wanted)
    assert refused.value.field == field
    assert basket.wanted == (chips(),)


def test_the_most_of_one_line(basket: Basket) -> None:
    line = basket.add(chips(MAX_QUANTITY))
    with pytest.raises(InvalidOrder, match="between 1 and"):
        basket.add(chips())
    with pytest.raises(InvalidOrder, match="between 1 and"):
        basket.set_quantity(line, 0)
    assert basket.wanted == (chips(MAX_QUANTITY),)


def test_the_most_lines(basket: Basket) -> None:
    items = tuple(MenuItem(ItemId(f"i{number}"), f"Item {number}", 100) for number in range(MAX_LINES + 1))
    basket.use(Menu("Shop", "USD", Tax(), (Category("all", "All", items),)))
    for item in items[:-1]:
        basket.add(NewLine(item_id=item.id))
    with pytest.raises(InvalidOrder) as refused:
        basket.add(NewLine(item_id=items[-1].id))
    assert refused.value.field == "lines"
    basket.add(NewLine(item_id=items[0].id))  # more of what is in it is no line more
    assert basket.amounts().total_minor == (MAX_LINES + 1) * 100


def test_a_changed_line_keeps_its_place_and_meets_its_twin(basket: Basket) -> None:
    first, plain, _ = basket.add(bowl(CHEESE)), basket.add(bowl()), basket.add(chips())
    assert basket.replace(plain, bowl(GUACAMOLE, quantity=4)) == plain
    assert [line.id for line in basket.lines][:2] == [first, plain]
    assert basket.replace(plain, bowl(CHEESE, quantity=4)) == first
    assert [line.wanted.quantity for line in basket.lines] == [5, 1]


def test_a_new_menu_prices_again_and_marks_what_cannot_be_had(basket: Basket) -> None:
    basket.add(chips(2))
    basket.add(bowl())
    basket.add(NewLine(item_id=SODA.id))
    dearer = msgspec.structs.replace(CHIPS, price_minor=500)
    sold_out = msgspec.structs.replace(SODA, available=False)
    strict = msgspec.structs.replace(BOWL, groups=BOWL.groups[1:])
    basket.use(Menu("Shop", "USD", Tax(), (Category("all", "All", (dearer, sold_out, strict)),)))
    assert [line.trouble for line in basket.lines] == [None, Trouble.CHOICES, Trouble.SOLD_OUT]
    assert [line.priced.total_minor for line in basket.lines] == [1000, 849, 109]
    basket.use(without(CHIPS.id))
    assert [line.trouble for line in basket.lines] == [Trouble.GONE, None, None]
    assert basket.troubled is basket.lines[0]


def test_the_server_blames_a_line(basket: Basket) -> None:
    basket.add(chips())
    basket.add(bowl())
    basket.blame(0, "item_id")
    basket.blame(1, "modifier_ids[0]")
    basket.blame(7, "item_id")
    assert [line.trouble for line in basket.lines] == [Trouble.SOLD_OUT, Trouble.CHOICES]
    basket.use(MENU)
    assert basket.troubled is None


def test_what_was_emptied_comes_back_onto_what_is_there(basket: Basket) -> None:
    basket.add(chips(2))
    basket.add(bowl())
    lines = tuple(basket.lines)
    basket.clear()
    basket.add(chips())
    basket.restore(lines)
    assert [(line.wanted.item_id, line.wanted.quantity) for line in basket.lines] == [(CHIPS.id, 3), (BOWL.id, 1)]
