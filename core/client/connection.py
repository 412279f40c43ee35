"""Whether the server answers: decided in one place, from everything that is heard of it, the newest first."""

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
"""After so long without a word the server is asked whether it is there. It says something every 15 s to who listens."""
ANSWER_S: Final = 10.0
"""A question that was not answered for so long has failed, however long its call goes on."""
AGAIN_S: Final = (2.0, 5.0)
"""While it does not answer it is asked again after a wait between these two."""
_ASKING: Final = 3
_LOOK_S: Final = 1.0


class Connection:
    """What is known of the way to the server. Safe to use from several threads.

    An answer counts from when it came, a failure from when what failed had begun: a call that hung since before the
    last answer says nothing new.
    """

    def __init__(self, server_url: str) -> None:
        self.server_url = server_url
        self._changing = threading.Lock()
        self._heard_s = clock.now_s()
        self._problem: ClientError | None = None
        self._listeners: list[Callable[[], None]] = []

    @property
    def problem(self) -> ClientError | None:
        """Why the server does not answer; None while it does, and before anything was tried."""
        return self._problem

    @property
    def heard_s(self) -> float:
        """When something was last heard of it, by `core.clock`; before that, when this was made."""
        return self._heard_s

    def subscribe(self, listener: Callable[[], None]) -> Callable[[], None]:
        """Call `listener`, in any thread, when the server begins to answer or ceases to. Gives how to end that."""
        self._listeners.append(listener)

        def end() -> None:
            with contextlib.suppress(ValueError):
                self._listeners.remove(listener)

        return end

    def answered(self) -> None:
        """Something of the server's has just arrived, whole."""
        with self._changing:
            self._heard_s = clock.now_s()
            before, self._problem = self._problem, None
        if before is not None:
            self._tell()

    def failed(self, error: ClientError, began_s: float) -> None:
        """Something that was begun at `began_s` came to nothing."""
        with self._changing:
            if self._heard_s > began_s:
                return
            before, self._problem = self._problem, error
        if before is None:
            self._tell()

    def _tell(self) -> None:
        for listener in tuple(self._listeners):
            listener()


class Watch:
    """Looks once a second whether the connection has been silent for too long, and asks the server with `probe` then.

    `probe` tells the connection how it went. A question that hangs holds up neither the next nor what is decided.
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
        """Ask nothing more."""
        self._stopping.set()

    def _run(self) -> None:
        while not self._stopping.wait(_LOOK_S):
            self.look()

    def look(self) -> None:
        """Decide, and ask if it is time to."""
        connection, now_s = self._connection, clock.now_s()
        silent_s = now_s - connection.heard_s
        asked_s = self._asked_s
        if asked_s is not None and connection.heard_s >= asked_s:
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
