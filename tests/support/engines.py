"""The engine of a desk, in threads of its own."""

import threading
from collections.abc import Callable
from typing import Final

from core.client.sync.engine import Engine, SyncStatus
from tests.support.desk import Desk
from tests.support.model_transport import ModelTransport

WITHIN_S: Final = 10.0


class Running:
    """An engine over a desk, and what it has said."""

    def __init__(self, desk: Desk, transport: ModelTransport, *, push: bool = True) -> None:
        self.desk = desk
        self.sync_statuses: list[SyncStatus] = []
        self._different = threading.Condition()
        self.engine = Engine(desk.sync, transport, self._on_sync_status, push=push)

    def _on_sync_status(self, sync_status: SyncStatus) -> None:
        with self._different:
            self.sync_statuses.append(sync_status)
            self._different.notify_all()

    def until(self, condition: Callable[[SyncStatus], bool]) -> None:
        with self._different:
            assert self._different.wait_for(lambda: condition(self.engine.sync_status), WITHIN_S), self.sync_statuses[
                -3:
            ]

    def until_sent(self) -> None:
        self.until(lambda sync_status: sync_status.counts.open == 0)
