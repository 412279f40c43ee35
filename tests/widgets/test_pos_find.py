"""Finding an order on the board as one types."""

import msgspec
import pytest
from PySide6.QtCore import Qt

from core.domain.ids import OrderId
from core.domain.status import OrderStatus
from tests.support.customer_window import JONAS
from tests.support.fake_backend import FakeBackend
from tests.support.menus import SODA
from tests.support.ordering import Finger
from tests.support.pos_window import Till, place

S = OrderStatus


@pytest.mark.parametrize("sought", ["jonas", "000002", JONAS, "555 0200"])
def test_slash_searches_the_board_as_one_types(till: Till, backend: FakeBackend, sought: str) -> None:
    place(backend, "Aisha Bello")
    jonas = place(backend, "Jonas Weber")
    place(backend, "Zoe King", S.READY)
    till.arrive()
    till.qtbot.keyClicks(till.column(S.PENDING), "/")
    search = till.find_line("search")
    assert search.hasFocus()
    till.qtbot.keyClicks(search, sought)
    assert till.numbers(S.PENDING) == [jonas.number]
    assert till.numbers(S.READY) == []
    assert "1 order on the board" in till.words("search_hint")
    till.key(Qt.Key.Key_Return)
    assert till.current() == jonas.number
    till.settle()
    assert till.server(jonas) is S.PENDING
    till.qtbot.keyClicks(till.column(S.PENDING), "/")
    till.key(Qt.Key.Key_Escape)
    assert len(till.numbers(S.PENDING)) == 2
    assert not till.sees("search_hint")


def test_a_refresh_keeps_what_is_sought(till: Till, backend: FakeBackend) -> None:
    place(backend, "Aisha Bello")
    till.arrive()
    till.type("search", "jonas")
    assert till.numbers(S.PENDING) == []
    jonas = place(backend, "Jonas Weber")
    till.refresh()
    assert till.numbers(S.PENDING) == [jonas.number]


def test_enter_opens_the_one_that_is_meant_exactly(till: Till, backend: FakeBackend) -> None:
    order = place(backend)
    till.arrive()
    till.type("search", order.number.lower())
    till.key(Qt.Key.Key_Return)
    assert till.sees("details_dialog")
    till.settle()


def test_an_id_that_nobody_sees_is_not_searched(till: Till, backend: FakeBackend) -> None:
    """`138` in the id of POS1-000034 put Enter on it."""
    hidden = place(backend, "Aisha Bello")
    backend.orders[OrderId("0198a2b4-1381-7138-8138-138138138138")] = msgspec.structs.replace(
        backend.orders.pop(hidden.id), id=OrderId("0198a2b4-1381-7138-8138-138138138138")
    )
    till.arrive()
    till.type("search", "138")
    assert till.numbers(S.PENDING) == []
    till.key(Qt.Key.Key_Return)
    assert till.text("history_search") == "138"


@pytest.mark.parametrize(("typed", "which"), [("2", 1), ("0002", 1), ("online 2", 1), ("1", 0)])
def test_enter_goes_to_an_exact_number_first(till: Till, backend: FakeBackend, typed: str, which: int) -> None:
    """Whatever else has it in its number or is named so."""
    there = [place(backend, "Table 2"), place(backend, "Table 1"), *(place(backend) for _ in range(12))]
    till.arrive()
    till.type("search", typed)
    assert len(till.numbers(S.PENDING)) > 1
    till.key(Qt.Key.Key_Return)
    assert till.current() == there[which].number
    assert (till.text("search"), len(till.numbers(S.PENDING))) == ("", 14), "it is found, and hides no other any more"


def test_what_was_sought_does_not_hide_the_order_that_is_taken(till: Till, backend: FakeBackend) -> None:
    place(backend, "Aisha Bello")
    till.arrive()
    till.type("search", "aisha")
    page = till.new_order()
    Finger(page.view, till.qtbot).tile(SODA.name)
    till.click("checkout")
    till.click("payment_cash")
    till.settle()
    till.click("nav_orders")
    assert till.text("search") == ""
    assert len(till.numbers(S.CONFIRMED)) == 1


def test_names_are_found_on_the_board_however_they_are_typed(till: Till, backend: FakeBackend) -> None:
    omer, zhanna, angel, table = (place(backend, name) for name in ("Ömer", "Жанна", "Ángel", "Table 7"))
    place(backend, "Table 70")
    till.arrive()
    for typed, wanted in {
        "ömer": omer, "ÖMER": omer, "omer": omer, "жанна": zhanna, "ЖАН": zhanna, "angel": angel, "ÁNG": angel,
        "table 7": table, "TABLE ٧": table,
    }.items():  # fmt: skip
        till.find_line("search").setText(typed)
        assert till.numbers(S.PENDING) == [wanted.number], typed


def test_what_is_not_on_the_board_is_searched_for_in_all_orders(till: Till, backend: FakeBackend) -> None:
    done = place(backend, "Zoe King", S.COMPLETED)
    place(backend, "Aisha Bello")
    till.arrive()
    till.type("search", "zoe")
    assert "Nothing on the board" in till.words("search_hint")
    till.click("search_all")
    till.settle()
    assert till.text("history_search") == "zoe"
    assert till.found == [done.number]
    till.click("nav_orders")
    assert till.text("search") == ""
    assert len(till.numbers(S.PENDING)) == 1
