"""Notifications between server processes that one of them has committed events.

They are wake-ups only (PostgreSQL's LISTEN and NOTIFY): the events are in their table, and a process that misses a
notification finds them at its next poll.
"""

import contextlib
import logging
import os
import re
import selectors
import socket
import threading
import time
from collections.abc import Callable
from functools import partial
from typing import Any, Final, NamedTuple

from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError

from core.domain.ids import uuid7
from core.logs import Repeats
from core.store.engine.writer import Unavailable
from core.store.sql import dialects
from core.store.sql.dialects import CHANNEL
from core.workers import keep_running

AGAIN_AFTER_S: Final = 1.0
PRESENT_EVERY_S: Final = 20.0
"""The interval at which each process notifies the others while idle."""
FORGOTTEN_AFTER_S: Final = 90.0
_MANY: Final = 100
log = logging.getLogger(__name__)


class Other(NamedTuple):
    """Another process that shares the database, as of its last notification."""

    where: str
    """Its machine and process."""
    ahead_s: float
    """How far its clock is ahead of ours, less the delivery time of the notification."""
    seen_s: float
    """When that was, by the monotonic clock."""


class Announcements:
    """Notifications of the other processes. A process ignores its own: its writer wakes its hub directly."""

    def __init__(self, engine: Engine, check_timeline: Callable[[str], None]) -> None:
        """`check_timeline` is called with the timeline of each new connection before it is listened to; it may raise
        `Unavailable`."""
        self._engine = engine
        self._check_timeline = check_timeline
        self._name = uuid7()
        self._where = f"{re.sub('[^0-9A-Za-z.-]', '-', socket.gethostname())[:40]} (process {os.getpid()})"
        self._others: dict[str, Other] = {}
        self._repeats = Repeats()
        self._thread: threading.Thread | None = None
        self._end: socket.socket | None = None

    def command(self) -> str:
        """The command that announces a commit to the others, with this machine's time."""
        return f"NOTIFY {CHANNEL}, '{self._name} {time.time():.6f} {self._where}'"

    def others(self) -> tuple[Other, ...]:
        """The other processes that were seen lately."""
        lately = time.monotonic() - FORGOTTEN_AFTER_S
        return tuple(other for other in list(self._others.values()) if other.seen_s > lately)

    def listen(self, on_events: Callable[[], None] | None) -> None:
        """Call `on_events` in a thread of its own from now on, in place of the previous listener; None: stop."""
        if self._thread is not None and self._end is not None:
            self._end.close()
            self._thread.join()
            self._thread = None
        if on_events is not None:
            self._end, ended = socket.socketpair()
            self._thread = keep_running(partial(self._run, ended, on_events), "store-listen", daemon=False)
            self._thread.start()

    def _run(self, ended: socket.socket, on_events: Callable[[], None]) -> None:
        with selectors.DefaultSelector() as waiting:
            waiting.register(ended, selectors.EVENT_READ)
            while not self._serve_connection(waiting, ended, on_events):
                if (count := self._repeats.due("lost")) is not None:
                    log.warning(
                        "notifications of other processes' commits are off until the database is back",
                        extra={"times": count},
                    )
                if waiting.select(AGAIN_AFTER_S):
                    break
        ended.close()

    def _serve_connection(
        self, waiting: selectors.BaseSelector, ended: socket.socket, on_events: Callable[[], None]
    ) -> bool:
        """Listen on one connection. True when `ended` closed, False when the connection failed."""
        driver: Any = None
        try:
            with self._engine.connect() as connection:
                driver = connection.connection.driver_connection
                self._check_timeline(dialects.timeline(connection))
                driver.execute(self.command())
                driver.execute(f"LISTEN {CHANNEL}")
                if (count := self._repeats.over("lost")) is not None:
                    log.info("notifications of other processes' commits are on again", extra={"times": count})
                waiting.register(driver.fileno(), selectors.EVENT_READ)
                try:
                    on_events()  # committed while not listening
                    while True:
                        ready = waiting.select(PRESENT_EVERY_S)
                        if any(key.fileobj is ended for key, _ in ready):
                            return True
                        if not ready:
                            driver.execute(self.command())
                        driver.pgconn.consume_input()
                        if self._read_notices(driver.pgconn) or not ready:  # which may have consumed some
                            on_events()
                finally:
                    waiting.unregister(driver.fileno())
        except (SQLAlchemyError, Unavailable):
            return False
        except Exception:
            if not getattr(driver, "closed", False):
                log.exception("cannot listen")
            return False

    def _read_notices(self, connection: Any) -> bool:
        others = False
        while (notice := connection.notifies()) is not None:
            name, _, rest = notice.extra.decode().partition(" ")
            if name != self._name:
                others = True
                self._update_other(name, rest)
        return others

    def _update_other(self, name: str, rest: str) -> None:
        sent_at, _, where = rest.partition(" ")
        with contextlib.suppress(ValueError):  # an earlier release sends no time
            self._others[name] = Other(where, float(sent_at) - time.time(), time.monotonic())
        if len(self._others) > _MANY:
            self._others = {each: other for each, other in self._others.items() if other in self.others()}
