"""HTTP whose answers are whole in time: `requests` limits only the time between two bytes."""

import io
import socket
import time
from http.client import HTTPResponse
from typing import Any, Final

from requests.adapters import HTTPAdapter
from typing_extensions import Buffer, override
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool

WHOLE_WITHIN: Final = 3
"""Times the longest pause that the caller allows between two bytes."""


class _InTime(io.RawIOBase):
    """What comes from a socket, until time is up: then `TimeoutError`, however lively the other side is."""

    def __init__(self, source: io.RawIOBase, sock: socket.socket) -> None:
        self._source = source
        self._socket = sock
        self._pause_s = sock.gettimeout() or 0.0
        self._until_s = time.monotonic() + self._pause_s * WHOLE_WITHIN

    @override
    def readable(self) -> bool:
        return True

    @override
    def readinto(self, buffer: Buffer) -> int | None:
        left_s = self._until_s - time.monotonic()
        if left_s <= 0:
            raise TimeoutError("the answer was not whole in time")
        self._socket.settimeout(min(left_s, self._pause_s))
        return self._source.readinto(buffer)

    @override
    def close(self) -> None:
        self._source.close()
        super().close()


class _Answer(HTTPResponse):
    def __init__(self, sock: socket.socket, *args: Any, **options: Any) -> None:
        super().__init__(sock, *args, **options)
        if sock.gettimeout() is not None:
            self.fp = io.BufferedReader(_InTime(self.fp.detach(), sock))


class _Plain(HTTPConnection):
    response_class = _Answer


class _Secure(HTTPSConnection):
    response_class = _Answer


class _PlainPool(HTTPConnectionPool):
    ConnectionCls = _Plain


class _SecurePool(HTTPSConnectionPool):
    ConnectionCls = _Secure


class InTime(HTTPAdapter):
    """An answer has to be whole within `WHOLE_WITHIN` times the time allowed between two of its bytes."""

    @override
    def init_poolmanager(self, *args: Any, **options: Any) -> None:
        super().init_poolmanager(*args, **options)
        self.poolmanager.pool_classes_by_scheme = {"http": _PlainPool, "https": _SecurePool}
