"""A headless window: a `SyncedApi` over the real backend, and the store that a window would show."""

import threading
import time
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Final, Protocol, Self

from core.client.http.api import TIMEOUT_S, HttpClient
from core.client.order_store import OrderStore
from core.client.sync.api import SyncedApi
from core.client.sync.engine import ConnectionState, SyncStatus
from core.client.sync.updates import Changed
from core.domain.commands import ChangeStatus, PlaceOrder, TakeOrder
from core.domain.ids import ItemId, ShopId
from core.domain.order import NewLine, Order
from core.domain.status import OrderStatus
from core.protocol import routes
from core.protocol.replies import Tokens
from core.protocol.requests import SignIn, StaffSignIn

WITHIN_S: Final = 30.0
_ASK_S: Final = 0.2
LINES: Final = (NewLine(item_id=ItemId("fries")),)


class WithPin(Protocol):
    @property
    def name(self) -> str: ...
    @property
    def pin(self) -> str: ...


class WithPassword(Protocol):
    @property
    def phone(self) -> str: ...
    @property
    def password(self) -> str: ...


class Screen:
    """`store` is updated as a window's own, but by the engine's threads, under a lock."""

    def __init__(
        self, url: str, path: Path, *, ca_file: str = "", timeout_s: tuple[float, float] | None = None
    ) -> None:
        self.store = OrderStore()
        self.told: list[Changed] = []
        self.sync_statuses: list[SyncStatus] = []
        self._different = threading.Condition()
        self.api = SyncedApi(
            HttpClient(url, ca_file=ca_file, timeout_s=timeout_s or TIMEOUT_S),
            path,
            on_changed=self._on_changed,
            on_sync_status=self._on_sync_status,
        )

    def _on_changed(self, changed: Changed) -> None:
        with self._different:
            self.told.append(changed)
            self.store.apply(changed)
            self._different.notify_all()

    def _on_sync_status(self, sync_status: SyncStatus) -> None:
        with self._different:
            self.sync_statuses.append(sync_status)
            self._different.notify_all()

    def until(self, condition: Callable[[], bool], within_s: float = WITHIN_S) -> None:
        """Wait until the condition holds; checked with every update, and every 0.2 s, as not all state is published.
        Raises `AssertionError` with the sync status."""
        until_s = time.monotonic() + within_s
        with self._different:
            while not condition():
                assert time.monotonic() < until_s, f"{self.api.sync_status}"
                self._different.wait(_ASK_S)

    def until_live(self) -> None:
        self.until(lambda: self.api.sync_status.state is ConnectionState.LIVE)

    def until_sent(self, within_s: float = WITHIN_S) -> None:
        """Wait until every operation is answered, with any result."""
        self.until(lambda: self.api.sync_status.counts.waiting == 0 and not self._open(), within_s)

    def _open(self) -> bool:
        return any(not operation.held for operation in self.api.operations())

    def staff(self, who: WithPin | None = None, device: str = "POS1", of: ShopId | None = None) -> Tokens:
        """Sign in at the counter: Kim, if nobody else is named."""
        if who is None:
            from tests.support import shop

            who = shop.KIM
        return self.api.staff_sign_in(StaffSignIn(staff=who.name, pin=who.pin, device=device, shop=of or ""))

    def customer(self, who: WithPassword | None = None) -> Tokens:
        """Sign in as a customer: Ada, if nobody else is named."""
        if who is None:
            from tests.support import shop

            who = shop.ADA
        return self.api.sign_in(SignIn(login=who.phone, password=who.password))

    def sign_out(self) -> None:
        """Sign out and clear the store, also when the disk is full. Raises `NotKept`."""
        try:
            self.api.sign_out()
        finally:
            with self._different:
                self.store.clear()

    def take(self) -> Order:
        return self.api.call(routes.TAKE(body=TakeOrder(lines=LINES)))

    def place(self) -> Order:
        return self.api.call(routes.PLACE(body=PlaceOrder(lines=LINES)))

    def move(self, order: Order, to: OrderStatus, reason: str = "") -> Order:
        return self.api.call(
            routes.CHANGE_STATUS(order.id, body=ChangeStatus(to=to, version=order.version, reason=reason))
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.api.close()
