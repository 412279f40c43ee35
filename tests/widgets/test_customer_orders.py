"""My orders: newest first, fresh without a flicker, and honest about how fresh."""

import time
from collections.abc import Iterator
from typing import Any

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QSignalSpy
from PySide6.QtWidgets import QLabel, QListView, QPushButton, QWidget
from pytestqt.qtbot import QtBot

from core.client.errors import ServerFault, Unreachable
from core.domain.commands import AmendedLine, AmendOrder
from core.domain.status import look
from core.protocol import routes
from core.protocol.replies import OrderPage
from core.protocol.requests import HistoryQuery
from core.protocol.route import Request
from core.ui.refresh import Refresher
from core.ui.text import money, use_language
from core.ui.widgets.connection_chip import ConnectionChip
from tests.support.contexts import answer_by
from tests.support.customer_window import JONAS, SHORT_S, Stage, open_window, order, shop, small_order
from tests.support.fake_backend import OFFLINE, FakeBackend
from tests.support.menus import SODA
from tests.support.steps import NEXT


@pytest.fixture
def backend() -> FakeBackend:
    """A window starts with no more orders than a page has, and asks for the others."""
    made = shop()
    made.snapshot_most = 20
    return made


@pytest.fixture
def following(qtbot: QtBot, backend: FakeBackend) -> Iterator[Stage]:
    """A window that refreshes its list by its own timer."""
    with open_window(qtbot, backend, history_refresh_s=SHORT_S) as made:
        yield made


def test_newest_first_and_the_newest_is_shown(stage: Stage, backend: FakeBackend) -> None:
    placed = [order(backend) for _ in range(3)]
    order(backend, JONAS)
    stage.arrive()
    assert [each.number for each in stage.listed()] == [each.number for each in reversed(placed)]
    assert stage.text("order_number") == placed[-1].number
    assert stage.text("order_count") == "3 orders"
    assert stage.text("orders_freshness").startswith("Updated")


def test_no_orders_yet_leads_to_ordering(stage: Stage, qtbot: QtBot) -> None:
    stage.arrive()
    assert stage.sees("orders_empty")
    stage.click("order_now")
    qtbot.waitUntil(lambda: stage.sees("order_page"))
    assert stage.find(QPushButton, "tab_order").isChecked()


def test_more_on_scrolling_down_until_there_is_no_more(stage: Stage, backend: FakeBackend, qtbot: QtBot) -> None:
    for _ in range(45):
        small_order(backend)
    stage.arrive()
    assert len(stage.listed()) == 20
    assert stage.text("order_count") == "45 orders"
    for expected in (40, 45):
        stage.order_list.scrollToBottom()
        qtbot.waitUntil(lambda expected=expected: len(stage.listed()) == expected)  # type: ignore[misc]
    stage.settle()
    calls = backend.calls["history"]
    stage.order_list.scrollToTop()
    stage.order_list.scrollToBottom()
    stage.click_row(44)
    stage.settle()
    assert backend.calls["history"] == calls


def test_a_short_page_is_filled_up(qtbot: QtBot, backend: FakeBackend) -> None:
    for _ in range(30):
        small_order(backend)
    backend.snapshot_most = 0
    with open_window(qtbot, backend, page_size=3) as stage:
        stage.arrive()
        qtbot.waitUntil(lambda: stage.order_list.verticalScrollBar().maximum() > 0)
        stage.settle()
        assert 7 <= len(stage.listed()) < 30


def test_a_further_page_that_fails_can_be_had_again(stage: Stage, backend: FakeBackend, qtbot: QtBot) -> None:
    for _ in range(25):
        small_order(backend)
    stage.arrive()
    backend.fail_with = ServerFault("It answered 500.")
    stage.order_list.scrollToBottom()
    qtbot.waitUntil(lambda: "server had a problem" in stage.notice())
    assert len(stage.listed()) == 20
    stage.settle()
    tried = backend.calls["history"]
    stage.order_list.scrollToTop()
    stage.order_list.scrollToBottom()
    stage.settle()
    assert backend.calls["history"] == tried, "scrolling hammers on no closed door"
    backend.fail_with = None
    stage.act_on_notice()
    qtbot.waitUntil(lambda: len(stage.listed()) == 25)


def test_the_silent_refresh_repaints_one_row_and_keeps_the_rest(
    following: Stage, backend: FakeBackend, qtbot: QtBot
) -> None:
    stage = following
    placed = [order(backend) for _ in range(30)]
    stage.arrive()
    stage.order_list.verticalScrollBar().setValue(200)
    stage.click_row(4)
    shown = stage.listed()[4]
    position = stage.order_list.verticalScrollBar().value()
    changed = QSignalSpy(stage.order_list.model().dataChanged)
    others = [
        QSignalSpy(signal) for signal in (stage.order_list.model().rowsInserted, stage.order_list.model().modelReset)
    ]
    enabled = stage.find(QPushButton, "refresh_orders")
    moved = backend.move(shown.id, NEXT)
    qtbot.waitUntil(lambda: stage.listed()[4].status is NEXT)
    rows = {(changed.at(n)[0].row(), changed.at(n)[1].row()) for n in range(changed.count())}
    assert rows == {(4, 4)}
    assert [spy.count() for spy in others] == [0, 0]
    assert stage.order_list.currentIndex().row() == 4
    assert stage.order_list.verticalScrollBar().value() == position
    assert enabled.isEnabled()
    assert stage.text("order_number") == moved.number
    assert stage.find(QLabel, "order_number").isVisible()
    qtbot.waitUntil(lambda: look(NEXT).label in stage.find(QWidget, "tracker").accessibleName())
    assert placed[0].number not in [each.number for each in stage.listed()]


def test_what_is_looked_at_stays_when_orders_arrive_above(following: Stage, backend: FakeBackend, qtbot: QtBot) -> None:
    stage = following
    for _ in range(30):
        small_order(backend)
    stage.arrive()
    stage.order_list.verticalScrollBar().setValue(333)
    corner = stage.order_list.indexAt(QPoint(10, 10))
    number, top = corner.data(), stage.order_list.visualRect(corner).top()
    new = [small_order(backend) for _ in range(2)]
    qtbot.waitUntil(lambda: stage.listed()[0].id == new[-1].id)
    corner = stage.order_list.indexAt(QPoint(10, 10))
    assert (corner.data(), stage.order_list.visualRect(corner).top()) == (number, top)
    assert len(stage.listed()) == 22


def test_at_the_top_a_new_order_is_seen_and_the_chosen_one_stays_chosen(
    following: Stage, backend: FakeBackend, qtbot: QtBot
) -> None:
    stage = following
    first = order(backend)
    for _ in range(15):
        small_order(backend)
    stage.arrive()
    stage.click_row(0)
    chosen = stage.text("order_number")
    new = small_order(backend)
    qtbot.waitUntil(lambda: stage.listed()[0].id == new.id)
    assert stage.order_list.indexAt(QPoint(10, 10)).row() == 0
    assert stage.text("order_number") == chosen
    assert stage.order_list.currentIndex().row() == 1
    assert stage.listed()[-1].id == first.id


def test_the_button_rests_while_it_runs_and_keeps_the_focus(stage: Stage, backend: FakeBackend, qtbot: QtBot) -> None:
    order(backend)
    stage.arrive()
    button = stage.find(QPushButton, "refresh_orders")
    backend.gate.clear()
    button.setFocus()
    qtbot.keyClick(button, Qt.Key.Key_Space)
    assert not button.isEnabled()
    new = order(backend)
    backend.gate.set()
    qtbot.waitUntil(button.isEnabled)
    assert button.hasFocus()
    assert stage.listed()[0].id == new.id


def test_pressed_again_and_again_it_asks_once(stage: Stage, backend: FakeBackend, qtbot: QtBot) -> None:
    order(backend)
    stage.arrive()
    before = backend.calls["history"]
    backend.gate.clear()
    stage.click("refresh_orders")
    for _ in range(5):
        stage.click_disabled("refresh_orders")
        qtbot.keyClick(stage.window, Qt.Key.Key_F5)
    backend.gate.set()
    stage.settle()
    assert backend.calls["history"] == before + 1
    assert stage.find(QPushButton, "refresh_orders").isEnabled()


def test_a_slow_refresh_is_never_doubled(following: Stage, backend: FakeBackend, qtbot: QtBot) -> None:
    stage = following
    order(backend)
    stage.arrive()
    before = backend.calls["history"]
    backend.gate.clear()
    qtbot.waitUntil(lambda: backend.calls["history"] == before + 1)
    history = next(each for each in stage.window.findChildren(Refresher) if each.running)
    assert history not in stage.ticking(), "no timer runs while an answer is awaited"
    history.refresh()
    backend.gate.set()
    with qtbot.waitSignal(history.succeeded):
        pass
    assert backend.calls["history"] == before + 1
    qtbot.waitUntil(lambda: backend.calls["history"] == before + 2)


def test_a_server_that_is_away_is_the_chips_to_say_and_the_list_stays(
    following: Stage, backend: FakeBackend, qtbot: QtBot
) -> None:
    stage = following
    order(backend)
    stage.arrive()
    backend.fail_with = OFFLINE
    chip = stage.find(ConnectionChip, "connection_chip")
    qtbot.waitUntil(lambda: "the last try failed" in stage.text("orders_freshness"))
    assert len(stage.listed()) == 1
    assert chip.state == "bad"
    assert "Offline" in chip.text()
    assert "cannot be reached" in chip.explanation()
    tried = backend.calls["history"]
    qtbot.waitUntil(lambda: backend.calls["history"] >= tried + 3)
    assert stage.notice() == "", "what the chip says is not said again"
    new = order(backend)
    backend.fail_with = None
    qtbot.waitUntil(lambda: stage.listed()[0].id == new.id)
    qtbot.waitUntil(lambda: chip.state == "good")
    qtbot.waitUntil(lambda: "failed" not in stage.text("orders_freshness"))


def test_a_failed_refresh_keeps_the_list_says_so_and_goes_on_trying(
    following: Stage, backend: FakeBackend, qtbot: QtBot
) -> None:
    stage = following
    order(backend)
    stage.arrive()
    backend.fail_with = ServerFault("It answered 500.")
    qtbot.waitUntil(lambda: "server had a problem" in stage.notice())
    assert len(stage.listed()) == 1
    chip = stage.find(ConnectionChip, "connection_chip")
    assert chip.state == "bad"
    assert "Server problem" in chip.text()
    assert "the last try failed" in stage.text("orders_freshness")
    stage.click("notice_close")
    tried = backend.calls["history"]
    qtbot.waitUntil(lambda: backend.calls["history"] >= tried + 3)
    assert stage.notice() == "", "what was said once and dismissed is not said again"
    new = order(backend)
    backend.fail_with = None
    qtbot.waitUntil(lambda: stage.listed()[0].id == new.id)
    qtbot.waitUntil(lambda: chip.state == "good")
    assert "failed" not in stage.text("orders_freshness")


@pytest.mark.parametrize(("language", "said"), [("en_US", "cannot be reached"), ("es", "No se puede llegar")])
def test_what_is_said_goes_when_the_connection_is_back(
    following: Stage, backend: FakeBackend, qtbot: QtBot, language: str, said: str
) -> None:
    stage = following
    order(backend)
    stage.arrive()
    use_language(language)
    chip = stage.find(ConnectionChip, "connection_chip")
    backend.fail_with = Unreachable("{address} broke off the connection.", address="https://till:1")
    qtbot.waitUntil(lambda: said in chip.explanation())
    assert "https://till:1" not in chip.explanation(), "an address is not a customer's to mend"
    backend.fail_with = None
    qtbot.waitUntil(lambda: said not in chip.explanation())
    backend.fail_with = ServerFault("It answered 500.")
    qtbot.waitUntil(lambda: stage.notice() != "")
    backend.fail_with = None
    qtbot.waitUntil(lambda: stage.notice() == "")


def test_who_asks_by_hand_is_told_again(following: Stage, backend: FakeBackend, qtbot: QtBot) -> None:
    stage = following
    order(backend)
    stage.arrive()
    backend.fail_with = ServerFault("It answered 500. Try again.")
    qtbot.waitUntil(lambda: "server had a problem" in stage.notice())
    stage.click("notice_close")
    qtbot.waitUntil(lambda: stage.find(QPushButton, "refresh_orders").isEnabled())
    stage.click("refresh_orders")
    qtbot.waitUntil(lambda: "server had a problem" in stage.notice())
    backend.fail_with = None
    stage.act_on_notice()
    qtbot.waitUntil(lambda: stage.notice() == "")


def test_the_first_load_that_fails_is_no_empty_list(
    stage: Stage, backend: FakeBackend, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    order(backend)

    def fail(_request: object) -> OrderPage:
        raise ServerFault("It answered 500.")

    with monkeypatch.context() as patch:
        answer_by(patch, stage.api, routes.HISTORY, fail)
        backend.snapshot_most = 0
        stage.sign_in()
        qtbot.waitUntil(lambda: "server had a problem" in stage.notice())
    assert not stage.sees("orders_empty")
    assert stage.text("orders_freshness") == "Could not be loaded yet"
    stage.act_on_notice()
    qtbot.waitUntil(lambda: len(stage.listed()) == 1)


def test_old_orders_are_marked(qtbot: QtBot, backend: FakeBackend, monkeypatch: pytest.MonkeyPatch) -> None:
    order(backend)
    with open_window(qtbot, backend, push=False) as stage:
        stage.arrive()
        chip = stage.find(ConnectionChip, "connection_chip")
        assert chip.state == "good"
        assert not stage.sees("as_of")
        monkeypatch.setattr(Refresher, "age_s", property(lambda self: 2 * self.interval_s + 1))
        qtbot.waitUntil(lambda: chip.state == "old")
        qtbot.waitUntil(lambda: stage.find(QLabel, "orders_freshness").property("role") == "error")
        assert stage.text("as_of_title").endswith(", 2 h ago")
        stage.click("tab_order")
        assert "what is sold out" in stage.text("as_of_message")


def test_hidden_it_asks_for_nothing(following: Stage, backend: FakeBackend, qtbot: QtBot) -> None:
    stage = following
    order(backend)
    stage.arrive()
    qtbot.waitUntil(lambda: len(stage.ticking()) == 2)
    stage.click("tab_order")
    assert stage.ticking() == []
    before = backend.calls["history"]
    stage.click("tab_my_orders")
    qtbot.waitUntil(lambda: backend.calls["history"] > before)


def test_switched_off_it_asks_only_by_hand(qtbot: QtBot, backend: FakeBackend) -> None:
    order(backend)
    off: dict[str, Any] = {"history_refresh": False, "tracker_refresh": False}
    with open_window(qtbot, backend, history_refresh_s=SHORT_S, tracker_refresh_s=SHORT_S, **off) as stage:
        stage.arrive()
        assert stage.ticking() == []
        before = dict(backend.calls)
        stage.click("refresh_orders")
        stage.click("refresh_status")
        qtbot.waitUntil(lambda: backend.calls["history"] == before["history"] + 1)
        qtbot.waitUntil(lambda: backend.calls["status"] == before["status"] + 1)
        stage.settle()
        assert stage.ticking() == []


def test_a_refresh_reads_all_that_is_loaded_in_pages_of_a_hundred(
    stage: Stage, backend: FakeBackend, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    for _ in range(150):
        small_order(backend)
    stage.arrive()
    while len(stage.listed()) < 140:
        loaded = len(stage.listed())
        stage.order_list.scrollToBottom()
        qtbot.waitUntil(lambda loaded=loaded: len(stage.listed()) > loaded)  # type: ignore[misc]
    queries: list[HistoryQuery] = []
    history = stage.api.call

    def record(request: Request[OrderPage]) -> OrderPage:
        assert isinstance(request.query, HistoryQuery)
        queries.append(request.query)
        return history(request)

    answer_by(monkeypatch, stage.api, routes.HISTORY, record)
    stage.click("refresh_orders")
    stage.settle()
    assert [query.limit for query in queries] == [100, 40]
    assert len(stage.listed()) == 140


def test_a_refresh_and_a_further_page_undo_nothing_of_each_other(
    stage: Stage, backend: FakeBackend, qtbot: QtBot
) -> None:
    for _ in range(60):
        small_order(backend)
    stage.arrive()
    backend.gate.clear()
    stage.click("refresh_orders")
    stage.order_list.scrollToBottom()
    qtbot.waitUntil(lambda: stage.jobs.busy == 2)
    backend.gate.set()
    stage.settle()
    assert len(stage.listed()) == 40
    stage.order_list.scrollToBottom()
    qtbot.waitUntil(lambda: len(stage.listed()) == 60)
    assert len({each.id for each in stage.listed()}) == 60


def test_three_hundred_orders_are_painted_quickly(qtbot: QtBot, backend: FakeBackend) -> None:
    for _ in range(300):
        small_order(backend)
    with open_window(qtbot, backend, page_size=100) as stage:
        stage.arrive()
        view: QListView = stage.order_list
        while len(stage.listed()) < 300:
            loaded = len(stage.listed())
            view.scrollToBottom()
            qtbot.waitUntil(lambda loaded=loaded: len(stage.listed()) > loaded)  # type: ignore[misc]
        began = time.perf_counter()
        view.grab()
        assert time.perf_counter() - began < 0.5


def test_what_the_shop_changed_is_told_with_the_order(stage: Stage, backend: FakeBackend) -> None:
    made = order(backend)
    stage.arrive()
    stage.click_row(0)
    stage.settle()
    lines = (*(AmendedLine(id=line.id, quantity=line.quantity) for line in made.lines), AmendedLine(item_id=SODA.id))
    asked = AmendOrder(version=made.version, lines=lines, fulfilment=made.fulfilment)
    after = backend.change(backend.orders[made.id], asked, by="Maya", device="POS1")
    stage.until_live()
    stage.settle()
    told = stage.find(QWidget, "order_sheet").accessibleName()
    assert "Changed by the shop at" in told
    assert f"+ 1 {SODA.name}" in told
    sums = (money(minor, made.currency) for minor in (made.total_minor, after.total_minor))
    assert " → ".join(sums) in told
    assert "Maya" not in told
