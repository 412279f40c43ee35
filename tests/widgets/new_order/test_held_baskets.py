"""The cashier holds a basket and goes on with it: by mouse and by keyboard, with and without a server, at one of two
tills."""

from collections.abc import Callable

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QAbstractButton, QLabel, QLineEdit
from pytestqt.qtbot import QtBot

from core.client.errors import Unreachable
from core.domain.discount import Discount
from core.domain.held_baskets import HoldBasket, TakeBasket
from core.domain.ids import BasketId, ItemId, uuid7
from core.domain.order import NewLine, Order
from core.domain.service import Service
from core.domain.status import Fulfilment
from pos_app.context import PosContext
from pos_app.new_order.held_pane import HeldPane
from pos_app.new_order.page import NewOrderPage
from tests.support.fake_backend import FakeBackend
from tests.support.menus import CHIPS, SODA
from tests.support.ordering import Finger, child

CTRL = Qt.KeyboardModifier.ControlModifier
Key = Qt.Key


def hold(page: NewOrderPage, finger: Finger, qtbot: QtBot, label: str) -> None:
    finger.button("hold")
    finger.field("hold_label", label)
    with qtbot.waitSignal(page.held.freed):
        finger.button("hold_confirm")


def until_held(page: NewOrderPage, qtbot: QtBot, count: int) -> None:
    text = f"Held ({count})" if count else "Held"
    qtbot.waitUntil(lambda: child(page, QAbstractButton, "held").text() == text)


def rows(page: NewOrderPage) -> list[str]:
    """What can be read in the list, a line a basket."""
    pane = child_pane(page)
    return [
        " | ".join(part.text() for part in row.findChildren(QLabel) if part.isVisibleTo(pane) and part.text())
        for row in pane._rows.values()
    ]


def child_pane(page: NewOrderPage) -> HeldPane:
    (pane,) = page.findChildren(HeldPane)
    return pane


def held_elsewhere(backend: FakeBackend, label: str, item: ItemId = CHIPS.id) -> BasketId:
    asked = HoldBasket(id=BasketId(uuid7()), label=label, lines=(NewLine(item_id=item, quantity=2),))
    backend.with_basket("", asked, "POS2", "Ann")
    return asked.id


def test_it_is_as_it_was(page: NewOrderPage, finger: Finger, qtbot: QtBot, backend: FakeBackend) -> None:
    finger.tile(CHIPS.name, 2)
    finger.tile(SODA.name)
    regular = Discount(reason="Regular", rate=10_000)
    page._ordering.basket.reduce(None, regular)
    small = Service(rate=5_000, reason="small party")
    page._ordering.basket.charge(small)
    finger.button("checkout")
    page._form.fulfilment.choose(Fulfilment.DELIVERY)
    finger.field("address", "1 Long Street")
    finger.field("order_note", "ring twice")
    finger.field("customer_search", "Table 7")
    finger.button("checkout_back")
    finger.button("hold")
    assert child(page, QLineEdit, "hold_label").text() == "Table 7", "whom it is for is likely its name"
    with qtbot.waitSignal(page.held.freed):
        finger.button("hold_confirm")
    assert finger.lines() == []
    assert page._form.values.address == ""
    until_held(page, qtbot, 1)
    finger.tile(SODA.name)
    page.view.basket.empty_asked.emit()
    finger.button("held")
    assert rows(page)[0].startswith("Table 7 | ")
    assert "3 items · Maya · POS1" in rows(page)[0]
    assert "$9.44" in rows(page)[0], "less its discount, and 5 % of that"
    finger.button("held_open")
    qtbot.waitUntil(lambda: finger.lines() == [(2, CHIPS.name), (1, SODA.name)])
    assert (page._ordering.basket.basket.discount, page._ordering.basket.basket.own_service) == (regular, small)
    values = page._form.values
    assert (values.fulfilment, values.address, values.note) == (Fulfilment.DELIVERY, "1 Long Street", "ring twice")
    assert page._customer.whom.guest.name == "Table 7"
    until_held(page, qtbot, 0)
    (basket,) = backend.baskets.values()
    assert basket.taken is not None


def test_an_order_of_it_ends_it(page: NewOrderPage, finger: Finger, qtbot: QtBot, backend: FakeBackend) -> None:
    finger.tile(CHIPS.name)
    hold(page, finger, qtbot, "Table 7")
    until_held(page, qtbot, 1)
    finger.button("held")
    finger.button("held_open")
    qtbot.waitUntil(lambda: finger.lines() == [(1, CHIPS.name)])
    finger.button("checkout")
    with qtbot.waitSignal(page.taken) as taken:
        finger.button("payment_cash")
    assert taken.args is not None
    order: Order = taken.args[0]
    qtbot.waitUntil(lambda: order.id in backend.orders)
    (basket,) = backend.baskets.values()
    qtbot.waitUntil(lambda: backend.baskets[basket.id].gone is not None)
    until_held(page, qtbot, 0)


def test_by_keyboard_alone(page: NewOrderPage, finger: Finger, qtbot: QtBot) -> None:
    finger.tile(CHIPS.name)
    search = page.view.menu.search
    search.setFocus()
    qtbot.keyClick(search, Key.Key_F8)
    label = child(page, QLineEdit, "hold_label")
    assert label.hasFocus()
    qtbot.keyClicks(label, "7")
    with qtbot.waitSignal(page.held.freed):
        qtbot.keyClick(label, Key.Key_Return)
    until_held(page, qtbot, 1)
    search.setFocus()
    qtbot.keyClick(search, Key.Key_F8, CTRL)
    focused = page.focusWidget()
    assert focused is not None
    assert focused.accessibleName() == "Open 7"
    qtbot.keyClick(focused, Key.Key_Escape)
    assert page.view.stage is page.view.basket
    qtbot.keyClick(search, Key.Key_F8, CTRL)
    focused = page.focusWidget()
    assert focused is not None
    qtbot.keyClick(focused, Key.Key_Return)
    qtbot.waitUntil(lambda: finger.lines() == [(1, CHIPS.name)])


def test_a_basket_in_progress_is_held_too(
    page: NewOrderPage, finger: Finger, qtbot: QtBot, backend: FakeBackend
) -> None:
    finger.tile(CHIPS.name)
    hold(page, finger, qtbot, "first")
    until_held(page, qtbot, 1)
    finger.tile(SODA.name)
    finger.button("held")
    finger.button("held_open")
    assert finger.lines() == [(1, SODA.name)], "it is asked about"
    finger.button("held_hold")
    qtbot.waitUntil(lambda: finger.lines() == [(1, CHIPS.name)])
    until_held(page, qtbot, 1)
    qtbot.waitUntil(lambda: len(backend.baskets) == 2)


def test_an_empty_name_is_its_time_and_deleting_is_asked_about(
    page: NewOrderPage, finger: Finger, qtbot: QtBot, backend: FakeBackend
) -> None:
    finger.tile(CHIPS.name)
    hold(page, finger, qtbot, "")
    until_held(page, qtbot, 1)
    finger.button("held")
    assert rows(page)[0][0].isdigit() or ":" in rows(page)[0]
    finger.button("held_delete")
    finger.button("held_no")
    until_held(page, qtbot, 1)
    finger.button("held_delete")
    finger.button("held_yes")
    until_held(page, qtbot, 0)
    assert page.view.stage is page.view.basket
    qtbot.waitUntil(lambda: all(each.gone for each in backend.baskets.values()))


def test_another_tills_is_here_live_and_says_who_has_it(
    page: NewOrderPage, finger: Finger, qtbot: QtBot, backend: FakeBackend
) -> None:
    basket_id = held_elsewhere(backend, "Ann's tab")
    until_held(page, qtbot, 1)
    finger.button("held")
    assert "2 items · Ann · POS2" in rows(page)[0]
    backend.with_basket(basket_id, TakeBasket(), "POS2", "Ann")
    qtbot.waitUntil(lambda: "Ann has this basket open at POS2." in rows(page)[0])
    assert not child(child_pane(page), QAbstractButton, "held_open").isEnabled()


def test_without_a_server_another_tills_is_not_opened(
    page: NewOrderPage, finger: Finger, qtbot: QtBot, backend: FakeBackend
) -> None:
    held_elsewhere(backend, "Ann's tab")
    until_held(page, qtbot, 1)
    backend.fail_with = Unreachable("gone")
    finger.tile(CHIPS.name)
    hold(page, finger, qtbot, "mine")
    until_held(page, qtbot, 2)
    finger.button("held")
    first, second = child_pane(page)._rows.values()
    finger.button("held_open", first)
    qtbot.waitUntil(lambda: "only the POS that has held a basket" in page.notice.text)
    finger.button("held_open", second)
    qtbot.waitUntil(lambda: finger.lines() == [(1, CHIPS.name)])


def test_what_is_sold_out_or_gone_is_said(
    page: NewOrderPage, finger: Finger, qtbot: QtBot, backend: FakeBackend
) -> None:
    held_elsewhere(backend, "sold out", SODA.id)
    held_elsewhere(backend, "gone", ItemId("no-such-item"))
    until_held(page, qtbot, 2)
    backend.sell(SODA.id, False)
    page.set_menu(backend.menu)
    finger.button("held")
    sold_out, gone = child_pane(page)._rows.values()
    finger.button("held_open", sold_out)
    qtbot.waitUntil(lambda: finger.lines() == [(2, SODA.name)])
    assert f"{SODA.name} is sold out" in page.notice.text
    page.clear()
    finger.button("held")
    finger.button("held_open", gone)
    qtbot.waitUntil(lambda: finger.lines() == [(2, "Item no longer sold")])
    finger.button("checkout")
    assert not page.view.at_checkout


def test_what_another_till_does_with_the_page_is_told(
    page: NewOrderPage, finger: Finger, qtbot: QtBot, backend: FakeBackend
) -> None:
    basket_id = held_elsewhere(backend, "both")
    until_held(page, qtbot, 1)
    finger.button("held")
    finger.button("held_open")
    qtbot.waitUntil(lambda: finger.lines() == [(2, CHIPS.name)])
    hand = backend.baskets[basket_id].held
    backend.finish_basket(basket_id, hand)
    qtbot.waitUntil(lambda: "Another POS has ordered, held anew or deleted this basket." in page.notice.text)
    assert finger.lines() == [(2, CHIPS.name)], "nothing is lost"


def test_what_is_rung_up_after_its_lines_are_removed_is_another_guests(
    page: NewOrderPage, finger: Finger, qtbot: QtBot, backend: FakeBackend
) -> None:
    finger.tile(CHIPS.name)
    hold(page, finger, qtbot, "Table 7")
    until_held(page, qtbot, 1)
    finger.button("held")
    finger.button("held_open")
    qtbot.waitUntil(lambda: finger.lines() == [(1, CHIPS.name)])
    finger.button("basket_empty")
    until_held(page, qtbot, 1)
    finger.tile(SODA.name)
    finger.button("checkout")
    with qtbot.waitSignal(page.taken):
        finger.button("payment_cash")
    finger.button("held")
    assert "Open at this POS" in rows(page)[0]
    assert all(each.gone is None for each in backend.baskets.values())


def test_the_next_person_finds_them(
    page: NewOrderPage, finger: Finger, qtbot: QtBot, context: PosContext, settle: Callable[[], None]
) -> None:
    finger.tile(CHIPS.name)
    hold(page, finger, qtbot, "Table 7")
    until_held(page, qtbot, 1)
    finger.button("held")
    finger.button("held_open")
    qtbot.waitUntil(lambda: finger.lines() == [(1, CHIPS.name)])
    page.clear()
    settle()
    until_held(page, qtbot, 1)
