"""How much one person may ask of the server before it says no: kept in memory, forgotten at a restart.

What is counted to slow down guessing is kept in the database instead; see `core.server.auth.throttle`.
"""

import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final

from core.server.http import problems

_KEYS_MOST: Final = 10_000
"""Of so many people what they have done is remembered; of more, of those who did it last."""


class Rate:
    """At most `most` a `window_s` seconds, for each key: a sliding window."""

    def __init__(self, most: int, window_s: float, detail: str, clock: Callable[[], float] = time.monotonic) -> None:
        self._most = most
        self._window_s = window_s
        self._detail = detail
        """The sentence that whoever does more is told."""
        self._clock = clock
        self._done: dict[str, deque[float]] = {}

    def take(self, key: str) -> None:
        """Count one more. Raises `Refusal` 429, and counts nothing, when that is too much."""
        at = self._clock()
        done = self._done.pop(key, deque())
        while done and done[0] <= at - self._window_s:
            done.popleft()
        self._done[key] = done
        if len(done) >= self._most:
            raise problems.too_many(self._detail, done[0] + self._window_s - at)
        done.append(at)
        while len(self._done) > _KEYS_MOST:
            del self._done[next(iter(self._done))]


class Unread:
    """Bytes of answers that are being sent, by whose they are: at most `most` each, but always one answer."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._bytes: dict[str, int] = {}

    @contextmanager
    def held(self, subject: str, size: int) -> Iterator[None]:
        """While an answer of `size` bytes is sent. Raises `Refusal` 429 when those before it are not read."""
        before = self._bytes.get(subject, 0)
        if before and before + size > self._most:
            raise problems.unread()
        self._bytes[subject] = before + size
        try:
            yield
        finally:
            left = self._bytes[subject] - size
            if left:
                self._bytes[subject] = left
            else:
                del self._bytes[subject]
