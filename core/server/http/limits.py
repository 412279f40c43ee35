"""Rate limits of a person, in memory, and so reset by a restart.

Throttling of guesses is in the database instead; see `core.server.accounts.throttle`.
"""

import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final

from core.server.http import problems

_KEYS_MOST: Final = 10_000
"""The number of keys that are tracked; the least recently used ones are dropped."""


class Rate:
    """A sliding window: at most `most` in `window_s` seconds, for each key."""

    def __init__(self, most: int, window_s: float, detail: str, clock: Callable[[], float] = time.monotonic) -> None:
        self._most = most
        self._window_s = window_s
        self._detail = detail
        """The sentence of the refusal."""
        self._clock = clock
        self._done: dict[str, deque[float]] = {}

    def take(self, key: str) -> None:
        """Count one more. Raises `Refusal` 429, and counts nothing, at the limit."""
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
    """Bytes of replies being sent to each subject: at most `most`, but always one reply."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._bytes: dict[str, int] = {}

    @contextmanager
    def held(self, subject: str, size: int) -> Iterator[None]:
        """Count a reply of `size` bytes while it is sent. Raises `Refusal` 429 when earlier ones are not read."""
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
