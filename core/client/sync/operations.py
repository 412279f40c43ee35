"""One intended change, from the moment it is accepted on this machine until the server has answered for it."""

from datetime import datetime
from enum import StrEnum
from typing import Final, NamedTuple
from urllib.parse import quote

import msgspec

from core import sealing
from core.decoding import decode_reply
from core.domain import order_rules
from core.domain.commands import (
    CancelOrder,
    ChangePayment,
    ChangeStatus,
    Command,
    NewOrder,
    PlaceOrder,
    RecallOrder,
    TakeOrder,
)
from core.domain.ids import OpId, OrderId
from core.domain.order import Order
from core.domain.payment import PaymentChange
from core.domain.people import Role
from core.domain.status import OrderStatus
from core.protocol import sealed


class Kind(StrEnum):
    PLACE = "place"
    TAKE = "take"
    CHANGE_STATUS = "change_status"
    RECALL = "recall"
    CHANGE_PAYMENT = "change_payment"
    CANCEL = "cancel"

    @property
    def makes_order(self) -> bool:
        """There is no order before it."""
        return self in (Kind.PLACE, Kind.TAKE)


class State(StrEnum):
    WAITING = "waiting"
    SENDING = "sending"
    """Handed to a sender of this process. Never on the disk: after a restart it is waiting again."""
    PARKED = "parked"
    """Refused, or the server fails on it every time. It waits for a person and holds up its own order only."""
    CONFLICT = "conflict"
    """The order is no longer what the person saw. They choose."""
    ELSEWHERE = "elsewhere"
    """Accepted for another shop: it waits until this machine is that shop's again. Never on the disk either."""
    DONE = "done"
    DISCARDED = "discarded"


TYPES: Final[dict[Kind, type[Command]]] = {
    Kind.PLACE: PlaceOrder,
    Kind.TAKE: TakeOrder,
    Kind.CHANGE_STATUS: ChangeStatus,
    Kind.RECALL: RecallOrder,
    Kind.CHANGE_PAYMENT: ChangePayment,
    Kind.CANCEL: CancelOrder,
}
_PATHS: Final = {
    Kind.PLACE: "/api/online/orders/",
    Kind.TAKE: "/api/pos/orders/",
    Kind.CHANGE_STATUS: "/api/pos/orders/{}/status/",
    Kind.RECALL: "/api/pos/orders/{}/recall/",
    Kind.CHANGE_PAYMENT: "/api/pos/orders/{}/payment/",
    Kind.CANCEL: "/api/online/orders/{}/cancel/",
}


class Owner(NamedTuple):
    """Who accepted an operation, at which shop. It is sent as nobody else's, and to no other shop."""

    subject: str
    """The person's id."""
    shop: str
    """Empty where a server, or a file, of an earlier release does not say."""


class _Content(msgspec.Struct, frozen=True):
    """What of an operation is sealed once its person has left: all that tells of people, and what they ordered."""

    request: msgspec.Raw
    seen: Order
    problem: str
    theirs: Order | None
    payment: PaymentChange | None = None


class Operation(msgspec.Struct, frozen=True, kw_only=True):
    """`request` is the body as it is sent, byte for byte, every time: the server knows a repeat by it."""

    position: int
    op_id: OpId
    owner: Owner
    shop_name: str = ""
    """What the shop was called then."""
    order_id: OrderId
    kind: Kind
    request: bytes
    seen: Order
    """The order as the person saw it. Of a new order: the order as this window made it."""
    state: State = State.WAITING
    outcome: str = ""
    tries: int = 0
    """How often it came to nothing, for whatever reason. A server that cannot be reached does not count, unless it can
    be for others."""
    problem: str = ""
    theirs: Order | None = None
    """In conflict: the order as the server has it."""
    payment: PaymentChange | None = None
    """In conflict about a payment: what was last done to it, and by whom."""
    created_at: datetime
    number: str = ""
    """Of a new order that was acknowledged: what proves to the server which number it has told (`Order-Number`)."""
    sealed: bytes = b""
    """What only the server can open (`core.protocol.sealed`). While there is something, `request` and `seen` tell of
    nobody, a new order's request is empty, and the operation cannot be sent."""

    def closed(self, public: bytes) -> "Operation":
        """The same, with everything that tells of people sealed to the server's `public` key."""
        content = _Content(msgspec.Raw(self.request), self.seen, self.problem, self.theirs, self.payment)
        context = sealed.context(*self.owner, self.op_id)
        return msgspec.structs.replace(
            self,
            request=b"" if self.kind.makes_order else msgspec.json.encode(_without_reason(self.asked)),
            seen=_impersonal(self.seen),
            problem="",
            theirs=None,
            payment=None,
            sealed=sealing.seal(msgspec.json.encode(content), public, context),
        )

    def opened(self, content: bytes) -> "Operation":
        """As it was before `closed`; `content` is what the server has opened."""
        found = decode_reply(content, _Content)
        return msgspec.structs.replace(
            self,
            request=bytes(found.request),
            seen=found.seen,
            problem=found.problem,
            theirs=found.theirs,
            payment=found.payment,
            sealed=b"",
        )

    @property
    def path(self) -> str:
        return _PATHS[self.kind].format(quote(self.order_id))

    @property
    def asked(self) -> Command:
        return decode_reply(self.request, TYPES[self.kind])

    @property
    def told_number(self) -> str:
        """The number that the server has told for a new order; empty while it has told none."""
        return self.number.rpartition(".")[0]

    @property
    def held(self) -> bool:
        """It waits for a person, and its order's later operations with it."""
        return self.state in (State.PARKED, State.CONFLICT)

    def on(self, row: Order) -> "Operation":
        """The same intention, told of the order as it is in `row`. Only for what the server has not taken in."""
        asked = self.asked
        if isinstance(asked, PlaceOrder):  # at the price that was told since
            asked = msgspec.structs.replace(asked, expected_total_minor=row.total_minor)
            return msgspec.structs.replace(self, request=msgspec.json.encode(asked), seen=row)
        if isinstance(asked, ChangeStatus | RecallOrder | ChangePayment):
            asked = msgspec.structs.replace(asked, version=row.version)
        return msgspec.structs.replace(self, request=msgspec.json.encode(asked), seen=without_lines(row))

    def numbered(self, number: str) -> "Operation":
        """The same new order under another number."""
        asked = msgspec.structs.replace(self.asked, number=number)
        seen = msgspec.structs.replace(self.seen, number=number)
        return msgspec.structs.replace(self, request=msgspec.json.encode(asked), seen=seen)


def _without_reason(asked: Command) -> Command:
    return msgspec.structs.replace(asked, reason="") if hasattr(asked, "reason") else asked


def _impersonal(row: Order) -> Order:
    """An order without anything that tells whose it is or what was ordered. Its number, status and sums stay."""
    return msgspec.structs.replace(
        row, customer_id=None, customer_name="", customer_phone="", address="", note="", reason="", lines=()
    )


def without_lines(row: Order) -> Order:
    """All of an order that its moves depend on."""
    return msgspec.structs.replace(row, lines=())


def named_version(asked: Command) -> int | None:
    """The version of the order that the request says it saw."""
    return asked.version if isinstance(asked, ChangeStatus | RecallOrder | ChangePayment) else None


def target(operation: Operation) -> OrderStatus | None:
    """The status the operation moves its order to; None when it moves none."""
    asked = operation.asked
    return None if isinstance(asked, NewOrder) else order_rules.target_by(operation.seen, asked, Role.CASHIER)


def predict(row: Order | None, operation: Operation) -> Order | None:
    """The order as it will be once the server has applied `operation` to `row`. None when there is no order to tell of.

    A new order is shown as this window made it until the server's row is there. A row that is past what the person saw
    and as they wanted it needs nothing more: its event was here before the answer.
    """
    if operation.kind.makes_order:
        return row or operation.seen
    if row is None:
        return None
    asked = operation.asked
    if isinstance(asked, ChangePayment):
        will_be = order_rules.paid(row, asked, row.updated_at)
    elif (to := target(operation)) is not None:
        will_be = order_rules.moved(row, to, getattr(asked, "reason", ""), row.updated_at)
    else:
        return row
    happened = row.version > operation.seen.version
    there = (row.status, row.payment, row.tender) == (will_be.status, will_be.payment, will_be.tender)
    return row if happened and there else will_be
