"""The one table of what an order may become, who may move it there, and what people are told about it."""

from enum import StrEnum
from typing import Final

import msgspec

from core.domain.errors import IllegalMove, ReasonRequired
from core.domain.people import Role
from core.domain.texts import check_no_card
from core.wire_enum import WireEnum


class OrderStatus(WireEnum):
    PENDING = "pending"
    CONFIRMED = "confirmed"
    PREPARING = "preparing"
    READY = "ready"
    OUT_FOR_DELIVERY = "out_for_delivery"
    COMPLETED = "completed"
    REJECTED = "rejected"
    CANCELLED = "cancelled"

    @property
    def is_open(self) -> bool:
        """Somebody still has to do something for this order, as far as this release knows."""
        return self in OPEN or not self.is_known


class Fulfilment(WireEnum):
    PICKUP = "pickup"
    DELIVERY = "delivery"
    DINE_IN = "dine_in"


_S = OrderStatus
OPEN: Final = frozenset({_S.PENDING, _S.CONFIRMED, _S.PREPARING, _S.READY, _S.OUT_FOR_DELIVERY})
CALLED_OFF: Final = frozenset({_S.REJECTED, _S.CANCELLED})
"""It ended early: nobody will have it, and what was paid is to be given back."""


class Move(StrEnum):
    """What kind of change a transition is."""

    ADVANCE = "advance"
    RECALL = "recall"
    REJECT = "reject"
    CANCEL = "cancel"


STAFF: Final = frozenset({Role.CASHIER, Role.ADMIN})
PEOPLE: Final = STAFF | {Role.CUSTOMER}
EVERYONE: Final = frozenset(Role)
ANY_FULFILMENT: Final = frozenset(Fulfilment)
_DELIVERY = frozenset({Fulfilment.DELIVERY})
_COLLECTED = ANY_FULFILMENT - _DELIVERY


class Transition(msgspec.Struct, frozen=True):
    source: OrderStatus
    target: OrderStatus
    move: Move
    roles: frozenset[Role] = STAFF
    fulfilments: frozenset[Fulfilment] = ANY_FULFILMENT
    reason_from: frozenset[Role] = frozenset()
    """The roles that must say why."""


TRANSITIONS: Final[tuple[Transition, ...]] = (
    Transition(_S.PENDING, _S.CONFIRMED, Move.ADVANCE),
    Transition(_S.CONFIRMED, _S.PREPARING, Move.ADVANCE),
    Transition(_S.PREPARING, _S.READY, Move.ADVANCE),
    Transition(_S.READY, _S.COMPLETED, Move.ADVANCE, fulfilments=_COLLECTED),
    Transition(_S.READY, _S.OUT_FOR_DELIVERY, Move.ADVANCE, fulfilments=_DELIVERY),
    Transition(_S.OUT_FOR_DELIVERY, _S.COMPLETED, Move.ADVANCE, fulfilments=_DELIVERY),
    Transition(_S.CONFIRMED, _S.PENDING, Move.RECALL),
    Transition(_S.PREPARING, _S.CONFIRMED, Move.RECALL),
    Transition(_S.READY, _S.PREPARING, Move.RECALL),
    Transition(_S.OUT_FOR_DELIVERY, _S.READY, Move.RECALL, fulfilments=_DELIVERY),
    Transition(_S.COMPLETED, _S.READY, Move.RECALL, fulfilments=_COLLECTED),
    Transition(_S.COMPLETED, _S.OUT_FOR_DELIVERY, Move.RECALL, fulfilments=_DELIVERY),
    Transition(_S.PENDING, _S.REJECTED, Move.REJECT, reason_from=STAFF),
    Transition(_S.PENDING, _S.CANCELLED, Move.CANCEL, roles=PEOPLE, reason_from=STAFF),
    Transition(_S.CONFIRMED, _S.CANCELLED, Move.CANCEL, reason_from=STAFF),
    Transition(_S.PREPARING, _S.CANCELLED, Move.CANCEL, reason_from=STAFF),
    Transition(_S.READY, _S.CANCELLED, Move.CANCEL, reason_from=STAFF),
    Transition(_S.OUT_FOR_DELIVERY, _S.CANCELLED, Move.CANCEL, reason_from=STAFF),
)
_BY_ENDS: Final = {(t.source, t.target): t for t in TRANSITIONS}
_BY_MOVE: Final = {(t.source, t.move, f): t for t in TRANSITIONS for f in t.fulfilments}


def transition(
    source: OrderStatus, target: OrderStatus, fulfilment: Fulfilment, role: Role, reason: str = ""
) -> Transition:
    """The transition that takes an order from `source` to `target`.

    Raises `IllegalMove` when the table has none for this role and fulfilment, `ReasonRequired` when the move
    must say why and does not, `CardNumber` when what it says has one.
    """
    found = _BY_ENDS.get((source, target))
    if found is None or fulfilment not in found.fulfilments:
        raise IllegalMove(f"An order that is {label(source)} cannot become {label(target)}.", "to")
    if role not in found.roles:
        raise IllegalMove(f"A {role} may not move an order from {label(source)} to {label(target)}.", "to")
    if role in found.reason_from and not reason.strip():
        raise ReasonRequired(f"Say why the order becomes {label(target)}.", "reason")
    check_no_card(reason=reason)
    return found


def target_of(source: OrderStatus, move: Move, fulfilment: Fulfilment, role: Role) -> OrderStatus | None:
    """Where `move` takes an order, or None when this role has no such move from there."""
    found = _BY_MOVE.get((source, move, fulfilment))
    return found.target if found is not None and role in found.roles else None


class StatusInfo(msgspec.Struct, frozen=True):
    """What a person is told about a status.

    `step` counts from 1 to `steps`; both are 0 once rejected or cancelled. `progress` is a percentage.
    """

    status: OrderStatus
    label: str
    description: str
    step: int
    steps: int
    progress: int


_LABELS: Final = {
    _S.PENDING: "Placed",
    _S.CONFIRMED: "Confirmed",
    _S.PREPARING: "Preparing",
    _S.READY: "Ready",
    _S.OUT_FOR_DELIVERY: "Out for delivery",
    _S.COMPLETED: "Completed",
    _S.REJECTED: "Rejected",
    _S.CANCELLED: "Cancelled",
}
_DESCRIPTIONS: Final = {
    _S.PENDING: "We have your order and will confirm it shortly.",
    _S.CONFIRMED: "Your order is confirmed and will be prepared next.",
    _S.PREPARING: "The kitchen is preparing your order.",
    _S.READY: "Your order is ready.",
    _S.OUT_FOR_DELIVERY: "Your order is on its way to you.",
    _S.COMPLETED: "Your order is complete. Enjoy!",
    _S.REJECTED: "The shop could not take this order.",
    _S.CANCELLED: "This order was cancelled.",
}
_COLLECTED_STEPS: Final = (_S.PENDING, _S.CONFIRMED, _S.PREPARING, _S.READY, _S.COMPLETED)
_DELIVERY_STEPS: Final = (_S.PENDING, _S.CONFIRMED, _S.PREPARING, _S.READY, _S.OUT_FOR_DELIVERY, _S.COMPLETED)


def label(status: OrderStatus) -> str:
    return _LABELS[status] if status.is_known else status.readable


def steps_of(fulfilment: Fulfilment) -> tuple[OrderStatus, ...]:
    """The statuses an order passes through when nothing goes wrong, first to last."""
    return _DELIVERY_STEPS if fulfilment is Fulfilment.DELIVERY else _COLLECTED_STEPS


def status_info(status: OrderStatus, fulfilment: Fulfilment) -> StatusInfo:
    steps = steps_of(fulfilment)
    if status not in steps:
        return StatusInfo(status, label(status), _DESCRIPTIONS.get(status, ""), 0, 0, 0)
    step = steps.index(status) + 1
    return StatusInfo(status, _LABELS[status], _DESCRIPTIONS[status], step, len(steps), 100 * step // len(steps))
