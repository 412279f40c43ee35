"""Commands: the changes of orders that a client sends, an outbox keeps and `core.domain.order_rules` applies.

The limits here are those of the fields; what a command may do to an order is checked by `core.domain.order_rules`.
Unknown fields are ignored, so that older clients keep working.
"""

from datetime import datetime
from typing import Annotated, Any

import msgspec
from msgspec import Meta

from core.domain.discount import Discount
from core.domain.ids import BasketId, CustomerId, ItemId, LineId, OrderId
from core.domain.order import (
    MAX_LINES,
    MAX_PAYMENTS,
    MAX_QUANTITY,
    MAX_TOTAL_MINOR,
    NewLine,
    Note,
    PaymentState,
    Reason,
    Tender,
)
from core.domain.service import Service
from core.domain.status import Fulfilment, OrderStatus
from core.domain.tenders import MAX_TENDERS

MAX_GIVEN_MINOR = 10**15
"""More than any total: the largest is 200 lines of 999 items at the highest price."""
APPROVAL_MOST = 2_000
"""Letters of an approval."""
UUID = Meta(pattern=r"^[0-9a-f]{8}-[0-9a-f]{4}-[1-8][0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}\Z")
Version = Annotated[int, Meta(ge=1)]
Lines = Annotated[tuple[NewLine, ...], Meta(min_length=1, max_length=MAX_LINES)]
Address = Annotated[str, Meta(max_length=300)]
Drawer = Annotated[
    str,
    Meta(
        pattern=r"^([0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12})?\Z",
        description="The drawer session in which it was done, as the POS knows. Empty: that which is open there.",
    ),
]
Basket = Annotated[
    BasketId,
    Meta(
        pattern=r"^([0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12})?\Z",
        description="The held basket that it was made of, which is held no longer. Empty: none.",
    ),
]
Approval = Annotated[
    str,
    Meta(
        max_length=APPROVAL_MOST,
        description="A manager's word for this one operation, as `rights_approve` has given it. Empty: none.",
    ),
]
ClientTime = Annotated[
    datetime,
    Meta(tz=True, description="When it was done, by the client's clock. Shown in the history; orders nothing."),
]


Charge = Annotated[
    Service | None,
    Meta(description="The service charge: the shop's, or, with a reason, another. None: as a client that knows none."),
]


class PlaceOrder(msgspec.Struct, frozen=True, kw_only=True):
    """A customer's own order. The customer is the one the access token names."""

    lines: Lines
    fulfilment: Fulfilment = Fulfilment.PICKUP
    tender: Tender = Tender.CASH
    note: Note = ""
    address: Address = ""
    id: Annotated[OrderId, UUID] | None = None
    """Made by the client; the server makes one when it is missing."""
    placed_at_client: ClientTime | None = None
    expected_total_minor: Annotated[int, Meta(ge=0)] | None = None
    """The total shown to the customer. When it is no longer the total, the order is not placed (409)."""
    service: Charge = None
    """It becomes the shop's, whatever was shown."""
    customer_id: Any = None
    """Sent by older clients and never used: a value that differs from the token's is logged as a warning."""


class NewPayment(msgspec.Struct, frozen=True, kw_only=True):
    """A payment at one time, by one tender. Amounts in minor units."""

    tender: Tender = Tender.CASH
    amount_minor: Annotated[int, Meta(ge=0, le=MAX_TOTAL_MINOR)] | None = None
    """What of the order it pays: all that is due unless given. 0 for a tip alone."""
    tip_minor: Annotated[int, Meta(ge=0, le=MAX_TOTAL_MINOR)] = 0
    """What is paid beside that."""
    given_minor: Annotated[int, Meta(ge=0, le=MAX_GIVEN_MINOR)] | None = None
    """The cash handed over, of which the rest goes back as change."""
    reference: Annotated[str, Meta(max_length=60)] = ""
    """What it is found by elsewhere: a voucher's number, a slip's. Never a card's."""
    rounding_minor: Annotated[int, Meta(ge=-MAX_TOTAL_MINOR, le=MAX_TOTAL_MINOR)] | None = None
    """What rounding to coins added to what was asked for, or, below zero, left off. None: as the shop rounds."""


class TakeOrder(msgspec.Struct, frozen=True, kw_only=True):
    """An order taken at the counter: for a walk-in, or for a known customer."""

    lines: Lines
    fulfilment: Fulfilment = Fulfilment.DINE_IN
    tender: Tender = Tender.CASH
    payment: PaymentState = PaymentState.PAID
    note: Note = ""
    address: Address = ""
    id: Annotated[OrderId, UUID] | None = None
    customer_id: Annotated[CustomerId, UUID] | None = None
    customer_name: Annotated[str, Meta(max_length=80)] = ""
    """The name on the ticket: a person's, or a table's or a pager's (`7`, `Table 7`, `#12`)."""
    customer_phone: Annotated[str, Meta(max_length=40, description="As dialled in the shop's country.")] = ""
    """A phone number of the order's own. Empty: the known customer's."""
    number: Annotated[str, Meta(pattern=r"^([A-Za-z0-9]{1,20}-[0-9]{6,12})?\Z")] = ""
    """The number the till gave it while offline, from its own series. Empty: the server gives one."""
    menu_version: Version | None = None
    """The menu version it was priced by: prices shown at the counter are kept."""
    discount: Discount | None = None
    """Off the whole order."""
    service: Charge = None
    given_minor: Annotated[int, Meta(ge=0, le=MAX_GIVEN_MINOR)] | None = None
    """The cash handed over. It is on the receipt, with the change; kept of an order that is paid in cash."""
    payments: Annotated[tuple[NewPayment, ...], Meta(max_length=MAX_PAYMENTS)] = ()
    """What is paid at once, where that is more than one payment of all of it. They say then whether the order is paid;
    `payment`, `tender` and `given_minor` are for servers of earlier releases."""
    drawer: Drawer = ""
    basket: Basket = BasketId("")
    approval: Approval = ""
    follows: Annotated[str, Meta(pattern=r"^([A-Za-z0-9]{1,20}-[0-9]{6,12})?\Z")] = ""
    """The number of an order of an earlier business day, in whose place it is: that one can only be refunded."""
    placed_at_client: ClientTime | None = None


class CancelOrder(msgspec.Struct, frozen=True, kw_only=True):
    """A customer cancels their own order, which the shop has not confirmed yet."""

    reason: Reason = ""
    moved_at_client: ClientTime | None = None


class ChangeStatus(msgspec.Struct, frozen=True, kw_only=True):
    """A member of staff moves an order that they saw at `version` to another status."""

    to: OrderStatus
    version: Version
    reason: Reason = ""
    approval: Approval = ""
    moved_at_client: ClientTime | None = None


class RecallOrder(msgspec.Struct, frozen=True, kw_only=True):
    """A member of staff moves an order that they saw at `version` one step back."""

    version: Version
    reason: Reason = ""
    moved_at_client: ClientTime | None = None


class RefundRounding(msgspec.Struct, frozen=True):
    """The rounding of the amount that a tender gives back: above zero, it is added."""

    tender: Tender
    minor: Annotated[int, Meta(ge=-MAX_TOTAL_MINOR, le=MAX_TOTAL_MINOR)]


class ChangePayment(msgspec.Struct, frozen=True, kw_only=True):
    """A change of the payment of an order that was seen at `version`."""

    payment: PaymentState
    version: Version
    tender: Tender | None = None
    reason: Reason | None = None
    """Required for a refund, and when the payment of a cancelled order is undone. Release 0.1.0 sends none."""
    rounding: Annotated[tuple[RefundRounding, ...], Meta(max_length=MAX_TENDERS)] | None = None
    """Of a refund: as in `RefundOrder`, where a tip stays."""
    drawer: Drawer = ""
    approval: Approval = ""
    moved_at_client: ClientTime | None = None


class TakePayment(NewPayment, frozen=True, kw_only=True):
    """A payment of an order that was seen at `version`: all that is due of it, or a part."""

    version: Version
    by_hand: bool = False
    """Whether a card terminal that is asked by the POS was silent, and somebody has read what it did."""
    drawer: Drawer = ""
    approval: Approval = ""
    moved_at_client: ClientTime | None = None


class UndoPayment(msgspec.Struct, frozen=True, kw_only=True):
    """A payment of an order that was seen at `version` is taken back: it was recorded by mistake, or the order was
    called off. The newest one of that tender, amount and tip; without a tender, all of them."""

    version: Version
    reason: Reason
    tender: Tender | None = None
    amount_minor: Annotated[int, Meta(ge=0, le=MAX_TOTAL_MINOR)] = 0
    tip_minor: Annotated[int, Meta(ge=0, le=MAX_TOTAL_MINOR)] = 0
    drawer: Drawer = ""
    approval: Approval = ""
    moved_at_client: ClientTime | None = None


class RefundLine(msgspec.Struct, frozen=True, kw_only=True):
    """Items of one line that are taken back."""

    id: Annotated[LineId, UUID]
    quantity: Annotated[int, Meta(ge=1, le=MAX_QUANTITY)] = 1


class RefundOrder(msgspec.Struct, frozen=True, kw_only=True):
    """A part of what was paid for an order that was seen at `version` is given back, by the tenders that paid: for
    items of its lines, or an amount. All that is left of it is given back by `ChangePayment`."""

    version: Version
    reason: Reason
    lines: Annotated[tuple[RefundLine, ...], Meta(max_length=MAX_LINES)] = ()
    amount_minor: Annotated[int, Meta(ge=1, le=MAX_GIVEN_MINOR)] | None = None
    """The amount, without lines. With lines: what they came to where they were chosen; another is refused."""
    tender: Tender | None = None
    """By which it goes back first; what was not paid by it goes back by the others."""
    rounding: Annotated[tuple[RefundRounding, ...], Meta(max_length=MAX_TENDERS)] | None = None
    """What rounding adds, by each tender that it adds something to. None: as the shop rounds."""
    drawer: Drawer = ""
    approval: Approval = ""
    moved_at_client: ClientTime | None = None


class AmendedLine(NewLine, frozen=True, kw_only=True):
    """A line as it is to be: one of the order, or a new one."""

    item_id: ItemId = ItemId("")
    """Of a new one. What is in the order keeps its item, options and price."""
    id: Annotated[LineId, Meta(pattern=r"^([0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12})?\Z")] = LineId("")
    """Of one that is in the order; empty for a new one."""


class AmendOrder(msgspec.Struct, frozen=True, kw_only=True):
    """An order that was seen at `version` becomes what this says, all of it: lines that are not named are removed. It
    is priced by the date of the order; what was paid too much is given back, what is more is to be paid."""

    version: Version
    lines: Annotated[tuple[AmendedLine, ...], Meta(min_length=1, max_length=MAX_LINES)]
    fulfilment: Fulfilment
    discount: Discount | None = None
    service: Charge = None
    """None: as the order has it."""
    customer_name: Annotated[str, Meta(max_length=80)] = ""
    customer_phone: Annotated[str, Meta(max_length=40, description="As dialled in the shop's country.")] = ""
    address: Address = ""
    note: Note = ""
    reason: Reason = ""
    """Required where something is taken off, or money is given back."""
    tender: Tender | None = None
    """By which money goes back first."""
    rounding: Annotated[tuple[RefundRounding, ...], Meta(max_length=MAX_TENDERS)] | None = None
    """Of what is given back: as in `RefundOrder`."""
    menu_version: Version | None = None
    """The menu version by which new lines were priced."""
    answers: Annotated[int, Meta(ge=0)] = 0
    """The request of the customer that it grants: `ChangeRequest.version`; 0 for none. It needs no reason then."""
    drawer: Drawer = ""
    approval: Approval = ""
    moved_at_client: ClientTime | None = None


class AskChange(msgspec.Struct, frozen=True, kw_only=True):
    """A customer asks the shop to make this of their own order, which they saw at `version`: all of it, as an amendment
    says it. What the order is already withdraws what was asked before."""

    version: Version
    lines: Annotated[tuple[AmendedLine, ...], Meta(min_length=1, max_length=MAX_LINES)]
    note: Note = ""
    moved_at_client: ClientTime | None = None


class DeclineChange(msgspec.Struct, frozen=True, kw_only=True):
    """A member of staff declines what the customer of an order, seen at `version`, has asked for."""

    version: Version
    answers: Version
    """`ChangeRequest.version`."""
    reason: Reason
    moved_at_client: ClientTime | None = None


NewOrder = PlaceOrder | TakeOrder
MoneyChange = ChangePayment | TakePayment | UndoPayment | RefundOrder
"""Commands on what is paid for an order."""
RequestChange = AskChange | DeclineChange
"""Commands on what a customer asks for."""
VersionedChange = ChangeStatus | RecallOrder | MoneyChange | AmendOrder | RequestChange
"""Commands that name the version of the order that they are based on."""
Change = VersionedChange | CancelOrder
"""Commands on an existing order."""
Command = NewOrder | Change
