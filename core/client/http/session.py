"""A person's session: its tokens, held in memory, refreshed once for all waiting callers, and dropped at its end."""

import threading
from collections.abc import Callable
from typing import Final

from core.client.errors import Left, SignedOut
from core.clock import now_s
from core.domain.ids import OpId, new_op_id
from core.domain.people import Person
from core.protocol.replies import Tokens

_LIFE_MOST_S: Final = 24 * 3600
"""The longest that an access token is used before a refresh, whatever its declared life."""
_EARLY_S: Final = 20.0
"""An access token this close to its end is refreshed before it is used."""

Refresh = Callable[[str, OpId], Tokens]
"""Exchanges a refresh token for the next pair; the op id makes a retry after a lost reply harmless."""
Keep = Callable[[Tokens | None, OpId], None]
"""Called with every change of the session: the tokens (None at its end), and the op id of their next refresh."""


def kept_nowhere(_tokens: Tokens | None, _op_id: OpId) -> None:
    """A `Keep` for a session that ends with the process."""


class Session:
    """A session from one person's sign-in to their sign-out. Its tokens are only ever theirs, of that shop and device:
    so its holder makes no call for another person, whoever signs in meanwhile. Once ended it returns no token.

    A session that the server has ended (`tokens` is None, `ended` is False) may be renewed by the same person.

    Thread-safe. `refresh` is called by one thread at a time.
    """

    def __init__(
        self,
        tokens: Tokens,
        refresh: Refresh,
        clock: Callable[[], float] = now_s,
        keep: Keep = kept_nowhere,
        *,
        op_id: OpId | None = None,
    ) -> None:
        """With an `op_id` it is the session of an earlier run. The age of its access token is unknown: it is refreshed
        first, under that op id."""
        self._refresh = refresh
        self._keep = keep
        self._clock = clock
        self._refreshing = threading.Lock()
        # Held for a moment only, so that a sign-out is never undone by a refresh that was just about to end.
        self._changing = threading.RLock()
        self._first = tokens
        self._tokens: Tokens | None = tokens
        self._ended = False
        self._why = "The session is over."
        """The reason, in the server's words where it gave one."""
        self._op_id = op_id or new_op_id()
        self._ends_at = clock()
        if op_id is None:
            self._set(tokens)

    @property
    def person(self) -> Person:
        """Its person, also after its end."""
        return self._first.person

    @property
    def device(self) -> str:
        """The device of the sign-in; empty for none."""
        return self._first.device

    @property
    def tokens(self) -> Tokens | None:
        """None once it is over."""
        return self._tokens

    @property
    def ended(self) -> bool:
        """Whether its person has left."""
        return self._ended

    def is_of(self, tokens: Tokens) -> bool:
        """Whether `tokens` are of this session's person, shop and device. An older server may omit shop and device."""
        mine = self._first
        return tokens.person.id == mine.person.id and all(
            not said or said == now for said, now in ((mine.shop, tokens.shop), (mine.device, tokens.device))
        )

    def renew(self, tokens: Tokens) -> bool:
        """Continue with new tokens of the same person. False, and unchanged, when it has ended or they are
        another's."""
        with self._changing:
            if self._ended or not self.is_of(tokens):
                return False
            self._set(tokens)
            return True

    def end(self) -> None:
        """End the session. Waits for no refresh."""
        with self._changing:
            self._ended = True
            self._drop()

    def access_token(self, *, rejected: str = "") -> str:
        """A valid access token. `rejected` is one that the server has just refused.

        Raises `SignedOut` when the session is over, `Left` when its person has left, and whatever `refresh` raises.
        """
        tokens = self._require()
        if tokens.access_token != rejected and self._clock() < self._ends_at - _EARLY_S:
            return tokens.access_token
        with self._refreshing:
            now = self._require()
            if now.access_token not in (tokens.access_token, rejected):
                return now.access_token
            try:
                fresh = self._refreshed(now.refresh_token)
            except SignedOut as error:
                with self._changing:
                    if self._tokens is now:
                        self._why = error.message
                        self._drop()
                        raise
                return self._require().access_token
            with self._changing:
                if self._tokens is now:
                    self._set(fresh)
                return self._require().access_token

    def _refreshed(self, refresh_token: str) -> Tokens:
        fresh = self._refresh(refresh_token, self._op_id)
        if not self.is_of(fresh):
            raise SignedOut("The server has answered with somebody else's session.")
        return fresh

    def _set(self, tokens: Tokens) -> None:
        op_id = new_op_id()
        self._keep(tokens, op_id)
        life_s = min(max(tokens.expires_in_s, 0), _LIFE_MOST_S)
        self._op_id, self._ends_at, self._tokens = op_id, self._clock() + life_s, tokens

    def _drop(self) -> None:
        held, self._tokens = self._tokens, None
        if held is not None:
            self._keep(None, self._op_id)

    def _require(self) -> Tokens:
        tokens = self._tokens
        if tokens is None:
            raise Left if self._ended else SignedOut(self._why)
        return tokens
