"""The options of an item: a panel in the window, with defaults and a button that stays where it is."""

import time
from collections.abc import Callable, Iterator

import msgspec
import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtWidgets import QApplication, QLabel, QPushButton, QScrollArea, QWidget
from pytestqt.qtbot import QtBot

from core.domain.ids import ItemId, ModifierId
from core.domain.menu import Category, Menu, MenuItem, Modifier, ModifierGroup
from core.domain.money import Tax
from core.ui.jobs import Jobs
from core.ui.ordering.checkout_pane import CheckoutPane
from core.ui.ordering.item_dialog import ItemDialog
from core.ui.ordering.presenter import Ordering
from core.ui.ordering.view import OrderingView
from core.ui.pace import GAP_S
from core.ui.theme import Theme
from core.ui.widgets.notice import Notice
from tests.support.fits import shortened
from tests.support.menus import BOWL, CHIPS, MENU, SODA
from tests.support.ordering import Finger, child
from tests.support.pos_window import Till
from tests.support.scanner import LATE_S, scan

MILD, HOT = BOWL.groups[0].modifiers
USUAL = msgspec.structs.replace(
    BOWL,
    groups=(
        msgspec.structs.replace(BOWL.groups[0], modifiers=(MILD, msgspec.structs.replace(HOT, default=True))),
        BOWL.groups[1],
    ),
)


def many(options: int = 30) -> MenuItem:
    """An item with so many options, all with long names."""
    choices = tuple(
        Modifier(ModifierId(f"m{n}"), f"Slow-roasted garlic with rosemary, thyme and lemon zest {n}", n)
        for n in range(options)
    )
    groups = (
        ModifierGroup("size", "Size", tuple(Modifier(ModifierId(f"s{n}"), f"Size {n}") for n in range(3)), 1, 1),
        ModifierGroup("all", "Everything that could possibly be put on top of it by anybody", choices),
    )
    return MenuItem(ItemId("many"), "The Maximiliane-Alexandra Special with Everything", 1000, groups=groups)


def menu_of(*items: MenuItem) -> Menu:
    return Menu("Shop", "USD", Tax(), (Category("all", "All", items),))


@pytest.fixture
def ordering(jobs: Jobs) -> Ordering:
    return Ordering(jobs, lambda: MENU)


@pytest.fixture
def view(qtbot: QtBot, ordering: Ordering) -> Iterator[OrderingView]:
    theme = Theme("light")
    notice = Notice(theme)
    qtbot.addWidget(notice)
    made = OrderingView(ordering, theme, CheckoutPane(ordering.basket, theme, "Check out", QWidget(), "act"), notice)
    made.resize(1024, 768)
    qtbot.addWidget(made)
    made.show()
    made.activateWindow()
    qtbot.waitUntil(made.isActiveWindow)
    ordering.set_menu(menu_of(USUAL, CHIPS, SODA))
    yield made
    notice.clear()


@pytest.fixture
def finger(view: OrderingView, qtbot: QtBot) -> Finger:
    return Finger(view, qtbot)


def focused() -> QWidget:
    found = QApplication.focusWidget()
    assert found is not None
    return found


def by_hand(dialog: ItemDialog) -> bool:
    """Whether the next key is no scanner's."""
    return time.monotonic() - dialog._pace._last.handled_s > GAP_S and not dialog._digit.isActive()


def place_of(widget: QWidget) -> QPoint:
    return widget.mapTo(widget.window(), QPoint(0, 0))


def test_what_is_usual_is_chosen_already_and_enter_adds_it(finger: Finger, qtbot: QtBot) -> None:
    finger.tile(BOWL.name)
    assert finger.dialog.wanted.modifier_ids == ("hot",)
    assert focused().objectName() == "choice_hot", "what is chosen of one"
    qtbot.keyClick(focused(), Qt.Key.Key_Return)
    assert finger.current.wanted.modifier_ids == ("hot",)
    finger.line(BOWL.name)
    finger.button("choice_mild", finger.dialog)
    finger.button("item_add", finger.dialog)
    finger.line(BOWL.name)
    assert finger.dialog.wanted.modifier_ids == ("mild",), "a line has what it has, and no default comes back"


def test_an_arrow_chooses_in_a_group_of_one_and_enter_adds_what_the_ring_is_on(finger: Finger, qtbot: QtBot) -> None:
    finger.tile(BOWL.name)
    qtbot.keyClick(focused(), Qt.Key.Key_Left)
    assert focused().objectName() == "choice_mild"
    assert finger.dialog.wanted.modifier_ids == ("mild",)
    qtbot.keyClick(focused(), Qt.Key.Key_Return)
    assert finger.current.wanted.modifier_ids == ("mild",)


def test_in_a_group_of_several_arrows_lead_space_chooses_and_enter_adds(finger: Finger, qtbot: QtBot) -> None:
    finger.tile(BOWL.name)
    qtbot.keyClick(focused(), Qt.Key.Key_Down)
    assert focused().objectName().startswith("choice_")
    assert list(finger.dialog.wanted.modifier_ids) == ["hot"], "an arrow into another group chooses nothing"
    qtbot.keyClick(focused(), Qt.Key.Key_Space)
    took = finger.dialog.wanted.modifier_ids
    assert len(took) == 2
    qtbot.keyClick(focused(), Qt.Key.Key_Up)
    assert focused().objectName() == "choice_hot", "back to what is chosen"
    qtbot.keyClick(focused(), Qt.Key.Key_Return)
    assert finger.current.wanted.modifier_ids == took


def test_enter_chooses_nothing_where_something_is_missing_and_says_what(
    finger: Finger, ordering: Ordering, qtbot: QtBot
) -> None:
    ordering.set_menu(menu_of(BOWL))
    finger.tile(BOWL.name)
    qtbot.keyClick(focused(), Qt.Key.Key_Return)
    assert finger.dialog.wanted.modifier_ids == ()
    assert child(finger.dialog, QLabel, "item_error").text() == f"Please choose: {BOWL.groups[0].name}."
    qtbot.keyClick(focused(), Qt.Key.Key_Right)
    qtbot.keyClick(focused(), Qt.Key.Key_Return)
    assert finger.current.wanted.modifier_ids == ("hot",)


def test_arrows_through_a_group_of_which_none_may_be_chosen_choose_none(
    finger: Finger, ordering: Ordering, qtbot: QtBot
) -> None:
    free = msgspec.structs.replace(BOWL.groups[0], least=0)
    ordering.set_menu(menu_of(msgspec.structs.replace(BOWL, groups=(free,))))
    finger.tile(BOWL.name)
    qtbot.keyClick(focused(), Qt.Key.Key_Right)
    assert (focused().objectName(), finger.dialog.wanted.modifier_ids) == ("choice_hot", ())
    qtbot.keyClick(focused(), Qt.Key.Key_Space)
    qtbot.keyClick(focused(), Qt.Key.Key_Left)
    assert finger.dialog.wanted.modifier_ids == ("mild",)


def test_it_is_inside_the_window(finger: Finger, view: OrderingView) -> None:
    finger.tile(BOWL.name)
    assert not finger.dialog.isWindow()
    assert finger.dialog.geometry() == view.window().rect()
    view.resize(1300, 900)
    assert finger.dialog.geometry() == view.window().rect()


def test_a_press_that_was_on_its_way_when_it_opened_closes_nothing(finger: Finger, qtbot: QtBot) -> None:
    finger.tile(BOWL.name)
    dialog = finger.dialog
    beside = dialog.sheet.geometry().topLeft() - QPoint(5, 5)
    closed: list[int] = []
    dialog.finished.connect(closed.append)
    qtbot.mouseClick(dialog, Qt.MouseButton.LeftButton, pos=beside)
    assert len(closed) == 0
    qtbot.waitUntil(lambda: not dialog._settling.isActive())
    qtbot.mouseClick(dialog, Qt.MouseButton.LeftButton, pos=beside)
    assert len(closed) == 1


@pytest.mark.parametrize("way", ["beside", "escape", "button"])
def test_whoever_presses_beside_it_or_escape_adds_nothing(finger: Finger, qtbot: QtBot, way: str) -> None:
    finger.tile(BOWL.name)
    dialog = finger.dialog
    dialog._settling.stop()
    qtbot.mouseClick(dialog, Qt.MouseButton.LeftButton, pos=dialog.sheet.geometry().center())
    assert dialog.isVisible()
    if way == "beside":
        qtbot.mouseClick(dialog, Qt.MouseButton.LeftButton, pos=dialog.sheet.geometry().topLeft() - QPoint(5, 5))
    elif way == "escape":
        qtbot.keyClick(focused(), Qt.Key.Key_Escape)
    else:
        finger.button("item_cancel", dialog)
    assert not finger.view.findChildren(ItemDialog) or not dialog.isVisible()
    assert finger.lines() == []


def test_the_second_of_two_quick_presses_on_a_tile_closes_nothing(finger: Finger, qtbot: QtBot) -> None:
    finger.tile(BOWL.name)
    beside = finger.dialog.sheet.geometry().topLeft() - QPoint(5, 5)
    qtbot.mouseDClick(finger.dialog, Qt.MouseButton.LeftButton, pos=beside)
    qtbot.mouseRelease(finger.dialog, Qt.MouseButton.LeftButton, pos=beside)
    assert finger.dialog.isVisible()


def test_add_says_the_price_and_stays_where_it_is(finger: Finger, ordering: Ordering, qtbot: QtBot) -> None:
    item = many()
    ordering.set_menu(menu_of(item))
    finger.tile(item.name)
    dialog = finger.dialog
    add = child(dialog, QPushButton, "item_add")
    here, scroll = (place_of(add), add.size()), dialog.findChildren(QScrollArea)[0]
    assert scroll.verticalScrollBar().maximum() > 0, "the options are what scrolls"
    qtbot.mouseClick(add, Qt.MouseButton.LeftButton)
    assert child(dialog, QLabel, "item_error").text() == "Please choose: Size."
    assert (place_of(add), add.size()) == here
    for name in ("choice_s1", "choice_m28", "choice_m29"):
        child(dialog, QWidget, name).click()  # type: ignore[attr-defined]
    scroll.verticalScrollBar().setValue(scroll.verticalScrollBar().maximum())
    finger.button("more", dialog)
    assert add.text() == "Add · $21.14"
    assert (place_of(add), add.size()) == here
    assert child(dialog, QLabel, "item_error").text() == ""


@pytest.mark.parametrize("direction", [Qt.LayoutDirection.LeftToRight, Qt.LayoutDirection.RightToLeft])
def test_in_the_largest_letters_add_is_in_the_window_and_every_option_is_reached_by_arrows(
    qtbot: QtBot, qapp: QApplication, dressing: Callable[[Theme], None], direction: Qt.LayoutDirection
) -> None:
    theme, before = Theme("light", 200), qapp.layoutDirection()
    dressing(theme)
    qapp.setLayoutDirection(direction)
    window = QWidget()
    window.resize(1024, 768)
    qtbot.addWidget(window)
    window.show()
    window.activateWindow()
    qtbot.waitUntil(window.isActiveWindow)
    dialog = ItemDialog(many(), "USD", theme, None, window)
    dialog.open()
    add = child(dialog, QPushButton, "item_add")
    assert window.rect().contains(add.rect().translated(place_of(add)))
    across = Qt.Key.Key_Left if direction is Qt.LayoutDirection.RightToLeft else Qt.Key.Key_Right
    qtbot.keyClick(focused(), across)
    assert focused().objectName() == "choice_s1"
    for _row in range(40):
        qtbot.keyClick(focused(), Qt.Key.Key_Down)
    assert focused().objectName() in ("choice_m28", "choice_m29")
    area = dialog.findChildren(QScrollArea)[0].viewport()
    shown = focused().rect().translated(focused().mapTo(area, QPoint(0, 0)))
    assert area.rect().contains(shown), "what has the keyboard is in sight"
    with shortened() as words:
        dialog.grab()
    assert not words, "names are whole"
    dialog.close()
    qapp.setLayoutDirection(before)


def test_digits_choose_in_the_group_that_has_the_keyboard(finger: Finger, ordering: Ordering, qtbot: QtBot) -> None:
    two = msgspec.structs.replace(USUAL, groups=(BOWL.groups[0], msgspec.structs.replace(many(3).groups[0], id="x")))
    ordering.set_menu(menu_of(two))
    finger.tile(two.name)
    dialog = finger.dialog
    qtbot.keyClicks(focused(), "2")
    qtbot.waitUntil(lambda: dialog.wanted.modifier_ids == ("hot",))
    assert focused().objectName() == "choice_s0", "on to what is missing"
    qtbot.waitUntil(lambda: by_hand(dialog))
    qtbot.keyClicks(focused(), "3")
    qtbot.waitUntil(lambda: dialog.wanted.modifier_ids == ("hot", "s2"))
    qtbot.waitUntil(lambda: by_hand(dialog))
    qtbot.keyClicks(focused(), "+")
    assert dialog.wanted.quantity == 2
    qtbot.keyClick(focused(), Qt.Key.Key_Return)
    assert finger.lines() == [(2, two.name)]


@pytest.mark.parametrize("code", ["POS1-000121", "1234567890128"])
@pytest.mark.parametrize("handled_every_s", [0.0, LATE_S])
def test_a_scanned_code_chooses_and_adds_nothing(
    finger: Finger, qtbot: QtBot, code: str, handled_every_s: float
) -> None:
    finger.tile(BOWL.name)
    dialog = finger.dialog
    scan(code, handled_every_s=handled_every_s)
    qtbot.waitUntil(lambda: by_hand(dialog))
    assert dialog.isVisible()
    assert finger.lines() == []
    assert (dialog.wanted.quantity, dialog.wanted.modifier_ids) == (1, ("hot",))


def test_tab_goes_round_inside_and_the_pages_shortcuts_wait(finger: Finger, view: OrderingView, qtbot: QtBot) -> None:
    finger.tile(SODA.name)
    finger.tile(BOWL.name)
    names = []
    for _press in range(12):
        names.append(focused().objectName())
        qtbot.keyClick(focused(), Qt.Key.Key_Tab)
    assert set(names) >= {"choice_hot", "choice_cheese", "item_note", "quantity", "item_add"}
    assert "choice_mild" not in names, "one stop for one choice: what the ring is on is what is added"
    assert all(finger.dialog.isAncestorOf(child(view, QWidget, name)) for name in names)
    qtbot.keyClick(focused(), Qt.Key.Key_Tab, Qt.KeyboardModifier.ShiftModifier)
    assert finger.dialog.isAncestorOf(focused())
    qtbot.keyClick(focused(), Qt.Key.Key_Return, Qt.KeyboardModifier.ControlModifier)
    assert not view.at_checkout


def test_three_lines_with_one_modifier_take_eight_keys(finger: Finger, view: OrderingView, qtbot: QtBot) -> None:
    view.menu.search.setFocus()
    keys = ["S", Qt.Key.Key_Return, "G", Qt.Key.Key_Return, "B", Qt.Key.Key_Return, "1", Qt.Key.Key_Return]
    for key in keys:
        qtbot.keyClick(focused(), key)
    assert finger.lines() == [(1, SODA.name), (1, CHIPS.name), (1, BOWL.name)]
    assert finger.current.wanted.modifier_ids == ("mild",)
    assert focused() is view.menu.search, "for the next one"


def test_three_lines_with_one_modifier_take_five_presses_and_four_with_the_usual_one(finger: Finger) -> None:
    for name in (SODA.name, CHIPS.name, BOWL.name):
        finger.tile(name)
    finger.button("choice_mild", finger.dialog)
    finger.button("item_add", finger.dialog)
    assert finger.lines() == [(1, SODA.name), (1, CHIPS.name), (1, BOWL.name)]
    finger.tile(BOWL.name)
    finger.button("item_add", finger.dialog)
    assert finger.lines()[-1] == (1, BOWL.name)
    assert finger.current.wanted.modifier_ids == ("hot",)


def test_who_locks_the_till_leaves_no_panel_over_the_next_one(till: Till) -> None:
    till.arrive()
    till.click("nav_new")
    till.settle()
    page = till.window.findChild(OrderingView)
    assert isinstance(page, OrderingView)
    finger = Finger(page, till.qtbot)
    finger.tile(BOWL.name)
    assert finger.dialog.isVisible()
    till.window.lock()
    assert not [each for each in till.window.findChildren(ItemDialog) if each.isVisible()]
    assert finger.lines() == []
