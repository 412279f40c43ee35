"""Sign-outs that the server has to be told: kept in the window's file until it was, through outages and restarts.

What is kept is one of the session's tokens, sealed to the shop's key: nobody can use it here, and the server can end
the session by it.
"""

import threading
from contextlib import suppress
from datetime import timedelta
from typing import Final, NamedTuple

from core import sealing
from core.client.errors import ClientError, NotKept, Refused
from core.client.http.api import HttpClient
from core.client.storage.local_store import LocalStore
from core.domain.ids import ShopId
from core.instants import now, to_us
from core.protocol import routes
from core.protocol.replies import Tokens
from core.protocol.sealed import SealedSignOut, sign_out_context
from core.workers import keep_running

_PAUSE_S: Final = 0.5
_PAUSE_MOST_S: Final = 60.0
_CLOSE_WITHIN_S: Final = 2.0
"""How long `close` waits for the server to be told of sessions that have just ended."""
_KEPT: Final = timedelta(days=366)
"""Longer than any session lives without a visit."""


class _SignOut(NamedTuple):
    sealed: bytes
    shop: str


class SignOuts:
    """Thread-safe. Tells the server in a thread that runs while there is something to tell."""

    def __init__(self, store: LocalStore, client: HttpClient) -> None:
        """Goes on with what an earlier run has left."""
        self._store = store
        self._client = client
        self._changing = threading.Lock()
        self._wake = threading.Event()
        self._thread: threading.Thread | None = None
        self._closing = False
        self._closed = False
        self._unkept: list[_SignOut] = []
        """Those for which the disk had no room."""
        if self._waiting():
            self._hurry()

    def announce(self, tokens: Tokens | None) -> None:
        """The session of `tokens` is over; None for one that the server has ended itself. Waits for the disk at most,
        and goes on in memory where that is full."""
        if tokens is None:
            return
        if self._closed or not tokens.sealing_key:  # a window that was closed, or a server of an earlier release
            self._client.end(tokens)
            return
        content = sealing.seal(tokens.refresh_token.encode(), tokens.sealing_key, sign_out_context(tokens.shop))
        try:
            with self._store.transaction() as db:
                db.execute("DELETE FROM sign_outs WHERE at < ?", (to_us(now() - _KEPT),))
                db.execute("INSERT INTO sign_outs VALUES (?, ?, ?)", (content, tokens.shop, to_us(now())))
        except NotKept:
            self._unkept.append(_SignOut(content, tokens.shop))
        self._hurry()

    def close(self) -> None:
        """Stop. What has just ended has a moment to be told; the next run goes on with the rest."""
        with self._changing:
            self._closing = True
            self._wake.set()
            thread = self._thread
        if thread is not None:
            thread.join(_CLOSE_WITHIN_S)
        with self._changing:
            self._closed = True

    def _hurry(self) -> None:
        with self._changing:
            self._wake.set()
            if self._thread is None:
                self._thread = keep_running(self._announce_all, "sign-out")
                self._thread.start()

    def _announce_all(self) -> None:
        pause_s = _PAUSE_S
        while True:
            self._wake.clear()
            untold = [each for each in self._waiting() if not self._announce(each)]
            with self._changing:
                if self._closing or (not untold and not self._wake.is_set()):
                    self._thread = None
                    return
            pause_s = _PAUSE_S if self._wake.wait(pause_s) else min(2 * pause_s, _PAUSE_MOST_S)

    def _waiting(self) -> list[_SignOut]:
        with suppress(NotKept), self._store.reading() as db:
            kept = db.execute("SELECT sealed, shop FROM sign_outs ORDER BY at").fetchall()
            return [*map(_SignOut._make, kept), *self._unkept]
        return self._unkept.copy()

    def _announce(self, left: _SignOut) -> bool:
        """Tell the server of one; returns whether it has answered. One that it refuses is of another server, with which
        this machine was paired before: it is sent again by the next run."""
        try:
            self._client.once(routes.SEALED_SIGN_OUT(body=SealedSignOut(ShopId(left.shop), left.sealed)))
        except Refused:
            return True
        except ClientError:
            return False
        with self._changing:
            if self._closed:
                return True
            if left in self._unkept:
                self._unkept.remove(left)
            with suppress(NotKept), self._store.transaction() as db:  # it is told twice then
                db.execute("DELETE FROM sign_outs WHERE sealed = ?", (left.sealed,))
        return True
