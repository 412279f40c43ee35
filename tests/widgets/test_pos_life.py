"""Opening and closing the window leaves nothing: no timer, no thread, no request, no late answer."""

import threading

import pytest
from PySide6.QtCore import QCoreApplication, QEvent, QTimer
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from core.ui.jobs import Jobs
from core.ui.theme import Theme
from pos_app.window import PosWindow
from tests.support.contexts import pos_context
from tests.support.fake_api import FakeApi, FakeBackend
from tests.support.pos_window import MAYA, open_till, place

CYCLES = 60


@pytest.mark.timeout(600)
@pytest.mark.slow
def test_window_after_window_leaves_nothing(qtbot: QtBot, backend: FakeBackend) -> None:
    place(backend)
    threads = threading.active_count()
    theme, api = Theme("light"), FakeApi(backend)
    widgets = len(QApplication.allWidgets())
    for _ in range(CYCLES):
        jobs = Jobs()
        window = PosWindow(pos_context(api, jobs, theme=theme, board_refresh_s=0.2, idle_lock_s=30.0))
        window.show()
        window._sign_in.submit(*MAYA)
        qtbot.waitUntil(lambda: window.board.shown == 1)  # noqa: B023 (waited for within the cycle)
        window.show_page("history")
        window.close()
        assert not [timer for timer in window.findChildren(QTimer) if timer.isActive()]
        jobs.close(5)
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


def test_closing_waits_for_a_step_that_is_being_sent(qtbot: QtBot, backend: FakeBackend) -> None:
    order = place(backend)
    with open_till(qtbot, backend) as till:
        till.arrive()
        backend.gate.clear()
        till.press(order)
        threading.Timer(0.1, backend.gate.set).start()
        till.window.close()
        assert len(backend.operations) == 1
