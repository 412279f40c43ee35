"""Finding an order: on the board as one types, in all orders, or by a scanned code."""

import csv
import threading
from datetime import timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
import pytest
from PySide6.QtCore import QDate, QPoint, Qt
from PySide6.QtTest import QSignalSpy
from PySide6.QtWidgets import QComboBox, QDateEdit, QFileDialog, QScroller
from pytestqt.qtbot import QtBot

from core.client.errors import ServerFault, Unreachable
from core.domain.ids import OrderId
from core.domain.order import PaymentState
from core.domain.status import OrderStatus
from core.protocol import routes
from core.protocol.replies import OrderPage
from core.protocol.requests import OrderQuery
from core.protocol.route import Request
from core.protocol.security import ExportNote
from core.ui.rows import ROW
from pos_app.board.scanner import Scanner
from pos_app.history.list_view import HistoryList
from pos_app.history.page import HistoryPage
from pos_app.history.search import Search
from pos_app.new_order.page import NewOrderPage
from pos_app.order.card import Card
from tests.support.contexts import answer_by
from tests.support.customer_window import JONAS
from tests.support.fake_backend import FakeBackend
from tests.support.fingers import swipe_up
from tests.support.menus import SODA
from tests.support.ordering import Finger
from tests.support.pos_window import ANA, Till, change, later, open_till, paid, place
from tests.support.scanner import TYPED_MS, press, scan
from tests.support.steps import NEXT
from tests.widgets.conftest import PassTime

S = OrderStatus
OFFLINE = Unreachable("The server cannot be reached. Check the network; this window keeps trying.")


def history(till: Till) -> HistoryPage:
    till.click("nav_history")
    till.settle()
    return till.find(HistoryPage, "history_page")


def found(till: Till) -> list[str]:
    model = till.find(HistoryList, "history_list").model()
    return [model.data(model.index(row, 0), ROW).order.number for row in range(model.rowCount())]


def choose(till: Till, name: str, data: object) -> None:
    box = till.find(QComboBox, name)
    box.setCurrentIndex(box.findData(data))
    box.activated.emit(box.currentIndex())
    till.settle()


# -- on the board


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
    till.click("nav_new")
    page = till.find(NewOrderPage, "new_order_page")
    till.qtbot.waitUntil(lambda: page.view.menu.tiles.shown.rowCount() == 4)
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
    assert found(till) == [done.number]
    till.click("nav_orders")
    assert till.text("search") == ""
    assert len(till.numbers(S.PENDING)) == 1


# -- by code


def test_a_scanned_number_opens_its_order_and_confirms_nothing(till: Till, backend: FakeBackend) -> None:
    place(backend, "Aisha")
    order = place(backend, "Jonas")
    till.arrive()
    till.column(S.PENDING).setFocus()
    scan(order.number)
    assert till.sees("details_dialog")
    assert till.find_line("search").text() == ""
    till.settle()
    assert "change_status" not in backend.calls
    assert order.number in till.words("details_dialog")


def test_a_code_that_a_busy_window_handles_late_is_a_code(till: Till, backend: FakeBackend, qtbot: QtBot) -> None:
    order = place(backend, "Jonas")
    till.arrive()
    till.column(S.PENDING).setFocus()
    scan("NN", None, every_ms=TYPED_MS, handled_every_s=0.0)
    assert till.sees("new_order_page"), "two letters by hand, which the window handles together"
    till.key(Qt.Key.Key_1, Qt.KeyboardModifier.ControlModifier)
    till.column(S.PENDING).setFocus()
    scan(order.number, None)
    press(Qt.Key.Key_Return, "\r", 10**9)
    till.settle()
    assert not till.sees("details_dialog"), "that Enter was pressed long after what looks like a code"


def test_a_scanned_id_of_a_closed_order_is_asked_for(till: Till, backend: FakeBackend) -> None:
    order = place(backend, "Jonas", S.COMPLETED)
    till.arrive()
    till.column(S.PENDING).setFocus()
    scan(order.id.upper())
    till.qtbot.waitUntil(lambda: till.sees("details_dialog"))
    till.settle()
    assert order.number in till.words("details_dialog")


def test_a_scanned_number_of_a_closed_order_is_asked_for(till: Till, backend: FakeBackend) -> None:
    place(backend, "Aisha", S.COMPLETED)
    order = place(backend, "Jonas", S.COMPLETED)
    till.arrive()
    till.column(S.PENDING).setFocus()
    scan(order.number)
    till.qtbot.waitUntil(lambda: till.sees("details_dialog"))
    till.settle()
    assert order.number in till.words("details_dialog")


def test_a_code_that_means_nothing_is_said(till: Till) -> None:
    till.arrive()
    till.column(S.PENDING).setFocus()
    scan("NOBODY-000999")
    till.settle()
    assert "No order has the number or code NOBODY-000999" in till.notice()
    assert not till.sees("new_order_page")  # The N in it was no shortcut.


def test_a_letter_by_itself_is_a_shortcut(till: Till, backend: FakeBackend, qtbot: QtBot) -> None:
    till.arrive()
    qtbot.keyClicks(till.column(S.PENDING), "n")
    qtbot.waitUntil(lambda: till.sees("new_order_page"))
    till.settle()
    till.key(Qt.Key.Key_1, Qt.KeyboardModifier.ControlModifier)
    assert till.sees("board_page")
    qtbot.keyClicks(till.column(S.PENDING), "?")
    assert till.sees("shortcuts_dialog")
    till.click("shortcuts_close")
    till.key(Qt.Key.Key_3, Qt.KeyboardModifier.ControlModifier)
    till.settle()
    assert till.sees("history_page")


def test_slow_fingers_are_no_scanner(till: Till, backend: FakeBackend, qtbot: QtBot) -> None:
    order = place(backend)
    till.arrive()
    scanner = till.window.findChild(Scanner)
    assert scanner is not None
    view = till.column(S.PENDING)
    for character in "1234":
        with qtbot.waitSignal(scanner.typed):
            qtbot.keyClicks(view, character)
    till.key(Qt.Key.Key_Return)
    till.settle()
    assert till.server(order) is NEXT


# -- in all orders


def test_history_is_newest_first_and_grows_on_scrolling(till: Till, backend: FakeBackend, qtbot: QtBot) -> None:
    orders = [place(backend, "Aisha", S.COMPLETED) for _ in range(120)]
    till.arrive()
    history(till)
    assert found(till) == [order.number for order in reversed(orders[-50:])]
    assert till.text("history_count") == "50 of 120 orders"
    for expected in (100, 120):
        till.find(HistoryList, "history_list").scrollToBottom()
        qtbot.waitUntil(lambda expected=expected: len(found(till)) == expected)  # type: ignore[misc]
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
    history(till)
    assert found(till) == [jonas.number, zoe.number, old.number]
    till.type("history_search", "zoe")
    till.qtbot.waitUntil(lambda: found(till) == [zoe.number, old.number])
    choose(till, "history_status", S.COMPLETED)
    assert found(till) == [old.number]
    choose(till, "history_status", None)
    choose(till, "history_period", 0)
    assert found(till) == [zoe.number]
    choose(till, "history_period", 7)
    assert found(till) == [zoe.number, old.number]
    choose(till, "history_period", "custom")
    assert till.sees("history_from")
    day = old.placed_at.astimezone().date()
    for name in ("history_from", "history_to"):
        till.find(QDateEdit, name).setDate(QDate(day.year, day.month, day.day))
    till.qtbot.waitUntil(lambda: found(till) == [old.number])
    till.type("history_search", "nobody of that name")
    till.key(Qt.Key.Key_Return)
    till.settle()
    assert till.text("history_empty") == "No order matches."
    assert not till.find_button("history_export").isEnabled()


def test_the_newest_search_wins(till: Till, backend: FakeBackend, monkeypatch: pytest.MonkeyPatch) -> None:
    aisha, jonas = place(backend, "Aisha", S.COMPLETED), place(backend, "Jonas", S.COMPLETED)
    till.arrive()
    page = history(till)
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
    till.qtbot.waitUntil(lambda: found(till) == [jonas.number])
    late.set()
    till.settle()
    assert found(till) == [jonas.number]
    assert aisha.number not in found(till)


def test_what_is_not_counted_to_the_end_is_said_so(
    till: Till, backend: FakeBackend, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The server reads on for a page, and not for a figure."""
    for _ in range(70):
        place(backend, "Zoe King", S.COMPLETED)
    till.arrive()
    page, asked = history(till), till.api.call

    def uncounted(request: Request[Any]) -> Any:
        reply = asked(request)
        return msgspec.structs.replace(reply, total=len(reply.orders), total_is_least=True)

    answer_by(monkeypatch, till.api, routes.ORDERS, uncounted)
    page.seek("zoe")
    till.settle()
    assert till.text("history_count") == "50 orders, and more"
    till.find(HistoryList, "history_list").scrollToBottom()
    till.settle()
    assert len(found(till)) == 70
    assert till.text("history_count") == "70 orders"


def test_a_search_that_fails_keeps_what_is_shown(till: Till, backend: FakeBackend) -> None:
    order = place(backend, "Aisha", S.COMPLETED)
    till.arrive()
    history(till)
    backend.fail_with = ServerFault("It answered 500.")
    till.type("history_search", "zoe")
    till.key(Qt.Key.Key_Return)
    till.settle()
    assert found(till) == [order.number]
    assert "The server had a problem" in till.notice()


def test_a_row_opens_its_details_follows_changes_and_prints_again(till: Till, backend: FakeBackend) -> None:
    order = paid(backend, place(backend, "Aisha", S.COMPLETED))
    till.arrive()
    history(till)
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
    assert found(till) == [second.number, first.number]
    till.key(Qt.Key.Key_Down)
    till.key(Qt.Key.Key_Down)
    till.key(Qt.Key.Key_Return)
    till.settle()
    assert first.number in till.words("details_dialog")
    till.key(Qt.Key.Key_Escape)
    assert not till.sees("details_dialog")


def test_export_writes_everything_found(till: Till, backend: FakeBackend, tmp_path: Path, qtbot: QtBot) -> None:
    for number in range(70):
        place(backend, "Aisha" if number % 2 else "=cmd()", S.COMPLETED)
    till.arrive()
    page = history(till)
    page.seek("cmd")
    till.settle()
    path = tmp_path / "orders.csv"
    page.export_to(str(path))
    till.settle()
    assert "Exported" in till.notice()
    with path.open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 35
    assert {row["customer"] for row in rows} == {"'=cmd()"}
    assert backend.exports == [ExportNote(what="orders", rows=35)], "the security log says so"


@pytest.mark.parametrize(
    ("kind", "separator"),
    [(0, ","), (1, ";"), (2, "\t")],
)
def test_an_export_is_separated_as_its_dialog_says(
    till: Till, backend: FakeBackend, tmp_path: Path, kind: int, separator: str
) -> None:
    backend.menu = msgspec.structs.replace(backend.menu, time_zone="Asia/Kathmandu")
    order = place(backend, "Aisha", S.COMPLETED)
    till.arrive()
    history(till)
    till.click("history_export")
    dialog = till.find(QFileDialog, "export_dialog")
    dialog.selectNameFilter(dialog.nameFilters()[kind])
    dialog.filterSelected.emit(dialog.nameFilters()[kind])
    path = tmp_path / "orders.csv"
    dialog.fileSelected.emit(str(path))
    dialog.reject()
    till.settle()
    with path.open(encoding="utf-8-sig", newline="") as file:
        (row,) = csv.DictReader(file, delimiter=separator)
    at = order.placed_at.astimezone(ZoneInfo("Asia/Kathmandu"))
    assert (row["customer"], row["time"]) == ("Aisha", f"{at:%H:%M:%S}"), "the shop's clock, not this machine's"


def test_nothing_is_exported_that_the_server_cannot_note(
    till: Till, backend: FakeBackend, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place(backend, "Aisha", S.COMPLETED)
    till.arrive()
    page = history(till)
    note = till.api.call

    def fail(request: Request[Any]) -> None:
        note(request)
        raise OFFLINE

    answer_by(monkeypatch, till.api, routes.NOTE_EXPORT, fail)
    path = tmp_path / "orders.csv"
    page.export_to(str(path))
    till.settle()
    assert backend.exports
    assert "did not answer this question in time" in till.notice(), "that it answers others is known"
    assert not path.exists()


def test_export_can_be_cancelled(till: Till, backend: FakeBackend, tmp_path: Path) -> None:
    for _ in range(3):
        place(backend, "Aisha", S.COMPLETED)
    till.arrive()
    page = history(till)
    backend.gate.clear()
    path = tmp_path / "orders.csv"
    page.export_to(str(path))
    till.click("notice_action")
    backend.gate.set()
    till.settle()
    assert "Export cancelled" in till.notice()
    assert not path.exists()


def test_export_to_a_place_that_cannot_be_written_says_so(till: Till, backend: FakeBackend, tmp_path: Path) -> None:
    place(backend, "Aisha", S.COMPLETED)
    till.arrive()
    history(till).export_to(str(tmp_path / "nowhere" / "orders.csv"))
    till.settle()
    assert "could not be written" in till.notice()
    assert list(tmp_path.iterdir()) == []


def test_nothing_of_one_cashiers_search_is_left_for_the_next(till: Till, backend: FakeBackend) -> None:
    order = place(backend, "Aisha", S.COMPLETED)
    change(backend, order, note="secret")
    till.arrive()
    page = history(till)
    page.seek("aisha")
    till.settle()
    till.click("cashier")
    till.choose("menu_switch")
    till.arrive(ANA)
    assert page.sought == Search()
    assert page.history.rows.rowCount() == 0


def test_f5_searches_again(till: Till, backend: FakeBackend) -> None:
    till.arrive()
    page = history(till)
    spy = QSignalSpy(page.history.changed)
    order = place(backend, "Aisha", S.COMPLETED)
    till.refresh()
    assert found(till) == [order.number]
    assert spy.count() > 0


def test_scrolling_the_history_with_a_finger_opens_nothing(till: Till, backend: FakeBackend, qtbot: QtBot) -> None:
    for _ in range(40):
        place(backend, "Aisha", S.COMPLETED)
    till.arrive()
    history(till)
    view = till.find(HistoryList, "history_list")
    surface = view.viewport()
    swipe_up(qtbot, surface, QPoint(100, 400))
    qtbot.waitUntil(lambda: view.verticalScrollBar().value() > 100)
    assert not till.sees("details_dialog")
    QScroller.scroller(surface).stop()
    till.settle()


# -- as fresh as everything else


def test_what_happens_elsewhere_is_in_the_history_by_itself(till: Till, backend: FakeBackend) -> None:
    old = place(backend, "Aisha", S.COMPLETED)
    till.arrive()
    history(till)
    choose(till, "history_status", S.PENDING)
    assert found(till) == []
    new = place(backend, "Jonas")
    till.qtbot.waitUntil(lambda: found(till) == [new.number])
    assert till.text("history_count") == "1 order"
    assert till.text("history_age") == "Updated 0 s ago"
    backend.move(new.id, NEXT)
    till.qtbot.waitUntil(lambda: found(till) == [])
    choose(till, "history_status", None)
    assert found(till) == [new.number, old.number]


def test_the_history_asks_by_itself_while_it_is_shown(qtbot: QtBot, backend: FakeBackend) -> None:
    with open_till(qtbot, backend, board_refresh_s=0.2) as till:
        till.arrive()
        page = history(till)
        for _ in range(2):
            with qtbot.waitSignal(page.refresher.succeeded):
                pass
        till.click("nav_sync")
        assert not page.refresher.active


def test_the_history_is_searched_again_when_it_is_shown_again(till: Till, backend: FakeBackend) -> None:
    backend.pushes = False
    till.arrive()
    history(till)
    till.click("nav_sync")
    new = place(backend, "Jonas")
    till.click("nav_history")
    till.settle()
    assert found(till) == [new.number]


def test_what_comes_keeps_all_that_was_loaded_and_where_one_is(till: Till, backend: FakeBackend) -> None:
    orders = [place(backend, "Aisha", S.COMPLETED) for _ in range(70)]
    till.arrive()
    history(till)
    view = till.find(HistoryList, "history_list")
    view.scrollToBottom()
    till.qtbot.waitUntil(lambda: len(found(till)) == 70)
    till.settle()
    view.verticalScrollBar().setValue(600)
    seen: str = view.indexAt(QPoint(10, 100)).data(ROW).order.number
    new = place(backend, "Jonas")
    till.qtbot.waitUntil(lambda: found(till)[0] == new.number)
    assert len(found(till)) == 70, "the oldest is a page further now"
    assert view.indexAt(QPoint(10, 100)).data(ROW).order.number == seen
    view.scrollToBottom()
    till.qtbot.waitUntil(lambda: len(found(till)) == 71)
    assert found(till) == [new.number, *(order.number for order in reversed(orders))]


def test_an_answer_from_before_a_further_page_takes_nothing_away(till: Till, backend: FakeBackend) -> None:
    for _ in range(70):
        place(backend, "Aisha", S.COMPLETED)
    till.arrive()
    page = history(till)
    short = page.history._fetch()
    assert len(short.page.orders) == 50
    page.history.more()
    till.qtbot.waitUntil(lambda: len(found(till)) == 70)
    till.settle()
    page.refresher.succeeded.emit(short)
    assert len(found(till)) == 70
    with till.qtbot.waitSignal(page.refresher.succeeded):
        pass
    assert len(found(till)) == 70, "it has asked again"


def test_today_ends_at_midnight(till: Till, backend: FakeBackend) -> None:
    order = place(backend, "Aisha", S.COMPLETED)
    till.arrive()
    page = history(till)
    choose(till, "history_period", 0)
    assert found(till) == [order.number]
    later(backend, timedelta(days=1))
    till.api.call(routes.MENU())  # by its answer the till knows what time it is
    till.qtbot.waitUntil(lambda: found(till) == [])
    assert page.sought.query(till.window._context.now()).placed_from > order.placed_at.isoformat()
    choose(till, "history_period", 1)
    assert found(till) == [order.number]


def test_what_is_kept_is_as_old_as_the_last_contact(till: Till, backend: FakeBackend, pass_time: PassTime) -> None:
    order = place(backend, "Aisha")
    till.arrive()
    backend.fail_with = OFFLINE
    till.refresh()
    pass_time(200.0)
    history(till)
    till.qtbot.waitUntil(lambda: till.text("history_count") == "1 order, kept on this POS")
    assert till.text("history_age") == "Updated 3 min ago"
    assert till.text("as_of_title").endswith(", 3 min ago")
    backend.fail_with = None
    till.qtbot.waitUntil(lambda: till.text("history_count") == "1 order")
    till.qtbot.waitUntil(lambda: till.text("history_age") == "Updated 0 s ago")
    assert found(till) == [order.number]
