"""What a part of a window needs around it, when a test makes it by itself."""

from typing import Any, cast

from core.client.order_store import OrderStore
from core.client.sync.api import SyncedApi
from core.ui.bridge import Bridge
from core.ui.jobs import Jobs
from core.ui.theme import Theme
from customer_view.context import CustomerContext
from customer_view.settings import CustomerSettings
from pos_app.context import PosContext
from pos_app.settings import PosSettings


def pos_context(
    api: object,
    jobs: Jobs,
    *,
    bridge: Bridge | None = None,
    theme: Theme | None = None,
    synced: bool = False,
    **settings: Any,
) -> PosContext:
    chosen, around = PosSettings(**settings), bridge or Bridge(OrderStore())
    return PosContext(chosen, theme or Theme("light"), jobs, cast("SyncedApi", api), around, synced)


def customer_context(
    api: object,
    jobs: Jobs,
    *,
    bridge: Bridge | None = None,
    theme: Theme | None = None,
    synced: bool = False,
    **settings: Any,
) -> CustomerContext:
    chosen, around = CustomerSettings(**settings), bridge or Bridge(OrderStore())
    return CustomerContext(chosen, theme or Theme("light"), jobs, cast("SyncedApi", api), around, synced)
