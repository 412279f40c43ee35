"""The basket's column: its lines, totals, and the checkout button."""

import itertools
from typing import Final

from PySide6.QtCore import QRectF, QSize, Qt, Signal, Slot
from PySide6.QtGui import QPainter, QPixmap, QResizeEvent
from PySide6.QtWidgets import QGridLayout, QHBoxLayout, QLabel, QStackedWidget, QVBoxLayout, QWidget
from typing_extensions import override

from core.domain.pricing import Amounts
from core.ui import icons
from core.ui.ordering.basket_list import BasketList
from core.ui.ordering.basket_model import BasketModel
from core.ui.text import _, deductions, money, ngettext, tax_label
from core.ui.theme import Theme
from core.ui.widgets.controls import button, label, rule
from core.ui.widgets.pair import Pair

_PICTURE: Final = 48
_LAST: Final = 1_000
"""The total's row: below any number of taxes and discounts."""


class TotalsTable(QWidget):
    """Subtotal, discounts, taxes by rate and total. With included taxes and no discount, the total and its taxes. The
    total is in the type of `role`."""

    def __init__(self, theme: Theme, *, role: str = "number") -> None:
        super().__init__()
        self._grid = grid = QGridLayout(self)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setVerticalSpacing(theme.space(1))
        grid.setColumnStretch(0, 1)
        self._parts: list[tuple[QLabel, QLabel]] = []
        self._total = (label(_("Total"), role), label(role=role))
        self._total[1].setObjectName("basket_total")
        self._place(_LAST, self._total)

    def _place(self, row: int, pair: tuple[QLabel, QLabel]) -> None:
        pair[1].setAlignment(Qt.AlignmentFlag.AlignTrailing | Qt.AlignmentFlag.AlignVCenter)
        for column, part in enumerate(pair):
            self._grid.addWidget(part, row, column)

    def show_amounts(self, amounts: Amounts, currency: str) -> None:
        taxes = (tax for tax in amounts.taxes if tax.tax_minor)
        shown = [*deductions(amounts, currency, reasons=False)]
        shown += [(tax_label(tax, included=amounts.tax_included), tax.tax_minor) for tax in taxes]
        while len(self._parts) < len(shown):
            pair = (label(role="muted", wrap=True), label(role="muted"))
            pair[0].setObjectName("basket_part")
            self._parts.append(pair)
            self._place(len(self._parts), pair)
        for pair, part in itertools.zip_longest(self._parts, shown):
            if part is not None:
                pair[0].setText(part[0])
                pair[1].setText(money(part[1], currency))
            for each in pair:
                each.setVisible(part is not None)
        self._total[1].setText(money(amounts.total_minor, currency))


class BasketPane(QWidget):
    """Emits requests; presses on lines are the list's."""

    checkout_asked = Signal()
    empty_asked = Signal()
    discount_asked = Signal()
    service_asked = Signal()

    def __init__(self, basket: BasketModel, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._basket = basket
        self._theme = theme
        self.lines = BasketList(basket, theme)
        self._count = label(role="muted")
        self.discount = button("", theme, "quiet", "percent", name="basket_discount")
        """Offered where `can_discount` is set: at the counter."""
        self.discount.setAccessibleName(_("Discount"))
        self.discount.hide()
        self.can_discount = False
        self.service = button("", theme, "quiet", "bell", name="basket_service")
        """Beside it where there is a service charge, or could be."""
        self.service.setAccessibleName(_("Service charge"))
        self.service.hide()
        self._empty = button(_("Remove all"), theme, "quiet", name="basket_empty")
        self._empty.setAccessibleName(_("Empty the basket"))
        keep = self._empty.sizePolicy()
        keep.setRetainSizeWhenHidden(True)
        self._empty.setSizePolicy(keep)
        self._totals = TotalsTable(theme)
        self._rule = rule()
        self._picture = label()
        self.checkout = button("", theme, "primary", name="checkout")
        self._stack = QStackedWidget()
        self._stack.addWidget(self.lines)
        self._stack.addWidget(self._nothing())
        self._lay_out()
        self._empty.clicked.connect(self.empty_asked)
        self.discount.clicked.connect(self.discount_asked)
        self.service.clicked.connect(self.service_asked)
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
        prices = QWidget()
        row = QHBoxLayout(prices)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(theme.space(1))
        row.addWidget(self.service)
        row.addWidget(self.discount)
        acts = Pair(theme, prices, self._empty)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(theme.space(2))
        column.addWidget(Pair(theme, words, acts))
        column.addWidget(self._stack, 1)
        column.addWidget(self._rule)
        column.addWidget(self._totals)
        column.addWidget(self.checkout)
        self._column = column

    @override
    def minimumSizeHint(self) -> QSize:
        """With the rows that words take in this width."""
        hint = super().minimumSizeHint()
        return QSize(hint.width(), max(hint.height(), self._column.minimumHeightForWidth(self.width())))

    @override
    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        if event.size().width() != event.oldSize().width():
            self.updateGeometry()

    def add_below(self, part: QWidget) -> None:
        """Put `part` under the checkout button."""
        self._column.addWidget(part)

    def add_to_empty(self, part: QWidget) -> None:
        """Put `part` at the foot of the basket while nothing is in it."""
        self._below_nothing.addWidget(part)

    def _nothing(self) -> QWidget:
        nothing = QWidget()
        column = self._below_nothing = QVBoxLayout(nothing)
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
        self.discount.setVisible(filled and self.can_discount)
        charges = basket.service.rate or basket.usual_service.rate
        self.service.setVisible(filled and self.can_discount and bool(charges or basket.service.reason))
        self._stack.setCurrentIndex(0 if filled else 1)
        amounts = basket.amounts()
        self._totals.show_amounts(amounts, basket.currency)
        for part in (self._rule, self._totals):
            part.setVisible(filled)
        self.checkout.setEnabled(filled)
        amount = money(amounts.total_minor, basket.currency)
        words = _("Check out · {amount}") if basket.changes is None else _("Review · {amount}")
        self.checkout.setText(words.format(amount=amount) if filled else _("Check out"))

    @Slot()
    def _draw(self) -> None:
        size = (_PICTURE + self._theme.px(_PICTURE)) // 2  # larger letters need the room more
        pixmap = QPixmap(size * 2, size * 2)
        pixmap.fill(Qt.GlobalColor.transparent)
        painter = QPainter(pixmap)
        icons.paint(painter, "bag", QRectF(0, 0, size * 2, size * 2), self._theme.colour("muted"))
        painter.end()
        pixmap.setDevicePixelRatio(2)
        self._picture.setPixmap(pixmap)
