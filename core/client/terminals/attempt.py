"""An attempt to pay, or to give back, at a card terminal, as this machine keeps it."""

from datetime import datetime

import msgspec

from core.client.terminals.driver import Word
from core.domain.commands import AmendOrder, NewPayment, RefundOrder
from core.domain.ids import OpId, OrderId


class Attempt(msgspec.Struct, frozen=True, kw_only=True):
    """On the disk before the terminal is asked, until it has ended and is booked."""

    key: OpId
    """At the terminal, and of the operation that books it: it is booked once, however often it is tried."""
    order_id: OrderId
    number: str
    """The order's, for people."""
    amount_minor: int
    currency: str
    at: datetime
    payment: NewPayment | None = None
    """What is paid; None: it is given back."""
    refund: RefundOrder | None = None
    """What is given back; None with no payment: all that is left of the order."""
    amend: AmendOrder | None = None
    """The change of the order by which it is given back."""
    amendments: int = 0
    """How often the order had been changed before that."""
    reason: str = ""
    reverses: OpId | None = None
    """The attempt whose payment could not be booked, and is given back."""
    word: Word = Word.ASKING
    """The terminal's last word; `ASKING`: it is not known."""
    reference: str = ""
    by_hand: bool = False
    """Whether somebody has read it at a terminal that was silent."""
    approval: str = ""
    """Of whoever allowed that."""
    ended: bool = False
    """Booked, or nothing to be booked."""
    problem: str = ""
    """Why it could not be booked."""

    @property
    def gives_back(self) -> bool:
        return self.payment is None

    @property
    def is_unknown(self) -> bool:
        return not self.word.is_last
