"""A test's press is a person's: it waits until there is something to press, and a press of nothing is a failure."""

import pytest
from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QLineEdit, QPushButton
from pytestqt.exceptions import TimeoutError as WaitedInVain
from pytestqt.qtbot import QtBot

from tests.support.fingers import click, click_disabled, type_into


@pytest.fixture
def button(qtbot: QtBot) -> QPushButton:
    made = QPushButton("Place order")
    made.setObjectName("place_order")
    qtbot.addWidget(made)
    made.show()
    return made


@pytest.fixture
def _soon_tired(monkeypatch: pytest.MonkeyPatch) -> None:
    assert QtBot.waitUntil.__kwdefaults__ is not None
    monkeypatch.setitem(QtBot.waitUntil.__kwdefaults__, "timeout", 50)


@pytest.mark.usefixtures("_soon_tired")
def test_what_is_disabled_or_hidden_is_not_pressed(qtbot: QtBot, button: QPushButton) -> None:
    button.setEnabled(False)
    with pytest.raises(WaitedInVain) as refused:
        click(qtbot, button)
    assert "'place_order' is disabled" in str(refused.value.__cause__)
    click_disabled(qtbot, button)
    button.setEnabled(True)
    with pytest.raises(AssertionError, match="'place_order' can be pressed"):
        click_disabled(qtbot, button)
    button.hide()
    with pytest.raises(WaitedInVain):
        click(qtbot, button)


def test_it_is_pressed_once_it_can_be(qtbot: QtBot, button: QPushButton) -> None:
    pressed: list[bool] = []
    button.clicked.connect(lambda: pressed.append(True))
    button.setEnabled(False)
    QTimer.singleShot(20, button, lambda: button.setEnabled(True))
    click(qtbot, button)
    assert len(pressed) == 1


@pytest.mark.usefixtures("_soon_tired")
def test_nothing_is_written_where_nobody_can_write(qtbot: QtBot) -> None:
    field = QLineEdit("as it was")
    qtbot.addWidget(field)
    field.show()
    field.setReadOnly(True)
    with pytest.raises(AssertionError):
        type_into(qtbot, field, "new")
    field.setReadOnly(False)
    field.setEnabled(False)
    with pytest.raises(WaitedInVain):
        type_into(qtbot, field, "new")
    assert field.text() == "as it was"
