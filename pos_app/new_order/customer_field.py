"""The customer of an order: a name for the ticket, or a known customer found by phone or name."""

from collections.abc import Sequence

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QHBoxLayout, QLineEdit, QPushButton, QVBoxLayout, QWidget
from typing_extensions import override

from core.client.errors import ClientError
from core.domain.people import Customer
from core.ui.text import _, error_explanation, literal
from core.ui.theme import Theme
from core.ui.widgets.controls import button, label
from pos_app.new_order.presenter import TakeOrderPresenter, Walk

_MOST_OFFERED = 3
_NAME_LENGTH = 80


class CustomerField(QWidget):
    """The text is the walk-in's name, unless it is a number, or one of the offered customers is pressed."""

    changed = Signal()

    def __init__(self, presenter: TakeOrderPresenter, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._presenter = presenter
        self._customer: Customer | None = None
        self._offered: tuple[Customer, ...] = ()
        self._field = QLineEdit()
        self._field.setObjectName("customer_search")
        self._field.setPlaceholderText(_("Walk-in: name, or a customer's phone"))
        self._field.setAccessibleName(_("Name for the ticket, or a customer's phone number"))
        self._field.setMaxLength(_NAME_LENGTH)
        self._who = label(role="strong")
        self._who.setObjectName("customer_known")
        self._drop = button("", theme, "quiet", "close", name="customer_drop")
        self._drop.setAccessibleName(_("Not this customer"))
        self._told = label(role="small", wrap=True)
        self._told.setObjectName("customer_told")
        self._known = QWidget()
        known = QHBoxLayout(self._known)
        known.setContentsMargins(theme.space(1), 0, 0, 0)
        known.addWidget(self._who, 1)
        known.addWidget(self._drop)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(theme.space(1))
        column.addWidget(self._field)
        column.addWidget(self._known)
        self._buttons: list[QPushButton] = []
        for at in range(_MOST_OFFERED):
            offer = button("", theme, icon="person", name=f"customer_offer_{at}")
            offer.clicked.connect(self._on_offer_clicked)
            column.addWidget(offer)
            self._buttons.append(offer)
        column.addWidget(self._told)
        self._field.textEdited.connect(self._on_text_edited)
        self._drop.clicked.connect(self._on_drop_clicked)
        presenter.customers_found.connect(self._on_customers_found)
        presenter.lookup_failed.connect(self._on_lookup_failed)
        self._update_view("")

    @property
    def walk(self) -> Walk:
        typed = self._field.text().strip()
        named = any(letter.isalpha() for letter in typed)
        return Walk(customer=self._customer, name=typed if named else "")

    def clear(self) -> None:
        self._customer = None
        self._offered = ()
        self._field.clear()
        self._update_view("")

    @override
    def keyPressEvent(self, event: QKeyEvent) -> None:
        # Enter takes the only customer that goes with what was typed.
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and len(self._offered) == 1:
            self._choose(self._offered[0])
        else:
            super().keyPressEvent(event)

    @Slot(str)
    def _on_text_edited(self, text: str) -> None:
        self._offered = ()
        self._update_view("")
        self._presenter.look_up(text)
        self.changed.emit()

    @Slot(object)
    def _on_customers_found(self, customers: Sequence[Customer]) -> None:
        if self._customer is not None:
            return
        self._offered = tuple(customers)
        typed = self._field.text().strip()
        number = len(typed) > 1 and not any(letter.isalpha() for letter in typed)
        self._update_view(_("No known customer has this number.") if number and not customers else "")

    @Slot(object)
    def _on_lookup_failed(self, error: ClientError) -> None:
        words = _("Known customers cannot be looked up just now. A name is still put on the ticket.")
        self._update_view(f"{words} {error_explanation(error)}")

    @Slot()
    def _on_offer_clicked(self) -> None:
        pressed = self._buttons.index(self.sender())  # type: ignore[arg-type]
        if pressed < len(self._offered):
            self._choose(self._offered[pressed])

    @Slot()
    def _on_drop_clicked(self) -> None:
        self.clear()
        self._field.setFocus()
        self.changed.emit()

    def _choose(self, customer: Customer) -> None:
        self._presenter.stop_looking()
        self._customer = customer
        self._offered = ()
        self._update_view("")
        self._drop.setFocus()
        self.changed.emit()

    def _update_view(self, told: str) -> None:
        customer = self._customer
        self._field.setVisible(customer is None)
        self._known.setVisible(customer is not None)
        if customer is not None:
            self._who.setText(f"{customer.name} · {customer.phone}" if customer.phone else customer.name)
        for at, offer in enumerate(self._buttons):
            offer.setVisible(at < len(self._offered))
            if at < len(self._offered):
                known = self._offered[at]
                offer.setText(literal(f"{known.name} · {known.phone}" if known.phone else known.name))
        self._told.setText(told)
        self._told.setVisible(bool(told))
