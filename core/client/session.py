"""A signed-in session's tokens: held in memory, refreshed once for all who wait, and gone at sign-out."""

import threading
import time
from collections.abc import Callable

from core.client.errors import SignedOut
from core.domain.ids import OpId, new_op_id
from core.protocol.replies import Tokens

_EARLY_S = 20.0
"""An access token this close to its end is refreshed before it is used."""

Refresh = Callable[[str, OpId], Tokens]
"""Exchanges a refresh token for the next pair; the op id makes a second try after a lost reply harmless."""
Keep = Callable[[Tokens | None, OpId], None]
"""Told of every change of the session: the tokens (None at its end), and the op id they will be refreshed under."""


def _kept_nowhere(_tokens: Tokens | None, _op_id: OpId) -> None:
    return


class Session:
    """Safe to use from several threads. `refresh` is called by one of them at a time."""

    def __init__(
        self, refresh: Refresh, clock: Callable[[], float] = time.monotonic, keep: Keep = _kept_nowhere
    ) -> None:
        self._refresh = refresh
        self._keep = keep
        self._clock = clock
        self._refreshing = threading.Lock()
        # Held for a moment only, so that a sign-out is never undone by a refresh that was just about to end.
        self._changing = threading.RLock()
        self._tokens: Tokens | None = None
        self._ends_at = 0.0
        self._op_id = new_op_id()

    @property
    def tokens(self) -> Tokens | None:
        return self._tokens

    def start(self, tokens: Tokens) -> None:
        """Somebody signed in."""
        with self._changing:
            op_id = new_op_id()
            self._keep(tokens, op_id)
            self._op_id, self._ends_at = op_id, self._clock() + tokens.expires_in_s
            self._tokens = tokens

    def resume(self, tokens: Tokens, op_id: OpId) -> None:
        """Go on with the session of an earlier run. How old its access token is nobody knows: it is refreshed first,
        under the op id it would have been refreshed under then."""
        self._ends_at = self._clock()
        self._op_id = op_id
        self._tokens = tokens

    def end(self) -> Tokens | None:
        """Forget the tokens; returns what was held, for telling the server."""
        with self._changing:
            tokens = self._tokens
            if tokens is not None:
                self._keep(None, self._op_id)
            self._tokens = None
            return tokens

    def access_token(self, *, rejected: str = "") -> str:
        """A token to send. `rejected` is one that the server has just refused although it looked alive.

        Raises `SignedOut` when nobody is signed in or the session cannot go on, and whatever `refresh` raises.
        """
        tokens = self._require()
        if tokens.access_token != rejected and self._clock() < self._ends_at - _EARLY_S:
            return tokens.access_token
        with self._refreshing:
            now = self._require()
            if now.access_token not in (tokens.access_token, rejected):
                return now.access_token
            try:
                fresh = self._refresh(now.refresh_token, self._op_id)
            except SignedOut:
                with self._changing:
                    if self._tokens is now:
                        self.end()
                raise
            with self._changing:
                if self._tokens is not now:
                    raise SignedOut("You were signed out meanwhile.")
                self.start(fresh)
            return fresh.access_token

    def _require(self) -> Tokens:
        if self._tokens is None:
            raise SignedOut("Nobody is signed in.")
        return self._tokens
