"""The menu at the till: what is sold out at one press, and an admin's changes, saved as a whole or not at all."""

from collections.abc import Iterator

import msgspec
import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QWheelEvent
from PySide6.QtWidgets import QApplication, QCheckBox, QComboBox, QWidget
from pytestqt.qtbot import QtBot

from core.client.errors import Unreachable
from core.domain.menu import MenuItem, with_availability
from core.ui.rows import ROW
from pos_app.menu.list_view import SWITCH, MenuList
from pos_app.menu.model import HEADING, MenuRow
from pos_app.menu.page import MenuPage
from tests.support.fake_backend import OFFLINE, FakeBackend
from tests.support.menus import BOWL, CHIPS, MENU, SODA, SOUP, taxed
from tests.support.pos_window import ANA, MAYA, Till
from tests.widgets.conftest import PassTime


class Desk:
    """A till at its menu."""

    def __init__(self, till: Till) -> None:
        self.till = till
        self.qtbot = till.qtbot
        self.backend = till.backend
        till.click("nav_menu")
        till.settle()
        self.page = till.find(MenuPage, "menu_page")
        self.list = till.find(MenuList, "menu_list")

    def rows(self) -> list[MenuRow]:
        model = self.list.model()
        return [model.data(model.index(row, 0), ROW) for row in range(model.rowCount())]

    def row(self, key: str) -> MenuRow:
        return next(row for row in self.rows() if row.key == key)

    def press(self, key: str, part: str = "") -> None:
        index = self.list.model().index([row.key for row in self.rows()].index(key), 0)
        self.list.scrollTo(index)
        rect = self.list.part_rect(index, part)
        place = rect.center() if part else rect.topLeft() + QPoint(20, 20)
        self.qtbot.mouseClick(self.list.viewport(), Qt.MouseButton.LeftButton, pos=place)
        self.till.settle()

    def sold(self, item: MenuItem) -> MenuItem:
        """The item as the shop sells it."""
        return self.backend.menu.items()[item.id]

    def type(self, name: str, text: str) -> None:
        self.till.type(name, text)

    def saves(self) -> bool:
        return self.till.find_button("menu_save").isEnabled()

    def save(self) -> None:
        self.till.click("menu_save")
        self.till.settle()


@pytest.fixture
def cashier(till: Till) -> Desk:
    till.arrive(MAYA)
    return Desk(till)


@pytest.fixture
def admin(till: Till) -> Iterator[Desk]:
    till.arrive(ANA)
    desk = Desk(till)
    yield desk
    desk.page.editing.discard()  # or the window would rightly not close


# -- sold out


def test_one_press_says_that_it_is_sold_out(cashier: Desk) -> None:
    cashier.press(CHIPS.id, SWITCH)
    assert not cashier.sold(CHIPS).available
    assert not cashier.row(CHIPS.id).available
    assert cashier.till.text("menu_sold_out") == "2 sold out"
    cashier.press(CHIPS.id, SWITCH)
    assert cashier.sold(CHIPS).available
    cashier.press(SOUP.id, SWITCH)
    assert cashier.sold(SOUP).available


def test_it_is_shown_at_once_and_said_once(cashier: Desk) -> None:
    cashier.backend.gate.clear()
    index = cashier.list.model().index([row.key for row in cashier.rows()].index(CHIPS.id), 0)
    for _ in range(2):
        place = cashier.list.part_rect(index, SWITCH).center()
        cashier.qtbot.mouseClick(cashier.list.viewport(), Qt.MouseButton.LeftButton, pos=place)
        assert not cashier.row(CHIPS.id).available
        assert not cashier.row(CHIPS.id).switchable
    cashier.backend.gate.set()
    cashier.till.settle()
    assert cashier.backend.calls["set_available"] == 1
    assert cashier.row(CHIPS.id).switchable


def test_what_could_not_be_said_is_not_shown(cashier: Desk) -> None:
    cashier.backend.fail_with = Unreachable("The server cannot be reached.")
    cashier.press(CHIPS.id, SWITCH)
    assert cashier.row(CHIPS.id).available
    assert "No connection" in cashier.till.notice()


def test_space_turns_the_switch(cashier: Desk) -> None:
    cashier.list.setFocus()
    cashier.list.setCurrentIndex(cashier.list.model().index(1, 0))
    cashier.till.key(Qt.Key.Key_Space)
    cashier.till.settle()
    assert not cashier.sold(BOWL).available


def test_a_cashier_changes_nothing_else(cashier: Desk) -> None:
    cashier.press(CHIPS.id)
    for name in ("menu_editor", "menu_add_item", "menu_add_category"):
        assert not cashier.till.sees(name)


def test_what_others_say_is_shown(cashier: Desk) -> None:
    sold_out = with_availability(MENU.categories, {SODA.id: False})
    cashier.page.set_menu(msgspec.structs.replace(MENU, categories=sold_out, version=2))
    assert not cashier.row(SODA.id).available


def test_what_is_looked_for_is_found_by_the_start_of_its_words(cashier: Desk) -> None:
    cashier.type("menu_search_items", "cHi")
    assert [row.name for row in cashier.rows() if row.item] == [BOWL.name, CHIPS.name]
    cashier.type("menu_search_items", "zzz")
    assert cashier.till.text("menu_empty") == "Nothing on the menu is called that."


def test_a_reader_is_told_all_of_a_row(cashier: Desk) -> None:
    model = cashier.list.model()
    spoken = [model.data(model.index(row, 0), Qt.ItemDataRole.AccessibleTextRole) for row in range(model.rowCount())]
    assert spoken[:3] == ["Bowls", "Chicken Bowl, $8.49 · 4 options, On sale", "Tortilla Soup, $5.20, Sold out"]


class TestNothing:
    @pytest.fixture
    def backend(self) -> FakeBackend:
        return FakeBackend(msgspec.structs.replace(MENU, categories=()))

    def test_an_empty_menu_says_so_and_can_be_begun(self, admin: Desk) -> None:
        assert admin.till.text("menu_empty") == "There is nothing on the menu yet."
        admin.till.click("menu_add_item")
        admin.type("menu_item_name", "Tea")
        admin.save()
        (category,) = admin.backend.menu.categories
        assert (category.id, category.name) == ("new-category", "New category")
        assert [(item.id, item.name) for item in category.items] == [("tea", "Tea")]


# -- an admin's changes


def test_an_item_is_changed_and_saved(admin: Desk) -> None:
    admin.press(CHIPS.id)
    admin.type("menu_item_name", "Nachos")
    admin.type("menu_item_price", "5.10")
    admin.type("menu_item_description", "With a dip")
    assert admin.sold(CHIPS) == CHIPS, "not before it is saved"
    assert admin.row(CHIPS.id).unsaved
    assert admin.till.text("menu_save") == "Save 3 changes"
    assert admin.till.find(QWidget, "nav_menu").accessibleName() == "Menu · 3"
    admin.save()
    assert admin.sold(CHIPS) == msgspec.structs.replace(CHIPS, name="Nachos", price_minor=510, description="With a dip")
    assert "The menu is saved" in admin.till.notice()
    assert admin.till.find(QWidget, "nav_menu").accessibleName() == "Menu"
    assert not admin.saves()


def test_an_item_gets_another_tax_category_and_the_standard_one_again(admin: Desk) -> None:
    admin.press(CHIPS.id)
    picker = admin.till.find(QComboBox, "menu_item_tax")
    assert not picker.isVisible(), "with one rate there is nothing to choose"
    admin.backend.menu = msgspec.structs.replace(taxed(included=True), version=admin.backend.menu.version)
    admin.page.set_menu(admin.backend.menu)
    admin.press(CHIPS.id)
    assert [picker.itemText(at) for at in range(picker.count())] == ["Standard", "drinks"]
    for chosen, kept in ((1, "drinks"), (0, "")):
        picker.setCurrentIndex(chosen)
        picker.activated.emit(chosen)
        assert admin.till.text("menu_save") == "Save 1 change"
        admin.save()
        assert admin.sold(CHIPS).tax_category == kept
        assert not admin.saves()


@pytest.mark.parametrize("typed", [" ", "abc", "1.234", "-1"])
def test_what_is_no_price_cannot_be_saved(admin: Desk, typed: str) -> None:
    admin.press(CHIPS.id)
    admin.type("menu_item_name", "Nachos")
    admin.type("menu_item_price", typed)
    assert not admin.saves()
    assert admin.till.text("menu_item_wrong") == "That is not a price."
    admin.type("menu_item_price", "$4")
    assert admin.saves()


def test_a_price_that_is_none_is_not_called_saved_and_holds_up_nothing_else(admin: Desk) -> None:
    admin.press(CHIPS.id)
    admin.type("menu_item_price", "abc")
    assert admin.till.text("menu_save") == "Not saved"
    admin.till.click("menu_discard")
    assert admin.till.text("menu_item_price") == "$4.45"
    admin.type("menu_item_price", "abc")
    admin.press(HEADING + "sides")
    admin.type("menu_category_name", "Sides")
    assert admin.saves()


def test_a_name_that_is_missing_is_pointed_at(admin: Desk) -> None:
    admin.press(CHIPS.id)
    admin.type("menu_item_name", "  ")
    assert not admin.saves()
    assert admin.row(CHIPS.id).wrong
    assert "A name is missing" in admin.till.text("menu_item_wrong")
    admin.press(SODA.id)
    assert not admin.till.sees("menu_item_wrong")
    assert not admin.saves(), "the mistake is still there"


def test_from_the_search_to_the_list_to_the_form_and_back_by_keys(admin: Desk) -> None:
    def focused() -> str:
        return admin.till.window.focusWidget().objectName()

    admin.till.find_line("menu_search_items").setFocus()
    admin.qtbot.keyClicks(admin.till.find_line("menu_search_items"), "soda")
    admin.till.key(Qt.Key.Key_Down)
    assert focused() == "menu_list"
    admin.till.key(Qt.Key.Key_Down)
    admin.till.key(Qt.Key.Key_Return)
    assert (admin.page.editing.chosen, focused()) == (SODA.id, "menu_item_name")
    admin.till.key(Qt.Key.Key_Escape)
    assert focused() == "menu_list"
    admin.till.find_line("menu_search_items").setFocus()
    admin.till.key(Qt.Key.Key_Escape)
    assert admin.till.text("menu_search_items") == ""
    admin.till.key(Qt.Key.Key_Return)
    assert focused() == "menu_list"


def test_an_item_is_added_moved_and_removed(admin: Desk) -> None:
    admin.press(SODA.id)
    admin.till.click("menu_add_item")
    admin.type("menu_item_name", "Lime Soda")
    admin.type("menu_item_price", "2")
    admin.till.click("menu_item_up")
    admin.save()
    assert [item.id for item in admin.backend.menu.categories[1].items] == [CHIPS.id, "lime-soda", SODA.id]
    assert admin.page.editing.chosen == "lime-soda"
    admin.till.click("menu_item_remove")
    assert "Lime Soda removed" in admin.till.notice()
    admin.till.click("notice_action")
    assert not admin.saves(), "it was put back"
    admin.till.click("menu_item_remove")
    admin.save()
    assert "lime-soda" not in admin.backend.menu.items()


def test_an_undo_is_offered_only_while_it_undoes_what_it_says(admin: Desk) -> None:
    admin.press(SODA.id)
    admin.type("menu_item_name", "Cola")
    admin.till.click("menu_discard")
    assert "Changes discarded" in admin.till.notice()
    admin.till.click("notice_action")
    assert admin.row(SODA.id).name == "Cola"
    admin.till.click("menu_discard")
    admin.till.click("menu_add_item")
    assert admin.till.notice() == ""
    admin.till.click("menu_item_remove")
    assert admin.till.notice() == "New item removed", "it was never sold"


def test_an_item_goes_to_another_category(admin: Desk) -> None:
    admin.press(SODA.id)
    box = admin.till.find(QComboBox, "menu_item_category")
    assert box.currentText() == "Sides and drinks"
    box.setCurrentIndex(0)
    box.activated.emit(0)
    admin.save()
    assert [item.id for item in admin.backend.menu.categories[0].items] == [BOWL.id, SOUP.id, SODA.id]


def test_categories_are_made_renamed_moved_and_removed(admin: Desk) -> None:
    admin.till.click("menu_add_category")
    admin.type("menu_category_name", "Drinks")
    admin.till.click("menu_category_up")
    admin.press(HEADING + "bowls")
    admin.till.click("menu_category_remove")
    admin.save()
    assert [(each.id, each.name) for each in admin.backend.menu.categories] == [
        ("drinks", "Drinks"),
        ("sides", "Sides and drinks"),
    ]


def test_a_category_is_given_a_colour_and_it_is_taken_away(admin: Desk) -> None:
    admin.press(HEADING + "bowls")
    picker = admin.till.find(QComboBox, "menu_category_colour")
    assert picker.currentText() == "By its place"

    def choose(words: str) -> None:
        picker.setCurrentIndex(picker.findText(words))
        picker.activated.emit(picker.currentIndex())

    choose("Teal")
    assert admin.row(HEADING + "bowls").unsaved
    choose("By its place")
    assert not admin.saves(), "as it was"
    choose("Teal")
    admin.save()
    assert admin.backend.menu.categories[0].colour == "teal"
    assert picker.currentText() == "Teal"
    choose("By its place")
    admin.save()
    assert admin.backend.menu.categories[0].colour == ""


def test_an_option_is_made_the_usual_one_and_another_instead(admin: Desk) -> None:
    def defaults() -> list[bool | None]:
        return [each.default for each in admin.sold(BOWL).groups[0].modifiers]

    admin.press(BOWL.id)
    mild, hot = admin.page.editor.item_form.choices.findChildren(QCheckBox, "menu_choice_default")[:2]
    mild.click()
    admin.save()
    assert defaults() == [True, None]
    mild, hot = admin.page.editor.item_form.choices.findChildren(QCheckBox, "menu_choice_default")[:2]
    hot.click()
    assert not mild.isChecked(), "one is taken"
    admin.save()
    assert defaults() == [None, True]


def test_choices_are_changed(admin: Desk) -> None:
    admin.press(SODA.id)
    admin.till.click("menu_add_group")
    admin.type("menu_group_name", "Size")
    admin.type("menu_choice_name", "Large")
    admin.type("menu_choice_price", "-0.50")
    assert admin.saves()
    admin.save()
    (group,) = admin.sold(SODA).groups
    assert (group.id, group.name, group.least, group.most) == ("size", "Size", 0, None)
    assert [(each.id, each.name, each.price_minor) for each in group.modifiers] == [("large", "Large", -50)]
    admin.type("menu_choice_name", "Huge")
    admin.save()
    assert admin.sold(SODA).groups[0].modifiers[0].id == "large", "what is there keeps its id"
    admin.till.click("menu_remove_group")
    admin.save()
    assert admin.sold(SODA).groups == ()


def test_what_others_say_is_sold_out_is_no_conflict(admin: Desk) -> None:
    admin.press(CHIPS.id)
    admin.type("menu_item_name", "Nachos")
    admin.backend.change_menu(with_availability(admin.backend.menu.categories, {SODA.id: False}))
    admin.save()
    assert admin.sold(CHIPS).name == "Nachos"
    assert not admin.sold(SODA).available
    assert not admin.till.sees("menu_conflict")


@pytest.mark.parametrize(("pressed", "name"), [("menu_take_theirs", "Totopos"), ("menu_keep_mine", "Nachos")])
def test_two_admins_at_once_are_asked(admin: Desk, pressed: str, name: str) -> None:
    admin.press(CHIPS.id)
    admin.type("menu_item_name", "Nachos")
    bowls, sides = admin.backend.menu.categories
    renamed = msgspec.structs.replace(CHIPS, name="Totopos")
    admin.backend.change_menu((bowls, msgspec.structs.replace(sides, items=(renamed, SODA))))
    admin.save()
    assert admin.sold(CHIPS).name == "Totopos"
    assert admin.till.sees("menu_conflict")
    assert not admin.saves()
    admin.till.click(pressed)
    assert not admin.till.sees("menu_conflict")
    if admin.saves():
        admin.save()
    assert admin.sold(CHIPS).name == name
    assert admin.row(CHIPS.id).name == name


def test_a_push_of_ones_own_change_is_no_conflict(admin: Desk) -> None:
    """It may be here before the answer is."""
    admin.press(CHIPS.id)
    admin.type("menu_item_name", "Nachos")
    admin.backend.gate.clear()
    admin.till.click("menu_save")
    admin.page.set_menu(msgspec.structs.replace(MENU, categories=admin.page.editing.draft, version=2))
    assert not admin.till.sees("menu_conflict")
    admin.backend.gate.set()
    admin.till.settle()
    assert not admin.page.editing.dirty


def test_what_is_not_saved_is_not_left_behind(admin: Desk) -> None:
    admin.press(CHIPS.id)
    admin.type("menu_item_name", "Nachos")
    admin.till.click("nav_orders")
    admin.till.window._on_leave_wanted("sign_out")
    assert admin.till.sees("menu_page")
    assert "The menu is not saved" in admin.till.notice()
    assert not admin.till.window.close()
    admin.till.window._on_leave_wanted("lock")
    assert admin.till.sees("staff_name"), "who comes back finds it as it was"
    admin.till.arrive(ANA)
    assert admin.till.find_line("menu_item_name").text() == "Nachos"
    admin.till.click("menu_discard")
    admin.till.window._on_leave_wanted("sign_out")
    assert admin.till.sees("staff_name")


def test_a_cashier_who_comes_next_finds_no_draft(till: Till) -> None:
    till.arrive(ANA)
    desk = Desk(till)
    desk.press(CHIPS.id)
    desk.type("menu_item_name", "Nachos")
    till.window._on_leave_wanted("lock")
    till.arrive(MAYA)
    till.click("nav_menu")
    assert not till.sees("menu_editor")
    assert desk.row(CHIPS.id).name == CHIPS.name
    till.window._on_leave_wanted("lock")
    till.arrive(ANA)
    assert "The menu is not saved" in till.notice(), "what she had not saved is there again"
    assert desk.row(CHIPS.id).name == "Nachos"
    till.click("menu_discard")


def test_a_wheel_over_the_form_changes_nothing(admin: Desk, qtbot: QtBot) -> None:
    admin.press(BOWL.id)
    box = admin.till.find(QComboBox, "menu_item_category")
    middle = box.rect().center().toPointF()
    for down in (120, -120):
        turned = QWheelEvent(
            middle,
            box.mapToGlobal(middle),
            QPoint(),
            QPoint(0, down),
            Qt.MouseButton.NoButton,
            Qt.KeyboardModifier.NoModifier,
            Qt.ScrollPhase.NoScrollPhase,
            False,
        )
        QApplication.sendEvent(box, turned)
    assert box.currentText() == "Bowls"
    assert not admin.saves()


@pytest.mark.parametrize("page", ["menu", "new"])
def test_a_menu_that_was_kept_says_how_old_it_is(
    till: Till, backend: FakeBackend, pass_time: PassTime, page: str
) -> None:
    till.arrive()
    backend.fail_with = OFFLINE
    till.refresh()
    till.click("nav_sync")
    pass_time(600.0)
    till.click(f"nav_{page}")
    till.qtbot.waitUntil(lambda: till.sees("as_of"))
    assert till.text("as_of_title").endswith(", 10 min ago")
    assert "what is sold out, may have changed" in till.text("as_of_message")
    backend.fail_with = None
    till.qtbot.waitUntil(lambda: not till.sees("as_of"))
