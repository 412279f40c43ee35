"""The sync engine's interface to the backend, and its implementation over HTTP and the socket. Every call is one
attempt."""

import contextlib
from collections.abc import Mapping
from datetime import datetime
from typing import Protocol

import msgspec

from core.client.connection import Connection
from core.client.errors import OtherServer, ServerFault, SignedOut
from core.client.http.api import SessionApi
from core.client.http.push import Socket
from core.client.operations import Operation
from core.domain.drawers import DrawerSession
from core.domain.held_baskets import HeldBasket
from core.domain.ids import OrderId
from core.domain.menu import Menu
from core.domain.order import Order
from core.protocol import reading, routes
from core.protocol.events import UnknownEvent
from core.protocol.feed import (
    SNAPSHOT_PAGE,
    Cursor,
    EventPage,
    EventQuery,
    Hello,
    Message,
    Snapshot,
    SnapshotQuery,
)
from core.protocol.headers import EVENT_CURSOR, ORDER_NUMBER, OUTCOME, REQUEST_ID, Outcome, run_of
from core.protocol.sealed import OpenedOperations, OpenOperations


class HistoryProof(msgspec.Struct, frozen=True):
    """The cursor of the server's history when it acknowledged something, and the run of the server."""

    cursor: Cursor
    run: str
    """See `core.protocol.headers.run_of`."""


class Answered(msgspec.Struct, frozen=True):
    """An accepted write: its outcome, and the order afterwards."""

    order: Order | None
    """None for what is about no order."""
    outcome: Outcome
    witness: HistoryProof | None
    number: str = ""
    """For a new order: the server's proof of its number, should it have to be sent again."""
    other: DrawerSession | HeldBasket | None = None
    """Of an operation about no order: what it is about, afterwards."""


class PushSubscription(Protocol):
    """An open socket of the engine. See `core.client.http.push.Socket`."""

    @property
    def latency_s(self) -> float | None: ...
    def send_hello(self, hello: Hello) -> None: ...
    def receive(self) -> Message | UnknownEvent: ...
    def close(self) -> None: ...


class Transport(Protocol):
    """All methods raise `ClientError`."""

    def send(self, operation: Operation, cursor: str = "") -> Answered:
        """Send it to a server whose history has `cursor`. Raises `Diverged` where it has not."""

    def open_sealed(self, request: OpenOperations) -> OpenedOperations: ...
    def events(self, query: EventQuery) -> EventPage: ...
    def snapshot(self) -> Snapshot: ...
    def read_series(self) -> tuple[str, int]:
        """The series of the device that is signed in at, and its last number; ("", 0) for none."""

    def order(self, order_id: OrderId) -> Order: ...
    def menu(self) -> Menu: ...
    def listen(self) -> contextlib.AbstractContextManager[PushSubscription]: ...
    @property
    def connection(self) -> Connection: ...
    def probe(self) -> None:
        """Ask whether the server answers; the result is recorded on the connection."""

    def token(self) -> str:
        """An access token that is valid for a while."""

    def now(self) -> datetime:
        """The server's clock, as of its last answer."""


class HttpTransport:
    """The transport of one session: all requests are for the person of `api`."""

    def __init__(self, api: SessionApi) -> None:
        self._api = api

    def send(self, operation: Operation, cursor: str = "") -> Answered:
        if operation.owner.subject != self._api.person.id:
            raise SignedOut("This is for somebody else to send.")
        found = self._api.exchange(msgspec.structs.replace(operation.sent, cursor=cursor))
        try:
            return _answered(found.content, found.headers)
        except KeyError:  # the history of the cursor is unknown
            raise OtherServer(self._api.client.server_url) from None
        except ValueError as error:
            raise ServerFault("Its answer could not be read. Is this window as new as the server?") from error

    def open_sealed(self, request: OpenOperations) -> OpenedOperations:
        return self._api.exchange(routes.OPEN_OPERATIONS(body=request)).content

    def events(self, query: EventQuery) -> EventPage:
        return self._api.exchange(routes.EVENTS(query=query)).content

    def snapshot(self) -> Snapshot:
        self._api.forget()  # a restored server may give an ETag a second time
        while True:
            first = page = self._page("")
            orders = [*first.orders]
            while page.next_after:
                page = self._page(page.next_after)
                orders += page.orders
            if Cursor.parse(page.cursor).epoch == Cursor.parse(first.cursor).epoch:
                return msgspec.structs.replace(first, orders=tuple(orders), next_after="")
            # The server was restored between two pages.

    def read_series(self) -> tuple[str, int]:
        page = self._page("", 1)
        return (page.series, page.series_last) if page.series else ("", 0)

    def _page(self, after: str, limit: int = 0) -> Snapshot:
        query = SnapshotQuery(limit=limit or SNAPSHOT_PAGE, after=after)
        return self._api.exchange(routes.SNAPSHOT(query=query)).content

    def order(self, order_id: OrderId) -> Order:
        if self._api.person.role.is_staff:
            return self._api.exchange(routes.DETAILS(order_id)).content.order
        return self._api.exchange(routes.ORDER(order_id)).content

    def menu(self) -> Menu:
        return self._api.call(routes.MENU())

    def listen(self) -> contextlib.AbstractContextManager[Socket[Message | UnknownEvent]]:
        return self._api.client.open_socket(reading.message)

    @property
    def connection(self) -> Connection:
        return self._api.client.connection

    def probe(self) -> None:
        self._api.client.probe()

    def token(self) -> str:
        return self._api.access_token()

    def now(self) -> datetime:
        return self._api.client.server_now()


def _answered(found: Order | DrawerSession | HeldBasket, headers: Mapping[str, str]) -> Answered:
    """Raises `KeyError` and `ValueError` for unexpected headers."""
    cursor = headers.get(EVENT_CURSOR)
    witness = HistoryProof(Cursor.parse(cursor), run_of(headers[REQUEST_ID])) if cursor else None
    outcome = Outcome.newer(headers.get(OUTCOME, Outcome.APPLIED))
    if isinstance(found, DrawerSession | HeldBasket):
        return Answered(None, outcome, witness, other=found)
    return Answered(found, outcome, witness, headers.get(ORDER_NUMBER, ""))
