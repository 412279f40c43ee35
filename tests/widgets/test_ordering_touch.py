"""Fingers on the lists of an order page: a tap presses, two quick taps press twice, and a flick only scrolls."""

from collections.abc import Iterator

import pytest
from PySide6.QtCore import QAbstractListModel, QPoint, QStringListModel, Qt
from PySide6.QtGui import QPointingDevice
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QScroller, QScrollerProperties
from pytestqt.qtbot import QtBot

from core.ui.ordering.press_list import PressList

TOP = QPoint(60, 20)
LOW = QPoint(60, 300)


@pytest.fixture(scope="module")
def screen() -> QPointingDevice:
    return QTest.createTouchDevice()


@pytest.fixture
def rows(qtbot: QtBot) -> PressList:
    """A list with far more rows than fit."""
    made = PressList()
    model: QAbstractListModel = QStringListModel([f"Row {number}" for number in range(400)], made)
    made.setModel(model)
    made.resize(200, 360)
    qtbot.addWidget(made)
    made.show()
    qtbot.waitUntil(lambda: made.verticalScrollBar().maximum() > 0)
    return made


@pytest.fixture
def pressed(rows: PressList) -> list[str]:
    names: list[str] = []
    rows.pressed_part.connect(lambda index, _part: names.append(index.data()))
    return names


class Finger:
    def __init__(self, rows: PressList, screen: QPointingDevice) -> None:
        self.viewport = rows.viewport()
        self.screen = screen

    def down(self, at: QPoint) -> None:
        QTest.touchEvent(self.viewport, self.screen).press(0, at, self.viewport).commit()

    def move(self, at: QPoint) -> None:
        QTest.touchEvent(self.viewport, self.screen).move(0, at, self.viewport).commit()

    def up(self, at: QPoint) -> None:
        QTest.touchEvent(self.viewport, self.screen).release(0, at, self.viewport).commit()

    def tap(self, at: QPoint) -> None:
        self.down(at)
        self.up(at)


@pytest.fixture
def finger(rows: PressList, screen: QPointingDevice) -> Iterator[Finger]:
    yield Finger(rows, screen)
    QScroller.scroller(rows.viewport()).stop()


def test_a_tap_presses_and_quick_taps_press_as_often(
    rows: PressList, finger: Finger, pressed: list[str], qtbot: QtBot
) -> None:
    name = rows.indexAt(TOP).data()
    for count in range(1, 5):
        finger.tap(TOP)
        qtbot.waitUntil(lambda count=count: len(pressed) == count)  # type: ignore[misc]
    assert pressed == [name] * 4


def test_a_flick_scrolls_and_presses_nothing(rows: PressList, finger: Finger, pressed: list[str], qtbot: QtBot) -> None:
    bar = rows.verticalScrollBar()
    finger.down(LOW)
    for y in range(LOW.y(), TOP.y(), -20):
        finger.move(QPoint(LOW.x(), y))
    qtbot.waitUntil(lambda: bar.value() > 0)
    assert rows.held is None, "the row moved along with the finger, and would be under it in the end"
    finger.up(TOP)
    scroller = QScroller.scroller(rows.viewport())
    qtbot.waitUntil(lambda: scroller.state() is not QScroller.State.Pressed)
    assert pressed == []


def test_a_tap_on_a_rolling_list_stops_it_and_presses_nothing(
    rows: PressList, finger: Finger, pressed: list[str], qtbot: QtBot
) -> None:
    scroller = QScroller.scroller(rows.viewport())
    properties = scroller.scrollerProperties()
    properties.setScrollMetric(QScrollerProperties.ScrollMetric.MaximumClickThroughVelocity, 0.0)
    scroller.setScrollerProperties(properties)
    scroller.scrollTo(scroller.finalPosition() + QPoint(0, 4000), 20_000)
    qtbot.waitUntil(lambda: rows.verticalScrollBar().value() > 0)
    finger.tap(TOP)
    qtbot.waitUntil(lambda: scroller.state() is QScroller.State.Inactive)
    assert pressed == []
    name = rows.indexAt(TOP).data()
    finger.tap(TOP)
    qtbot.waitUntil(lambda: pressed == [name])


def test_a_finger_that_leaves_the_row_presses_nothing(rows: PressList, pressed: list[str], qtbot: QtBot) -> None:
    qtbot.mousePress(rows.viewport(), Qt.MouseButton.LeftButton, pos=TOP)
    qtbot.mouseRelease(rows.viewport(), Qt.MouseButton.LeftButton, pos=LOW)
    assert pressed == []
    qtbot.mouseClick(rows.viewport(), Qt.MouseButton.RightButton, pos=TOP)
    assert pressed == []
