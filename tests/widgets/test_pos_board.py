"""The board: what its cards say, how it stays fresh without a flicker, and what it says when it is not."""

from collections.abc import Callable, Iterator
from datetime import timedelta

import msgspec
import pytest
from PySide6.QtCore import QEvent, QObject, QPoint, QPointF, QRect, Qt, QTimer
from PySide6.QtGui import QPaintEvent
from PySide6.QtTest import QSignalSpy, QTest
from PySide6.QtWidgets import QLabel, QScroller, QWidget
from pytestqt.qtbot import QtBot
from typing_extensions import override

from core.client.errors import ServerFault
from core.domain.status import Fulfilment, OrderStatus, steps_of
from core.protocol import routes
from core.protocol.replies import OrderPage
from core.protocol.requests import OrderQuery
from core.ui.theme import Theme
from core.ui.widgets.connection_chip import ConnectionChip
from pos_app.board import card_delegate
from pos_app.board.card_layout import CardLayout, Fonts, lay_out
from pos_app.order.card import COLUMNS, Card, Own
from tests.support.contexts import answer_by
from tests.support.fake_backend import OFFLINE, FakeBackend
from tests.support.fingers import single_presses, swipe_up
from tests.support.pos_window import Till, change, later, open_till, paid, place
from tests.support.steps import NEXT, ONLINE

S = OrderStatus
SHORT_S = 0.2


class Painted(QObject):
    """What of a viewport is painted while it watches."""

    def __init__(self, viewport: QObject) -> None:
        super().__init__()
        self.rects: list[QRect] = []
        self._viewport = viewport
        viewport.installEventFilter(self)

    @override
    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if isinstance(event, QPaintEvent):
            self.rects.append(event.rect())
        return False

    @property
    def area(self) -> QRect:
        area = QRect()
        for rect in self.rects:
            area = area.united(rect)
        return area


def paint_what_is_due(till: Till) -> None:
    """A window paints all that is due in it at once: when its clock has been painted, nothing else is left."""
    clock = till.find(QLabel, "till_clock")
    watched = Painted(clock)
    clock.update()
    till.qtbot.waitUntil(lambda: bool(watched.rects))


def repainted(till: Till, status: OrderStatus) -> Painted:
    """Watch a column once it has painted everything that was due."""
    paint_what_is_due(till)
    return Painted(till.column(status).viewport())


def words(card: Card, width: int = 380) -> str:
    """Everything that a card has written on it."""
    theme = Theme("light")
    layout = lay_out(card, width, theme, Fonts(theme))
    return " | ".join(text.words for text in layout.texts)


# -- what is shown


def test_a_column_for_each_status_oldest_first(till: Till, backend: FakeBackend) -> None:
    placed = [place(backend), place(backend, status=S.READY), place(backend), place(backend, status=S.PREPARING)]
    till.arrive()
    assert till.numbers(S.PENDING) == [placed[0].number, placed[2].number]
    assert till.numbers(S.CONFIRMED) == []
    assert till.numbers(S.PREPARING) == [placed[3].number]
    assert till.numbers(S.READY) == [placed[1].number]
    assert [till.text(f"count_{status}") for status in (S.PENDING, S.CONFIRMED, S.READY)] == ["2", "0", "1"]


def test_deliveries_have_a_column_while_there_are_any(till: Till, backend: FakeBackend) -> None:
    order = paid(backend, place(backend, status=S.READY, delivery=True))
    till.arrive()
    assert not till.sees("column_out_for_delivery")
    till.press(order)
    till.settle()
    assert till.sees("column_out_for_delivery")
    till.press(order)
    till.settle()
    assert not till.sees("column_out_for_delivery")


@pytest.mark.parametrize("width", [1280, 1281, 1282, 1283, 1366, 1920])
def test_columns_with_cards_are_equally_wide(till: Till, backend: FakeBackend, width: int) -> None:
    till.arrive()
    for delivery in (False, True):
        line = [status for status in steps_of(Fulfilment.DELIVERY if delivery else Fulfilment.PICKUP) if status.is_open]
        if delivery:
            for status in line:
                place(backend, status=status, delivery=True)
            till.refresh()
        till.window.resize(width, 800)
        paint_what_is_due(till)
        assert [status for status in COLUMNS if till.sees(f"column_{status}")] == line
        assert len({till.column(status).width() for status in line}) == 1


@pytest.fixture
def calm_till(qtbot: QtBot, backend: FakeBackend, monkeypatch: pytest.MonkeyPatch) -> Iterator[Till]:
    """On a small screen; an empty column gives its room away at once."""
    monkeypatch.setattr("pos_app.board.page._EMPTY_MS", 0)
    with open_till(qtbot, backend) as till:
        till.window.resize(1024, 768)
        yield till


def widths(till: Till) -> list[int]:
    return [till.column(status).width() for status in (S.PENDING, S.CONFIRMED, S.PREPARING, S.READY)]


def until_given_away(till: Till, *columns: OrderStatus) -> None:
    """The others are twice as wide as these at least."""

    def given_away() -> bool:
        slim = {till.column(status).width() for status in columns}
        wide = {till.column(status).width() for status in COLUMNS if till.sees(f"column_{status}")} - slim
        return len(slim) == len(wide) == 1 and 2 * max(slim) <= min(wide)

    till.qtbot.waitUntil(given_away)


def test_an_empty_column_gives_its_room_away_and_takes_it_back(calm_till: Till, backend: FakeBackend) -> None:
    till, order = calm_till, place(backend)
    place(backend, status=S.READY)
    till.arrive()
    until_given_away(till, NEXT, S.PREPARING)
    till.press(order)
    assert till.numbers(NEXT) == [order.number]
    assert till.column(NEXT).width() == till.column(S.READY).width(), "it has a card, and its room"
    until_given_away(till, S.PENDING, S.PREPARING)
    before = widths(till)
    till.type("search", "nobody")
    assert till.numbers(S.READY) == []
    till.settle()
    assert widths(till) == before, "what is sought moves nothing"


def test_it_is_given_away_only_after_a_while(till: Till, backend: FakeBackend) -> None:
    """In a rush columns are empty for a moment again and again."""
    order = place(backend)
    till.arrive()
    before = widths(till)
    till.press(order)
    till.settle()
    assert len(set(before)) == 1
    assert widths(till) == before


def test_at_large_letters_an_empty_column_leaves_the_others_in_sight(
    qtbot: QtBot, backend: FakeBackend, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two fit beside each other; the second was an empty one."""
    monkeypatch.setattr("pos_app.board.page._EMPTY_MS", 0)
    place(backend)
    place(backend, status=ONLINE[1])
    with open_till(qtbot, backend, text_scale=200) as till:
        till.window.resize(1280, 800)
        till.arrive()
        qtbot.waitUntil(lambda: till.sees(f"column_{ONLINE[1]}") and till.sees("column_pending"))


def test_no_column_moves_while_something_is_pressed(calm_till: Till, backend: FakeBackend) -> None:
    till, order = calm_till, place(backend, status=S.READY)
    till.arrive()
    until_given_away(till, S.PENDING, S.CONFIRMED, S.PREPARING)
    view, before = till.column(S.READY), widths(till)
    at = view.part_rect(till.index(order), "step").center()
    till.qtbot.mousePress(view.viewport(), Qt.MouseButton.LeftButton, pos=at)
    new = place(backend)
    till.settle()
    assert till.where(new) is S.PENDING
    assert widths(till) == before
    till.qtbot.mouseMove(view.viewport(), QPoint(2, view.height() - 2))
    till.qtbot.mouseRelease(view.viewport(), Qt.MouseButton.LeftButton, pos=QPoint(2, view.height() - 2))
    assert till.column(S.PENDING).width() == view.width()


def test_a_press_that_was_aimed_before_the_columns_moved_meets_no_other_order(
    pass_time: Callable[[float], None], calm_till: Till, backend: FakeBackend
) -> None:
    """The finger was on its way to the second column's button when a new order widened the first."""
    till, order = calm_till, place(backend, status=NEXT)
    till.window.resize(1366, 768)
    till.arrive()
    until_given_away(till, S.PENDING, S.PREPARING, S.READY)
    pass_time(1)
    aimed = till.column(NEXT)
    at = aimed.viewport().mapToGlobal(aimed.part_rect(till.index(order), "step").topLeft() + QPoint(20, 40))
    new = place(backend)
    till.settle()
    there = till.column(S.PENDING)
    here = there.viewport().mapFromGlobal(at)
    assert there.part_rect(till.index(new), "step").contains(here)
    till.qtbot.mouseClick(there.viewport(), Qt.MouseButton.LeftButton, pos=here)
    till.settle()
    assert till.server(new) is S.PENDING
    pass_time(1)
    till.qtbot.mouseClick(there.viewport(), Qt.MouseButton.LeftButton, pos=here)
    till.settle()
    assert till.server(new) is NEXT


def test_what_a_card_says(till: Till, backend: FakeBackend) -> None:
    order = place(backend, delivery=True, note="Ring twice")
    told = words(Card(order))
    for expected in (
        order.number,
        "Aisha Bello",
        "Delivery",
        "On delivery",
        "Chicken Bowl",
        "Hot salsa",
        "No onions",
        "Ring twice",
        "12 Harbour Street",
        "2 items",
        "16.98",
    ):
        assert expected in told
    assert "sending…" in words(Card(order, Own.SENDING))
    assert "not sent" in words(Card(order, Own.UNSENT))
    assert "Paid" in words(Card(paid(backend, order)))


def test_a_long_order_shows_its_first_lines_and_how_many_more(backend: FakeBackend, qapp: object) -> None:
    told = words(Card(place(backend, lines=16)))
    assert "+ 5 more" in told
    assert told.count("Canned Soda") + told.count("Chips and Guacamole") == 10
    assert "more" not in words(Card(place(backend, lines=12)))


@pytest.mark.parametrize("width", [183, 240, 380])
def test_what_a_kitchen_reads_is_never_cut(backend: FakeBackend, qapp: object, width: int) -> None:
    """An allergy at the end of a long note, and of a long order, and the floor at the end of an address."""
    note = "Birthday. " * 40 + "Allergy: peanuts."
    order = place(backend, delivery=True, note=note, lines=40)
    line = msgspec.structs.replace(order.lines[-1], note="well done, cut in small pieces, allergy: sesame")
    address = "Harbour Street 12, second yard, stairs C, behind the bakery, fourth floor, ring at Szymanowska"
    order = msgspec.structs.replace(order, lines=(*order.lines[:-1], line), address=address)
    theme = Theme("light")
    layout = lay_out(Card(order), width, theme, Fonts(theme))
    told = " ".join(text.words for text in layout.texts)
    for whole in (note, f"“{line.note}”", address):
        assert "".join(whole.split()) in "".join(told.split())
    assert "…" not in told.replace("sending…", "")


@pytest.mark.parametrize("scale", [100, 150, 200])
@pytest.mark.parametrize("width", [200, 240, 280, 380])
def test_nothing_on_a_card_lies_over_something_else(backend: FakeBackend, qapp: object, width: int, scale: int) -> None:
    name = "Maria del Carmen Fernández de la Vega y Álvarez de Toledo"
    order = place(backend, name, delivery=True, note="Nuts! " * 30, lines=7)
    theme = Theme("light", scale)
    width = theme.px(width)
    for card in (Card(order), Card(order, Own.SENDING), Card(order, Own.UNSENT), Card(place(backend))):
        layout = lay_out(card, width, theme, Fonts(theme))
        rects = [text.rect for text in layout.texts] + [layout.step, layout.more]
        for position, rect in enumerate(rects):
            assert layout.card.adjusted(0, 0, 1, 1).contains(rect)
            for other in rects[position + 1 :]:
                overlap = rect.intersected(other)
                assert overlap.width() <= 1 or overlap.height() <= 1
        assert layout.step.height() >= 48 * scale / 100
        assert layout.more.width() >= 48 * scale / 100
        number = next(text for text in layout.texts if text.words == card.order.number)
        assert Fonts(theme).width(number.font, number.words) <= number.rect.width() + 1


def test_ages_have_a_word_past_the_thresholds(till: Till, backend: FakeBackend) -> None:
    order = place(backend)
    till.arrive()
    delegate = till.column(S.PENDING)._delegate
    assert delegate.age_words(till.card(order)) == "0:00"
    later(backend, timedelta(minutes=9))
    assert delegate.age_words(till.card(order)) == "9:00 slow"
    later(backend, timedelta(minutes=6))
    assert delegate.age_words(till.card(order)) == "15:00 late"
    later(backend, timedelta(hours=2))
    assert delegate.age_words(till.card(order)) == "2 h late"


def test_an_age_that_ticks_repaints_its_chip_only(till: Till, backend: FakeBackend) -> None:
    order = place(backend)
    till.arrive()
    view = till.column(S.PENDING)
    view.tick()
    painted = repainted(till, S.PENDING)
    view.tick()
    paint_what_is_due(till)
    assert painted.rects == []
    later(backend, timedelta(seconds=1))
    view.tick()
    till.qtbot.waitUntil(lambda: bool(painted.rects))
    chip = view._delegate.chip_rect(
        till.card(order), view.visualRect(till.index(order)), Qt.LayoutDirection.LeftToRight
    )
    assert chip.contains(painted.area)


def test_an_empty_column_says_why_and_claims_nothing_before_it_knows(
    till: Till, backend: FakeBackend, monkeypatch: pytest.MonkeyPatch
) -> None:
    def offline(_query: OrderQuery) -> OrderPage:
        raise OFFLINE

    answer_by(monkeypatch, till.api, routes.ORDERS, offline)
    till.arrive()
    assert till.column(S.PENDING).empty_words == "Not loaded yet."
    monkeypatch.undo()
    backend.gate.clear()
    till.key(Qt.Key.Key_F5)
    assert till.column(S.PENDING).empty_words == "Loading…"
    backend.gate.set()
    till.settle()
    assert till.column(S.PENDING).empty_words == "New orders appear here by themselves."
    till.type("search", "nobody")
    assert till.column(S.PENDING).empty_words == ""


# -- staying fresh


def test_it_refreshes_by_itself_and_shows_what_is_new(qtbot: QtBot, backend: FakeBackend) -> None:
    with open_till(qtbot, backend, board_refresh_s=SHORT_S) as till:
        till.arrive()
        order = place(backend)
        qtbot.waitUntil(lambda: till.where(order) is S.PENDING)
        backend.move(order.id, S.REJECTED, reason="Closed")
        qtbot.waitUntil(lambda: till.where(order) is None)


def test_it_can_be_told_not_to(qtbot: QtBot, backend: FakeBackend) -> None:
    with open_till(qtbot, backend, board_refresh=False, board_refresh_s=SHORT_S, push=False) as till:
        till.arrive()
        assert not any(timer.isActive() for timer in till.window.board.refresher.findChildren(QTimer))
        assert "Checking by hand" in till.text("connection_chip")
        order = place(backend)
        till.refresh()
        assert till.where(order) is S.PENDING


def test_every_page_of_a_large_board_is_read(till: Till, backend: FakeBackend) -> None:
    for _ in range(620):
        place(backend, "Aisha")
    till.arrive()
    assert len(till.cards(S.PENDING)) == 620
    asked = backend.calls["orders"]
    till.refresh()
    assert backend.calls["orders"] == asked + 2


def test_a_card_is_laid_out_once_until_it_changes(
    till: Till, backend: FakeBackend, monkeypatch: pytest.MonkeyPatch
) -> None:
    laid_out: list[str] = []

    def counted(card: Card, width: int, theme: Theme, fonts: Fonts) -> CardLayout:
        laid_out.append(card.order.number)
        return lay_out(card, width, theme, fonts)

    monkeypatch.setattr(card_delegate, "lay_out", counted)
    till.arrive()
    orders = [place(backend, "Aisha") for _ in range(100)]
    till.refresh()
    paint_what_is_due(till)
    assert len(laid_out) == len(set(laid_out)) == 100
    laid_out.clear()
    paid(backend, orders[3])
    backend.move(orders[4].id, NEXT)
    till.refresh()
    paint_what_is_due(till)
    assert set(laid_out) == {orders[3].number, orders[4].number}


def test_a_refresh_repaints_the_card_that_changed_and_nothing_else(till: Till, backend: FakeBackend) -> None:
    orders = [place(backend) for _ in range(3)]
    till.arrive()
    view = till.column(S.PENDING)
    painted, other = repainted(till, S.PENDING), repainted(till, S.READY)
    paid(backend, orders[1])
    till.refresh()
    till.qtbot.waitUntil(lambda: bool(painted.rects))
    assert view.visualRect(till.index(orders[1])).contains(painted.area)
    assert other.rects == []
    painted.rects.clear()
    till.refresh()
    paint_what_is_due(till)
    assert painted.rects == []


def test_a_refresh_keeps_scroll_focus_and_selection(till: Till, backend: FakeBackend) -> None:
    orders = [place(backend) for _ in range(30)]
    till.arrive()
    view = till.column(S.PENDING)
    till.window._pages.page("orders").focus_order(orders[20].id)  # type: ignore[attr-defined]
    bar = view.verticalScrollBar()
    top = view.visualRect(till.index(orders[20])).top()
    assert bar.value() > 0
    paid(backend, orders[20])
    change(backend, orders[2], note="Longer than before, so that this card needs another row")
    backend.move(orders[5].id, NEXT)
    place(backend)
    till.refresh()
    till.qtbot.waitUntil(lambda: view.visualRect(till.index(orders[20])).top() == top)
    assert till.current() == orders[20].number
    assert view.hasFocus()


def test_at_its_top_a_column_stays_at_its_top(till: Till, backend: FakeBackend) -> None:
    orders = [place(backend, status=S.CONFIRMED if n == 0 else S.PENDING) for n in range(20)]
    till.arrive()
    view = till.column(S.PENDING)
    backend.orders[orders[0].id] = change(backend, orders[0], status=S.PENDING)
    till.refresh()
    till.qtbot.waitUntil(lambda: view.indexAt(QPoint(50, 10)).row() == 0)
    assert till.numbers(S.PENDING)[0] == orders[0].number


def test_a_slow_refresh_is_never_doubled(qtbot: QtBot, backend: FakeBackend) -> None:
    with open_till(qtbot, backend, board_refresh_s=SHORT_S) as till:
        till.arrive()
        backend.gate.clear()
        calls = backend.calls["orders"]
        qtbot.waitUntil(lambda: backend.calls["orders"] == calls + 1)
        till.key(Qt.Key.Key_F5)
        till.key(Qt.Key.Key_F5)
        assert not till.window.board.refresher._timer.isActive()
        assert backend.calls["orders"] == calls + 1


def test_a_failed_refresh_keeps_the_board_says_so_and_tries_again(qtbot: QtBot, backend: FakeBackend) -> None:
    order = place(backend)
    with open_till(qtbot, backend, board_refresh_s=SHORT_S) as till:
        till.arrive()
        backend.fail_with = OFFLINE
        chip = till.find(ConnectionChip, "connection_chip")
        qtbot.waitUntil(lambda: chip.state == "bad")
        assert "Offline" in chip.text()
        assert till.where(order) is S.PENDING
        backend.fail_with = None
        qtbot.waitUntil(lambda: chip.state == "good")


def test_a_fault_of_the_server_is_said_in_words(till: Till, backend: FakeBackend) -> None:
    till.arrive()
    backend.fail_with = ServerFault("It answered 500. Try again; tell the admin if it stays.")
    till.refresh()
    assert "The server had a problem" in till.notice()


def test_a_hidden_window_asks_for_nothing(till: Till, backend: FakeBackend, qtbot: QtBot) -> None:
    till.arrive()
    assert till.timers()
    till.window.hide()
    assert till.timers() == []
    with qtbot.waitExposed(till.window):
        till.window.show()
    assert till.timers()


def test_a_finger_that_moves_scrolls_and_one_that_does_not_presses(
    till: Till, backend: FakeBackend, qtbot: QtBot
) -> None:
    orders = [place(backend, "Aisha") for _ in range(20)]
    till.arrive()
    view = till.column(S.PENDING)
    bar, surface, screen = view.verticalScrollBar(), view.viewport(), QTest.createTouchDevice()
    at = view.part_rect(till.index(orders[1]), "step").center()  # Which comes along under the finger.
    swipe_up(qtbot, surface, at)
    assert bar.value() > 100
    scroller = QScroller.scroller(surface)
    # Whether it rolls on after a swipe is a question of the machine's speed: it is made to roll, and slowly.
    scroller.stop()
    scroller.scrollTo(QPointF(0, bar.maximum()), 60_000)
    qtbot.waitUntil(lambda: scroller.state() is QScroller.State.Scrolling)
    spot = view.part_rect(view.indexAt(QPoint(100, 200)), "step").center()
    QTest.touchEvent(surface, screen).press(3, spot, surface).commit()
    QTest.touchEvent(surface, screen).release(3, spot, surface).commit()
    qtbot.waitUntil(lambda: scroller.state() is QScroller.State.Inactive)
    assert bar.value() < bar.maximum(), "the finger has stopped it"
    assert "change_status" not in backend.calls
    bar.setValue(0)
    spot = view.part_rect(till.index(orders[0]), "step").center()
    with single_presses():
        QTest.touchEvent(surface, screen).press(2, spot, surface).commit()
        QTest.touchEvent(surface, screen).release(2, spot, surface).commit()
    qtbot.waitUntil(lambda: till.server(orders[0]) is NEXT)
    till.settle()


def test_new_orders_are_counted_where_the_board_is_out_of_sight(till: Till, backend: FakeBackend) -> None:
    till.arrive()
    till.click("nav_history")
    place(backend)
    till.refresh()
    assert till.find(QWidget, "nav_orders").accessibleName() == "Orders · 1"
    till.click("nav_orders")
    assert till.find(QWidget, "nav_orders").accessibleName() == "Orders"


def test_after_a_sale_the_board_is_where_it_was(till: Till, backend: FakeBackend) -> None:
    before = place(backend)
    till.arrive()
    till.window.show_page("new")
    taken = place(backend, "Walk-in", S.CONFIRMED)
    till.settle()
    spy = QSignalSpy(till.window._pages.page("new").taken)  # type: ignore[attr-defined]
    till.window._pages.page("new").taken.emit(taken)  # type: ignore[attr-defined]
    assert spy.count() == 1
    assert till.sees("new_order_page"), "the next guest waits"
    till.click("nav_orders")
    assert till.current() == before.number
