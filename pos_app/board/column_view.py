"""The view of one column: a list whose rows have two painted buttons, for finger, mouse and keyboard."""

from collections.abc import Callable
from typing import Final

from PySide6.QtCore import QItemSelectionModel, QModelIndex, QPersistentModelIndex, QPoint, QRect, Qt, Signal, Slot
from PySide6.QtGui import (
    QContextMenuEvent,
    QFocusEvent,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QResizeEvent,
)
from PySide6.QtWidgets import QListView, QWidget
from typing_extensions import override

from core.domain.ids import OrderId
from core.domain.status import OrderStatus
from core.ui import keys
from core.ui.text import status_label
from core.ui.widgets.controls import restyle
from core.ui.widgets.finger import FingerScroll
from pos_app.board.card_delegate import CardDelegate, Part, Spot
from pos_app.board.column_model import CARD, ColumnModel
from pos_app.order.card import Card

_MOVES: Final = frozenset(
    {Qt.Key.Key_Up, Qt.Key.Key_Down, Qt.Key.Key_PageUp, Qt.Key.Key_PageDown, Qt.Key.Key_Home, Qt.Key.Key_End}
)
_ASIDE: Final = {Qt.Key.Key_Left: -1, Qt.Key.Key_Right: 1}
Index = QModelIndex | QPersistentModelIndex


class ColumnView(QListView):
    """Emits what a person wants done with a card."""

    wanted = Signal(str, object)
    """The action (step, details) and the `OrderId`."""
    menu_wanted = Signal(object, QPoint)
    """The `OrderId`, and the position on the screen."""
    entered = Signal(object)
    """The column got the focus: its `OrderStatus`."""
    released = Signal()
    """The pointer, or the finger, let go of the column."""
    left = Signal(object, int)
    """Arrow keys go from this column to the one before (-1) or after it (1)."""

    def __init__(
        self,
        status: OrderStatus,
        model: ColumnModel,
        delegate: CardDelegate,
        allows: Callable[[QPoint, OrderId], bool],
        parent: QWidget | None = None,
    ) -> None:
        """`allows` says whether a press at a place of the screen may be meant for an order."""
        super().__init__(parent)
        self.setObjectName(f"column_{status}")
        self.setAccessibleName(status_label(status))
        self._status = status
        self._allows = allows
        self.is_held = False
        """Whether a pointer or a finger is down on the column."""
        self.empty_words = ""
        """The text while there is no card."""
        self._column = model
        self._delegate = delegate
        self._spoken_ages: dict[OrderId, str] = {}
        self._anchor = QPersistentModelIndex()
        self._anchor_top = 0
        delegate.setParent(self)
        # Connected before the list's own slots: the visible row is read while positions are still valid.
        model.rowsAboutToBeInserted.connect(self._on_rows_about_to_change)
        model.rowsAboutToBeRemoved.connect(self._on_rows_about_to_be_removed)
        self.setModel(model)
        self.setItemDelegate(delegate)
        self.setMouseTracking(True)
        self.setVerticalScrollMode(QListView.ScrollMode.ScrollPerPixel)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setResizeMode(QListView.ResizeMode.Adjust)
        self.setEditTriggers(QListView.EditTrigger.NoEditTriggers)
        # Always there, so that the cards keep their width; seen only when there is something to scroll.
        self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOn)
        self.verticalScrollBar().setSingleStep(40)
        self.verticalScrollBar().rangeChanged.connect(self._on_range_changed)
        self._on_range_changed(0, 0)
        model.rowsInserted.connect(self._on_rows_inserted)
        self._finger = FingerScroll(self)

    # -- positions

    def card_at(self, index: Index) -> Card | None:
        return index.data(CARD) if index.isValid() else None

    @property
    def current(self) -> Card | None:
        """The card with the keyboard's focus."""
        return self.card_at(self.currentIndex())

    def part_rect(self, index: QModelIndex, part: Part) -> QRect:
        """The rectangle of a row's part, in the viewport: `step`, `more` or `card`."""
        card = self.card_at(index)
        if card is None:
            return QRect()
        return self._delegate.part_rect(card, self.visualRect(index), part, self.layoutDirection())

    def set_empty(self, words: str) -> None:
        if words != self.empty_words:
            self.empty_words = words
            self.viewport().update()

    def select(self, index: QModelIndex) -> None:
        """Focus a card and scroll to it."""
        self.selectionModel().setCurrentIndex(index, QItemSelectionModel.SelectionFlag.ClearAndSelect)
        self.scrollTo(index)

    def select_near(self, top: int) -> None:
        """Focus the card beside `top`, a height in the viewport."""
        index = self.indexAt(QPoint(self.viewport().width() // 2, top))
        last = self._column.rowCount() - 1
        if not index.isValid() and last >= 0:
            index = self._column.index(last)
        if index.isValid():
            self.select(index)

    def cards_in_sight(self) -> list[tuple[QRect, OrderId]]:
        """The visible cards, and where they are on the screen."""
        cards, top = [], self.viewport().mapToGlobal(QPoint())
        index = self._first_in_sight()
        while (card := self.card_at(index)) is not None:
            row = self.visualRect(index)
            if row.top() > self.viewport().height():
                break
            cards.append((row.translated(top), card.order.id))
            index = index.siblingAtRow(index.row() + 1)
        return cards

    def tick(self) -> None:
        """Repaint the visible ages that have changed."""
        seen: dict[OrderId, str] = {}
        index = self.indexAt(QPoint(self.viewport().width() // 2, 8))
        if not index.isValid():
            index = self._column.index(0)
        while (card := self.card_at(index)) is not None:
            row = self.visualRect(index)
            if row.top() > self.viewport().height():
                break
            words = self._delegate.age_words(card)
            seen[card.order.id] = words
            before = self._spoken_ages.get(card.order.id, words)
            if before != words:
                # A word more or less also changes the card's stripe.
                whole = before.split(" ")[1:] != words.split(" ")[1:]
                chip = self._delegate.chip_rect(card, row, self.layoutDirection())
                self.viewport().update(row if whole else chip)
            index = index.siblingAtRow(index.row() + 1)
        self._spoken_ages = seen

    # -- pointer

    def _spot(self, position: QPoint) -> Spot | None:
        index = self.indexAt(position)
        card = self.card_at(index)
        if card is None:
            return None
        for part in ("step", "more", "card"):
            if self.part_rect(index, part).contains(position):
                return card.order.id, part
        return None

    def _mark(self, attribute: str, spot: Spot | None) -> None:
        before: Spot | None = getattr(self._delegate, attribute)
        if before == spot:
            return
        setattr(self._delegate, attribute, spot)
        for each in (before, spot):
            if each is not None:
                self.update(self._column.index_of(each[0]))

    @override
    def mousePressEvent(self, event: QMouseEvent) -> None:
        self._finger.press()
        super().mousePressEvent(event)
        if event.button() is Qt.MouseButton.LeftButton:
            self.is_held = True
            at = event.position().toPoint()
            self._mark("pressed", self._spot(at) if self.accepts(at) else None)

    def accepts(self, at: QPoint) -> bool:
        """Whether a press at that place of the viewport counts for the card there."""
        spot = self._spot(at)
        return spot is not None and self._allows(self.viewport().mapToGlobal(at), spot[0])

    @override
    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        super().mouseMoveEvent(event)
        spot = self._spot(event.position().toPoint())
        on_button = spot is not None and spot[1] != "card"
        self._mark("hover", spot if on_button else None)
        self.viewport().setCursor(Qt.CursorShape.PointingHandCursor if on_button else Qt.CursorShape.ArrowCursor)

    @override
    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        super().mouseReleaseEvent(event)
        self.is_held = False
        self._release(event)
        self.released.emit()

    def _release(self, event: QMouseEvent) -> None:
        pressed, spot = self._delegate.pressed, self._spot(event.position().toPoint())
        self._mark("pressed", None)
        if (
            pressed is None
            or pressed != spot
            or self._finger.scrolled
            or event.button() is not Qt.MouseButton.LeftButton
        ):
            return
        order_id, part = spot
        if part == "step":
            self.wanted.emit("step", order_id)
        elif part == "more":
            self._open_menu(order_id)

    @override
    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        # The second press of a double click is no second press: by then another card may be under the finger.
        spot = self._spot(event.position().toPoint())
        if spot is not None and spot[1] == "card":
            self.wanted.emit("details", spot[0])

    @override
    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        by_pointer = event.reason() is QContextMenuEvent.Reason.Mouse
        spot = self._spot(event.pos()) if by_pointer else None
        card = self.current
        if spot is not None:
            self._open_menu(spot[0])
        elif card is not None and not by_pointer:
            self._open_menu(card.order.id)

    def _open_menu(self, order_id: OrderId) -> None:
        rect = self.part_rect(self._column.index_of(order_id), "more")
        self.menu_wanted.emit(order_id, self.viewport().mapToGlobal(rect.bottomLeft()))

    @override
    def leaveEvent(self, event: object) -> None:
        self._mark("hover", None)

    # -- keyboard

    @override
    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Handles moves; other keys are the window's, whose scanner must see them first."""
        key = Qt.Key(event.key())
        if not keys.is_alone(event):
            event.ignore()
        elif key in _ASIDE:
            rtl = self.layoutDirection() is Qt.LayoutDirection.RightToLeft
            self.left.emit(self._status, -_ASIDE[key] if rtl else _ASIDE[key])
        elif key in _MOVES:
            super().keyPressEvent(event)
        else:
            event.ignore()

    @override
    def focusInEvent(self, event: QFocusEvent) -> None:
        super().focusInEvent(event)
        if event.reason() is Qt.FocusReason.MouseFocusReason:
            pass  # The press itself selects; scrolling now would move another card under it.
        elif not self.currentIndex().isValid():
            self.select_near(8)
        elif not self.selectionModel().hasSelection():
            self.select(self.currentIndex())
        self.viewport().update()
        self.entered.emit(self._status)

    @override
    def focusOutEvent(self, event: QFocusEvent) -> None:
        super().focusOutEvent(event)
        self.viewport().update()

    # -- changing without jumping

    @override
    def dataChanged(self, top_left: Index, bottom_right: Index, roles: object = ()) -> None:
        """A changed card of the same size is repainted; only a new size lays out the others."""
        row = self.visualRect(top_left)
        card = self.card_at(top_left)
        if card is not None and self._delegate.layout(card, row.width()).height == row.height():
            self.viewport().update(row)
        else:
            self._on_rows_about_to_change()
            super().dataChanged(top_left, bottom_right, [])
            self.scheduleDelayedItemsLayout()

    @Slot()
    def _on_rows_about_to_change(self) -> None:
        if self._may_jump:
            self._keep(self._first_in_sight())

    @Slot(int, int)
    def _on_range_changed(self, _least: int, most: int) -> None:
        bar = self.verticalScrollBar()
        if bar.property("idle") is not (most == 0):
            restyle(bar, idle=most == 0)

    @Slot()
    def _on_rows_inserted(self) -> None:
        if self.hasFocus() and not self.currentIndex().isValid():
            self.select(self._column.index(0))

    @Slot(QModelIndex, int, int)
    def _on_rows_about_to_be_removed(self, _parent: QModelIndex, first: int, last: int) -> None:
        if self._may_jump:
            index = self._first_in_sight()
            if index.isValid() and first <= index.row() <= last:
                index = index.siblingAtRow(last + 1)
            self._keep(index)
        for row in range(first, last + 1):
            card = self.card_at(self._column.index(row))
            if card is not None:
                self._delegate.forget(card.order.id)

    def _first_in_sight(self) -> QModelIndex:
        return self.indexAt(QPoint(self.viewport().width() // 2, 1))

    @property
    def _may_jump(self) -> bool:
        """Whether the view would jump: not at the top, where new cards are to be seen, and not while a row to keep is
        known."""
        return self.verticalScrollBar().value() > 0 and not self._anchor.isValid()

    def _keep(self, index: QModelIndex) -> None:
        self._anchor = QPersistentModelIndex(index)
        self._anchor_top = self.visualRect(index).top()

    @override
    def doItemsLayout(self) -> None:
        super().doItemsLayout()
        if self._anchor.isValid():
            moved = self.visualRect(self._column.index(self._anchor.row())).top() - self._anchor_top
            self.verticalScrollBar().setValue(self.verticalScrollBar().value() + moved)
        self._anchor = QPersistentModelIndex()

    # -- painting

    @override
    def paintEvent(self, event: QPaintEvent) -> None:
        self._delegate.dirty = event.region()
        super().paintEvent(event)
        if self._column.rowCount() == 0:
            painter = QPainter(self.viewport())
            self._delegate.paint_empty(
                painter, self.viewport().rect(), self._status, self.empty_words, focused=self.hasFocus()
            )
            painter.end()

    @override
    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self.scheduleDelayedItemsLayout()
