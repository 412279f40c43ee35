"""The customer of an order: the typed text, or a known customer, found by phone or name and chosen."""

from collections.abc import Sequence

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QHBoxLayout, QLineEdit, QStackedWidget, QVBoxLayout, QWidget
from typing_extensions import override

from core.client.errors import ClientError
from core.domain.people import Customer, Guest
from core.ui import keys
from core.ui.text import _, error_explanation
from core.ui.theme import Theme
from core.ui.widgets.controls import ElidedButton, ElidedLabel, button, label
from pos_app.new_order.presenter import TakeOrderPresenter, Whom

_MOST_OFFERED = 3
_NAME_LENGTH = 80
_LEAST_LETTERS = 8
_ARROWS = {Qt.Key.Key_Down: 1, Qt.Key.Key_Up: -1}


class CustomerField(QWidget):
    """The typed text is stored with the order. A known customer is chosen only by pressing their button, with a finger,
    or with Down and Enter."""

    changed = Signal()
    entered = Signal()
    """Enter was pressed."""

    def __init__(self, presenter: TakeOrderPresenter, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._presenter = presenter
        self._customer: Customer | None = None
        self._offered: tuple[Customer, ...] = ()
        self._field = QLineEdit()
        self._field.setObjectName("customer_search")
        self._field.setPlaceholderText(_("Name, table or phone"))
        self._field.setAccessibleName(_("For whom: a name, a table, or a phone number"))
        self._field.setMaxLength(_NAME_LENGTH)
        self._who = ElidedLabel("", "strong", _LEAST_LETTERS)
        self._who.setObjectName("customer_known")
        self._drop = button("", theme, "quiet", "close", name="customer_drop")
        self._drop.setAccessibleName(_("Not this customer"))
        self._told = label(role="small", wrap=True)
        self._told.setObjectName("customer_told")
        self._told.setAlignment(Qt.AlignmentFlag.AlignLeading | Qt.AlignmentFlag.AlignTop)
        self._told.setMinimumWidth(1)  # a long word must not widen the page
        self._known = QWidget()
        known = QHBoxLayout(self._known)
        known.setContentsMargins(theme.space(1), 0, 0, 0)
        known.addWidget(self._who, 1)
        known.addWidget(self._drop)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(theme.space(1))
        self._whom = QStackedWidget()
        for part in (self._field, self._known):
            self._whom.addWidget(part)
        self._buttons: list[ElidedButton] = []
        offers = QWidget()
        row = QHBoxLayout(offers)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(theme.space(1))
        for at in range(_MOST_OFFERED):
            offer = ElidedButton(theme, "", f"customer_offer_{at}")
            offer.clicked.connect(self._on_offer_clicked)
            row.addWidget(offer)
            self._buttons.append(offer)
        # Their room is reserved, so that nothing below moves under a finger.
        self._answers = QStackedWidget()
        self._answers.setObjectName("customer_news")
        for part in (self._told, offers):
            self._answers.addWidget(part)
        self._answers.setFixedHeight(theme.touch_px)
        column.addWidget(self._whom)
        column.addWidget(self._answers)
        self._field.textEdited.connect(self._on_text_edited)
        self._field.returnPressed.connect(self.entered)
        self._drop.clicked.connect(self._on_drop_clicked)
        presenter.customers_found.connect(self._on_customers_found)
        presenter.lookup_failed.connect(self._on_lookup_failed)
        self._update_view("")

    @property
    def whom(self) -> Whom:
        return Whom(customer=self._customer, guest=Guest.of(self._field.text()))

    def fill(self, whom: Whom) -> None:
        """Answer as it was answered before."""
        self.clear()
        if whom.customer is not None:
            self._customer = whom.customer
            self._update_view("")
        else:
            self._field.setText(" ".join(part for part in (whom.guest.name, whom.guest.phone) if part))
        self.changed.emit()

    def clear(self) -> None:
        self._presenter.stop_looking()
        self._customer = None
        self._offered = ()
        self._field.clear()
        self._update_view("")

    @override
    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Arrow keys move between the field and the buttons of the found customers."""
        step = _ARROWS.get(Qt.Key(event.key())) if keys.is_alone(event) else None
        reachable = [self._field, *self._buttons[: len(self._offered)]]
        at = next((at for at, part in enumerate(reachable) if part.hasFocus()), None)
        if step is None or at is None:
            super().keyPressEvent(event)
        elif 0 <= at + step < len(reachable):
            reachable[at + step].setFocus(Qt.FocusReason.OtherFocusReason)

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
        phone = Guest.of(self._field.text()).phone
        self._update_view(_("A new number. It goes on the order.") if phone and not customers else "")

    @Slot(object)
    def _on_lookup_failed(self, error: ClientError) -> None:
        words = _("Known customers cannot be looked up just now. What you typed goes on the order.")
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
        self.changed.emit()
        self.entered.emit()

    def _update_view(self, told: str) -> None:
        customer = self._customer
        self._whom.setCurrentIndex(0 if customer is None else 1)
        if customer is not None:
            self._who.set_text(_named(customer))
        for at, offer in enumerate(self._buttons):
            offer.setVisible(at < len(self._offered))
            if at < len(self._offered):
                offer.set_text(_named(self._offered[at]))
        self._told.setText(told)
        self._answers.setCurrentIndex(1 if self._offered else 0)


def _named(customer: Customer) -> str:
    return f"{customer.name} · {customer.phone}" if customer.phone else customer.name
