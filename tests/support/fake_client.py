"""The HTTP client of windows over a `FakeBackend`. It exchanges the same bytes as over a socket; the client's code is
the shipped one."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any, Final, TypeVar

from typing_extensions import override

from core.client.http.api import HttpClient
from tests.support.fake_backend import FakeBackend
from tests.support.fake_http import InProcess
from tests.support.fake_push import FakeSocket

ADDRESS: Final = "http://127.0.0.1:9"
M = TypeVar("M")


class FakeClient(HttpClient):
    """The client of one window. Its server clock is the backend's, exactly."""

    def __init__(self, backend: FakeBackend) -> None:
        super().__init__(ADDRESS)
        self.backend = backend
        self._http.mount("http://", InProcess(backend))

    @override
    def server_now(self) -> datetime:
        return self.backend.clock

    @override
    @contextmanager
    def open_socket(self, read: Callable[[bytes], M]) -> Iterator[Any]:
        self.backend.enter("listen")
        socket = FakeSocket(self.backend, read, self.connection.answered)
        try:
            yield socket
        finally:
            self.backend.sockets.remove(socket)
