"""Operations: one intended change each, from its acceptance on this machine until the server's answer."""

import contextlib
from collections.abc import Collection, Iterable
from datetime import datetime
from enum import StrEnum
from typing import Any, Final, NamedTuple

import msgspec

from core import sealing
from core.decoding import decode_reply
from core.domain import change_request, held_baskets, order_rules
from core.domain.amendment import overlaid
from core.domain.commands import (
    AmendedLine,
    AmendOrder,
    AskChange,
    Change,
    ChangePayment,
    Command,
    DeclineChange,
    PlaceOrder,
    RefundOrder,
    RequestChange,
    TakeOrder,
    TakePayment,
    UndoPayment,
    VersionedChange,
)
from core.domain.drawers import DrawerCommand, cash_held_minor
from core.domain.errors import DomainError
from core.domain.held_baskets import BasketCommand, Hand, HeldBasket, HoldBasket
from core.domain.ids import BasketId, DeviceId, OpId, OrderId, ShopId
from core.domain.order import ChangeRequest, Channel, Order, PaymentState, RequestState, Tender
from core.domain.payment import PaymentChange, money_of
from core.domain.people import Role
from core.domain.status import Fulfilment, OrderStatus
from core.protocol import routes, sealed
from core.protocol.route import NOTHING, AnyRoute, Nothing, Request, Route

_BASKET: Final = "basket/"
Asked = Command | DrawerCommand | BasketCommand


class Kind(StrEnum):
    PLACE = "place"
    TAKE = "take"
    CHANGE_STATUS = "change_status"
    RECALL = "recall"
    CHANGE_PAYMENT = "change_payment"
    TAKE_PAYMENT = "take_payment"
    UNDO_PAYMENT = "undo_payment"
    REFUND = "refund"
    AMEND = "amend"
    CANCEL = "cancel"
    ASK_CHANGE = "ask_change"
    DECLINE_CHANGE = "decline_change"
    OPEN_DRAWER = "open_drawer"
    MOVE_CASH = "move_cash"
    COUNT_DRAWER = "count_drawer"
    CLOSE_DRAWER = "close_drawer"
    HOLD_BASKET = "hold_basket"
    TAKE_BASKET = "take_basket"
    DROP_BASKET = "drop_basket"

    @property
    def is_of_basket(self) -> bool:
        """Whether it is about a held basket, and about no order."""
        return self in (Kind.HOLD_BASKET, Kind.TAKE_BASKET, Kind.DROP_BASKET)

    @property
    def is_of_order(self) -> bool:
        return not (self.is_of_drawer or self.is_of_basket)

    @property
    def is_personal(self) -> bool:
        """Whether its request is what somebody ordered, or is about to: nothing of it can be read once it is sealed."""
        return self.makes_order or self is Kind.HOLD_BASKET

    @property
    def is_of_drawer(self) -> bool:
        """Whether it is about the drawer of this POS, and about no order."""
        return self in (Kind.OPEN_DRAWER, Kind.MOVE_CASH, Kind.COUNT_DRAWER, Kind.CLOSE_DRAWER)

    @property
    def makes_order(self) -> bool:
        """Whether it is for a new order."""
        return self in (Kind.PLACE, Kind.TAKE)


class State(StrEnum):
    WAITING = "waiting"
    SENDING = "sending"
    """A sender of this process has it. Never on the disk: after a restart it is waiting again."""
    PARKED = "parked"
    """Refused, or the server fails on it every time. It waits for a person and holds up its own order only."""
    CONFLICT = "conflict"
    """The order is no longer as the person saw it. They choose."""
    ELSEWHERE = "elsewhere"
    """Accepted for another shop: it waits until this machine is paired with that one again. Never on the disk."""
    DONE = "done"
    DISCARDED = "discarded"


ROUTES: Final[dict[Kind, Route[Any, Nothing, Any]]] = {
    Kind.PLACE: routes.PLACE,
    Kind.TAKE: routes.TAKE,
    Kind.CHANGE_STATUS: routes.CHANGE_STATUS,
    Kind.RECALL: routes.RECALL,
    Kind.CHANGE_PAYMENT: routes.CHANGE_PAYMENT,
    Kind.TAKE_PAYMENT: routes.TAKE_PAYMENT,
    Kind.UNDO_PAYMENT: routes.UNDO_PAYMENT,
    Kind.REFUND: routes.REFUND,
    Kind.AMEND: routes.AMEND,
    Kind.CANCEL: routes.CANCEL,
    Kind.ASK_CHANGE: routes.ASK_CHANGE,
    Kind.DECLINE_CHANGE: routes.DECLINE_CHANGE,
    Kind.OPEN_DRAWER: routes.OPEN_DRAWER,
    Kind.MOVE_CASH: routes.MOVE_CASH,
    Kind.COUNT_DRAWER: routes.COUNT_DRAWER,
    Kind.CLOSE_DRAWER: routes.CLOSE_DRAWER,
    Kind.HOLD_BASKET: routes.HOLD_BASKET,
    Kind.TAKE_BASKET: routes.TAKE_BASKET,
    Kind.DROP_BASKET: routes.DROP_BASKET,
}
"""The routes of operations that are sent from an outbox (`Offline.OUTBOX`), by their kind in a window's file."""
KINDS: Final[dict[AnyRoute, Kind]] = {route: kind for kind, route in ROUTES.items()}


class Owner(NamedTuple):
    """The person who accepted an operation, and the shop. It is sent as nobody else's, and to no other shop."""

    subject: str
    """The person's id."""
    shop: str
    """Empty where a server, or a file, of an earlier release does not give it."""


class _Content(msgspec.Struct, frozen=True):
    """The part of an operation that is sealed once its person has left: personal data, and what was ordered."""

    request: msgspec.Raw
    seen: Order
    problem: str
    theirs: Order | None
    payment: PaymentChange | None = None
    made: Order | None = None


class Operation(msgspec.Struct, frozen=True, kw_only=True):
    """`request` is the body, sent byte for byte the same every time: the server recognises a repetition by it."""

    position: int
    op_id: OpId
    owner: Owner
    shop_name: str = ""
    """The name of the shop at the time."""
    order_id: OrderId
    """Operations of one order are sent one after the other. Those of a drawer have `drawer_queue` here,
    those of a held basket `basket_queue`."""
    kind: Kind
    request: bytes
    seen: Order
    """The order as the person saw it. For a new order: the order as this window predicted it. For what is about
    no order: `no_order`."""
    state: State = State.WAITING
    outcome: str = ""
    failed_attempts: int = 0
    """How often it failed, for any reason. An unreachable server does not count, unless it is reachable for others."""
    problem: str = ""
    theirs: Order | None = None
    """In conflict: the server's order."""
    payment: PaymentChange | None = None
    """In conflict about a payment: its last change, and by whom."""
    made: Order | None = None
    """Of an amendment, or a request for one: the order as this window predicted it, priced by the menu that it had."""
    created_at: datetime
    number: str = ""
    """For an acknowledged new order: the server's proof of its number (`Order-Number`)."""
    sealed: bytes = b""
    """Content that only the server can open (`core.protocol.sealed`). While not empty, `request` and `seen` contain no
    personal data, a new order's request is empty, and the operation cannot be sent."""

    def closed(self, public: bytes) -> "Operation":
        """The operation with all personal data sealed to the server's `public` key."""
        content = _Content(msgspec.Raw(self.request), self.seen, self.problem, self.theirs, self.payment, self.made)
        context = sealed.context(*self.owner, self.op_id)
        return msgspec.structs.replace(
            self,
            request=b"" if self.kind.is_personal else msgspec.json.encode(_impersonal_request(self.asked)),
            seen=_impersonal(self.seen),
            problem="",
            theirs=None,
            payment=None,
            made=None,
            sealed=sealing.seal(msgspec.json.encode(content), public, context),
        )

    def opened(self, content: bytes) -> "Operation":
        """The operation as before `closed`; `content` was opened by the server."""
        found = decode_reply(content, _Content)
        return msgspec.structs.replace(
            self,
            request=bytes(found.request),
            seen=found.seen,
            problem=found.problem,
            theirs=found.theirs,
            payment=found.payment,
            made=found.made,
            sealed=b"",
        )

    @property
    def sent(self) -> Request[Any]:
        """As it is sent, the same every time."""
        route = ROUTES[self.kind]
        parameter = self.order_id.removeprefix(_BASKET) if route.parameter else ""
        return Request(route, parameter, NOTHING, msgspec.Raw(self.request), self.op_id, self.number)

    @property
    def asked(self) -> Asked:
        asked: Asked = decode_reply(self.request, ROUTES[self.kind].body)
        return asked

    @property
    def issued_number(self) -> str:
        """The number that the server has issued for a new order; empty while it has issued none."""
        return self.number.rpartition(".")[0]

    @property
    def held(self) -> bool:
        """Whether it waits for a person, and its order's later operations with it."""
        return self.state in (State.PARKED, State.CONFLICT)

    def on(self, row: Order) -> "Operation":
        """The same operation, based on the order `row`. Only for one that the server has not accepted."""
        asked = self.asked
        if isinstance(asked, PlaceOrder):  # at the new price
            asked = msgspec.structs.replace(asked, expected_total_minor=row.total_minor)
            return msgspec.structs.replace(self, request=msgspec.json.encode(asked), seen=row)
        if isinstance(asked, VersionedChange):
            asked = msgspec.structs.replace(asked, version=row.version)
        return msgspec.structs.replace(self, request=msgspec.json.encode(asked), seen=without_lines(row))

    def approved(self, approval: str) -> "Operation":
        """The same operation, with what somebody has allowed."""
        asked = msgspec.structs.replace(self.asked, approval=approval)
        return msgspec.structs.replace(self, request=msgspec.json.encode(asked))

    def numbered(self, number: str) -> "Operation":
        """The same new order under another number."""
        asked = msgspec.structs.replace(self.asked, number=number)
        seen = msgspec.structs.replace(self.seen, number=number)
        return msgspec.structs.replace(self, request=msgspec.json.encode(asked), seen=seen)


def drawer_queue(device: DeviceId, owner: str = "") -> OrderId:
    """The queue of the operations of a drawer of a POS, in place of an order id: they are sent one after the other."""
    return OrderId(f"drawer/{device}/{owner}" if owner else f"drawer/{device}")


def basket_queue(basket_id: BasketId) -> OrderId:
    """The queue of the operations of a held basket, in place of an order id."""
    return OrderId(f"{_BASKET}{basket_id}")


def is_basket_queue(order_id: OrderId) -> bool:
    return order_id.startswith(_BASKET)


def no_order(queue: OrderId, device: DeviceId, at: datetime, by: str = "") -> Order:
    """The placeholder for the seen order, of an operation that is about none. Its number is the name of the POS."""
    return Order(
        id=queue,
        shop_id=ShopId(""),
        number=device,
        customer_name=by,
        channel=Channel.COUNTER,
        status=OrderStatus.COMPLETED,
        version=1,
        fulfilment=Fulfilment.DINE_IN,
        tender=Tender.CASH,
        payment=PaymentState.UNPAID,
        currency="",
        subtotal_minor=0,
        tax_minor=0,
        total_minor=0,
        placed_at=at,
        updated_at=at,
    )


def _impersonal_request(asked: Asked) -> Asked:
    """The request without its reason, who has allowed it, and what somebody has ordered."""
    if isinstance(asked, AmendOrder):
        nothing = (AmendedLine(),)
        return AmendOrder(version=asked.version, lines=nothing, fulfilment=asked.fulfilment, drawer=asked.drawer)
    if isinstance(asked, AskChange):
        return AskChange(version=asked.version, lines=(AmendedLine(),))
    said = {name: "" for name in ("reason", "approval") if name in asked.__struct_fields__}
    return msgspec.structs.replace(asked, **said)


def _impersonal(row: Order) -> Order:
    """An order without personal data and lines. Its number, status and totals stay."""
    return msgspec.structs.replace(
        row,
        customer_id=None,
        customer_name="",
        customer_phone="",
        address="",
        note="",
        reason="",
        change_request=None,
        lines=(),
    )


def without_lines(row: Order) -> Order:
    """The part of an order that moves depend on."""
    return msgspec.structs.replace(row, lines=())


def named_version(asked: Asked) -> int | None:
    """The version of the order that the request is based on."""
    return asked.version if isinstance(asked, VersionedChange) else None


def target(operation: Operation) -> OrderStatus | None:
    """The status that the operation moves its order to; None when it moves none."""
    if operation.kind.makes_order or not operation.kind.is_of_order:
        return None
    asked = operation.asked
    assert isinstance(asked, Change)
    return order_rules.target_by(operation.seen, asked, Role.CASHIER)


def predict(row: Order | None, operation: Operation) -> Order | None:
    """The prediction of the order once the server has applied `operation` to `row`. None when there is no order to
    show.

    A new order is shown as this window predicted it until the server's row arrives. A row that is later than the person
    saw and has the wanted status is returned unchanged: its event arrived before the answer.
    """
    if operation.kind.makes_order:
        return row or operation.seen
    if row is None:
        return None
    asked = operation.asked
    if isinstance(asked, TakePayment | UndoPayment | RefundOrder):
        return _money_moved(row, asked, operation.seen)
    if isinstance(asked, AmendOrder):
        made = operation.made
        # It has that already where its event arrived before the answer.
        return row if made is None or row.amendments >= made.amendments else overlaid(row, made)
    if isinstance(asked, RequestChange):
        return _requested(row, asked, operation)
    if isinstance(asked, ChangePayment):
        will_be = order_rules.paid(row, asked, row.updated_at)
    elif (to := target(operation)) is not None:
        will_be = order_rules.moved(row, to, getattr(asked, "reason", ""), row.updated_at)
        will_be = msgspec.structs.replace(will_be, moved_at=operation.created_at)
    else:
        return row
    happened = row.version > operation.seen.version
    there = (row.status, row.payment, row.tender) == (will_be.status, will_be.payment, will_be.tender)
    return row if happened and there else will_be


def cash_moved_minor(seen: Order, operation: Operation, in_drawer: Collection[Tender] = (Tender.CASH,)) -> int:
    """The cash that goes into the drawer by an operation on the order `seen`; below zero, out of it. `in_drawer`: the
    tenders whose money lies there."""
    if operation.kind.makes_order:
        return cash_held_minor(seen, in_drawer)
    will_be = predict(seen, operation) if operation.kind.is_of_order else None
    return 0 if will_be is None else cash_held_minor(will_be, in_drawer) - cash_held_minor(seen, in_drawer)


def _money_moved(row: Order, asked: TakePayment | UndoPayment | RefundOrder, seen: Order) -> Order:
    """The prediction of a payment or a refund; the row itself where it has that already, or no longer allows it."""
    try:
        if row.version > seen.version and _is_done(row, asked, seen):
            return row
        return order_rules.move_money(row, asked, row.updated_at)
    except DomainError:
        return row


def _requested(row: Order, asked: RequestChange, operation: Operation) -> Order:
    """The prediction of a customer's request, or of the answer that it is declined; the row itself where it has that
    already, or is past it."""
    if isinstance(asked, DeclineChange):
        try:
            return change_request.declined(row, asked, operation.created_at)
        except DomainError:
            return row
    made = operation.made.change_request if operation.made is not None else None
    if made is None or (row.version > operation.seen.version and _has_request(row, made)):
        return row
    return msgspec.structs.replace(row, change_request=made, version=row.version + 1, updated_at=operation.created_at)


def _has_request(row: Order, made: ChangeRequest) -> bool:
    """Whether the row has this request, whatever has become of it since."""
    has = row.change_request
    if has is None or (has.lines, has.note) != (made.lines, made.note):
        return False
    return made.state is RequestState.ASKED or has.state is made.state


def _is_done(row: Order, asked: TakePayment | UndoPayment | RefundOrder, seen: Order) -> bool:
    """Whether a row that is later than was seen has what was asked for: its event arrived before the answer."""
    if isinstance(asked, RefundOrder):
        return row.refunded_minor > seen.refunded_minor
    return money_of(row) == money_of(order_rules.move_money(seen, asked, row.updated_at))


def predict_baskets(kept: Iterable[HeldBasket], operations: Iterable[Operation]) -> tuple[HeldBasket, ...]:
    """The baskets that the shop holds once the server, which has `kept`, has applied `operations`; the oldest first.

    One that the server refuses to hold is shown all the same, as it is held here alone; one of which an order waits is
    not, whatever the server says of the order.
    """
    baskets = {each.id: each for each in kept if each.gone is None}
    for operation in operations:
        if operation.sealed or not (operation.kind.is_of_basket or operation.kind is Kind.TAKE):
            continue
        asked = operation.asked
        hand = Hand(operation.seen.customer_name, DeviceId(operation.seen.number), operation.created_at)
        if isinstance(asked, TakeOrder):
            baskets.pop(asked.basket, None)
        elif isinstance(asked, HoldBasket):
            baskets.pop(asked.replaces, None)
            baskets.setdefault(asked.id, held_baskets.hold(None, asked, hand, 0))
        elif not operation.held:
            basket_id = BasketId(operation.order_id.removeprefix(_BASKET))
            known = baskets.pop(basket_id, None)
            if known is not None and operation.kind is Kind.TAKE_BASKET:
                with contextlib.suppress(DomainError):
                    known = held_baskets.take(known, hand)
                baskets[basket_id] = known
    return tuple(sorted(baskets.values(), key=lambda each: (each.held.at, each.id)))
