"""The questions of the checkout: fulfilment, address, tender and note."""

from collections.abc import Callable, Sequence
from typing import Final

import msgspec
from PySide6.QtCore import Signal, Slot
from PySide6.QtWidgets import QLineEdit, QVBoxLayout, QWidget

from core.domain.order import Tender
from core.domain.status import Fulfilment
from core.domain.tenders import ShopTender, not_withdrawn
from core.ui.ordering.segments import Option, Segments
from core.ui.text import _, fulfilment_label, tender_label
from core.ui.theme import Theme
from core.ui.widgets.controls import keep_room, label, restyle

_ICONS: Final = {
    Fulfilment.PICKUP: "bag",
    Fulfilment.DINE_IN: "plate",
    Fulfilment.DELIVERY: "truck",
}
_TENDER_ICONS: Final = {
    Tender.CASH: "cash",
    Tender.CARD: "card",
    Tender.CASH_ON_DELIVERY: "truck",
    Tender.VOUCHER: "note",
}
_ADDRESS_LENGTH: Final = 300
_NOTE_LENGTH: Final = 500


class Handover(msgspec.Struct, frozen=True, kw_only=True):
    """The answers."""

    fulfilment: Fulfilment
    tender: Tender
    """How it is paid; cash where the form does not ask."""
    address: str = ""
    note: str = ""


Offered = Callable[[Fulfilment, Sequence[ShopTender]], Sequence[Tender]]
"""Which of the shop's tenders are offered for each fulfilment, the usual one first."""


def tender_icon(tender: ShopTender) -> str:
    return _TENDER_ICONS.get(tender.id) or ("cash" if tender.rounds else "note")


def _options(tenders: Sequence[ShopTender]) -> list[Option[Tender]]:
    return [Option(each.id, tender_label(each.id), tender_icon(each)) for each in tenders]


class HandoverForm(QWidget):
    """Fulfilment, address when it is delivered, tender, note; `handing` and `paying` ask for them. Without `offered` it
    does not ask how it is paid.

    It starts with the first of `fulfilments`; `note` is placed by the caller's layout.
    """

    changed = Signal()

    def __init__(
        self,
        theme: Theme,
        fulfilments: Sequence[Fulfilment],
        offered: Offered | None = None,
        *,
        handing: str,
        paying: str = "",
    ) -> None:
        super().__init__()
        self._offered = offered
        self._usual = fulfilments[0]
        ways = [Option(each, fulfilment_label(each), _ICONS[each]) for each in fulfilments]
        self.fulfilment: Segments[Fulfilment] = Segments("fulfilment", handing, ways, theme)
        self._usable = not_withdrawn(())
        self.tender: Segments[Tender] = Segments("tender", paying, _options(self._usable), theme)
        self.address = _field("address", _("Address to deliver to"), _ADDRESS_LENGTH)
        self._address_error = label(_("A delivery needs an address."), "error", wrap=True)
        self._address_error.setObjectName("address_error")
        self.note = _field("order_note", _("Note for the whole order"), _NOTE_LENGTH)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(theme.space(2))
        keep_room(self._address_error, theme.lines_px(1))
        self._delivery = QWidget()
        where = QVBoxLayout(self._delivery)
        where.setContentsMargins(0, 0, 0, 0)
        where.setSpacing(theme.space(1))
        where.addWidget(self.address)
        where.addWidget(self._address_error)
        for part in (label(handing, "small"), self.fulfilment, self._delivery):
            column.addWidget(part)
        if offered is not None:
            column.addWidget(label(paying, "small"))
            column.addWidget(self.tender)
        self.fulfilment.changed.connect(self._on_fulfilment_changed)
        self.tender.changed.connect(self.changed)
        self.address.textChanged.connect(self._on_address_edited)
        self._on_fulfilment_changed()

    @property
    def values(self) -> Handover:
        delivered = self.fulfilment.value is Fulfilment.DELIVERY
        return Handover(
            fulfilment=self.fulfilment.value,
            tender=self.tender.value if self._offered is not None else Tender.CASH,
            address=self.address.text().strip() if delivered else "",
            note=self.note.text().strip(),
        )

    def use_tenders(self, tenders: Sequence[ShopTender]) -> None:
        """Offer what the shop takes now."""
        usable = not_withdrawn(tenders)
        if usable == self._usable or self._offered is None:
            return
        self._usable = usable
        self.tender.use(_options(usable), self._offered(self.fulfilment.value, usable))
        self.changed.emit()

    def fill(self, fulfilment: Fulfilment, address: str, note: str) -> None:
        """Answer as it was answered before."""
        self.fulfilment.choose(fulfilment)
        self.address.setText(address)
        self.note.setText(note)

    @Slot()
    def complain_of_address(self) -> None:
        """Mark the address as missing, and focus it."""
        self._mark_address(missing=True)
        self.address.setFocus()

    def _mark_address(self, *, missing: bool) -> None:
        self._address_error.setVisible(missing)
        self.address.setAccessibleDescription(self._address_error.text() if missing else "")
        restyle(self.address, invalid="true" if missing else "")

    def clear(self) -> None:
        self.fulfilment.choose(self._usual)
        if self._offered is not None:
            self.tender.choose(self._offered(self._usual, self._usable)[0])
        self.address.clear()
        self.note.clear()

    @Slot()
    def _on_fulfilment_changed(self) -> None:
        fulfilment = self.fulfilment.value
        self._delivery.setVisible(fulfilment is Fulfilment.DELIVERY)
        self._mark_address(missing=False)
        if self._offered is not None:
            self.tender.offer(self._offered(fulfilment, self._usable))
        self.changed.emit()

    @Slot()
    def _on_address_edited(self) -> None:
        if self.address.property("invalid"):
            self._mark_address(missing=False)


def _field(name: str, placeholder: str, most: int) -> QLineEdit:
    field = QLineEdit()
    field.setObjectName(name)
    field.setPlaceholderText(placeholder)
    field.setAccessibleName(placeholder)
    field.setMaxLength(most)
    return field
