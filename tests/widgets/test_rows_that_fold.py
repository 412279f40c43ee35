"""What stands beside each other stands below each other where it does not fit, by the width that it was given, too."""

import pytest
from PySide6.QtWidgets import QLineEdit, QWidget
from pytestqt.qtbot import QtBot

from core.ui.theme import Theme
from core.ui.widgets.controls import Button
from core.ui.widgets.even_row import EvenRow
from core.ui.widgets.pair import Pair


@pytest.mark.parametrize("kind", [EvenRow, Pair])
@pytest.mark.parametrize(("width", "beside"), [(900, True), (700, False)])
def test_a_field_of_a_given_width_lies_over_nothing(
    qtbot: QtBot, kind: type[EvenRow] | type[Pair], width: int, beside: bool
) -> None:
    field, key = QLineEdit(), Button("Discount")
    field.setMinimumWidth(420)
    key.setMinimumWidth(420)
    window = QWidget()
    row: QWidget = kind(Theme("light"), field, key)
    row.setParent(window)
    qtbot.addWidget(window)
    row.resize(width, 200)
    window.show()
    qtbot.waitUntil(lambda: (field.y() == key.y()) is beside)
    assert not field.geometry().intersects(key.geometry())
    assert row.minimumSizeHint().width() == 420
