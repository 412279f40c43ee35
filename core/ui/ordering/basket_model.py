"""The basket as a Qt model. Every change goes through it, so that views are notified."""

from collections.abc import Sequence
from typing import Final

from PySide6.QtCore import QObject, Qt, Signal, Slot
from typing_extensions import override

from core.domain.discount import Discount
from core.domain.errors import InvalidOrder
from core.domain.menu import Menu
from core.domain.order import MAX_LINES, MAX_QUANTITY, NewLine, Order
from core.domain.service import Service
from core.domain.status import Fulfilment
from core.ui.ordering.basket import Basket, BasketLine, Trouble
from core.ui.rows import RowsModel
from core.ui.text import N_, _, discount_text, figure, money

_TROUBLE: Final = {
    Trouble.SOLD_OUT: N_("Sold out. Remove it to go on."),
    Trouble.GONE: N_("No longer on the menu. Remove it to go on."),
    Trouble.CHOICES: N_("The options have changed. Choose again."),
}


def trouble_text(trouble: Trouble) -> str:
    return _(_TROUBLE[trouble])


def limit_text(error: InvalidOrder) -> str:
    """The sentence for a refusal of the basket."""
    if error.field == "quantity":
        return _("One line holds at most {maximum}.").format(maximum=figure(MAX_QUANTITY))
    if error.field == "lines":
        return _("An order holds at most {maximum} lines. Place this one first.").format(maximum=figure(MAX_LINES))
    return _(error.message)


class BasketModel(RowsModel[BasketLine]):
    """One row a line."""

    changed = Signal()
    """The lines, or their prices, have changed."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(lambda line: line.id, parent)
        self.basket = Basket()

    def add(self, wanted: NewLine) -> int:
        """As `Basket.add`: returns the row. Raises `InvalidOrder`."""
        return self._shown(self.basket.add(wanted))

    def replace(self, line_id: int, wanted: NewLine) -> int:
        return self._shown(self.basket.replace(line_id, wanted))

    def change_quantity(self, line_id: int, by: int) -> None:
        """Change a line's quantity; 0 removes it. Raises `InvalidOrder` above the most."""
        quantity = self.basket.lines[self.basket.place(line_id)].wanted.quantity + by
        if quantity < 1:
            self.remove(line_id)
        else:
            self.basket.set_quantity(line_id, quantity)
            self._show()

    def remove(self, line_id: int) -> None:
        self.basket.remove(line_id)
        self._show()

    def empty(self) -> None:
        """As `Basket.empty`."""
        self.basket.empty()
        self._show()

    def clear(self) -> None:
        self.basket.clear()
        self._show()

    def restore(
        self, lines: Sequence[BasketLine], discount: Discount | None = None, service: Service | None = None
    ) -> None:
        """As `Basket.restore`."""
        self.basket.restore(lines, discount, service)
        self._show()

    def load(self, lines: Sequence[NewLine]) -> None:
        """As `Basket.load`."""
        self.basket.load(lines)
        self._show()

    def change(self, order: Order) -> None:
        """As `Basket.change`."""
        self.basket.change(order)
        self._show()

    def repeat(self, order: Order) -> None:
        """As `Basket.repeat`."""
        self.basket.repeat(order)
        self._show()

    def use(self, menu: Menu) -> None:
        self.basket.use(menu)
        self._show()

    def reduce(self, line_id: int | None, discount: Discount | None) -> None:
        """As `Basket.reduce`."""
        self.basket.reduce(line_id, discount)
        self._show()

    @Slot(object)
    def charge(self, service: Service | None) -> None:
        """Charge this for service; None: as the shop does."""
        self.basket.own_service = service
        self._show()

    def set_fulfilment(self, fulfilment: Fulfilment) -> None:
        """Tax it as what is taken away, brought, or eaten here."""
        if fulfilment is not self.basket.fulfilment:
            self.basket.fulfilment = fulfilment
            self._show()

    def blame(self, at: int, field: str) -> None:
        self.basket.blame(at, field)
        self._show()

    @override
    def value(self, row: BasketLine, role: int) -> str | None:
        if role == Qt.ItemDataRole.DisplayRole:
            return row.priced.name
        if role == Qt.ItemDataRole.AccessibleTextRole:
            parts = [
                f"{row.wanted.quantity} {row.priced.name}",
                choices_text(row, self.basket.currency),
                row.wanted.note,
            ]
            parts.append(money(row.priced.total_minor, self.basket.currency))
            parts.append(trouble_text(row.trouble) if row.trouble else "")
            return ", ".join(part for part in parts if part)
        return None

    def _shown(self, line_id: int) -> int:
        self._show()
        return self.row_of(line_id)

    def _show(self) -> None:
        self.set_rows(self.basket.lines)
        self.changed.emit()


def choices_text(line: BasketLine, currency: str) -> str:
    """A line's choices and its discount, joined: `Mild salsa, Guacamole, −50 % · Staff meal`."""
    parts = [modifier.name for modifier in line.priced.modifiers]
    parts += [discount_text(line.wanted.discount, currency)] if line.wanted.discount is not None else []
    parts += [fixed_text(line, currency)] if line.is_fixed else []
    return ", ".join(parts)


def fixed_text(line: BasketLine, currency: str) -> str:
    """The refund of a line in words: `1 taken back`, `Refunded $4.00`."""
    if line.priced.refunded_quantity:
        return _("{count} taken back").format(count=figure(line.priced.refunded_quantity))
    return _("Refunded {amount}").format(amount=money(line.priced.refunded_minor, currency))
