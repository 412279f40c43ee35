"""Whether the server answers: derived in one place from every call and message, the newest first."""

import contextlib
import random
import threading
from collections.abc import Callable
from typing import Final

from core import clock
from core.client.errors import ClientError, Unreachable
from core.protocol.feed import SILENCE_S
from core.workers import keep_running, run_aside

SUSPECT_S: Final = 20.0
"""After this long without an answer the server is probed. It sends a heartbeat every 15 s."""
ANSWER_S: Final = 10.0
"""A probe that was not answered for this long has failed, however long its call goes on."""
AGAIN_S: Final = (2.0, 5.0)
"""The shortest and longest wait between probes while the server does not answer."""
_ASKING: Final = 3
_LOOK_S: Final = 1.0


class Connection:
    """The state of the connection to the server. Thread-safe.

    An answer counts from its arrival, a failure from the beginning of its call: a call that hung since before the last
    answer is no evidence.
    """

    def __init__(self, server_url: str) -> None:
        self.server_url = server_url
        self._changing = threading.Lock()
        self._last_answer_s = clock.now_s()
        self._problem: ClientError | None = None
        self._listeners: list[Callable[[], None]] = []

    @property
    def problem(self) -> ClientError | None:
        """Why the server does not answer; None while it does, and before anything was tried."""
        return self._problem

    @property
    def last_answer_s(self) -> float:
        """When the server last answered, by `core.clock`; before that, when this was made."""
        return self._last_answer_s

    def subscribe(self, listener: Callable[[], None]) -> Callable[[], None]:
        """Call `listener`, in any thread, when the server begins or ceases to answer. Returns the unsubscribe
        function."""
        self._listeners.append(listener)

        def end() -> None:
            with contextlib.suppress(ValueError):
                self._listeners.remove(listener)

        return end

    def answered(self) -> None:
        """Record a complete answer of the server."""
        with self._changing:
            self._last_answer_s = clock.now_s()
            before, self._problem = self._problem, None
        if before is not None:
            self._notify()

    def failed(self, error: ClientError, began_s: float) -> None:
        """Record the failure of a call that began at `began_s`."""
        with self._changing:
            if self._last_answer_s > began_s:
                return
            before, self._problem = self._problem, error
        if before is None:
            self._notify()

    def _notify(self) -> None:
        for listener in tuple(self._listeners):
            listener()


class Watch:
    """Checks once a second whether the connection has been silent for too long, and calls `probe` then.

    `probe` records its result on the connection. A hanging probe blocks neither the next one nor the decision.
    """

    def __init__(self, connection: Connection, probe: Callable[[], None]) -> None:
        self._connection = connection
        self._probe = probe
        self._stopping = threading.Event()
        self._asked_s: float | None = None
        self._again_s = 0.0
        self._asking: list[threading.Thread] = []
        self._thread = keep_running(self._run, "connection-watch")

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """Probe no more."""
        self._stopping.set()

    def _run(self) -> None:
        while not self._stopping.wait(_LOOK_S):
            self.check()

    def check(self) -> None:
        """Update the state, and probe if it is time to."""
        connection, now_s = self._connection, clock.now_s()
        silent_s = now_s - connection.last_answer_s
        asked_s = self._asked_s
        if asked_s is not None and connection.last_answer_s >= asked_s:
            asked_s = self._asked_s = None
        if silent_s > SILENCE_S or (asked_s is not None and now_s - asked_s >= ANSWER_S):
            silent = Unreachable(
                "{address} does not answer in time. Check the network and the server.", address=connection.server_url
            )
            connection.failed(silent, now_s)
        if (silent_s >= SUSPECT_S or connection.problem is not None) and now_s >= self._again_s:
            self._asking = [thread for thread in self._asking if thread.is_alive()]
            if len(self._asking) < _ASKING:
                self._again_s = now_s + random.uniform(*AGAIN_S)  # noqa: S311 (jitter, not a secret)
                self._asked_s = now_s if asked_s is None else asked_s
                self._asking.append(run_aside(self._ask, "connection-probe"))

    def _ask(self) -> None:
        with contextlib.suppress(ClientError):
            self._probe()
