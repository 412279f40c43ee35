"""A TLS socket that one thread reads from while others write to it."""

import contextlib
import socket
import ssl
import threading
import time
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Final, TypeVar

from typing_extensions import override
from urllib3.util.wait import wait_for_read, wait_for_write

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer

T = TypeVar("T")

_LOOK_AGAIN_S: Final = 5.0
"""For a socket closed by another thread just before the wait for it began."""


class SharedSocket(ssl.SSLSocket):
    """Reads and writes take turns, and a turn never waits for the network.

    OpenSSL forbids that two threads use one connection at a time, and not every supported Python prevents it.
    websockets reads in a thread of its own: with TLS 1.3 that thread is often inside OpenSSL, waiting
    after a session ticket, when a message is written. The state that both change is then damaged: about one connection
    of 800 broke off at its start.
    """

    _turn: threading.Lock
    _within_s: float | None = None
    _is_shared = False

    @override
    def do_handshake(self, block: bool = False) -> None:
        super().do_handshake(block)
        self._turn = threading.Lock()
        super().settimeout(0)
        self._is_shared = True

    @override
    def settimeout(self, value: float | None) -> None:
        self._within_s = value
        if not self._is_shared:
            super().settimeout(value)

    @override
    def recv(self, buflen: int = 1024, flags: int = 0) -> bytes:
        return self._in_turn(partial(super().recv, buflen, flags))

    @override
    def sendall(self, data: "ReadableBuffer", flags: int = 0) -> None:
        with memoryview(data) as view, view.cast("B") as rest:
            sent = 0
            while sent < len(rest):
                sent += self._in_turn(partial(super().send, rest[sent:], flags))

    @override
    def close(self) -> None:
        with contextlib.suppress(OSError):  # wakes a thread that waits for it
            socket.socket.shutdown(self, socket.SHUT_RDWR)
        super().close()

    def _in_turn(self, act: Callable[[], T]) -> T:
        until_s = None if self._within_s is None else time.monotonic() + self._within_s
        while True:
            try:
                with self._turn:
                    return act()
            except ssl.SSLWantReadError:
                wait = wait_for_read
            except ssl.SSLWantWriteError:
                wait = wait_for_write
            left_s = _LOOK_AGAIN_S if until_s is None else until_s - time.monotonic()
            if left_s <= 0:
                raise TimeoutError("timed out")
            wait(self, min(left_s, _LOOK_AGAIN_S))
