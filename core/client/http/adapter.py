"""HTTP adapter with a total timeout, a size limit, and no redirects: `requests` only limits the time between two bytes,
and follows redirects anywhere."""

import io
import socket
import time
from http.client import HTTPResponse
from typing import Any, Final

import requests
from requests.adapters import HTTPAdapter
from requests.exceptions import ContentDecodingError
from typing_extensions import Buffer, override
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool

WHOLE_WITHIN: Final = 3
"""Times the longest pause that the caller allows between two bytes."""


ANSWER_MOST: Final = 256 * 2**20
"""Bytes of an answer, decompressed. A page of orders, each as large as one may be, has a quarter of it."""
_CHUNK: Final = 64 * 1024


class Straight(requests.Session):
    """A session that does not follow redirects."""

    @override
    def get_redirect_target(self, resp: requests.Response) -> None:
        return None


def whole(response: requests.Response) -> bytes:
    """The whole body of a streamed answer. Raises `requests.RequestException`; `ContentDecodingError` for an invalid
    encoding, or more than `ANSWER_MOST`."""
    parts: list[bytes] = []
    size = 0
    for part in response.iter_content(_CHUNK):
        parts.append(part)
        size += len(part)
        if size > ANSWER_MOST:
            response.close()
            raise ContentDecodingError("the answer is too large")
    return b"".join(parts)


class _InTime(io.RawIOBase):
    """A socket's stream with a deadline: then it raises `TimeoutError`, however busy the peer is."""

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
    """An answer has to be complete within `WHOLE_WITHIN` times the time allowed between two of its bytes."""

    @override
    def init_poolmanager(self, *args: Any, **options: Any) -> None:
        super().init_poolmanager(*args, **options)
        self.poolmanager.pool_classes_by_scheme = {"http": _PlainPool, "https": _SecurePool}
