"""Updates that the sync engine publishes to a window: orders, each with its waiting operations."""

from collections.abc import Callable

import msgspec

from core.client.operations import Operation
from core.domain.drawers import DrawerSession
from core.domain.held_baskets import HeldBasket
from core.domain.ids import OrderId
from core.domain.menu import Menu
from core.domain.order import Order
from core.domain.rights import Roles


class Update(msgspec.Struct, frozen=True, kw_only=True):
    """One order after a change: the server's row, the order as shown (with operations applied), and the operations.

    Without a row the server does not know it yet. With nothing to show either, it is gone: a new order was discarded.
    """

    order_id: OrderId
    row: Order | None
    shown: Order | None
    operations: tuple[Operation, ...] = ()
    former_number: str = ""
    """The number that this person knows for the order, when the server has just given it another."""


class Changed(msgspec.Struct, frozen=True, kw_only=True):
    """A set of updates."""

    updates: tuple[Update, ...]
    whole: bool = False
    """These are all orders, and the rows are valid even where they are older than known ones: the server may have been
    restored."""
    backlog: bool = False
    """It happened while this window was away: worth one summary, not a toast each."""
    menu: Menu | None = None
    """The new menu. None: unchanged."""
    drawers: tuple[DrawerSession, ...] = ()
    """Drawer sessions to which something was done."""
    baskets: tuple[HeldBasket, ...] | None = None
    """All baskets that the shop holds. None: unchanged."""
    roles: Roles | None = None
    """What the roles of the shop may do. None: unchanged."""
    missing: tuple[Order, ...] = ()
    """Open orders that a server with another history (after a restore or failover) does not know. Their creators send
    them again; nothing of this window does."""


Listener = Callable[[Changed], None]
