"""The sync engine's threads: one receives events, a few send operations; and the sync status.

Windows never wait for it. It may be started, stopped, and left alone on any network.
"""

import logging
import threading
import time
from collections.abc import Callable
from enum import StrEnum
from typing import Final

import msgspec

from core import clock
from core.client.connection import Watch
from core.client.errors import (
    ClientError,
    Diverged,
    Fault,
    Gone,
    Left,
    NotKept,
    OtherServer,
    Refused,
    ServerFault,
    SignedOut,
    Unreachable,
)
from core.client.operations import Operation
from core.client.sync.outbox import Counts
from core.client.sync.synchronizer import Synchronizer, backoff_s
from core.client.sync.transport import PushSubscription, Transport
from core.protocol.feed import SILENCE_S, Hello
from core.workers import keep_running, run_aside

log = logging.getLogger(__name__)

SENDERS: Final = 4
_HOUSEKEEPING_S: Final = 3600.0
_UNPUSHED_S: Final = 30.0
"""The polling interval where push is off."""
AWAY_S: Final = 60.0
"""After this long without events, the next ones are a backlog."""


class ConnectionState(StrEnum):
    LIVE = "live"
    """Events are pushed."""
    POLLING = "polling"
    """The server answers; its push does not."""
    OFFLINE = "offline"
    SIGNED_OUT = "signed_out"
    """The session is over; operations wait until the same person signs in again."""


class SyncStatus(msgspec.Struct, frozen=True, kw_only=True):
    """The state of this window's synchronisation."""

    state: ConnectionState = ConnectionState.OFFLINE
    counts: Counts = Counts()
    latency_ms: float | None = None
    """The round-trip time of a message, while live."""
    fresh_at_s: float | None = None
    """When all events were known here, by `core.clock`, so independent of the wall clock."""
    problem: ClientError | None = None
    """Why it is not live."""
    hindered: ClientError | None = None
    """Why operations fail although the server answers: its disk or this machine's is full, or a bug of this program."""

    @property
    def answering(self) -> bool:
        """Whether the server answers and accepts operations."""
        return self.state in (ConnectionState.LIVE, ConnectionState.POLLING) and not isinstance(
            self.hindered, Unreachable
        )

    def age_s(self, now_s: float) -> float | None:
        """The age of the shown data; None before the first. Grows while live too, between heartbeats."""
        return None if self.fresh_at_s is None else now_s - self.fresh_at_s


class Engine:
    """Runs a `Synchronizer`. `on_sync_status` is called, in one of its threads, whenever the status changes."""

    def __init__(
        self,
        sync: Synchronizer,
        transport: Transport,
        on_sync_status: Callable[[SyncStatus], None],
        *,
        push: bool = True,
    ) -> None:
        self._sync = sync
        self._transport = transport
        self._on_sync_status = on_sync_status
        self._push = push
        self._sync_status = SyncStatus(counts=sync.outbox.counts())
        self._connection = transport.connection
        self._watch = Watch(self._connection, transport.probe)
        self._unsubscribe = self._connection.subscribe(self._on_connection_changed)
        self._state = ConnectionState.OFFLINE
        """The state of receiving; overridden while the server does not answer at all."""
        self._problem: ClientError | None = None
        self._setting = threading.RLock()
        self._work_available = threading.Condition()
        self._wake = threading.Event()
        self._stopping = False
        self._not_before_s = 0.0
        self._busy_until_s = 0.0
        self._failures = 0
        self._housekept_s: float | None = None
        self._subscription: PushSubscription | None = None
        self._threads = [keep_running(self._follow, "sync-follow", failed=self._on_fault)]
        self._threads += [
            keep_running(self._keep_sending, f"sync-send-{n}", failed=self._on_fault) for n in range(SENDERS)
        ]

    @property
    def sync_status(self) -> SyncStatus:
        return self._sync_status

    def start(self) -> None:
        for thread in self._threads:
            thread.start()
        self._watch.start()

    def stop(self, wait_s: float = 0.0) -> None:
        """End all threads; wait at most `wait_s`. Unanswered operations stay in the outbox."""
        with self._work_available:
            self._stopping = True
            self._work_available.notify_all()
        self._wake.set()
        self._watch.stop()
        self._unsubscribe()
        self._hang_up()
        until = time.monotonic() + wait_s
        for thread in self._threads:
            if thread.ident is not None and thread is not threading.current_thread():
                thread.join(max(0.0, until - time.monotonic()))

    def accepted(self) -> None:
        """The outbox has something to send."""
        with self._work_available:
            self._work_available.notify()
        self._notify()

    def hurry(self) -> None:
        """Try everything now: somebody pressed Try now, or signed in again."""
        self._sync.outbox.hurry()
        self._resume()
        self._wake.set()
        if self._sync_status.state is not ConnectionState.LIVE:
            self._hang_up()

    # -- following

    def _follow(self) -> None:
        attempt = 0
        while not self._stopping:
            wait_s: float | None = None
            began_s = clock.now_s()
            try:
                age_s = self._sync_status.age_s(clock.now_s())
                self._sync.pull(backlog=age_s is None or age_s > AWAY_S)
                self._set_fresh(ConnectionState.POLLING)
                self._housekeep()
                if not self._push:
                    self._wait_until_woken(_UNPUSHED_S)
                    continue
                with self._transport.listen() as subscription:
                    self._listen(subscription)
            except SignedOut as error:
                self._set(state=ConnectionState.SIGNED_OUT, problem=error, latency_ms=None)
                self._wait_until_woken(None)
            except NotKept as error:
                self._set(state=ConnectionState.POLLING, hindered=error, latency_ms=None)
                wait_s = backoff_s(attempt)
                attempt += 1
            except ClientError as error:
                if self._state is ConnectionState.LIVE:
                    attempt = 0
                # The push ended, or never began. Without other answers since the pull began, that is decisive.
                self._connection.failed(error, began_s)
                self._set(state=ConnectionState.POLLING, problem=error, latency_ms=None)
                wait_s = backoff_s(attempt)
                if isinstance(error, Unreachable) and error.retry_after_s is not None:
                    wait_s = max(wait_s, error.retry_after_s)
                attempt += 1
            except Exception:
                log.exception("the sync engine failed; it goes on")
                self._set(hindered=Fault())
                wait_s = backoff_s(attempt)
                attempt += 1
            if wait_s is not None:
                self._wait_until_woken(wait_s)

    def _housekeep(self) -> None:
        """Once an hour: fetch the menu, and delete what is old. Nothing depends on it."""
        now_s = clock.now_s()
        if self._housekept_s is None or now_s > self._housekept_s + _HOUSEKEEPING_S:
            try:
                self._sync.fetch_menu()
                self._sync.housekeep()
                self._housekept_s = now_s
            except (Refused, ServerFault) as error:
                log.warning("the menu could not be fetched", extra={"cause": error.message})

    def _listen(self, subscription: PushSubscription) -> None:
        """Apply pushed messages until the socket ends, which raises."""
        self._subscription = subscription
        try:
            said = ""
            while not self._stopping:
                token = self._transport.token()
                if token != said:
                    cache = self._sync.cache
                    witness = next(iter(cache.history_proofs()), "")
                    subscription.send_hello(Hello(token=token, cursor=str(cache.place), witness=witness))
                    said = token
                try:
                    message = subscription.receive()
                except SignedOut:
                    self._sync.pull()  # raises it again, in the server's words, unless it was the session before
                    return
                if not self._sync.take_in(message):
                    self._sync.pull()
                latency_s = subscription.latency_s
                self._set_fresh(ConnectionState.LIVE, None if latency_s is None else latency_s * 1000)
        finally:
            self._subscription = None

    def _set_fresh(self, state: ConnectionState, latency_ms: float | None = None) -> None:
        """All events are known, as of now."""
        before = self._sync_status.state
        self._connection.answered()
        with self._setting:  # a sender may find out at the same moment that it accepts no writes
            hindered = self._sync_status.hindered
            if not isinstance(hindered, Unreachable):  # whether it accepts writes is found out by sending alone
                hindered = None
            self._set(state=state, latency_ms=latency_ms, fresh_at_s=clock.now_s(), hindered=hindered)
        if before in (ConnectionState.OFFLINE, ConnectionState.SIGNED_OUT):
            self._sync.outbox.hurry()
        with self._work_available:  # an operation may have waited for these events
            if state is not ConnectionState.LIVE:
                self._not_before_s, self._failures = 0.0, 0  # it has just answered
            self._work_available.notify_all()

    def _on_connection_changed(self) -> None:
        """The server answers again, or no longer. Waits for it end."""
        age_s = self._sync_status.age_s(clock.now_s())
        if self._state is ConnectionState.LIVE and age_s is not None and age_s > SILENCE_S:
            self._state = ConnectionState.POLLING
            self._hang_up()  # the machine slept, and the socket may be dead
        self._set()
        if self._connection.problem is None:
            self._sync.outbox.hurry()
            self._resume()
            if self._state is not ConnectionState.SIGNED_OUT:
                self._wake.set()

    def _hang_up(self) -> None:
        """Close the socket, if there is one, in the background: the closing handshake may take long."""
        subscription = self._subscription
        if subscription is not None:
            run_aside(subscription.close, "sync-hang-up")

    def _wait_until_woken(self, wait_s: float | None) -> None:
        self._wake.wait(wait_s)
        self._wake.clear()

    # -- sending

    def _keep_sending(self) -> None:
        while True:
            with self._work_available:
                if self._stopping:
                    return
                operation, wait_s = self._next()
                if operation is None:
                    self._work_available.wait(wait_s)
                    continue
            try:
                self._send(operation)
            except NotKept as error:  # not the operation's fault: it continues once there is room
                self._pause(0.0)
                self._set(hindered=error)
            except Left:  # whose operation this is has gone: what became of it is found out when they are back
                return
            finally:
                self._sync.outbox.let_go(operation)
            self._notify()

    def _next(self) -> tuple[Operation | None, float | None]:
        now_s = clock.now_s()
        if self._sync_status.state is ConnectionState.SIGNED_OUT:
            return None, None
        if now_s < (due_s := max(self._not_before_s, self._busy_until_s)):
            return None, due_s - now_s
        return self._sync.outbox.take(now_s), self._sync.outbox.due_in(now_s)

    def _send(self, operation: Operation) -> None:
        try:
            self._sync.send(operation)
        except SignedOut as error:
            self._sync.outbox.postpone(operation, clock.now_s())
            self._set(state=ConnectionState.SIGNED_OUT, problem=error)
        except Unreachable as error:
            if error.retry_after_s is None and self._sync.unreachable(operation):
                return
            self._pause(error.retry_after_s or 0.0)
            self._sync.outbox.postpone(operation, clock.now_s())
            if error.retry_after_s is None and not isinstance(error, OtherServer):
                self._hang_up()  # the receiving thread finds out whether the server is gone
            else:  # it may be read all the same
                self._set(hindered=error)
        except (Diverged, Gone) as error:
            self._sync.failed(operation, error.message)
            self._hang_up()  # the receiving thread finds the same, and starts over
            self._wake.set()
        except NotKept:
            raise
        except Exception:
            log.exception("an operation could not be sent", extra={"op_id": operation.op_id})
            self._set(hindered=Fault())
            self._sync.failed(operation, "A fault here.")
        else:
            self._resume()
            self._set(hindered=None)
            self._prove()

    def _resume(self) -> None:
        """Send again now, without waiting."""
        with self._work_available:
            self._not_before_s = self._busy_until_s = 0.0
            self._failures = 0
            self._work_available.notify_all()

    def _pause(self, busy_s: float) -> None:
        """Send nothing for a while; for `busy_s` seconds at least, even when the server answers reads."""
        now_s = clock.now_s()
        with self._work_available:
            if now_s >= self._not_before_s:  # senders that fail together have failed once
                self._not_before_s = now_s + backoff_s(self._failures)
                self._failures += 1
            self._busy_until_s = max(self._busy_until_s, now_s + busy_s)

    def _on_fault(self, _error: Exception) -> None:
        self._set(hindered=Fault())

    def _prove(self) -> None:
        try:
            self._sync.prove()
        except Diverged:
            self._hang_up()  # the receiving thread finds the same, and handles it
        except ClientError:
            return  # the next pull asks again

    # -- status

    def _notify(self) -> None:
        self._set()

    def _set(
        self, *, state: ConnectionState | None = None, problem: ClientError | None = None, **fields: object
    ) -> None:
        """Update the status. `problem` is why `state` is not live."""
        with self._setting:
            if state is not None:
                self._state, self._problem = state, problem
            state, problem = self._state, self._problem
            if state is not ConnectionState.SIGNED_OUT and self._connection.problem is not None:
                state, problem = ConnectionState.OFFLINE, self._connection.problem
            sync_status = msgspec.structs.replace(
                self._sync_status, state=state, problem=problem, counts=self._sync.outbox.counts(), **fields
            )
            if sync_status == self._sync_status or self._stopping:
                return
            self._sync_status = sync_status
            self._on_sync_status(sync_status)
