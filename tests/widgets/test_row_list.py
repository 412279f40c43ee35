"""A row opens by a press, by Enter and by Space, and not where a finger scrolls."""

from typing import Any

import pytest
from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QPoint, QStringListModel, Qt
from pytestqt.qtbot import QtBot
from typing_extensions import override

from core.ui.rows import ROW
from core.ui.widgets.row_list import RowList


class Names(QStringListModel):
    """Each row is its name."""

    @override
    def data(self, index: QModelIndex | QPersistentModelIndex, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        return super().data(index, Qt.ItemDataRole.DisplayRole if role == ROW else role)


@pytest.fixture
def rows(qtbot: QtBot) -> RowList:
    made = RowList("names", "Names")
    made.setModel(Names([str(number) for number in range(100)], made))
    made.resize(200, 200)
    qtbot.addWidget(made)
    made.show()
    qtbot.waitUntil(lambda: made.verticalScrollBar().maximum() > 0)
    return made


@pytest.fixture
def opened(rows: RowList) -> list[str]:
    names: list[str] = []
    rows.opened.connect(names.append)
    return names


def _centre(rows: RowList, row: int) -> QPoint:
    return rows.visualRect(rows.model().index(row, 0)).center()


def test_a_press_opens_it(rows: RowList, opened: list[str], qtbot: QtBot) -> None:
    qtbot.mouseClick(rows.viewport(), Qt.MouseButton.LeftButton, pos=_centre(rows, 3))
    assert opened == ["3"]


def test_a_press_under_which_the_rows_scrolled_opens_nothing(rows: RowList, opened: list[str], qtbot: QtBot) -> None:
    qtbot.mousePress(rows.viewport(), Qt.MouseButton.LeftButton, pos=_centre(rows, 3))
    rows.verticalScrollBar().setValue(rows.verticalScrollBar().value() + 20)
    qtbot.mouseRelease(rows.viewport(), Qt.MouseButton.LeftButton, pos=_centre(rows, 3))
    assert opened == []


@pytest.mark.parametrize("key", [Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Space])
def test_keys_open_it(rows: RowList, opened: list[str], qtbot: QtBot, key: Qt.Key) -> None:
    rows.setCurrentIndex(rows.model().index(2, 0))
    qtbot.keyClick(rows, key)
    assert opened == ["2"]
