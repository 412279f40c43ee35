"""The POS's second screen, which faces the guest: the basket as it grows, and what was paid. It has no controls, and
shows nobody's name, phone or address."""

from typing import Final

from PySide6.QtCore import QEvent, QRect, QSize, Qt, QTimer, Slot
from PySide6.QtGui import QFont, QFontMetricsF, QGuiApplication, QPainter, QScreen
from PySide6.QtWidgets import (
    QFrame,
    QHBoxLayout,
    QLabel,
    QListView,
    QStackedWidget,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QVBoxLayout,
    QWidget,
)
from typing_extensions import override

from core.domain.order import Order
from core.domain.payment import payments_of, to_pay_minor
from core.ui.ordering.basket import BasketLine
from core.ui.ordering.basket_model import BasketModel, choices_text
from core.ui.ordering.basket_pane import TotalsTable
from core.ui.rows import ROW, Index
from core.ui.text import _, difference_text, figure, money, window_title
from core.ui.theme import Theme
from core.ui.widgets.controls import label, rule
from core.ui.widgets.painting import LEADING, TRAILING, fitted_font, line_height, mirrored, paint_lines, wrapped

_SIZE: Final = QSize(960, 640)
_COLUMN: Final = 860
"""The widest the basket is: amounts further from their words are hard to assign."""
_THANKS_MS: Final = 20_000
"""How long what was paid stays, unless the next basket begins."""


class GuestScreen(QWidget):
    """It fills a screen that the POS's window is not on; while there is none, it is minimised. It takes no keys."""

    def __init__(self, theme: Theme, parent_window: QWidget) -> None:
        super().__init__(None, Qt.WindowType.Window | Qt.WindowType.WindowDoesNotAcceptFocus)
        self.setObjectName("guest_screen")
        self.setAttribute(Qt.WidgetAttribute.WA_ShowWithoutActivating)
        self.setWindowTitle(window_title(_("For the guest")))
        self._theme = theme
        self._window = parent_window
        self._basket: BasketModel | None = None
        self._shop = label(role="hero")
        self._shop.setObjectName("guest_shop")
        self._lines = QListView()
        self._totals = TotalsTable(theme, role="hero")
        self._difference = label(role="title", wrap=True)
        self._difference.setObjectName("guest_difference")
        self._thanks, self._number = label(role="hero", wrap=True), label(role="title")
        self._paid, self._change = label(role="title", wrap=True), label(role="hero", wrap=True)
        self._until = QTimer(self)
        self._until.setSingleShot(True)
        self._until.setInterval(_THANKS_MS)
        self._until.timeout.connect(self.welcome)
        self._pages = QStackedWidget()
        for page in (self._welcome_page(), self._basket_page(), self._thanks_page()):
            self._pages.addWidget(page)
        column = QVBoxLayout(self)
        margin = theme.space(6)
        column.setContentsMargins(margin, margin, margin, margin)
        column.addWidget(self._pages)
        self.resize(_SIZE)
        screens = QGuiApplication.instance()
        assert isinstance(screens, QGuiApplication)
        screens.screenAdded.connect(self._on_screens_changed)
        screens.screenRemoved.connect(self._on_screens_changed)

    def _welcome_page(self) -> QWidget:
        return _centred(self._theme, self._shop, label(_("Welcome"), "title"))

    def _basket_page(self) -> QWidget:
        page = QWidget()
        page.setMaximumWidth(self._theme.px(_COLUMN))
        column = QVBoxLayout(page)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(self._theme.space(3))
        self._lines.setObjectName("guest_lines")
        self._lines.setFrameShape(QFrame.Shape.NoFrame)
        self._lines.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self._lines.setSelectionMode(QListView.SelectionMode.NoSelection)
        self._lines.setVerticalScrollMode(QListView.ScrollMode.ScrollPerPixel)
        self._lines.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self._lines.setResizeMode(QListView.ResizeMode.Adjust)
        column.addWidget(self._lines, 1)
        column.addWidget(rule())
        column.addWidget(self._totals)
        column.addWidget(self._difference, 0, Qt.AlignmentFlag.AlignTrailing)
        middle = QWidget()
        row = QHBoxLayout(middle)
        row.addStretch(0)
        row.addWidget(page, 1000)
        row.addStretch(0)
        return middle

    def _thanks_page(self) -> QWidget:
        for part, name in ((self._thanks, "guest_thanks"), (self._change, "guest_change"), (self._paid, "guest_paid")):
            part.setObjectName(name)
        return _centred(self._theme, self._thanks, self._number, self._paid, self._change)

    # -- what it shows

    def set_shop(self, name: str) -> None:
        self._shop.setText(name)

    @Slot(object)
    def follow(self, basket: BasketModel) -> None:
        """Show this basket from now on."""
        self._basket = basket
        self._lines.setModel(basket)
        self._lines.setItemDelegate(_LineDelegate(basket, self._lines, self._theme))
        basket.changed.connect(self._on_basket_changed)

    @Slot()
    def welcome(self) -> None:
        self._until.stop()
        self._pages.setCurrentIndex(0)

    @Slot()
    def _on_basket_changed(self) -> None:
        assert self._basket is not None
        basket = self._basket.basket
        if basket.lines:
            self._until.stop()
            amounts, changed = basket.amounts(), basket.changes
            self._totals.show_amounts(amounts, basket.currency)
            self._difference.setVisible(changed is not None)
            self._difference.setText(difference_text(changed, amounts.total_minor)[0] if changed is not None else "")
            self._pages.setCurrentIndex(1)
            self._lines.scrollToBottom()
        elif not self._until.isActive():
            self.welcome()

    @Slot(object)
    def show_taken(self, order: Order) -> None:
        """Say what was paid for an order, and the change."""
        payments = payments_of(order)
        paid_minor = sum(each.given_minor or each.paid_minor for each in payments)
        change_minor = paid_minor - sum(each.paid_minor for each in payments)
        due_minor = to_pay_minor(order)
        said = _("To pay: {amount}") if due_minor else _("Paid: {amount}")
        self._thanks.setText(_("Thank you!"))
        self._number.setText(order.number)
        self._paid.setText(said.format(amount=money(due_minor or paid_minor, order.currency)))
        self._change.setText(_("Change: {amount}").format(amount=money(change_minor, order.currency)))
        self._change.setVisible(change_minor > 0)
        self._pages.setCurrentIndex(2)
        self._until.start()

    # -- where it stands

    def show_beside(self) -> None:
        """Show it on another screen than the POS's window."""
        others = [each for each in QGuiApplication.screens() if each is not self._window.screen()]
        if others:
            self.setGeometry(others[0].geometry())
            self.showFullScreen()
        else:
            self.showMinimized()  # it would cover the POS's own

    @Slot(QScreen)
    def _on_screens_changed(self, _screen: QScreen) -> None:
        if self.isVisible():
            self.show_beside()

    @override
    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() is QEvent.Type.StyleChange:
            self._lines.scheduleDelayedItemsLayout()


class _LineDelegate(QStyledItemDelegate):
    """Quantity, name and amount of a line, with its options below."""

    def __init__(self, basket: BasketModel, view: QListView, theme: Theme) -> None:
        super().__init__(view)
        self._basket = basket
        self._view = view
        self._theme = theme

    @property
    def _font(self) -> QFont:
        return self._theme.font("title", QFont.Weight.DemiBold)

    def _parts(self, line: BasketLine, width: int) -> tuple[int, int, QFont, tuple[str, ...], tuple[str, ...]]:
        """The width of the quantity and of the amount; the font and rows of the name, and the rows of the options."""
        metrics, gap = QFontMetricsF(self._font), self._theme.space(3)
        quantity = round(metrics.horizontalAdvance(figure(999))) + gap
        amount = round(metrics.horizontalAdvance(money(line.priced.total_minor, self._basket.basket.currency))) + gap
        room = width - quantity - amount
        font = fitted_font(line.priced.name, self._font, room)
        return (
            quantity,
            amount,
            font,
            wrapped(line.priced.name, font, room, 3),
            wrapped(choices_text(line, self._basket.basket.currency), self._theme.font("body"), room, 3),
        )

    @override
    def sizeHint(self, option: QStyleOptionViewItem, index: Index) -> QSize:
        width = self._view.viewport().width()
        _quantity, _amount, font, name, options = self._parts(index.data(ROW), width)
        rows = len(name) * line_height(font) + len(options) * line_height(self._theme.font("body"))
        return QSize(width, rows + 2 * self._theme.space(2))

    @override
    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        theme, line = self._theme, index.data(ROW)
        row: QRect = option.rect.adjusted(0, theme.space(2), 0, -theme.space(2))
        quantity, amount, font, name, options = self._parts(line, row.width())
        high = line_height(self._font)
        painter.save()
        painter.setLayoutDirection(option.direction)
        painter.setFont(self._font)
        painter.setPen(theme.colour("muted"))
        painter.drawText(
            mirrored(option, QRect(row.x(), row.y(), quantity, high)), LEADING, figure(line.wanted.quantity)
        )
        painter.setPen(theme.colour("text"))
        at = QRect(row.right() - amount + 1, row.y(), amount, high)
        painter.drawText(mirrored(option, at), TRAILING, money(line.priced.total_minor, self._basket.basket.currency))
        words = mirrored(option, QRect(row.x() + quantity, row.y(), row.width() - quantity - amount, row.height()))
        used = paint_lines(painter, words, name, font, theme.colour("text"))
        paint_lines(painter, words.adjusted(0, used, 0, 0), options, theme.font("body"), theme.colour("muted"))
        painter.restore()


def _centred(theme: Theme, *parts: QLabel) -> QWidget:
    page = QWidget()
    column = QVBoxLayout(page)
    column.setSpacing(theme.space(4))
    column.addStretch(1)
    for part in parts:
        part.setAlignment(Qt.AlignmentFlag.AlignHCenter)
        column.addWidget(part)
    column.addStretch(1)
    return page
