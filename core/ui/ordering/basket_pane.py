"""The basket's column: its lines, totals, and the checkout button."""

from PySide6.QtCore import QRectF, Qt, Signal, Slot
from PySide6.QtGui import QPainter, QPixmap
from PySide6.QtWidgets import QGridLayout, QHBoxLayout, QStackedWidget, QVBoxLayout, QWidget

from core.domain.money import Tax, Totals
from core.ui import icons
from core.ui.ordering.basket_list import BasketList
from core.ui.ordering.basket_model import BasketModel
from core.ui.text import _, money, ngettext
from core.ui.theme import Theme
from core.ui.widgets.controls import button, label, rule
from core.ui.widgets.pair import Pair


class TotalsTable(QWidget):
    """Subtotal, tax and total. With an included tax, the total and its tax; `brief`: the total alone."""

    def __init__(self, theme: Theme, *, brief: bool = False) -> None:
        super().__init__()
        self._brief = brief
        grid = QGridLayout(self)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setVerticalSpacing(theme.space(1))
        grid.setColumnStretch(0, 1)
        self._subtotal = (label(_("Subtotal"), "muted"), label(role="muted"))
        self._tax = (label(role="muted"), label(role="muted"))
        self._total = (label(_("Total"), "number"), label(role="number"))
        self._total[1].setObjectName("basket_total")
        for row, (name, amount) in enumerate((self._subtotal, self._tax, self._total)):
            grid.addWidget(name, row, 0, Qt.AlignmentFlag.AlignLeading | Qt.AlignmentFlag.AlignVCenter)
            grid.addWidget(amount, row, 1, Qt.AlignmentFlag.AlignTrailing | Qt.AlignmentFlag.AlignVCenter)

    def show_totals(self, totals: Totals, tax: Tax, currency: str) -> None:
        for part in self._subtotal:
            part.setVisible(not tax.included and not self._brief)
        for part in self._tax:
            part.setVisible(bool(tax.rate_bp) and not self._brief)
        self._subtotal[1].setText(money(totals.subtotal_minor, currency))
        self._tax[0].setText(_("Tax included") if tax.included else _("Tax"))
        self._tax[1].setText(money(totals.tax_minor, currency))
        self._total[1].setText(money(totals.total_minor, currency))


class BasketPane(QWidget):
    """Emits requests; presses on lines are the list's."""

    checkout_asked = Signal()
    empty_asked = Signal()

    def __init__(self, basket: BasketModel, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._basket = basket
        self._theme = theme
        self.lines = BasketList(basket, theme)
        self._count = label(role="muted")
        self._empty = button(_("Remove all"), theme, "quiet", name="basket_empty")
        self._empty.setAccessibleName(_("Empty the basket"))
        keep = self._empty.sizePolicy()
        keep.setRetainSizeWhenHidden(True)
        self._empty.setSizePolicy(keep)
        self._totals = TotalsTable(theme)
        self._picture = label()
        self.checkout = button("", theme, "primary", name="checkout")
        self._stack = QStackedWidget()
        self._stack.addWidget(self.lines)
        self._stack.addWidget(self._nothing())
        self._lay_out()
        self._empty.clicked.connect(self.empty_asked)
        self.checkout.clicked.connect(self.checkout_asked)
        basket.changed.connect(self._update)
        theme.changed.connect(self._draw)
        self._draw()
        self._update()

    def _lay_out(self) -> None:
        theme = self._theme
        words = QWidget()
        head = QHBoxLayout(words)
        head.setContentsMargins(0, 0, 0, 0)
        head.setSpacing(theme.space(2))
        head.addWidget(label(_("Basket"), "title"))
        head.addWidget(self._count)
        head.addStretch(1)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(theme.space(2))
        column.addWidget(Pair(theme, words, self._empty))
        column.addWidget(self._stack, 1)
        column.addWidget(rule())
        column.addWidget(self._totals)
        column.addSpacing(theme.space(1))
        column.addWidget(self.checkout)

    def _nothing(self) -> QWidget:
        nothing = QWidget()
        column = QVBoxLayout(nothing)
        column.addStretch(1)
        for part in (
            self._picture,
            label(_("Nothing here yet"), "strong"),
            label(_("Press an item to add it."), "muted", wrap=True),
        ):
            part.setAlignment(Qt.AlignmentFlag.AlignHCenter)
            column.addWidget(part)
        column.addStretch(2)
        return nothing

    @Slot()
    def _update(self) -> None:
        basket = self._basket.basket
        filled = bool(basket.lines)
        self._count.setText(ngettext("{count} item", "{count} items", basket.quantity) if filled else "")
        self._empty.setVisible(filled)
        self._stack.setCurrentIndex(0 if filled else 1)
        totals = basket.totals()
        self._totals.show_totals(totals, basket.tax, basket.currency)
        self._totals.setVisible(filled)
        self.checkout.setEnabled(filled)
        amount = money(totals.total_minor, basket.currency)
        self.checkout.setText(_("Check out · {amount}").format(amount=amount) if filled else _("Check out"))

    @Slot()
    def _draw(self) -> None:
        size = self._theme.px(48)
        pixmap = QPixmap(size * 2, size * 2)
        pixmap.fill(Qt.GlobalColor.transparent)
        painter = QPainter(pixmap)
        icons.paint(painter, "bag", QRectF(0, 0, size * 2, size * 2), self._theme.colour("muted"))
        painter.end()
        pixmap.setDevicePixelRatio(2)
        self._picture.setPixmap(pixmap)
