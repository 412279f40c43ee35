"""Where things are: on the screen, in whatever letters, and where they were when a message comes."""

from collections.abc import Callable, Iterator

import pytest
from PySide6.QtCore import QPoint, QRect, QSize
from PySide6.QtWidgets import QApplication, QScrollBar, QWidget
from pytestqt.qtbot import QtBot

from core.client.device.identity import Identity
from core.client.errors import Refused, Unreachable
from core.domain.ids import OpId
from core.domain.status import OrderStatus
from core.ui.jobs import Jobs
from core.ui.ordering.view import OrderingView
from core.ui.theme import Theme
from core.ui.widgets.overlay import Overlay
from core.ui.widgets.pairing import PairingDialog
from core.ui.widgets.strip import Strip
from customer_view.account.sign_in_page import SignInPage
from customer_view.visit import VisitPage
from pos_app.history.page import HistoryPage
from pos_app.menu.page import MenuPage
from pos_app.new_order.page import NewOrderPage
from tests.support.customer_window import AISHA, open_window, order
from tests.support.fake_backend import FakeBackend
from tests.support.fingers import click
from tests.support.menus import BOWL, SODA
from tests.support.operations import devices
from tests.support.ordering import Finger
from tests.support.pos_window import ANA, Screen, Till, open_till, place
from tests.support.stays import nothing_moves, off_screen, settle

S = OrderStatus


def place_of(till: Till, name: str) -> QRect:
    part = till.find(QWidget, name)
    return QRect(part.mapTo(till.window, QPoint()), part.size())


def test_the_checkout_is_on_the_screen(qtbot: QtBot, backend: FakeBackend, scale: int, size: QSize) -> None:
    with open_till(qtbot, backend, text_scale=scale) as till:
        till.window.resize(size)
        till.arrive()
        finger = Finger(till.new_order().view, qtbot)
        finger.tile(SODA.name)
        assert till.window.rect().contains(place_of(till, "checkout"))
        till.click("checkout")
        settle()
        assert till.window.rect().contains(place_of(till, "payment_cash")), "it is one press"
        assert off_screen(till.window) == []
        till.find(QWidget, "customer_search").setFocus()  # scrolled to where whom it is for is asked
        for bar in till.window.workspace.findChildren(QScrollBar):
            bar.setValue(bar.maximum())
        till.find_button("payment_cash").click()
        till.settle()
        settle()
        for name in ("sale_settlement", "next_order"):
            part = till.find(QWidget, name)
            assert part.visibleRegion().boundingRect() == part.rect(), name


def test_four_tiles_stand_side_by_side_on_a_small_screen(till: Till) -> None:
    till.window.resize(1024, 768)
    till.arrive()
    page = till.new_order()
    tiles = page.view.menu.tiles
    till.qtbot.waitUntil(lambda: tiles.gridSize().width() * 4 <= tiles.viewport().width())
    Finger(page.view, till.qtbot).tile(SODA.name)
    till.click("checkout")
    for name in ("payment_cash", "pad_0", "cash_quick_5", "tip_20", "fulfilment_delivery", "customer_search"):
        assert till.window.rect().contains(place_of(till, name))


def test_the_keys_stay_under_the_finger_when_a_pin_was_wrong(till: Till) -> None:
    till.type("staff_name", "Maya")
    before = {name: place_of(till, name) for name in ("key_5", "key_0", "sign_in")}
    till.type("pin", "9876")
    till.click("sign_in")
    till.settle()
    assert till.sees("sign_in_error")
    assert {name: place_of(till, name) for name in before} == before


def test_add_stays_under_the_finger_when_something_is_missing(till: Till) -> None:
    till.arrive()
    finger = Finger(till.new_order().view, till.qtbot)
    finger.tile(BOWL.name)
    dialog = finger.dialog
    add = dialog._add
    before = add.mapTo(dialog, QPoint())
    finger.button("item_add", dialog)
    assert dialog._why.isVisible()
    assert (add.mapTo(dialog, QPoint()), add.size()) == (before, add.size())


def test_a_message_lifts_nothing(till: Till, backend: FakeBackend) -> None:
    """It has room of its own before it comes: a press on what was there hits what was there."""
    order = place(backend)
    till.arrive()
    board = place_of(till, "column_pending")
    till.press(order)
    till.settle()
    assert till.undo()
    assert place_of(till, "column_pending") == board
    finger = Finger(till.new_order().view, till.qtbot)
    finger.tile(SODA.name)
    till.click("checkout")
    before = place_of(till, "payment_cash")
    till.click("tip_typed")
    assert till.text("payment_hint")
    till.window.workspace.notice.show_error(AWAY, "Try again", lambda: None)
    assert place_of(till, "payment_cash") == before


def test_a_search_moves_no_card(till: Till, backend: FakeBackend) -> None:
    """What it found was said above the columns, and pushed them down."""
    place(backend, "Aisha Bello", S.READY)
    till.arrive()
    with nothing_moves(till.window, "what is found"):
        till.type("search", "aisha")
        assert till.sees("search_hint")
    till.click("nav_history")
    assert not till.sees("search_hint")


def test_two_lines_are_said_on_a_small_screen_at_the_cost_of_a_button(till: Till) -> None:
    till.window.resize(1024, 768)
    till.arrive()
    strip = till.window.findChild(Strip)
    assert isinstance(strip, Strip)
    till.window.workspace.notice.show_error(AWAY, "Try again", lambda: None)
    settle()
    assert strip.height() <= 48 + 4
    assert strip.verticalScrollBar().maximum() == 0, "all of it is seen"


# -- every window, at every size: all buttons are on the screen, and stay where they are while something is said

LONG = "Maximiliane-Alexandra von und zu Hohenlohe-Langenburg"
WHY = "Nothing answers at http://127.0.0.1:8000: the connection was refused. Check that the server runs."
AWAY = Unreachable(WHY)
SIZES = [QSize(1024, 768), QSize(1280, 800)]
SCALES = [100, 150, 200]


@pytest.fixture(params=SCALES)
def scale(request: pytest.FixtureRequest, dressing: Callable[[Theme], None]) -> int:
    dressing(Theme("light", request.param))
    return int(request.param)


@pytest.fixture(params=SIZES, ids=lambda size: f"{size.width()}x{size.height()}")
def size(request: pytest.FixtureRequest) -> QSize:
    return QSize(request.param)


@pytest.fixture
def small_till(qtbot: QtBot, backend: FakeBackend, scale: int, size: QSize) -> Iterator[Till]:
    """On a screen of that size, with letters of that scale, long names and an admin."""
    for each in (LONG, LONG + " II", LONG + " III"):
        backend.add_customer(each, f"+4955502{len(each):04}")
    for status in (S.PENDING, S.CONFIRMED, S.PREPARING, S.READY):
        place(backend, LONG, status, lines=9, note="Ring twice, and mind the dog " * 4)
    place(backend, LONG, S.OUT_FOR_DELIVERY, delivery=True)
    backend.devices = devices(backend)
    with open_till(qtbot, backend, text_scale=scale) as till:
        till.window.resize(size)
        settle()
        assert off_screen(till.window) == []
        till.window.sign_in_page.ask("Maya", WHY, "Locked")
        with nothing_moves(till.window, "a wrong PIN"):
            till.sign_in(("Maya", "9876"))
            till.settle()
        till.arrive(ANA)
        yield till


def say_everything(till: Till) -> None:
    """All that a till says by itself, at once."""
    workspace = till.window.workspace
    workspace.notice.show_error(AWAY, "Try again", lambda: None)
    workspace.undo.show_message("ONLINE-000001: Confirmed", action="Undo", act=lambda: None)
    if till.window.alerts.toasts is not None:
        till.window.alerts.toasts.show_toast("info", f"{LONG} has cancelled", "ONLINE-000004")
    till.window.alerts.bar.set_orders(list(till.backend.orders.values()))
    workspace.as_of.show()


def hush(till: Till) -> None:
    for bar in (till.window.workspace.notice, till.window.workspace.undo):
        bar.clear()
    till.window.alerts.bar.set_orders(())


@pytest.mark.slow
def test_the_tills_buttons_are_on_the_screen_and_stay_there(small_till: Till, size: QSize) -> None:
    see_pages(small_till, size)
    see_dialogs(small_till, size)
    pay(small_till)
    sell(small_till)
    see_lists(small_till)


def see_pages(till: Till, size: QSize) -> None:
    window = till.window
    for page in ("orders", "new", "history", "menu", "sync"):
        till.click(f"nav_{page}")
        Screen.settle(till)
        settle()
        assert window.size() == size, page
        assert off_screen(window) == [], page
        with nothing_moves(window, f"everything, on {page}"):
            say_everything(till)
        assert off_screen(window) == [], page
        hush(till)


def see_dialogs(till: Till, size: QSize) -> None:
    window = till.window
    order = list(till.backend.orders.values())[3]
    openings: dict[str, Callable[[], object]] = {
        "details": lambda: window._show_details(order),
        "cancel": lambda: window._actions.do("cancel", order.id),
        "reject": lambda: window._actions.do("reject", order.id),
        "receipt": lambda: window._on_print_wanted(order),
        "keys": window._show_shortcuts,
        "sound": window._show_sound,
    }
    for name, opening in openings.items():
        opening()
        Screen.settle(till)
        settle()
        panels = [each for each in window.findChildren(Overlay) if each.isVisible()]
        dialog = next(iter(panels), None) or QApplication.activeModalWidget()
        if dialog is None:
            assert name == "reject", name
            continue
        room = dialog.size().boundedTo(size)
        assert dialog.size() == room, (name, dialog.size(), size)
        assert off_screen(dialog) == [], name
        dialog.close()
        settle()


def pay(till: Till) -> None:
    """An order that is handed over."""
    window = till.window
    order = next(each for each in till.backend.orders.values() if each.status is S.READY)
    window._actions.do("step", order.id)
    Screen.settle(till)
    settle()
    assert till.sees("payment_page")
    assert off_screen(window) == []
    with nothing_moves(window, "everything, at a payment"):
        say_everything(till)
        till.click("tip_typed")
        assert till.text("payment_hint")
    hush(till)
    till.click("payment_back")


def sell(till: Till) -> None:
    window = till.window
    finger = Finger(till.new_order().view, till.qtbot)
    finger.tile(BOWL.name)
    assert off_screen(finger.dialog) == []
    with nothing_moves(finger.dialog, "what is missing"):
        finger.button("item_add", finger.dialog)
    finger.dialog.close()
    finger.tile(SODA.name)
    for name in ("checkout", "checkout_back", "checkout"):
        if name == "checkout":
            settle()
            assert window.rect().contains(place_of(till, "checkout"))
        till.click(name)
    settle()
    assert window.rect().contains(place_of(till, "payment_cash"))
    assert off_screen(window) == []
    with nothing_moves(window, "known customers"):
        finger.field("customer_search", LONG.split(maxsplit=1)[0])
        till.qtbot.waitUntil(lambda: till.sees("customer_offer_2"))
    with nothing_moves(window, "nobody known"):
        finger.field("customer_search", "0301234567")
        till.qtbot.waitUntil(lambda: "A new number" in till.words("customer_news"))
    with nothing_moves(window, "what is no amount"):
        till.find_line("cash_given").setText("0.01.")
    till.find_line("cash_given").clear()
    with nothing_moves(window, "a hint"):
        till.click("tip_typed")
        assert till.text("payment_hint")
    till.click("fulfilment_delivery")
    with nothing_moves(window, "an address is missing"):
        till.find_line("address").clear()
        till.window.findChild(NewOrderPage)._form.complain_of_address()  # type: ignore[union-attr]
    with nothing_moves(window, "no look-up"):
        till.backend.fail_with = AWAY
        finger.field("customer_search", "ada")
        till.qtbot.waitUntil(lambda: "cannot be looked up" in till.words("customer_news"))
        till.qtbot.waitUntil(lambda: till.window.workspace.connection.state == "bad")
    till.backend.fail_with = None
    till.until_live()


def see_lists(till: Till) -> None:
    window, backend = till.window, till.backend
    till.click("nav_history")
    till.settle()
    page = till.find(HistoryPage, "history_page")
    with nothing_moves(window, "an export"):
        page._on_export_progressed(12, 3400)
    till.click("nav_menu")
    till.settle()
    page_of_menu = till.find(MenuPage, "menu_page")
    page_of_menu._open(SODA.id)
    settle()
    with nothing_moves(window, "a price that is none"):
        till.find_line("menu_item_price").setText("none")
        page_of_menu.editor._on_item_edited()
    till.click("menu_discard")
    till.click("nav_sync")
    till.settle()
    with nothing_moves(window, "the server is away"):
        backend.fail_with = AWAY
        till.qtbot.waitUntil(lambda: till.window.workspace.connection.state == "bad")


@pytest.mark.slow
def test_the_customers_buttons_are_on_the_screen_and_stay_there(
    qtbot: QtBot, scale: int, size: QSize, backend: FakeBackend
) -> None:
    for _order in range(3):
        order(backend, delivery=True)
    with open_window(qtbot, backend, text_scale=scale) as stage:
        window = stage.window
        window.resize(size)
        settle()
        assert off_screen(window) == []
        with nothing_moves(window, "nothing answers"):
            stage.find(SignInPage, "page").notice.show_error(AWAY, "Try again", lambda: None)
        stage.find(SignInPage, "page").notice.clear()
        with nothing_moves(window, "a wrong password"):
            stage.type("sign_in_login", AISHA)
            stage.type("sign_in_password", "wrong one")
            stage.click("sign_in_submit")
            qtbot.waitUntil(lambda: stage.sees("sign_in_password_error"))
            stage.settle()
        stage.arrive()
        page = stage.find(VisitPage, "page")
        assert page.toasts is not None
        for tab in ("my_orders", "order"):
            stage.click(f"tab_{tab}")
            stage.settle()
            settle()
            assert window.size() == size, tab
            assert off_screen(window) == [], tab
            with nothing_moves(window, f"everything, on {tab}"):
                page.notice.show_error(AWAY, "Try again", lambda: None)
                page.toasts.show_toast("info", "Your order is now being prepared", "ONLINE-000004")
                page.as_of.show()
            assert off_screen(window) == [], tab
            page.notice.clear()
            page.toasts.clear()
        view = window.findChild(OrderingView)
        assert isinstance(view, OrderingView)
        finger = Finger(view, qtbot)
        finger.tile(SODA.name)
        stage.click("checkout")
        settle()
        assert window.rect().contains(stage.find(QWidget, "place_order").mapTo(window, QPoint()))
        stage.click("fulfilment_delivery")
        with nothing_moves(window, "an address is missing"):
            stage.click("place_order")
            assert stage.sees("address_error")


@pytest.mark.slow
def test_the_pairing_keys_stay_under_the_finger(qtbot: QtBot, jobs: Jobs, scale: int) -> None:
    def refuse(_address: str, _code: str, _key: OpId) -> Identity:
        raise Refused("It was used already, or its ten minutes are over. Ask an admin for another one.", field="code")

    dialog = PairingDialog(
        Theme("light", scale), jobs, refuse, "http://127.0.0.1:8765", command="orderbell devices pair POS1"
    )
    qtbot.addWidget(dialog)
    dialog.show()
    with nothing_moves(dialog, "a code that is not taken"):
        dialog._code.setText("AAAA")
        click(qtbot, dialog._pair)
        qtbot.waitUntil(dialog._error.isVisible)
