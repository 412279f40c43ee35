"""Checks of this machine's windows by their files: waiting operations, and sessions."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Final

import jwt
import msgspec

from core.client.device import identity
from core.client.operations import State
from core.client.storage import session_file
from core.client.storage.local_store import InUse, LocalStore, LocalStoreError, default_path
from core.client.storage.seal import Seal
from core.decoding import decode_reply
from core.domain.people import Role
from core.protocol.health import Check, Result
from core.protocol.replies import Tokens
from core.ui import preflight

WINDOWS: Final = ("pos", "customer")


def examined(path: Path, window: str, *, keyring: bool = True) -> Iterator[Check]:
    """Checks of one window's file. An open window holds its file, and shows the same on its sync page."""
    if not path.exists():
        return
    try:
        with closing(LocalStore(path)) as store:
            yield _queue(store, window)
            kept = session_file.read(Seal(store, keyring=keyring))
            yield _session(kept[0] if kept else None, window)
    except InUse:
        yield Check(
            name=f"{window} window", result=Result.SKIPPED, says="It is open: its sync page says how it stands."
        )
    except (LocalStoreError, sqlite3.Error) as error:
        yield Check(
            name=f"{window} window",
            result=Result.FAIL,
            says=str(error),
            do="Keep the file: orders that were not sent may be in it.",
        )


def paired_with() -> tuple[str, str] | None:
    """The address of the server that a window of this machine is paired with, and the file of its authority; None where
    none is."""
    for path in map(default_path, WINDOWS):
        known = _identity(path, "mode=ro") or _identity(path, "immutable=1")  # the latter past the lock of an open one
        if known is not None and known.server_url:
            ca_file = identity.ca_file_of(path)
            return known.server_url, str(ca_file) if known.ca and ca_file.exists() else ""
    return None


def _identity(path: Path, how: str) -> identity.Identity | None:
    if not path.exists():
        return None
    try:
        with closing(sqlite3.connect(f"{path.absolute().as_uri()}?{how}", uri=True)) as db:
            row = db.execute("SELECT told FROM identity").fetchone()
            return decode_reply(row[0], identity.Identity) if row else None
    except (sqlite3.Error, msgspec.DecodeError):
        return None


def all_of_this_machine() -> Iterator[Check]:
    """Checks of every window that this user has on this machine, and of its sound."""
    if any(default_path(window).exists() for window in WINDOWS):
        yield _sound()
    for window in WINDOWS:
        yield from examined(default_path(window), window)


def _sound() -> Check:
    if command := preflight.silence_mended_by():
        says = "Windows here play no sounds: the system's audio library is missing. New orders do not ring."
        return Check(name="sound", result=Result.WARN, says=says, do=f"As root: {command}")
    return Check(name="sound", result=Result.OK, says="The audio library is there.")


def _queue(store: LocalStore, window: str) -> Check:
    name = f"{window} queue"
    with store.reading() as db:
        query = "SELECT state, count(*) FROM operations WHERE done_at IS NULL GROUP BY state"
        counts = {State(state): count for state, count in db.execute(query)}
    waiting = counts.pop(State.WAITING, 0)
    asked = sum(counts.values())
    says = f"{waiting} operations wait to be sent, {asked} need a person."
    if asked:
        return Check(name=name, result=Result.WARN, says=says, do="Open the window's sync page and decide them.")
    if waiting:
        return Check(name=name, result=Result.WARN, says=says, do="orderbell sync")
    return Check(name=name, result=Result.OK, says=says)


def _session(tokens: Tokens | None, window: str) -> Check:
    """Whether the token is of the person that the window names. (Only the server can verify it.)"""
    name = f"{window} token"
    if tokens is None:
        return Check(name=name, result=Result.SKIPPED, says="Nobody is signed in.")
    try:
        claims = jwt.decode(tokens.access_token, options={"verify_signature": False})
    except jwt.InvalidTokenError as error:
        return Check(name=name, result=Result.FAIL, says=f"It cannot be decoded: {error}.", do="Sign out and in again.")
    whose, role = claims.get("sub"), claims.get("role")
    if whose != tokens.person.id or role != tokens.person.role:
        return Check(
            name=name,
            result=Result.FAIL,
            says=f"It is {role} {whose}'s, and the window shows {tokens.person.role} {tokens.person.id}.",
            do="Sign out and in again, and tell whoever looks after the software.",
        )
    known = "customer" if role == Role.CUSTOMER else str(role)
    return Check(name=name, result=Result.OK, says=f"It is {known} {whose}'s, as the window shows.")
