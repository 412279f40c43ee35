"""An order page's body: the menu on one side; on the other the basket, and after it the checkout."""

from PySide6.QtCore import QSize, Qt, Signal, Slot
from PySide6.QtGui import QKeyEvent, QKeySequence, QResizeEvent, QShortcut
from PySide6.QtWidgets import QBoxLayout, QStackedWidget, QWidget
from typing_extensions import override

from core.domain.amendment import GIVEN_BACK
from core.domain.menu import MenuItem
from core.domain.order import NewLine
from core.ui import keys
from core.ui.ordering.basket import BasketLine, Trouble
from core.ui.ordering.basket_pane import BasketPane
from core.ui.ordering.checkout_pane import CheckoutPane
from core.ui.ordering.menu_pane import MenuPane
from core.ui.ordering.presenter import Ordering
from core.ui.text import _
from core.ui.theme import Theme
from core.ui.widgets.controls import panel
from core.ui.widgets.notice import Notice

_NARROW_COLUMN = 320
_COLUMN = 400
_WIDE_COLUMN = 480
_NARROW_SHARE = 0.36
_SHARE = 0.27
_MOST_SHARE = 0.5
_UNDO_MS = 8000
_ANY_WIDTH = 16_777_215
"""Qt's QWIDGETSIZE_MAX."""
_SHOWN_MS = 6000


class OrderingView(QWidget):
    """`Ctrl+Enter` goes from the basket to the checkout, and there presses its button."""

    completed = Signal()
    """The checkout's button was pressed."""
    checkout_shown = Signal(bool)
    digit_typed = Signal(object)
    """At the checkout, in a list: its `QKeyEvent`."""

    def __init__(
        self, ordering: Ordering, theme: Theme, checkout: CheckoutPane, notice: Notice, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self._ordering = ordering
        self._theme = theme
        self._notice = notice
        self._dialog: QWidget | None = None
        self._was_focused: QWidget | None = None
        self._blocked = ""
        self.menu = MenuPane(ordering, theme)
        self.basket = BasketPane(ordering.basket, theme)
        self._checkout = checkout
        self._main: QWidget = self.menu
        self._mains: list[QWidget] = [self.menu]
        self._soles: list[QWidget] = []
        self._stages = QStackedWidget()
        self._stages.addWidget(self.basket)
        self._stages.addWidget(checkout)
        self._side, column = panel()
        edge = theme.space(4)
        column.setContentsMargins(edge, theme.space(3), edge, edge)
        column.addWidget(self._stages)
        self._row = QBoxLayout(QBoxLayout.Direction.LeftToRight, self)
        self._row.setContentsMargins(0, 0, 0, 0)
        self._row.setSpacing(theme.space(4))
        self._row.addWidget(self.menu, 1)
        self._row.addWidget(self._side)
        self._connect()
        for combination in ("Ctrl+Return", "Ctrl+Enter"):
            shortcut = QShortcut(QKeySequence(combination), self)  # while it is shown, whatever has the keyboard
            shortcut.setAutoRepeat(False)  # held down, it would take the payment as well
            shortcut.activated.connect(self._on_go_on)

    def _connect(self) -> None:
        ordering = self._ordering
        ordering.choices_asked.connect(self._on_choices_asked)
        ordering.notified.connect(self._on_notified)
        ordering.blocked.connect(self._show_blocked)
        ordering.basket.changed.connect(self._on_basket_changed)
        self.menu.stepped.connect(self._on_stepped)
        for lines in (self.basket.lines, self._checkout.lines):
            ordering.line_touched.connect(lines.show_line)
            lines.quantity_asked.connect(ordering.change_quantity)
            lines.edit_asked.connect(ordering.edit)
            lines.remove_asked.connect(ordering.remove)
            lines.typed.connect(self._on_typed)
        self.menu.typed.connect(self._on_typed)
        self._checkout.back_asked.connect(self.show_basket)
        self._checkout.pressed.connect(self.completed)
        self.basket.checkout_asked.connect(self.show_checkout)
        self.basket.empty_asked.connect(self._on_empty_asked)

    @property
    def at_checkout(self) -> bool:
        return self._stages.currentIndex() == 1

    def add_main(self, main: QWidget, *, sole: bool = False) -> None:
        """Another that can be shown in place of the menu. `sole`: without the side column where that has no room beside
        it."""
        self._mains.append(main)
        if sole:
            self._soles.append(main)
        self._row.insertWidget(0, main, 1)
        main.hide()

    def show_main(self, main: QWidget | None = None) -> None:
        """Show one that was added; None: the menu."""
        self._main = main or self.menu
        self._share_width()

    def add_stage(self, stage: QWidget) -> None:
        """Another that can be shown in place of the basket."""
        self._stages.addWidget(stage)

    def show_stage(self, stage: QWidget) -> None:
        """Show a stage that was added, beside the menu, until `show_basket`."""
        self._stages.setCurrentWidget(stage)
        self.show_main()

    @property
    def stage(self) -> QWidget | None:
        """The part shown in the column: the basket, the checkout, or a stage that was added."""
        return self._stages.currentWidget()

    @Slot()
    def show_basket(self) -> None:
        if self._stages.currentIndex() != 0:
            self._stages.setCurrentIndex(0)
            self._share_width()
            self.checkout_shown.emit(False)

    @Slot()
    def show_checkout(self) -> None:
        """Show the checkout, unless a line has a trouble; then show that line and why."""
        troubled = self._ordering.basket.basket.troubled
        if troubled is not None:
            self.show_basket()
            self.basket.lines.show_line(self._ordering.basket.row_of(troubled.id))
            self._show_blocked(troubled)
        elif self._ordering.basket.basket.lines and not self.at_checkout:
            self._stages.setCurrentIndex(1)
            self._share_width()
            self.checkout_shown.emit(True)

    def show_troubled(self) -> None:
        """Say what cannot be ordered as it is, if anything."""
        troubled = self._ordering.basket.basket.troubled
        if troubled is not None:
            self._show_blocked(troubled)

    def clear(self) -> None:
        """Reset for the next customer."""
        self._close_dialog()
        self._ordering.basket.clear()
        self.menu.clear()
        self.show_main()
        self.show_basket()

    def _close_dialog(self) -> None:
        if self._dialog is not None:
            self._dialog.close()

    @override
    def hasHeightForWidth(self) -> bool:
        """False: the view scrolls inside. With the height that its texts would like, the page would be higher than the
        window, and the checkout's button out of sight."""
        return False

    @override
    def minimumSizeHint(self) -> QSize:
        """The side column shrinks, down to its share. Below what is in the menu's place it needs its own height."""
        least = round(self.menu.minimumSizeHint().width() / (1 - _MOST_SHARE)) + self._theme.space(4)
        height = super().minimumSizeHint().height()
        if self._main is not self.menu:
            least = max(least, self._main.minimumSizeHint().width())
        if self._row.direction() is QBoxLayout.Direction.TopToBottom and self._main.isVisible():
            inside = self._side.layout()
            assert inside is not None
            side = max(self._side.minimumSizeHint().height(), inside.minimumHeightForWidth(self.width()))
            below = 0 if self._side.isHidden() else self._row.spacing() + side
            height = self._main.minimumSizeHint().height() + below
        return QSize(least, height)

    @override
    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._share_width()

    def _share_width(self) -> None:
        """The menu, or what is in its place, and the side column stand side by side. Where half of the page is too
        narrow for the checkout, as in large text, it stands alone, or below what is in the menu's place."""
        px, width = self._theme.px, self.width()
        alone = (self.at_checkout or self._main is not self.menu) and px(_COLUMN) > round(width * _MOST_SHARE)
        for main in self._mains:
            main.setHidden(main is not self._main or (alone and main is self.menu))
        self._side.setHidden(alone and self._main in self._soles)
        directions = QBoxLayout.Direction
        self._row.setDirection(directions.TopToBottom if alone else directions.LeftToRight)
        if alone:
            self._side.setMinimumWidth(0)
            self._side.setMaximumWidth(_ANY_WIDTH)
            return
        small = max(px(_NARROW_COLUMN), min(px(_COLUMN), round(width * _NARROW_SHARE)))
        wished = max(small, min(px(_WIDE_COLUMN), round(width * _SHARE)))
        self._side.setFixedWidth(min(wished, round(self.width() * _MOST_SHARE)))

    # -- what is pressed

    @Slot(object, object)
    def _on_choices_asked(self, item: MenuItem, line: BasketLine | None) -> None:
        from core.ui.ordering.item_dialog import ItemDialog

        self._close_dialog()
        self._was_focused = self.window().focusWidget()
        currency = self._ordering.basket.basket.currency
        dialog = ItemDialog(item, currency, self._theme, line, self, by_keys=self.menu.by_keys)
        self._dialog = dialog

        def take(wanted: NewLine) -> None:
            if line is None:
                self._ordering.add(wanted)
            else:
                self._ordering.replace(line, wanted)

        dialog.chosen.connect(take)
        dialog.finished.connect(self._on_dialog_finished)
        dialog.open()

    @Slot()
    def _on_dialog_finished(self) -> None:
        """The keyboard goes back to where it was."""
        self._dialog = None
        if self._was_focused is not None:
            by_keys = self._was_focused is not self.menu.tiles or self.menu.tiles.by_keys
            self._was_focused.setFocus(Qt.FocusReason.OtherFocusReason if by_keys else Qt.FocusReason.MouseFocusReason)

    @Slot(str, str)
    def _on_notified(self, title: str, message: str) -> None:
        self._notice.show_message(title, message, life_ms=_SHOWN_MS)

    @Slot(object)
    def _show_blocked(self, line: BasketLine) -> None:
        sold_out = line.trouble is Trouble.SOLD_OUT
        title = _("{item} is sold out") if sold_out else _("{item} cannot be ordered as it is")
        self._notice.show_message(title.format(item=line.priced.name), _("Remove it, or choose something else."))
        self._blocked = self._notice.text

    @Slot(int)
    def _on_stepped(self, by: int) -> None:
        line = self.basket.lines.current
        if line is not None:
            self._ordering.change_quantity(line, by)

    @Slot(object)
    def _on_typed(self, event: QKeyEvent) -> None:
        """At the checkout a digit begins an amount; other characters are searched in the menu."""
        text = keys.typed(event)
        if self.at_checkout and text.isdecimal():
            self.digit_typed.emit(event)
        else:
            self.menu.take_typed(text)

    @Slot()
    def _on_empty_asked(self) -> None:
        basket = self._ordering.basket
        was = (tuple(basket.basket.lines), basket.basket.discount, basket.basket.own_service)
        basket.empty()
        title, words, left = _("Basket emptied"), "", basket.basket.lines
        if left:
            title = _("The rest is removed") if len(left) < len(was[0]) else _("It stays as it is")
            words = _(GIVEN_BACK)
        self._notice.show_message(title, words, _("Undo"), lambda: basket.restore(*was), _UNDO_MS)

    @Slot()
    def _on_basket_changed(self) -> None:
        basket = self._ordering.basket.basket
        if self._blocked and basket.troubled is None:
            if self._notice.text == self._blocked:
                self._notice.clear()
            self._blocked = ""
        if not basket.lines and self.at_checkout:
            self.show_basket()

    @Slot()
    def _on_go_on(self) -> None:
        if self.at_checkout:
            self.completed.emit()
        else:
            self.show_checkout()
