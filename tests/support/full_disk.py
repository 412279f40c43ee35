"""Full disks: a small file system, where this user may mount one, and a connection that fails as on a full disk."""

import os
import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import cache
from pathlib import Path
from typing import Any, Final

import pytest
from typing_extensions import override

WRITES: Final = ("INSERT", "UPDATE", "DELETE", "COMMIT", "CREATE", "PRAGMA user_version =")


class Failing(sqlite3.Connection):
    """For `sqlite3.connect(factory=Failing)`: once armed, it fails as on a full disk, at every `statement` after the
    first `at`. Depending on the error SQLite then rolls the transaction back, or leaves it open."""

    at: int | None = None
    leaves_open = False
    statements: tuple[str, ...] = WRITES
    writes = 0

    def arm(self, at: int, *, statements: tuple[str, ...] = WRITES, leaves_open: bool = False) -> None:
        self.at, self.statements, self.leaves_open, self.writes = at, statements, leaves_open, 0

    def disarm(self) -> int:
        """End the failures. Returns the number of writing statements since `arm`."""
        self.at = None
        return self.writes

    @override
    def execute(self, sql: str, parameters: Any = ()) -> sqlite3.Cursor:
        self._pass(sql)
        return super().execute(sql, parameters)

    @override
    def executemany(self, sql: str, parameters: Any) -> sqlite3.Cursor:
        self._pass(sql)
        return super().executemany(sql, parameters)

    def _pass(self, sql: str) -> None:
        if self.at is None or not sql.lstrip().startswith(self.statements):
            return
        self.writes += 1
        if self.writes > self.at:
            if self.in_transaction and not self.leaves_open:
                super().execute("ROLLBACK")
            error = sqlite3.OperationalError("database or disk is full")
            error.sqlite_errorcode = sqlite3.SQLITE_FULL
            error.sqlite_errorname = "SQLITE_FULL"
            raise error


class SmallDisk:
    """A small file system that can be filled."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._filler = path / "filler"

    def fill(self) -> None:
        """Fill it to the last byte."""
        with self._filler.open("ab", buffering=0) as filler, suppress(OSError):
            while True:
                filler.write(bytes(4096))

    def make_room(self) -> None:
        self._filler.unlink(missing_ok=True)

    def read_only(self) -> None:
        subprocess.run(["mount", "-o", "remount,ro", str(self.path)], check=True)


@cache
def can_mount() -> bool:
    """Whether this user may mount file systems here."""
    if sys.platform != "linux" or os.geteuid() != 0:
        return False
    try:
        with tempfile.TemporaryDirectory() as name, small_disk(Path(name), "64k"):
            return True
    except CannotMount:
        return False


class CannotMount(Exception):
    """Mounting failed; the message has the reason."""


@contextmanager
def small_disk(path: Path, size: str = "4m") -> Iterator[SmallDisk]:
    """Mount a file system of `size` bytes in memory at `path`. Raises `CannotMount`."""
    path.mkdir(exist_ok=True)
    try:
        mounted = subprocess.run(
            ["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(path)], capture_output=True, check=False
        )
        if mounted.returncode:
            raise CannotMount(mounted.stderr.decode().strip())
        yield SmallDisk(path)
    finally:
        if path.is_mount():  # also when a signal ended the mounting
            subprocess.run(["umount", "-l", str(path)], check=True)


needs_mount: Final = pytest.mark.skipif(not can_mount(), reason="mounting a small disk needs root on Linux")
