"""A session's access to the window's file, revoked at its end."""

import contextlib
import sqlite3
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Protocol

from core.client.errors import Left
from core.client.storage.local_store import LocalStore


class Store(Protocol):
    """The part of `LocalStore` that cache, outbox and sync use."""

    @property
    def path(self) -> Path: ...
    @property
    def lock(self) -> threading.RLock: ...
    def transaction(self, *, accepting: bool = False) -> contextlib.AbstractContextManager[sqlite3.Connection]: ...
    def after_commit(self, change: Callable[[], None]) -> None: ...
    def reading(self) -> contextlib.AbstractContextManager[sqlite3.Connection]: ...


class Lease:
    """Access to the file until `end`. Later reads and writes raise `Left`, so that a late answer never becomes the next
    person's."""

    def __init__(self, store: LocalStore) -> None:
        self._store = store
        self._ended = False

    @property
    def path(self) -> Path:
        return self._store.path

    @property
    def lock(self) -> threading.RLock:
        return self._store.lock

    def end(self) -> None:
        """Revoke access. When this returns, no access is in progress."""
        with self._store.lock:
            self._ended = True

    @contextlib.contextmanager
    def transaction(self, *, accepting: bool = False) -> Iterator[sqlite3.Connection]:
        """See `LocalStore.transaction`. Raises `Left` too."""
        with self._store.transaction(accepting=accepting) as db:
            self._check()
            yield db

    def after_commit(self, change: Callable[[], None]) -> None:
        """See `LocalStore.after_commit`."""
        self._store.after_commit(change)

    @contextlib.contextmanager
    def reading(self) -> Iterator[sqlite3.Connection]:
        """See `LocalStore.reading`. Raises `Left` too."""
        with self._store.reading() as db:
            self._check()
            yield db

    def _check(self) -> None:
        if self._ended:
            raise Left
