"""What other processes have committed: heard from the database server as soon as it has happened.

Only a wake-up (PostgreSQL's LISTEN and NOTIFY). What has happened is in the events table, and whoever misses a wake-up
looks there a little later by itself.
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
from core.store.engine import dialects
from core.store.engine.dialects import CHANNEL
from core.store.engine.writer import Unavailable
from core.workers import keep_running

AGAIN_AFTER_S: Final = 1.0
PRESENT_EVERY_S: Final = 20.0
"""So often each process is heard of, when nothing happens."""
FORGOTTEN_AFTER_S: Final = 90.0
_MANY: Final = 100
log = logging.getLogger(__name__)


class Other(NamedTuple):
    """Another process of the same database, as it was last heard of."""

    where: str
    """Its machine and process."""
    ahead_s: float
    """How far its clock is ahead of ours, less the moment that the news was on its way."""
    heard_s: float
    """When that was, by the monotonic clock."""


class Announcements:
    """Those of the processes that share a database. This one's own are not heard: its writer tells them itself."""

    def __init__(self, engine: Engine, met: Callable[[str], None]) -> None:
        """`met` is told the timeline of each new connection before it is listened to; it may raise `Unavailable`."""
        self._engine = engine
        self._met = met
        self._name = uuid7()
        self._where = f"{re.sub('[^0-9A-Za-z.-]', '-', socket.gethostname())[:40]} (process {os.getpid()})"
        self._others: dict[str, Other] = {}
        self._repeats = Repeats()
        self._thread: threading.Thread | None = None
        self._end: socket.socket | None = None

    def command(self) -> str:
        """Announces a commit to the others, and what time it is here."""
        return f"NOTIFY {CHANNEL}, '{self._name} {time.time():.6f} {self._where}'"

    def others(self) -> tuple[Other, ...]:
        """The other processes that were heard of lately."""
        lately = time.monotonic() - FORGOTTEN_AFTER_S
        return tuple(other for other in list(self._others.values()) if other.heard_s > lately)

    def listen(self, on_events: Callable[[], None] | None) -> None:
        """Have `on_events` called in a thread of its own, from now on, instead of what was; None: nothing any more."""
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
            while not self._hear(waiting, ended, on_events):
                if (count := self._repeats.due("lost")) is not None:
                    log.warning(
                        "other processes' commits are not heard until the database is back", extra={"times": count}
                    )
                if waiting.select(AGAIN_AFTER_S):
                    break
        ended.close()

    def _hear(self, waiting: selectors.BaseSelector, ended: socket.socket, on_events: Callable[[], None]) -> bool:
        """Listen on one connection. True when it is to end, False when the connection has."""
        driver: Any = None
        try:
            with self._engine.connect() as connection:
                driver = connection.connection.driver_connection
                self._met(dialects.timeline(connection))
                driver.execute(self.command())
                driver.execute(f"LISTEN {CHANNEL}")
                if (count := self._repeats.over("lost")) is not None:
                    log.info("other processes' commits are heard again", extra={"times": count})
                waiting.register(driver.fileno(), selectors.EVENT_READ)
                try:
                    on_events()  # what happened while nobody listened
                    while True:
                        ready = waiting.select(PRESENT_EVERY_S)
                        if any(key.fileobj is ended for key, _ in ready):
                            return True
                        if not ready:
                            driver.execute(self.command())
                        driver.pgconn.consume_input()
                        if self._heard(driver.pgconn) or not ready:  # which may have swallowed some
                            on_events()
                finally:
                    waiting.unregister(driver.fileno())
        except (SQLAlchemyError, Unavailable):
            return False
        except Exception:
            if not getattr(driver, "closed", False):
                log.exception("cannot listen")
            return False

    def _heard(self, connection: Any) -> bool:
        others = False
        while (notice := connection.notifies()) is not None:
            name, _, rest = notice.extra.decode().partition(" ")
            if name != self._name:
                others = True
                self._meet(name, rest)
        return others

    def _meet(self, name: str, rest: str) -> None:
        said, _, where = rest.partition(" ")
        with contextlib.suppress(ValueError):  # of an earlier release, which does not say
            self._others[name] = Other(where, float(said) - time.time(), time.monotonic())
        if len(self._others) > _MANY:
            self._others = {each: other for each, other in self._others.items() if other in self.others()}
