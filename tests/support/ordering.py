"""Presses on the tiles and lines of order pages."""

from typing import TypeVar

from PySide6.QtCore import QPoint, Qt
from PySide6.QtWidgets import QAbstractButton, QLineEdit, QWidget
from pytestqt.qtbot import QtBot

from core.ui.ordering.basket import BasketLine
from core.ui.ordering.item_dialog import ItemDialog
from core.ui.ordering.press_list import BODY, PressList
from core.ui.ordering.view import OrderingView
from tests.support.fingers import click, type_into

W = TypeVar("W", bound=QWidget)


def child(inside: QWidget, kind: type[W], name: str) -> W:
    """The control of that name, visible or hidden."""
    found = inside.findChild(kind, name)
    assert found is not None, name
    return found


class Finger:
    """Presses the parts of an order page."""

    def __init__(self, view: OrderingView, qtbot: QtBot) -> None:
        self.view = view
        self.qtbot = qtbot

    def tile(self, name: str, times: int = 1) -> None:
        self._row(self.view.menu.tiles, name, BODY, times)

    def category(self, name: str) -> None:
        self._row(self.view.menu.pills, name, BODY)

    def line(self, name: str, part: str = BODY, times: int = 1) -> None:
        self._row(self.view.basket.lines, name, part, times)

    def button(self, name: str, inside: QWidget | None = None) -> None:
        click(self.qtbot, child(inside or self.view.window(), QAbstractButton, name))

    def field(self, name: str, text: str, inside: QWidget | None = None) -> None:
        type_into(self.qtbot, child(inside or self.view.window(), QLineEdit, name), text)

    @property
    def dialog(self) -> ItemDialog:
        found = [each for each in self.view.window().findChildren(ItemDialog) if each.isVisible()]
        assert len(found) == 1
        return found[0]

    def lines(self) -> list[tuple[int, str]]:
        """The basket's lines: quantity and name."""
        model = self.view.basket.lines.model()
        rows = [model.index(row, 0).data(Qt.ItemDataRole.AccessibleTextRole) for row in range(model.rowCount())]
        return [(int(words.split(" ", 1)[0]), words.split(" ", 1)[1].split(",")[0]) for words in rows]

    @property
    def current(self) -> BasketLine:
        """The basket's current line."""
        line = self.view.basket.lines.current
        assert line is not None
        return line

    def _row(self, view: PressList, name: str, part: str, times: int = 1) -> None:
        model = view.model()
        at = next(row for row in range(model.rowCount()) if model.index(row, 0).data() == name)
        index = model.index(at, 0)
        view.scrollTo(index)
        spot: QPoint = view.part_rect(index, part).center()
        for press in range(times):
            # Qt delivers the second of two quick presses as a double click.
            if press % 2 == 0:
                self.qtbot.mousePress(view.viewport(), Qt.MouseButton.LeftButton, pos=spot)
            else:
                self.qtbot.mouseDClick(view.viewport(), Qt.MouseButton.LeftButton, pos=spot)
            self.qtbot.mouseRelease(view.viewport(), Qt.MouseButton.LeftButton, pos=spot)
