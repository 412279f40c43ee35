"""The presenter of the status display: reads every few seconds, follows pushed changes, and tracks their age."""

from datetime import datetime
from enum import Enum, auto
from typing import Final

import msgspec
from PySide6.QtCore import QObject, QTimer, Signal, Slot

from core import clock
from core.client.connection import Watch
from core.client.display.display import Listening, StatusDisplaySource
from core.client.display.tickets import Tickets
from core.client.errors import ClientError, Refused
from core.domain.ids import OrderId
from core.protocol.display import Ticket, TicketsMessage, TicketsReply
from core.ui.jobs import Jobs
from core.ui.refresh import STALE_AFTER, Refresher
from core.ui.threads import Channel

_TICK_MS: Final = 1000


class Freshness(Enum):
    NONE = auto()
    """Nothing was read yet."""
    FRESH = auto()
    STALE = auto()
    """Older than two intervals."""


class DisplayStatus(msgspec.Struct, frozen=True, kw_only=True):
    """The status display's connection and age."""

    freshness: Freshness = Freshness.NONE
    fresh_at: datetime | None = None
    """When the shown tickets were last known to be current."""
    live: bool = False
    """Whether changes are pushed."""
    problem: ClientError | None = None
    """Why the last read failed."""


class Shown(msgspec.Struct, frozen=True):
    preparing: tuple[Ticket, ...] = ()
    ready: tuple[Ticket, ...] = ()
    waiting: tuple[Ticket, ...] = ()


class StatusDisplayPresenter(QObject):
    """Reads while it is started. All signals are emitted in the window's thread."""

    changed = Signal(object)
    """A `Shown` with other tickets than before."""
    called = Signal(object)
    """The ids of orders that have become ready since the last change. Never those of the first read."""
    display_status_changed = Signal(object)
    ticked = Signal()
    """Once a second."""

    def __init__(
        self,
        jobs: Jobs,
        source: StatusDisplaySource,
        refresh_s: float,
        *,
        push: bool = True,
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self._jobs = jobs
        self._source = source
        self._push = push
        self._stale_after_s = STALE_AFTER * refresh_s
        self._tickets = Tickets()
        self._shown = Shown()
        self._display_status = DisplayStatus()
        self._fresh_at_s = 0.0
        self._closed = False
        self._answers = True
        self._watch = Watch(source.connection, source.probe)
        self._refresher = Refresher(jobs, self._read, refresh_s, parent=self)
        self._refresher.succeeded.connect(self._on_read_succeeded)
        self._refresher.failed.connect(self._on_read_failed)
        self._ticker = QTimer(self)
        self._ticker.setInterval(_TICK_MS)
        self._ticker.timeout.connect(self.check)
        self._ticker.timeout.connect(self.ticked)
        board = self._tickets  # and not this object: the thread that listens holds nothing of Qt's
        heard: Channel[TicketsMessage] = Channel(self._on_message_received)
        lost: Channel[ClientError] = Channel(self._on_push_lost)
        self._listening = Listening(source, lambda: board.cursor, heard.send, lost.send)

    @property
    def display_status(self) -> DisplayStatus:
        return self._display_status

    @property
    def shown(self) -> Shown:
        return self._shown

    @property
    def refresh_s(self) -> float:
        return self._refresher.interval_s

    @property
    def shop_name(self) -> str:
        return self._source.shop_name

    def server_now(self) -> datetime:
        return self._source.server_now()

    def start(self) -> None:
        """Call once."""
        self._refresher.start()
        self._ticker.start()
        self._watch.start()
        if self._push:
            self._listening.start()

    def close(self) -> None:
        """Publish no more. The threads end by themselves."""
        self._closed = True
        self._refresher.stop()
        self._ticker.stop()
        self._watch.stop()
        self._listening.stop()
        self._jobs.close()

    # -- reading

    def _read(self) -> tuple[int, TicketsReply]:
        """Runs in a worker."""
        position = self._tickets.position
        return position, self._source.read_tickets()

    @Slot(object)
    def _on_read_succeeded(self, answer: tuple[int, TicketsReply]) -> None:
        first = not self._tickets.cursor
        back = first or self._display_status.problem is not None
        if self._tickets.take(answer[1], answer[0]):
            self._show(call=not first)
        self._set_fresh(live=self._display_status.live)
        if back:
            self._listening.hurry()

    @Slot(object)
    def _on_read_failed(self, error: ClientError) -> None:
        if isinstance(error, Refused):  # the shop does not know this display any more, so it may know nothing
            self._tickets.clear()
            self._show(call=False)
            self._set_status(freshness=Freshness.NONE, fresh_at=None, live=False, problem=error)
            return
        self._set_status(problem=error)
        self.check()

    # -- push

    def _on_message_received(self, message: TicketsMessage) -> None:
        if self._closed:
            return
        if self._tickets.advance(message):
            self._show(call=True)
            self._set_fresh(live=True)
        else:
            self._refresher.refresh()

    def _on_push_lost(self, _error: ClientError) -> None:
        if self._closed:
            return
        was_live = self._display_status.live
        self._set_status(live=False)
        if was_live:  # the server is gone, or its history has changed: read again
            self._refresher.refresh()

    # -- status

    def _show(self, *, call: bool) -> None:
        shown = Shown(self._tickets.preparing, self._tickets.ready, self._tickets.waiting)
        if shown == self._shown:
            return
        before = {ticket.order_id for ticket in self._shown.ready}
        self._shown = shown
        self.changed.emit(shown)
        called: tuple[OrderId, ...] = tuple(ticket.order_id for ticket in shown.ready if ticket.order_id not in before)
        if call and called:
            self.called.emit(called)

    def _set_fresh(self, *, live: bool) -> None:
        self._fresh_at_s = clock.now_s()
        self._set_status(freshness=Freshness.FRESH, fresh_at=self._source.server_now(), live=live, problem=None)

    @Slot()
    def check(self) -> None:
        """Mark the shown tickets as stale when they have become too old."""
        problem, answered = self._source.connection.problem, self._answers
        self._answers = problem is None
        if problem is not None and self._display_status.freshness is Freshness.FRESH:
            self._set_status(freshness=Freshness.STALE, live=False, problem=problem)
        elif problem is None and not answered:
            self._refresher.hurry()
            self._listening.hurry()
        fresh_at = self._display_status.fresh_at
        if fresh_at is None or self._display_status.freshness is not Freshness.FRESH:
            return
        age_s = clock.now_s() - self._fresh_at_s
        if age_s > self._stale_after_s:
            self._set_status(freshness=Freshness.STALE)
            self._refresher.refresh()

    def _set_status(self, **fields: object) -> None:
        display_status = msgspec.structs.replace(self._display_status, **fields)
        if display_status != self._display_status:
            self._display_status = display_status
            self.display_status_changed.emit(display_status)
