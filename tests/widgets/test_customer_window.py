"""The window as a whole: by keyboard alone, opened and closed all day, and with the Order page."""

import threading
from collections.abc import Callable

import pytest
from PySide6.QtCore import QCoreApplication, QEvent, QObject, Qt, QTimer
from PySide6.QtWidgets import QApplication, QPushButton, QWidget
from pytestqt.qtbot import QtBot

from core.domain.status import OrderStatus
from core.settings import load
from core.ui.theme import Theme
from core.ui.widgets.connection_chip import ConnectionChip
from customer_view import bootstrap
from customer_view.settings import CustomerSettings
from tests.support.customer_window import (
    AISHA,
    PASSWORD,
    SHORT_S,
    Stage,
    open_window,
    order,
    small_order,
)
from tests.support.fake_backend import FakeBackend
from tests.support.fake_client import FakeClient
from tests.support.shown import own_folder
from tests.support.steps import NEXT


def press(qtbot: QtBot, key: Qt.Key, modifiers: Qt.KeyboardModifier = Qt.KeyboardModifier.NoModifier) -> None:
    """A key goes to whatever has the focus."""
    target = QApplication.focusWidget()
    assert target is not None
    qtbot.keyClick(target, key, modifiers)


def focused() -> str:
    widget = QApplication.focusWidget()
    return widget.objectName() if widget is not None else ""


def tab_to(qtbot: QtBot, name: str) -> None:
    """Press Tab until the focus is on the control of that name."""
    passed = []
    for _ in range(60):
        focus = QApplication.focusWidget()
        assert focus is not None
        if focus.objectName() == name:
            return
        passed.append(focus.objectName())
        press(qtbot, Qt.Key.Key_Tab)
    raise AssertionError(f"Tab never reaches {name!r}: {passed}")


# -- by keyboard alone


def test_the_whole_job_without_a_mouse(stage: Stage, backend: FakeBackend, qtbot: QtBot) -> None:
    older, newer = order(backend), order(backend)
    focus = QApplication.focusWidget()
    assert focus is not None
    assert focus.objectName() == "sign_in_login", "one can type at once"
    qtbot.keyClicks(focus, AISHA)
    tab_to(qtbot, "sign_in_password")
    qtbot.keyClicks(QApplication.focusWidget(), PASSWORD)
    press(qtbot, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: stage.sees("order_list") and stage.jobs.busy == 0)
    assert stage.text("order_number") == newer.number
    qtbot.waitUntil(lambda: QApplication.focusWidget() is stage.order_list)
    press(qtbot, Qt.Key.Key_Down)
    assert stage.text("order_number") == older.number
    stage.settle()
    backend.move(newer.id, NEXT)
    press(qtbot, Qt.Key.Key_F5)
    qtbot.waitUntil(lambda: stage.listed()[0].status is NEXT)
    stage.settle()
    tab_to(qtbot, "cancel_order")
    press(qtbot, Qt.Key.Key_Space)
    qtbot.waitUntil(lambda: focused() == "cancel_reason")
    press(qtbot, Qt.Key.Key_Escape)
    qtbot.waitUntil(lambda: not stage.sees("cancel_dialog"))
    stage.window.activateWindow()  # as every desktop does; the offscreen one has no idea of a window behind another
    qtbot.waitUntil(lambda: focused() == "cancel_order")
    tab_to(qtbot, "cancel_order")
    press(qtbot, Qt.Key.Key_Space)
    qtbot.waitUntil(lambda: focused() == "cancel_reason")
    qtbot.keyClicks(QApplication.focusWidget(), "Changed my mind")
    press(qtbot, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: backend.orders[older.id].status is OrderStatus.CANCELLED)
    stage.window.activateWindow()
    stage.settle()
    qtbot.waitUntil(lambda: focused() != "")
    tab_to(qtbot, "sign_out")
    press(qtbot, Qt.Key.Key_Space)
    qtbot.waitUntil(lambda: stage.sees("sign_in_login"))


def test_tabs_by_keys(stage: Stage, qtbot: QtBot) -> None:
    stage.arrive()
    control = Qt.KeyboardModifier.ControlModifier
    qtbot.keyClick(stage.window, Qt.Key.Key_1, control)
    qtbot.waitUntil(lambda: stage.sees("order_page"))
    qtbot.keyClick(stage.window, Qt.Key.Key_2, control)
    qtbot.waitUntil(lambda: stage.sees("orders_page"))


def test_every_control_has_a_name_to_be_told_and_one_to_be_found_by(stage: Stage, backend: FakeBackend) -> None:
    order(backend)
    stage.arrive()
    for control in stage.window.findChildren(QPushButton):
        if control.isVisible():
            assert control.objectName(), f"a button {control.text()!r} without an objectName"
            assert control.text() or control.accessibleName(), control.objectName()


@pytest.mark.parametrize("scale", [100, 200])
def test_every_button_is_as_high_as_a_finger_and_shows_all_its_words(
    qtbot: QtBot, backend: FakeBackend, dressing: Callable[[Theme], None], scale: int
) -> None:
    order(backend)
    dressing(Theme("light", scale))
    with open_window(qtbot, backend, text_scale=scale) as stage:
        stage.arrive()
        qtbot.waitUntil(lambda: too_small(stage) == [])


def too_small(stage: Stage) -> list[str]:
    """The buttons lower than a finger (a chip may be) or narrower than their words."""
    return [
        f"{button.objectName()} {button.size()}"
        for button in stage.window.findChildren(QPushButton)
        if button.isVisible()
        and (
            (button.height() < 48 and button.property("kind") != "chip")
            or button.width() < button.minimumSizeHint().width()
        )
    ]


# -- the Order page


def test_a_placed_order_is_shown_at_once(stage: Stage, backend: FakeBackend, qtbot: QtBot) -> None:
    small_order(backend)
    stage.arrive()
    stage.click("tab_order")
    qtbot.waitUntil(lambda: stage.sees("order_page"))
    stage.settle()
    asked = backend.calls["history"]
    placed = order(backend)
    stage.settle()
    page = stage.find(QWidget, "order_page")
    page.placed.emit(placed)  # type: ignore[attr-defined]
    assert stage.sees("orders_page")
    assert stage.listed()[0].id == placed.id
    assert stage.text("order_number") == placed.number
    assert stage.text("order_count") == "2 orders"
    assert backend.calls["history"] == asked
    stage.settle()


def test_the_chip_speaks_of_the_page_that_is_shown(qtbot: QtBot, backend: FakeBackend) -> None:
    with open_window(qtbot, backend, push=False) as stage:
        stage.arrive()
        chip = stage.find(ConnectionChip, "connection_chip")
        assert "Checking every 1 h" in chip.text()
        stage.click("tab_order")
        assert "Checking every 5 min" in chip.text()
        stage.settle()


# -- opened and closed all day

CYCLES = 20


def active_timers(root: QObject) -> list[QTimer]:
    return [timer for timer in root.findChildren(QTimer) if timer.isActive()]


@pytest.mark.slow
def test_window_after_window_leaves_nothing(qtbot: QtBot, backend: FakeBackend) -> None:
    for _ in range(3):
        order(backend)
    threads = threading.active_count()
    QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
    widgets = len(QApplication.allWidgets())
    with own_folder() as folder:
        settings = CustomerSettings(
            history_refresh_s=SHORT_S,
            tracker_refresh_s=SHORT_S,
            idle_sign_out_s=60.0,
            data_dir=folder,
            keyring=False,
        )
        for turn in range(CYCLES):
            window, api = bootstrap.open_window(settings, Theme("light"), FakeClient(backend))
            jobs = window._context.jobs
            window.show()
            window._account.sign_in(AISHA, PASSWORD)
            qtbot.waitUntil(lambda window=window: window._visit is not None)  # type: ignore[misc]
            if turn % 2:
                qtbot.waitUntil(lambda jobs=jobs: jobs.busy == 0)  # type: ignore[misc]
            window.close()
            assert active_timers(window) == []
            jobs.close(wait_s=5)
            bootstrap.close(api, settings)
            window.deleteLater()
            QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
    qtbot.waitUntil(lambda: threading.active_count() <= threads)
    assert len(QApplication.allWidgets()) == widgets
    calls = dict(backend.calls)
    QCoreApplication.processEvents()
    assert backend.calls == calls


def test_shown_and_hidden_all_day_nothing_piles_up(qtbot: QtBot, backend: FakeBackend) -> None:
    order(backend)
    with open_window(qtbot, backend, history_refresh_s=SHORT_S, tracker_refresh_s=SHORT_S) as stage:
        stage.arrive()
        timers = len(stage.window.findChildren(QTimer))
        for _ in range(200):
            stage.window.hide()
            assert stage.ticking() == []
            stage.window.show()
        stage.settle()
        assert len(stage.window.findChildren(QTimer)) == timers
        assert len(stage.ticking()) <= 2


def test_an_answer_after_the_close_does_nothing(qtbot: QtBot, backend: FakeBackend) -> None:
    order(backend)
    with open_window(qtbot, backend) as stage:
        stage.arrive()
        backend.gate.clear()
        stage.click("refresh_orders")
        stage.click("refresh_status")
        qtbot.waitUntil(lambda: backend.calls["history"] == 2)
        stage.window.close()
        order(backend)
        backend.gate.set()
        stage.jobs.close(wait_s=5)
        QCoreApplication.processEvents()
        assert len(stage.listed()) == 0


def test_a_new_look_reaches_what_is_painted(stage: Stage, backend: FakeBackend) -> None:
    order(backend)
    stage.arrive()
    before = stage.find(QWidget, "tracker").grab().toImage()
    stage.window._context.theme.choose("dark")
    assert stage.find(QWidget, "tracker").grab().toImage() != before


# -- settings


def test_settings_come_from_the_environment_and_flags() -> None:
    loaded = load(
        CustomerSettings,
        "customer",
        flags={"history_refresh": False},
        environment={"ORDERBELL_HISTORY_REFRESH_S": "5", "ORDERBELL_TRACKER_REFRESH": "false"},
    ).values
    assert (loaded.history_refresh, loaded.history_refresh_s) == (False, 5.0)
    assert (loaded.tracker_refresh, loaded.tracker_refresh_s) == (False, 60.0)
    assert loaded.idle_sign_out_s == 180.0


def test_by_default_thirty_seconds_and_sixty() -> None:
    settings = CustomerSettings()
    assert (settings.history_refresh_s, settings.tracker_refresh_s) == (30.0, 60.0)
    assert settings.history_refresh
    assert settings.tracker_refresh
