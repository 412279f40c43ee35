"""The POS's History page: searching all orders, its rows, and how it stays fresh."""

import threading
from datetime import timedelta
from typing import Any

import msgspec
import pytest
from PySide6.QtCore import QDate, QPoint, Qt
from PySide6.QtTest import QSignalSpy
from PySide6.QtWidgets import QComboBox, QDateEdit, QScroller
from pytestqt.qtbot import QtBot

from core.client.errors import ServerFault
from core.domain.commands import TakePayment
from core.domain.order import PaymentState
from core.domain.status import OrderStatus
from core.protocol import routes
from core.protocol.replies import OrderPage
from core.protocol.requests import OrderQuery
from core.protocol.route import Request
from core.ui.rows import ROW
from pos_app.history.list_view import HistoryList, paid_text
from pos_app.history.search import Search
from pos_app.order.card import Card
from tests.support.contexts import answer_by
from tests.support.fake_backend import OFFLINE, FakeBackend
from tests.support.fingers import swipe_up
from tests.support.pos_window import ANA, Till, change, later, open_till, paid, place
from tests.support.steps import NEXT
from tests.widgets.conftest import PassTime

S = OrderStatus


def choose(till: Till, name: str, data: object) -> None:
    box = till.find(QComboBox, name)
    box.setCurrentIndex(box.findData(data))
    box.activated.emit(box.currentIndex())
    till.settle()


def test_history_is_newest_first_and_grows_on_scrolling(till: Till, backend: FakeBackend, qtbot: QtBot) -> None:
    orders = [place(backend, "Aisha", S.COMPLETED) for _ in range(120)]
    till.arrive()
    till.history()
    assert till.found == [order.number for order in reversed(orders[-50:])]
    assert till.text("history_count") == "50 of 120 orders"
    for expected in (100, 120):
        till.find(HistoryList, "history_list").scrollToBottom()
        qtbot.waitUntil(lambda expected=expected: len(till.found) == expected)  # type: ignore[misc]
    till.settle()
    assert till.text("history_count") == "120 orders"
    calls = backend.calls["orders"]
    till.find(HistoryList, "history_list").scrollToTop()
    till.find(HistoryList, "history_list").scrollToBottom()
    till.settle()
    assert backend.calls["orders"] == calls


def test_history_by_name_status_and_day(till: Till, backend: FakeBackend) -> None:
    old = place(backend, "Zoe King", S.COMPLETED)
    later(backend, timedelta(days=3))
    zoe, jonas = place(backend, "Zoe King"), place(backend, "Jonas")
    till.arrive()
    till.history()
    assert till.found == [jonas.number, zoe.number, old.number]
    till.type("history_search", "zoe")
    till.qtbot.waitUntil(lambda: till.found == [zoe.number, old.number])
    choose(till, "history_status", S.COMPLETED)
    assert till.found == [old.number]
    choose(till, "history_status", None)
    choose(till, "history_period", 0)
    assert till.found == [zoe.number]
    choose(till, "history_period", 7)
    assert till.found == [zoe.number, old.number]
    choose(till, "history_period", "custom")
    assert till.sees("history_from")
    day = old.placed_at.astimezone().date()
    for name in ("history_from", "history_to"):
        till.find(QDateEdit, name).setDate(QDate(day.year, day.month, day.day))
    till.qtbot.waitUntil(lambda: till.found == [old.number])
    till.type("history_search", "nobody of that name")
    till.key(Qt.Key.Key_Return)
    till.settle()
    assert till.text("history_empty") == "No order matches."
    assert not till.find_button("history_export").isEnabled()


def test_the_newest_search_wins(till: Till, backend: FakeBackend, monkeypatch: pytest.MonkeyPatch) -> None:
    aisha, jonas = place(backend, "Aisha", S.COMPLETED), place(backend, "Jonas", S.COMPLETED)
    till.arrive()
    page = till.history()
    late = threading.Event()
    real = till.api.call

    def orders(request: Request[OrderPage]) -> OrderPage:
        answer = real(request)
        assert isinstance(request.query, OrderQuery)
        if request.query.q == "aisha":
            late.wait(10)
        return answer

    answer_by(monkeypatch, till.api, routes.ORDERS, orders)
    page.seek("aisha")
    page.seek("jonas")
    till.qtbot.waitUntil(lambda: till.found == [jonas.number])
    late.set()
    till.settle()
    assert till.found == [jonas.number]
    assert aisha.number not in till.found


def test_what_is_not_counted_to_the_end_is_said_so(
    till: Till, backend: FakeBackend, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The server reads on for a page, and not for a figure."""
    for _ in range(70):
        place(backend, "Zoe King", S.COMPLETED)
    till.arrive()
    page, asked = till.history(), till.api.call

    def uncounted(request: Request[Any]) -> Any:
        reply = asked(request)
        return msgspec.structs.replace(reply, total=len(reply.orders), total_is_least=True)

    answer_by(monkeypatch, till.api, routes.ORDERS, uncounted)
    page.seek("zoe")
    till.settle()
    assert till.text("history_count") == "50 orders, and more"
    till.find(HistoryList, "history_list").scrollToBottom()
    till.settle()
    assert len(till.found) == 70
    assert till.text("history_count") == "70 orders"


def test_a_search_that_fails_keeps_what_is_shown(till: Till, backend: FakeBackend) -> None:
    order = place(backend, "Aisha", S.COMPLETED)
    till.arrive()
    till.history()
    backend.fail_with = ServerFault("It answered 500.")
    till.type("history_search", "zoe")
    till.key(Qt.Key.Key_Return)
    till.settle()
    assert till.found == [order.number]
    assert "The server had a problem" in till.notice()


def test_a_row_opens_its_details_follows_changes_and_prints_again(till: Till, backend: FakeBackend) -> None:
    order = paid(backend, place(backend, "Aisha", S.COMPLETED))
    till.arrive()
    till.history()
    view = till.find(HistoryList, "history_list")
    till.qtbot.mouseClick(
        view.viewport(), Qt.MouseButton.LeftButton, pos=view.visualRect(view.model().index(0, 0)).center()
    )
    till.settle()
    assert "Completed" in till.words("details_history")
    till.click("details_more")
    till.choose("menu_refund")
    till.click("refund_all")
    till.click("reason_1")
    till.click("reason_confirm")
    till.settle()
    assert backend.orders[order.id].payment is PaymentState.REFUNDED
    shown: Card = view.model().data(view.model().index(0, 0), ROW)
    assert shown.order.payment is PaymentState.REFUNDED
    till.click("details_print")
    assert till.sees("receipt_dialog")
    till.click("receipt_done")
    till.click("details_close")


def test_history_without_a_mouse(till: Till, backend: FakeBackend, qtbot: QtBot) -> None:
    first, second = place(backend, "Aisha", S.COMPLETED), place(backend, "Jonas", S.COMPLETED)
    till.arrive()
    till.key(Qt.Key.Key_3, Qt.KeyboardModifier.ControlModifier)
    till.settle()
    assert till.find_line("history_search").hasFocus()
    view = till.find(HistoryList, "history_list")
    view.setFocus()
    assert till.found == [second.number, first.number]
    till.key(Qt.Key.Key_Down)
    till.key(Qt.Key.Key_Down)
    till.key(Qt.Key.Key_Return)
    till.settle()
    assert first.number in till.words("details_dialog")
    till.key(Qt.Key.Key_Escape)
    assert not till.sees("details_dialog")


def test_nothing_of_one_cashiers_search_is_left_for_the_next(till: Till, backend: FakeBackend) -> None:
    order = place(backend, "Aisha", S.COMPLETED)
    change(backend, order, note="secret")
    till.arrive()
    page = till.history()
    page.seek("aisha")
    till.settle()
    till.click("cashier")
    till.choose("menu_switch")
    till.arrive(ANA)
    assert page.sought == Search()
    assert page.history.rows.rowCount() == 0


def test_f5_searches_again(till: Till, backend: FakeBackend) -> None:
    till.arrive()
    page = till.history()
    spy = QSignalSpy(page.history.changed)
    order = place(backend, "Aisha", S.COMPLETED)
    till.refresh()
    assert till.found == [order.number]
    assert spy.count() > 0


def test_scrolling_the_history_with_a_finger_opens_nothing(till: Till, backend: FakeBackend, qtbot: QtBot) -> None:
    for _ in range(40):
        place(backend, "Aisha", S.COMPLETED)
    till.arrive()
    till.history()
    view = till.find(HistoryList, "history_list")
    surface = view.viewport()
    swipe_up(qtbot, surface, QPoint(100, 400))
    qtbot.waitUntil(lambda: view.verticalScrollBar().value() > 100)
    assert not till.sees("details_dialog")
    QScroller.scroller(surface).stop()
    till.settle()


def test_what_happens_elsewhere_is_in_the_history_by_itself(till: Till, backend: FakeBackend) -> None:
    old = place(backend, "Aisha", S.COMPLETED)
    till.arrive()
    till.history()
    choose(till, "history_status", S.PENDING)
    assert till.found == []
    new = place(backend, "Jonas")
    till.qtbot.waitUntil(lambda: till.found == [new.number])
    assert till.text("history_count") == "1 order"
    assert till.text("history_age") == "Updated 0 s ago"
    backend.move(new.id, NEXT)
    till.qtbot.waitUntil(lambda: till.found == [])
    choose(till, "history_status", None)
    assert till.found == [new.number, old.number]


def test_the_history_asks_by_itself_while_it_is_shown(qtbot: QtBot, backend: FakeBackend) -> None:
    with open_till(qtbot, backend, board_refresh_s=0.2) as till:
        till.arrive()
        page = till.history()
        for _ in range(2):
            with qtbot.waitSignal(page.refresher.succeeded):
                pass
        till.click("nav_sync")
        assert not page.refresher.active


def test_the_history_is_searched_again_when_it_is_shown_again(till: Till, backend: FakeBackend) -> None:
    backend.pushes = False
    till.arrive()
    till.history()
    till.click("nav_sync")
    new = place(backend, "Jonas")
    till.click("nav_history")
    till.settle()
    assert till.found == [new.number]


def test_what_comes_keeps_all_that_was_loaded_and_where_one_is(till: Till, backend: FakeBackend) -> None:
    orders = [place(backend, "Aisha", S.COMPLETED) for _ in range(70)]
    till.arrive()
    till.history()
    view = till.find(HistoryList, "history_list")
    view.scrollToBottom()
    till.qtbot.waitUntil(lambda: len(till.found) == 70)
    till.settle()
    view.verticalScrollBar().setValue(600)
    seen: str = view.indexAt(QPoint(10, 100)).data(ROW).order.number
    new = place(backend, "Jonas")
    till.qtbot.waitUntil(lambda: till.found[0] == new.number)
    assert len(till.found) == 70, "the oldest is a page further now"
    assert view.indexAt(QPoint(10, 100)).data(ROW).order.number == seen
    view.scrollToBottom()
    till.qtbot.waitUntil(lambda: len(till.found) == 71)
    assert till.found == [new.number, *(order.number for order in reversed(orders))]


def test_an_answer_from_before_a_further_page_takes_nothing_away(till: Till, backend: FakeBackend) -> None:
    for _ in range(70):
        place(backend, "Aisha", S.COMPLETED)
    till.arrive()
    page = till.history()
    short = page.history._fetch()
    assert len(short.page.orders) == 50
    page.history.more()
    till.qtbot.waitUntil(lambda: len(till.found) == 70)
    till.settle()
    page.refresher.succeeded.emit(short)
    assert len(till.found) == 70
    with till.qtbot.waitSignal(page.refresher.succeeded):
        pass
    assert len(till.found) == 70, "it has asked again"


def test_today_ends_at_midnight(till: Till, backend: FakeBackend) -> None:
    order = place(backend, "Aisha", S.COMPLETED)
    till.arrive()
    page = till.history()
    choose(till, "history_period", 0)
    assert till.found == [order.number]
    later(backend, timedelta(days=1))
    till.api.call(routes.MENU())  # by its answer the till knows what time it is
    till.qtbot.waitUntil(lambda: till.found == [])
    assert page.sought.query(till.window._context.now()).placed_from > order.placed_at.isoformat()
    choose(till, "history_period", 1)
    assert till.found == [order.number]


def test_what_is_kept_is_as_old_as_the_last_contact(till: Till, backend: FakeBackend, pass_time: PassTime) -> None:
    order = place(backend, "Aisha")
    till.arrive()
    backend.fail_with = OFFLINE
    till.refresh()
    pass_time(200.0)
    till.history()
    till.qtbot.waitUntil(lambda: till.text("history_count") == "1 order, kept on this POS")
    assert till.text("history_age") == "Updated 3 min ago"
    assert till.text("as_of_title").endswith(", 3 min ago")
    backend.fail_with = None
    till.qtbot.waitUntil(lambda: till.text("history_count") == "1 order")
    till.qtbot.waitUntil(lambda: till.text("history_age") == "Updated 0 s ago")
    assert till.found == [order.number]


def test_a_paid_order_says_how_many_items_it_has(backend: FakeBackend) -> None:
    order = place(backend, lines=2)
    row = backend.change(order, TakePayment(version=order.version, amount_minor=100))
    assert "items" not in paid_text(row)[0], "what is left to pay takes the room"
    row = backend.change(row, TakePayment(version=row.version))
    assert paid_text(row)[0] == "Paid · 3 items"
