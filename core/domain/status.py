"""Statuses: how people see and hear each (`LOOKS`), and what may become of an order, by whom (`TRANSITIONS`)."""

from enum import StrEnum
from typing import Final

import msgspec

from core.domain.errors import IllegalMove, ReasonRequired
from core.domain.people import Role
from core.domain.texts import N_, check_no_card
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


class StatusLook(msgspec.Struct, frozen=True, kw_only=True):
    """What people see and hear of a status. Words are English; windows translate them."""

    label: str
    description: str
    """What it means for the order's customer."""
    colour: str
    """A token of `resources/tokens.json` that has a `_soft` ground, or `muted`. It is never the only sign."""
    icon: str
    """Its shape: `resources/icons/<icon>.svg`."""
    sound: str = ""
    """What a customer hears when their order comes to it: `resources/sounds/<sound>.wav`."""
    sentence: str = ""
    """What a customer is told when their order comes to it; empty: nothing, and there is no sound either."""
    column: str = ""
    """What stands over its column on the order board. Every status of `OPEN` has one."""
    empty: str = ""
    """What stands in that column while it has no order."""
    display: OrderStatus | None = None
    """Under which heading the status display shows it, `PREPARING` or `READY`; None: it does not."""


class Fulfilment(WireEnum):
    PICKUP = "pickup"
    DELIVERY = "delivery"
    DINE_IN = "dine_in"


_S = OrderStatus
LOOKS: Final = {
    _S.PENDING: StatusLook(
        label=N_("Placed"),
        description=N_("We have your order and will confirm it shortly."),
        colour="pending",
        icon="status-pending",
        column=N_("New"),
        empty=N_("New orders appear here by themselves."),
    ),
    _S.CONFIRMED: StatusLook(
        label=N_("Confirmed"),
        description=N_("Your order is confirmed and will be prepared next."),
        colour="confirmed",
        icon="status-confirmed",
        sound="confirmed",
        sentence=N_("Your order is confirmed"),
        column=N_("Confirmed"),
        empty=N_("Nothing waits for the kitchen."),
    ),
    _S.PREPARING: StatusLook(
        label=N_("Preparing"),
        description=N_("The kitchen is preparing your order."),
        colour="preparing",
        icon="status-preparing",
        sound="preparing",
        sentence=N_("Your order is now being prepared"),
        column=N_("Preparing"),
        empty=N_("Nothing is being prepared."),
        display=_S.PREPARING,
    ),
    _S.READY: StatusLook(
        label=N_("Ready"),
        description=N_("Your order is ready."),
        colour="ready",
        icon="status-ready",
        sound="ready",
        sentence=N_("Your order is ready"),
        column=N_("Ready"),
        empty=N_("Nothing waits to be handed over."),
        display=_S.READY,
    ),
    _S.OUT_FOR_DELIVERY: StatusLook(
        label=N_("Out for delivery"),
        description=N_("Your order is on its way to you."),
        colour="delivery",
        icon="status-out_for_delivery",
        sound="out_for_delivery",
        sentence=N_("Your order is on its way"),
        column=N_("Out for delivery"),
        empty=N_("Nothing is on its way."),
    ),
    _S.COMPLETED: StatusLook(
        label=N_("Completed"),
        description=N_("Your order is complete. Enjoy!"),
        colour="muted",
        icon="status-completed",
        sound="completed",
        sentence=N_("Your order is complete. Enjoy!"),
    ),
    _S.REJECTED: StatusLook(
        label=N_("Rejected"),
        description=N_("The shop could not take this order."),
        colour="danger",
        icon="status-rejected",
        sound="cancelled",
        sentence=N_("The shop could not take your order"),
    ),
    _S.CANCELLED: StatusLook(
        label=N_("Cancelled"),
        description=N_("This order was cancelled."),
        colour="danger",
        icon="status-cancelled",
        sound="cancelled",
        sentence=N_("Your order was cancelled"),
    ),
}
"""Every status of this release: whoever shows one asks `look`."""
CALLED_OFF: Final = frozenset({_S.REJECTED, _S.CANCELLED})
"""It ended early: nobody will have it, and what was paid is to be given back."""


def look(status: OrderStatus) -> StatusLook:
    """A status's look. One that only a newer server knows is said in its own words, under a column of its own."""
    words = status.readable
    return LOOKS.get(status) or StatusLook(label=words, description=words, column=words, colour="muted", icon="info")


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
    step: str = ""
    """What a till's button for it says. Every `ADVANCE` has it."""


TRANSITIONS: Final[tuple[Transition, ...]] = (
    Transition(_S.PENDING, _S.CONFIRMED, Move.ADVANCE, step=N_("Confirm")),
    Transition(_S.CONFIRMED, _S.PREPARING, Move.ADVANCE, step=N_("Start preparing")),
    Transition(_S.PREPARING, _S.READY, Move.ADVANCE, step=N_("Mark ready")),
    Transition(_S.READY, _S.COMPLETED, Move.ADVANCE, fulfilments=_COLLECTED, step=N_("Hand over")),
    Transition(_S.READY, _S.OUT_FOR_DELIVERY, Move.ADVANCE, fulfilments=_DELIVERY, step=N_("Send out")),
    Transition(_S.OUT_FOR_DELIVERY, _S.COMPLETED, Move.ADVANCE, fulfilments=_DELIVERY, step=N_("Delivered")),
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
OPEN: Final = frozenset(t.source for t in TRANSITIONS if t.move is not Move.RECALL)
"""Somebody still has to do something for it: it goes on, or can be called off."""
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
        raise IllegalMove(f"An order that is {look(source).label} cannot become {look(target).label}.", "to")
    if role not in found.roles:
        raise IllegalMove(f"A {role} may not move an order from {look(source).label} to {look(target).label}.", "to")
    if role in found.reason_from and not reason.strip():
        raise ReasonRequired(f"Say why the order becomes {look(target).label}.", "reason")
    check_no_card(reason=reason)
    return found


def move_from(source: OrderStatus, move: Move, fulfilment: Fulfilment, role: Role) -> Transition | None:
    """The transition that `move` makes of an order, or None when this role has no such move from there."""
    found = _BY_MOVE.get((source, move, fulfilment))
    return found if found is not None and role in found.roles else None


def target_of(source: OrderStatus, move: Move, fulfilment: Fulfilment, role: Role) -> OrderStatus | None:
    """Where `move` takes an order, or None when this role has no such move from there."""
    found = move_from(source, move, fulfilment, role)
    return found.target if found is not None else None


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


def _line(fulfilment: Fulfilment) -> tuple[OrderStatus, ...]:
    passed = [_S.PENDING]
    while (found := _BY_MOVE.get((passed[-1], Move.ADVANCE, fulfilment))) is not None:
        passed.append(found.target)
    return tuple(passed)


_STEPS: Final = {fulfilment: _line(fulfilment) for fulfilment in Fulfilment}


def steps_of(fulfilment: Fulfilment) -> tuple[OrderStatus, ...]:
    """The statuses an order passes through when nothing goes wrong, first to last."""
    return _STEPS.get(fulfilment, _STEPS[Fulfilment.PICKUP])


def status_info(status: OrderStatus, fulfilment: Fulfilment) -> StatusInfo:
    words, line = look(status), steps_of(fulfilment)
    if status not in line:
        return StatusInfo(status, words.label, words.description, 0, 0, 0)
    step, steps = line.index(status) + 1, len(line)
    return StatusInfo(status, words.label, words.description, step, steps, 100 * step // steps)
