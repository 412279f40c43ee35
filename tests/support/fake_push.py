"""The push connection of one window to a `FakeBackend`."""

import threading
from collections.abc import Callable
from typing import Any, Final

import msgspec

from core.client.errors import (
    Busy,
    ClientError,
    SignedOut,
    Unreachable,
)
from core.domain.ids import CustomerId
from core.domain.people import Role
from core.protocol.feed import EventQuery, Frames, Heartbeat, Hello
from tests.support.fake_backend import FakeBackend, Session


class FakeSocket:
    """The push socket of one window."""

    latency_s: Final = 0.001

    def __init__(self, backend: FakeBackend, read: Callable[[bytes], Any], heard: Callable[[], None]) -> None:
        self._backend = backend
        self._read = read
        self._heard = heard
        self._session: Session | None = None
        self._position = -1
        self._greeted = False
        self._closed = threading.Event()
        self._waiting = False
        backend.sockets.append(self)

    @property
    def quiet(self) -> bool:
        """Whether all pushed messages were received."""
        with self._backend.happened:
            return self._waiting and not self._due()

    def send_hello(self, hello: Hello) -> None:
        with self._backend.happened:
            self._session = self._backend.sessions.get(hello.token)
            if self._position < 0:
                self._position = int(hello.cursor.split(".")[1])
            self._greeted = False

    def receive(self) -> Any:
        backend = self._backend
        while True:
            with backend.happened:
                self._waiting = True
                backend.happened.wait_for(lambda: self._closed.is_set() or self._broken() or self._due())
                self._waiting = False
                if self._closed.is_set():
                    raise Unreachable("The push connection ended.")
                if (error := self._broken()) is not None:
                    raise error
                if backend.gate.is_set():
                    message = self._message()
                    break
            backend.gate.wait()
        self._heard()
        return self._read(msgspec.json.encode(message))

    def _broken(self) -> ClientError | None:
        """The error that ends the socket: of the connection, or of the session; None for none."""
        error = self._backend.fail_with
        if isinstance(error, Unreachable | SignedOut) and not isinstance(error, Busy):
            return error
        if self._session is None or self._session not in self._backend.sessions.values():
            return SignedOut("The session is over.")
        return None

    def _due(self) -> bool:
        return not self._greeted or (self._backend.pushes and len(self._backend.events) > self._position)

    def _message(self) -> Frames | Heartbeat:
        backend, session = self._backend, self._session
        assert session is not None
        customer = CustomerId(session.person.id) if session.person.role is Role.CUSTOMER else None
        if backend.pushes and len(backend.events) > self._position:
            query = EventQuery(cursor=str(backend.cursor(self._position)))
            page = backend.page(query, customer)
            self._position = int(page.cursor.split(".")[1])
            if page.frames:
                return Frames(frames=page.frames, cursor=page.cursor)
        self._greeted = True
        return Heartbeat(head=backend.head(customer, self._position), cursor=str(backend.cursor(self._position)))

    def close(self) -> None:
        self._closed.set()
        with self._backend.happened:
            self._backend.happened.notify_all()
