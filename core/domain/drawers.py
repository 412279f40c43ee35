"""Drawer sessions of a till: what is done at a drawer between two counts, and who may say what about it.

A session is its entries, which are only ever added. The server keeps them, a till predicts them with the same
functions. The cash of sales is none of them: it is in the ledger, whose entries name the session.
"""

from collections.abc import Collection, Iterable
from datetime import datetime
from typing import Annotated, Final

import msgspec
from msgspec import Meta

from core.domain.acts import Act, Need
from core.domain.commands import MAX_GIVEN_MINOR, UUID, Approval, ClientTime
from core.domain.errors import DomainError, IllegalMove, ReasonRequired
from core.domain.ids import DeviceId, DrawerSessionId, OpId
from core.domain.order import Order, Reason, Tender
from core.domain.payment import payments_of
from core.domain.sale.drawer import Closing, DrawerEvent, DrawerKind, Opening, cash_report
from core.domain.texts import N_, check_no_card, is_blank
from core.instants import act_time
from core.wire_enum import WireEnum

UNEXPLAINED_MOST_MINOR: Final = 500
"""A difference up to this many minor units needs no explanation."""
UNSENT_MOST: Final = 500
"""How many operations a closing names at most that the till has yet to send."""

Amount = Annotated[int, Meta(ge=0, le=MAX_GIVEN_MINOR)]
SessionId = Annotated[DrawerSessionId, UUID]


class DrawerAct(WireEnum):
    OPENED = "opened"
    """Its amount is the float, as counted."""
    PAID_IN = "paid_in"
    PAID_OUT = "paid_out"
    DROP = "drop"
    """Taken to the safe."""
    TIP_OUT = "tip_out"
    """A tip that was paid by card, handed to somebody."""
    NO_SALE = "no_sale"
    """Opened without a sale; moves nothing."""
    COUNTED = "counted"
    CLOSED = "closed"
    """Its amount is what was taken out of the drawer at the end."""

    @property
    def label(self) -> str:
        """Its name for people, in English; windows translate it."""
        return _LABELS.get(self, self.readable)


_LABELS: Final = {
    DrawerAct.OPENED: N_("Opened"),
    DrawerAct.PAID_IN: N_("Paid in"),
    DrawerAct.PAID_OUT: N_("Paid out"),
    DrawerAct.DROP: N_("To the safe"),
    DrawerAct.TIP_OUT: N_("Tip paid out"),
    DrawerAct.NO_SALE: N_("No sale"),
    DrawerAct.COUNTED: N_("Counted"),
    DrawerAct.CLOSED: N_("Closed"),
}
MOVES: Final = {
    DrawerAct.PAID_IN: DrawerKind.PAID_IN,
    DrawerAct.PAID_OUT: DrawerKind.PAID_OUT,
    DrawerAct.DROP: DrawerKind.DROP,
    DrawerAct.TIP_OUT: DrawerKind.TIP_OUT,
    DrawerAct.NO_SALE: DrawerKind.NO_SALE,
}
"""The acts of `MoveCash`."""


class Denomination(msgspec.Struct, frozen=True):
    """Coins or notes of one value, in minor units, and how many of them there are."""

    value_minor: Annotated[int, Meta(ge=1, le=10**9)]
    count: Annotated[int, Meta(ge=0, le=10**6)]


Denominations = Annotated[tuple[Denomination, ...], Meta(max_length=40)]


class OpenDrawer(msgspec.Struct, frozen=True, kw_only=True):
    """Begin a session of this POS's drawer, with what was counted in it."""

    session: SessionId
    """Made by the till."""
    own: bool = False
    """Whether it is that of whoever opens it, and not the POS's."""
    float_minor: Amount
    denominations: Denominations = ()
    moved_at_client: ClientTime | None = None


class MoveCash(msgspec.Struct, frozen=True, kw_only=True):
    """Cash that is no payment goes in or out, or the drawer is opened without a sale."""

    session: SessionId
    act: DrawerAct
    amount_minor: Amount = 0
    reason: Reason = ""
    approval: Approval = ""
    moved_at_client: ClientTime | None = None


class CountDrawer(msgspec.Struct, frozen=True, kw_only=True):
    """A blind count of the drawer. A recount is another."""

    session: SessionId
    counted_minor: Amount
    denominations: Denominations = ()
    moved_at_client: ClientTime | None = None


class CloseDrawer(msgspec.Struct, frozen=True, kw_only=True):
    """End the session after its last count."""

    session: SessionId
    deposit_minor: Amount = 0
    """What is taken out of the drawer; the rest is left in it."""
    reason: Reason = ""
    """What explains a difference."""
    unsent: Annotated[tuple[OpId, ...], Meta(max_length=UNSENT_MOST)] = ()
    """The operations that the till had yet to send: the report names those that have not arrived by then."""
    moved_at_client: ClientTime | None = None


DrawerCommand = OpenDrawer | MoveCash | CountDrawer | CloseDrawer


class DrawerEntry(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that was done at a drawer."""

    act: DrawerAct
    amount_minor: int = 0
    at: datetime
    """When the server was told."""
    client_at: datetime | None = None
    """When it was done, by the till's clock, if sent."""
    by: str
    approver: str = ""
    """Who allowed it, where the person's own role does not."""
    reason: str = ""
    denominations: tuple[Denomination, ...] = ()

    @property
    def done_at(self) -> datetime:
        return act_time(self.client_at, self.at)


class DrawerSession(msgspec.Struct, frozen=True, kw_only=True):
    id: DrawerSessionId
    device: DeviceId
    entries: tuple[DrawerEntry, ...]
    z_number: int = 0
    """Of the Z that ended it; 0 for none yet."""
    owner: str = ""
    """The id of the person whose drawer it is; empty: the POS's, whoever is signed in there."""

    @property
    def is_open(self) -> bool:
        return self.entries[-1].act is not DrawerAct.CLOSED

    @property
    def opened(self) -> DrawerEntry:
        return self.entries[0]

    @property
    def closed(self) -> DrawerEntry | None:
        return None if self.is_open else self.entries[-1]

    @property
    def counts(self) -> tuple[DrawerEntry, ...]:
        """The first count stays; the last one counts."""
        return tuple(entry for entry in self.entries if entry.act is DrawerAct.COUNTED)

    @property
    def is_counted(self) -> bool:
        """Whether it may be said what should be in the drawer: it was counted, and nothing was moved since."""
        return self.entries[-1].act in (DrawerAct.COUNTED, DrawerAct.CLOSED)

    @property
    def closing(self) -> Closing | None:
        """The last count, with what was taken out; None before one that counts."""
        if not self.is_counted:
            return None
        return Closing(self.counts[-1].amount_minor, self.closed.amount_minor if self.closed else 0)

    @property
    def events(self) -> Iterable[DrawerEvent]:
        """The movements of cash without a sale."""
        return [DrawerEvent(MOVES[entry.act], entry.amount_minor) for entry in self.entries if entry.act in MOVES]


class CashFigures(msgspec.Struct, frozen=True, kw_only=True):
    """The cash expected in a drawer, and the cash counted, in minor units."""

    float_minor: int
    opening_difference_minor: int = 0
    """What was counted at first, less what the session before had left."""
    payments_minor: int
    """Cash taken for orders, less change and what was given back."""
    expected_minor: int
    counted_minor: int | None = None
    """The last count; None before one."""
    first_counted_minor: int | None = None
    difference_minor: int | None = None
    """Above zero: there is too much."""
    deposit_minor: int = 0
    left_minor: int | None = None
    explanation: str = ""


def used_by(sessions: Iterable[DrawerSession | None], person: str, *, per_person: bool) -> DrawerSession | None:
    """With which of a POS's sessions, the newest of each of its drawers, somebody works: that which is open, their own
    before the POS's; else, `per_person`, theirs, or the POS's."""
    by_owner = {each.owner: each for each in sessions if each is not None}
    own, shared = by_owner.get(person), by_owner.get("")
    is_open = next((each for each in (own, shared) if each is not None and each.is_open), None)
    return is_open or (own if per_person else shared)


def needs_of_session(session: DrawerSession | None, person: str) -> tuple[Need, ...]:
    """The rights that a person needs to act in a session: none in their own and in the POS's."""
    is_anothers = session is not None and session.owner not in ("", person)
    return (Need(Act.DRAWERS),) if is_anothers else ()


def opened(
    held: DrawerSession | None, asked: OpenDrawer, device: DeviceId, by: str, at: datetime, owner: str = ""
) -> DrawerSession:
    """A new session of a drawer, which is its `owner`'s, or the POS's. `held`: its session before, if any. Raises
    `IllegalMove`, `DomainError`."""
    if held is not None and held.is_open:
        raise IllegalMove("This drawer is open already. Count it and close it first.", "session")
    if held is not None and held.id == asked.session:
        raise IllegalMove("This session was closed. Open another.", "session")
    _check_sum(asked.float_minor, asked.denominations, "float_minor")
    entry = DrawerEntry(
        act=DrawerAct.OPENED,
        amount_minor=asked.float_minor,
        denominations=asked.denominations,
        at=at,
        client_at=asked.moved_at_client,
        by=by,
    )
    return DrawerSession(id=asked.session, device=device, entries=(entry,), owner=owner)


def applied(
    held: DrawerSession | None, asked: MoveCash | CountDrawer | CloseDrawer, by: str, at: datetime, approver: str = ""
) -> DrawerSession:
    """The session `held` after what was asked, by `by`, and allowed by `approver` if that was needed. Raises
    `IllegalMove`, `ReasonRequired`, `DomainError`, `CardNumber`."""
    if held is None or held.id != asked.session:
        raise IllegalMove("This is no session of this POS's drawer.", "session")
    if not held.is_open:
        raise IllegalMove("The drawer is closed. Open it first.", "session")
    counted: tuple[Denomination, ...] = ()
    match asked:
        case MoveCash():
            _check_move(asked)
            act, amount_minor = asked.act, asked.amount_minor
        case CountDrawer():
            _check_sum(asked.counted_minor, asked.denominations, "counted_minor")
            act, amount_minor, counted = DrawerAct.COUNTED, asked.counted_minor, asked.denominations
        case CloseDrawer():
            _check_close(held, asked)
            act, amount_minor = DrawerAct.CLOSED, asked.deposit_minor
    reason = "" if isinstance(asked, CountDrawer) else asked.reason.strip()
    check_no_card(reason=reason)
    entry = DrawerEntry(
        act=act,
        amount_minor=amount_minor,
        at=at,
        client_at=asked.moved_at_client,
        by=by,
        approver=approver,
        reason=reason,
        denominations=counted,
    )
    return msgspec.structs.replace(held, entries=(*held.entries, entry))


def cash_of(session: DrawerSession, payments_minor: int, left_before_minor: int | None = None) -> CashFigures:
    """The cash expected in the drawer of a session. `left_before_minor`: the amount that the session before left, if
    that is known."""
    paid = DrawerEvent(DrawerKind.CASH_PAYMENT if payments_minor >= 0 else DrawerKind.REFUND, abs(payments_minor))
    opening = Opening(session.opened.amount_minor, left_before_minor)
    found = cash_report(opening, (*session.events, paid), session.closing)
    counts = session.counts
    return CashFigures(
        float_minor=opening.counted,
        opening_difference_minor=found.opening_difference,
        payments_minor=payments_minor,
        expected_minor=found.expected,
        counted_minor=found.counted,
        first_counted_minor=counts[0].amount_minor if counts else None,
        difference_minor=found.difference,
        deposit_minor=session.closed.amount_minor if session.closed else 0,
        left_minor=found.left,
        explanation=session.closed.reason if session.closed else "",
    )


def moved_minor(session: DrawerSession | None, by: str) -> int:
    """The cash that somebody moved in or out in a session without a sale, by their own right: what a manager allowed is
    not in it."""
    entries = session.entries if session is not None else ()
    own = (each for each in entries if each.act in MOVES and each.by == by and not each.approver)
    return sum(each.amount_minor for each in own)


def needs_explanation(difference_minor: int) -> bool:
    """Whether a till asks why the count differs from what should be there."""
    return abs(difference_minor) > UNEXPLAINED_MOST_MINOR


def cash_held_minor(order: Order, in_drawer: Collection[Tender] = (Tender.CASH,)) -> int:
    """The cash that a drawer holds for an order, tips in it included. `in_drawer`: the tenders that lie in one."""
    return sum(each.paid_minor - each.returned_minor for each in payments_of(order) if each.tender in in_drawer)


def _check_move(asked: MoveCash) -> None:
    if asked.act not in MOVES:
        raise DomainError("Cash is paid in or out, dropped, or the drawer is opened without a sale.", "act")
    if (asked.act is DrawerAct.NO_SALE) == bool(asked.amount_minor):
        raise DomainError(
            "Nothing is taken out or put in without a sale."
            if asked.amount_minor
            else "Say how much goes in or out of the drawer.",
            "amount_minor",
        )
    if is_blank(asked.reason):
        raise ReasonRequired("Say what it is for.", "reason")


def _check_close(held: DrawerSession, asked: CloseDrawer) -> None:
    if held.entries[-1].act is not DrawerAct.COUNTED:
        raise IllegalMove("Count the drawer first, after all that was put in or taken out.", "session")
    if asked.deposit_minor > held.counts[-1].amount_minor:
        raise DomainError("Not more can be taken out than was counted.", "deposit_minor")


def _check_sum(amount_minor: int, denominations: Iterable[Denomination], field: str) -> None:
    counted = list(denominations)
    if counted and sum(each.value_minor * each.count for each in counted) != amount_minor:
        raise DomainError("The coins and notes do not come to this amount.", field)
