"""Who is at the till: signing in, switching, locking; and nothing of one person is left for the next."""

import threading
from collections.abc import Callable

import pytest
from PySide6.QtCore import QEvent, Qt
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QAbstractButton, QApplication, QLineEdit
from pytestqt.qtbot import QtBot

from core.client.errors import Left, NotKept, SignedOut, TooManyAttempts
from core.client.sync.engine import ConnectionState
from core.domain.status import OrderStatus
from core.protocol import routes
from core.ui.idle import IdleWatch
from core.ui.theme import Theme
from pos_app.new_order.page import NewOrderPage
from tests.support.contexts import answer_by, disk_held
from tests.support.fake_backend import OFFLINE, FakeBackend
from tests.support.menus import CHIPS
from tests.support.ordering import Finger
from tests.support.pos_window import ANA, MAYA, Till, open_till, place
from tests.support.steps import NEXT
from tests.widgets.conftest import PassTime

S = OrderStatus


def leave(till: Till, how: str) -> None:
    till.click("cashier")
    till.choose(f"menu_{how}")


def rung_up(till: Till) -> NewOrderPage:
    """A basket in progress."""
    till.arrive()
    page = till.new_order()
    Finger(page.view, till.qtbot).tile(CHIPS.name)
    return page


@pytest.mark.parametrize("how", ["switch", "sign_out"])
def test_the_basket_of_who_leaves_is_held_and_said_so(till: Till, backend: FakeBackend, how: str) -> None:
    page = rung_up(till)
    leave(till, how)
    till.qtbot.waitUntil(lambda: bool(till.window._context.bridge.baskets) or not till.window.signed_in)
    if till.window.signed_in:
        till.settle()
        till.qtbot.waitUntil(lambda: not till.window.signed_in or till.sees("leave_confirm"))
    if till.window.signed_in:
        till.click("leave_confirm")
    assert page.basket.basket.lines == []
    assert till.text("sign_in_reason") == f"The basket is held: {MAYA[0]}"
    till.sign_in()
    till.qtbot.waitUntil(lambda: till.window.signed_in)
    till.settle()
    (held,) = page.held.holding.baskets
    assert held.label == MAYA[0]
    assert [line.item_id for line in held.lines] == [CHIPS.id]


def test_the_basket_of_a_locked_till_is_held_when_somebody_else_signs_in(till: Till) -> None:
    page = rung_up(till)
    leave(till, "lock")
    till.sign_in(ANA)
    till.qtbot.waitUntil(lambda: till.window.signed_in)
    till.settle()
    assert page.basket.basket.lines == []
    (held,) = page.held.holding.baskets
    assert held.label == MAYA[0]
    assert till.notice().startswith(f"Held: {MAYA[0]}")


def test_the_same_person_finds_the_basket_after_a_lock(till: Till) -> None:
    page = rung_up(till)
    leave(till, "lock")
    till.sign_in()
    till.qtbot.waitUntil(lambda: till.window.signed_in)
    assert len(page.basket.basket.lines) == 1
    assert page.held.holding.baskets == ()


def nobody(till: Till) -> bool:
    """No session is left, here or at the server."""
    till.qtbot.waitUntil(lambda: not any(each.name == "sign-out" for each in threading.enumerate()))
    return not till.backend.sessions and till.api.sync_status.state is ConnectionState.SIGNED_OUT


def check_controls(till: Till) -> None:
    """What can be pressed has a name to be found by, a word to be read out, and room for a finger."""
    for button in till.window.findChildren(QAbstractButton):
        if button.isVisible():
            assert button.objectName(), button.text()
            assert button.text() or button.accessibleName(), button.objectName()
            assert button.height() >= 30, button.objectName()


def test_the_keypad_signs_in(till: Till, backend: FakeBackend) -> None:
    order = place(backend)
    till.type("staff_name", "Maya")
    for key in ("1", "9", "back", "2", "3", "4"):
        till.click(f"key_{key}")
    till.click("sign_in")
    till.qtbot.waitUntil(lambda: till.window.signed_in)  # the first workspace imports half of Qt
    till.settle()
    assert till.numbers(S.PENDING) == [order.number]
    assert till.text("cashier") == "Maya"
    assert till.text("till_clock").startswith("POS1 · ")
    assert "La Cantina" in till.window.windowTitle()


def test_a_wait_after_wrong_pins_passes_while_the_till_sleeps(
    till: Till, backend: FakeBackend, sleep: Callable[[float], None]
) -> None:
    backend.fail_with = TooManyAttempts("Too many wrong tries.", retry_after_s=1800)
    till.type("staff_name", "Maya")
    till.type("pin", "1234")
    till.click("sign_in")
    till.settle()
    assert not till.find_line("pin").isEnabled()
    sleep(1800)
    till.qtbot.waitUntil(till.find_line("pin").isEnabled)


@pytest.mark.parametrize("typed", ["١٢٣٤", "۱۲۳۴", "१२३४", "１２３４"])
def test_a_pin_is_the_same_in_every_digits(till: Till, typed: str) -> None:
    pin = till.find_line("pin")
    for sign in typed:
        pin.event(QKeyEvent(QEvent.Type.KeyPress, 0, Qt.KeyboardModifier.NoModifier, sign))
    assert pin.text() == "1234"
    pin.clear()
    name = till.find_line("staff_name")
    name.clear()
    for sign in typed:
        name.event(QKeyEvent(QEvent.Type.KeyPress, 0, Qt.KeyboardModifier.NoModifier, sign))
    assert (name.text(), pin.text()) == ("", "1234"), "in the field of the name as well"


def test_the_pin_is_hidden_takes_digits_only_and_can_be_cleared(till: Till) -> None:
    pin = till.find_line("pin")
    till.type("pin", "12ab34")
    assert pin.text() == "1234"
    assert pin.displayText() != "1234"
    till.click("key_clear")
    assert pin.text() == ""
    for _ in range(12):
        till.click("key_7")
    assert len(pin.text()) == 10


def test_nothing_is_sent_before_there_is_a_name_and_a_pin(till: Till, backend: FakeBackend) -> None:
    assert not till.find_button("sign_in").isEnabled()
    till.type("pin", "1234")
    till.key(Qt.Key.Key_Return)
    assert not till.find_button("sign_in").isEnabled()
    till.type("staff_name", "Maya")
    till.type("pin", "123")
    till.key(Qt.Key.Key_Return)
    assert "staff_sign_in" not in backend.calls


def test_a_wrong_pin_is_said_and_cleared(till: Till, backend: FakeBackend) -> None:
    till.sign_in(("Maya", "0000"))
    till.settle()
    assert not till.window.signed_in
    assert "The name or the PIN is wrong" in till.text("sign_in_error")
    assert till.text("pin") == ""
    assert till.text("staff_name") == "Maya"
    assert till.find_button("sign_in").text() == "Sign in"
    till.click("key_1")
    assert not till.sees("sign_in_error")
    till.arrive()
    assert till.window.signed_in


def test_no_network_is_not_a_wrong_pin(till: Till, backend: FakeBackend) -> None:
    backend.fail_with = OFFLINE
    till.sign_in()
    till.settle()
    assert "No connection" in till.text("sign_in_error")
    assert "wrong" not in till.text("sign_in_error")


def test_pressing_twice_signs_in_once(till: Till, backend: FakeBackend) -> None:
    backend.gate.clear()
    till.sign_in()
    till.click_disabled("sign_in")
    till.key(Qt.Key.Key_Return)
    backend.gate.set()
    till.qtbot.waitUntil(lambda: till.window.signed_in)
    till.settle()
    assert backend.calls["staff_sign_in"] == 1


@pytest.mark.parametrize("next_one", ["types a name", "presses a key", "clears"])
def test_who_asked_and_has_gone_is_let_in_no_more(till: Till, backend: FakeBackend, next_one: str) -> None:
    till.settle()
    backend.gate.clear()
    till.sign_in(MAYA)
    till.qtbot.waitUntil(lambda: backend.calls.get("staff_sign_in") == 1)
    assert till.text("sign_in") == "Signing in…"
    match next_one:
        case "types a name":
            till.type("staff_name", ANA[0])
        case "presses a key":
            till.click("key_7")
        case _:
            till.click("key_clear")
    assert till.text("sign_in") == "Sign in"
    backend.gate.set()
    till.settle()
    assert not till.window.signed_in
    assert nobody(till)
    till.arrive(ANA)
    assert till.text("cashier") == "Ana"


def test_who_was_here_is_a_press_away(till: Till, backend: FakeBackend) -> None:
    till.arrive(MAYA)
    leave(till, "switch")
    till.arrive(ANA)
    leave(till, "switch")
    till.qtbot.waitUntil(lambda: till.sees("person_Maya") and till.sees("person_Ana"))
    assert till.text("staff_name") == ""
    till.click("person_Maya")
    assert till.text("staff_name") == "Maya"
    till.qtbot.keyClicks(till.find_line("pin"), "1234")
    till.click("sign_in")
    till.qtbot.waitUntil(lambda: till.window.signed_in)
    assert till.text("cashier") == "Maya"


def test_leaving_ends_the_session(till: Till) -> None:
    till.arrive()
    assert not nobody(till)
    for how in ("switch", "sign_out"):
        leave(till, how)
        till.settle()
        assert nobody(till)
        till.arrive()


def test_a_lock_ends_no_session(till: Till, backend: FakeBackend) -> None:
    """What was accepted goes on being sent (docs/adr/0028)."""
    order = place(backend)
    till.arrive()
    backend.gate.clear()
    till.press(order)
    till.qtbot.waitUntil(lambda: not till.window._changes.under_way)
    leave(till, "lock")
    assert not till.window.signed_in
    assert not nobody(till)
    backend.gate.set()
    till.settle()
    assert till.server(order) is NEXT


def test_what_the_cashier_before_had_asked_locks_nobody_out(
    till: Till, backend: FakeBackend, monkeypatch: pytest.MonkeyPatch
) -> None:
    till.arrive(ANA)

    def left(_request: object) -> None:
        raise Left

    with monkeypatch.context() as patch:
        answer_by(patch, till.api, routes.ORDERS, left)
        with till.qtbot.waitSignal(till.window.board.refresher.failed):
            till.window.board.refresher.refresh()
    assert till.window.signed_in
    assert till.notice() == ""
    backend.fail_with = SignedOut("over")
    till.window.board.refresher.refresh()
    till.qtbot.waitUntil(lambda: not till.window.signed_in)


def test_a_lock_hides_everything_and_gives_it_back(till: Till, backend: FakeBackend) -> None:
    order = place(backend)
    till.arrive()
    till.type("search", "aisha")
    till.key(Qt.Key.Key_L, Qt.KeyboardModifier.ControlModifier)
    assert not till.sees("board_page")
    assert till.text("staff_name") == "Maya"
    assert till.text("pin") == ""
    ticking = [parent.objectName() for timer in till.timers() if (parent := timer.parent()) is not None]
    assert ticking == ["connection_chip"], "it counts its seconds"
    till.qtbot.keyClicks(till.find_line("pin"), "1234")
    till.click("sign_in")
    till.qtbot.waitUntil(lambda: till.window.signed_in)
    assert till.text("search") == "aisha"
    assert till.where(order) is S.PENDING


def test_a_lock_closes_what_is_open(till: Till, backend: FakeBackend) -> None:
    order = place(backend)
    till.arrive()
    till.press(order, "card", double=True)
    till.window.lock()
    assert not till.sees("details_dialog")
    till.settle()
    till.arrive()
    till.press(order, "more")
    till.choose("menu_cancel")
    till.window.lock()
    assert not till.sees("reason_dialog")
    till.settle()
    till.arrive()
    till.press(order, "more")
    till.window.lock()
    assert QApplication.activePopupWidget() is None


def test_the_till_locks_when_nobody_is_there(qtbot: QtBot, backend: FakeBackend, pass_time: PassTime) -> None:
    place(backend)
    with open_till(qtbot, backend, idle_lock_s=60.0) as till:
        till.arrive()
        till.window.show_page("new")
        pass_time(60.0)
        qtbot.waitUntil(lambda: not till.window.signed_in)
        till.settle()
        assert "Nobody was here" in till.text("sign_in_reason")
        qtbot.keyClicks(till.find_line("pin"), "1234")
        till.click("sign_in")
        qtbot.waitUntil(lambda: till.window.signed_in)
        assert till.sees("new_order_page")


def test_a_touch_puts_the_lock_off(qtbot: QtBot, pass_time: PassTime) -> None:
    watch = IdleWatch(60.0)
    ended: list[bool] = []
    watch.ended.connect(lambda: ended.append(True))
    watch.start()
    pass_time(40.0)
    watch._on_timer_elapsed()
    event = QKeyEvent(QEvent.Type.KeyPress, Qt.Key.Key_A, Qt.KeyboardModifier.NoModifier)
    watch.eventFilter(watch, event)
    pass_time(40.0)
    watch._on_timer_elapsed()
    assert not ended
    pass_time(20.0)
    qtbot.waitUntil(lambda: bool(ended))


def test_another_cashier_finds_nothing_half_done(
    till: Till, backend: FakeBackend, monkeypatch: pytest.MonkeyPatch
) -> None:
    order = place(backend)
    till.arrive(MAYA)

    def change_status(*_asked: object) -> None:
        raise NotKept("This machine's disk is full.")

    answer_by(monkeypatch, till.api, routes.CHANGE_STATUS, change_status)
    till.press(order)
    till.settle()
    assert till.card(order).unsent
    monkeypatch.undo()
    till.type("search", "aisha")
    leave(till, "switch")
    assert not till.sees("notice")
    till.arrive(ANA)
    assert till.text("search") == ""
    assert not till.card(order).unsent
    assert till.notice() == till.undo() == ""


def test_signing_out_forgets_the_orders(till: Till, backend: FakeBackend) -> None:
    place(backend)
    till.arrive()
    leave(till, "sign_out")
    assert list(till.window.store) == []
    assert till.cards(S.PENDING) == []
    till.arrive()
    assert len(till.cards(S.PENDING)) == 1


def test_not_while_something_is_being_sent(till: Till, backend: FakeBackend) -> None:
    order = place(backend)
    till.arrive()
    with disk_held(till.window._context):
        till.press(order)
        leave(till, "sign_out")
        assert till.window.signed_in
        assert "1 change is still being sent" in till.notice()
    till.settle()
    leave(till, "sign_out")
    assert not till.window.signed_in


def test_a_session_that_is_over_asks_for_the_pin_and_says_why(till: Till, backend: FakeBackend) -> None:
    order = place(backend)
    till.arrive()
    backend.gate.clear()
    till.press(order)
    till.qtbot.waitUntil(lambda: not till.window._changes.under_way)
    backend.fail_with = SignedOut("Your session was ended at another till.")
    backend.gate.set()
    till.qtbot.waitUntil(lambda: not till.window.signed_in)
    assert "ended at another till" in till.text("sign_in_reason")
    assert till.server(order) is S.PENDING
    backend.fail_with = None
    till.arrive()
    assert till.server(order) is NEXT  # What the same person had accepted is sent after all.


def test_a_refresh_that_finds_the_session_over_locks_too(till: Till, backend: FakeBackend) -> None:
    till.arrive()
    backend.fail_with = SignedOut("Your session was ended.")
    till.refresh()
    assert not till.window.signed_in
    assert "Your session was ended." in till.text("sign_in_reason")


def test_an_answer_to_somebody_who_left_is_not_shown(till: Till, backend: FakeBackend) -> None:
    place(backend)
    till.arrive()
    backend.gate.clear()
    till.key(Qt.Key.Key_F5)
    leave(till, "sign_out")
    backend.gate.set()
    till.settle()
    assert list(till.window.store) == []
    assert not till.window.signed_in


@pytest.fixture
def dressed(dressing: Callable[[Theme], None]) -> None:
    """The style sheet, which gives controls their size."""
    dressing(Theme("light"))


@pytest.mark.usefixtures("dressed")
def test_every_control_has_a_name_a_word_and_room(till: Till, backend: FakeBackend) -> None:
    place(backend)
    check_controls(till)
    till.arrive()
    for page in ("orders", "history"):
        till.window.show_page(page)
        till.settle()
        check_controls(till)


def test_a_pin_that_is_typed_at_once_is_not_to_be_read(till: Till, backend: FakeBackend) -> None:
    till.type("staff_name", "1234")
    assert (till.text("staff_name"), till.text("pin")) == ("", "1234")
    till.qtbot.keyClick(till.find(QLineEdit, "pin"), Qt.Key.Key_Return)
    assert "name" in till.text("sign_in_error")
    till.type("staff_name", "Maya")
    till.click("sign_in")
    till.qtbot.waitUntil(lambda: till.window.signed_in)


def test_a_locked_till_says_how_fresh_it_is(till: Till, backend: FakeBackend, pass_time: PassTime) -> None:
    """What came in and what waits is counted there, so it says how old that is, connected and not."""
    assert not till.sees("connection_chip"), "nobody is there, and nothing is counted"
    till.sign_in()
    leave(till, "lock")
    till.qtbot.waitUntil(lambda: till.text("connection_chip").startswith("● Live · updated "))
    backend.fail_with = OFFLINE
    pass_time(90.0)
    till.qtbot.waitUntil(lambda: till.text("connection_chip").startswith("▲ Offline"))
    till.qtbot.waitUntil(lambda: "updated 1 min ago" in till.text("connection_chip"))
    till.type("pin", "1234")
    till.click("sign_in")
    till.qtbot.waitUntil(lambda: till.window.signed_in)
    leave(till, "sign_out")
    assert not till.sees("connection_chip")
