"""The questions of the checkout: fulfilment, address, tender and note."""

from collections.abc import Callable, Sequence
from typing import Final, Literal, TypeAlias

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


Later: TypeAlias = Literal["later", "split"]
LATER: Final[Later] = "later"
"""In place of a tender: it is paid at the handover, or whenever they pay."""
SPLIT: Final[Later] = "split"
"""In place of a tender: it is paid in parts, or with a tip, as soon as it is taken."""


class Handover(msgspec.Struct, frozen=True, kw_only=True):
    """The answers."""

    fulfilment: Fulfilment
    tender: Tender
    """How it is paid, or is likely to be."""
    later: bool = False
    """Whether it is taken unpaid."""
    split: bool = False
    """Whether it is paid in parts as soon as it is taken."""
    address: str = ""
    note: str = ""


Offered = Callable[[Fulfilment, Sequence[ShopTender]], Sequence[Tender | Later]]
"""Which of the shop's tenders are offered for each fulfilment, the usual one first; with `SPLIT` and `LATER` where an
order may be taken unpaid."""


def tender_icon(tender: ShopTender) -> str:
    return _TENDER_ICONS.get(tender.id) or ("cash" if tender.rounds else "note")


def _options(tenders: Sequence[ShopTender]) -> list[Option[Tender | Later]]:
    means: list[Option[Tender | Later]] = [
        Option(each.id, tender_label(each.id), tender_icon(each)) for each in tenders
    ]
    means.append(Option(SPLIT, _("Split or tip"), "split"))
    means.append(Option(LATER, _("Pay later"), "waiting"))
    return means


class HandoverForm(QWidget):
    """Fulfilment, address when it is delivered, tender, note; `handing` and `paying` ask for them.

    It starts with the first of `fulfilments`; `note` is placed by the caller's layout.
    """

    changed = Signal()

    def __init__(
        self, theme: Theme, fulfilments: Sequence[Fulfilment], offered: Offered, *, handing: str, paying: str
    ) -> None:
        super().__init__()
        self._offered = offered
        self._usual = fulfilments[0]
        ways = [Option(each, fulfilment_label(each), _ICONS[each]) for each in fulfilments]
        self.fulfilment: Segments[Fulfilment] = Segments("fulfilment", handing, ways, theme)
        self._usable = not_withdrawn(())
        self.tender: Segments[Tender | Later] = Segments("tender", paying, _options(self._usable), theme)
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
        for title, *parts in (
            (handing, self.fulfilment, self._delivery),
            (paying, self.tender),
        ):
            asked = label(title, "small")
            column.addWidget(asked)
            for part in parts:
                column.addWidget(part)
        self._paying = (asked, self.tender)
        self.fulfilment.changed.connect(self._on_fulfilment_changed)
        self.tender.changed.connect(self.changed)
        self.address.textChanged.connect(self._on_address_edited)
        self._on_fulfilment_changed()

    @property
    def values(self) -> Handover:
        delivered = self.fulfilment.value is Fulfilment.DELIVERY
        paying = self.tender.value
        return Handover(
            fulfilment=self.fulfilment.value,
            tender=self._likely if paying in (LATER, SPLIT) else Tender(paying),
            later=paying in (LATER, SPLIT, Tender.CASH_ON_DELIVERY),
            split=paying == SPLIT,
            address=self.address.text().strip() if delivered else "",
            note=self.note.text().strip(),
        )

    @property
    def _likely(self) -> Tender:
        ids = [each.id for each in self._usable]
        return Tender.CASH if Tender.CASH in ids or not ids else ids[0]

    def use_tenders(self, tenders: Sequence[ShopTender], *, online: bool = True) -> None:
        """Offer what the shop takes now, and without a server what may be taken without one."""
        usable = [each for each in not_withdrawn(tenders) if online or each.offline]
        if usable == self._usable:
            return
        self._usable = usable
        self.tender.use(_options(usable), self._offered(self.fulfilment.value, usable))
        self.changed.emit()

    def ask_payment(self, *, asked: bool) -> None:
        """Whether it is asked how the order is paid."""
        for part in self._paying:
            part.setVisible(asked)

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
        self.tender.choose(self._offered(self._usual, self._usable)[0])
        self.address.clear()
        self.note.clear()

    @Slot()
    def _on_fulfilment_changed(self) -> None:
        fulfilment = self.fulfilment.value
        self._delivery.setVisible(fulfilment is Fulfilment.DELIVERY)
        self._mark_address(missing=False)
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
