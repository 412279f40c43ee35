"""Choosing from the menu: pressing, searching, choices, and a menu that does not come."""

from collections.abc import Iterator
from contextlib import closing
from functools import partial

import msgspec
import pytest
from PySide6.QtCore import QEvent, QObject, Qt
from PySide6.QtGui import QKeyEvent, QPaintEvent
from PySide6.QtWidgets import QApplication, QLabel, QLineEdit, QPushButton, QWidget
from pytestqt.qtbot import QtBot
from typing_extensions import override

from core.client.errors import Unreachable
from core.domain.ids import ItemId, ModifierId
from core.domain.menu import Category, Menu, MenuItem
from core.domain.money import Tax
from core.domain.order import MAX_LINES, MAX_QUANTITY, NewLine
from core.protocol import routes
from core.ui.jobs import Jobs
from core.ui.ordering import presenter
from core.ui.ordering.basket_list import FEWER, MORE
from core.ui.ordering.checkout_pane import CheckoutPane
from core.ui.ordering.presenter import Ordering
from core.ui.ordering.view import OrderingView
from core.ui.theme import Theme
from core.ui.widgets.notice import Notice
from tests.support.fake_backend import FakeBackend
from tests.support.fake_client import FakeClient
from tests.support.menus import BOWL, CHIPS, MENU, SODA, SOUP
from tests.support.ordering import Finger, child


@pytest.fixture
def ordering(jobs: Jobs, backend: FakeBackend) -> Iterator[Ordering]:
    with closing(FakeClient(backend)) as client:
        yield Ordering(jobs, partial(client.call, routes.MENU()))


@pytest.fixture
def notice(qtbot: QtBot) -> Iterator[Notice]:
    made = Notice(Theme("light"))
    qtbot.addWidget(made)
    yield made
    made.clear()


@pytest.fixture
def view(qtbot: QtBot, ordering: Ordering, notice: Notice) -> OrderingView:
    theme = Theme("light")
    checkout = CheckoutPane(ordering.basket, theme, "Check out", QWidget(), "act")
    made = OrderingView(ordering, theme, checkout, notice)
    made.resize(1100, 700)
    qtbot.addWidget(made)
    made.show()
    return made


@pytest.fixture
def finger(view: OrderingView, qtbot: QtBot, ordering: Ordering) -> Finger:
    with qtbot.waitSignal(ordering.menu_changed):
        ordering.menu.start()
    return Finger(view, qtbot)


@pytest.fixture(autouse=True)
def _stop(ordering: Ordering) -> Iterator[None]:
    yield
    ordering.menu.stop()


def said(view: OrderingView) -> str:
    """What stands where the tiles are not."""
    return " ".join(
        label.text()
        for label in view.menu.findChildren(QLabel)
        if label.isVisible() and label.property("role") == "title"
    )


def test_pressing_a_tile_adds_and_two_quick_presses_add_two(finger: Finger, view: OrderingView) -> None:
    finger.tile(SODA.name)
    finger.tile(CHIPS.name, times=5)
    assert finger.lines() == [(1, SODA.name), (5, CHIPS.name)]
    tile = view.menu.tiles.shown.index(2, 0)
    assert "5 in the basket" in tile.data(Qt.ItemDataRole.AccessibleTextRole)


def test_what_is_sold_out_says_so(finger: Finger, notice: Notice) -> None:
    finger.tile(SOUP.name)
    assert finger.lines() == []
    assert notice.text == "Tortilla Soup is sold out"


def test_a_category_shows_its_items_and_a_search_looks_everywhere(finger: Finger, view: OrderingView) -> None:
    shown = view.menu.tiles.shown
    finger.category("Sides and drinks")
    assert shown.rowCount() == 2
    finger.field("menu_search", "bowl")
    assert [shown.index(0, 0).data(), shown.rowCount()] == [BOWL.name, 1]
    finger.field("menu_search", "xyz")
    assert said(view) == "Nothing found"
    finger.button("menu_again")
    assert shown.rowCount() == 2
    finger.category("All")
    assert shown.rowCount() == 4


def test_required_choices_are_asked_for(finger: Finger, qtbot: QtBot) -> None:
    finger.tile(BOWL.name)
    dialog = finger.dialog
    finger.button("item_add", dialog)
    assert dialog.isVisible()
    assert child(dialog, QLabel, "item_error").text() == "Please choose: Salsa."
    assert finger.lines() == []
    for choice in ("choice_mild", "choice_hot", "choice_hot", "choice_guacamole"):
        finger.button(choice, dialog)
    assert child(dialog, QPushButton, "item_add").text() == "Add · $10.44"
    finger.button("more", dialog)
    finger.field("item_note", "no rice", dialog)
    with qtbot.waitSignal(dialog.finished):
        finger.button("item_add", dialog)
    line = finger.current
    assert line.wanted == NewLine(
        item_id=BOWL.id, quantity=2, modifier_ids=(ModifierId("hot"), ModifierId("guacamole")), note="no rice"
    )
    assert line.priced.total_minor == 2 * (849 + 195)


def test_a_choice_that_may_be_left_out_can_be_taken_back(finger: Finger, ordering: Ordering, qtbot: QtBot) -> None:
    groups = tuple(
        msgspec.structs.replace(group, least=0, most=most) for group, most in zip(BOWL.groups, (1, 1), strict=True)
    )
    item = msgspec.structs.replace(BOWL, groups=groups)
    ordering.basket.use(Menu("Shop", "USD", Tax(), (Category("all", "All", (item,)),)))
    ordering.press(item)
    dialog = finger.dialog
    finger.button("choice_mild", dialog)
    assert list(dialog.wanted.modifier_ids) == ["mild"]
    finger.button("choice_mild", dialog)
    assert not dialog.wanted.modifier_ids
    finger.button("item_cancel", dialog)
    assert finger.lines() == []


def test_a_full_group_takes_no_more(finger: Finger, ordering: Ordering) -> None:
    extras = msgspec.structs.replace(BOWL.groups[1], most=1, least=0)
    two = msgspec.structs.replace(extras, most=2, modifiers=(*extras.modifiers, *BOWL.groups[0].modifiers))
    item = msgspec.structs.replace(BOWL, groups=(two,))
    ordering.press(item)
    dialog = finger.dialog
    finger.button("choice_cheese", dialog)
    finger.button("choice_hot", dialog)
    box = child(dialog, QWidget, "choice_mild")
    assert not box.isEnabled()
    finger.button("choice_hot", dialog)
    assert box.isEnabled()
    dialog.reject()


def test_a_line_is_changed_where_it_stands(finger: Finger, qtbot: QtBot) -> None:
    finger.tile(SODA.name)
    finger.line(SODA.name, MORE, times=3)
    assert finger.lines() == [(4, SODA.name)]
    finger.line(SODA.name, FEWER)
    assert finger.lines() == [(3, SODA.name)]
    finger.line(SODA.name)
    dialog = finger.dialog
    finger.field("quantity", "12", dialog)
    finger.field("item_note", "cold", dialog)
    finger.button("item_add", dialog)
    assert finger.lines() == [(12, SODA.name)]
    assert finger.current.wanted.note == "cold"
    finger.line(SODA.name, FEWER, times=12)
    assert finger.lines() == []


@pytest.mark.parametrize(("typed", "quantity"), [("١٢", 12), ("۹۹۹", 999), ("３", 3)])
def test_a_quantity_is_typed_in_every_digits(finger: Finger, typed: str, quantity: int) -> None:
    finger.tile(SODA.name)
    finger.line(SODA.name)
    field = child(finger.dialog, QLineEdit, "quantity")
    field.clear()
    for sign in typed:
        field.event(QKeyEvent(QEvent.Type.KeyPress, 0, Qt.KeyboardModifier.NoModifier, sign))
    finger.button("item_add", finger.dialog)
    assert finger.lines() == [(quantity, SODA.name)]


def test_emptying_can_be_undone(finger: Finger, notice: Notice) -> None:
    finger.tile(SODA.name, times=2)
    finger.tile(CHIPS.name)
    finger.button("basket_empty")
    assert finger.lines() == []
    child(notice, QPushButton, "notice_action").click()
    assert finger.lines() == [(2, SODA.name), (1, CHIPS.name)]


def test_the_most_is_explained(finger: Finger, ordering: Ordering, notice: Notice) -> None:
    ordering.add(NewLine(item_id=SODA.id, quantity=MAX_QUANTITY))
    finger.tile(SODA.name)
    assert notice.text == "Not added One line holds at most 999."
    assert finger.lines() == [(MAX_QUANTITY, SODA.name)]


def test_two_hundred_lines_scroll_and_the_next_is_explained(
    finger: Finger, ordering: Ordering, notice: Notice, view: OrderingView
) -> None:
    for number in range(MAX_LINES):
        ordering.add(NewLine(item_id=CHIPS.id, note=f"table {number}"))
    lines = view.basket.lines
    assert lines.verticalScrollBar().maximum() > 0
    assert lines.visualRect(lines.model().index(MAX_LINES - 1, 0)).intersects(lines.viewport().rect())
    finger.tile(SODA.name)
    assert "at most 200 lines" in notice.text
    assert len(finger.lines()) == MAX_LINES


def test_by_keys_alone(finger: Finger, view: OrderingView, qtbot: QtBot) -> None:
    search, tiles, lines = view.menu.search, view.menu.tiles, view.basket.lines
    search.setFocus()
    qtbot.keyClicks(search, "sod")
    qtbot.keyClick(search, Qt.Key.Key_Return)
    assert (finger.lines(), search.text()) == ([(1, SODA.name)], "")
    qtbot.keyClicks(search, "++-+")
    assert (finger.lines(), search.text()) == ([(3, SODA.name)], "")
    qtbot.keyClick(search, Qt.Key.Key_Down)
    assert QApplication.focusWidget() is tiles
    qtbot.keyClick(tiles, Qt.Key.Key_Right)
    qtbot.keyClick(tiles, Qt.Key.Key_Right)
    qtbot.keyClick(tiles, Qt.Key.Key_Return)
    qtbot.keyClick(tiles, Qt.Key.Key_Space)
    assert finger.lines() == [(3, SODA.name), (2, CHIPS.name)]
    qtbot.keyClick(tiles, Qt.Key.Key_Plus, Qt.KeyboardModifier.ShiftModifier)
    assert finger.lines() == [(3, SODA.name), (3, CHIPS.name)]
    qtbot.keyClicks(tiles, "bo")
    assert QApplication.focusWidget() is search
    assert search.text() == "bo"
    qtbot.keyClick(search, Qt.Key.Key_Return)
    dialog = finger.dialog
    qtbot.waitUntil(lambda: dialog.focusWidget() is not None and dialog.isActiveWindow())
    qtbot.keyClick(child(dialog, QWidget, "choice_hot"), Qt.Key.Key_Space)
    qtbot.keyClick(child(dialog, QWidget, "item_note"), Qt.Key.Key_Return)
    assert finger.lines()[-1] == (1, BOWL.name)
    view.activateWindow()  # as a window manager does when the dialog goes
    qtbot.waitUntil(view.isActiveWindow)
    lines.setFocus()
    lines.show_line(0)
    qtbot.keyClick(lines, Qt.Key.Key_Minus)
    qtbot.keyClick(lines, Qt.Key.Key_Down)
    qtbot.keyClick(lines, Qt.Key.Key_Delete)
    assert finger.lines() == [(2, SODA.name), (1, BOWL.name)]
    qtbot.keyClick(lines, Qt.Key.Key_Return, Qt.KeyboardModifier.ControlModifier)
    assert view.at_checkout


def test_a_letter_is_for_the_search_whatever_the_window_does_with_it(
    finger: Finger, view: OrderingView, qtbot: QtBot
) -> None:
    view.menu.tiles.setFocus()
    qtbot.keyClicks(view.menu.tiles, "/c")
    assert view.menu.search.text() == "c"
    qtbot.keyClick(view.menu.search, Qt.Key.Key_Escape)
    assert view.menu.search.text() == ""


def test_a_menu_that_does_not_come_says_why_and_is_asked_for_again(
    view: OrderingView, ordering: Ordering, backend: FakeBackend, qtbot: QtBot
) -> None:
    assert said(view) == "Loading the menu…"
    backend.fail_with = Unreachable("The server cannot be reached.")
    with qtbot.waitSignal(ordering.menu.failed):
        ordering.menu.start()
    assert said(view) == "No connection"
    backend.fail_with = None
    with qtbot.waitSignal(ordering.menu_changed):
        Finger(view, qtbot).button("menu_again")
    assert view.menu.tiles.shown.rowCount() == 4


def test_a_menu_that_cannot_be_read_again_stays(
    finger: Finger, ordering: Ordering, backend: FakeBackend, qtbot: QtBot
) -> None:
    finger.tile(SODA.name)
    backend.fail_with = Unreachable("The server cannot be reached.")
    with qtbot.waitSignal(ordering.menu.failed):
        finger.button("menu_refresh")
    assert finger.view.menu.tiles.shown.rowCount() == 4
    assert finger.lines() == [(1, SODA.name)]
    told = [label.text() for label in finger.view.menu.findChildren(QLabel) if label.property("role") == "error"]
    assert any("the last try failed" in text for text in told)


def test_a_slow_menu_is_asked_for_once(finger: Finger, ordering: Ordering, backend: FakeBackend, qtbot: QtBot) -> None:
    before = backend.calls["menu"]
    backend.gate.clear()
    finger.button("menu_refresh")
    ordering.menu.refresh()
    assert not child(finger.view, QWidget, "menu_refresh").isEnabled()
    with qtbot.waitSignal(ordering.menu_changed):
        backend.gate.set()
    assert backend.calls["menu"] == before + 1


def test_an_empty_menu(view: OrderingView, ordering: Ordering, backend: FakeBackend, qtbot: QtBot) -> None:
    backend.menu = Menu("Shop", "USD", Tax(), ())
    with qtbot.waitSignal(ordering.menu_changed):
        ordering.menu.start()
    assert said(view) == "The menu is empty"


def test_a_menu_grown_old_is_read_again_when_the_page_is_shown(
    finger: Finger, ordering: Ordering, backend: FakeBackend, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = backend.calls["menu"]
    ordering.menu.stop()
    ordering.menu.start()
    assert not ordering.menu.running, "a young menu is not read again"
    ordering.menu.stop()
    age_s = presenter.MENU_REFRESH_S + 1
    monkeypatch.setattr(type(ordering.menu), "age_s", property(lambda _self: age_s))
    with qtbot.waitSignal(ordering.menu_changed):
        ordering.menu.start()
    assert backend.calls["menu"] == before + 1


def test_a_line_the_new_menu_does_not_have_stands_in_the_way(
    finger: Finger, ordering: Ordering, backend: FakeBackend, notice: Notice, qtbot: QtBot
) -> None:
    finger.tile(SODA.name)
    finger.tile(CHIPS.name)
    sides = msgspec.structs.replace(MENU.categories[1], items=(CHIPS,))
    backend.menu = msgspec.structs.replace(MENU, categories=(MENU.categories[0], sides))
    with qtbot.waitSignal(ordering.menu_changed):
        finger.button("menu_refresh")
    finger.button("checkout")
    assert not finger.view.at_checkout
    assert notice.text.startswith("Canned Soda cannot be ordered as it is")
    assert finger.current.wanted.item_id == SODA.id
    finger.line(SODA.name, FEWER)
    assert notice.text == "", "what it asked for is done"
    finger.button("checkout")
    assert finger.view.at_checkout


def test_the_checkout_closes_when_the_basket_is_empty(finger: Finger, ordering: Ordering) -> None:
    assert not finger.view.basket.checkout.isEnabled()
    finger.tile(SODA.name)
    finger.button("checkout")
    assert finger.view.at_checkout
    ordering.basket.clear()
    assert not finger.view.at_checkout


def test_clearing_leaves_nothing(finger: Finger, view: OrderingView) -> None:
    finger.tile(SODA.name)
    finger.category("Bowls")
    finger.field("menu_search", "chi")
    finger.view.menu.search.clear()
    finger.tile(BOWL.name)
    dialog = finger.dialog
    view.clear()
    assert not dialog.isVisible()
    assert (finger.lines(), view.menu.search.text()) == ([], "")
    assert view.menu.pills.currentIndex().data() == "All"


class _Paints(QObject):
    """Counts the paint events of one widget."""

    def __init__(self) -> None:
        super().__init__()
        self.regions: list[int] = []

    @override
    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if isinstance(event, QPaintEvent):
            self.regions.append(event.rect().width() * event.rect().height())
        return False


def test_a_press_repaints_a_tile_and_not_the_menu(
    view: OrderingView, ordering: Ordering, backend: FakeBackend, qtbot: QtBot
) -> None:
    items = tuple(MenuItem(ItemId(f"i{n}"), f"Item {n}", 100 + n) for n in range(120))
    backend.menu = Menu("Shop", "USD", Tax(), (Category("all", "All", items),))
    with qtbot.waitSignal(ordering.menu_changed):
        ordering.menu.start()
    tiles = view.menu.tiles
    view.activateWindow()
    qtbot.waitUntil(view.isActiveWindow)  # which repaints everything
    paints = _Paints()
    tiles.viewport().installEventFilter(paints)
    cell = tiles.gridSize().width() * tiles.gridSize().height()

    def add_another() -> bool:
        """One more press; True when its tile alone was repainted. The window's first paints may still be coming."""
        paints.regions.clear()
        ordering.add(NewLine(item_id=items[1].id))
        QApplication.processEvents()
        return paints.regions == [cell]

    qtbot.waitUntil(add_another)
    assert add_another()
    tiles.viewport().removeEventFilter(paints)
