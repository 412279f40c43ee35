"""Messages from other threads to the window's thread.

A `QObject` belongs to the window's thread. Another thread that emits its signal races with Qt, which may be freeing it;
another thread that drops the last reference to it frees it there, with its timers and children running here. Either
ends the process. So other threads hold a `Channel`, which is no `QObject`, and the garbage collector runs in the
window's thread alone.
"""

import atexit
import contextlib
import gc
import queue
import socket
import weakref
from collections.abc import Callable
from types import MethodType
from typing import Any, Final, Generic, TypeVar

import shiboken6
from PySide6.QtCore import QObject, QSocketNotifier, QTimer

T = TypeVar("T")

_GARBAGE_EVERY_MS: Final = 1000


class Channel(Generic[T]):
    """A queue to the window's thread. Create it there; `send` from any thread, at any time, also after the window
    closed.

    Messages arrive in the order in which they were sent, over all channels. They are dropped when the receiver is gone:
    a channel does not keep the object of its `receive` method alive.
    """

    def __init__(self, receive: Callable[[T], None]) -> None:
        """`receive` is a method or a module's function; it is called in the window's thread, never within `send`."""
        self._receive = weakref.WeakMethod(receive) if isinstance(receive, MethodType) else weakref.ref(receive)
        self._inbox = _the_inbox()

    def send(self, value: T) -> None:
        self._inbox.put(self, value)

    def deliver(self, value: T) -> None:
        """Called in the window's thread."""
        receive = self._receive()
        if receive is None:
            return
        owner = getattr(receive, "__self__", None)
        if not isinstance(owner, QObject) or shiboken6.isValid(owner):
            receive(value)


class _Inbox:
    """The queue of all messages to the window's thread. One for the process, and never freed.

    The window's thread is woken through a socket pair: other threads touch nothing of Qt's.
    """

    def __init__(self) -> None:
        self._sent: queue.SimpleQueue[tuple[Channel[Any], Any]] = queue.SimpleQueue()
        self._here, self._there = socket.socketpair()
        self._here.setblocking(False)
        self._there.setblocking(False)
        self._notifier = QSocketNotifier(self._here.fileno(), QSocketNotifier.Type.Read)
        self._notifier.activated.connect(self._on_woken)
        atexit.register(self._close)

    def put(self, channel: Channel[T], value: T) -> None:
        self._sent.put((channel, value))
        self._wake()

    def _wake(self) -> None:
        # A full buffer wakes as well as one byte more; a closed socket is a process that ends.
        with contextlib.suppress(OSError):
            self._there.send(b"\0")

    def _on_woken(self) -> None:
        """Deliver one message and come back for the next, so that the window is painted and used in between."""
        with contextlib.suppress(OSError):
            self._here.recv(4096)
        try:
            channel, value = self._sent.get_nowait()
        except queue.Empty:
            return
        if not self._sent.empty():
            self._wake()  # before delivering: the receiver may open a dialog, which the rest must reach
        channel.deliver(value)

    def _close(self) -> None:
        if shiboken6.isValid(self._notifier):
            self._notifier.setEnabled(False)
        self._there.close()
        self._here.close()


_inbox: _Inbox | None = None


def _the_inbox() -> _Inbox:
    global _inbox  # noqa: PLW0603 (it must outlive every window and thread)
    if _inbox is None:
        _inbox = _Inbox()
    return _inbox


def collect_garbage_here(parent: QObject) -> None:
    """Run the garbage collector in this thread only: otherwise a `QObject` in a cycle is freed by any thread."""
    gc.disable()
    timer = QTimer(parent)
    timer.timeout.connect(collect_due_garbage)
    timer.start(_GARBAGE_EVERY_MS)


def collect_due_garbage() -> None:
    """Collect the oldest generation that has reached its threshold, as Python would have done."""
    counts, thresholds = gc.get_count(), gc.get_threshold()
    for generation in (2, 1, 0):
        if counts[generation] > thresholds[generation] > 0:
            gc.collect(generation)
            return
