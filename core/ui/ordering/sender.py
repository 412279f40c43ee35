"""Sends one order exactly once, over lost answers and retries (docs/adr/0011)."""

from collections.abc import Callable
from functools import partial
from typing import Generic, TypeVar

import msgspec
from PySide6.QtCore import QObject, Signal

from core.client.errors import ClientError
from core.domain.commands import PlaceOrder, TakeOrder
from core.domain.ids import OpId, OrderId, new_op_id, new_order_id
from core.domain.order import Order
from core.ui.jobs import Job, Jobs

Request = TypeVar("Request", bound=PlaceOrder | TakeOrder)


class Intent(Generic[Request]):
    """One intended order. Its id stays until it is placed; its op id stays while the request is the same.

    So a repetition gets the stored reply, and a changed request meets the order that may already exist under this id
    instead of creating a second one. The server does not store refusals, so a refused request may be repeated under the
    same op id.
    """

    def __init__(self) -> None:
        self.order_id: OrderId = new_order_id()
        self._op_id: OpId = new_op_id()
        self._request: Request | None = None

    def of(self, request: Request) -> tuple[OpId, Request]:
        """`request` with this order's id, and the op id to send it under."""
        request = msgspec.structs.replace(request, id=self.order_id)
        if request != self._request:
            self._op_id, self._request = new_op_id(), request
        return self._op_id, request


class OrderSender(QObject, Generic[Request]):
    """`send` accepts an order, to be sent from the outbox; it blocks, raises `ClientError`, and runs in `jobs`."""

    busy_changed = Signal(bool)
    arrived = Signal(object)
    """An `Order`: it is accepted."""
    failed = Signal(object)
    """A `ClientError`. Unless it is `Refused`, the same order may be sent again."""

    def __init__(self, jobs: Jobs, send: Callable[[OpId, Request], Order], parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._jobs = jobs
        self._send = send
        self._intent: Intent[Request] = Intent()
        self._job: Job | None = None

    @property
    def busy(self) -> bool:
        return self._job is not None

    def send(self, request: Request) -> None:
        """Send `request`, unless one is being sent."""
        if self._job is not None:
            return
        op_id, body = self._intent.of(request)
        self._job = self._jobs.run(partial(self._send, op_id, body), self._on_sent, self._on_failed)
        self.busy_changed.emit(True)

    def reset(self) -> None:
        """Ignore answers to what was sent: the next person begins."""
        if self._job is not None:
            self._job.cancel()
            self._job = None
            self.busy_changed.emit(False)
        self._intent = Intent()

    def _on_sent(self, order: Order) -> None:
        self._job = None
        self._intent = Intent()
        self.busy_changed.emit(False)
        self.arrived.emit(order)

    def _on_failed(self, error: ClientError) -> None:
        self._job = None
        self.busy_changed.emit(False)
        self.failed.emit(error)
