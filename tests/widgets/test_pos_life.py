"""Opening and closing the window leaves nothing: no timer, no thread, no request, no late answer."""

import threading

import msgspec
import pytest
from PySide6.QtCore import QCoreApplication, QEvent, QTimer
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from core.domain.order import Order
from core.protocol import routes
from core.protocol.route import Request
from core.ui.theme import Theme
from pos_app.bootstrap import open_window
from pos_app.settings import PosSettings
from tests.support.contexts import answer_by
from tests.support.fake_backend import FakeBackend
from tests.support.fake_client import FakeClient
from tests.support.pos_window import MAYA, open_till, place
from tests.support.shown import own_folder

CYCLES = 20


@pytest.mark.timeout(600)
@pytest.mark.slow
def test_window_after_window_leaves_nothing(qtbot: QtBot, backend: FakeBackend) -> None:
    place(backend)
    threads = threading.active_count()
    theme = Theme("light")
    widgets = len(QApplication.allWidgets())
    with own_folder() as folder:
        settings = PosSettings(board_refresh_s=0.2, idle_lock_s=30.0, data_dir=folder, keyring=False)
        for _ in range(CYCLES):
            window = open_window(settings, theme, client=FakeClient(backend))
            window.show()
            window._sign_in.submit(*MAYA)
            qtbot.waitUntil(lambda: window.board.shown == 1)  # noqa: B023 (waited for within the cycle)
            window.show_page("history")
            window.close()
            assert not [timer for timer in window.findChildren(QTimer) if timer.isActive()]
            window._context.jobs.close(5)
            window.deleteLater()
            QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
    qtbot.waitUntil(lambda: threading.active_count() == threads)
    assert len(QApplication.allWidgets()) <= widgets
    assert not [
        timer for widget in QApplication.allWidgets() for timer in widget.findChildren(QTimer) if timer.isActive()
    ]


def test_an_answer_that_comes_after_the_end_does_nothing(qtbot: QtBot, backend: FakeBackend) -> None:
    order = place(backend)
    with open_till(qtbot, backend) as till:
        till.arrive()
        backend.gate.clear()
        till.window.board.refresher.refresh()
        till.window.show_page("history")
        till.window._lookup.look_up("ONLINE-999999")
        before = till.card(order)
        till.window.close()
        backend.gate.set()
        qtbot.waitUntil(lambda: not [each for each in threading.enumerate() if each.name.startswith("jobs-")])
        QCoreApplication.processEvents()
        assert till.window.board.card(order.id) == before
        assert till.notice() == ""


def test_closing_waits_for_a_step_that_is_being_accepted(
    qtbot: QtBot, backend: FakeBackend, monkeypatch: pytest.MonkeyPatch
) -> None:
    order = place(backend)
    with open_till(qtbot, backend) as till:
        till.arrive()
        held, accepted, call = threading.Event(), list[Order](), till.api.call

        def accept_late(request: Request[Order]) -> Order:
            held.wait(10)
            accepted.append(call(request))
            return accepted[0]

        answer_by(monkeypatch, till.api, routes.CHANGE_STATUS, accept_late)
        till.press(order)
        threading.Timer(0.1, held.set).start()
        till.window.close()
        assert [each.id for each in accepted] == [order.id]


def test_no_page_follows_the_store_once_its_window_is_gone(qtbot: QtBot, backend: FakeBackend) -> None:
    with open_till(qtbot, backend) as till:
        placed = place(backend)
        till.arrive()
        till.history()
        till.click("nav_sync")
        till.settle()
        store = till.window._context.store
    store.put(msgspec.structs.replace(placed, version=placed.version + 1))  # a reply that was under way
