"""A field for a price, in the reader's format."""

from PySide6.QtCore import Slot
from PySide6.QtWidgets import QLineEdit, QWidget

from core.domain.errors import DomainError
from core.ui.text import AMOUNT_LENGTH, money, parse_amount
from core.ui.theme import Theme
from core.ui.widgets.controls import restyle

_MINUS = ("-", "\N{MINUS SIGN}")


class PriceField(QLineEdit):
    """`price_minor` is None while the text is not a price; the field is marked then."""

    def __init__(
        self,
        spoken: str,
        theme: Theme,
        parent: QWidget | None = None,
        *,
        empty_is_nothing: bool = False,
        signed: bool = False,
    ) -> None:
        super().__init__(parent)
        self.setAccessibleName(spoken)
        self.setPlaceholderText(spoken)
        self.setMaxLength(AMOUNT_LENGTH)
        self.setMinimumWidth(theme.px(88))
        self._empty_is_nothing = empty_is_nothing
        self._signed = signed
        self._currency = ""
        self.textChanged.connect(self._on_text_changed)

    def show_price(self, price_minor: int, currency: str) -> None:
        self._currency = currency
        sign = "-" if price_minor < 0 else ""
        shown = sign + money(abs(price_minor), currency)
        self.setText("" if self._empty_is_nothing and not price_minor else shown)
        self.setCursorPosition(0)

    @property
    def price_minor(self) -> int | None:
        text = self.text().strip()
        if not text:
            return 0 if self._empty_is_nothing else None
        negative = self._signed and text.startswith(_MINUS)
        try:
            amount = parse_amount(text[1:] if negative else text, self._currency)
        except DomainError:
            return None
        return -amount if negative else amount

    @Slot()
    def _on_text_changed(self) -> None:
        invalid = "true" if self.price_minor is None else ""
        if (self.property("invalid") or "") != invalid:
            restyle(self, invalid=invalid)
