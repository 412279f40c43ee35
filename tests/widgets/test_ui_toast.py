"""Toasts are read and go; sounds play where they can, and say once where they cannot."""

import sys

import pytest
from PySide6.QtCore import QEvent, QPointF, Qt
from PySide6.QtGui import QEnterEvent
from PySide6.QtWidgets import QApplication, QPlainTextEdit, QVBoxLayout, QWidget
from pytestqt.qtbot import QtBot

from core.client.settings import Scheme
from core.domain.status import LOOKS
from core.ui import preflight
from core.ui.sound import Sounds
from core.ui.theme import Theme
from core.ui.widgets.toast import LIFE_MS, MOST, Toasts
from resources.sounds import make


@pytest.fixture
def window(qtbot: QtBot) -> QWidget:
    made = QWidget()
    column = QVBoxLayout(made)
    column.addWidget(QPlainTextEdit("A page"), 1)
    made.resize(1300, 600)
    qtbot.addWidget(made)
    made.show()
    return made


def put(window: QWidget, scheme: Scheme = "light", life_ms: int = LIFE_MS) -> Toasts:
    toasts = Toasts(Theme(scheme), window, life_ms=life_ms)
    column = window.layout()
    assert column is not None
    column.addWidget(toasts)
    return toasts


def test_a_toast_says_it_and_goes_by_itself(window: QWidget, qtbot: QtBot) -> None:
    toasts = put(window, life_ms=40)
    toasts.show_toast("status-ready", "Your order is ready", "ONLINE-000001")
    assert toasts.texts == ["Your order is ready. ONLINE-000001"]
    qtbot.waitUntil(lambda: not toasts.isVisible())
    assert toasts.texts == []


def test_a_toast_covers_nothing(window: QWidget, qtbot: QtBot) -> None:
    toasts, page = put(window), window.findChild(QPlainTextEdit)
    assert page is not None
    height = page.height()
    for number in range(MOST):
        toasts.show_toast("info", f"Message {number}", "It says more than fits into one row of words. " * 3)
    # Side by side: they never fill the window.
    qtbot.waitUntil(lambda: page.height() < height and len({toast.x() for toast in toasts._shown}) == MOST)
    shown = [toasts.mapTo(window, toast.pos()).y() for toast in toasts._shown]
    assert min(shown) > page.geometry().bottom()
    toasts.clear()
    qtbot.waitUntil(lambda: page.height() == height)


def test_where_there_is_no_room_the_oldest_goes(window: QWidget, qtbot: QtBot) -> None:
    toasts = put(window)
    for number in range(MOST + 2):
        toasts.show_toast("info", f"Message {number}")
    assert toasts.texts == [f"Message {number}. " for number in range(2, MOST + 2)]
    window.resize(900, 500)
    toasts.show_toast("info", "The last")
    assert toasts.texts == [f"Message {MOST + 1}. ", "The last. "]
    toasts.clear()
    assert not toasts.isVisible()


def test_a_newer_one_about_the_same_takes_the_place_of_the_older(window: QWidget, qtbot: QtBot) -> None:
    toasts = put(window)
    toasts.show_toast("info", "Confirmed", about="order 1")
    toasts.show_toast("info", "Confirmed", about="order 2")
    toasts.show_toast("info", "Ready", about="order 1")
    toasts.show_toast("info", "By the way")
    assert toasts.texts == ["Confirmed. ", "Ready. ", "By the way. "]


def test_a_pointer_on_one_holds_them(window: QWidget, qtbot: QtBot) -> None:
    toasts = put(window, life_ms=60)
    point = QPointF(1, 1)
    toasts.show_toast("info", "Read me")
    QApplication.sendEvent(toasts, QEnterEvent(point, point, point))
    assert not toasts._life.isActive()
    QApplication.sendEvent(toasts, QEvent(QEvent.Type.Leave))
    qtbot.waitUntil(lambda: toasts.texts == [])


def test_pressing_one_dismisses_it(window: QWidget, qtbot: QtBot) -> None:
    toasts = put(window, "dark")
    toasts.show_toast("info", "One")
    toasts.show_toast("info", "Two")
    qtbot.mouseClick(toasts._shown[0], Qt.MouseButton.LeftButton)
    assert toasts.texts == ["Two. "]


def test_without_an_audio_library_it_is_silent_and_says_so_once(
    qapp: object, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "PySide6.QtMultimedia", None)
    monkeypatch.setattr(preflight, "silence_mended_by", lambda: "`apt-get install libpulse0`")
    sounds = Sounds()
    with qtbot.waitSignal(sounds.unavailable) as told:
        sounds.play("ready")
    assert told.args == ["`apt-get install libpulse0`"]
    with qtbot.assertNotEmitted(sounds.unavailable):
        sounds.play("ready")


def test_muted_it_does_not_even_look_for_a_player(qapp: object, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "PySide6.QtMultimedia", None)
    sounds = Sounds(muted=True)
    with qtbot.assertNotEmitted(sounds.unavailable):
        sounds.play("ready")


def test_every_status_that_is_announced_has_a_sound_under_a_second() -> None:
    assert {look.sound for look in LOOKS.values() if look.sentence} | {"new_order"} == set(make.SOUNDS)
    for notes in make.SOUNDS.values():
        values = make.samples(notes)
        assert len(values) / make.RATE < 1
        assert max(abs(value) for value in values) <= make.PEAK
        assert abs(values[-1]) < 0.01, "it ends with a click"
