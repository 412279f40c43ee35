"""Statuses: how each looks and sounds (`LOOKS`), and the allowed transitions by role (`TRANSITIONS`)."""

from enum import StrEnum
from typing import Final

import msgspec

from core.domain.errors import IllegalMove, ReasonRequired
from core.domain.people import Role
from core.domain.texts import N_, check_no_card, is_blank
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
        """Whether something remains to be done for the order, as far as this release knows the status."""
        return self in OPEN or not self.is_known


class StatusLook(msgspec.Struct, frozen=True, kw_only=True):
    """The look and sound of a status. Texts are English; windows translate them."""

    label: str
    description: str
    """Its meaning for the order's customer."""
    colour: str
    """A token of `resources/tokens.json` that has a `_soft` ground, or `muted`. It is never the only sign."""
    icon: str
    """Its shape: `resources/icons/<icon>.svg`."""
    sound: str = ""
    """Played to the customer when their order gets this status: `resources/sounds/<sound>.wav`."""
    sentence: str = ""
    """Shown to the customer when their order gets this status; empty: no notification and no sound."""
    empty: str = ""
    """The text of its column on the order board while it has no order. Every status of `OPEN` has a column."""
    display: OrderStatus | None = None
    """The heading of the status display under which it appears: `CONFIRMED` (*Waiting*), `PREPARING` or `READY`; None:
    it does not."""


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
        empty=N_("New orders appear here by themselves."),
    ),
    _S.CONFIRMED: StatusLook(
        label=N_("Confirmed"),
        description=N_("Your order is confirmed and will be prepared next."),
        colour="confirmed",
        icon="status-confirmed",
        sound="confirmed",
        sentence=N_("Your order is confirmed"),
        empty=N_("Nothing waits for the kitchen."),
        display=_S.CONFIRMED,
    ),
    _S.PREPARING: StatusLook(
        label=N_("Preparing"),
        description=N_("The kitchen is preparing your order."),
        colour="preparing",
        icon="status-preparing",
        sound="preparing",
        sentence=N_("Your order is now being prepared"),
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
"""Every status of this release; read it by `look`."""
CALLED_OFF: Final = frozenset({_S.REJECTED, _S.CANCELLED})
"""Statuses of orders that ended early: a payment is to be refunded."""


def look(status: OrderStatus) -> StatusLook:
    """The look of a status. One of a newer release gets its readable name, in a column of its own."""
    words = status.readable
    return LOOKS.get(status) or StatusLook(label=words, description=words, colour="muted", icon="info")


class Move(StrEnum):
    """The kind of a transition."""

    ADVANCE = "advance"
    RECALL = "recall"
    REJECT = "reject"
    CANCEL = "cancel"


STAFF: Final = frozenset({Role.CASHIER, Role.MANAGER, Role.ADMIN})
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
    """The roles that must give a reason."""
    step: str = ""
    """The label of the till's button for it. Every `ADVANCE` has one."""


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
"""Statuses with something left to do: they can advance or be cancelled."""
_BY_ENDS: Final = {(t.source, t.target): t for t in TRANSITIONS}
_BY_MOVE: Final = {(t.source, t.move, f): t for t in TRANSITIONS for f in t.fulfilments}


def transition(
    source: OrderStatus, target: OrderStatus, fulfilment: Fulfilment, role: Role, reason: str = ""
) -> Transition:
    """The transition of an order from `source` to `target`.

    Raises `IllegalMove` when the table has none for this role and fulfilment, `ReasonRequired` when the move needs a
    reason and has none, `CardNumber` when the reason contains one.
    """
    found = _BY_ENDS.get((source, target))
    if found is None or fulfilment not in found.fulfilments:
        raise IllegalMove(f"An order that is {look(source).label} cannot become {look(target).label}.", "to")
    if role not in found.roles:
        raise IllegalMove(f"A {role} may not move an order from {look(source).label} to {look(target).label}.", "to")
    if role in found.reason_from and is_blank(reason):
        raise ReasonRequired(f"Say why the order becomes {look(target).label}.", "reason")
    check_no_card(reason=reason)
    return found


def move_from(source: OrderStatus, move: Move, fulfilment: Fulfilment, role: Role) -> Transition | None:
    """The transition for `move`, or None when this role has no such move from `source`."""
    found = _BY_MOVE.get((source, move, fulfilment))
    return found if found is not None and role in found.roles else None


def target_of(source: OrderStatus, move: Move, fulfilment: Fulfilment, role: Role) -> OrderStatus | None:
    """The status that `move` leads to, or None when this role has no such move from `source`."""
    found = move_from(source, move, fulfilment, role)
    return found.target if found is not None else None


class StatusInfo(msgspec.Struct, frozen=True):
    """A status as shown to a person.

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
    """The statuses of an order without cancellation, first to last."""
    return _STEPS.get(fulfilment, _STEPS[Fulfilment.PICKUP])


def status_info(status: OrderStatus, fulfilment: Fulfilment) -> StatusInfo:
    words, line = look(status), steps_of(fulfilment)
    if status not in line:
        return StatusInfo(status, words.label, words.description, 0, 0, 0)
    step, steps = line.index(status) + 1, len(line)
    return StatusInfo(status, words.label, words.description, step, steps, 100 * step // steps)
