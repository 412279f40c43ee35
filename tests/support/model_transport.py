"""A `Transport` of one person to a `FakeBackend`, without HTTP."""

import contextlib
from collections.abc import Callable, Iterator
from datetime import datetime

from core import sealing
from core.client.connection import Connection
from core.client.errors import NotFound, Unreachable
from core.client.operations import Operation
from core.client.sync.transport import Answered, PushSubscription
from core.domain.ids import CustomerId, DeviceId, OrderId
from core.domain.menu import Menu
from core.domain.order import Order
from core.protocol.feed import EventPage, EventQuery, Snapshot
from core.protocol.sealed import OpenedOperation, OpenedOperations, OpenOperations, SealedOperation, context
from tests.support.fake_backend import SEALING_KEY, FakeBackend


class ModelTransport:
    """`customer` None: staff. `fault` is called twice for each call, with `before` it reaches the shop and `after` the
    answer, and may raise `Unreachable`."""

    def __init__(self, shop: FakeBackend, customer: CustomerId | None = None) -> None:
        self.shop = shop
        self.customer = customer
        self.fault: Callable[[str], None] = lambda _when: None
        self.series: tuple[DeviceId, int] | None = None
        self.calls: list[str] = []
        self.connection = Connection("http://127.0.0.1:9")
        self.bearer = ("kim", "shop")
        """The owner of the session."""
        self.key = SEALING_KEY

    @contextlib.contextmanager
    def _call(self, name: str) -> Iterator[None]:
        self.calls.append(name)
        self.fault("before")
        yield
        self.fault("after")

    def send(self, operation: Operation, cursor: str = "") -> Answered:
        with self._call("send"):
            self.shop.check_history(operation.owner.subject, operation.op_id, cursor)
            return self.shop.perform(operation)

    def read_series(self) -> tuple[str, int]:
        return self.series or ("", 0)

    def open_sealed(self, request: OpenOperations) -> OpenedOperations:
        with self._call("open_sealed"):
            return OpenedOperations(tuple(map(self._opened, request.operations)))

    def _opened(self, sealed: SealedOperation) -> OpenedOperation:
        try:
            content = sealing.open_sealed(sealed.content, self.key, context(*self.bearer, sealed.op_id))
        except sealing.CannotOpen:
            content = None
        return OpenedOperation(sealed.op_id, content)

    def events(self, query: EventQuery) -> EventPage:
        with self._call("events"):
            return self.shop.page(query, self.customer)

    def snapshot(self) -> Snapshot:
        with self._call("snapshot"):
            series, last = self.series or ("", 0)
            return self.shop.snapshot(self.customer, series, last)

    def order(self, order_id: OrderId) -> Order:
        with self._call("order"):
            order = self.shop.orders.get(order_id)
            if order is None or not self.shop.sees(self.customer, order.customer_id):
                raise NotFound("no such order")
            return order

    def menu(self) -> Menu:
        with self._call("menu"):
            return self.shop.menu

    def listen(self) -> contextlib.AbstractContextManager[PushSubscription]:
        raise Unreachable("the model does not push")

    def probe(self) -> None:
        """Does nothing: the engine records the result."""

    def token(self) -> str:
        return "token"

    def now(self) -> datetime:
        return self.shop.clock
