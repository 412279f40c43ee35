"""What finds an order: part of its number, its customer's name or phone number; a complete number finds it alone."""

import msgspec
import pytest

from core.domain.ids import new_order_id
from core.domain.search import Sought
from tests.support.desk import new_order

ORDER = msgspec.structs.replace(
    new_order(new_order_id()), number="POS1-000042", customer_name="Zoë Ångström", customer_phone="15550101234"
)


@pytest.mark.parametrize(
    "typed",
    [
        "",
        "  ",
        "42",
        "000042",
        "POS1-0000",
        "pos1",
        "zoë",
        "ÅNGSTRÖM",
        " zoë ång ",
        "5550101",
        "555 01 01",
        "POS1-000042",
    ],
)
def test_what_finds_it(typed: str) -> None:
    assert Sought.of(typed).finds(ORDER)


@pytest.mark.parametrize("typed", ["43", "zoe", "kim", "5550102", "online-000042", "-0042"])
def test_what_does_not(typed: str) -> None:
    assert not Sought.of(typed).finds(ORDER)


def test_a_complete_number_finds_that_order_and_none_that_contains_it() -> None:
    """A scanner reads it, in either case."""
    for typed in ("POS1-000042", "pos1-000042", " POS1-000042\n"):
        sought = Sought.of(typed)
        assert sought.finds(ORDER)
        assert not sought.finds(msgspec.structs.replace(ORDER, number="POS1-0000421"))
        assert not sought.finds(msgspec.structs.replace(ORDER, number="XPOS1-000042"))
        assert not sought.finds(msgspec.structs.replace(ORDER, number="POS1-000043", customer_name="pos1-000042"))
    longer = Sought.of("POS1-1000042")
    assert longer.numbers
    assert not longer.finds(ORDER)


def test_words_without_a_digit_look_at_no_phone_number() -> None:
    """No digit is in every number."""
    assert not Sought.of("somebody").finds(ORDER)
    assert not Sought.of("!").finds(msgspec.structs.replace(ORDER, customer_phone=""))
