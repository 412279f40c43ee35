"""What a till says about the age of its orders, and that all of it can be read in big letters."""

from collections.abc import Callable
from datetime import timedelta

import msgspec
import pytest
from PySide6.QtCore import QPoint
from PySide6.QtWidgets import QApplication, QWidget
from pytestqt.qtbot import QtBot

from core.client.errors import Unreachable
from core.client.sync.engine import ConnectionState
from core.domain.status import OrderStatus
from core.ui.text import clock
from core.ui.theme import Theme
from core.ui.widgets.connection_chip import ConnectionChip
from pos_app.board.card_layout import Fonts, lay_out
from pos_app.order.card import Card, Own, own_words
from tests.support.fake_backend import FakeBackend
from tests.support.pos_window import Till, open_till, place

S = OrderStatus


def looks_again(till: Till) -> None:
    """Have the chip look how things stand, which is polled for, as it does once a second."""
    polling = msgspec.structs.replace(till.window._context.bridge.sync_status, state=ConnectionState.POLLING)
    till.find(ConnectionChip, "connection_chip").set_sync_status(polling)


def test_old_orders_say_of_when_they_are(qtbot: QtBot, backend: FakeBackend) -> None:
    place(backend)
    with open_till(qtbot, backend) as till:
        till.arrive()
        assert not till.sees("as_of")
        refresher, shown_at = till.window.board.refresher, till.backend.clock - timedelta(minutes=135)
        refresher.remember(135 * 60)
        looks_again(till)
        assert till.text("as_of_title") == f"As of {clock(shown_at)}, 2 h ago"
        assert "kept, and sent later" in till.text("as_of_message")
        top = till.find(QWidget, "as_of").mapTo(till.window, QPoint(0, 0)).y()
        columns = till.column(S.PENDING)
        qtbot.waitUntil(lambda: columns.mapTo(till.window, columns.rect().bottomLeft()).y() < top)
        till.click("nav_history")
        assert "Only what this POS has kept" in till.text("as_of_message")
        till.settle()
        till.click("nav_new")
        till.settle()
        assert not till.sees("as_of"), "the menu was read just now"
        till.window._pages.refresher("new").remember(3600)
        looks_again(till)
        assert till.text("as_of_title").endswith(", 1 h ago")
        assert "what is sold out" in till.text("as_of_message")
        till.click("nav_orders")
        refresher.remember(30 * 3600)
        looks_again(till)
        assert till.text("as_of_title").startswith("As of Yesterday ")


def test_what_cannot_be_asked_for_is_as_of_the_last_time(qtbot: QtBot, backend: FakeBackend) -> None:
    with open_till(qtbot, backend, board_refresh_s=0.2) as till:
        till.arrive()
        backend.fail_with = Unreachable("The server cannot be reached. Check the network; this window keeps trying.")
        qtbot.waitUntil(lambda: till.sees("as_of"))
        backend.fail_with = None
        qtbot.waitUntil(lambda: not till.sees("as_of"))


@pytest.mark.parametrize("scale", [150, 200])
def test_big_letters_have_room_on_a_small_screen(
    dressing: Callable[[Theme], None], qtbot: QtBot, backend: FakeBackend, scale: int
) -> None:
    place(backend)
    dressing(Theme("light", scale))
    with open_till(qtbot, backend, text_scale=scale) as till:
        till.window.resize(1280, 800)
        keypad, name = till.find_button("key_5"), till.find_line("staff_name")
        qtbot.waitUntil(lambda: keypad.width() > 0 and keypad.x() >= 0)
        for shown in (keypad, name, till.find_button("sign_in")):
            assert till.window.rect().contains(shown.mapTo(till.window, shown.rect().bottomRight()))
        till.arrive()
        backend.fail_with = Unreachable("No answer.")
        till.refresh()
        for page in ("orders", "new", "history"):
            till.click(f"nav_{page}")
            till.settle()
            least = till.window.minimumSizeHint()
            assert (least.width() <= 1280, least.height() <= 800) == (True, True), (page, least)


def test_where_a_change_stands_is_never_cut_off(qapp: QApplication, backend: FakeBackend) -> None:
    theme = Theme("light", 200)
    for own in (Own.WAITING, Own.CONFLICT, Own.PARKED):
        layout = lay_out(Card(place(backend), own), theme.px(208), theme, Fonts(theme))
        assert own_words(own) in [text.words for text in layout.texts]
