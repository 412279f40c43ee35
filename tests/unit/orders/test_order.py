import pytest

from core.domain.errors import DomainError, InvalidOrder
from core.domain.ids import ItemId, ModifierId, ShopId, new_order_id
from core.domain.menu import Menu, MenuItem, Modifier, ModifierGroup
from core.domain.order import (
    MAX_LINES,
    MAX_QUANTITY,
    Channel,
    NewLine,
    check_delivery,
    order_number,
    price_lines,
)
from core.domain.people import Guest, Principal, Role, first_name
from core.domain.status import Fulfilment, OrderStatus

BOWL = ItemId("bowl")
ITEMS = {
    BOWL: MenuItem(
        BOWL,
        "Bowl",
        1000,
        groups=(
            ModifierGroup(
                "protein",
                "Protein",
                (Modifier(ModifierId("tofu"), "Tofu"), Modifier(ModifierId("beef"), "Beef", 150)),
                1,
                1,
            ),
            ModifierGroup("extras", "Extras", (Modifier(ModifierId("cheese"), "Cheese", 75),)),
        ),
    ),
    ItemId("gone"): MenuItem(ItemId("gone"), "Gone", 100, available=False),
    ItemId("plain"): MenuItem(ItemId("plain"), "Plain", 250),
}


def line(item: str, quantity: int = 1, *modifiers: str) -> NewLine:
    return NewLine(item_id=ItemId(item), quantity=quantity, modifier_ids=tuple(map(ModifierId, modifiers)))


def test_a_line_costs_what_the_menu_says() -> None:
    bowl, plain = price_lines(ITEMS, [line("bowl", 3, "beef", "cheese"), line("plain", 2)])
    assert (bowl.name, bowl.unit_price_minor, bowl.total_minor) == ("Bowl", 1225, 3675)
    assert [(chosen.name, chosen.price_minor) for chosen in bowl.modifiers] == [("Beef", 150), ("Cheese", 75)]
    assert (plain.unit_price_minor, plain.total_minor, plain.modifiers) == (250, 500, ())


@pytest.mark.parametrize(
    ("wanted", "field"),
    [
        ([], "lines"),
        ([line("plain")] * (MAX_LINES + 1), "lines"),
        ([line("plain"), line("unknown")], "lines[1].item_id"),
        ([line("gone")], "lines[0].item_id"),
        ([line("plain", 0)], "lines[0].quantity"),
        ([line("plain", -3)], "lines[0].quantity"),
        ([line("plain", MAX_QUANTITY + 1)], "lines[0].quantity"),
        ([line("plain", 1, "cheese")], "lines[0].modifier_ids"),
        ([line("bowl", 1, "beef", "tofu")], "lines[0].modifier_ids"),
        ([line("bowl", 1)], "lines[0].modifier_ids"),
    ],
)
def test_what_cannot_be_sold_is_refused_by_name(wanted: list[NewLine], field: str) -> None:
    with pytest.raises(InvalidOrder) as refused:
        price_lines(ITEMS, wanted)
    assert refused.value.field.startswith(field)
    assert refused.value.message


def test_as_much_as_may_be_is_sold() -> None:
    found = price_lines(ITEMS, [line("plain", MAX_QUANTITY)] * MAX_LINES)
    assert [each.total_minor for each in found] == [250 * MAX_QUANTITY] * MAX_LINES


def test_a_delivery_needs_an_address() -> None:
    check_delivery(Fulfilment.PICKUP, "")
    check_delivery(Fulfilment.DELIVERY, "1 Main Street")
    with pytest.raises(InvalidOrder) as refused:
        check_delivery(Fulfilment.DELIVERY, "  ")
    assert refused.value.field == "address"


def test_taking_an_order_at_the_counter_confirms_it() -> None:
    assert Channel.ONLINE.first_status is OrderStatus.PENDING
    assert Channel.COUNTER.first_status is OrderStatus.CONFIRMED


def test_a_number_grows_a_digit_rather_than_start_again() -> None:
    assert order_number("ONLINE", 127) == "ONLINE-000127"
    assert order_number("POS1", 1_000_000) == "POS1-1000000"


def test_ids_made_later_sort_later() -> None:
    from core.domain.ids import uuid7

    first = uuid7()
    while (second := uuid7())[:13] == first[:13]:  # until the clock has moved on
        pass
    assert first < second
    assert len({new_order_id() for _ in range(1000)}) == 1000


def test_a_principal_is_asked_only_for_what_it_is() -> None:
    def principal(role: Role) -> Principal:
        return Principal(subject="x", role=role, name="X", session_id="s", shop_id=ShopId("shop"))

    assert principal(Role.CUSTOMER).customer_id == "x"
    assert principal(Role.CASHIER).staff_id == "x"
    with pytest.raises(TypeError):
        _ = principal(Role.ADMIN).customer_id
    with pytest.raises(TypeError):
        _ = principal(Role.CUSTOMER).staff_id


def test_a_domain_error_names_its_field() -> None:
    error = DomainError("no", "lines")
    assert (str(error), error.message, error.field) == ("no", "no", "lines")


def test_a_menu_finds_its_items() -> None:
    from core.domain.menu import Category
    from core.domain.money import Tax

    menu = Menu("Shop", "USD", Tax(), (Category("a", "A", (ITEMS[BOWL],)), Category("b", "B", ())))
    assert menu.items() == {BOWL: ITEMS[BOWL]}


def test_refusals_of_lines_say_what_is_wrong() -> None:
    for wanted, said, field in (
        ([], "An order needs at least one item.", "lines"),
        ([line("bowl", 1, "beef", "beef")], "An option of Bowl is named twice.", "lines[0].modifier_ids"),
        ([line("bowl", 1, "beef", "tofu")], "Bowl: choose at most 1 of Protein.", "lines[0].modifier_ids"),
        ([line("bowl", 1)], "Bowl: choose at least 1 of Protein.", "lines[0].modifier_ids"),
    ):
        with pytest.raises(InvalidOrder) as refused:
            price_lines(ITEMS, wanted)
        assert (refused.value.message, refused.value.field) == (said, field)
    with pytest.raises(InvalidOrder, match=r"^A delivery needs an address\.$"):
        check_delivery(Fulfilment.DELIVERY, "")


def test_a_line_keeps_its_note_and_its_item() -> None:
    (sold,) = price_lines(ITEMS, [NewLine(item_id=ItemId("plain"), note="no salt")])
    assert (sold.item_id, sold.note) == ("plain", "no salt")


@pytest.mark.parametrize(
    ("typed", "name", "phone"),
    [
        ("7", "7", ""),
        ("42", "42", ""),
        ("#12", "#12", ""),
        (" Table  7 ", "Table 7", ""),
        ("T12a", "T12a", ""),
        ("12345", "12345", ""),
        ("Sam", "Sam", ""),
        ("(212) 555-0142", "", "2125550142"),
        ("+49 30 123456", "", "+4930123456"),
        ("٠١٢٣٤٥٦٧", "", "01234567"),
        ("Jo 555-0142 77", "Jo", "555014277"),
        ("Jo, +49 30 123456", "Jo", "+4930123456"),
        ("Jo 7", "Jo 7", ""),
        ("Jo 12345", "Jo 12345", ""),
        ("Jo 123456", "Jo", "123456"),
        ("Jo 123456789012345", "Jo", "123456789012345"),
        ("4111 1111 1111 1111", "4111 1111 1111 1111", ""),
        ("", "", ""),
    ],
)
def test_all_of_what_was_typed_is_kept(typed: str, name: str, phone: str) -> None:
    guest = Guest.of(typed)
    assert (guest.name, guest.phone) == (name, phone)
    signs = [sign for sign in guest.name + guest.phone if sign.isalnum()]
    assert signs == [str(int(sign)) if sign.isdecimal() else sign for sign in typed if sign.isalnum()]


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("Table 7", "Table 7"),
        ("Mesa 12", "Mesa 12"),
        ("طاولة ٧", "طاولة ٧"),
        ("#12", "#12"),
        ("7", "7"),
        ("Grandmother's big table 7", "Grandmother's big ta"),
        ("Ada 0151 2345678", "Ada"),
        ("Room 12345", "Room 12345"),
        ("Ada 123456", "Ada"),
        ("Great Aunt Ada Kings 7", "Great Aunt Ada Kings"),
        ("0151 2345678", ""),
    ],
)
def test_a_table_is_no_first_name_and_a_phone_is_nobodys_to_read(name: str, shown: str) -> None:
    assert first_name(name) == shown


def test_a_status_display_shows_a_first_name_of_at_most_20_letters() -> None:
    assert [first_name(name) for name in ("Ada King Lovelace", "  Bo ", "", " ", "x" * 30)] == [
        "Ada",
        "Bo",
        "",
        "",
        "x" * 20,
    ]
