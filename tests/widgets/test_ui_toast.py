"""Toasts are read and go; sounds play where they can, and say once where they cannot."""

import sys

import pytest
from PySide6.QtCore import QEvent, QPointF, Qt
from PySide6.QtGui import QEnterEvent
from PySide6.QtWidgets import QApplication, QWidget
from pytestqt.qtbot import QtBot

from core.domain.status import OrderStatus
from core.ui.sound import Sounds
from core.ui.theme import Theme
from core.ui.toast import MOST, Toasts
from resources.sounds import make


@pytest.fixture
def window(qtbot: QtBot) -> QWidget:
    made = QWidget()
    made.resize(900, 600)
    qtbot.addWidget(made)
    made.show()
    return made


def test_a_toast_says_it_and_goes_by_itself(window: QWidget, qtbot: QtBot) -> None:
    toasts = Toasts(Theme("light"), window, life_ms=40)
    toasts.show_toast("status-ready", "Your order is ready", "ONLINE-000001")
    assert toasts.texts == ["Your order is ready. ONLINE-000001"]
    assert window.rect().contains(toasts.geometry())
    qtbot.waitUntil(lambda: not toasts.isVisible())
    assert toasts.texts == []


def test_they_never_fill_the_window(window: QWidget, qtbot: QtBot) -> None:
    toasts = Toasts(Theme("light"), window)
    for number in range(MOST + 2):
        toasts.show_toast("info", f"Message {number}")
    assert toasts.texts == [f"Message {number}. " for number in range(2, MOST + 2)]
    window.resize(700, 500)
    assert window.rect().contains(toasts.geometry())
    toasts.clear()
    assert not toasts.isVisible()


def test_a_pointer_on_one_holds_them(window: QWidget, qtbot: QtBot) -> None:
    toasts = Toasts(Theme("light"), window, life_ms=60)
    point = QPointF(1, 1)
    toasts.show_toast("info", "Read me")
    QApplication.sendEvent(toasts, QEnterEvent(point, point, point))
    assert not toasts._life.isActive()
    QApplication.sendEvent(toasts, QEvent(QEvent.Type.Leave))
    qtbot.waitUntil(lambda: toasts.texts == [])


def test_they_keep_clear_of_the_corner_they_are_told_to(window: QWidget, qtbot: QtBot) -> None:
    middle = window.rect().center().x()
    for at_start, direction in ((False, Qt.LayoutDirection.LeftToRight), (True, Qt.LayoutDirection.RightToLeft)):
        toasts = Toasts(Theme("light"), window, at_start=at_start)
        toasts.setLayoutDirection(direction)
        toasts.show_toast("info", "On the right")
        assert toasts.geometry().right() > middle
        toasts.clear()
    toasts = Toasts(Theme("light"), window, at_start=True)
    toasts.show_toast("info", "On the left")
    assert toasts.geometry().left() < 100
    toasts.clear()


def test_pressing_one_dismisses_it(window: QWidget, qtbot: QtBot) -> None:
    toasts = Toasts(Theme("dark"), window)
    toasts.show_toast("info", "One")
    toasts.show_toast("info", "Two")
    qtbot.mouseClick(toasts._shown[0], Qt.MouseButton.LeftButton)
    assert toasts.texts == ["Two. "]


def test_without_an_audio_library_it_is_silent_and_says_so_once(
    qapp: object, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "PySide6.QtMultimedia", None)
    sounds = Sounds()
    with qtbot.waitSignal(sounds.unavailable):
        sounds.play("ready")
    with qtbot.assertNotEmitted(sounds.unavailable):
        sounds.play("ready")


def test_muted_it_does_not_even_look_for_a_player(qapp: object, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "PySide6.QtMultimedia", None)
    sounds = Sounds(muted=True)
    with qtbot.assertNotEmitted(sounds.unavailable):
        sounds.play("ready")


def test_every_status_that_is_announced_has_a_sound_under_a_second() -> None:
    silent = {OrderStatus.PENDING, OrderStatus.REJECTED}
    assert {status.value for status in set(OrderStatus) - silent} | {"new_order"} == set(make.SOUNDS)
    for notes in make.SOUNDS.values():
        values = make.samples(notes)
        assert len(values) / make.RATE < 1
        assert max(abs(value) for value in values) <= make.PEAK
        assert abs(values[-1]) < 0.01, "it ends with a click"
