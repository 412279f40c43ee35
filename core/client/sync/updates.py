"""What the sync engine tells a window: orders, each with what waits on top of it."""

from collections.abc import Callable

import msgspec

from core.client.sync.operations import Operation
from core.domain.ids import OrderId
from core.domain.menu import Menu
from core.domain.order import Order


class Update(msgspec.Struct, frozen=True, kw_only=True):
    """One order after a change: the server's row, what to show (that row with what waits on top), and what waits.

    Without a row the server does not know it yet. With nothing to show either it is gone: a new order was given up.
    """

    order_id: OrderId
    row: Order | None
    shown: Order | None
    operations: tuple[Operation, ...] = ()
    former_number: str = ""
    """The number that this person was told for the order, when the server has just given it another: news."""


class Changed(msgspec.Struct, frozen=True, kw_only=True):
    """Something is different."""

    told: tuple[Update, ...]
    whole: bool = False
    """This is all there is, and the rows are right even where they are older than those known: the server may have
    been restored."""
    backlog: bool = False
    """It happened while this window was away: worth one summary, not a toast each."""
    menu: Menu | None = None
    """The menu is this one from now on. None: it is as it was."""
    missing: tuple[Order, ...] = ()
    """Open orders that were known here and that a server with another history (after a restore, or a failover) does
    not know. Whoever placed them sends them again; nothing of this window does."""


Listener = Callable[[Changed], None]
