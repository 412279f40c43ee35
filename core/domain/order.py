"""Orders: their lines, prices, status and payment."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Annotated

import msgspec

from core.domain.discount import Discount
from core.domain.errors import InvalidOrder
from core.domain.ids import CustomerId, ItemId, LineId, ModifierId, OrderId, ShopId, line_id
from core.domain.menu import MenuItem, Modifier
from core.domain.sale.rounding import rounded
from core.domain.service import Service
from core.domain.status import Fulfilment, OrderStatus
from core.domain.tenders import Tender as Tender  # noqa: PLC0414 - its users take it from here
from core.domain.texts import check_no_card, is_blank
from core.wire_enum import WireEnum

MAX_LINES = 200
MAX_QUANTITY = 999
MAX_MODIFIERS = 50
MAX_PAYMENTS = 100
MAX_TOTAL_MINOR = 10**12
"""The largest total that the ledger books (`core.domain.sale.rounding.MAX_AMOUNT`)."""

Note = Annotated[str, msgspec.Meta(max_length=500)]
Reason = Annotated[str, msgspec.Meta(max_length=300)]


class Channel(WireEnum):
    """The origin of an order."""

    ONLINE = "online"
    COUNTER = "counter"

    @property
    def first_status(self) -> OrderStatus:
        """The status of a new order: one taken at the counter is confirmed already."""
        return OrderStatus.PENDING if self is Channel.ONLINE else OrderStatus.CONFIRMED


class PaymentState(WireEnum):
    UNPAID = "unpaid"
    PAID = "paid"
    REFUNDED = "refunded"


class Payment(msgspec.Struct, frozen=True):
    """One payment of an order, which stands: it was not undone. Amounts in minor units."""

    tender: Tender
    amount_minor: int
    """What of the order's total it pays; of what was given back, how much."""
    tip_minor: int = 0
    """What was paid beside that."""
    given_minor: int | None = None
    """The cash that was handed over, where it was more than was to be paid."""
    refunded_minor: int = 0
    """What was given back by its tender."""
    reference: str = ""
    """What it is found by elsewhere: a voucher's number, a slip's."""
    rounding_minor: int = 0
    """What rounding to coins added, or, below zero, left off."""
    refunded_rounding_minor: int = 0
    """The same of what was given back by its tender. Of several payments by one, the first has it."""

    @property
    def paid_minor(self) -> int:
        """The money that was taken by it, its tip included, less change."""
        return self.amount_minor + self.tip_minor + self.rounding_minor

    @property
    def returned_minor(self) -> int:
        """The money that was given back."""
        return self.refunded_minor + self.refunded_rounding_minor

    @property
    def change_minor(self) -> int:
        return 0 if self.given_minor is None else self.given_minor - self.paid_minor


class LineModifier(msgspec.Struct, frozen=True):
    name: str
    price_minor: int = 0


class LineTax(msgspec.Struct, frozen=True, omit_defaults=True):
    """One tax of a line. `rate` is in 1/1000 %."""

    code: str
    rate: int
    amount_minor: int = 0
    refunded_minor: int = 0
    """What of it was given back."""


class OrderLine(msgspec.Struct, frozen=True):
    """One line as sold: its name and prices are those of the time of the order, not of the current menu."""

    item_id: ItemId
    name: str
    quantity: int
    unit_price_minor: int
    """The price of one, modifiers included."""
    total_minor: int
    modifiers: tuple[LineModifier, ...] = ()
    note: str = ""
    id: LineId = LineId("")
    """`line_id` of its order and place. Empty in what an earlier release sent or kept."""
    refunded_quantity: int = 0
    """How many of it were taken back."""
    refunded_minor: int = 0
    """What was given back for it, its tax included: for those taken back, or as a part of an amount."""
    refunded_tax_minor: int = 0
    """The tax in that."""
    tax_category: str = ""
    """Of the shop's tax table; empty: the standard one."""
    taxes: tuple[LineTax, ...] = ()
    """The rates it was priced with, and what they came to. None in what an earlier release priced."""
    discount: Discount | None = None
    """Its own."""
    discount_minor: int = 0
    """What that took off."""
    order_discount_minor: int = 0
    """Its part of what the order's discount took off."""
    service_minor: int = 0
    """Its share of the order's service charge, which is taxed as it is."""

    @property
    def amount_minor(self) -> int:
        """Its price less all discounts."""
        return self.total_minor - self.discount_minor - self.order_discount_minor

    @property
    def charged_minor(self) -> int:
        """That, and its share of the service charge."""
        return self.amount_minor + self.service_minor

    def service_back_minor(self, *, included: bool) -> int:
        """The part of its service charge that was given back: in proportion to the line. `included`: its price contains
        the tax."""
        back_minor = self.refunded_minor - (0 if included else self.refunded_tax_minor)
        return rounded(self.service_minor * back_minor, self.charged_minor) if self.charged_minor else 0

    @property
    def tax_minor(self) -> int:
        return sum(tax.amount_minor for tax in self.taxes)

    @property
    def is_given_back(self) -> bool:
        """Whether something of it was given back: items, or a part of an amount."""
        return bool(self.refunded_quantity or self.refunded_minor)


class LineChange(msgspec.Struct, frozen=True, omit_defaults=True):
    """The change of a line by an amendment, for whoever prepares it."""

    id: LineId
    name: str
    before: int = 0
    """How many there were; 0 for a line that was added."""
    now: int = 0
    """How many there are; 0 for one that was removed."""
    modifiers: tuple[LineModifier, ...] = ()
    note: str = ""
    """What is to be observed now."""


class RequestState(WireEnum):
    """The state of a customer's request."""

    ASKED = "asked"
    ACCEPTED = "accepted"
    DECLINED = "declined"
    WITHDRAWN = "withdrawn"


class RequestedLine(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A line as a customer wishes it: one of the order, or a new one."""

    id: LineId = LineId("")
    """Of one that is in the order; empty for a new one."""
    item_id: ItemId = ItemId("")
    """Of a new one."""
    quantity: int = 1
    modifier_ids: tuple[ModifierId, ...] = ()
    note: str = ""


class ChangeRequest(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A customer's request to change their order. The order itself is not changed by it."""

    version: int
    """The version of the order that it made. It is named by it."""
    amendments: int = 0
    """How often the order had been changed: another change overtakes it."""
    at: datetime
    lines: tuple[RequestedLine, ...]
    note: str = ""
    """All that the order is to be."""
    changes: tuple[LineChange, ...] = ()
    """What differs from the order."""
    menu_version: int = 0
    """By which new lines were priced."""
    total_minor: int
    """What the order comes to then."""
    state: RequestState = RequestState.ASKED
    answered_at: datetime | None = None
    reason: str = ""
    """Why it was declined."""


class Order(msgspec.Struct, frozen=True, kw_only=True):
    id: OrderId
    shop_id: ShopId
    number: str
    """The number people read and call out: `ONLINE-000127`."""
    channel: Channel
    status: OrderStatus
    version: int
    """Grows by one with every change; an update names the version it is based on."""
    fulfilment: Fulfilment
    tender: Tender
    payment: PaymentState
    currency: str
    subtotal_minor: int
    tax_minor: int
    total_minor: int
    placed_at: datetime
    updated_at: datetime
    """The last change of anything."""
    moved_at: datetime | None = None
    """The last change of its status; None for an order of an earlier release, of which only `updated_at` is known."""
    refunded_minor: int = 0
    """What was given back of what was paid. All of it, once the payment is refunded."""
    given_minor: int | None = None
    """The cash that was handed over for it, for receipts; None when it was not paid in cash, or nobody counted."""
    payments: tuple[Payment, ...] = ()
    """What was paid of it, oldest first, where `payment`, `tender` and `given_minor` do not say all: in parts, or with
    a tip. It stays unpaid until they come to its total. See `core.domain.payment.payments_of`."""
    customer_id: CustomerId | None = None
    customer_name: str = ""
    """The known customer's name, or the order's own: a person's, a table's, a pager's."""
    customer_phone: str = ""
    address: str = ""
    note: str = ""
    reason: str = ""
    """Why it was rejected, cancelled or recalled, when the last change gave a reason."""
    tax_date: date | None = None
    """The date of its rates, by the shop's calendar. None: an earlier release priced it."""
    discount: Discount | None = None
    """Of the whole order, apportioned to its lines."""
    discount_minor: int = 0
    """What all discounts took off, those of lines too."""
    service: Service | None = None
    """The service charge, apportioned to its lines; None: none, or of an earlier release."""
    service_minor: int = 0
    """What that comes to, in the price mode."""
    follows: str = ""
    """The number of the order of an earlier business day in whose place it is; empty for none."""
    amendments: int = 0
    """How often it was changed after it was placed. Each former version is kept."""
    changed: tuple[LineChange, ...] = ()
    """What amendments made of its lines since it came to its status."""
    change_request: ChangeRequest | None = None
    """What its customer has asked for last, whatever became of it."""
    lines: tuple[OrderLine, ...] = ()

    @property
    def open_request(self) -> ChangeRequest | None:
        """The unanswered change request; None once the order is past it."""
        asked = self.change_request
        waits = asked is not None and asked.state is RequestState.ASKED and asked.amendments == self.amendments
        return asked if waits and self.status.is_open else None

    @property
    def tax_included(self) -> bool:
        """Whether its prices contain the tax; so they do where there is none."""
        return self.total_minor == self.subtotal_minor - self.discount_minor + self.service_minor

    @property
    def status_since(self) -> datetime:
        """When it came to its status. A change of its payment is none of that."""
        return self.moved_at or self.updated_at

    @property
    def quantity(self) -> int:
        """The number of items, over all lines."""
        return sum(line.quantity for line in self.lines)


class StatusChange(msgspec.Struct, frozen=True, kw_only=True):
    """One entry of the append-only status history. `source` is None for a new order."""

    source: OrderStatus | None
    target: OrderStatus
    at: datetime
    client_at: datetime | None = None
    """When it was done, by the clock of the client, if sent. Informative: that clock may be wrong."""
    reason: str = ""
    by: str = ""
    """Who did it; empty for staff when shown to a customer."""
    approver: str = ""
    """Who allowed it, where the person's own role does not; never shown to a customer."""
    device: str = ""


def is_table(name: str, fulfilment: str) -> bool:
    """Whether an order of that name is a table's: a number that was typed for guests who eat here."""
    return fulfilment == Fulfilment.DINE_IN and bool(name) and not any(map(str.isalpha, name))


class NewLine(msgspec.Struct, frozen=True, kw_only=True):
    """A requested line. It has no price: that comes from the server's menu."""

    item_id: ItemId
    quantity: Annotated[int, msgspec.Meta(ge=1, le=MAX_QUANTITY)] = 1
    modifier_ids: Annotated[tuple[ModifierId, ...], msgspec.Meta(max_length=MAX_MODIFIERS)] = ()
    note: Note = ""
    discount: Discount | None = None
    """At the counter only."""


def _choices(item: MenuItem, wanted: Sequence[ModifierId], field: str) -> list[Modifier]:
    """The requested modifiers, in the requested order. Raises `InvalidOrder`."""
    offered = {modifier.id: modifier for group in item.groups for modifier in group.modifiers}
    for position, modifier_id in enumerate(wanted):
        if modifier_id not in offered:
            raise InvalidOrder(f"{item.name} has no option {modifier_id!r}.", f"{field}.modifier_ids[{position}]")
    if len(set(wanted)) != len(wanted):
        raise InvalidOrder(f"An option of {item.name} is named twice.", f"{field}.modifier_ids")
    for group in item.groups:
        taken = sum(modifier.id in wanted for modifier in group.modifiers)
        if taken < group.least:
            raise InvalidOrder(f"{item.name}: choose at least {group.least} of {group.name}.", f"{field}.modifier_ids")
        if group.most is not None and taken > group.most:
            raise InvalidOrder(f"{item.name}: choose at most {group.most} of {group.name}.", f"{field}.modifier_ids")
    return [offered[modifier_id] for modifier_id in wanted]


def price_lines(
    items: Mapping[ItemId, MenuItem], lines: Sequence[NewLine], order_id: OrderId | None = None, first: int = 0
) -> tuple[OrderLine, ...]:
    """The requested lines at the menu's prices. `items` is `Menu.items()`; lines get ids in an order, from the position
    `first` on.

    Raises `InvalidOrder` naming the field (no lines, an unknown or sold-out item, an unknown choice), and `CardNumber`
    for a note that contains one.
    """
    if not lines:
        raise InvalidOrder("An order needs at least one item.", "lines")
    if len(lines) > MAX_LINES:
        raise InvalidOrder(f"An order has at most {MAX_LINES} lines.", "lines")
    priced = []
    for position, line in enumerate(lines):
        field = f"lines[{position}]"
        item = items.get(line.item_id)
        if item is None:
            raise InvalidOrder(f"The menu has no item {line.item_id!r}.", f"{field}.item_id")
        if not item.available:
            raise InvalidOrder(f"{item.name} is sold out.", f"{field}.item_id")
        if not 1 <= line.quantity <= MAX_QUANTITY:
            raise InvalidOrder(f"A quantity is between 1 and {MAX_QUANTITY}.", f"{field}.quantity")
        check_no_card(**{f"{field}.note": line.note})
        chosen = _choices(item, line.modifier_ids, field)
        unit = item.price_minor + sum(modifier.price_minor for modifier in chosen)
        modifiers = tuple(LineModifier(modifier.name, modifier.price_minor) for modifier in chosen)
        priced.append(
            OrderLine(
                *(item.id, item.name, line.quantity, unit, unit * line.quantity, modifiers, line.note.strip()),
                id=line_id(order_id, first + position) if order_id else LineId(""),
                tax_category=item.tax_category,
                discount=line.discount,
            )
        )
    return tuple(priced)


def check_delivery(fulfilment: Fulfilment, address: str) -> None:
    """Raises `InvalidOrder` when a delivery has no address."""
    if fulfilment is Fulfilment.DELIVERY and is_blank(address):
        raise InvalidOrder("A delivery needs an address.", "address")


def order_number(series: str, count: int) -> str:
    """`("ONLINE", 127)` → `ONLINE-000127`. Counts above 999,999 get a seventh digit."""
    return f"{series}-{count:06d}"


ONLINE_SERIES = "ONLINE"
